//! Whether a round of fixes did what it should: its findings are gone, and nothing new came.

use rustc_hash::FxHashMap;

use crate::report::diagnostic::Diagnostic;
use crate::session::Outcome;

/// Why a round does not stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Findings whose fixes may be to blame, at least one, ascending.
    pub blamed: Vec<usize>,
    pub reason: String,
}

/// What makes two findings of different rounds the same, wherever their lines went.
type Key<'a> = (
    &'static str,
    &'a str,
    Option<&'a str>,
    &'a [String],
    &'a [String],
    &'a str,
);

fn key<'a>(outcome: &'a Outcome, diagnostic: &'a Diagnostic) -> Key<'a> {
    (
        diagnostic.code,
        &outcome.sources.get(diagnostic.file).path,
        diagnostic.model.as_deref(),
        &diagnostic.relations,
        &diagnostic.fields,
        &diagnostic.message,
    )
}

fn all(outcome: &Outcome) -> impl Iterator<Item = &Diagnostic> {
    outcome.diagnostics.iter().chain(&outcome.elsewhere)
}

/// Everything that is wrong after the fixes of some findings.
pub(super) fn faults(before: &Outcome, taken: &[usize], after: &Outcome) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut left: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    for diagnostic in all(before) {
        *left.entry(key(before, diagnostic)).or_default() += 1;
    }
    for i in taken {
        let count = left.entry(key(before, &before.diagnostics[*i])).or_default();
        *count = count.saturating_sub(1);
    }
    for diagnostic in all(after) {
        let here = key(after, diagnostic);
        match left.get_mut(&here) {
            Some(count) if *count > 0 => {
                *count -= 1;
                continue;
            }
            _ => {}
        }
        let same: Vec<usize> = taken
            .iter()
            .copied()
            .filter(|i| key(before, &before.diagnostics[*i]) == here)
            .collect();
        if here.0 == "DJP902" && same.is_empty() {
            // What the comment answered is gone: it goes in a later round.
            continue;
        }
        if !same.is_empty() {
            faults.push(Fault {
                blamed: same,
                reason: "the finding would remain".into(),
            });
        } else if !all(before).any(|older| shrank(key(before, older), here)) {
            faults.push(Fault {
                blamed: suspects(before, taken, here.1),
                reason: format!("{} would be found in {}: {}", here.0, here.1, here.5),
            });
        }
    }
    faults
}

/// The same finding about fewer relations.
fn shrank(older: Key<'_>, newer: Key<'_>) -> bool {
    let within = newer.3.iter().all(|relation| older.3.contains(relation));
    (older.0, older.1, older.2) == (newer.0, newer.1, newer.2)
        && within
        && !newer.3.is_empty()
        && newer.3.len() < older.3.len()
}

/// The fixes that touch a file or whose evidence stands there; otherwise all of them.
fn suspects(before: &Outcome, taken: &[usize], path: &str) -> Vec<usize> {
    let near = |i: &usize| {
        let diagnostic = &before.diagnostics[*i];
        let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits);
        let files = edits
            .map(|edit| edit.file)
            .chain(diagnostic.labels.iter().map(|label| label.site.file));
        files
            .chain([diagnostic.file])
            .any(|file| before.sources.get(file).path == path)
    };
    let some: Vec<usize> = taken.iter().copied().filter(near).collect();
    if some.is_empty() { taken.to_vec() } else { some }
}
