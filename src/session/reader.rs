//! Facts of files, taken from the last run where it has them.

use crate::facts::{Dialect, FileFacts};
use crate::lower;
use crate::lower::python::Depth;

use super::cache::{Cache, Mark};

/// Reads texts, with or without a cache.
pub(super) struct Reader<'c>(pub Option<&'c Cache>);

impl Reader<'_> {
    fn read(&self, way: &str, text: &str, extract: impl FnOnce() -> FileFacts) -> (FileFacts, Mark) {
        match self.0 {
            Some(cache) => cache.facts(way, text, extract),
            None => (extract(), Mark::default()),
        }
    }

    pub(super) fn python(&self, text: &str, depth: Depth) -> (FileFacts, Mark) {
        let way = if depth.bodies { "python" } else { "declarations" };
        self.read(way, text, || lower::python::extract(text, depth))
    }

    /// A template in one dialect, or in the other one if that explains more of it.
    pub(super) fn template(&self, text: &str, dialect: Dialect, other: Option<Dialect>) -> (FileFacts, Mark) {
        self.read(&format!("{dialect:?} {other:?}"), text, || {
            let read = lower::template::extract(text, dialect);
            if read.errors.is_empty() {
                return read;
            }
            other
                .map(|other| lower::template::extract(text, other))
                .filter(|again| again.errors.len() < read.errors.len())
                .unwrap_or(read)
        })
    }
}
