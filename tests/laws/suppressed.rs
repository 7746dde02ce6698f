//! A comment answers the rule it names on its line, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use djperf::session::Outcome;

use crate::support::{COUNTED, PROJECTS, check, copy, write};

type Finding = (String, u32, &'static str, Vec<String>);

fn findings(outcome: &Outcome) -> BTreeSet<Finding> {
    let found = outcome.diagnostics.iter().map(|d| {
        let source = outcome.sources.get(d.file);
        let paths = d.relations.iter().chain(&d.fields).cloned().collect();
        (
            source.path.clone(),
            source.position(d.span.start).line,
            d.code,
            paths,
        )
    });
    found.collect()
}

fn with_comments(
    project: &str,
    code: &str,
    comment: &str,
) -> (BTreeSet<Finding>, BTreeSet<Finding>, Outcome) {
    let dir = copy(project);
    let before = findings(&check(dir.path()));
    let mut lines: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for (path, line, found, _) in &before {
        if *found == code {
            lines.entry(path).or_default().insert(*line);
        }
    }
    for (path, numbers) in lines {
        let text = fs::read_to_string(dir.path().join(path)).unwrap();
        let edited = text.lines().zip(1..).map(|(line, number)| {
            let comment = if numbers.contains(&number) { comment } else { "" };
            format!("{line}{comment}\n")
        });
        write(dir.path(), path, edited.collect::<String>());
    }
    let outcome = check(dir.path());
    (before, findings(&outcome), outcome)
}

#[test]
fn a_comment_removes_exactly_its_rule() {
    for project in PROJECTS {
        for (code, comment) in [
            ("DJP101", "  # noqa: DJP101"),
            ("DJP101", "  # djperf: ignore[related-access-in-loop] known"),
            ("DJP102", "  # noqa: E501, DJP102"),
            ("DJP303", "  # noqa: DJP303"),
            ("DJP302", "  # djperf: ignore[unindexed-order] few rows"),
        ] {
            if project == "blog" && code == "DJP302" || !COUNTED.contains(&project) && code < "DJP2" {
                continue;
            }
            let (before, after, outcome) = with_comments(project, code, comment);
            let other: BTreeSet<Finding> = before.iter().filter(|f| f.2 != code).cloned().collect();
            assert!(other.len() < before.len(), "{project} has no {code}");
            assert_eq!(other, after, "{project} with {comment}");
            assert!(outcome.suppressed >= before.len() - after.len());
        }
    }
}

#[test]
fn comments_for_other_rules_change_nothing() {
    for project in PROJECTS {
        for comment in [
            "  # noqa: E501",
            "  # noqa: DJP999",
            "  # djperf: ignore[n-plus-two]",
        ] {
            let (before, mut after, outcome) = with_comments(project, "DJP101", comment);
            // Names of no rule are told, and change nothing else.
            after.retain(|finding| finding.2 != "DJP903");
            assert_eq!(before, after, "{project} with {comment}");
            assert_eq!(outcome.suppressed, 0);
        }
    }
}
