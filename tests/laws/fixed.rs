//! What holds for every fix: nothing but the finding goes away.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use djperf::fix::Safety;
use djperf::report::diagnostic::Diagnostic;
use djperf::session::{self, Fixing, Outcome};
use djperf::syntax::python::{Module, TokenKind, span};
use tempfile::TempDir;

use crate::support::{COUNTED, PROJECTS, check, copy, document, files_below, python_files, request, write};

const LEVELS: [Safety; 2] = [Safety::Safe, Safety::Unsafe];

fn fix(dir: &Path, least: Safety, threads: usize) -> Fixing {
    let mut request = request(dir, &["."]);
    request.threads = Some(threads);
    session::fix(&request, least).unwrap()
}

/// A copy of a fixture, fixed.
fn fixed(project: &str, least: Safety) -> (TempDir, Fixing) {
    let dir = copy(project);
    let fixing = fix(dir.path(), least, 2);
    session::write(&fixing.changes).unwrap();
    (dir, fixing)
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let paths = files_below(dir).into_iter();
    let read = |path: std::path::PathBuf| {
        let bytes = fs::read(dir.join(&path)).unwrap();
        (path.to_str().unwrap().to_owned(), bytes)
    };
    paths.map(read).collect()
}

#[track_caller]
fn assert_same(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>, what: &str) {
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right), "{what}");
    for (path, bytes) in left {
        assert_eq!(
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&right[path]),
            "{what}: {path}"
        );
        assert!(*bytes == right[path], "{what}: {path}");
    }
}

/// All comments of a file, ordered.
fn comments(text: &str) -> Vec<String> {
    let module = Module::parse(text).ok().unwrap();
    let tokens = module.tokens().iter();
    let mut found: Vec<String> = tokens
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| {
            use djperf::syntax::python::Ranged;
            let at = span(token.range());
            text[at.start as usize..at.end as usize].to_owned()
        })
        .collect();
    found.sort();
    found
}

/// How often a rule says something about a file; a finding about fewer relations than before is an old one.
fn counts(outcome: &Outcome, per: impl Fn(&Diagnostic) -> String) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for diagnostic in &outcome.diagnostics {
        let path = outcome.sources.get(diagnostic.file).path.clone();
        *counts
            .entry((format!("{path} {}", diagnostic.code), per(diagnostic)))
            .or_default() += 1;
    }
    counts
}

#[test]
fn something_is_fixed_and_only_that_is_gone() {
    for project in PROJECTS {
        let before = check(copy(project).path());
        for least in LEVELS {
            let (dir, fixing) = fixed(project, least);
            // All fixes of indexes are unsafe.
            if least == Safety::Safe && !COUNTED.contains(&project) {
                assert!(fixing.fixed.is_empty(), "{project}: something is safe");
                continue;
            }
            assert!(!fixing.fixed.is_empty(), "{project}: nothing is fixed");
            let after = check(dir.path());
            let (old, new) = (
                counts(&before, |d| d.model.clone().unwrap_or_default()),
                counts(&after, |d| d.model.clone().unwrap_or_default()),
            );
            for (key, count) in &new {
                assert!(old.get(key) >= Some(count), "{project}: new: {key:?}");
            }
            let sum = |all: &BTreeMap<_, usize>| all.values().sum::<usize>();
            assert!(sum(&old) > sum(&new), "{project}: no finding is gone");
            assert!(
                sum(&old) - sum(&new) <= fixing.fixed.len() || least == Safety::Unsafe,
                "{project}: more is gone than was fixed"
            );
            let untouched = |outcome: &Outcome| {
                let mut found: serde_json::Value = serde_json::from_str(&document(outcome)).unwrap();
                for finding in found["diagnostics"].as_array_mut().unwrap() {
                    finding["fix"] = serde_json::Value::Null;
                }
                found["diagnostics"].clone()
            };
            assert_eq!(
                untouched(&after),
                untouched(&fixing.outcome),
                "{project}: what was reported is not what is found now"
            );
        }
    }
}

#[test]
fn fixed_files_parse_and_keep_their_comments() {
    for (project, least) in PROJECTS.iter().flat_map(|p| LEVELS.map(|l| (p, l))) {
        let fixing = fix(copy(project).path(), least, 2);
        for change in &fixing.changes {
            let path = &change.rewrite.path;
            let module = Module::parse(&change.new).ok().unwrap();
            assert_eq!(module.errors().next(), None, "{project}/{path}");
            let mut kept = comments(&change.old);
            // What stood behind an index went with it.
            kept.retain(|comment| !comment.contains("redundant-index") || change.new.contains(comment));
            assert_eq!(kept, comments(&change.new), "{project}/{path}");
            assert_ne!(change.old, change.new);
        }
    }
}

#[test]
fn fixing_twice_is_fixing_once() {
    for (project, least) in PROJECTS.iter().flat_map(|p| LEVELS.map(|l| (p, l))) {
        let (dir, _) = fixed(project, least);
        let again = fix(dir.path(), least, 2);
        let paths: Vec<&str> = again.changes.iter().map(|c| c.rewrite.path.as_str()).collect();
        assert!(paths.is_empty(), "{project}: {paths:?}");
    }
}

#[test]
fn any_number_of_threads_makes_the_same_changes() {
    for project in PROJECTS {
        let dir = copy(project);
        let with = |threads| {
            let fixing = fix(dir.path(), Safety::Unsafe, threads);
            let bytes = fixing
                .changes
                .into_iter()
                .map(|c| (c.rewrite.path, c.rewrite.new));
            (
                bytes.collect::<BTreeMap<_, _>>(),
                fixing.fixed,
                fixing.outcome.notes,
            )
        };
        let one = with(1);
        for threads in [2, 8] {
            assert!(
                one == with(threads),
                "{project}: {threads} threads differ from one"
            );
        }
    }
}

#[test]
fn files_of_any_form_are_fixed_alike_and_keep_their_form() {
    type Form = fn(&[u8]) -> Vec<u8>;
    let forms: [(&str, Form); 3] = [
        ("CRLF", |b| {
            String::from_utf8_lossy(b).replace('\n', "\r\n").into_bytes()
        }),
        ("CR", |b| {
            String::from_utf8_lossy(b).replace('\n', "\r").into_bytes()
        }),
        ("BOM", |b| [b"\xef\xbb\xbf", b].concat()),
    ];
    for project in PROJECTS {
        let (plain, _) = fixed(project, Safety::Unsafe);
        for (name, form) in forms {
            let dir = copy(project);
            let python = python_files(dir.path());
            for path in &python {
                let bytes = fs::read(dir.path().join(path)).unwrap();
                write(dir.path(), path, form(&bytes));
            }
            let fixing = fix(dir.path(), Safety::Unsafe, 2);
            session::write(&fixing.changes).unwrap();
            let mut expected = contents(plain.path());
            for (path, bytes) in &mut expected {
                let created = path.ends_with(".py") && !python.iter().any(|old| old.to_str() == Some(path));
                // A new file has the line breaks of those beside it, and needs no mark.
                if python.iter().any(|old| old.to_str() == Some(path)) || created && name != "BOM" {
                    *bytes = form(bytes);
                }
            }
            assert_same(&expected, &contents(dir.path()), &format!("{project} {name}"));
        }
    }
}

#[test]
fn a_diff_does_what_fixing_does() {
    for project in PROJECTS {
        let (there, _) = fixed(project, Safety::Unsafe);
        let dir = copy(project);
        let patch = Command::new(env!("CARGO_BIN_EXE_djperf"))
            .args(["check", "--diff", "--unsafe-fixes"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(patch.status.code(), Some(1), "{project}");
        write(dir.path(), ".git/change.patch", &patch.stdout);
        let applied = Command::new("git")
            .args(["apply", ".git/change.patch"])
            .current_dir(dir.path())
            .env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap())
            .status();
        fs::remove_file(dir.path().join(".git/change.patch")).unwrap();
        match applied {
            Ok(status) => assert!(status.success(), "{project}"),
            Err(error) => {
                println!("skipped: git: {error}");
                continue;
            }
        }
        assert_same(&contents(there.path()), &contents(dir.path()), project);
    }
}
