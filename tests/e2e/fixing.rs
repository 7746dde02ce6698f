//! Fixing: what changes on the disk, what is printed, and what the shell is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::run::{Ran, project, run};

const MODELS: &str = "\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=80)


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey(Author, null=True, related_name=\"edited\", on_delete=models.CASCADE)
";

const VIEWS: &str = "\
from shop.models import Book


def owners():
    # Who wrote it?
    return [book.author.id for book in Book.objects.all()]
";

const FIXED: &str = "\
from shop.models import Book


def owners():
    # Who wrote it?
    return [book.author_id for book in Book.objects.all()]
";

const EDITORS: &str = "\
from shop.models import Book


def editors():
    return [book.editor.pk for book in Book.objects.all()]
";

/// No fix is known for this one.
const NAMES: &str = "\
from shop.models import Book


def by_key(keys):
    return [Book.objects.get(pk=key) for key in keys]
";

fn shop(files: &[(&str, &str)]) -> TempDir {
    let base = [
        ("manage.py", "import django\n"),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
    ];
    project(&[&base, files].concat())
}

fn check(dir: &Path, args: &[&str]) -> Ran {
    run(dir, &[&["check", "--isolated"], args].concat())
}

#[track_caller]
fn holds(dir: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let found = fs::read(dir.join(path)).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(bytes.as_ref()),
        "{path}"
    );
    assert_eq!(found, bytes.as_ref(), "{path}");
}

/// Names below a directory: no temporary file may stay.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn findings_say_whether_they_can_be_fixed() {
    let dir = shop(&[("shop/views.py", VIEWS), ("shop/editors.py", EDITORS)]);
    let only = &["--select", "DJP108"][..];
    let plain = check(dir.path(), &[only, &["--output-format", "concise"]].concat()).code(1);
    let marked: Vec<bool> = plain.stdout.lines().map(|l| l.contains(" [*] ")).collect();
    assert_eq!(marked[..2], [false, true], "{}", plain.stdout);
    let plain = plain.stdout_has(
        "[*] 1 fixable with the `--fix` option (1 hidden fix can be enabled with the `--unsafe-fixes` option).",
    );
    let all = check(
        dir.path(),
        &[only, &["--output-format", "concise", "--unsafe-fixes"]].concat(),
    );
    assert_eq!(all.stdout.matches(" [*] ").count(), 2, "{}", all.stdout);
    all.stdout_has("[*] 2 fixable with the `--fix` option.\n");
    check(dir.path(), only)
        .stdout_has("info[DJP108 foreign-key-id-access]: ")
        .stdout_has("info[DJP108 foreign-key-id-access] [*]: ")
        .stdout_has("  fix: use `author_id`\n    6 -     return [book.author.id for")
        .stdout_has("\n    6 +     return [book.author_id for")
        .stdout_has("  fix (unsafe): use `editor_id`\n");
    assert_eq!(plain.stderr, "");
    holds(dir.path(), "shop/views.py", VIEWS);
}

#[test]
fn files_are_fixed_and_the_rest_is_reported() {
    let dir = shop(&[
        ("shop/views.py", VIEWS),
        ("shop/editors.py", EDITORS),
        ("shop/names.py", NAMES),
    ]);
    let ran = check(dir.path(), &["--fix"])
        .code(1)
        .stdout_has("DJP104")
        .stdout_has("use `editor_id`")
        .stdout_has("\nFixed 1 finding in 1 file.\n");
    assert!(!ran.stdout.contains("author_id"), "{}", ran.stdout);
    holds(dir.path(), "shop/views.py", FIXED);
    holds(dir.path(), "shop/editors.py", EDITORS);
    check(
        dir.path(),
        &["--fix", "--unsafe-fixes", "--select", "DJP108", "--show-fixes"],
    )
    .code(0)
    .stdout_has("All checks passed!")
    .stdout_has("Fixed 1 finding in 1 file:\n- shop/editors.py:\n    1 × DJP108 (foreign-key-id-access)\n");
    holds(
        dir.path(),
        "shop/editors.py",
        EDITORS.replace(".editor.pk", ".editor_id"),
    );
    let again = check(dir.path(), &["--fix", "--unsafe-fixes"]).code(1);
    assert!(!again.stdout.contains("Fixed"), "{}", again.stdout);
    assert_eq!(
        names(&dir.path().join("shop")),
        ["__init__.py", "editors.py", "models.py", "names.py", "views.py"]
    );
}

#[test]
fn fix_only_reports_nothing_and_succeeds() {
    let dir = shop(&[("shop/views.py", VIEWS), ("shop/names.py", NAMES)]);
    let ran = check(dir.path(), &["--fix-only"]).code(0);
    assert_eq!(ran.stdout, "Fixed 1 finding in 1 file.\n");
    holds(dir.path(), "shop/views.py", FIXED);
    assert_eq!(check(dir.path(), &["--fix-only"]).code(0).stdout, "");
    check(dir.path(), &["--fix-only", "missing"]).code(2);
}

#[test]
fn a_diff_changes_nothing_and_tells_whether_it_would() {
    let dir = shop(&[("shop/views.py", VIEWS), ("shop/names.py", NAMES)]);
    let ran = check(dir.path(), &["--diff"]).code(1);
    assert_eq!(
        ran.stdout,
        "\
--- a/shop/views.py
+++ b/shop/views.py
@@ -3,4 +3,4 @@
 
 def owners():
     # Who wrote it?
-    return [book.author.id for book in Book.objects.all()]
+    return [book.author_id for book in Book.objects.all()]
"
    );
    assert_eq!(ran.stderr, "Would fix 1 finding in 1 file.\n");
    holds(dir.path(), "shop/views.py", VIEWS);
    check(dir.path(), &["--diff", "--fix"]).code(1);
    holds(dir.path(), "shop/views.py", VIEWS);
    fs::write(dir.path().join("shop/views.py"), FIXED).unwrap();
    let ran = check(dir.path(), &["--diff"]).code(0);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("", "Nothing would be fixed.\n")
    );
}

#[test]
fn json_counts_what_was_fixed() {
    let dir = shop(&[("shop/views.py", VIEWS), ("shop/editors.py", EDITORS)]);
    let json = &["--select", "DJP108", "--output-format", "json"][..];
    let summary = |args: &[&str]| {
        let ran = check(dir.path(), &[json, args].concat());
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let field = |name: &str| document["summary"][name].as_u64().unwrap();
        (field("findings"), field("fixable"), field("fixed"))
    };
    assert_eq!(summary(&[]), (2, 2, 0));
    assert_eq!(summary(&["--fix", "--show-fixes"]), (1, 1, 1));
    assert_eq!(summary(&["--fix", "--unsafe-fixes"]), (0, 0, 1));
}

#[test]
fn settings_ask_for_fixes_and_flags_take_that_back() {
    let dir = shop(&[
        ("shop/views.py", VIEWS),
        ("shop/editors.py", EDITORS),
        (
            "djperf.toml",
            "fix = true\nselect = [\"DJP108\"]\nextend-safe-fixes = [\"DJP1\"]\n",
        ),
    ]);
    run(dir.path(), &["check", "--no-fix"]).code(1);
    holds(dir.path(), "shop/views.py", VIEWS);
    run(dir.path(), &["check"]).code(0);
    holds(dir.path(), "shop/views.py", FIXED);
    holds(
        dir.path(),
        "shop/editors.py",
        EDITORS.replace(".editor.pk", ".editor_id"),
    );

    let careful = shop(&[
        ("shop/views.py", VIEWS),
        ("djperf.toml", "extend-unsafe-fixes = [\"DJP108\"]\n"),
    ]);
    run(careful.path(), &["check", "--fix"])
        .code(1)
        .stdout_has("No fixes available (1 hidden fix");
    run(
        careful.path(),
        &["check", "--config", "unsafe-fixes = true", "--fix"],
    )
    .code(0);
    holds(careful.path(), "shop/views.py", FIXED);
}

#[test]
fn only_what_was_asked_for_is_fixed() {
    let dir = shop(&[("shop/views.py", VIEWS), ("shop/other.py", VIEWS)]);
    check(dir.path(), &["--fix", "shop/views.py"]).code(0);
    holds(dir.path(), "shop/views.py", FIXED);
    holds(dir.path(), "shop/other.py", VIEWS);
}

#[test]
fn files_with_syntax_errors_are_left_alone() {
    let broken = format!("{VIEWS}\n\nx = (\n");
    let dir = shop(&[("shop/views.py", &broken), ("shop/other.py", VIEWS)]);
    check(dir.path(), &["--fix"]).code(1).stdout_has("DJP901");
    holds(dir.path(), "shop/views.py", &broken);
    holds(dir.path(), "shop/other.py", FIXED);
}

#[test]
fn line_breaks_marks_and_codings_are_kept() {
    let latin = |text: &str| -> Vec<u8> {
        let text = format!("# -*- coding: latin-1 -*-\n{text}NAME = 'é'\n");
        text.chars().map(|c| c as u8).collect()
    };
    type Form<'a> = &'a dyn Fn(&str) -> Vec<u8>;
    let forms: [(&str, Form<'_>); 4] = [
        ("crlf.py", &|text| text.replace('\n', "\r\n").into()),
        ("mark.py", &|text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("latin.py", &latin),
        ("tail.py", &|text| text.trim_end().into()),
    ];
    let dir = shop(&[]);
    for (name, form) in &forms {
        fs::write(dir.path().join("shop").join(name), form(VIEWS)).unwrap();
    }
    check(dir.path(), &["--fix"])
        .code(0)
        .stdout_has("Fixed 4 findings in 4 files.");
    for (name, form) in &forms {
        holds(dir.path(), &format!("shop/{name}"), form(FIXED));
    }
}

#[cfg(unix)]
#[test]
fn modes_and_links_are_kept_and_nothing_outside_is_written() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = shop(&[
        ("shop/views.py", VIEWS),
        (".gitignore", "real/\n"),
        ("real/code.py", VIEWS),
    ]);
    let outside = project(&[("elsewhere.py", VIEWS)]);
    let views = dir.path().join("shop/views.py");
    fs::set_permissions(&views, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../real/code.py", dir.path().join("shop/inside.py")).unwrap();
    symlink(
        outside.path().join("elsewhere.py"),
        dir.path().join("shop/outside.py"),
    )
    .unwrap();
    check(dir.path(), &["--fix", "shop", "shop/inside.py"])
        .code(1)
        .stderr_has("shop/outside.py: not fixed: it lies outside of the project");
    holds(dir.path(), "shop/views.py", FIXED);
    assert_eq!(fs::metadata(&views).unwrap().permissions().mode() & 0o7777, 0o755);
    holds(dir.path(), "real/code.py", FIXED);
    let link = fs::symlink_metadata(dir.path().join("shop/inside.py")).unwrap();
    assert!(link.file_type().is_symlink());
    holds(outside.path(), "elsewhere.py", VIEWS);
}

#[test]
fn one_file_that_cannot_be_written_stops_all() {
    let dir = shop(&[("shop/a.py", VIEWS), ("shop/b.py", VIEWS)]);
    let path = dir.path().join("shop/b.py");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let ran = check(dir.path(), &["--fix"])
        .code(2)
        .stderr_has("cannot write shop/b.py: it is read-only; no file was changed");
    assert_eq!(ran.stdout, "");
    holds(dir.path(), "shop/a.py", VIEWS);
    check(dir.path(), &["--diff"]).code(1);
}

#[cfg(unix)]
#[test]
fn closed_directories_are_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let dir = shop(&[("shop/views.py", VIEWS)]);
    let inner = dir.path().join("shop");
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o555)).unwrap();
    // The owner of everything can write everywhere.
    let closed = fs::write(inner.join("probe"), "").is_err();
    if closed {
        check(dir.path(), &["--fix"])
            .code(2)
            .stderr_has("cannot write shop/views.py");
        holds(dir.path(), "shop/views.py", VIEWS);
    }
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_key_is_read_from_the_column_where_that_is_the_same() {
    for (body, expected) in [
        // Other reads would load the row that the first one no longer loads.
        (
            "def f():\n    return [(b.author.id, b.author.pk) for b in Book.objects.all()]\n",
            Some(("safe", 2)),
        ),
        (
            "def f():\n    return [b.editor.id for b in Book.objects.all()]\n",
            Some(("unsafe", 1)),
        ),
        (
            "def key(b):\n    return b.author.id\n\n\ndef f():\n    return [key(b) for b in Book.objects.all()]\n",
            Some(("unsafe", 1)),
        ),
        (
            "def f():\n    return [(b.author).id for b in Book.objects.all()]\n",
            None,
        ),
        (
            "def f():\n    return [f'{b.author.id=}' for b in Book.objects.all()]\n",
            None,
        ),
        (
            "def f():\n    return [(b.author.id, (b.author).pk) for b in Book.objects.all()]\n",
            None,
        ),
    ] {
        let text = format!("from shop.models import Book\n\n\n{body}");
        let dir = shop(&[("shop/views.py", &text)]);
        let ran = check(dir.path(), &["--select", "DJP108", "--output-format", "json"]).code(1);
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let fix = &document["diagnostics"][0]["fix"];
        let found = fix["safety"]
            .as_str()
            .map(|safety| (safety, fix["edits"].as_array().unwrap().len()));
        assert_eq!(found, expected, "{body}");
    }
}

/// Gives a patch to a program; `None` when there is no such program.
fn feed(dir: &Path, program: &str, args: &[&str], patch: &[u8]) -> Option<()> {
    use std::io::Write;
    let mut child = match Command::new(program)
        .args(args)
        .current_dir(dir)
        .env("GIT_CEILING_DIRECTORIES", dir.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: {program}: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(patch).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(patch)
    );
    Some(())
}

#[test]
fn patches_can_be_applied_by_git_and_by_patch() {
    let fill = |text: &str| -> Vec<(&str, Vec<u8>)> {
        let latin = format!("# coding: latin-1\nNAME = 'é'\n{text}");
        vec![
            ("shop/plain.py", text.into()),
            ("shop/crlf.py", text.replace('\n', "\r\n").into()),
            ("shop/cr.py", text.replace('\n', "\r").into()),
            ("shop/mark.py", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("shop/latin.py", latin.chars().map(|c| c as u8).collect()),
            ("shop/tail.py", text.trim_end().into()),
            ("shop/tail_crlf.py", text.trim_end().replace('\n', "\r\n").into()),
            ("shop/with blank.py", text.into()),
            ("shop/été.py", text.into()),
            ("shop/qu\"ote\\.py", text.into()),
            (
                "shop/feed\u{c}.py",
                text.replace("# Who", "\u{c}\n    # \t Who").into(),
            ),
        ]
    };
    for (program, args) in [("git", &["apply"][..]), ("patch", &["-p1"])] {
        let dir = shop(&[]);
        for (path, bytes) in fill(VIEWS) {
            fs::write(dir.path().join(path), bytes).unwrap();
        }
        let output = crate::run::command(dir.path(), &["check", "--isolated", "--diff"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        if feed(dir.path(), program, args, &output.stdout).is_none() {
            continue;
        }
        for (path, bytes) in fill(FIXED) {
            holds(dir.path(), path, bytes);
        }
        check(dir.path(), &["--diff"]).code(0);
    }
}
