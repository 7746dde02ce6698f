//! Findings under the names of their files: `line:column  CODE rule-name message`.

use super::concise::said;
use super::place::Place;
use super::{View, escape_line, fixable};

/// All findings, a block a file, each followed by an empty line.
pub(super) fn render(view: &View<'_>) -> String {
    let fixable = fixable(view);
    let mut out = String::new();
    for group in view.diagnostics.chunk_by(|a, b| a.file == b.file) {
        let rows: Vec<_> = group
            .iter()
            .map(|diagnostic| {
                let at = Place::of(view.sources, diagnostic.site());
                (
                    format!("{}:{}", at.start.line, at.start.column),
                    at.path,
                    diagnostic,
                )
            })
            .collect();
        let width = rows.iter().map(|(at, ..)| at.len()).max().unwrap_or(0);
        if let Some((_, path, _)) = rows.first() {
            out.push_str(&format!("{}:\n", escape_line(path)));
        }
        for (at, _, diagnostic) in &rows {
            out.push_str(&format!("  {at:width$}  {}\n", said(diagnostic, fixable)));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::json::tests::{diagnostic, sources, view};
    use crate::source::FileId;

    #[test]
    fn files_have_blocks_and_places_have_one_width() {
        let text = "x = 1\n\n\n\n\n\n\n\n\ny = 2\n";
        let sources = sources(&[("a\n.py", text), ("b.py", text)]);
        let mut last = diagnostic(text, "x");
        last.file = FileId(1);
        let found = [diagnostic(text, "1"), diagnostic(text, "y"), last];
        let message = "DJP101 related-access-in-loop `order.customer` runs one query per row";
        assert_eq!(
            render(&view(&sources, &found)),
            format!("a\\u{{a}}.py:\n  1:5   {message}\n  10:1  {message}\n\nb.py:\n  1:1  {message}\n\n")
        );
    }
}
