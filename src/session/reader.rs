//! Facts of files, taken from the last run where it has them.

use std::fmt;

use crate::facts::{Dialect, FileFacts};
use crate::lower;
use crate::lower::python::Depth;

use super::cache::{Cache, Mark};
use super::spare::Spare;

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Python,
    /// Python without the bodies of functions.
    Declarations,
    /// A template in one dialect, or in the other one if that explains more of it.
    Template(Dialect, Option<Dialect>),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python => f.write_str("python"),
            Self::Declarations => f.write_str("declarations"),
            Self::Template(dialect, other) => write!(f, "{dialect:?} {other:?}"),
        }
    }
}

/// The facts of a text.
pub(super) fn read(way: Way, text: &str) -> FileFacts {
    match way {
        Way::Python => lower::python::extract(text, Depth { bodies: true }),
        Way::Declarations => lower::python::extract(text, Depth { bodies: false }),
        Way::Template(dialect, other) => {
            let read = lower::template::extract(text, dialect);
            if read.errors.is_empty() {
                return read;
            }
            other
                .map(|other| lower::template::extract(text, other))
                .filter(|again| again.errors.len() < read.errors.len())
                .unwrap_or(read)
        }
    }
}

/// Reads texts, or knows what was read from them before.
#[derive(Clone, Copy)]
pub(super) enum Reader<'c> {
    Fresh,
    /// As an earlier run left it on disk.
    Cached(&'c Cache),
    /// As this process has it.
    Spare(&'c Spare),
}

impl Reader<'_> {
    pub(super) fn read(&self, way: Way, text: &str) -> (FileFacts, Mark) {
        match self {
            Self::Fresh => (read(way, text), Mark::default()),
            Self::Cached(cache) => cache.facts(way, text),
            Self::Spare(spare) => {
                let facts = spare.take(way, text);
                (facts.unwrap_or_else(|| read(way, text)), Mark::default())
            }
        }
    }
}
