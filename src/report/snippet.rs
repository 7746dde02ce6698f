//! A source file as miette reads it: any span in two binary searches, nothing unsafe to print.

use std::borrow::Cow;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::escape;
use crate::source::{LineIndex, SourceFile, Span};

/// One file, ready to be shown. Line numbers are those of the original text.
#[derive(Debug)]
pub(super) struct Snippet {
    name: String,
    text: Arc<str>,
    lines: LineIndex,
    /// (offset in the original, bytes added up to and including that character), ascending.
    shifts: Vec<(u32, u32)>,
}

impl Snippet {
    pub(super) fn new(file: &SourceFile) -> Self {
        let (text, shifts) = printable(&file.text);
        let text = match text {
            Cow::Borrowed(_) => Arc::clone(&file.text),
            Cow::Owned(text) => text.into(),
        };
        let lines = LineIndex::new(&text);
        Self {
            name: escape::line(&file.path).into_owned(),
            text,
            lines,
            shifts,
        }
    }

    /// Where a span of the original text is in the shown text; never out of range or inside a character.
    /// A span of several lines ends with its first one, to keep the labels of its other lines readable.
    pub(super) fn locate(&self, span: Span) -> Span {
        let start = self.floor(self.shifted(span.start));
        let mut end = self.floor(self.shifted(span.end)).max(start);
        let first = self.lines.line_of(start);
        if self.lines.line_of(end) > first {
            let (_, line_end) = self.lines.line_range(&self.text, first);
            let line = self.text.get(start as usize..line_end as usize).unwrap_or("");
            end = start + line.trim_end().len() as u32;
        }
        Span::new(start, end)
    }

    fn shifted(&self, offset: u32) -> u32 {
        let before = self.shifts.partition_point(|(at, _)| *at < offset);
        offset + before.checked_sub(1).map_or(0, |i| self.shifts[i].1)
    }

    fn floor(&self, offset: u32) -> u32 {
        self.text.floor_char_boundary(offset as usize) as u32
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset() as u32, (span.offset() + span.len()) as u32);
        if end as usize > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let at = self.lines.position(&self.text, start);
        let first = at.line.saturating_sub(before as u32).max(1);
        let last = (self.lines.line_of(end.saturating_sub(1).max(start)) + after as u32)
            .min(self.lines.line_count());
        let from = self.lines.line_range(&self.text, first).0;
        let to = self.lines.line_range(&self.text, last).1;
        let column = if before == 0 { at.column as usize - 1 } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[from as usize..to as usize],
            (from as usize, (to - from) as usize).into(),
            first as usize - 1,
            column,
            (last - first) as usize + 1,
        )))
    }
}

/// The text with unsafe characters spelled out, and where that moved what follows them.
fn printable(text: &str) -> (Cow<'_, str>, Vec<(u32, u32)>) {
    let harmless = |c: char| matches!(c, '\n' | '\t') || !escape::is_unsafe(c);
    if text.chars().all(harmless) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut shifts = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => out.push(c),
            '\r' => out.push('\n'),
            _ if harmless(c) => out.push(c),
            _ => {
                escape::push(&mut out, c, true);
                let added = out.len() - (at + c.len_utf8());
                shifts.push((at as u32, added as u32));
            }
        }
    }
    (Cow::Owned(out), shifts)
}

#[cfg(test)]
mod tests {
    use super::{Snippet, printable};
    use crate::source::{SourceFile, Span};

    #[test]
    fn spans_move_with_escaped_characters_and_lines_stay() {
        let text = "a\u{1b}[2Jb\rc = 1\r\nd\u{202e}e\n";
        let snippet = Snippet::new(&SourceFile::new("x\u{7}.py".into(), text.into()));
        assert_eq!(snippet.name, "x\\u{7}.py");
        for word in ["b", "c = 1", "e"] {
            let at = text.find(word).unwrap() as u32;
            let span = snippet.locate(Span::new(at, at + word.len() as u32));
            assert_eq!(&snippet.text[span.start as usize..span.end as usize], word);
        }
        assert_eq!(snippet.lines.line_count(), 4);
        let (shown, _) = printable(text);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn spans_out_of_range_and_long_ones_are_cut() {
        let snippet = Snippet::new(&SourceFile::new("x.py".into(), "é = 1\nb\nc\nd\n".into()));
        assert_eq!(snippet.locate(Span::new(1, 999)), Span::new(0, 6));
        assert_eq!(snippet.locate(Span::new(7, 8)), Span::new(7, 8));
        assert_eq!(snippet.locate(Span::new(998, 999)), Span::new(13, 13));
    }
}
