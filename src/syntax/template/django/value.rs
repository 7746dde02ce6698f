//! Variables, constants and the filters behind them, as `FilterExpression` and `Variable` in
//! `django/template/base.py` read them. Does not know which filters exist.

use super::words::{is_word, quoted};
use crate::source::Span;
use crate::syntax::template::{TemplateError, Word};

/// Parts and filters of one value that are followed.
const MAX_STEPS: usize = 100;

/// `argument|filter:argument|filter`
#[derive(Clone, Debug)]
pub struct Value<'a> {
    pub span: Span,
    pub base: Argument<'a>,
    pub filters: Vec<FilterCall<'a>>,
}

#[derive(Clone, Debug)]
pub struct FilterCall<'a> {
    pub name: Word<'a>,
    pub argument: Option<Argument<'a>>,
    /// Of the name and the argument.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Argument<'a> {
    pub span: Span,
    pub kind: ArgumentKind<'a>,
}

#[derive(Clone, Debug)]
pub enum ArgumentKind<'a> {
    /// The parts between the dots; never empty.
    Variable(Vec<Word<'a>>),
    /// What stands between the quotes, with its escapes; of `_("text")` too.
    Text(Word<'a>),
    Int(i64),
    /// Another number.
    Number,
}

/// Reads a whole word.
pub fn value(word: Word<'_>) -> Result<Value<'_>, TemplateError> {
    let word = word.trim();
    if word.text.is_empty() {
        return Err(TemplateError::new(word.span, "a variable is missing here"));
    }
    let (base, at) = argument(word, 0)?.ok_or_else(|| remainder(word, 0))?;
    let parts = match &base.kind {
        ArgumentKind::Variable(parts) => parts.len(),
        _ => 0,
    };
    let filters = calls(word, at)?;
    if parts + filters.len() > MAX_STEPS {
        return Err(TemplateError::new(word.span, "this is too long to analyse"));
    }
    Ok(Value {
        span: word.span,
        base,
        filters,
    })
}

/// Reads `filter:argument|filter`, the words of `{% filter %}`.
pub fn filters(word: Word<'_>) -> Result<Vec<FilterCall<'_>>, TemplateError> {
    let (first, at) = call(word, 0)?.ok_or_else(|| remainder(word, 0))?;
    let mut filters = vec![first];
    filters.extend(calls(word, at)?);
    Ok(filters)
}

/// What stands from an offset to the end: filters, each behind a `|`.
fn calls(word: Word<'_>, mut at: usize) -> Result<Vec<FilterCall<'_>>, TemplateError> {
    let mut filters = Vec::new();
    while at < word.text.len() {
        let pipe = skip_space(word.text, at);
        if !word.text[pipe..].starts_with('|') {
            return Err(remainder(word, at));
        }
        let start = skip_space(word.text, pipe + 1);
        let (filter, after) = call(word, start)?.ok_or_else(|| remainder(word, at))?;
        filters.push(filter);
        at = after;
    }
    Ok(filters)
}

/// The filter at an offset of the word, and where it ends.
fn call(word: Word<'_>, start: usize) -> Result<Option<(FilterCall<'_>, usize)>, TemplateError> {
    let mut end = run(word.text, start, is_word);
    if start == end {
        return Ok(None);
    }
    let name = word.part(start, end);
    let mut filter = FilterCall {
        name,
        argument: None,
        span: name.span,
    };
    if word.text[end..].starts_with(':') {
        let (given, after) = argument(word, end + 1)?.ok_or_else(|| remainder(word, end))?;
        filter.span = filter.span.cover(given.span);
        filter.argument = Some(given);
        end = after;
    }
    Ok(Some((filter, end)))
}

fn remainder(word: Word<'_>, at: usize) -> TemplateError {
    let rest = word.part(at, word.text.len());
    TemplateError::new(
        rest.span,
        format!("cannot make sense of `{}`", shortened(rest.text)),
    )
}

/// The argument at an offset of the word, and where it ends.
fn argument(word: Word<'_>, at: usize) -> Result<Option<(Argument<'_>, usize)>, TemplateError> {
    let text = word.text;
    let rest = &text[at..];
    let open = if rest.starts_with("_(") { at + 2 } else { at };
    if let Some(close) = quoted(text, open) {
        let end = if open == at {
            close
        } else if text[close..].starts_with(')') {
            close + 1
        } else {
            return Ok(None);
        };
        let argument = Argument {
            span: word.part(at, end).span,
            kind: ArgumentKind::Text(word.part(open + 1, close - 1)),
        };
        return Ok(Some((argument, end)));
    }
    let mut end = run(text, at, |c| is_word(c) || c == '.');
    if end == at {
        let digits = rest.strip_prefix(['-', '+']).unwrap_or("");
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            end = run(text, at + 1, |c| c.is_ascii_digit() || matches!(c, '.' | 'e'));
        }
    }
    let whole = word.part(at, end);
    if whole.text.is_empty() {
        return Ok(None);
    }
    let kind = match number(whole.text) {
        Some(kind) => kind,
        None => ArgumentKind::Variable(path(whole)?),
    };
    let span = whole.span;
    Ok(Some((Argument { span, kind }, end)))
}

fn number(text: &str) -> Option<ArgumentKind<'static>> {
    let digits = text.trim_start_matches(['-', '+', '.']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(int) = text.parse() {
        return Some(ArgumentKind::Int(int));
    }
    text.parse::<f64>().is_ok().then_some(ArgumentKind::Number)
}

fn path(whole: Word<'_>) -> Result<Vec<Word<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut at = 0;
    for part in whole.text.split('.') {
        let part = whole.part(at, at + part.len());
        at += part.text.len() + 1;
        if part.text.starts_with('_') {
            return Err(TemplateError::new(
                part.span,
                format!(
                    "`{}` begins with an underscore, which templates cannot reach",
                    shortened(part.text)
                ),
            ));
        }
        parts.push(part);
    }
    Ok(parts)
}

fn skip_space(text: &str, at: usize) -> usize {
    run(text, at, char::is_whitespace)
}

/// Where the characters that stand together from `at` on end.
fn run(text: &str, at: usize, belongs: impl Fn(char) -> bool) -> usize {
    at + text[at..].find(|c| !belongs(c)).unwrap_or(text.len() - at)
}

/// Enough of a text to recognise it.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
