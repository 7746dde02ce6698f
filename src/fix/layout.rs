//! How new calls are laid out: on one line, hung into a chain, or broken as formatters of Python code do.
//!
//! Knows text and nodes; not what the calls mean.

use crate::source::Span;
use crate::syntax::python::ast::{AnyNodeRef, Comprehension, Expr};
use crate::syntax::python::{Module, Ranged, TokenKind, span};

use super::chain::{Chain, Found};

/// The width that formatters use when nobody says otherwise.
const USUAL_WIDTH: usize = 88;
/// Ends of lines: files of old Macs have no line feeds.
/// What ends a line.
pub(super) const BREAKS: [char; 2] = ['\n', '\r'];
const WIDEST: usize = 120;

/// What a file does where several ways are right.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub quote: char,
    /// Characters that fit into a line.
    pub width: usize,
}

impl Style {
    /// Reads a file's habits off its text.
    pub fn of(text: &str) -> Self {
        let double = text.matches('"').count();
        let single = text.matches('\'').count();
        let mut width = USUAL_WIDTH;
        let wide = |line: &&[u8]| line.len() > USUAL_WIDTH;
        let lines = text.as_bytes().split(|b| matches!(b, b'\n' | b'\r'));
        for line in lines.map(<[u8]>::trim_ascii_end).filter(wide) {
            let line = String::from_utf8_lossy(line);
            if !line.contains("http") && !line.trim_start().starts_with('#') {
                let code = line.split("  # ").next().unwrap_or(&line);
                width = width.max(code.chars().count());
            }
        }
        Self {
            quote: if single > double { '\'' } else { '"' },
            width: width.min(WIDEST),
        }
    }

    /// A string literal.
    pub fn string(self, text: &str) -> String {
        format!("{0}{text}{0}", self.quote)
    }
}

/// A call to put behind a link of a chain.
pub(super) struct Call {
    pub name: String,
    pub arguments: Vec<String>,
}

impl Call {
    pub fn inline(&self) -> String {
        format!(".{}({})", self.name, self.arguments.join(", "))
    }
}

/// The edits that put calls into a chain, in place of `replaced`; other edits are made `beside` them.
pub(super) fn insert(
    module: &Module,
    text: &str,
    found: &Found<'_>,
    chain: &Chain<'_>,
    replaced: Span,
    (calls, beside): (&[Call], &[(Span, String)]),
) -> Vec<(Span, String)> {
    let style = Style::of(text);
    let inline: String = calls.iter().map(Call::inline).collect();
    if let Some(indent) = hanging(text, chain, replaced) {
        let fits = |call: &Call| indent.len() + call.inline().len() <= style.width;
        let content = calls
            .iter()
            .map(|call| {
                let body = if fits(call) {
                    call.inline()
                } else {
                    broken(call, &indent, style)
                };
                format!("\n{indent}{body}")
            })
            .collect::<String>();
        return vec![(replaced, content)];
    }
    let line = code_line(module, text, replaced);
    let grown: usize = beside
        .iter()
        .filter(|(at, new)| line.contains(*at) && !new.contains(BREAKS))
        .map(|(at, new)| new.chars().count().saturating_sub(count(text, *at)))
        .sum();
    let width = count(text, line) - count(text, replaced) + inline.chars().count() + grown;
    if width <= style.width || count(text, line) > style.width {
        return vec![(replaced, inline)];
    }
    let indent = indent_of(text, replaced.start);
    let place = Place {
        text,
        found,
        line,
        indent: &indent,
        style,
    };
    if let Some(edits) = place.in_brackets(chain, replaced, calls, &inline) {
        return edits;
    }
    if let Some(edits) = place.in_parentheses(chain, replaced, calls) {
        return edits;
    }
    let Some((last, head)) = calls.split_last() else {
        return Vec::new();
    };
    let before = count(text, Span::new(line.start, replaced.start));
    let head: String = head
        .iter()
        .map(|call| {
            let body = call.inline();
            let fits = before + body.chars().count() <= style.width;
            if fits { body } else { broken(call, &indent, style) }
        })
        .collect();
    vec![(replaced, head + &broken(last, &indent, style))]
}

/// A line that gets too long.
struct Place<'a, 't> {
    text: &'a str,
    found: &'a Found<'t>,
    line: Span,
    indent: &'a str,
    style: Style,
}

impl Place<'_, '_> {
    /// The outermost brackets around the expression get lines of their own.
    fn in_brackets(
        &self,
        chain: &Chain<'_>,
        replaced: Span,
        calls: &[Call],
        inline: &str,
    ) -> Option<Vec<(Span, String)>> {
        let bracketed = |node: &&AnyNodeRef<'_>| {
            let opens = match node {
                AnyNodeRef::Arguments(_)
                | AnyNodeRef::ExprDict(_)
                | AnyNodeRef::ExprDictComp(_)
                | AnyNodeRef::ExprList(_)
                | AnyNodeRef::ExprListComp(_)
                | AnyNodeRef::ExprSet(_)
                | AnyNodeRef::ExprSetComp(_) => true,
                AnyNodeRef::ExprTuple(tuple) => tuple.parenthesized,
                _ => false,
            };
            opens && self.line.contains(span(node.range()))
        };
        let node = self.found.around.iter().find(bracketed)?;
        let around = span(node.range());
        let body = Span::new(around.start + 1, around.end - 1);
        if self.text[..body.end as usize].trim_end().ends_with(',') {
            return None;
        }
        let inner = format!("\n{}    ", self.indent);
        let added = inline.chars().count();
        let mut edits = vec![(replaced, inline.to_owned())];
        if self.fits(body, replaced, added) {
            edits.push((Span::new(body.start, body.start), inner));
            edits.push((Span::new(body.end, body.end), format!("\n{}", self.indent)));
            return Some(joined(edits));
        }
        let (parts, comma) = parts_of(node, body)?;
        let mut before = body.start;
        for at in parts {
            let own = at.contains(replaced);
            let fits = if own {
                self.fits(at, replaced, added + 1)
            } else {
                self.fits(at, Span::default(), 1)
            };
            if !fits {
                if !own {
                    return None;
                }
                edits.retain(|(place, _)| *place != replaced);
                edits.extend(self.hung(chain, replaced, calls, &inner)?);
            }
            let gap = self.text[before as usize..at.start as usize].find(',');
            let from = gap.map_or(before, |comma| before + comma as u32 + 1);
            edits.push((Span::new(from, at.start), inner.clone()));
            before = at.end;
        }
        let end = format!("{}\n{}", if comma { "," } else { "" }, self.indent);
        edits.push((Span::new(body.end, body.end), end));
        Some(joined(edits))
    }

    /// Whether a part of the line with so many characters more fits into a line of its own, one level deeper.
    fn fits(&self, part: Span, replaced: Span, added: usize) -> bool {
        let width = count(self.text, part) - count(self.text, replaced) + added;
        self.indent.chars().count() + 4 + width <= self.style.width
    }

    /// A chain of three calls and more that is all a statement gives back stands in parentheses: in one line,
    /// or with a call a line.
    fn in_parentheses(
        &self,
        chain: &Chain<'_>,
        replaced: Span,
        calls: &[Call],
    ) -> Option<Vec<(Span, String)>> {
        let whole = span(self.found.expr.range());
        let alone = match self.found.around.last() {
            Some(AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtReturn(_) | AnyNodeRef::StmtAnnAssign(_)) => {
                true
            }
            Some(AnyNodeRef::StmtFor(node)) => span(node.iter.range()) == whole,
            _ => false,
        };
        let bare = !self.text[..whole.start as usize].trim_end().ends_with('(');
        if !alone || !bare || !self.line.contains(whole) {
            return None;
        }
        let inner = format!("\n{}    ", self.indent);
        let inline: String = calls.iter().map(Call::inline).collect();
        let hung = self.hung(chain, replaced, calls, &inner)?;
        let mut texts = vec![(Span::new(whole.start, whole.start), format!("({inner}"))];
        if self.fits(whole, replaced, inline.chars().count()) {
            texts.push((replaced, inline));
        } else {
            texts.extend(hung);
        }
        texts.push((Span::new(whole.end, whole.end), format!("\n{})", self.indent)));
        Some(joined(texts))
    }

    /// A chain of three calls and more with a call a line; `inner` begins each.
    fn hung(
        &self,
        chain: &Chain<'_>,
        replaced: Span,
        calls: &[Call],
        inner: &str,
    ) -> Option<Vec<(Span, String)>> {
        let standing: Vec<Span> = chain
            .links
            .iter()
            .filter(|link| link.name.is_some() && link.arguments.is_some())
            .map(|link| link.span)
            .filter(|link| replaced.start == replaced.end || !replaced.contains(*link))
            .collect();
        if standing.len() + calls.len() < 3 {
            return None;
        }
        let first = standing
            .iter()
            .map(|link| link.start)
            .chain([replaced.start])
            .min();
        let lead = |at: u32, nth: usize| if Some(at) == first && nth == 0 { "" } else { inner };
        let new: String = calls
            .iter()
            .enumerate()
            .map(|(i, call)| {
                let body = call.inline();
                let fits = self.indent.chars().count() + 4 + body.chars().count() <= self.style.width;
                let body = if fits {
                    body
                } else {
                    broken(call, inner.trim_start_matches('\n'), self.style)
                };
                lead(replaced.start, i).to_owned() + &body
            })
            .collect();
        let mut texts = vec![(replaced, new)];
        let later = |link: &&Span| Some(link.start) != first || link.start == replaced.start;
        for link in standing.iter().filter(later) {
            texts.push((Span::new(link.start, link.start), inner.to_owned()));
        }
        Some(texts)
    }
}

/// What may have a line of its own between some brackets, and whether a comma may end it.
fn parts_of(node: &AnyNodeRef<'_>, body: Span) -> Option<(Vec<Span>, bool)> {
    let clauses = |generators: &[Comprehension]| {
        let clauses: Vec<Span> = generators.iter().map(|g| span(g.range())).collect();
        let head = Span::new(body.start, clauses.first()?.start - 1);
        Some((std::iter::once(head).chain(clauses).collect(), false))
    };
    match node {
        AnyNodeRef::Arguments(arguments) => {
            // A lone generator takes no comma.
            let lone = matches!(&*arguments.args, [Expr::Generator(_)]);
            let parts = arguments.iter_source_order().map(|a| span(a.range())).collect();
            Some((parts, !lone))
        }
        AnyNodeRef::ExprListComp(comp) => clauses(&comp.generators),
        AnyNodeRef::ExprSetComp(comp) => clauses(&comp.generators),
        AnyNodeRef::ExprDictComp(comp) => clauses(&comp.generators),
        _ => None,
    }
}

/// Insertions at the same place become one, in the order given.
fn joined(texts: Vec<(Span, String)>) -> Vec<(Span, String)> {
    let mut out: Vec<(Span, String)> = Vec::new();
    let mut texts = texts;
    texts.sort_by_key(|(at, _)| (at.start, at.end));
    for (at, content) in texts {
        match out.last_mut() {
            Some((before, text)) if before.end == at.start && at.start == at.end => text.push_str(&content),
            _ => out.push((at, content)),
        }
    }
    out
}

/// The call with its arguments on lines of their own.
fn broken(call: &Call, indent: &str, style: Style) -> String {
    format!(".{}{}", call.name, bracketed(&call.arguments, indent, style))
}

/// Arguments in brackets, on lines of their own.
fn bracketed(arguments: &[String], indent: &str, style: Style) -> String {
    let inner = format!("{indent}    ");
    let joined = arguments.join(", ");
    let body = if inner.len() + joined.chars().count() <= style.width {
        format!("{inner}{joined}")
    } else if let [only] = arguments {
        format!("{inner}{}", exploded(only, &inner, style))
    } else {
        arguments
            .iter()
            .map(|argument| format!("{inner}{},", exploded(argument, &inner, style)))
            .collect::<Vec<_>>()
            .join("\n")
    };
    format!("(\n{body}\n{indent})")
}

/// An argument that is a call, with the arguments of that call on lines of their own where it is too long.
fn exploded(argument: &str, indent: &str, style: Style) -> String {
    let fits = indent.len() + argument.chars().count() < style.width;
    match argument.split_once('(') {
        Some((head, rest)) if !fits => match parts(rest) {
            Some(inner) => {
                let inner: Vec<String> = inner.into_iter().map(str::to_owned).collect();
                format!("{head}{}", bracketed(&inner, indent, style))
            }
            None => argument.to_owned(),
        },
        _ => argument.to_owned(),
    }
}

/// The arguments in `a, b(c), d)`; nothing if more follows the closing bracket.
fn parts(rest: &str) -> Option<Vec<&str>> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut start = 0;
    let mut out = Vec::new();
    for (i, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\\') => return None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => {
                out.push(rest[start..i].trim());
                return (i + 1 == rest.len()).then_some(out);
            }
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                out.push(rest[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    None
}

/// New arguments for a call, brackets included; on lines of their own when the line gets too long.
pub(super) fn arguments(module: &Module, text: &str, at: Span, arguments: &[String]) -> String {
    let style = Style::of(text);
    let inline = format!("({})", arguments.join(", "));
    let line = code_line(module, text, at);
    let width = count(text, line) - count(text, at) + inline.chars().count();
    if width <= style.width {
        inline
    } else {
        bracketed(arguments, &indent_of(text, at.start), style)
    }
}

/// The indentation of links that stand on lines of their own, next to the place.
fn hanging(text: &str, chain: &Chain<'_>, at: Span) -> Option<String> {
    let near = chain
        .links
        .iter()
        .filter(|link| link.name.is_some())
        .filter_map(|link| {
            let start = text[link.span.start as usize..].find('.')? as u32 + link.span.start;
            let lead = &text[link.span.start as usize..start as usize];
            let own = lead.contains(BREAKS) && !lead.contains('\\');
            own.then(|| (start.abs_diff(at.start), indent_of(text, start)))
        })
        .min_by_key(|(distance, _)| *distance)?;
    Some(near.1)
}

/// The code of the line of a place, without a comment at its end.
fn code_line(module: &Module, text: &str, at: Span) -> Span {
    let start = text[..at.start as usize].rfind(BREAKS).map_or(0, |n| n + 1);
    let end = text[at.end as usize..]
        .find(BREAKS)
        .map_or(text.len(), |n| n + at.end as usize);
    let comment = module
        .tokens()
        .iter()
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| span(token.range()).start as usize)
        .find(|comment| (start..end).contains(comment));
    let code = text[start..comment.unwrap_or(end)].trim_end();
    Span::new(start as u32, (start + code.len()) as u32)
}

fn count(text: &str, at: Span) -> usize {
    text.get(at.start as usize..at.end as usize)
        .map_or(0, |part| part.chars().count())
}

/// Whether a line takes a text in place of a part of it.
pub(super) fn fits(text: &str, part: Span, new: &str) -> bool {
    let line = line_of(text, part);
    count(text, line) - count(text, part) + new.chars().count() <= Style::of(text).width
}

/// No line ends in the span.
pub(super) fn in_one_line(text: &str, at: Span) -> bool {
    !text[at.start as usize..at.end as usize].contains(BREAKS)
}

fn line_of(text: &str, at: Span) -> Span {
    let start = text[..at.start as usize].rfind(BREAKS).map_or(0, |n| n + 1);
    let end = text[at.end as usize..]
        .find(BREAKS)
        .map_or(text.len(), |n| n + at.end as usize);
    let line = &text[start..end];
    let code = line.split("  # ").next().unwrap_or(line).trim_end();
    Span::new(start as u32, (start + code.len()).max(at.end as usize) as u32)
}

/// The white space that begins the line of an offset.
pub(super) fn indent_of(text: &str, at: u32) -> String {
    let start = text[..at as usize].rfind(BREAKS).map_or(0, |n| n + 1);
    text[start..]
        .chars()
        .take_while(|c| *c == ' ' || *c == '\t')
        .collect()
}

/// Only white space stands before the offset in its line.
pub(super) fn starts_line(text: &str, at: u32) -> bool {
    let start = text[..at as usize].rfind(BREAKS).map_or(0, |n| n + 1);
    text[start..at as usize].trim().is_empty()
}

/// The offset behind the end of a line, where nothing but a comment follows.
pub(super) fn line_end(text: &str, at: u32) -> Option<u32> {
    let rest = &text[at as usize..];
    let end = rest.find(BREAKS)?;
    let between = rest[..end].trim();
    let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
    (between.is_empty() || between.starts_with('#')).then_some(at + (end + length) as u32)
}

/// The lines of a statement that shares them with nothing but a comment, line breaks included.
pub(super) fn whole_line(text: &str, at: Span) -> Option<Span> {
    if !starts_line(text, at.start) {
        return None;
    }
    let start = at.start - indent_of(text, at.start).len() as u32;
    line_end(text, at.end).map(|end| Span::new(start, end))
}

/// As [`whole_line`], without the comment behind the statement: comments stay.
pub(super) fn dropped_line(module: &Module, text: &str, at: Span) -> Option<Span> {
    let whole = whole_line(text, at)?;
    let behind = code_line(module, text, at).end.max(at.end);
    let comment = text[behind as usize..whole.end as usize].find('#');
    Some(comment.map_or(whole, |comment| Span::new(at.start, behind + comment as u32)))
}
