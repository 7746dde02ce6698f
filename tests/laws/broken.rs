//! Broken, cut and mangled files: the run ends with an answer or a reason.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use djperf::lower::python::{Depth, extract};
use djperf::session::SessionError;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

use crate::support::{PROJECTS, copy, fixture, python_files, try_check, write};

/// Rules may find nothing, and all models may be gone; anything else is a failure of ours.
#[track_caller]
fn assert_ends(result: Result<djperf::session::Outcome, SessionError>, what: &str) {
    match result {
        Ok(outcome) => {
            let internal = outcome.notes.iter().find(|n| n.contains("internal error"));
            assert!(internal.is_none(), "{what}: {internal:?}");
        }
        Err(SessionError::NoDjango(_)) => {}
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Path and bytes of every Python file of a fixture.
type Files = Vec<(PathBuf, Vec<u8>)>;

fn files(project: usize) -> &'static Files {
    static ALL: OnceLock<[Files; PROJECTS.len()]> = OnceLock::new();
    &ALL.get_or_init(|| {
        PROJECTS.map(|name| {
            let root = fixture(name);
            let read = |path: PathBuf| (path.clone(), fs::read(root.join(path)).unwrap());
            python_files(&root).into_iter().map(read).collect()
        })
    })[project]
}

fn extract_lossily(bytes: &[u8]) {
    extract(&String::from_utf8_lossy(bytes), Depth { bodies: true });
}

#[test]
fn files_cut_anywhere_are_read() {
    for (_, bytes) in (0..PROJECTS.len()).flat_map(files) {
        for end in (0..bytes.len()).step_by(50) {
            extract_lossily(&bytes[..end]);
        }
    }
}

#[test]
fn projects_with_a_cut_file_are_checked() {
    for (project, name) in PROJECTS.iter().enumerate() {
        let dir = copy(name);
        let big: Vec<_> = files(project).iter().filter(|(_, b)| b.len() > 300).collect();
        for step in 0..20 {
            let (path, bytes) = big[step * big.len() / 20];
            let end = bytes.len() * (step % 7 + 1) / 8;
            write(dir.path(), path, &bytes[..end]);
            assert_ends(
                try_check(dir.path()),
                &format!("{name}/{} cut at {end}", path.display()),
            );
            write(dir.path(), path, bytes);
        }
    }
}

fn few(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Delete,
    Double,
    /// Puts it behind the line that many lines further on.
    Move(usize),
    Indent,
    Dedent,
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let kind = prop_oneof![
        4 => Just(Edit::Delete),
        3 => Just(Edit::Double),
        2 => (1usize..40).prop_map(Edit::Move),
        1 => Just(Edit::Indent),
        1 => Just(Edit::Dedent),
    ];
    (any::<prop::sample::Index>(), kind)
}

fn apply(lines: &mut Vec<String>, at: usize, edit: &Edit) {
    match edit {
        Edit::Delete => {
            lines.remove(at);
        }
        Edit::Double => lines.insert(at, lines[at].clone()),
        Edit::Move(by) => {
            let line = lines.remove(at);
            lines.insert((at + by).min(lines.len()), line);
        }
        Edit::Indent => lines[at].insert_str(0, "    "),
        Edit::Dedent => lines[at] = lines[at].strip_prefix("    ").unwrap_or(&lines[at]).to_owned(),
    }
}

proptest! {
    #![proptest_config(few(400))]

    #[test]
    fn any_bytes_changed_are_read(
        project in 0..PROJECTS.len(),
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let (_, bytes) = &files(project)[file.index(files(project).len())];
        let mut bytes = bytes.clone();
        for (at, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        extract_lossily(&bytes);
    }
}

proptest! {
    #![proptest_config(few(60))]

    #[test]
    fn projects_with_mangled_bytes_are_checked(
        project in 0..PROJECTS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let dir = copy(PROJECTS[project]);
        let mut changed: Files = files(project).clone();
        for (file, at, byte) in changes {
            let bytes = &mut changed[file.index(files(project).len())].1;
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        for (path, bytes) in changed {
            write(dir.path(), path, bytes);
        }
        assert_ends(try_check(dir.path()), "mangled");
    }

    #[test]
    fn projects_with_lines_lost_and_moved_are_checked(
        project in 0..PROJECTS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 1..120),
    ) {
        let dir = copy(PROJECTS[project]);
        let mut changed: Vec<(PathBuf, Vec<String>)> = files(project)
            .iter()
            .map(|(path, bytes)| (path.clone(), String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()))
            .collect();
        let count = changed.len();
        for (file, (at, edit)) in edits {
            let lines = &mut changed[file.index(count)].1;
            if !lines.is_empty() {
                let at = at.index(lines.len());
                apply(lines, at, &edit);
            }
        }
        for (path, lines) in changed {
            write(dir.path(), path, lines.join("\n"));
        }
        assert_ends(try_check(dir.path()), "edited");
    }
}
