//! DJP901: a file that Python cannot read; the rest of it is still used.

use crate::project::Part;
use crate::report::diagnostic::Diagnostic;
use crate::source::{FileId, Site, Span};

use super::{Context, Rule};

/// Errors reported per file; later ones mostly follow from the first.
const MAX_PER_FILE: usize = 3;

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.file_ids() {
        if !super::findings::reportable(cx.project, Site::new(file, Span::default())) {
            continue;
        }
        if cx.project.file(file).part == Part::Template && !cx.analysis.rendered.contains_key(&file) {
            // The files of other tools lie in directories of that name too.
            continue;
        }
        let errors = cx.project.file(file).facts.errors.iter();
        out.extend(findings(
            rule,
            file,
            errors.map(|error| (error.span, &*error.message)),
        ));
    }
}

/// The findings about the errors of one file.
pub fn findings<'e>(
    rule: &Rule,
    file: FileId,
    errors: impl Iterator<Item = (Span, &'e str)>,
) -> impl Iterator<Item = Diagnostic> {
    errors
        .take(MAX_PER_FILE)
        .map(move |(span, message)| rule.finding(Site::new(file, span), format!("syntax error: {message}")))
}
