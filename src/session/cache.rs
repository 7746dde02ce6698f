//! What a run keeps on disk for the next one over nearly the same project.
//!
//! A cache only ever saves time: one that is missing, damaged, of another build or of other settings is as good as none,
//! and one that cannot be written is a note. Nothing in it is trusted further than its checksum, so it belongs into a
//! directory that only the user writes to.

use std::io::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::analysis::{Kept, Options};
use crate::config::CachePlace;
use crate::facts::Outline;
use crate::project::{Part, Project};
use crate::source::{FileId, SourceSet};

/// The first bytes of every cache file.
const MAGIC: &[u8; 8] = b"djperf\x00\x01";
/// Its text makes backup tools leave the directory alone, see <https://bford.info/cachedir/>.
const TAG: (&str, &str) = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache of djperf.\n",
);
/// A function that reads all bodies at once looks for calls with this in their name.
const EVERYWHERE: &str = "formset_factory";

type Hash = [u8; 32];

/// One file of a project at the time of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Mark {
    text: Hash,
    outline: Option<Outline>,
}

/// What a run was about.
pub(super) struct Run {
    /// Of all that has to be the same for anything to be reused.
    stamp: Hash,
    /// By `FileId`, built-in knowledge left out.
    marks: Vec<Mark>,
}

/// What is on disk.
#[derive(Serialize, Deserialize)]
struct Stored {
    stamp: Hash,
    marks: Vec<Mark>,
    kept: Kept,
}

/// What of an earlier run still holds.
pub(super) struct Usable {
    pub kept: Kept,
    /// Files whose entry points have to run again; all if there is nothing to reuse.
    pub stale: Option<FxHashSet<FileId>>,
    /// Nothing changed at all.
    pub same: bool,
}

impl Run {
    pub(super) fn of(place: &CachePlace, project: &Project, sources: &SourceSet, options: Options) -> Self {
        let files: Vec<FileId> = project
            .file_ids()
            .filter(|file| project.file(*file).part != Part::Stub)
            .collect();
        let marks = files
            .par_iter()
            .map(|file| {
                let text = &sources.get(*file).text;
                let digest: Hash = Sha256::digest(text.as_bytes()).into();
                let outline = if text.contains(EVERYWHERE) {
                    Some(digest)
                } else {
                    project.file(*file).facts.outline()
                };
                Mark {
                    text: digest,
                    outline,
                }
            })
            .collect();
        let mut stamp = Sha256::new();
        let mut add = |text: &str| {
            stamp.update((text.len() as u64).to_le_bytes());
            stamp.update(text.as_bytes());
        };
        add(&place.build);
        add(&format!("{options:?} {:?}", project.hints));
        for file in files {
            let file = project.file(file);
            add(&format!("{} {} {:?}", file.path, file.module, file.part));
        }
        for relation in project.relations() {
            add(&format!("{:?} {:?}", relation.target, relation.through));
        }
        Self {
            stamp: stamp.finalize().into(),
            marks,
        }
    }

    /// What the last run left that still holds for this one.
    pub(super) fn recall(&self, path: &Path) -> Usable {
        let nothing = || Usable {
            kept: Kept::default(),
            stale: None,
            same: false,
        };
        let Some(stored) = read(path) else {
            return nothing();
        };
        let known = stored.stamp == self.stamp && stored.marks.len() == self.marks.len();
        let pairs = || self.marks.iter().zip(&stored.marks);
        if !known || pairs().any(|(new, old)| new.outline.is_none() || new.outline != old.outline) {
            return nothing();
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

    /// Leaves what a run has found for the next one. An error tells why that was not possible.
    pub(super) fn leave(self, path: &Path, kept: Kept) -> Result<(), String> {
        let stored = Stored {
            stamp: self.stamp,
            marks: self.marks,
            kept,
        };
        let payload = postcard::to_stdvec(&stored).map_err(|error| error.to_string())?;
        write(path, &payload).map_err(|error| error.to_string())
    }
}

/// The file that holds what is known of the project in these directories.
pub(super) fn path(place: &CachePlace, roots: &[PathBuf]) -> PathBuf {
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

fn read(path: &Path) -> Option<Stored> {
    let bytes = std::fs::read(path).ok()?;
    let (head, payload) = bytes.split_at_checked(MAGIC.len() + 4)?;
    let (magic, sum) = head.split_at(MAGIC.len());
    if magic != MAGIC || sum != crc32fast::hash(payload).to_le_bytes() {
        return None;
    }
    postcard::from_bytes(payload).ok()
}

fn write(path: &Path, payload: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    if let Some(top) = dir.parent() {
        let tag = top.join(TAG.0);
        if !tag.exists() {
            std::fs::write(tag, TAG.1)?;
        }
    }
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(MAGIC)?;
    file.write_all(&crc32fast::hash(payload).to_le_bytes())?;
    file.write_all(payload)?;
    file.persist(path)?;
    Ok(())
}
