//! More arguments for calls that stand there: laid out as those they have.
//!
//! Knows lookup paths as text; not what they lead to.

use crate::source::Span;
use crate::syntax::python::ast::Arguments;
use crate::syntax::python::{Ranged, span};

use super::chain;
use super::layout::{self, Call};

/// Adds the arguments of a call to those of one that stands there; a path that goes on from one of them takes its
/// place.
pub(super) fn merged(text: &str, arguments: &Arguments, call: &Call) -> Vec<(Span, String)> {
    let spans: Vec<Span> = arguments.args.iter().map(|arg| span(arg.range())).collect();
    let Some(last) = spans.last() else {
        return Vec::new();
    };
    let mut replaced: Vec<Option<&String>> = vec![None; spans.len()];
    let mut added: Vec<&String> = Vec::new();
    let there = chain::strings(arguments);
    for argument in &call.arguments {
        let path = argument.trim_matches(['"', '\'']);
        let goes_on = |old: &str| path.strip_prefix(old).is_some_and(|rest| rest.starts_with("__"));
        let shorter = (0..spans.len()).find(|i| replaced[*i].is_none() && there[*i].is_some_and(goes_on));
        match shorter {
            Some(i) => replaced[i] = Some(argument),
            None => added.push(argument),
        }
    }
    let all: Vec<&str> = spans
        .iter()
        .zip(&replaced)
        .map(|(at, new)| new.map_or(&text[at.start as usize..at.end as usize], |new| new.as_str()))
        .chain(added.iter().map(|new| new.as_str()))
        .collect();
    let whole = span(arguments.range());
    let inside = Span::new(whole.start + 1, whole.end - 1);
    if layout::in_one_line(text, whole) {
        let joined = all.join(", ");
        let content = if layout::fits(text, inside, &joined) {
            joined
        } else {
            layout::opened(text, whole.start, &all)
        };
        return vec![(inside, content)];
    }
    let mut edits: Vec<(Span, String)> = spans
        .iter()
        .zip(&replaced)
        .filter_map(|(at, new)| new.map(|new| (*at, new.clone())))
        .collect();
    if added.is_empty() {
        return edits;
    }
    let more: Vec<&str> = added.iter().map(|new| new.as_str()).collect();
    let end = Span::new(last.end, last.end);
    let comma = text[last.end as usize..].trim_start().starts_with(',');
    let alone = layout::starts_line(text, last.start);
    let content = if alone && (comma || !layout::fits(text, end, &format!(", {}", more.join(", ")))) {
        let indent = layout::indent_of(text, last.start);
        let lines: String = more.iter().map(|new| format!(",\n{indent}{new}")).collect();
        if comma { lines } else { lines + "," }
    } else {
        format!(", {}", more.join(", "))
    };
    edits.push((end, content));
    edits
}
