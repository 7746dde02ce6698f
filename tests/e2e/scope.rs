//! `--since`, `--staged` and baselines: which findings count as new.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::run::{Ran, command, finish, project, run};

const MODELS: &str = "from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class BookManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().select_related(\"author\")


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
    editor = models.ForeignKey(Author, models.CASCADE, related_name=\"edited\")
    title = models.CharField(max_length=50)
    objects = BookManager()
    plain = models.Manager()
";

const VIEWS: &str = "from shop.models import Book


def known():
    return [book.author.name for book in Book.plain.filter(title='x')]


def names():
    return [book.author.name for book in Book.objects.all()]
";

const OTHER: &str = "

def other():
    return [book.editor.name for book in Book.plain.all()]
";

fn shop() -> TempDir {
    project(&[
        ("manage.py", ""),
        ("djperf.toml", "select = [\"DJP101\"]\n"),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/views.py", VIEWS),
        ("shop/other.py", "from shop.models import Book\n"),
    ])
}

fn git(dir: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(dir);
    for (name, value) in [
        ("user.name", "a"),
        ("user.email", "a@example.org"),
        ("commit.gpgsign", "false"),
        ("init.defaultBranch", "main"),
    ] {
        command.args(["-c", &format!("{name}={value}")]);
    }
    let done = command.args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

/// The shop in a repository with one commit.
fn committed() -> TempDir {
    let dir = shop();
    fs::remove_dir(dir.path().join(".git")).unwrap();
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    dir
}

fn change(dir: &Path, path: &str, old: &str, new: &str) {
    let path = dir.join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{old} is not in\n{text}");
    fs::write(path, text.replace(old, new)).unwrap();
}

fn add(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, before + text).unwrap();
}

/// `path:line` of each finding.
fn found(dir: &Path, args: &[&str]) -> Vec<String> {
    let ran = run(
        dir,
        &[&["check", "-q", "--output-format", "concise"], args].concat(),
    );
    assert!(matches!(ran.code, Some(0 | 1)), "{}{}", ran.stdout, ran.stderr);
    let places = ran
        .stdout
        .lines()
        .map(|line| line.splitn(3, ':').take(2).collect::<Vec<_>>().join(":"));
    let places: Vec<String> = places.collect();
    assert_eq!(ran.code == Some(1), !places.is_empty());
    places
}

#[test]
fn a_change_of_models_alone_is_caught_in_the_views() {
    let dir = committed();
    assert_eq!(found(dir.path(), &[]), ["shop/views.py:5"]);
    assert!(
        found(dir.path(), &["--since", "HEAD"]).is_empty(),
        "nothing changed"
    );
    change(dir.path(), "shop/models.py", ".select_related(\"author\")", "");
    assert_eq!(found(dir.path(), &["--since", "HEAD"]), ["shop/views.py:9"]);
    run(dir.path(), &["check", "--since", "HEAD"])
        .code(1)
        .stdout_has("1 there before");

    // A field renamed: the manager loads what is there no longer.
    let dir = committed();
    change(dir.path(), "shop/models.py", "    author =", "    writer =");
    change(dir.path(), "shop/views.py", "book.author", "book.writer");
    let new = found(dir.path(), &["--since", "main"]);
    assert!(new.contains(&"shop/views.py:9".to_owned()), "{new:?}");
}

#[test]
fn since_compares_with_the_common_commit_and_sees_new_renamed_and_deleted_files() {
    let dir = committed();
    git(dir.path(), &["checkout", "-qb", "topic"]);
    add(dir.path(), "shop/other.py", OTHER);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "two"]);
    git(dir.path(), &["checkout", "-q", "main"]);
    // Mended on main after the branch began: no finding of the branch.
    change(dir.path(), "shop/views.py", "Book.plain", "Book.objects");
    git(dir.path(), &["commit", "-qam", "three"]);
    git(dir.path(), &["checkout", "-q", "topic"]);
    assert_eq!(found(dir.path(), &["--since", "main"]), ["shop/other.py:5"]);
    assert!(found(dir.path(), &["--since", "main", "shop/views.py"]).is_empty());
    assert_eq!(
        found(&dir.path().join("shop"), &["--since", "main", "."]),
        ["other.py:5"]
    );

    git(dir.path(), &["mv", "shop/views.py", "shop/pages.py"]);
    fs::create_dir(dir.path().join("new")).unwrap();
    fs::write(dir.path().join("new/__init__.py"), "").unwrap();
    add(
        dir.path(),
        "new/jobs.py",
        &format!("from shop.models import Book\n{OTHER}"),
    );
    fs::remove_file(dir.path().join("shop/other.py")).unwrap();
    assert_eq!(found(dir.path(), &["--since", "main"]), ["new/jobs.py:5"]);
    assert_eq!(found(dir.path(), &["--since", "main", "new"]), ["new/jobs.py:5"]);
}

#[test]
fn the_staged_change_is_read_from_the_index() {
    let dir = committed();
    add(dir.path(), "shop/other.py", OTHER);
    assert!(found(dir.path(), &["--staged"]).is_empty(), "nothing is staged");
    git(dir.path(), &["add", "."]);
    // On disk it is mended; what would be committed is not.
    change(
        dir.path(),
        "shop/other.py",
        "Book.plain.all()",
        "Book.plain.select_related('editor')",
    );
    assert_eq!(found(dir.path(), &["--staged"]), ["shop/other.py:5"]);
    assert!(found(dir.path(), &["--since", "HEAD"]).is_empty());
    git(dir.path(), &["add", "."]);
    add(
        dir.path(),
        "shop/untracked.py",
        &format!("from shop.models import Book\n{OTHER}"),
    );
    assert!(found(dir.path(), &["--staged"]).is_empty());

    // Before the first commit everything is new.
    let dir = shop();
    fs::remove_dir(dir.path().join(".git")).unwrap();
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    assert_eq!(found(dir.path(), &["--staged"]), ["shop/views.py:5"]);
    run(dir.path(), &["check", "--since", "HEAD"])
        .code(2)
        .stderr_has("--staged");
}

#[test]
fn hooks_linked_trees_and_projects_below_the_top_are_understood() {
    let dir = committed();
    fs::create_dir(dir.path().join("site")).unwrap();
    for name in ["manage.py", "shop", "djperf.toml"] {
        git(dir.path(), &["mv", name, &format!("site/{name}")]);
    }
    git(dir.path(), &["commit", "-qm", "two"]);
    let linked = dir.path().join("linked");
    git(dir.path(), &["worktree", "add", "-q", "linked"]);
    for top in [dir.path(), &linked] {
        add(&top.join("site"), "shop/other.py", OTHER);
        git(top, &["add", "site"]);
        let site = top.join("site");
        assert_eq!(found(&site, &["--since", "HEAD"]), ["shop/other.py:5"]);
        assert_eq!(found(top, &["--staged", "site"]), ["site/shop/other.py:5"]);
        let mut hook = command(top, &["check", "--staged", "site/shop/other.py"]);
        if top == dir.path() {
            hook.env("GIT_DIR", ".git").env("GIT_INDEX_FILE", ".git/index");
        }
        finish(&mut hook).code(1).stdout_has("other.py:5");
    }
}

#[test]
fn programs_that_the_repository_names_do_not_run() {
    let dir = committed();
    let mark = dir.path().join("ran");
    let touch = format!("touch '{}'", mark.display());
    fs::write(dir.path().join(".gitattributes"), "*.py filter=evil diff=evil\n").unwrap();
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
    ] {
        git(dir.path(), &["config", key, &touch]);
    }
    add(dir.path(), "shop/other.py", OTHER);
    assert_eq!(found(dir.path(), &["--since", "HEAD"]), ["shop/other.py:5"]);
    assert!(found(dir.path(), &["--staged"]).is_empty());
    assert!(!mark.exists());
}

#[test]
fn what_git_cannot_tell_is_a_usage_error() {
    let dir = committed();
    let since = |dir: &Path, name: &str| run(dir, &["check", "--since", name]).code(2);
    since(dir.path(), "origin/main").stderr_has("git fetch origin main");
    since(dir.path(), "-x").stderr_has("error");
    run(dir.path(), &["check", "--since=--all"])
        .code(2)
        .stderr_has("no name of a commit");
    run(dir.path(), &["check", "--since", "HEAD", "--staged"]).code(2);
    let mut bare = command(dir.path(), &["check", "--since", "HEAD"]);
    finish(bare.env("PATH", dir.path()))
        .code(2)
        .stderr_has("`git` cannot be started");
    since(shop().path(), "HEAD").stderr_has("no Git repository");
    git(dir.path(), &["commit", "-qm", "two", "--allow-empty"]);
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", dir.path().display());
    git(clone.path(), &["clone", "-q", "--depth", "1", &from, "."]);
    since(clone.path(), "HEAD~1").stderr_has("--unshallow");
}

fn written(dir: &Path) {
    run(dir, &["check", "--write-baseline", "known.json"])
        .code(0)
        .stdout_has("Wrote 1 finding to known.json.");
    assert!(found(dir, &["--baseline", "known.json"]).is_empty());
}

#[test]
fn lines_names_and_layout_make_no_finding_new() {
    let known = ["--baseline", "known.json"];
    let dir = shop();
    written(dir.path());
    let text = fs::read_to_string(dir.path().join("known.json")).unwrap();
    assert!(!text.contains("line"), "{text}");

    let fifty = "X = 1\n".repeat(50);
    change(
        dir.path(),
        "shop/views.py",
        "\n\n\ndef known",
        &format!("\n{fifty}\n\ndef known"),
    );
    change(
        dir.path(),
        "shop/views.py",
        "    return [book.author.name for book in Book.plain.filter(title='x')]",
        "    return [\n        book.author.name\n        for book in Book.plain.filter(\n            title=\"x\",\n        )\n    ]",
    );
    assert!(found(dir.path(), &known).is_empty());
    fs::rename(dir.path().join("shop/views.py"), dir.path().join("shop/pages.py")).unwrap();
    assert!(found(dir.path(), &known).is_empty());
    run(dir.path(), &["check", "--baseline", "known.json"])
        .code(0)
        .stdout_has("1 in the baseline");
    run(dir.path(), &["check", "--write-baseline", "known.json"]).code(0);
    change(dir.path(), "shop/pages.py", "def known", "def known_of_old");
    assert!(
        run(dir.path(), &["check", "--baseline", "known.json"])
            .code(0)
            .stderr
            .is_empty()
    );

    add(dir.path(), "shop/other.py", OTHER);
    assert_eq!(found(dir.path(), &known), ["shop/other.py:5"]);
    // From another directory the file means the same.
    assert_eq!(
        found(&dir.path().join("shop"), &["--baseline", "../known.json"]),
        ["other.py:5"]
    );
}

#[test]
fn mended_findings_leave_a_stale_entry_that_writing_takes_out() {
    let dir = shop();
    written(dir.path());
    change(dir.path(), "shop/views.py", "Book.plain", "Book.objects");
    let stale = |args: &[&str]| -> Ran {
        run(
            dir.path(),
            &[&["check", "--baseline", "known.json"], args].concat(),
        )
        .code(0)
    };
    let told = stale(&[]);
    assert!(
        told.stderr.contains("1 finding is found no longer"),
        "{}",
        told.stderr
    );
    assert!(
        told.stderr
            .contains("related-access-in-loop in known, shop/views.py"),
        "{}",
        told.stderr
    );
    // Runs that could not see it do not judge it.
    assert!(stale(&["shop/other.py"]).stderr.is_empty());
    assert!(stale(&["--select", "DJP104"]).stderr.is_empty());
    run(
        dir.path(),
        &["check", "--write-baseline", "known.json", "--select", "DJP104"],
    )
    .code(0)
    .stdout_has("Wrote 1 finding to known.json (0 new, 0 removed).");
    run(dir.path(), &["check", "--write-baseline", "known.json"])
        .code(0)
        .stdout_has("Wrote 0 findings to known.json (0 new, 1 removed).");
    assert!(stale(&[]).stderr.is_empty());
}

#[test]
fn the_settings_may_name_a_baseline() {
    let dir = shop();
    written(dir.path());
    fs::write(
        dir.path().join("djperf.toml"),
        "select = [\"DJP101\"]\nbaseline = \"known.json\"\n",
    )
    .unwrap();
    assert!(found(&dir.path().join("shop"), &[]).is_empty());
    assert_eq!(found(dir.path(), &["--no-baseline"]), ["shop/views.py:5"]);
    let ran = run(dir.path(), &["check", "--output-format", "json"]).code(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["summary"]["baselined"], 1);
    fs::remove_file(dir.path().join("known.json")).unwrap();
    run(dir.path(), &["check"]).code(2).stderr_has("--write-baseline");
    written(dir.path());
}

#[test]
fn fixes_are_made_for_new_findings_only() {
    let dir = shop();
    written(dir.path());
    let before = fs::read_to_string(dir.path().join("shop/views.py")).unwrap();
    add(dir.path(), "shop/other.py", OTHER);
    run(
        dir.path(),
        &["check", "--baseline", "known.json", "--fix", "--unsafe-fixes"],
    )
    .code(0)
    .stdout_has("Fixed 1 finding in 1 file.");
    assert_eq!(
        fs::read_to_string(dir.path().join("shop/views.py")).unwrap(),
        before
    );
    let other = fs::read_to_string(dir.path().join("shop/other.py")).unwrap();
    assert!(other.contains("select_related(\"editor\")"), "{other}");
}

#[test]
fn damaged_and_newer_baselines_are_usage_errors_and_writing_is_all_or_nothing() {
    let dir = shop();
    let file = dir.path().join("known.json");
    for (text, part) in [
        ("{", "damaged"),
        ("{\"version\": 1, \"findings\": [{\"path\": 1}]}", "damaged"),
        ("{\"version\": 9}", "newer djperf"),
    ] {
        fs::write(&file, text).unwrap();
        run(dir.path(), &["check", "--baseline", "known.json"])
            .code(2)
            .stderr_has(part);
    }
    run(dir.path(), &["check", "--write-baseline", "known.json"])
        .code(2)
        .stderr_has("newer");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"version\": 9}");
    run(dir.path(), &["check", "--write-baseline", "no/such/dir.json"])
        .code(2)
        .stderr_has("cannot write no/such/dir.json");
    fs::write(&file, "{").unwrap();
    written(dir.path());
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    run(dir.path(), &["check", "--write-baseline", "known.json"])
        .code(2)
        .stderr_has("it is read-only");
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().starts_with(".djperf-")),
        "{names:?}"
    );
}
