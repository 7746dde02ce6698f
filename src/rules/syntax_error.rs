//! DJP901: a file that Python cannot read; the rest of it is still used.

use crate::project::Part;
use crate::report::diagnostic::Diagnostic;
use crate::source::Site;

use super::{Context, Rule};

/// Errors reported per file; later ones mostly follow from the first.
const MAX_PER_FILE: usize = 3;

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.file_ids() {
        if !super::findings::reportable(
            cx.project,
            crate::source::Site::new(file, crate::source::Span::default()),
        ) {
            continue;
        }
        if cx.project.file(file).part == Part::Template && !cx.analysis.rendered.contains_key(&file) {
            // The files of other tools lie in directories of that name too.
            continue;
        }
        for error in cx.project.file(file).facts.errors.iter().take(MAX_PER_FILE) {
            let site = Site::new(file, error.span);
            out.push(rule.finding(site, format!("syntax error: {}", error.message)));
        }
    }
}
