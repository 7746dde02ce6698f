//! The registry: one line a rule. Each rule asks the analysis for events and turns them into findings.

use crate::report::diagnostic::Severity;

/// A rule's identity, as its card in `rules/` tells it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub name: &'static str,
    pub code: &'static str,
    pub group: &'static str,
    pub severity: Severity,
    /// On only with `--preview`.
    pub preview: bool,
    /// The Markdown card, front matter included.
    pub card: &'static str,
}

/// All rules, ordered by code.
pub fn all() -> &'static [Rule] {
    &[]
}
