//! Which computations rest on what was edited, and which do not.
//!
//! Whoever types edits one function for a while. Nearly all that is known does not rest on it, so at the next key nobody
//! has to look at that again.

use std::sync::Arc;

use crate::source::FileId;

use super::super::trace::{self, Node, Noted, Piece, Read, Walk};
use super::{Changed, Changes};

/// Computations that entry points have asked, and that do not rest on what was edited in one file.
pub(super) struct Ground {
    pub file: FileId,
    edited: Changes,
    /// It has seen all of them.
    pub walk: Walk,
    /// What they said about the file.
    pub said: Vec<Noted>,
}

impl Ground {
    /// What is left beside some edits; `roots` are what entry points know that do not rest on them.
    pub fn new<'n>(file: FileId, edited: Changes, roots: impl Iterator<Item = &'n Arc<Node>>) -> Self {
        let mut said = Vec::new();
        let walk = trace::each_outside(roots, Walk::lasting(), None, |node| {
            let about = node.noted().iter().filter(|noted| noted.is_about(file));
            said.extend(about.cloned());
        });
        Self {
            file,
            edited,
            walk,
            said,
        }
    }

    /// Whether changes are edits in the same place.
    pub fn is_beside(&self, changes: &Changes) -> bool {
        self.edited == *changes
    }
}

/// Which computations rest on something that changed.
pub(super) struct Stale<'c> {
    changes: &'c Changes,
    ground: Option<&'c Walk>,
    walk: Walk,
}

impl<'c> Stale<'c> {
    /// Nothing in `ground` rests on these changes.
    pub fn new(changes: &'c Changes, ground: Option<&'c Ground>) -> Self {
        Self {
            changes,
            ground: ground.map(|ground| &ground.walk),
            walk: Walk::new(),
        }
    }

    pub fn is(&self, node: &Node) -> bool {
        if self.ground.is_some_and(|ground| ground.known(node).is_some()) {
            return false;
        }
        if let Some(known) = self.walk.known(node) {
            return known;
        }
        let stale = node.reads().iter().any(|read| self.has_read(*read))
            || node.asked().iter().any(|asked| self.is(asked));
        self.walk.know(node, stale);
        stale
    }

    fn has_read(&self, (file, piece): Read) -> bool {
        match (self.changes.get(&file), piece) {
            (None, _) => false,
            (Some(Changed::Bodies(bodies)), Piece::Body(body)) => bodies.contains(&body),
            (Some(Changed::Bodies(_)), Piece::Declarations) => false,
            (Some(_), _) => true,
        }
    }
}
