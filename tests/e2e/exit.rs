//! Exit codes, the whole table: an interface that continuous integration relies on.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use tempfile::TempDir;

use crate::run::{AUTHORS, BOOKS, Ran, command, finish, project, run, run_unread};

fn shop(views: &str, settings: &str) -> TempDir {
    project(&[
        ("manage.py", ""),
        ("djperf.toml", settings),
        ("shop/__init__.py", ""),
        ("shop/models.py", AUTHORS),
        ("shop/views.py", views),
    ])
}

#[test]
fn every_outcome_has_its_code() {
    let clean = "x = 1\n";
    // What the views are, the settings, the arguments, the code, and a part of stderr.
    for (views, settings, args, code, says) in [
        (clean, "", &["check"][..], 0, ""),
        (BOOKS, "", &["check"], 1, ""),
        (BOOKS, "", &["check", "shop/models.py"], 0, ""),
        (BOOKS, "", &["check", "-q"], 1, ""),
        (BOOKS, "", &["check", "--statistics"], 1, ""),
        (BOOKS, "", &["check", "--output-format", "json"], 1, ""),
        // The least severity that fails.
        (BOOKS, "", &["check", "--fail-on", "warning"], 1, ""),
        (BOOKS, "", &["check", "--fail-on", "error"], 0, ""),
        (BOOKS, "", &["check", "--fail-on", "never"], 0, ""),
        (
            BOOKS,
            "",
            &["check", "--fail-on", "error", "--severity", "DJP101=error"],
            1,
            "",
        ),
        (
            BOOKS,
            "",
            &["check", "--fail-on", "warning", "--severity", "n-plus-one=info"],
            0,
            "",
        ),
        (BOOKS, "fail-on = \"error\"\n", &["check"], 0, ""),
        (
            BOOKS,
            "[severity]\nDJP101 = \"error\"\n",
            &["check", "--fail-on", "error"],
            1,
            "",
        ),
        // Fixing.
        (BOOKS, "", &["check", "--fix"], 1, ""),
        (BOOKS, "", &["check", "--fix", "--unsafe-fixes"], 0, ""),
        (BOOKS, "", &["check", "--fix-only"], 0, ""),
        (BOOKS, "", &["check", "--diff"], 0, "Nothing would be fixed."),
        (
            BOOKS,
            "",
            &["check", "--diff", "--unsafe-fixes"],
            1,
            "Would fix 1 finding",
        ),
        (
            clean,
            "",
            &["check", "--diff", "--unsafe-fixes"],
            0,
            "Nothing would be fixed.",
        ),
        // Known and suppressed findings.
        (BOOKS, "", &["check", "--write-baseline", "b.json"], 0, ""),
        (BOOKS, "", &["check", "--add-noqa"], 0, ""),
        (BOOKS, "ignore = [\"DJP101\"]\n", &["check"], 0, ""),
        // What was typed.
        (BOOKS, "", &["check", "--no-such-flag"], 2, "--no-such-flag"),
        (
            BOOKS,
            "",
            &["check", "--select", "related-acess-in-loop"],
            2,
            "did you mean `related-access-in-loop`?",
        ),
        (BOOKS, "", &["check", "--ignore", "DJP1O1"], 2, "did you mean"),
        (BOOKS, "", &["check", "--select", "DJP403"], 2, "--preview"),
        (
            BOOKS,
            "",
            &["check", "--fix", "--write-baseline", "b.json"],
            2,
            "cannot be used with",
        ),
        (
            BOOKS,
            "",
            &["check", "missing"],
            2,
            "no such file or directory: missing",
        ),
        (
            BOOKS,
            "",
            &["check", "--baseline", "missing.json"],
            2,
            "--write-baseline",
        ),
        (BOOKS, "", &["check", "-"], 2, "--stdin-filename"),
        (BOOKS, "", &["check", "@missing"], 2, "`@` argument"),
        (
            BOOKS,
            "",
            &["explain", "related-acess-in-loop"],
            2,
            "did you mean",
        ),
        (BOOKS, "", &["man", "chekc"], 2, "did you mean `check`?"),
        (BOOKS, "", &["completions", "tcsh"], 2, "bash"),
        // What was configured.
        (BOOKS, "slect = []\n", &["check"], 2, "did you mean `select`?"),
        (BOOKS, "select = [\n", &["check"], 2, "invalid TOML"),
        // What is only printed.
        (BOOKS, "", &["rules"], 0, ""),
        (BOOKS, "", &["explain", "DJP101"], 0, ""),
        (BOOKS, "", &["config"], 0, ""),
        (BOOKS, "", &["config", "--check"], 0, ""),
        (BOOKS, "", &["config", "--schema"], 0, ""),
        (BOOKS, "", &["completions", "bash"], 0, ""),
        (BOOKS, "", &["man"], 0, ""),
        (BOOKS, "", &["man", "check"], 0, ""),
        (BOOKS, "", &["version"], 0, ""),
        (BOOKS, "", &["--help"], 0, ""),
    ] {
        let dir = shop(views, settings);
        let ran = run(dir.path(), args);
        let all = format!("{args:?} with {settings:?}\n{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(code), "{all}");
        assert!(ran.stderr.contains(says), "{says:?}: {all}");
        assert!(code != 2 || ran.stdout.is_empty(), "{all}");
        assert!(code == 2 || !ran.stderr.contains("error"), "{all}");
    }
}

#[test]
fn projects_that_are_none_are_not_clean() {
    let empty = project(&[]);
    run(empty.path(), &["check"])
        .code(2)
        .stderr_has("no Python files");
    let other = project(&[("a.py", "import os\n")]);
    run(other.path(), &["check"])
        .code(2)
        .stderr_has("no Django project found");
    let bare = project(&[("a.py", "import django\n")]);
    run(bare.path(), &["check"])
        .code(2)
        .stderr_has("no Django project found");
}

#[test]
fn arguments_may_stand_in_a_file() {
    let dir = shop(BOOKS, "");
    fs::write(dir.path().join("args"), "--fail-on\nnever\nshop\n").unwrap();
    run(dir.path(), &["check", "@args"])
        .code(0)
        .stdout_has("Found 1 problem");
}

#[test]
fn a_text_from_standard_input_counts_instead_of_the_file() {
    let dir = shop(BOOKS, "");
    let given = |args: &[&str], text: &str| {
        let mut child = command(dir.path(), args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let views = ["check", "-", "--stdin-filename", "shop/views.py"];
    assert_eq!(given(&views, "x = 1\n").0, Some(0));
    let moved = format!("\u{feff}# more\r\n{}", BOOKS.replace('\n', "\r\n"));
    let (code, said) = given(&[&views[..], &["--output-format", "concise"]].concat(), &moved);
    assert_eq!(code, Some(1));
    assert!(said.contains("shop/views.py:6:"), "{said}");
    let unsaved = ["check", "-", "--stdin-filename", "shop/new.py"];
    assert_eq!(given(&unsaved, BOOKS).0, Some(1));
    assert_eq!(given(&[&views[..], &["--fix"]].concat(), BOOKS).0, Some(2));
    assert_eq!(
        fs::read_to_string(dir.path().join("shop/views.py")).unwrap(),
        BOOKS
    );
}

#[test]
fn pages_and_scripts_name_what_there_is() {
    let dir = project(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        run(dir.path(), &["completions", shell])
            .code(0)
            .stdout_has("write-baseline");
    }
    run(dir.path(), &["man"]).code(0).stdout_has(".TH djperf");
    run(dir.path(), &["man", "check"])
        .code(0)
        .stdout_has("djperf\\-check");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_closed_pipe_lose_nothing() {
    let dir = shop(BOOKS, "");
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    finish(command(dir.path(), &["check"]).stdout(full()))
        .code(2)
        .stderr_has("cannot write output");
    // Told as well as it can be; the file is whole.
    finish(command(dir.path(), &["check", "--write-baseline", "b.json"]).stdout(full())).code(2);
    run(dir.path(), &["check", "--baseline", "b.json"]).code(0);
    run(dir.path(), &["check", "--write-baseline", "/dev/full/x.json"])
        .code(2)
        .stderr_has("cannot write");
    for args in [
        &["check"][..],
        &["check", "--write-baseline", "b.json"],
        &["completions", "zsh"],
        &["man", "check"],
        &["config", "--schema"],
    ] {
        let Ran {
            code, stderr: said, ..
        } = run_unread(dir.path(), args);
        assert!(matches!(code, Some(0 | 1)), "{args:?}: {said}");
        assert!(
            !said.contains("error") && !said.contains("panic"),
            "{args:?}: {said}"
        );
    }
}
