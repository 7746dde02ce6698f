//! Exit codes and messages for wrong arguments and wrong paths.

use crate::run::{project, run};

#[test]
fn wrong_arguments_are_usage_errors() {
    let dir = project(&[]);
    for args in [
        &["chek"][..],
        &["check", "--nope"],
        &["check", "--threads", "0"],
        &["check", "--threads", "many"],
        &["check", "--output-format", "yaml"],
        &["check", "--fail-on", "sometimes"],
        &["check", "--color", "maybe"],
        &["check", "-q", "-v"],
        &["explain"],
        &[],
    ] {
        let ran = run(dir.path(), args).code(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{args:?}");
    }
    run(dir.path(), &["chek"]).stderr_has("check");
}

#[test]
fn help_and_version_are_results() {
    let dir = project(&[]);
    run(dir.path(), &["--help"]).code(0).stdout_has("Exit codes:");
    run(dir.path(), &["check", "--help"])
        .code(0)
        .stdout_has("--fail-on");
    run(dir.path(), &["version"]).code(0).stdout_has("djperf 0.");
    run(dir.path(), &["--version"]).code(0).stdout_has("djperf 0.");
}

#[test]
fn missing_paths_are_told_before_anything_else() {
    let dir = project(&[("djperf.toml", "nope = 1\n")]);
    for command in ["check", "graph", "config"] {
        run(dir.path(), &[command, "no/such\u{1b}dir"])
            .code(2)
            .stderr_has("djperf: error: no such file or directory: no/such\\u{1b}dir");
    }
}

#[test]
fn a_directory_without_django_is_not_clean() {
    let dir = project(&[("notes.txt", "no Python here\n")]);
    let ran = run(dir.path(), &["check"]).code(2);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.starts_with("djperf: error: "), "{}", ran.stderr);
}

#[test]
fn messages_are_no_commands_to_ci_systems() {
    let dir = project(&[]);
    let ran = run(dir.path(), &["check", "no\n::error::x ##[group]y"]).code(2);
    let told = "no such file or directory: no\n\\u{3a}:error::x ##\\u{5b}group]y\n";
    assert!(ran.stderr.ends_with(told), "{}", ran.stderr);
}
