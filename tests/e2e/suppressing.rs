//! `--add-noqa`, and suppressions that are needed no longer.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::run::{project, run};

const MODELS: &str = "from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
";

fn shop(files: &[(&str, &str)]) -> TempDir {
    let common = [
        ("manage.py", ""),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
    ];
    project(&[&common[..], files].concat())
}

fn read(dir: &TempDir, path: &str) -> Vec<u8> {
    fs::read(dir.path().join(path)).unwrap()
}

fn count(dir: &Path, args: &[&str]) -> usize {
    let ran = run(
        dir,
        &[&["check", "-q", "--output-format", "concise"], args].concat(),
    );
    assert!(matches!(ran.code, Some(0 | 1)), "{}{}", ran.stdout, ran.stderr);
    ran.stdout.lines().count()
}

const LOOP: &str = "[book.author.name for book in Book.objects.all()]";

#[test]
fn every_finding_gets_its_comment_and_nothing_else_changes() {
    let views = format!(
        "from shop.models import Book


def plain():
    return {LOOP}


def merged():
    return {LOOP}  # noqa: E501 long


def commented():
    return {LOOP}  # type: ignore


def split():
    x = 1 + \\
        len([book.author.name for book in Book.objects.filter(author__name=\"\"\"a
        b\"\"\")])
    return x
"
    );
    let dir = shop(&[("shop/views.py", &views)]);
    assert_eq!(count(dir.path(), &[]), 4);
    run(dir.path(), &["check", "--add-noqa=few rows"])
        .code(0)
        .stdout_has("Suppressed 4 findings in 1 file.");
    let expected = views
        .replace(
            &format!("return {LOOP}\n\n\ndef merged"),
            &format!("return {LOOP}  # noqa: DJP101 few rows\n\n\ndef merged"),
        )
        .replace("E501 long", "E501, DJP101 long")
        .replace("type: ignore", "type: ignore  # noqa: DJP101 few rows")
        .replace("b\"\"\")])", "b\"\"\")])  # noqa: DJP101 few rows");
    assert_eq!(String::from_utf8(read(&dir, "shop/views.py")).unwrap(), expected);
    assert_eq!(count(dir.path(), &[]), 0);
    run(dir.path(), &["check", "--add-noqa"])
        .code(0)
        .stdout_has("Suppressed 0 findings in 0 files.");
    assert_eq!(String::from_utf8(read(&dir, "shop/views.py")).unwrap(), expected);
    run(dir.path(), &["check", "--add-noqa=a\nb"]).code(2);
}

#[test]
fn expressions_that_end_in_a_string_are_answered_from_above() {
    let views = "from shop.models import Book\n\n\ndef f(cursor):\n    return [\n        book.author.name\n        for book in Book.objects.extra(where=['''\n  a\n'''\n        '''b\n'''])\n    ], '''\n'''\n";
    let dir = shop(&[("shop/views.py", views)]);
    let before = count(dir.path(), &["--select", "DJP101"]);
    assert_eq!(before, 1);
    run(dir.path(), &["check", "--select", "DJP101", "--add-noqa"]).code(0);
    assert_eq!(count(dir.path(), &["--select", "DJP101"]), 0);
}

#[test]
fn line_ends_marks_and_codings_stay() {
    let code = format!("from shop.models import Book\n\n\ndef f():\n    return {LOOP}, 'é'\n");
    let commented = code.replace("'é'\n", "'é'  # noqa: DJP101\n");
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| c as u8).collect() };
    for (before, after) in [
        (
            code.replace('\n', "\r\n").into_bytes(),
            commented.replace('\n', "\r\n").into_bytes(),
        ),
        (
            format!("\u{feff}{code}").into_bytes(),
            format!("\u{feff}{commented}").into_bytes(),
        ),
        (
            latin(&format!("# -*- coding: latin-1 -*-\n{code}")),
            latin(&format!("# -*- coding: latin-1 -*-\n{commented}")),
        ),
        (
            code.trim_end().as_bytes().to_vec(),
            commented.trim_end().as_bytes().to_vec(),
        ),
    ] {
        let dir = shop(&[]);
        fs::write(dir.path().join("shop/views.py"), &before).unwrap();
        run(dir.path(), &["check", "--add-noqa"]).code(0);
        assert_eq!(read(&dir, "shop/views.py"), after);
        assert_eq!(count(dir.path(), &[]), 0);
    }
}

#[test]
fn templates_get_comments_of_their_own() {
    let dir = shop(&[
        (
            "shop/views.py",
            "from django.shortcuts import render\nfrom shop.models import Author\n\n\ndef page(request):\n    return render(request, 'page.html', {'authors': Author.objects.all()})\n",
        ),
        (
            "shop/templates/page.html",
            "{% for author in authors %}\n  {{ author.book_set.count }}\n{% endfor %}\n",
        ),
    ]);
    let before = count(dir.path(), &["shop/templates"]);
    assert!(before > 0);
    run(dir.path(), &["check", "--add-noqa=few"]).code(0);
    assert_eq!(count(dir.path(), &[]), 0);
    let all = [
        read(&dir, "shop/templates/page.html"),
        read(&dir, "shop/views.py"),
    ]
    .concat();
    let all = String::from_utf8(all).unwrap();
    assert!(all.contains(" few #}\n") || all.contains(" few\n"), "{all}");
}

#[test]
fn read_only_files_stop_the_run_and_nothing_is_written() {
    let code = format!("from shop.models import Book\n\n\ndef f():\n    return {LOOP}\n");
    let dir = shop(&[("shop/a.py", &code), ("shop/b.py", &code)]);
    let path = dir.path().join("shop/b.py");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    run(dir.path(), &["check", "--add-noqa"])
        .code(2)
        .stderr_has("it is read-only");
    assert_eq!(read(&dir, "shop/a.py"), code.as_bytes());
    let names = fs::read_dir(dir.path().join("shop")).unwrap().count();
    assert_eq!(names, 4);
}

#[test]
fn suppressions_that_answer_nothing_are_found_and_taken_out() {
    let needed = format!("def needed():\n    return {LOOP}  # noqa: DJP101\n");
    let views = format!(
        "from shop.models import Book


def f():
    a = 1  # noqa: DJP101 was slow
    b = 2  # noqa: E501, DJP104
    c = 3  # type: ignore # djperf: ignore[query-in-loop]
    # djperf: ignore[DJP101]
    # djperf: disable[DJP104]
    d = 4  # noqa
    # djperf: enable[DJP104]
    e = 5  # djperf: ignore
    return a + b + c + d + e  # noqa: F401


{needed}"
    );
    let dir = shop(&[("shop/views.py", &views)]);
    let ran = run(
        dir.path(),
        &["check", "--output-format", "concise", "--fail-on", "never"],
    )
    .code(0);
    assert_eq!(ran.stdout.matches("DJP902").count(), 5, "{}", ran.stdout);
    // A rule that is off cannot show that it is not needed.
    assert_eq!(count(dir.path(), &["--ignore", "DJP104"]), 2);
    assert_eq!(count(dir.path(), &["--ignore", "DJP902"]), 0);
    run(dir.path(), &["check", "--fix"]).code(0);
    let expected = views
        .replace("  # noqa: DJP101 was slow", "")
        .replace("E501, DJP104", "E501")
        .replace(" # djperf: ignore[query-in-loop]", "")
        .replace("    # djperf: ignore[DJP101]\n", "")
        .replace("    # djperf: disable[DJP104]\n", "")
        .replace("    # djperf: enable[DJP104]\n", "");
    assert_eq!(String::from_utf8(read(&dir, "shop/views.py")).unwrap(), expected);
}

#[test]
fn words_that_name_no_rule_are_told() {
    let dir = shop(&[(
        "shop/views.py",
        "a = 1  # djperf: ignore[related-acess-in-loop]\nb = 2  # noqa: DJP999, E501, other-tool\n",
    )]);
    let ran = run(dir.path(), &["check"]).code(1);
    assert_eq!(ran.stdout.matches("DJP903").count(), 2, "{}", ran.stdout);
    ran.stdout_has("did you mean `related-access-in-loop`?");
}
