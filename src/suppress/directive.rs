//! The wording of one comment: which directives it holds, and which rules they name.

use crate::rules::Rule;

/// One instruction to djperf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Directive {
    Noqa(Targets),
    Ignore(Targets),
    File(Targets),
    Disable(Targets),
    Enable(Targets),
}

/// The rules a directive is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Targets {
    All,
    /// Names and codes, ours or other tools'.
    Some(Vec<String>),
}

impl Targets {
    pub(super) fn names(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Some(words) => words.iter().any(|word| is(word, rule)),
        }
    }
}

fn some(words: Vec<String>) -> Option<Targets> {
    (!words.is_empty()).then_some(Targets::Some(words))
}

fn is(word: &str, rule: &Rule) -> bool {
    word.eq_ignore_ascii_case(rule.code) || word.eq_ignore_ascii_case(rule.name)
}

/// The directives of one comment; each `#` in it may begin one.
pub(super) fn parse(comment: &str) -> Vec<Directive> {
    comment.split('#').filter_map(|part| one(part.trim())).collect()
}

fn one(part: &str) -> Option<Directive> {
    if let Some(rest) = strip_word(part, "djperf") {
        return ours(rest.trim_start().strip_prefix(':')?.trim_start());
    }
    noqa(strip_word(part, "noqa")?).map(Directive::Noqa)
}

fn ours(text: &str) -> Option<Directive> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphabetic() || c == '-'))
        .unwrap_or(text.len());
    let (verb, rest) = text.split_at(end);
    if verb.eq_ignore_ascii_case("noqa") {
        return noqa(rest).map(Directive::File);
    }
    let targets = brackets(rest)?;
    Some(match verb.to_ascii_lowercase().as_str() {
        "ignore" => Directive::Ignore(targets),
        "ignore-file" => Directive::File(targets),
        "disable" => Directive::Disable(targets),
        "enable" => Directive::Enable(targets),
        _ => return None,
    })
}

/// `[a, b]` at the start; nothing means all. An unclosed or empty bracket names nothing.
fn brackets(rest: &str) -> Option<Targets> {
    let Some(inside) = rest.trim_start().strip_prefix('[') else {
        return Some(Targets::All);
    };
    let (list, _) = inside.split_once(']')?;
    some(words(list, |c| c == ','))
}

/// What follows `noqa`: codes after a colon, or nothing for all. Prose after a colon names no code,
/// and so suppresses nothing.
fn noqa(rest: &str) -> Option<Targets> {
    let Some(list) = rest.trim_start().strip_prefix(':') else {
        return Some(Targets::All);
    };
    let separators = |c: char| c == ',' || c.is_whitespace();
    let codes: Vec<String> = words(list, separators)
        .into_iter()
        .take_while(|word| is_code(word))
        .collect();
    some(codes)
}

fn words(list: &str, separator: impl Fn(char) -> bool) -> Vec<String> {
    list.split(separator)
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `E501`, `DJP101`, or a rule name with a dash in it.
fn is_code(word: &str) -> bool {
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
