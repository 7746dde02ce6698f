//! Paths as hooks give them: any number in any order, of any kind, from several projects of one repository.

use std::fs;

use crate::run::{command, finish, project, run};

const MODELS: &str = "from django.db import models\n\n\nclass Author(models.Model):\n    name = models.TextField()\n\n\n\
                      class Book(models.Model):\n    author = models.ForeignKey(Author, models.CASCADE)\n";
const VIEWS: &str =
    "from .models import Book\n\n\ndef names():\n    return [b.author.name for b in Book.objects.all()]\n";
const LENIENT: &str = "--no-error-on-unmatched";

fn two_projects() -> tempfile::TempDir {
    project(&[
        ("one/manage.py", ""),
        ("one/shop/__init__.py", ""),
        ("one/shop/models.py", MODELS),
        ("one/shop/views.py", VIEWS),
        ("two/manage.py", ""),
        ("two/club/__init__.py", ""),
        ("two/club/models.py", MODELS),
        ("two/club/views.py", VIEWS),
        ("scripts/build.py", "print(1)\n"),
        ("page.html", "<p>{{ one }}</p>\n"),
        ("notes.txt", "none\n"),
    ])
}

#[test]
fn what_is_not_read_is_an_error_unless_it_is_allowed() {
    let dir = two_projects();
    for paths in [
        &["notes.txt"][..],
        &["gone.py"],
        &["one/shop/gone.py", "gone.html"],
        &["--exclude", "one/**", "one/shop/views.py"],
        &["page.html", "notes.txt"],
    ] {
        let strict = run(dir.path(), &[&["check"], paths].concat()).code(2);
        assert_eq!(strict.stdout, "", "{paths:?}");
        let lenient = run(dir.path(), &[&["check", LENIENT], paths].concat()).code(0);
        assert!(
            lenient.stderr.contains("djperf: nothing to report on: "),
            "{paths:?}: {}",
            lenient.stderr
        );
    }
}

#[test]
fn other_errors_remain() {
    let dir = two_projects();
    fs::write(dir.path().join("djperf.toml"), "nope = 1\n").unwrap();
    run(dir.path(), &["check", LENIENT, "one/shop/views.py"])
        .code(2)
        .stderr_has("nope");
    run(dir.path(), &["check", LENIENT, "--select", "nope", "--isolated"])
        .code(2)
        .stderr_has("nope");
}

#[test]
fn a_repository_without_django_can_be_allowed() {
    let dir = project(&[("tool.py", "print(1)\n")]);
    run(dir.path(), &["check", "tool.py"])
        .code(2)
        .stderr_has("no Django project found");
    run(dir.path(), &["check", LENIENT, "tool.py"])
        .code(0)
        .stderr_has("no Django project found");
}

#[test]
fn documents_without_findings_are_documents() {
    let dir = two_projects();
    let ran = run(
        dir.path(),
        &["check", LENIENT, "--output-format", "json", "gone.py"],
    )
    .code(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["diagnostics"], serde_json::json!([]));
}

#[test]
fn what_is_missing_does_not_hide_what_is_there() {
    let dir = two_projects();
    run(dir.path(), &["check", LENIENT, "gone.py"])
        .code(0)
        .stderr_has("none of the paths is there");
    run(
        dir.path(),
        &["check", LENIENT, "gone.py", "gone_too.py", "one/shop/views.py"],
    )
    .code(1)
    .stdout_has("one/shop/views.py:5:")
    .stderr_has("djperf: left out, as there is no gone.py and 1 more");
}

#[cfg(unix)]
#[test]
fn names_may_hold_anything() {
    let dir = two_projects();
    let odd = ["my views.py", "new\nline.py", "-v.py", "*.py", "ümlaut.py"];
    for name in odd {
        fs::write(dir.path().join("one/shop").join(name), VIEWS).unwrap();
    }
    let ran = finish(command(&dir.path().join("one/shop"), &["check", "-q", "--"]).args(odd)).code(1);
    assert_eq!(ran.stdout.matches("╭─[").count(), odd.len(), "{}", ran.stdout);
}

#[test]
fn many_names_find_what_their_directory_finds() {
    let dir = two_projects();
    let many: Vec<String> = (0..800).map(|i| format!("one/shop/part_{i}.py")).collect();
    for path in &many {
        fs::write(dir.path().join(path), "VALUE = 1\n").unwrap();
    }
    let whole = run(dir.path(), &["check", "one"]).code(1);
    let mut named = command(
        dir.path(),
        &[
            "check",
            "one/shop/views.py",
            "one/shop/models.py",
            "one/manage.py",
        ],
    );
    let named = finish(named.args(&many)).code(1);
    assert_eq!(named.stdout, whole.stdout);
}

#[test]
fn one_settings_file_counts_for_all_paths_in_any_order() {
    let dir = two_projects();
    fs::write(dir.path().join("one/djperf.toml"), "fail-on = \"never\"\n").unwrap();
    for paths in [
        ["one/shop/views.py", "scripts/build.py"],
        ["scripts/build.py", "one/shop/views.py"],
    ] {
        run(dir.path(), &[&["check"][..], &paths].concat())
            .code(0)
            .stdout_has("DJP101");
    }
}

#[test]
fn of_several_settings_files_the_one_around_all_paths_counts() {
    let dir = two_projects();
    for place in ["one/djperf.toml", "two/djperf.toml"] {
        fs::write(dir.path().join(place), "fail-on = \"never\"\n").unwrap();
    }
    let both = [
        ["check", "one/shop/views.py", "two/club/views.py"],
        ["check", "two/club/views.py", "one/shop/views.py"],
    ];
    for paths in both {
        run(dir.path(), &paths).code(1);
        run(
            dir.path(),
            &[&paths[..], &["--config", "two/djperf.toml"]].concat(),
        )
        .code(0);
    }
    fs::write(dir.path().join("djperf.toml"), "fail-on = \"never\"\n").unwrap();
    for paths in both {
        run(dir.path(), &paths).code(0);
    }
}
