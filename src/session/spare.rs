//! Facts of an earlier state of a project, for files that still say the same.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

use crate::facts::FileFacts;

use super::reader::Way;

/// Facts by file; each can be taken once.
pub(super) struct Spare {
    files: Vec<File>,
    /// By hash of the text.
    places: FxHashMap<u64, Vec<usize>>,
}

struct File {
    way: Way,
    text: Arc<str>,
    facts: Mutex<Option<FileFacts>>,
}

impl Spare {
    pub(super) fn new(files: impl Iterator<Item = (Way, Arc<str>, FileFacts)>) -> Self {
        let files: Vec<File> = files
            .map(|(way, text, facts)| File {
                way,
                text,
                facts: Mutex::new(Some(facts)),
            })
            .collect();
        let mut places: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for (n, file) in files.iter().enumerate() {
            places.entry(hash(&file.text)).or_default().push(n);
        }
        Self { files, places }
    }

    /// The facts of a text, if some file had it and nobody took them.
    pub(super) fn take(&self, way: Way, text: &str) -> Option<FileFacts> {
        let places = self.places.get(&hash(text))?;
        places.iter().find_map(|n| {
            let file = &self.files[*n];
            if file.way != way || *file.text != *text {
                return None;
            }
            file.facts.lock().unwrap_or_else(PoisonError::into_inner).take()
        })
    }

    /// How a file was read, and its text.
    pub(super) fn of(&self, file: usize) -> Option<(Way, &str)> {
        self.files.get(file).map(|file| (file.way, &*file.text))
    }
}

fn hash(text: &str) -> u64 {
    FxBuildHasher.hash_one(text)
}
