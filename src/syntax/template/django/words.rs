//! Splits what stands in a tag into words, as `smart_split` in `django/utils/text.py` does.
//! Does not know what the words mean.

use crate::syntax::template::Word;

/// Quotes without an end after which quotes are ordinary characters, so that time stays linear.
const MAX_VAIN: u32 = 16;

/// Words between white space; quoted text holds a word together.
pub fn words(text: Word<'_>) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut vain = 0;
    let mut at = 0;
    while let Some(start) = text.text[at..].find(|c: char| !c.is_whitespace()) {
        let start = at + start;
        at = quoted_word(text.text, start, &mut vain).unwrap_or_else(|| {
            start
                + text.text[start..]
                    .find(char::is_whitespace)
                    .unwrap_or(text.text.len() - start)
        });
        words.push(text.part(start, at));
    }
    words
}

/// The end of the word at `start`, if it holds quoted text.
fn quoted_word(text: &str, start: usize, vain: &mut u32) -> Option<usize> {
    let mut at = start;
    let mut end = None;
    loop {
        let stop = text[at..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        let stop = stop.map_or(text.len(), |found| at + found);
        if end.is_some() {
            end = Some(stop);
        }
        if !text[stop..].starts_with(['"', '\'']) || *vain >= MAX_VAIN {
            return end;
        }
        let Some(after) = quoted(text, stop) else {
            *vain += 1;
            return end;
        };
        (at, end) = (after, Some(after));
    }
}

/// The end of the quoted text that begins at `start`, if it does and has one.
pub(super) fn quoted(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(start).filter(|b| matches!(b, b'"' | b'\''))?;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// `name` and `value` of a word `name=value`.
pub fn keyword(word: Word<'_>) -> Option<(Word<'_>, Word<'_>)> {
    let at = word.text.find('=')?;
    let (name, value) = (word.part(0, at), word.part(at + 1, word.text.len()));
    (is_identifier(name.text) && !value.text.is_empty()).then_some((name, value))
}

/// Whether the text is a name of letters, digits and underscores.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word)
}

/// `\w` of Python's regular expressions.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
