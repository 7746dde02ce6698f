//! What runs keep for each other, as a user meets it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::run::{AUTHORS, BOOKS, command, finish, project, run};

fn shop() -> TempDir {
    project(&[
        ("shop/__init__.py", ""),
        ("shop/models.py", AUTHORS),
        ("shop/views.py", BOOKS),
    ])
}

const ARGS: [&str; 4] = ["check", "-v", "--output-format", "concise"];
const REUSED: &str = "taken over from an earlier run";

/// The one file that the cache holds of one project.
fn kept(cache: &Path) -> PathBuf {
    let of_version = cache.join(env!("CARGO_PKG_VERSION"));
    let files: Vec<_> = fs::read_dir(of_version)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

fn with_cache<'a>(cache: &'a Path, args: &[&'a str]) -> Vec<&'a str> {
    let mut all = args.to_vec();
    all.extend(["--cache-dir", cache.to_str().unwrap()]);
    all
}

#[test]
fn the_second_run_takes_over_and_says_the_same() {
    let (dir, cache) = (shop(), tempfile::tempdir().unwrap());
    let args = with_cache(cache.path(), &ARGS);
    let first = run(dir.path(), &args).code(1);
    assert!(!first.stderr.contains(REUSED), "{}", first.stderr);
    let second = run(dir.path(), &args).code(1).stderr_has(REUSED);
    assert_eq!(first.stdout, second.stdout);
    fs::write(
        dir.path().join("shop/views.py"),
        BOOKS.replace("Book.objects.all()", "[]"),
    )
    .unwrap();
    run(dir.path(), &args).code(0);
    fs::write(dir.path().join("shop/views.py"), BOOKS).unwrap();
    assert_eq!(run(dir.path(), &args).code(1).stdout, first.stdout);
    let without = run(dir.path(), &[&ARGS[..], &["--no-cache"]].concat()).code(1);
    assert_eq!(without.stdout, first.stdout);
    assert!(!without.stderr.contains(REUSED), "{}", without.stderr);
}

#[test]
fn a_damaged_or_unwritable_cache_is_a_note() {
    let (dir, cache) = (shop(), tempfile::tempdir().unwrap());
    let args = with_cache(cache.path(), &ARGS);
    let first = run(dir.path(), &args).code(1);
    let file = kept(cache.path());
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let damaged = run(dir.path(), &args)
        .code(1)
        .stderr_has("is not used: it is damaged");
    assert_eq!(damaged.stdout, first.stdout);
    run(dir.path(), &args).code(1).stderr_has(REUSED);
    let taken = cache.path().join("taken");
    fs::write(&taken, "").unwrap();
    let unwritable = run(dir.path(), &with_cache(&taken, &ARGS))
        .code(1)
        .stderr_has("nothing was kept for the next run");
    assert_eq!(unwritable.stdout, first.stdout);
}

#[test]
fn ten_runs_at_once_share_it() {
    let (dir, cache) = (shop(), tempfile::tempdir().unwrap());
    let args = with_cache(cache.path(), &ARGS);
    let alone = run(dir.path(), &["check", "--no-cache", "--output-format", "concise"])
        .code(1)
        .stdout;
    for _ in 0..2 {
        let start = |_| -> Child {
            let mut one = command(dir.path(), &args);
            one.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let all: Vec<Child> = (0..10).map(start).collect();
        for one in all {
            let output = one.wait_with_output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), alone);
            assert!(
                !said.contains("is not used") && !said.contains("nothing was kept"),
                "{said}"
            );
        }
    }
    run(dir.path(), &args).code(1).stderr_has(REUSED);
    kept(cache.path());
}

#[test]
fn clean_removes_caches_and_nothing_else() {
    let (dir, cache) = (shop(), tempfile::tempdir().unwrap());
    run(dir.path(), &with_cache(cache.path(), &ARGS)).code(1);
    let clean = with_cache(cache.path(), &["clean"]);
    run(dir.path(), &clean).code(0).stderr_has("removed");
    assert!(!cache.path().exists());
    run(dir.path(), &clean).code(0).stderr_has("nothing to remove");
    run(dir.path(), &["clean", "--cache-dir", "shop"])
        .code(2)
        .stderr_has("it is no cache of djperf");
    assert!(dir.path().join("shop/views.py").exists());
    // By the environment, as without arguments.
    let by_name = dir.path().join("by name");
    finish(command(dir.path(), &ARGS).env("DJPERF_CACHE_DIR", &by_name)).code(1);
    kept(&by_name);
    finish(command(dir.path(), &["clean"]).env("DJPERF_CACHE_DIR", &by_name)).code(0);
    assert!(!by_name.exists());
}

#[test]
fn what_a_template_inherits_is_not_taken_over_once_it_changed() {
    const VIEW: &str = "from django.shortcuts import render\nfrom shop.models import Book\n\n\ndef books(request):\n    return render(request, \"home.html\", {\"books\": Book.objects.all()})\n";
    const BASE: &str = "<p></p>\n{% for book in books %}{{ book.author.name }}{% endfor %}\n";
    let dir = project(&[
        ("shop/__init__.py", ""),
        ("shop/models.py", AUTHORS),
        ("shop/views.py", VIEW),
        ("shop/templates/base.html", BASE),
        ("shop/templates/home.html", "{% extends \"base.html\" %}\n"),
    ]);
    let cache = tempfile::tempdir().unwrap();
    let args = with_cache(cache.path(), &["check", "--output-format", "json-lines"]);
    let first = run(dir.path(), &args).code(1).stdout_has("templates/base.html");
    fs::write(
        dir.path().join("shop/templates/base.html"),
        BASE.replace("<p>", "<p>\n"),
    )
    .unwrap();
    let again = run(dir.path(), &args).code(1);
    assert_ne!(again.stdout, first.stdout);
    let fresh = run(
        dir.path(),
        &["check", "--output-format", "json-lines", "--no-cache"],
    )
    .code(1);
    assert_eq!(again.stdout, fresh.stdout);
}
