//! HTML comments made comments of the template, which neither renders nor sends them.

use crate::facts::{Dialect, Hidden};
use crate::source::{FileId, Span};

use super::{Desk, Fix, Refusal, Safety};

/// `<!-- … -->` becomes `{% comment %} … {% endcomment %}`.
pub fn comment_out(desk: Desk<'_, '_>, file: FileId, hidden: &Hidden) -> Result<Fix, Refusal> {
    if !hidden.whole {
        return Err("a tag reaches into the comment, or out of it");
    }
    let facts = desk.project.file(file).facts.template.as_ref();
    let (open, close) = match facts.map(|t| t.dialect) {
        Some(Dialect::Django) => ("{% comment %}", "{% endcomment %}"),
        Some(Dialect::Jinja) => ("{#", "#}"),
        None => return Err("the file is no template"),
    };
    let Span { start, end } = hidden.span;
    Fix::in_file(
        Safety::Unsafe,
        "make it a comment of the template".into(),
        file,
        vec![
            (Span::new(start, start + 4), open.to_owned()),
            (Span::new(end - 3, end), close.to_owned()),
        ],
    )
}
