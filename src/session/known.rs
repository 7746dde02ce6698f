//! Keeps findings that were there before out of the way of new ones.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::Outcome;
use crate::facts::FileFacts;
use crate::project::LinkInput;
use crate::report::diagnostic::Diagnostic;
use crate::report::fingerprint::Identity;
use crate::report::known::{Entry, compare};
use crate::source::{FileId, SourceSet, Span, Sym};

/// What was found before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The change touches nothing that is read: whatever is found was there before.
    Everything,
    Findings(Vec<Entry>),
}

/// Findings that are not asked for because they are known.
#[derive(Debug, Clone, Default)]
pub struct Sieve {
    /// Of the baseline, with paths as they are reported.
    pub baseline: Option<Vec<Entry>>,
    pub before: Option<Before>,
}

impl Sieve {
    /// Moves known findings to those that were not asked for, and counts them.
    pub fn apply(&self, outcome: &mut Outcome) {
        let mut of_baseline = vec![false; outcome.diagnostics.len()];
        if let Some(entries) = &self.baseline {
            let matched = against(outcome, entries);
            of_baseline = matched.0;
            outcome.stale = matched.1;
        }
        let old = match &self.before {
            None => vec![false; of_baseline.len()],
            Some(Before::Everything) => vec![true; of_baseline.len()],
            Some(Before::Findings(entries)) => against(outcome, entries).0,
        };
        let mut kept = Vec::with_capacity(of_baseline.len());
        let flags = of_baseline.into_iter().zip(old);
        for (diagnostic, (of_baseline, old)) in
            std::mem::take(&mut outcome.diagnostics).into_iter().zip(flags)
        {
            if of_baseline {
                outcome.baselined += 1;
            } else if old {
                outcome.unchanged += 1;
            } else {
                kept.push(diagnostic);
                continue;
            }
            outcome.elsewhere.push(diagnostic);
        }
        outcome.diagnostics = kept;
    }
}

impl Outcome {
    /// All findings of the project by what they are.
    pub fn identities(&self) -> Vec<Identity> {
        self.identify(self.diagnostics.iter().chain(&self.elsewhere))
    }

    /// Findings by what they are.
    pub fn identify<'a>(&self, found: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Identity> {
        let identity = |diagnostic| Identity::of(&self.sources, diagnostic);
        found.into_iter().map(identity).collect()
    }
}

/// Which of the findings that were asked for are known, and what is left of each entry.
fn against(outcome: &Outcome, entries: &[Entry]) -> (Vec<bool>, Vec<usize>) {
    let own = outcome.sources.iter().take(outcome.files.len());
    let files: HashMap<&str, FileId, FxBuildHasher> =
        own.map(|(id, file)| (file.path.as_str(), id)).collect();
    let exists = |path: &str, scope: &str| {
        let file = files.get(path).map(|id| outcome.sources.get(*id));
        file.is_some_and(|file| scope.is_empty() || file.has_scope(scope))
    };
    let mut matched = compare(entries, &outcome.identities(), &exists);
    matched.known.truncate(outcome.diagnostics.len());
    (matched.known, matched.left)
}

/// Tells the sources which functions and classes they have.
pub(super) fn name_scopes(sources: &mut SourceSet, inputs: &[LinkInput]) {
    for (i, input) in inputs.iter().enumerate().take(sources.len()) {
        name_scopes_of(sources, FileId(i as u32), &input.facts, |span| span);
    }
}

/// As [`name_scopes`], for one file whose text has the places of its facts somewhere else.
pub(super) fn name_scopes_of(
    sources: &mut SourceSet,
    file: FileId,
    facts: &FileFacts,
    there: impl Fn(Span) -> Span,
) {
    let functions = facts.functions.iter().skip(1);
    let classes = facts.classes.iter().map(|class| (class.span, class.qualname));
    let scopes: Vec<(Span, Sym)> = functions
        .map(|function| (function.span, function.qualname))
        .chain(classes)
        .map(|(span, name)| (there(span), name))
        .collect();
    sources.name_scopes(file, scopes);
}
