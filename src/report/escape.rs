//! Makes foreign text harmless to a terminal: no escape sequences, no reordering of what is read.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that move the cursor, change how neighbours are shown, or show nothing at all.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text of one line; line breaks and tabs are escaped too.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// Text of several lines; line feeds stay.
pub fn text(text: &str) -> Cow<'_, str> {
    escape(text, |c| c != '\n' && is_unsafe(c))
}

fn escape(text: &str, bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push(&mut out, c, bad(c));
    }
    Cow::Owned(out)
}

/// Appends a character, or its `\u{…}` form.
pub(super) fn push(out: &mut String, c: char, escaped: bool) {
    if escaped {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::{line, text};

    #[test]
    fn control_and_reordering_characters_are_spelled_out() {
        assert_eq!(
            line("a\u{1b}[31mb\r\n\u{202e}"),
            r"a\u{1b}[31mb\u{d}\u{a}\u{202e}"
        );
        assert_eq!(text("a\nb\u{9b}2J"), "a\nb\\u{9b}2J");
        assert!(matches!(line("päth/ok.py"), std::borrow::Cow::Borrowed(_)));
    }
}
