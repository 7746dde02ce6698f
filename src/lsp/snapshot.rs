//! The last findings of a project, by file, with the stamps of the documents that they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::worker::Stamps;
use crate::discover::absolute;
use crate::report::diagnostic::Diagnostic;
use crate::session::{Ahead, Outcome};
use crate::source::{FileId, SourceFile, SourceSet};

/// What is known of a project.
#[derive(Default)]
pub(super) struct Snapshot {
    outcome: Option<Arc<Outcome>>,
    stamps: Stamps,
    files: FxHashMap<PathBuf, FileId>,
    /// Places in all findings, by the file that they are in.
    by_file: FxHashMap<FileId, Vec<usize>>,
    /// Early findings of single documents.
    ahead: BTreeMap<PathBuf, (u64, Ahead)>,
    cwd: PathBuf,
}

/// One file with its findings.
#[derive(Clone)]
pub(super) struct Page<'s> {
    pub sources: &'s SourceSet,
    pub cwd: &'s Path,
    pub file: FileId,
    pub diagnostics: Vec<&'s Diagnostic>,
}

impl<'s> Page<'s> {
    pub fn source(&self) -> &'s SourceFile {
        self.sources.get(self.file)
    }

    /// The absolute path of a file that findings name.
    pub fn path_of(&self, file: FileId) -> PathBuf {
        absolute(self.cwd, Path::new(&self.sources.get(file).path))
    }
}

impl Snapshot {
    /// Takes the findings of the whole project; those that are known already are as good as none.
    pub fn settle(&mut self, outcome: Arc<Outcome>, known: &[bool], stamps: Stamps, cwd: &Path) {
        self.files = outcome
            .files
            .iter()
            .enumerate()
            .map(|(i, info)| (info.absolute.clone(), FileId(i as u32)))
            .collect();
        self.by_file.clear();
        for (i, diagnostic) in all(&outcome).enumerate() {
            if known.get(i).copied().unwrap_or(false) {
                continue;
            }
            self.by_file.entry(diagnostic.file).or_default().push(i);
        }
        self.ahead
            .retain(|path, (stamp, _)| stamps.texts.get(path).is_some_and(|settled| settled < stamp));
        self.outcome = Some(outcome);
        self.stamps = stamps;
        self.cwd = cwd.to_path_buf();
    }

    /// Takes early findings, unless those that are there are for a later text.
    pub fn take_ahead(&mut self, path: PathBuf, stamp: u64, ahead: Ahead) -> bool {
        if self.stamp(&path).is_some_and(|known| known >= stamp) {
            return false;
        }
        self.ahead.insert(path, (stamp, ahead));
        true
    }

    /// Nothing is found any more, in the texts of these stamps.
    pub fn clear(&mut self, stamps: Stamps) {
        *self = Self {
            stamps,
            cwd: std::mem::take(&mut self.cwd),
            ..Self::default()
        };
    }

    /// Nothing newer is known: what is there stands, but not in texts that were edited since.
    pub fn keep(&mut self, stamps: Stamps) {
        self.ahead.clear();
        let edited = |path: &&PathBuf| self.stamps.texts.get(*path) != stamps.texts.get(*path);
        let all: BTreeSet<&PathBuf> = self.stamps.texts.keys().chain(stamps.texts.keys()).collect();
        for path in all.into_iter().filter(edited) {
            if let Some(file) = self.files.get(path) {
                self.by_file.remove(file);
            }
        }
        self.stamps = stamps;
    }

    pub fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.outcome.as_ref()
    }

    /// The stamp of the text of a document that its findings are for.
    pub fn stamp(&self, path: &Path) -> Option<u64> {
        let settled = self.stamps.texts.get(path).copied();
        self.ahead.get(path).map(|(stamp, _)| *stamp).max(settled)
    }

    /// The same, for all findings of the project.
    pub fn settled_stamp(&self, path: &Path) -> Option<u64> {
        self.stamps.texts.get(path).copied()
    }

    /// What is known of a file; nothing if it is none of the project.
    pub fn page(&self, path: &Path) -> Option<Page<'_>> {
        if let Some((_, ahead)) = self.ahead.get(path) {
            let of_path =
                |file: FileId| absolute(&self.cwd, Path::new(&ahead.sources.get(file).path)) == path;
            let file = ahead
                .diagnostics
                .first()
                .map(|d| d.file)
                .filter(|file| of_path(*file));
            let file = file.or_else(|| ahead.sources.iter().map(|(id, _)| id).find(|id| of_path(*id)))?;
            return Some(Page {
                sources: &ahead.sources,
                cwd: &self.cwd,
                file,
                diagnostics: ahead.diagnostics.iter().filter(|d| d.file == file).collect(),
            });
        }
        let outcome = self.outcome.as_ref()?;
        let file = *self.files.get(path)?;
        let places = self.by_file.get(&file).map_or(&[][..], Vec::as_slice);
        let diagnostics = places.iter().filter_map(|i| nth(outcome, *i)).collect();
        Some(Page {
            sources: &outcome.sources,
            cwd: &self.cwd,
            file,
            diagnostics,
        })
    }

    /// Findings in other files whose evidence stands in one.
    pub fn led_from(&self, path: &Path) -> Vec<&Diagnostic> {
        let Some((outcome, file)) = self.outcome.as_ref().zip(self.files.get(path)) else {
            return Vec::new();
        };
        let led = |d: &&Diagnostic| d.file != *file && d.labels.iter().any(|label| label.site.file == *file);
        let mut shown: Vec<usize> = self.by_file.values().flatten().copied().collect();
        shown.sort_unstable();
        shown
            .into_iter()
            .filter_map(|i| nth(outcome, i))
            .filter(led)
            .collect()
    }

    /// Files that have findings, ordered.
    pub fn found_in(&self) -> Vec<&Path> {
        let files = self.by_file.keys().copied();
        let mut paths: Vec<&Path> = files.filter_map(|file| self.path(file)).collect();
        paths.sort_unstable();
        paths
    }

    fn path(&self, file: FileId) -> Option<&Path> {
        let info = self.outcome.as_ref()?.files.get(file.0 as usize)?;
        Some(&info.absolute)
    }
}

/// The rest of the project is part of what an editor shows.
fn all(outcome: &Outcome) -> impl Iterator<Item = &Diagnostic> {
    outcome.diagnostics.iter().chain(&outcome.elsewhere)
}

fn nth(outcome: &Outcome, i: usize) -> Option<&Diagnostic> {
    let behind = i.checked_sub(outcome.diagnostics.len());
    match behind {
        None => outcome.diagnostics.get(i),
        Some(behind) => outcome.elsewhere.get(behind),
    }
}
