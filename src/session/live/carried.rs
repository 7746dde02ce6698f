//! Findings of an earlier state of a text, at their places in another one.

use rustc_hash::FxHashMap;

use crate::report::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

use super::padded::Padded;

/// Moves findings from one text of a file to a later one. Those whose own place was edited are dropped, and so are fixes
/// and evidence.
pub(super) fn moved(found: &mut Vec<Diagnostic>, file: FileId, from: &Padded, to: &Padded) {
    if from.outer() == to.outer() && from.inner() == to.inner() {
        return;
    }
    let moves = from.moves(to);
    let new = |span: Span| moves.span(span);
    found.retain_mut(|diagnostic| {
        diagnostic.labels.retain_mut(|label| {
            if label.site.file != file {
                return true;
            }
            let there = new(label.site.span);
            label.site.span = there.unwrap_or_default();
            there.is_some()
        });
        if let Some(fix) = &mut diagnostic.fix {
            let mut whole = true;
            for edit in fix.edits.iter_mut().filter(|edit| edit.file == file) {
                let there = new(edit.span);
                edit.span = there.unwrap_or_default();
                whole &= there.is_some();
            }
            if !whole {
                diagnostic.fix = None;
            }
        }
        if diagnostic.file != file {
            return true;
        }
        let there = new(diagnostic.span);
        diagnostic.span = there.unwrap_or_default();
        there.is_some()
    });
}

/// Puts the places of a finding into the texts of the editor.
pub(super) fn outward(diagnostic: &mut Diagnostic, texts: &FxHashMap<FileId, Padded>) {
    let outer = |file: FileId, span: Span| texts.get(&file).map_or(span, |text| text.span_outward(span));
    diagnostic.span = outer(diagnostic.file, diagnostic.span);
    for label in &mut diagnostic.labels {
        label.site.span = outer(label.site.file, label.site.span);
    }
    let edits = diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.edits);
    for edit in edits {
        edit.span = outer(edit.file, edit.span);
    }
}
