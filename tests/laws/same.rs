//! The answer depends on nothing but the project.

use std::fs;
use std::path::Path;

use djperf::report::diagnostic::Diagnostic;
use djperf::session::{self, Outcome};

use crate::support::{PROJECTS, check, copy, document, files_below, fixture, python_files, request, write};

/// Everything about each finding but its place in the run: one JSON text each.
fn findings(outcome: &Outcome) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(&document(outcome)).unwrap();
    let all = document["diagnostics"].as_array().unwrap();
    all.iter().map(|d| format!("{d:#}")).collect()
}

/// What each finding says without the name of the model: one user model is assumed for a whole tree.
fn places(outcome: &Outcome) -> Vec<String> {
    let place = |d: &Diagnostic| {
        let source = outcome.sources.get(d.file);
        let (start, end) = (source.position(d.span.start), source.position(d.span.end));
        format!(
            "{} {start:?} {end:?} {} {:?} {:?} {}",
            source.path, d.code, d.relations, d.fields, d.message
        )
    };
    outcome.diagnostics.iter().map(place).collect()
}

#[track_caller]
fn assert_same(left: &[String], right: &[String], what: &str) {
    let lost: Vec<&String> = left.iter().filter(|d| !right.contains(d)).collect();
    let gained: Vec<&String> = right.iter().filter(|d| !left.contains(d)).collect();
    assert!(
        lost.is_empty() && gained.is_empty(),
        "{what}\nlost {lost:#?}\ngained {gained:#?}"
    );
    assert_eq!(left, right, "{what}: another order");
}

#[test]
fn any_number_of_threads_gives_the_same_document() {
    for project in PROJECTS {
        let dir = fixture(project);
        let with = |threads| {
            let mut request = request(&dir, &["."]);
            request.threads = Some(threads);
            document(&session::check(&request).unwrap())
        };
        let one = with(1);
        for threads in [2, 8, 1] {
            assert!(
                one == with(threads),
                "{project}: {threads} threads differ from one"
            );
        }
    }
}

#[test]
fn one_file_is_told_what_it_is_told_among_all() {
    for project in PROJECTS {
        let dir = fixture(project);
        let all = check(&dir);
        let with_findings = |path: &String| {
            all.diagnostics
                .iter()
                .any(|d| all.sources.get(d.file).path == *path)
        };
        let paths: Vec<String> = python_files(&dir)
            .iter()
            .map(|p| p.to_str().unwrap().to_owned())
            .collect();
        for path in paths.iter().filter(|p| with_findings(p)) {
            let alone = session::check(&request(&dir, &[path])).unwrap();
            let here = |outcome: &Outcome| {
                let mut found = findings(outcome);
                found.retain(|d| d.contains(&format!("\n  \"path\": \"{path}\"")));
                found
            };
            assert_same(&here(&all), &here(&alone), path);
        }
    }
}

#[test]
fn a_project_alone_is_told_what_it_is_told_beside_another() {
    for project in PROJECTS {
        let alone = copy(project);
        assert_same(
            &places(&check(&fixture(project))),
            &places(&check(alone.path())),
            project,
        );
    }
}

fn rewritten(project: &str, edit: impl Fn(&[u8]) -> Vec<u8>) -> Vec<String> {
    let dir = copy(project);
    for path in python_files(dir.path()) {
        let bytes = fs::read(dir.path().join(&path)).unwrap();
        write(dir.path(), &path, edit(&bytes));
    }
    let found = findings(&check(dir.path())).into_iter();
    // Of what a fix would write; a new file has the line breaks of those beside it.
    let plain = |text: String| text.replace("\\r\\n", "\\n").replace("\\r", "\\n");
    found.map(plain).collect()
}

#[test]
fn line_ends_and_byte_order_marks_move_nothing() {
    for project in PROJECTS {
        let plain = rewritten(project, <[u8]>::to_vec);
        let crlf = rewritten(project, |b| {
            String::from_utf8_lossy(b).replace('\n', "\r\n").into_bytes()
        });
        assert_same(&plain, &crlf, "CRLF");
        let cr = rewritten(project, |b| {
            String::from_utf8_lossy(b).replace('\n', "\r").into_bytes()
        });
        assert_same(&plain, &cr, "CR");
        let marked = rewritten(project, |b| [b"\xef\xbb\xbf", b].concat());
        assert_same(&plain, &marked, "BOM");
    }
}

#[test]
fn where_a_project_lies_does_not_matter() {
    for project in PROJECTS {
        let plain = copy(project);
        let deep = copy(project);
        let inner = deep.path().join("products/the shop/été");
        for path in files_below(plain.path()) {
            write(&inner, &path, fs::read(plain.path().join(&path)).unwrap());
            fs::remove_file(deep.path().join(&path)).unwrap();
        }
        let there = findings(&check(&inner));
        assert_same(&findings(&check(plain.path())), &there, project);
        assert!(Path::new(&inner).is_dir() && !there.is_empty());
    }
}
