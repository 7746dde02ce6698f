//! Small repositories, made by `git` itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{GitError, Repository, same_on_disk};

fn sh(dir: &Path, args: &[&str]) {
    let done = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(["-c", "commit.gpgsign=false"])
        .args(args)
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    sh(dir.path(), &["init", "-q"]);
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/new\nline.py"), "x = 1\n").unwrap();
    fs::write(dir.path().join("a.md"), "no code\n").unwrap();
    dir
}

#[test]
fn commits_index_and_disk_are_told_apart() {
    let dir = repository();
    let odd = dir.path().join("sub/new\nline.py");
    let repo = Repository::around(&[dir.path().join("sub")]).unwrap();
    assert_eq!(repo.merge_base("HEAD"), Err(GitError::NoHead));
    assert_eq!(repo.untracked().unwrap(), vec![odd.clone()]);
    sh(dir.path(), &["add", "."]);
    sh(dir.path(), &["commit", "-qm", "one"]);
    fs::write(&odd, "x = 2\n").unwrap();
    sh(dir.path(), &["add", "."]);
    fs::write(&odd, "x = 3\n").unwrap();

    let base = repo.merge_base("main").unwrap();
    let (old, (staged, sparse)) = (repo.files_of(&base).unwrap(), repo.staged().unwrap());
    assert!(sparse.is_empty());
    assert_eq!(old.keys().collect::<Vec<_>>(), [&odd]);
    assert_eq!(&*repo.texts(&old).unwrap()[&odd], "x = 1\n");
    assert_eq!(&*repo.texts(&staged).unwrap()[&odd], "x = 2\n");
    assert!(!same_on_disk(&odd, &staged[&odd]));
    fs::write(&odd, "x = 2\n").unwrap();
    assert!(same_on_disk(&odd, &staged[&odd]));
}

#[test]
fn names_that_are_options_or_unknown_are_refused() {
    let dir = repository();
    sh(dir.path(), &["add", "."]);
    sh(dir.path(), &["commit", "-qm", "one"]);
    let repo = Repository::around(&[dir.path().to_path_buf()]).unwrap();
    assert!(matches!(repo.merge_base("--output=x"), Err(GitError::BadName(_))));
    let unknown = repo.merge_base("origin/main").unwrap_err().to_string();
    assert!(unknown.contains("git fetch origin main"), "{unknown}");
    let outside = tempfile::tempdir().unwrap();
    let error = Repository::around(&[outside.path().to_path_buf()]).unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error}");
}

#[test]
fn histories_without_a_common_commit_are_told() {
    let dir = repository();
    sh(dir.path(), &["add", "."]);
    sh(dir.path(), &["commit", "-qm", "one"]);
    sh(dir.path(), &["checkout", "-q", "--orphan", "other"]);
    sh(dir.path(), &["commit", "-qm", "two"]);
    let repo = Repository::around(&[dir.path().to_path_buf()]).unwrap();
    assert!(matches!(repo.merge_base("main"), Err(GitError::NoBase { .. })));
}
