//! Exit codes, the whole table: an interface that continuous integration relies on.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use tempfile::TempDir;

use crate::run::{command, finish, project, run};

const MODELS: &str = "from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
";

const LOOP: &str = "from shop.models import Book


def names():
    return [book.author.name for book in Book.objects.all()]
";

fn shop(views: &str, settings: &str) -> TempDir {
    project(&[
        ("manage.py", ""),
        ("djperf.toml", settings),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/views.py", views),
    ])
}

#[test]
fn every_outcome_has_its_code() {
    let clean = "x = 1\n";
    // What the views are, the settings, the arguments, the code, and a part of stderr.
    for (views, settings, args, code, says) in [
        (clean, "", &["check"][..], 0, ""),
        (LOOP, "", &["check"], 1, ""),
        (LOOP, "", &["check", "shop/models.py"], 0, ""),
        (LOOP, "", &["check", "-q"], 1, ""),
        (LOOP, "", &["check", "--statistics"], 1, ""),
        (LOOP, "", &["check", "--output-format", "json"], 1, ""),
        // The least severity that fails.
        (LOOP, "", &["check", "--fail-on", "warning"], 1, ""),
        (LOOP, "", &["check", "--fail-on", "error"], 0, ""),
        (LOOP, "", &["check", "--fail-on", "never"], 0, ""),
        (
            LOOP,
            "",
            &["check", "--fail-on", "error", "--severity", "DJP101=error"],
            1,
            "",
        ),
        (
            LOOP,
            "",
            &["check", "--fail-on", "warning", "--severity", "n-plus-one=info"],
            0,
            "",
        ),
        (LOOP, "fail-on = \"error\"\n", &["check"], 0, ""),
        (
            LOOP,
            "[severity]\nDJP101 = \"error\"\n",
            &["check", "--fail-on", "error"],
            1,
            "",
        ),
        // Fixing.
        (LOOP, "", &["check", "--fix"], 1, ""),
        (LOOP, "", &["check", "--fix", "--unsafe-fixes"], 0, ""),
        (LOOP, "", &["check", "--fix-only"], 0, ""),
        (LOOP, "", &["check", "--diff"], 0, "Nothing would be fixed."),
        (
            LOOP,
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
        (LOOP, "", &["check", "--write-baseline", "b.json"], 0, ""),
        (LOOP, "", &["check", "--add-noqa"], 0, ""),
        (LOOP, "ignore = [\"DJP101\"]\n", &["check"], 0, ""),
        // What was typed.
        (LOOP, "", &["check", "--no-such-flag"], 2, "--no-such-flag"),
        (
            LOOP,
            "",
            &["check", "--select", "related-acess-in-loop"],
            2,
            "did you mean `related-access-in-loop`?",
        ),
        (LOOP, "", &["check", "--ignore", "DJP1O1"], 2, "did you mean"),
        (LOOP, "", &["check", "--select", "DJP403"], 2, "--preview"),
        (
            LOOP,
            "",
            &["check", "--fix", "--write-baseline", "b.json"],
            2,
            "cannot be used with",
        ),
        (
            LOOP,
            "",
            &["check", "missing"],
            2,
            "no such file or directory: missing",
        ),
        (
            LOOP,
            "",
            &["check", "--baseline", "missing.json"],
            2,
            "--write-baseline",
        ),
        (LOOP, "", &["check", "-"], 2, "--stdin-filename"),
        (LOOP, "", &["check", "@missing"], 2, "`@` argument"),
        (LOOP, "", &["explain", "related-acess-in-loop"], 2, "did you mean"),
        (LOOP, "", &["man", "chekc"], 2, "did you mean `check`?"),
        (LOOP, "", &["completions", "tcsh"], 2, "bash"),
        // What was configured.
        (LOOP, "slect = []\n", &["check"], 2, "did you mean `select`?"),
        (LOOP, "select = [\n", &["check"], 2, "invalid TOML"),
        // What is only printed.
        (LOOP, "", &["rules"], 0, ""),
        (LOOP, "", &["explain", "DJP101"], 0, ""),
        (LOOP, "", &["config"], 0, ""),
        (LOOP, "", &["config", "--check"], 0, ""),
        (LOOP, "", &["config", "--schema"], 0, ""),
        (LOOP, "", &["completions", "bash"], 0, ""),
        (LOOP, "", &["man"], 0, ""),
        (LOOP, "", &["man", "check"], 0, ""),
        (LOOP, "", &["version"], 0, ""),
        (LOOP, "", &["--help"], 0, ""),
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
    let dir = shop(LOOP, "");
    fs::write(dir.path().join("args"), "--fail-on\nnever\nshop\n").unwrap();
    run(dir.path(), &["check", "@args"])
        .code(0)
        .stdout_has("Found 1 problem");
}

#[test]
fn a_text_from_standard_input_counts_instead_of_the_file() {
    let dir = shop(LOOP, "");
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
    let moved = format!("\u{feff}# more\r\n{}", LOOP.replace('\n', "\r\n"));
    let (code, said) = given(&[&views[..], &["--output-format", "concise"]].concat(), &moved);
    assert_eq!(code, Some(1));
    assert!(said.contains("shop/views.py:6:"), "{said}");
    let unsaved = ["check", "-", "--stdin-filename", "shop/new.py"];
    assert_eq!(given(&unsaved, LOOP).0, Some(1));
    assert_eq!(given(&[&views[..], &["--fix"]].concat(), LOOP).0, Some(2));
    assert_eq!(
        fs::read_to_string(dir.path().join("shop/views.py")).unwrap(),
        LOOP
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
    let dir = shop(LOOP, "");
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
        let mut child = command(dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {said}");
        assert!(
            !said.contains("error") && !said.contains("panic"),
            "{args:?}: {said}"
        );
    }
}
