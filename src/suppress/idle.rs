//! Suppressions that nothing needs, and words in them that name no rule.

use super::directive::{Targets, Verb, Word};
use super::{Stated, Suppressions};
use crate::rules::Rule;
use crate::source::{LineIndex, Span};

/// A directive that answers less than it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// What is not needed: the whole directive, or one word of it and those behind.
    pub span: Span,
    /// The words that nothing needs; empty for a directive about all rules.
    pub words: Vec<String>,
    /// What takes them out: places in the file and what stands there then.
    pub removal: Vec<(Span, String)>,
}

/// A word where a rule should stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    pub span: Span,
    pub word: String,
}

impl Suppressions {
    /// Directives that answered nothing so far. `judged` tells whether a finding of the rule would have been found in this
    /// file, and `all` whether that is so for every rule. A `noqa` for all rules is other tools' as well.
    pub fn idle(
        &self,
        text: &str,
        lines: &LineIndex,
        rules: &[Rule],
        (judged, all): (&dyn Fn(&Rule) -> bool, bool),
    ) -> Vec<Idle> {
        let mut found = Vec::new();
        for (id, stated) in self.directives.iter().enumerate() {
            let directive = &stated.directive;
            if directive.verb == Verb::Enable {
                continue;
            }
            let Targets::Some(words) = &directive.targets else {
                if directive.verb != Verb::Noqa && all && !self.used.contains(&(id, None)) {
                    found.push(Idle {
                        span: trimmed(text, directive.span),
                        words: Vec::new(),
                        removal: self.without(text, lines, id),
                    });
                }
                continue;
            };
            let is_idle = |(i, word): &(usize, &Word)| {
                let rule = rules.iter().find(|rule| word.names(rule));
                rule.is_some_and(judged) && !self.used.contains(&(id, Some(*i)))
            };
            let (idle, kept): (Vec<_>, Vec<_>) = words.iter().enumerate().partition(is_idle);
            let Some((_, first)) = idle.first() else { continue };
            let removal = match (words.first(), words.last()) {
                (Some(from), Some(to)) if !kept.is_empty() => {
                    let rest: Vec<&str> = kept.iter().map(|(_, word)| word.text.as_str()).collect();
                    vec![(from.span.cover(to.span), rest.join(", "))]
                }
                _ => self.without(text, lines, id),
            };
            found.push(Idle {
                span: if kept.is_empty() {
                    trimmed(text, directive.span)
                } else {
                    first.span
                },
                words: idle.iter().map(|(_, word)| word.text.clone()).collect(),
                removal,
            });
        }
        found
    }

    /// Words that can only mean a rule of ours, and name none.
    pub fn strangers(&self, rules: &[Rule]) -> Vec<Stranger> {
        let mut found = Vec::new();
        for stated in &self.directives {
            let Targets::Some(words) = &stated.directive.targets else {
                continue;
            };
            let foreign = |word: &Word| {
                let digits = word.text.get(3..).unwrap_or("");
                let ours = word
                    .text
                    .get(..3)
                    .is_some_and(|start| start.eq_ignore_ascii_case("DJP"))
                    && !digits.is_empty()
                    && digits.bytes().all(|b| b.is_ascii_digit());
                stated.directive.verb == Verb::Noqa && !ours
            };
            let unknown = words
                .iter()
                .filter(|word| !foreign(word) && !rules.iter().any(|rule| word.names(rule)));
            found.extend(unknown.map(|word| Stranger {
                span: word.span,
                word: word.text.clone(),
            }));
        }
        found
    }

    /// The edits that take out a directive, and the `enable` that ends it.
    fn without(&self, text: &str, lines: &LineIndex, id: usize) -> Vec<(Span, String)> {
        let stated = &self.directives[id];
        let mut gone = vec![removed(text, lines, stated)];
        if stated.directive.verb == Verb::Disable {
            let end = self.directives[id + 1..].iter().find(|later| {
                matches!(later.directive.verb, Verb::Disable | Verb::Enable)
                    && later.directive.targets.same(&stated.directive.targets)
            });
            let end = end.filter(|end| end.directive.verb == Verb::Enable && end.comment != stated.comment);
            gone.extend(end.map(|end| removed(text, lines, end)));
        }
        gone.into_iter().map(|span| (span, String::new())).collect()
    }
}

/// A directive, with its comment and its line where nothing else is in them. A template prints the same as before.
fn removed(text: &str, lines: &LineIndex, stated: &Stated) -> Span {
    let (comment, part) = (stated.comment, stated.directive.span);
    let (start, end) = (comment.start as usize, comment.end as usize);
    let template = text[..start].ends_with('{') && text[end..].starts_with("#}");
    let blank = |at: u32| text[..at as usize].trim_end_matches([' ', '\t', '\x0c']).len() as u32;
    match (stated.alone, template) {
        (true, true) => Span::new(comment.start - 1, comment.end + 2),
        (true, false) if stated.own_line => {
            let (line, _) = lines.line_range(text, lines.line_of(comment.start));
            let rest = &text[end..];
            let ending = if rest.starts_with("\r\n") {
                2
            } else {
                u32::from(!rest.is_empty())
            };
            Span::new(line, comment.end + ending)
        }
        (true, false) => Span::new(blank(comment.start), comment.end),
        (false, false) if part.end == comment.end => Span::new(blank(part.start), part.end),
        (false, _) => part,
    }
}

fn trimmed(text: &str, span: Span) -> Span {
    let part = text.get(span.start as usize..span.end as usize).unwrap_or("");
    Span::new(span.start, span.start + part.trim_end().len() as u32)
}
