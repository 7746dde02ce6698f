//! Rounds over a toy analysis: a finding for each word of a small language, with a fix that its name describes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Fixing, fix_with, write};
use crate::config::Config;
use crate::discover::{FileInfo, FileKind};
use crate::fix::{Edit, Fix, Safety};
use crate::report::diagnostic::{Certainty, Diagnostic, Severity};
use crate::session::{Outcome, Request, SessionError};
use crate::source::{FileId, Site, SourceFile, Span};

/// Word, what its fix puts there, and how safe that is.
const WORDS: &[(&str, &str, Safety)] = &[
    ("old", "new", Safety::Safe),
    ("crash", "(", Safety::Safe),
    ("stay", "stay ", Safety::Safe),
    ("breed", "child", Safety::Safe),
    ("risky", "new", Safety::Unsafe),
    ("shown", "new", Safety::Display),
    ("everywhere", "new", Safety::Safe),
    ("imported", "new", Safety::Safe),
    ("wide", "new", Safety::Safe),
];

struct Toy {
    dir: TempDir,
    /// Files that are not asked for.
    outside: &'static [&'static str],
}

impl Toy {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::write(dir.path().join(path), text).unwrap();
        }
        Self { dir, outside: &[] }
    }

    fn run(&self, least: Safety) -> Fixing {
        let dir = self.dir.path().to_path_buf();
        let outside = self.outside;
        let request = Request {
            cwd: dir.clone(),
            paths: vec![dir.clone()],
            config: Config::default(),
            threads: None,
            overlay: Default::default(),
        };
        let analyse = move |request: &Request| Ok::<_, SessionError>(analyse(&dir, outside, request));
        fix_with(&analyse, &request, least).unwrap()
    }

    /// Fixes, writes, and tells the texts in the order of their names.
    fn fixed(&self, least: Safety) -> (Vec<String>, Fixing) {
        let fixing = self.run(least);
        write(&fixing.changes).unwrap();
        let texts = names(self.dir.path());
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
        (texts.iter().map(read).collect(), fixing)
    }
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

fn analyse(dir: &Path, outside: &[&str], request: &Request) -> Outcome {
    let mut outcome = Outcome {
        roots: vec![dir.to_path_buf()],
        ..Outcome::default()
    };
    for absolute in names(dir) {
        let path = absolute.file_name().unwrap().to_str().unwrap().to_owned();
        let text: Arc<str> = match request.overlay.get(&absolute) {
            Some(text) => Arc::clone(text),
            None => fs::read_to_string(&absolute).unwrap().into(),
        };
        outcome.files.push(FileInfo {
            project_path: path.clone(),
            kind: FileKind::Source,
            command: false,
            in_scope: !outside.contains(&path.as_str()),
            absolute,
        });
        outcome.sources.push(SourceFile::new(path, text));
    }
    let found: Vec<Diagnostic> = outcome
        .sources
        .iter()
        .flat_map(|(file, source)| {
            WORDS
                .iter()
                .chain(&[("child", "", Safety::Display)])
                .flat_map(|word| {
                    source
                        .text
                        .match_indices(word.0)
                        .map(|(at, _)| finding(file, at as u32, *word))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        })
        .collect();
    for diagnostic in found {
        let in_scope = outcome.files[diagnostic.file.0 as usize].in_scope;
        if in_scope {
            outcome.diagnostics.push(diagnostic);
        } else {
            outcome.elsewhere.push(diagnostic);
        }
    }
    outcome
        .diagnostics
        .sort_by_key(|diagnostic| (diagnostic.file, diagnostic.span));
    outcome
}

fn finding(file: FileId, at: u32, (word, new, safety): (&str, &str, Safety)) -> Diagnostic {
    let span = Span::new(at, at + word.len() as u32);
    let mut edits = vec![Edit::replace(Site::new(file, span), new)];
    match word {
        "everywhere" => edits.push(Edit::insert(FileId(1 - file.0), 0, "also = 1\n")),
        "imported" => edits.push(Edit::insert(file, 0, "import new\n")),
        "wide" => edits.push(Edit::insert(file, 0, "first = 1\n")),
        _ => {}
    }
    Diagnostic {
        rule: "toy",
        code: "TOY",
        group: "toys",
        severity: Severity::Info,
        certainty: Certainty::Certain,
        message: format!("{word} found"),
        help: None,
        file,
        span,
        model: None,
        relations: Vec::new(),
        fields: Vec::new(),
        queries: None,
        endpoints: Vec::new(),
        labels: Vec::new(),
        fix: (!new.is_empty()).then(|| Fix {
            safety,
            title: format!("replace {word}"),
            edits,
            migrations: Vec::new(),
        }),
    }
}

/// One file; its text after all safe fixes, and the rest of what fixing came to.
fn safe(text: &str) -> (String, Fixing) {
    let (mut texts, fixing) = Toy::new(&[("a.py", text)]).fixed(Safety::Safe);
    (texts.remove(0), fixing)
}

#[test]
fn safe_fixes_are_made_and_others_wait_to_be_asked_for() {
    let text = "a = old\nb = risky\nc = shown\nd = old\n";
    let (fixed, fixing) = safe(text);
    assert_eq!(fixed, "a = new\nb = risky\nc = shown\nd = new\n");
    assert_eq!((fixing.fixed.len(), fixing.outcome.diagnostics.len()), (2, 2));
    assert!(fixing.outcome.notes.is_empty());
    let (texts, fixing) = Toy::new(&[("a.py", text)]).fixed(Safety::Unsafe);
    assert_eq!(texts[0], "a = new\nb = new\nc = shown\nd = new\n");
    assert_eq!(fixing.fixed.len(), 3);
}

#[test]
fn fixes_that_meet_are_made_in_rounds() {
    let (fixed, fixing) = safe("a = [wide]\nb = [imported]\n");
    assert_eq!(fixed, "import new\nfirst = 1\na = [new]\nb = [new]\n");
    assert_eq!(fixing.fixed.len(), 2);
    let (fixed, _) = safe("a = [imported, imported]\n");
    assert_eq!(fixed, "import new\na = [new, new]\n");
}

#[track_caller]
fn one_does_not_work(bad: &str, reason: &str) {
    let text = format!("a = old\nb = [old, old]\nc = {bad}\nd = old\n");
    let (fixed, fixing) = safe(&text);
    assert_eq!(fixed, text.replace("old", "new"), "the others are made");
    assert_eq!(fixing.fixed.len(), 4);
    let notes = &fixing.outcome.notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(
        notes[0],
        format!("a.py:3: TOY was not fixed (replace {bad}): {reason}")
    );
    let left = fixing.outcome.diagnostics[0].fix.as_ref().unwrap();
    assert_eq!(left.safety, Safety::Display, "it is not offered again");
}

#[test]
fn fixes_that_do_not_work_are_found_out_and_not_made() {
    one_does_not_work("crash", "the file would not parse any more");
    one_does_not_work("stay", "the finding would remain");
    one_does_not_work("breed", "TOY would be found in a.py: child found");
}

#[test]
fn bad_fixes_alone_change_nothing() {
    let (fixed, fixing) = safe("a = crash\nb = breed\nc = stay\n");
    assert_eq!(fixed, "a = crash\nb = breed\nc = stay\n");
    assert!(fixing.changes.is_empty() && fixing.fixed.is_empty());
    assert_eq!(fixing.outcome.notes.len(), 3);
}

#[test]
fn a_fix_of_two_files_needs_both() {
    let both = |second: &str| {
        let toy = Toy::new(&[("a.py", "a = everywhere\nb = old\n"), ("b.py", second)]);
        toy.fixed(Safety::Safe).0
    };
    assert_eq!(both("x = 1\n"), ["a = new\nb = new\n", "also = 1\nx = 1\n"]);
    assert_eq!(both("x = (\n"), ["a = everywhere\nb = new\n", "x = (\n"]);
}

#[test]
fn files_that_were_not_asked_for_change_only_with_a_finding_that_was() {
    let mut toy = Toy::new(&[("a.py", "a = everywhere\n"), ("b.py", "b = old\n")]);
    toy.outside = &["b.py"];
    let (texts, _) = toy.fixed(Safety::Safe);
    assert_eq!(texts, ["a = new\n", "also = 1\nb = old\n"]);
}

#[test]
fn what_cannot_be_written_is_not_fixed_in_part() {
    let toy = Toy::new(&[("a.py", "a = everywhere\nb = old\n"), ("b.py", "x = older\n")]);
    let absolute = toy.dir.path().join("b.py");
    let dir = toy.dir.path().to_path_buf();
    let request = Request {
        cwd: dir.clone(),
        paths: vec![dir.clone()],
        config: Config::default(),
        threads: None,
        overlay: Default::default(),
    };
    let stale = absolute.clone();
    let analyse = move |request: &Request| {
        let mut request = request.clone();
        let text = request.overlay.entry(stale.clone());
        text.or_insert_with(|| "x = old\n".into());
        Ok(analyse(&dir, &[], &request))
    };
    let fixing = fix_with(&analyse, &request, Safety::Safe).unwrap();
    write(&fixing.changes).unwrap();
    assert_eq!(
        fs::read_to_string(toy.dir.path().join("a.py")).unwrap(),
        "a = everywhere\nb = new\n"
    );
    assert_eq!(fs::read_to_string(absolute).unwrap(), "x = older\n");
    assert_eq!(
        fixing.outcome.notes,
        ["b.py: not fixed: it changed since it was read"]
    );
}
