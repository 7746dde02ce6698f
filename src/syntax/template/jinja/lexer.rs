//! Text to prints, tags and comments; `{% raw %}` is left out. Tags may span lines.
//! Knows of no tag whether it holds a body, but for `set`.

use super::token::Tokens;
use crate::source::Span;
use crate::syntax::template::nest::Item;
use crate::syntax::template::{Print, Tag, TemplateError, Word};

/// Tags without an end after which the rest is text, so that time stays linear.
const MAX_UNCLOSED: u32 = 10;

pub(super) struct Lexed<'a> {
    pub(super) items: Vec<Item<'a>>,
    pub(super) comments: Vec<Span>,
    pub(super) errors: Vec<TemplateError>,
}

pub(super) fn lex(text: &str) -> Lexed<'_> {
    let mut lexed = Lexed {
        items: Vec::new(),
        comments: Vec::new(),
        errors: Vec::new(),
    };
    let mut tokens = Tokens::new(Word::new(text, 0));
    let mut unclosed = 0;
    let mut at = 0;
    while let Some(brace) = text[at..].find('{').map(|found| at + found) {
        let inside = brace + 2;
        let (open, end) = match text.as_bytes().get(brace + 1) {
            Some(b'%') => ("{%", tag_end(&mut tokens, inside, "%}")),
            Some(b'{') => ("{{", tag_end(&mut tokens, inside, "}}")),
            Some(b'#') => {
                let close = text[inside..].find("#}").map(|found| inside + found);
                ("{#", close.map(|close| (close, close + 2)))
            }
            _ => {
                at = brace + 1;
                continue;
            }
        };
        let Some((close, after)) = end else {
            let span = Span::new(brace as u32, inside as u32);
            lexed
                .errors
                .push(TemplateError::new(span, format!("`{open}` is never closed")));
            unclosed += 1;
            if unclosed >= MAX_UNCLOSED || open == "{#" {
                break;
            }
            at = inside;
            continue;
        };
        at = after;
        let span = Span::new(brace as u32, after as u32);
        let start = inside + usize::from(text[inside..close].starts_with(['-', '+']));
        let inner = Word::new(&text[start..close], start).trim();
        match open {
            "{%" => at = lexed.tag(text, span, inner),
            "{{" => lexed.items.push(Item::Print(Print { span, inner })),
            _ => lexed.comments.push(span),
        }
    }
    lexed
}

/// Where the content of a tag ends, and where the tag does.
fn tag_end(tokens: &mut Tokens<'_>, inside: usize, mark: &str) -> Option<(usize, usize)> {
    tokens.at = inside;
    tokens.at += usize::from(tokens.rest().starts_with(['-', '+']));
    let mut braces = 0_u32;
    loop {
        tokens.skip_space();
        let rest = tokens.rest();
        if braces == 0 || mark == "%}" {
            let control = usize::from(rest.starts_with(['-', '+']));
            if rest[control..].starts_with(mark) {
                return Some((tokens.at, tokens.at + control + 2));
            }
        }
        // No expression holds this: an end was forgotten.
        if rest.starts_with("{%") {
            return None;
        }
        match tokens.next()?.word.text {
            "{" => braces += 1,
            "}" => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
}

impl<'a> Lexed<'a> {
    /// Takes a tag, and returns where to read on.
    fn tag(&mut self, text: &'a str, span: Span, inner: Word<'a>) -> usize {
        let after = span.end as usize;
        let end = inner.text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, rest) = inner.split_at(end.unwrap_or(inner.text.len()));
        let rest = rest.trim();
        let tag = Tag { span, name, rest };
        match name.text {
            "" => self.errors.push(TemplateError::new(span, "this tag has no name")),
            "raw" => {
                if let Some(after) = raw_end(text, after) {
                    return after;
                }
                self.errors
                    .push(TemplateError::new(span, "`{% raw %}` is never closed"));
                return text.len();
            }
            "set" if assigns(rest) => self.items.push(Item::Single(tag)),
            _ => self.items.push(Item::Tag(tag)),
        }
        after
    }
}

/// Whether a `set` tag has its value with it.
fn assigns(rest: Word<'_>) -> bool {
    let mut depth = 0_u32;
    for token in Tokens::new(rest) {
        match token.word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "=" if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// What stands behind the next `{% endraw %}`.
fn raw_end(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].find("{%")? + 2;
        let rest = text[at..].trim_start_matches(['-', '+']).trim_start();
        if let Some(rest) = rest.strip_prefix("endraw") {
            let rest = rest.trim_start().trim_start_matches(['-', '+']);
            if let Some(rest) = rest.strip_prefix("%}") {
                return Some(text.len() - rest.len());
            }
        }
    }
}
