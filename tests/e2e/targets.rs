//! Where findings go: files besides standard output, variables, what CI systems tell.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Ran, command, finish, project, run};

const MODELS: &str = "\
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=9)

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

def names():
    return [book.author.name for book in Book.objects.all()]
";

fn shop() -> TempDir {
    project(&[("web/shop/models.py", MODELS)])
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".git")
        .collect();
    names.sort();
    names
}

fn with(dir: &Path, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    finish(command(dir, args).envs(variables.iter().copied()))
}

#[test]
fn several_formats_are_written_in_one_run() {
    let dir = shop();
    let ran = run(
        dir.path(),
        &[
            "check",
            "--output",
            "sarif=a.sarif",
            "--output",
            "full=full.txt",
            "--output-format",
            "concise",
            "--color=always",
        ],
    )
    .code(1);
    assert!(
        ran.stdout.starts_with("web/shop/models.py:10:42: DJP101"),
        "{}",
        ran.stdout
    );
    let sarif: Value = serde_json::from_str(&read(dir.path(), "a.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
    let full = read(dir.path(), "full.txt");
    assert!(
        full.contains("Found 1 problem") && !full.contains('\u{1b}'),
        "{full}"
    );
    assert_eq!(names(dir.path()), ["a.sarif", "full.txt", "web"]);
}

#[test]
fn standard_output_may_be_named() {
    let dir = shop();
    let ran = run(dir.path(), &["check", "--output", "json=-"]).code(1);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()["version"], 1);
    let ran = run(dir.path(), &["check", "-o", "a.txt", "--output", "json-lines=-"]).code(1);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(read(dir.path(), "a.txt").contains("Found 1 problem"));
    let ran = run(dir.path(), &["check", "-o", "-", "--output-format", "gitlab"]).code(1);
    assert!(ran.stdout.starts_with('['));
    for args in [
        &["--output-format", "full", "--output", "json=-"][..],
        &["--output", "sarif=-", "--output", "json=-"],
    ] {
        run(dir.path(), &[&["check"], args].concat())
            .code(2)
            .stderr_has("standard output cannot be both ");
    }
}

#[test]
fn a_file_may_take_the_place_of_standard_output() {
    let dir = shop();
    let ran = run(
        dir.path(),
        &["check", "-o", "a.sarif", "--output-format", "sarif"],
    )
    .code(1);
    assert_eq!(ran.stdout, "");
    let ran = run(
        dir.path(),
        &[
            "check",
            "--output-file",
            "n.json",
            "--output-format",
            "json",
            "--statistics",
        ],
    );
    assert_eq!(ran.code(1).stdout, "");
    run(dir.path(), &["check", "--coverage", "--output-format", "sarif"])
        .code(1)
        .stderr_has("Coverage\n");
    let statistics: Value = serde_json::from_str(&read(dir.path(), "n.json")).unwrap();
    assert_eq!(statistics["statistics"][0]["count"], 1);
}

#[test]
fn wrong_targets_are_told_and_nothing_is_written() {
    let dir = shop();
    fs::create_dir(dir.path().join("taken")).unwrap();
    fs::write(dir.path().join("kept"), "old").unwrap();
    let mut permissions = fs::metadata(dir.path().join("kept")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(dir.path().join("kept"), permissions).unwrap();
    for (args, told) in [
        (
            &["--output", "sarf=x"][..],
            "unknown format `sarf`, did you mean `sarif`?",
        ),
        (&["--output", "x.sarif"], "FORMAT=FILE"),
        (&["--output", "json="], "no file is named"),
        (
            &["--output", "json=x", "--output", "sarif=./x"],
            "two outputs would be written to ./x",
        ),
        (
            &["--output", "json=x", "-o", "web/../x"],
            "two outputs would be written to x",
        ),
        (
            &["--output", "json=x", "--output", "sarif=no/x"],
            "cannot write no/x: there is no directory no",
        ),
        (
            &["--output", "json=x", "--output", "sarif=taken"],
            "cannot write taken: it is a directory",
        ),
        (&["--output", "json=kept"], "cannot write kept: it is read-only"),
        (&["--output", "json=x", "--diff"], "--diff"),
        (&["-o", "x", "--fix-only"], "--fix-only"),
        (
            &["--output-format", "sarif", "--statistics"],
            "`--statistics` has no sarif form",
        ),
    ] {
        let ran = run(dir.path(), &[&["check"], args].concat())
            .code(2)
            .stderr_has(told);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    assert_eq!(names(dir.path()), ["kept", "taken", "web"]);
    assert_eq!(read(dir.path(), "kept"), "old");
}

#[test]
fn a_run_that_fails_leaves_files_as_they_were() {
    let dir = project(&[("notes.txt", "no Python here\n"), ("a.json", "old")]);
    run(
        dir.path(),
        &["check", "--output", "json=a.json", "--output", "sarif=b.sarif"],
    )
    .code(2);
    assert_eq!(read(dir.path(), "a.json"), "old");
    assert_eq!(names(dir.path()), ["a.json", "notes.txt"]);
}

#[cfg(unix)]
#[test]
fn links_permissions_and_devices_stay() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    let dir = shop();
    fs::write(dir.path().join("real"), "old").unwrap();
    fs::set_permissions(dir.path().join("real"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", dir.path().join("link")).unwrap();
    let ran = run(
        dir.path(),
        &[
            "check",
            "--output",
            "json=link",
            "--output",
            "gitlab=new",
            "--output",
            "sarif=/dev/null",
        ],
    );
    ran.code(1);
    assert!(
        fs::symlink_metadata(dir.path().join("link"))
            .unwrap()
            .is_symlink()
    );
    assert!(read(dir.path(), "real").contains("\"diagnostics\""));
    let mode = |name| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("real"), 0o640);
    fs::write(dir.path().join("plain"), "").unwrap();
    assert_eq!(mode("new"), mode("plain"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[cfg(target_os = "linux")]
#[test]
fn open_channels_are_written_to_and_not_replaced() {
    let dir = shop();
    let log = dir.path().join("log");
    fs::write(&log, "before\n").unwrap();
    let opened = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let args = [
        "check",
        "--output-format",
        "concise",
        "--output",
        "github=/dev/stderr",
    ];
    let status = command(dir.path(), &args)
        .stderr(opened)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let text = read(dir.path(), "log");
    assert!(text.starts_with("before\n::warning "), "{text}");
    assert_eq!(names(dir.path()), ["log", "web"]);
}

#[test]
fn variables_stand_between_arguments_and_settings() {
    let dir = shop();
    fs::write(dir.path().join("djperf.toml"), "output-format = \"grouped\"\n").unwrap();
    let concise = ("DJPERF_OUTPUT_FORMAT", "concise");
    let ran = run(dir.path(), &["check"]).code(1);
    assert!(ran.stdout.starts_with("web/shop/models.py:\n"), "{}", ran.stdout);
    let ran = with(dir.path(), &["check"], &[concise]).code(1);
    assert!(ran.stdout.starts_with("web/shop/models.py:10:"), "{}", ran.stdout);
    let ran = with(dir.path(), &["check", "--output-format", "pylint"], &[concise]).code(1);
    assert!(
        ran.stdout.starts_with("web/shop/models.py:10: [DJP101]"),
        "{}",
        ran.stdout
    );
    with(dir.path(), &["check"], &[("DJPERF_OUTPUT_FORMAT", "concize")])
        .code(2)
        .stderr_has("DJPERF_OUTPUT_FORMAT: unknown format `concize`, did you mean `concise`?");
    let file = ("DJPERF_OUTPUT_FILE", "out.txt");
    let ran = with(dir.path(), &["check"], &[concise, file]).code(1);
    assert_eq!(ran.stdout, "");
    assert!(read(dir.path(), "out.txt").starts_with("web/shop/models.py:10:"));
    with(dir.path(), &["check", "--diff"], &[file]).code(0);
}

#[test]
fn paths_for_ci_systems_start_at_the_root_of_the_checkout() {
    let dir = shop();
    let root = dir.path().to_str().unwrap();
    let web = dir.path().join("web");
    let first = |format: &str, variable: &str| {
        let ran = with(&web, &["check", "--output-format", format], &[(variable, root)]);
        ran.code(1).stdout
    };
    assert!(first("github", "GITHUB_WORKSPACE").contains("file=web/shop/models.py,"));
    assert!(first("azure", "BUILD_SOURCESDIRECTORY").contains("sourcepath=web/shop/models.py;"));
    assert!(first("gitlab", "CI_PROJECT_DIR").contains("\"web/shop/models.py\""));
    assert!(first("sarif", "GITHUB_WORKSPACE").contains("\"uri\": \"web/shop/models.py\""));
    assert!(first("json", "GITHUB_WORKSPACE").contains("\"path\": \"shop/models.py\""));
    assert!(first("github", "GITHUB_ACTION").contains("file=shop/models.py,"));
}

#[test]
fn github_gets_a_summary_of_the_job() {
    let dir = shop();
    let summary = dir.path().join("summary.md");
    fs::write(&summary, "# Before\n").unwrap();
    let variable = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    with(dir.path(), &["check", "--output-format", "concise"], &variable).code(1);
    assert_eq!(read(dir.path(), "summary.md"), "# Before\n");
    with(dir.path(), &["check", "--output-format", "github"], &variable).code(1);
    let text = read(dir.path(), "summary.md");
    assert!(
        text.starts_with("# Before\n**djperf** found 1 problem.\n\n| place |"),
        "{text}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("| `web/shop/models.py:10:42` |"))
            .count(),
        1
    );

    fs::write(&summary, "x".repeat(1 << 20)).unwrap();
    with(dir.path(), &["check", "--output", "github=-"], &variable).code(1);
    assert_eq!(fs::metadata(&summary).unwrap().len(), 1 << 20);
    let missing = [("GITHUB_STEP_SUMMARY", "no/such/file")];
    with(dir.path(), &["check", "--output-format", "github"], &missing)
        .code(1)
        .stderr_has("the summary of the job cannot be written");
}
