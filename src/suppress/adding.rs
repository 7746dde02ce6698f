//! Where a new suppression goes: into the `noqa` of its line, behind the line, or above it.
//!
//! Nothing else of the text changes. What the comments answer then is not checked here.

use std::collections::BTreeMap;

use super::directive::{Targets, Verb, Word, is_code};
use super::{Suppressions, line_text};
use crate::rules::Rule;
use crate::source::{LineIndex, Span};

/// A rule to be suppressed for the expression on these lines.
#[derive(Debug, Clone, Copy)]
pub struct Addition {
    pub rule: &'static Rule,
    pub first: u32,
    pub last: u32,
}

/// One file that gets suppressions.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    pub text: &'a str,
    pub lines: &'a LineIndex,
    pub suppressions: &'a Suppressions,
    pub template: bool,
    /// Whether the end of a line of Python is no place for a comment: in a string, or behind a backslash.
    pub closed: &'a dyn Fn(u32) -> bool,
    pub reason: &'a str,
}

/// The insertions that suppress these, ordered; those for which there is no place are left out.
pub fn additions(page: Page<'_>, wanted: &[Addition]) -> Vec<(Span, String)> {
    let mut behind: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
    let mut above: BTreeMap<u32, Vec<&Rule>> = BTreeMap::new();
    for addition in wanted {
        let open = (addition.first..=addition.last).find(|line| page.template || !(page.closed)(*line));
        let place = match open {
            Some(line) => behind.entry(line).or_default(),
            None if addition.first > 1 && (page.closed)(addition.first - 1) => continue,
            None => above.entry(addition.first).or_default(),
        };
        if !place.contains(&addition.rule) {
            place.push(addition.rule);
        }
    }
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (line, mut rules) in behind {
        rules.sort_by_key(|rule| rule.code);
        let codes: Vec<&str> = rules.iter().map(|rule| rule.code).collect();
        edits.push(page.behind(line, &codes.join(", ")));
    }
    for (line, mut rules) in above {
        rules.sort_by_key(|rule| rule.code);
        let names: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
        let (start, _) = page.lines.line_range(page.text, line);
        let code = line_text(page.text, page.lines, line);
        let indent = &code[..code.len() - code.trim_start().len()];
        let reason = spaced(page.reason);
        let comment = format!("{indent}# djperf: ignore[{}]{reason}\n", names.join(", "));
        edits.push((Span::new(start, start), comment));
    }
    edits.sort();
    edits
}

impl Page<'_> {
    fn behind(&self, line: u32, codes: &str) -> (Span, String) {
        if let Some(last) = self.last_code(line) {
            let at = last.span.end;
            return (Span::new(at, at), format!(", {codes}"));
        }
        let (start, _) = self.lines.line_range(self.text, line);
        let code = line_text(self.text, self.lines, line);
        let end = start + code.trim_end().len() as u32;
        // A reason that begins like a code would be read as one.
        let reason = match self.reason.split_whitespace().next() {
            Some(first) if is_code(first.trim_end_matches(',')) => format!(" - {}", self.reason),
            _ => spaced(self.reason),
        };
        if !self.template {
            return (Span::new(end, end), format!("  # noqa: {codes}{reason}"));
        }
        if self.in_tag(end) {
            let at = start + (code.len() - code.trim_start().len()) as u32;
            return (Span::new(at, at), format!("{{# noqa: {codes}{reason} #}}"));
        }
        (Span::new(end, end), format!(" {{# noqa: {codes}{reason} #}}"))
    }

    /// The last code of a `noqa` on a line.
    fn last_code(&self, line: u32) -> Option<&Word> {
        let on_line = self.suppressions.lines.get(&line)?.iter().rev();
        let mut lists = on_line.filter_map(|id| {
            let directive = &self.suppressions.directives[*id].directive;
            match &directive.targets {
                Targets::Some(words) if directive.verb == Verb::Noqa => words.last(),
                _ => None,
            }
        });
        lists.next()
    }

    /// Whether a tag of a template is open at a byte offset.
    fn in_tag(&self, at: u32) -> bool {
        let before = &self.text[..at as usize];
        let open = ["{%", "{{", "{#"]
            .iter()
            .filter_map(|sign| before.rfind(sign))
            .max();
        let closed = ["%}", "}}", "#}"]
            .iter()
            .filter_map(|sign| before.rfind(sign))
            .max();
        open > closed
    }
}

fn spaced(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" {reason}")
    }
}
