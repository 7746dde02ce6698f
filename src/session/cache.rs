//! What a run keeps on disk for the next one over nearly the same project.
//!
//! A cache only ever saves time: one that is missing, of another build or of another project is as good as none, and so is
//! one that is damaged or cannot be written, which is a note. Nothing in it is trusted further than its checksum, so it belongs into a
//! directory that only the user writes to.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::analysis::{Kept, Options, forms_of_sets};
use crate::config::CachePlace;
use crate::discover::store;
use crate::facts::{FileFacts, Outline};
use crate::project::Project;
use crate::source::{FileId, without_places};

use super::reader::{Way, read};

/// Forms that calls of this and its variants name are looked for in all bodies at once.
const EVERYWHERE: &str = "formset_factory";

type Hash = [u8; 32];

/// One file of a project at the time of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Of its text, and of how it is read.
    text: Hash,
    outline: Option<Outline>,
}

/// What the last run over a project left, and where the next one looks for it.
pub(super) struct Cache {
    place: CachePlace,
    path: PathBuf,
    bytes: Vec<u8>,
    /// Where in `bytes` the last run is.
    run: Range<usize>,
    /// Where in `bytes` the facts of a file are, by its mark's text.
    facts: FxHashMap<Hash, Range<usize>>,
}

/// What is on disk.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    build: &'a str,
    /// A [`StoredRun`].
    run: &'a [u8],
    /// A [`StoredFile`] for each text.
    facts: Vec<(Hash, &'a [u8])>,
}

#[derive(Serialize, Deserialize)]
struct StoredRun {
    stamp: Hash,
    marks: Vec<Mark>,
    kept: Kept,
}

type StoredFile<F> = (Option<Outline>, F);

/// What a run is about.
pub(super) struct Run {
    /// Of all that has to be the same for anything to be reused.
    stamp: Hash,
    /// By `FileId`.
    marks: Vec<Mark>,
}

/// What of an earlier run still holds.
#[derive(Default)]
pub(super) struct Usable {
    pub kept: Kept,
    /// Files whose entry points have to run again; all if there is nothing to reuse.
    pub stale: Option<FxHashSet<FileId>>,
    /// Nothing changed at all.
    pub same: bool,
}

impl Cache {
    /// Reads what was left for the project in these directories. The text tells why something there cannot be used.
    pub(super) fn open(place: &CachePlace, roots: &[PathBuf]) -> (Self, Option<String>) {
        let path = path(place, roots);
        let mut cache = Self {
            place: place.clone(),
            path,
            bytes: Vec::new(),
            run: 0..0,
            facts: FxHashMap::default(),
        };
        let unusable = |path: &Path, reason: &str| {
            format!(
                "what the last run kept in {} is not used: {reason}",
                path.display()
            )
        };
        let bytes = match store::read(&cache.path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (cache, None),
            Err(reason) => {
                let note = unusable(&cache.path, &reason);
                return (cache, Some(note));
            }
        };
        let Ok(stored) = postcard::from_bytes::<Stored<'_>>(&bytes) else {
            let note = unusable(&cache.path, "it is damaged");
            return (cache, Some(note));
        };
        if stored.build == place.build {
            let range = |part: &[u8]| {
                let start = part.as_ptr().addr() - bytes.as_ptr().addr();
                start..start + part.len()
            };
            cache.run = range(stored.run);
            cache.facts = stored
                .facts
                .iter()
                .map(|(text, part)| (*text, range(part)))
                .collect();
            cache.bytes = bytes;
        }
        (cache, None)
    }

    /// The facts of a text read in some way: those of an earlier run, or fresh ones.
    pub(super) fn facts(&self, way: Way, text: &str) -> (FileFacts, Mark) {
        let digest: Hash = Sha256::new()
            .chain_update(way.to_string())
            .chain_update([0])
            .chain_update(text)
            .finalize()
            .into();
        let known = self.facts.get(&digest).and_then(|at| {
            let stored: StoredFile<FileFacts> = postcard::from_bytes(self.bytes.get(at.clone())?).ok()?;
            Some(stored)
        });
        let (outline, facts) = known.unwrap_or_else(|| {
            let facts = read(way, text);
            (outline(text, &facts), facts)
        });
        let mark = Mark {
            text: digest,
            outline,
        };
        (facts, mark)
    }

    /// What the last run left that still holds for this one.
    pub(super) fn recall(&self, run: &Run) -> Usable {
        let stored = self.bytes.get(self.run.clone());
        let Some(stored) = stored.and_then(|bytes| postcard::from_bytes::<StoredRun>(bytes).ok()) else {
            return Usable::default();
        };
        let known = stored.stamp == run.stamp && stored.marks.len() == run.marks.len();
        let pairs = || run.marks.iter().zip(&stored.marks);
        if !known || pairs().any(|(new, old)| new.outline.is_none() || new.outline != old.outline) {
            return Usable::default();
        }
        let changed: FxHashSet<FileId> = pairs()
            .enumerate()
            .filter(|(_, (new, old))| new.text != old.text)
            .map(|(n, _)| FileId(n as u32))
            .collect();
        let stale = stored.kept.stale(&changed);
        Usable {
            same: changed.is_empty(),
            kept: stored.kept.without(&stale),
            stale: Some(stale),
        }
    }

    /// Leaves the facts of all files, and what a run has found, for the next one. An error tells why that was not possible.
    pub(super) fn leave(&self, run: Run, project: &Project, kept: Kept) -> Result<(), String> {
        let files: Vec<(Hash, Cow<'_, [u8]>)> = run
            .marks
            .par_iter()
            .enumerate()
            .map(|(n, mark)| {
                let known = self
                    .facts
                    .get(&mark.text)
                    .and_then(|at| self.bytes.get(at.clone()));
                let bytes = known.map_or_else(
                    || {
                        let stored: StoredFile<&FileFacts> =
                            (mark.outline, &project.file(FileId(n as u32)).facts);
                        postcard::to_stdvec(&stored).map(Cow::Owned)
                    },
                    |known| Ok(Cow::Borrowed(known)),
                );
                bytes.map(|bytes| (mark.text, bytes))
            })
            .collect::<Result<_, _>>()
            .map_err(|error: postcard::Error| error.to_string())?;
        let stored = StoredRun {
            stamp: run.stamp,
            marks: run.marks,
            kept,
        };
        let stored = postcard::to_stdvec(&stored).map_err(|error| error.to_string())?;
        let all = Stored {
            build: &self.place.build,
            run: &stored,
            facts: files.iter().map(|(text, bytes)| (*text, &**bytes)).collect(),
        };
        let payload = postcard::to_stdvec(&all).map_err(|error| error.to_string())?;
        store::write(&self.path, &self.place.dir, &payload)
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

impl Run {
    /// A run over a project whose files have these marks.
    pub(super) fn of(project: &Project, marks: Vec<Mark>, options: Options) -> Self {
        Self {
            stamp: stamp(project, options),
            marks,
        }
    }
}

/// A digest of all that has to be the same for anything to be reused, besides declarations.
pub(super) fn stamp(project: &Project, options: Options) -> [u8; 32] {
    let mut stamp = Sha256::new();
    let mut add = |text: &str| {
        stamp.update((text.len() as u64).to_le_bytes());
        stamp.update(text.as_bytes());
    };
    add(&format!("{options:?} {:?}", project.hints));
    for file in project.file_ids().map(|id| project.file(id)) {
        add(&format!("{} {} {:?}", file.path, file.module, file.part));
    }
    // Targets may be written in bodies.
    for relation in project.relations() {
        add(&format!("{:?} {:?}", relation.target, relation.through));
    }
    stamp.finalize().into()
}

/// The outline of a file, with what all files are asked for at once.
fn outline(text: &str, facts: &FileFacts) -> Option<Outline> {
    let outline = facts.outline()?;
    if !text.contains(EVERYWHERE) {
        return Some(outline);
    }
    let forms = without_places(|| postcard::to_stdvec(&forms_of_sets(facts))).ok()?;
    Some(
        Sha256::new()
            .chain_update(outline)
            .chain_update(forms)
            .finalize()
            .into(),
    )
}

/// The file that holds what is known of the project in these directories.
fn path(place: &CachePlace, roots: &[PathBuf]) -> PathBuf {
    let mut name = Sha256::new();
    for root in roots {
        name.update(root.as_os_str().as_encoded_bytes());
        name.update([0]);
    }
    let name: String = name
        .finalize()
        .iter()
        .take(12)
        .map(|b| format!("{b:02x}"))
        .collect();
    place.dir.join(env!("CARGO_PKG_VERSION")).join(name)
}
