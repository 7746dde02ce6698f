//! Which findings have a fix, and which of the fixes would be made.

use super::View;
use super::diagnostic::Diagnostic;
use crate::fix::Safety;

/// Counts of findings with a fix that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixable {
    /// Would be made as things are.
    pub now: usize,
    /// Would be made with unsafe fixes besides.
    pub hidden: usize,
    applicable: Safety,
}

impl Fixable {
    pub fn all(self) -> usize {
        self.now + self.hidden
    }

    /// Whether the fix of a finding would be made as things are.
    pub fn has(self, diagnostic: &Diagnostic) -> bool {
        reaches(diagnostic, self.applicable)
    }
}

/// Counts the findings of a view by what may be done about them.
pub fn fixable(view: &View<'_>) -> Fixable {
    let count = |least| view.diagnostics.iter().filter(|d| reaches(d, least)).count();
    let now = count(view.applicable);
    Fixable {
        now,
        hidden: count(Safety::Unsafe) - now,
        applicable: view.applicable,
    }
}

fn reaches(diagnostic: &Diagnostic, least: Safety) -> bool {
    diagnostic
        .fix
        .as_ref()
        .is_some_and(|fix| fix.safety.reaches(least))
}
