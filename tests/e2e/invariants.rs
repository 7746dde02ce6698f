//! What holds for every project: findings depend neither on threads nor on how much was asked for.

use std::path::Path;

use serde_json::Value;

use crate::run::run;

fn findings(args: &[&str]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let json = [
        "check",
        "--isolated",
        "--fail-on",
        "never",
        "--output-format",
        "json",
    ];
    let ran = run(root, &[&json, args].concat()).code(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    document["diagnostics"].as_array().unwrap().clone()
}

#[test]
fn threads_do_not_matter() {
    for project in ["fixtures/shop", "fixtures/blog"] {
        let alone = findings(&[project, "--threads", "1"]);
        assert!(!alone.is_empty(), "{project}");
        for threads in ["2", "3", "8"] {
            assert_eq!(
                findings(&[project, "--threads", threads]),
                alone,
                "{project}, {threads} threads"
            );
        }
    }
}

#[test]
fn one_file_gets_what_it_gets_among_all() {
    let all = findings(&["fixtures/shop"]);
    for file in [
        "fixtures/shop/dashboard/services/orders.py",
        "fixtures/shop/customers/models.py",
    ] {
        let about = |finding: &&Value| {
            let labels = finding["labels"].as_array().unwrap().iter();
            finding["path"] == file || labels.into_iter().any(|label| label["path"] == file)
        };
        let expected: Vec<&Value> = all.iter().filter(about).collect();
        assert!(!expected.is_empty(), "{file}");
        assert_eq!(findings(&[file]).iter().collect::<Vec<_>>(), expected, "{file}");
    }
}
