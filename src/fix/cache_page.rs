//! `cache_page(…)` around a view in its pattern, with its import.
//!
//! How old an answer may be is for somebody to decide.

use crate::source::{Site, Span};

use super::imports::Imports;
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety};

/// Keeps what a view answers for so many seconds.
pub fn fix(desk: Desk<'_, '_>, view: Site, seconds: &str) -> Result<Fix, Refusal> {
    let file = view.file;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let scope = Scope::empty();
    let mut imports = Imports::new(desk.project, file, &module, text, &scope);
    let name = imports.named("django.views.decorators.cache", "cache_page")?;
    let mut edits = imports.edits()?;
    let (start, end) = (view.span.start, view.span.end);
    edits.push((Span::new(start, start), format!("{name}({seconds})(")));
    edits.push((Span::new(end, end), ")".to_owned()));
    let title = format!("keep the answer with `{name}({seconds})`");
    Fix::in_file(Safety::Display, title, file, edits)
}
