//! Positions as editors count them, and byte offsets. Nothing else of djperf knows UTF-16.

use gen_lsp_types::{Position, PositionEncodingKind, Range};

use crate::source::{LineIndex, Span};

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    Utf8,
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    /// The best of those that a client offers; bytes need no counting.
    pub fn choose<'a>(offered: impl Iterator<Item = &'a str>) -> Self {
        let mut best = Self::Utf16;
        for name in offered {
            match name {
                "utf-8" => return Self::Utf8,
                "utf-32" => best = Self::Utf32,
                _ => {}
            }
        }
        best
    }

    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, c: char) -> u32 {
        match self {
            Self::Utf8 => c.len_utf8() as u32,
            Self::Utf16 => c.len_utf16() as u32,
            Self::Utf32 => 1,
        }
    }
}

/// A text with its lines.
#[derive(Clone, Copy)]
pub(super) struct Paper<'a> {
    pub text: &'a str,
    pub lines: &'a LineIndex,
    pub encoding: Encoding,
}

impl Paper<'_> {
    pub fn position(self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.line_of(offset as u32);
        let (start, _) = self.lines.line_range(self.text, line);
        let before = &self.text[start as usize..offset];
        Position {
            line: line - 1,
            character: before.chars().map(|c| self.encoding.width(c)).sum(),
        }
    }

    pub fn range(self, span: Span) -> Range {
        Range {
            start: self.position(span.start),
            end: self.position(span.end),
        }
    }

    /// The byte offset of a position; one behind a line is at its end, one within a character before it.
    pub fn offset(self, position: Position) -> u32 {
        if position.line >= self.lines.line_count() {
            return self.text.len() as u32;
        }
        let (start, end) = self.lines.line_range(self.text, position.line + 1);
        let line = self.text[start as usize..end as usize].trim_end_matches(['\r', '\n']);
        let mut left = position.character;
        let mut offset = start;
        for c in line.chars() {
            let width = self.encoding.width(c);
            if left < width {
                break;
            }
            left -= width;
            offset += c.len_utf8() as u32;
        }
        offset
    }

    /// The bytes of a range; one that is turned around is read from its lesser end.
    pub fn span(self, range: Range) -> Span {
        let (a, b) = (self.offset(range.start), self.offset(range.end));
        Span::new(a.min(b), a.max(b))
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::Position;

    use super::{Encoding, Paper};
    use crate::source::LineIndex;

    const TEXT: &str = "a\r\né𝄞x = 1\rend";

    fn on<T>(encoding: Encoding, run: impl Fn(Paper<'_>) -> T) -> T {
        let lines = LineIndex::new(TEXT);
        run(Paper {
            text: TEXT,
            lines: &lines,
            encoding,
        })
    }

    #[test]
    fn columns_count_what_was_agreed() {
        let at_x = TEXT.find('x').unwrap() as u32;
        for (encoding, column) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            let position = on(encoding, |paper| paper.position(at_x));
            assert_eq!((position.line, position.character), (1, column), "{encoding:?}");
            assert_eq!(on(encoding, |paper| paper.offset(position)), at_x, "{encoding:?}");
        }
    }

    #[test]
    fn every_offset_comes_back() {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (offset, _) in TEXT.char_indices().filter(|(_, c)| *c != '\n') {
                let back = on(encoding, |paper| paper.offset(paper.position(offset as u32)));
                assert_eq!(back, offset as u32, "{encoding:?}");
            }
        }
    }

    #[test]
    fn positions_that_are_none_are_moved_to_the_nearest_before() {
        let offset = |line, character| {
            on(Encoding::Utf16, |paper| {
                paper.offset(Position { line, character })
            })
        };
        assert_eq!(offset(1, 2), offset(1, 1), "inside a surrogate pair");
        assert_eq!(offset(0, 99), 1, "behind the line, before its break");
        assert_eq!(offset(1, u32::MAX), TEXT.find("\rend").unwrap() as u32);
        assert_eq!(offset(99, 0), TEXT.len() as u32);
        assert_eq!(offset(u32::MAX, u32::MAX), TEXT.len() as u32);
    }

    #[test]
    fn bytes_are_preferred() {
        let choose = |names: &[&str]| Encoding::choose(names.iter().copied());
        assert_eq!(choose(&["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(choose(&["utf-32", "utf-16"]), Encoding::Utf32);
        assert_eq!(choose(&[]), Encoding::Utf16);
        assert_eq!(choose(&["utf-7"]), Encoding::Utf16);
    }
}
