//! Another state of the project, laid over the one on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

/// Texts that count instead of what is on disk, by absolute path.
///
/// A Python file that is not on disk is one of the project if it lies beside one that is; with
/// [`everywhere`](Self::everywhere) it is one wherever it lies below a root, and so are templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    texts: BTreeMap<PathBuf, Arc<str>>,
    /// Files that count as not there.
    pub absent: BTreeSet<PathBuf>,
    pub everywhere: bool,
}

impl Overlay {
    pub fn new() -> Self {
        Self::default()
    }
}

impl Deref for Overlay {
    type Target = BTreeMap<PathBuf, Arc<str>>;

    fn deref(&self) -> &Self::Target {
        &self.texts
    }
}

impl DerefMut for Overlay {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.texts
    }
}

impl<const N: usize> From<[(PathBuf, Arc<str>); N]> for Overlay {
    fn from(texts: [(PathBuf, Arc<str>); N]) -> Self {
        Self {
            texts: texts.into(),
            ..Self::default()
        }
    }
}
