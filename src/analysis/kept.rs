//! What an analysis leaves for the next one: what the entry points of each file said, and which files that rests on.
//!
//! It holds for a project with the same declarations. Where the bodies of files differ, the entry points that rest on
//! them have to run again; [`Kept::stale`] tells which. It knows no disk; `session` keeps it there.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::source::FileId;

use super::trace::{Node, Noted};

/// What was said, in groups, and by whom.
#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Kept {
    groups: Vec<Vec<Noted>>,
    units: Vec<Unit>,
}

/// The entry points of one file.
#[derive(Debug, Serialize, Deserialize)]
struct Unit {
    file: FileId,
    /// Sorted; they and the functions below them use the bodies of these files.
    reads: Vec<FileId>,
    /// Indices of groups.
    said: Vec<u32>,
}

impl Kept {
    /// Files whose entry points may say something else now that the bodies of `changed` files are others.
    pub fn stale(&self, changed: &FxHashSet<FileId>) -> FxHashSet<FileId> {
        let stale = self
            .units
            .iter()
            .filter(|unit| unit.reads.iter().any(|file| changed.contains(file)));
        stale
            .map(|unit| unit.file)
            .chain(changed.iter().copied())
            .collect()
    }

    /// Forgets what the entry points of some files said.
    #[must_use]
    pub fn without(mut self, stale: &FxHashSet<FileId>) -> Self {
        self.units.retain(|unit| !stale.contains(&unit.file));
        let mut used = vec![false; self.groups.len()];
        for group in self.units.iter().flat_map(|unit| &unit.said) {
            used[*group as usize] = true;
        }
        let mut used = used.into_iter();
        let mut place = 0;
        let places: Vec<u32> = used
            .clone()
            .map(|is_used| {
                let at = place;
                place += u32::from(is_used);
                at
            })
            .collect();
        self.groups.retain(|_| used.next().unwrap_or(false));
        for group in self.units.iter_mut().flat_map(|unit| &mut unit.said) {
            *group = places[*group as usize];
        }
        self
    }

    /// The number of files whose entry points have said something.
    pub fn files(&self) -> usize {
        self.units.len()
    }

    /// Adds what entry points said in a run, by the files that they stand in.
    pub(super) fn add(&mut self, roots: &[(FileId, Arc<Node>)]) {
        let mut by_file: FxHashMap<FileId, Vec<&Arc<Node>>> = FxHashMap::default();
        for (file, node) in roots {
            by_file.entry(*file).or_default().push(node);
        }
        let mut by_file: Vec<(FileId, Vec<&Arc<Node>>)> = by_file.into_iter().collect();
        by_file.sort_unstable_by_key(|(file, _)| *file);
        let found: Vec<(FileId, Below<'_>)> = by_file
            .into_par_iter()
            .map(|(file, roots)| (file, Below::of(roots)))
            .collect();
        let mut places: FxHashMap<*const Node, u32> = FxHashMap::default();
        for (file, below) in found {
            let said = below.said.iter().map(|node| {
                *places.entry(std::ptr::from_ref(*node)).or_insert_with(|| {
                    self.groups.push(node.noted().to_vec());
                    self.groups.len() as u32 - 1
                })
            });
            self.units.push(Unit {
                file,
                said: said.collect(),
                reads: below.reads,
            });
        }
    }

    pub(super) fn noted(&self) -> impl Iterator<Item = &Noted> {
        self.groups.iter().flatten()
    }
}

/// What the entry points of one file lead to.
struct Below<'n> {
    reads: Vec<FileId>,
    said: Vec<&'n Node>,
}

impl<'n> Below<'n> {
    fn of(roots: Vec<&'n Arc<Node>>) -> Self {
        let mut reads: FxHashSet<FileId> = FxHashSet::default();
        let mut said = Vec::new();
        let mut seen: FxHashSet<*const Node> = FxHashSet::default();
        let mut open = roots;
        while let Some(node) = open.pop() {
            if !seen.insert(Arc::as_ptr(node)) {
                continue;
            }
            reads.extend(node.reads().iter().map(|(file, _)| *file));
            if !node.noted().is_empty() {
                said.push(&**node);
            }
            open.extend(node.asked());
        }
        let mut reads: Vec<FileId> = reads.into_iter().collect();
        reads.sort_unstable();
        Self { reads, said }
    }
}
