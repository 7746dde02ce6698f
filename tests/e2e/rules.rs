//! The registry as users see it: selection, explanation, listing.

use crate::run::{project, run};

const NAME: &str = "related-access-in-loop";

#[test]
fn unknown_rules_are_errors_with_a_neighbour() {
    let dir = project(&[("a.py", "")]);
    for flag in ["--select", "--ignore", "--extend-select"] {
        run(dir.path(), &["check", flag, "related-acess-in-loop"])
            .code(2)
            .stderr_has(&format!("did you mean `{NAME}`?"));
        run(dir.path(), &["check", flag, "DJP101,NOPE"])
            .code(2)
            .stderr_has("`NOPE`");
    }
    run(dir.path(), &["explain", "DJP1o1"])
        .code(2)
        .stderr_has("did you mean `DJP101`?");
    run(dir.path(), &["explain", "zzz"])
        .code(2)
        .stderr_has("unknown rule `zzz`\n");
}

#[test]
fn every_kind_of_selector_is_known() {
    let dir = project(&[]);
    for word in [NAME, "DJP101", "DJP1", "DJP", "n-plus-one", "ALL"] {
        let setting = format!("select=['{word}']");
        run(dir.path(), &["config", "--check", "--config", &setting]).code(0);
    }
    let everything = ["config", "--check", "--config", "ignore=['ALL']"];
    run(dir.path(), &everything)
        .code(2)
        .stderr_has("no rules are enabled");
}

#[test]
fn cards_are_printed_without_front_matter() {
    let dir = project(&[]);
    let by_name = run(dir.path(), &["explain", NAME]).code(0);
    let by_code = run(dir.path(), &["explain", "djp101"]).code(0);
    assert_eq!(by_name.stdout, by_code.stdout);
    assert!(by_name.stdout.lines().count() > 5);
    assert!(!by_name.stdout.starts_with("---") && !by_name.stdout.starts_with("+++"));
}

#[test]
fn rules_are_listed_as_text_and_json() {
    let dir = project(&[]);
    run(dir.path(), &["rules"])
        .code(0)
        .stdout_has("DJP101")
        .stdout_has(NAME);
    let ran = run(dir.path(), &["rules", "--output-format", "json"]).code(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let rules = document["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["code"] == "DJP101").unwrap();
    assert_eq!(
        (&rule["name"], &rule["group"]),
        (&NAME.into(), &"n-plus-one".into())
    );
    assert!(!rule["summary"].as_str().unwrap().is_empty());
}
