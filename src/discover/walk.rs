//! Walks a project: ignore files respected, links not followed, environments and caches left out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rustc_hash::FxHashSet;

use super::paths::display;

const SKIPPED_DIRS: [&str; 6] = [
    "node_modules",
    ".venv",
    "venv",
    "site-packages",
    "__pycache__",
    ".tox",
];

/// Endings of files that Django projects use as templates; settings decide which of them are.
pub const TEMPLATE_ENDINGS: [&str; 9] = ["html", "htm", "txt", "xml", "svg", "js", "j2", "jinja", "jinja2"];

/// What a walk found; unordered.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub python: Vec<PathBuf>,
    /// Files that may be templates, by their ending alone.
    pub templates: Vec<PathBuf>,
    pub notes: Vec<String>,
}

impl Found {
    pub(super) fn extend_from(&mut self, other: &Self) {
        self.python.extend_from_slice(&other.python);
        self.templates.extend_from_slice(&other.templates);
        self.notes.extend_from_slice(&other.notes);
    }

    /// Whether a Python file or a possible template was found at or below `path`.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.files().any(|file| file.starts_with(path))
    }

    /// Adds all paths that it [holds](Self::holds).
    pub(super) fn enter(&self, held: &mut FxHashSet<PathBuf>) {
        for file in self.files() {
            for part in file.ancestors() {
                if held.contains(part) {
                    break;
                }
                held.insert(part.to_path_buf());
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.python.iter().chain(&self.templates)
    }
}

/// The user's exclude globs.
#[derive(Debug, Clone, Default)]
pub(super) struct Excludes(Arc<GlobSet>);

impl Excludes {
    /// Also returns a note for each glob that cannot be read.
    pub(super) fn new(patterns: &[String]) -> (Self, Vec<String>) {
        let mut builder = GlobSetBuilder::new();
        let mut notes = Vec::new();
        for pattern in patterns {
            let trimmed = pattern.trim_start_matches("./").trim_end_matches('/');
            match GlobBuilder::new(trimmed).literal_separator(false).build() {
                Ok(glob) => {
                    builder.add(glob);
                }
                Err(error) => notes.push(format!("exclude pattern ignored: {error}")),
            }
        }
        match builder.build() {
            Ok(set) => (Self(Arc::new(set)), notes),
            Err(error) => {
                notes.push(format!("exclude patterns ignored: {error}"));
                (Self::default(), notes)
            }
        }
    }

    /// By its name, by its path from the root, by its path from the start directory or by its full path.
    fn matches(&self, path: &Path, root: &Path, cwd: &Path) -> bool {
        !self.0.is_empty()
            && (path.file_name().is_some_and(|name| self.0.is_match(name))
                || path.strip_prefix(root).is_ok_and(|rest| self.0.is_match(rest))
                || self.0.is_match(display(cwd, path))
                || self.0.is_match(path))
    }
}

/// All Python files and templates below `root`.
pub(super) fn walk(root: &Path, cwd: &Path, excludes: &Excludes) -> Found {
    let found = Mutex::new(Found::default());
    let (filter_root, filter_cwd, filter_excludes) =
        (root.to_path_buf(), cwd.to_path_buf(), excludes.clone());
    let walker = WalkBuilder::new(root)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .follow_links(false)
        .threads(rayon::current_num_threads().min(8))
        .filter_entry(move |entry| {
            entry.depth() == 0
                || !(is_skipped_dir(entry)
                    || filter_excludes.matches(entry.path(), &filter_root, &filter_cwd))
        })
        .build_parallel();
    walker.run(|| {
        let found = &found;
        Box::new(move |entry| {
            match entry {
                Ok(entry) => take(&entry, root, found),
                Err(error) => {
                    let note = walk_note(&error, cwd);
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .notes
                        .push(note);
                }
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One file that was asked for by name.
pub(super) fn single(path: &Path, cwd: &Path, excludes: &Excludes) -> Found {
    let mut found = Found::default();
    let excluded = path
        .ancestors()
        .take_while(|part| part.starts_with(cwd) && *part != cwd)
        .any(|part| excludes.matches(part, cwd, cwd));
    if !excluded {
        match Sort::of(path) {
            Some(Sort::Python) => found.python.push(path.to_path_buf()),
            Some(Sort::Template) => found.templates.push(path.to_path_buf()),
            None => {}
        }
    }
    found
}

fn is_skipped_dir(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && (SKIPPED_DIRS.iter().any(|name| entry.file_name() == *name)
            || entry.path().join("pyvenv.cfg").is_file())
}

/// Whether the walk of `root` would not look at a path, by its name alone.
pub(super) fn is_left_out(path: &Path, root: &Path, cwd: &Path, excludes: &Excludes) -> bool {
    let below = path.ancestors().take_while(|part| *part != root);
    let skipped = |part: &Path| {
        part.file_name()
            .is_some_and(|name| SKIPPED_DIRS.iter().any(|dir| name == *dir) || is_hidden(name))
    };
    !is_readable(path)
        || below
            .into_iter()
            .any(|part| skipped(part) || excludes.matches(part, root, cwd))
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether a file may be one of a project, by its ending.
pub(super) fn is_readable(path: &Path) -> bool {
    Sort::of(path).is_some()
}

/// What a file is, by its ending.
enum Sort {
    Python,
    Template,
}

impl Sort {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        match extension {
            "py" => Some(Self::Python),
            _ if TEMPLATE_ENDINGS.contains(&extension) => Some(Self::Template),
            _ => None,
        }
    }
}

/// Whether a file holds Python code, by its ending.
pub(super) fn is_python(path: &Path) -> bool {
    matches!(Sort::of(path), Some(Sort::Python))
}

fn take(entry: &DirEntry, root: &Path, found: &Mutex<Found>) {
    let path = entry.path();
    let Some(sort) = Sort::of(path) else { return };
    if !is_own_file(entry, root) {
        return;
    }
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    match sort {
        Sort::Python => found.python.push(path.to_path_buf()),
        Sort::Template => found.templates.push(path.to_path_buf()),
    }
}

/// A regular file, or a link to one that the walk does not reach itself.
fn is_own_file(entry: &DirEntry, root: &Path) -> bool {
    let Some(kind) = entry.file_type() else {
        return false;
    };
    if !kind.is_symlink() {
        return kind.is_file();
    }
    let Ok(real) = entry.path().canonicalize() else {
        return false;
    };
    real.is_file() && !root.canonicalize().is_ok_and(|root| real.starts_with(root))
}

fn walk_note(error: &ignore::Error, cwd: &Path) -> String {
    let reason = error
        .io_error()
        .map_or_else(|| error.to_string(), ToString::to_string);
    match error_path(error) {
        Some(path) => format!("{}: skipped: {reason}", display(cwd, path)),
        None => format!("skipped: {reason}"),
    }
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => None,
    }
}
