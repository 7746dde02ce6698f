//! The wording of one comment: which directives it holds, and which rules they name.

use crate::rules::Rule;
use crate::source::Span;

/// One instruction to djperf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub verb: Verb,
    pub targets: Targets,
    /// From its `#` to the next one, or to the end of the comment.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Noqa,
    Ignore,
    File,
    Disable,
    Enable,
}

/// The rules a directive is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Targets {
    All,
    /// Names and codes, ours or other tools'.
    Some(Vec<Word>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub span: Span,
}

impl Word {
    /// Whether it is the rule's name or code.
    pub(super) fn names(&self, rule: &Rule) -> bool {
        self.text.eq_ignore_ascii_case(rule.code) || self.text.eq_ignore_ascii_case(rule.name)
    }
}

impl Targets {
    pub(super) fn names(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Some(words) => words.iter().any(|word| word.names(rule)),
        }
    }

    /// The same words, wherever they stand.
    pub(super) fn same(&self, other: &Self) -> bool {
        let texts = |targets: &Self| match targets {
            Self::All => None,
            Self::Some(words) => Some(words.iter().map(|word| word.text.clone()).collect::<Vec<_>>()),
        };
        texts(self) == texts(other)
    }
}

fn some(words: Vec<Word>) -> Option<Targets> {
    (!words.is_empty()).then_some(Targets::Some(words))
}

/// A comment, and where in its file it begins.
#[derive(Clone, Copy)]
struct Comment<'a> {
    text: &'a str,
    start: u32,
}

impl Comment<'_> {
    /// The place of a part of the comment.
    fn span(self, part: &str) -> Span {
        let at = part.as_ptr() as usize - self.text.as_ptr() as usize;
        let start = self.start + at as u32;
        Span::new(start, start + part.len() as u32)
    }
}

/// The directives of one comment that begins at a byte offset; each `#` in it may begin one.
pub(super) fn parse(text: &str, start: u32) -> Vec<Directive> {
    let comment = Comment { text, start };
    let mut found = Vec::new();
    for part in text.split('#') {
        if let Some((verb, targets)) = one(part.trim(), comment) {
            let span = comment.span(part);
            let start = span.start.saturating_sub(1).max(comment.start);
            found.push(Directive {
                verb,
                targets,
                span: Span::new(start, span.end),
            });
        }
    }
    found
}

/// Whether a comment holds no more than one part.
pub(super) fn is_single(text: &str) -> bool {
    text.split('#').filter(|part| !part.trim().is_empty()).count() == 1
}

fn one(part: &str, comment: Comment<'_>) -> Option<(Verb, Targets)> {
    if let Some(rest) = strip_word(part, "djperf") {
        return ours(rest.trim_start().strip_prefix(':')?.trim_start(), comment);
    }
    Some((Verb::Noqa, noqa(strip_word(part, "noqa")?, comment)?))
}

fn ours(text: &str, comment: Comment<'_>) -> Option<(Verb, Targets)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphabetic() || c == '-'))
        .unwrap_or(text.len());
    let (verb, rest) = text.split_at(end);
    if verb.eq_ignore_ascii_case("noqa") {
        return Some((Verb::File, noqa(rest, comment)?));
    }
    let targets = brackets(rest, comment)?;
    let verb = match verb.to_ascii_lowercase().as_str() {
        "ignore" => Verb::Ignore,
        "ignore-file" => Verb::File,
        "disable" => Verb::Disable,
        "enable" => Verb::Enable,
        _ => return None,
    };
    Some((verb, targets))
}

/// `[a, b]` at the start; nothing means all. An unclosed or empty bracket names nothing.
fn brackets(rest: &str, comment: Comment<'_>) -> Option<Targets> {
    let Some(inside) = rest.trim_start().strip_prefix('[') else {
        return Some(Targets::All);
    };
    let (list, _) = inside.split_once(']')?;
    some(words(list, |c| c == ',', comment).collect())
}

/// What follows `noqa`: codes after a colon, or nothing for all. Prose after a colon names no code,
/// and so suppresses nothing.
fn noqa(rest: &str, comment: Comment<'_>) -> Option<Targets> {
    let Some(list) = rest.trim_start().strip_prefix(':') else {
        return Some(Targets::All);
    };
    let separators = |c: char| c == ',' || c.is_whitespace();
    some(
        words(list, separators, comment)
            .take_while(|word| is_code(&word.text))
            .collect(),
    )
}

fn words<'a>(
    list: &'a str,
    separator: impl Fn(char) -> bool + 'a,
    comment: Comment<'a>,
) -> impl Iterator<Item = Word> + 'a {
    list.split(separator)
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(move |word| Word {
            text: word.to_owned(),
            span: comment.span(word),
        })
}

/// `E501`, `DJP101`, or a rule name with a dash in it.
pub(super) fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let code = digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let name = word.contains('-') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    code || name
}

/// Strips a whole word, in any case, from the start.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
    (head.eq_ignore_ascii_case(word) && ends).then_some(rest)
}
