//! The tokens inside of Jinja's tags. Knows no grammar.

use crate::syntax::template::Word;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    Name,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// Quoted text, quotes included.
    Text,
    /// One or two characters.
    Op,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) word: Word<'a>,
}

/// Quotes without an end after which no more are looked for, so that time stays linear.
const MAX_VAIN: u32 = 16;

pub(super) struct Tokens<'a> {
    text: Word<'a>,
    pub(super) at: usize,
    vain: u32,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: Word<'a>) -> Self {
        Self { text, at: 0, vain: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text.text[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The end of the quoted text that begins at `start`, if it has one.
    fn text_end(&mut self, start: usize) -> Option<usize> {
        if self.vain >= MAX_VAIN {
            return None;
        }
        let bytes = self.text.text.as_bytes();
        let quote = bytes[start];
        let mut at = start + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 2,
                byte if byte == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
        self.vain += 1;
        None
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let first = rest.chars().next()?;
        let run = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let (kind, length) = match first {
            '0'..='9' => {
                let whole = run(|c| c.is_ascii_alphanumeric() || c == '_');
                let fraction = rest[whole..].strip_prefix('.').unwrap_or("");
                let digits = fraction.find(|c: char| !c.is_ascii_alphanumeric());
                let digits = digits.unwrap_or(fraction.len());
                let after_dot = self.text.text[..start].ends_with('.');
                if !after_dot && fraction.starts_with(|c: char| c.is_ascii_digit()) {
                    (TokenKind::Float, whole + 1 + digits)
                } else {
                    (TokenKind::Int, whole)
                }
            }
            '"' | '\'' => match self.text_end(start) {
                Some(end) => (TokenKind::Text, end - start),
                None => (TokenKind::Unknown, 1),
            },
            c if c.is_alphabetic() || c == '_' => (TokenKind::Name, run(|c| c.is_alphanumeric() || c == '_')),
            _ => {
                let two = ["**", "//", "==", "!=", "<=", ">="];
                if two.iter().any(|op| rest.starts_with(op)) {
                    (TokenKind::Op, 2)
                } else if "+-*/%~<>=.,:|()[]{}".contains(first) {
                    (TokenKind::Op, 1)
                } else {
                    (TokenKind::Unknown, first.len_utf8())
                }
            }
        };
        self.at = start + length;
        Some(Token {
            kind,
            word: self.text.part(start, self.at),
        })
    }
}
