//! A run that takes over what an earlier one kept says what a fresh one says.

use std::fs;
use std::path::{Path, PathBuf};

use djperf::config::CachePlace;
use djperf::session::{self, Outcome, SessionError};

use crate::support::{PROJECTS, copy, document, files_below, request, try_check, write};

fn place(dir: &Path) -> CachePlace {
    CachePlace {
        dir: dir.to_path_buf(),
        build: "test".to_owned(),
    }
}

fn check_with(dir: &Path, cache: &Path) -> Result<Outcome, SessionError> {
    let mut request = request(dir, &["."]);
    request.config.cache = Some(place(cache));
    session::check(&request)
}

#[track_caller]
fn assert_same(kept: &Outcome, fresh: &Outcome, what: &str) {
    let (kept, fresh) = (document(kept), document(fresh));
    let differ: Vec<_> = kept
        .lines()
        .zip(fresh.lines())
        .filter(|(a, b)| a != b)
        .take(9)
        .collect();
    assert!(kept == fresh, "{what}: kept and fresh differ: {differ:#?}");
}

/// Small numbers that look like chance and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn words(text: &str) -> Vec<&str> {
    let all = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    all.filter(|word| word.len() > 2).collect()
}

/// What somebody might type: a line more, a line less, lines in another order, another name.
pub fn typed(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return "x = 1\n".to_owned();
    }
    let at = dice.below(lines.len());
    match dice.below(7) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at].clone()),
        2 => lines.insert(at, String::new()),
        3 => {
            let other = dice.below(lines.len());
            if indent(&lines[at]) == indent(&lines[other]) {
                lines.swap(at, other);
            }
        }
        4 => {
            let lookups = [
                (".all()", ".filter(pk=1)"),
                (".filter(", ".exclude("),
                ("select_related(", "prefetch_related("),
                (".count()", ".exists()"),
                ("return ", "return list(x for x in []) or "),
            ];
            let (old, new) = lookups[dice.below(lookups.len())];
            return text.replacen(old, new, 1 + dice.below(2));
        }
        _ => {
            let known = words(text);
            let line = lines[at].clone();
            if let (Some(old), false) = (words(&line).last(), known.is_empty()) {
                lines[at] = line.replacen(old, known[dice.below(known.len())], 1);
            }
        }
    }
    lines.join("\n") + "\n"
}

/// More by `DJPERF_EDITS`.
fn edits() -> usize {
    std::env::var("DJPERF_EDITS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(25)
}

#[test]
fn whatever_is_typed_between_two_runs() {
    let mut reused = 0;
    for (n, project) in PROJECTS.iter().enumerate() {
        let (dir, cache) = (copy(project), tempfile::tempdir().unwrap());
        let mut files: Vec<PathBuf> = files_below(dir.path());
        files.retain(|file| file.extension().is_some_and(|e| e == "py" || e == "html"));
        let mut dice = Dice(0x9e37_79b9 + n as u64);
        check_with(dir.path(), cache.path()).unwrap();
        let mut touched: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for edit in 0..edits() {
            if edit % 8 == 7 {
                for (file, text) in touched.drain(..).rev() {
                    write(dir.path(), file, text);
                }
            }
            let file = &files[dice.below(files.len())];
            let old = fs::read(dir.path().join(file)).unwrap();
            let new = typed(&String::from_utf8_lossy(&old), &mut dice);
            write(dir.path(), file, &new);
            touched.push((file.clone(), old));
            let what = format!("{project}: edit {edit} of {}", file.display());
            match (check_with(dir.path(), cache.path()), try_check(dir.path())) {
                (Ok(kept), Ok(fresh)) => {
                    assert_same(&kept, &fresh, &what);
                    reused += usize::from(kept.reused > 0);
                }
                (Err(kept), Err(fresh)) => assert_eq!(kept.to_string(), fresh.to_string(), "{what}"),
                (kept, fresh) => panic!("{what}: {:?} {:?}", kept.err(), fresh.err()),
            }
        }
    }
    assert!(reused > edits(), "only {reused} runs had anything to take over");
}

#[test]
fn damaged_caches_are_none() {
    let (dir, cache) = (copy("shop"), tempfile::tempdir().unwrap());
    let fresh = check_with(dir.path(), cache.path()).unwrap();
    assert_eq!(fresh.reused, 0);
    let again = check_with(dir.path(), cache.path()).unwrap();
    assert!(again.reused > 0);
    assert_same(&again, &fresh, "again");
    let of_version = cache.path().join(env!("CARGO_PKG_VERSION"));
    let file = fs::read_dir(&of_version).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    for damage in [
        &whole[..0],
        &whole[..7],
        &whole[..whole.len() / 2],
        &[&whole[..200], &[whole[200] ^ 1], &whole[201..]].concat(),
        b"not a cache at all, but long enough",
    ] {
        fs::write(&file, damage).unwrap();
        let outcome = check_with(dir.path(), cache.path()).unwrap();
        assert_eq!(outcome.reused, 0);
        assert_same(&outcome, &fresh, "damaged");
    }
    let other = CachePlace {
        build: "other".to_owned(),
        ..place(cache.path())
    };
    let mut request = request(dir.path(), &["."]);
    request.config.cache = Some(other);
    assert_eq!(session::check(&request).unwrap().reused, 0);
}

#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    let (dir, cache) = (copy("press"), tempfile::tempdir().unwrap());
    let file = cache.path().join("taken");
    fs::write(&file, "a file where a directory should be").unwrap();
    let outcome = check_with(dir.path(), &file).unwrap();
    assert!(
        outcome.notes.iter().any(|note| note.contains("nothing was kept")),
        "{:?}",
        outcome.notes
    );
    assert_same(&outcome, &try_check(dir.path()).unwrap(), "unwritable");
}
