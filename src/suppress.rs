//! Suppression comments: which findings a reader has already answered.
//!
//! Works on the comments of one file and rule identities; it does not know how findings are made. Also tells which
//! comments answer nothing, and where a new one goes.
//!
//! | comment | what it answers |
//! |---|---|
//! | `# noqa`, `# noqa: DJP101, E501` | its line |
//! | `# djperf: ignore[rule] reason` | its line; on a line of its own, also the next code line |
//! | `# djperf: disable[rule]` … `# djperf: enable[rule]` | the lines between, or to the end of the file |
//! | `# djperf: ignore-file[rule]`, `# djperf: noqa` in the first comments | the file |
//!
//! In templates the same stands between `{` and `}`: `{# noqa #}`.

mod adding;
mod directive;
mod idle;

use std::collections::{BTreeMap, BTreeSet};

use directive::{Directive, Targets, Verb};

use crate::facts::Comment;
use crate::rules::Rule;
use crate::source::{LineIndex, Span};

pub use adding::{Addition, Page, additions};
pub use idle::{Idle, Stranger};

/// What the comments of one file suppress, and what of it was needed.
#[derive(Debug, Clone, Default)]
pub struct Suppressions {
    directives: Vec<Stated>,
    /// 1-based line → directives about it.
    lines: BTreeMap<u32, Vec<usize>>,
    /// `disable` and `enable`, in order.
    switches: Vec<Switch>,
    file: Vec<usize>,
    /// Directives that answered a finding, with the word that names its rule.
    used: BTreeSet<(usize, Option<usize>)>,
}

/// A directive and the comment that it is part of.
#[derive(Debug, Clone)]
struct Stated {
    directive: Directive,
    comment: Span,
    own_line: bool,
    /// Nothing else stands in the comment.
    alone: bool,
}

#[derive(Debug, Clone)]
struct Switch {
    line: u32,
    /// Suppresses from its line on; otherwise ends that after its line.
    disables: bool,
    directive: usize,
}

impl Suppressions {
    /// Reads the comments of one file; `lines` is the index of `text`.
    pub fn parse(text: &str, comments: &[Comment], lines: &LineIndex) -> Self {
        let mut found = Self::default();
        let mut comments: Vec<&Comment> = comments.iter().collect();
        comments.sort_by_key(|comment| comment.span.start);
        for comment in comments {
            let (start, end) = (comment.span.start as usize, comment.span.end as usize);
            let line = lines.line_of(comment.span.start);
            let said = text.get(start..end).unwrap_or("");
            for directive in directive::parse(said, comment.span.start) {
                let verb = directive.verb;
                let id = found.directives.len();
                found.directives.push(Stated {
                    directive,
                    comment: comment.span,
                    own_line: comment.own_line,
                    alone: directive::is_single(said),
                });
                match verb {
                    Verb::Noqa => found.on(line, id),
                    Verb::Ignore => {
                        let next = if comment.own_line {
                            next_code_line(text, lines, lines.line_of(comment.span.end))
                        } else {
                            None
                        };
                        for line in [Some(line), next].into_iter().flatten() {
                            found.on(line, id);
                        }
                    }
                    Verb::File if comment.own_line && line <= head_end(text, lines) => found.file.push(id),
                    Verb::File => {}
                    Verb::Disable | Verb::Enable => found.switches.push(Switch {
                        line,
                        disables: verb == Verb::Disable,
                        directive: id,
                    }),
                }
            }
        }
        found
    }

    /// Whether a comment answers a finding of the rule whose primary expression is on these lines. What answers it counts
    /// as used.
    pub fn answer(&mut self, rule: &Rule, (first, last): (u32, u32)) -> bool {
        let mut by: Vec<usize> = self.about_file(rule).collect();
        for line in first..=last {
            by.extend(self.about_line(rule, line).chain(self.disabled_at(rule, line)));
        }
        self.mark(rule, by)
    }

    /// As [`answer`](Self::answer), for a line of evidence: only comments about this very line count.
    pub fn answer_evidence(&mut self, rule: &Rule, line: u32) -> bool {
        let by = self.about_line(rule, line).collect();
        self.mark(rule, by)
    }

    fn mark(&mut self, rule: &Rule, by: Vec<usize>) -> bool {
        for id in &by {
            match &self.directives[*id].directive.targets {
                Targets::All => {
                    self.used.insert((*id, None));
                }
                Targets::Some(words) => {
                    let named = words.iter().enumerate().filter(|(_, word)| word.names(rule));
                    self.used.extend(named.map(|(i, _)| (*id, Some(i))));
                }
            }
        }
        !by.is_empty()
    }

    /// Whether a comment on the line, or a range around it, answers the rule. For primary lines.
    pub fn covers_line(&self, rule: &Rule, line: u32) -> bool {
        self.comment_on(rule, line) || self.disabled_at(rule, line).is_some()
    }

    /// Whether a comment about this very line answers the rule; ranges do not count. For evidence lines.
    pub fn comment_on(&self, rule: &Rule, line: u32) -> bool {
        self.about_line(rule, line).next().is_some()
    }

    /// Whether the rule is answered for the whole file.
    pub fn covers_file(&self, rule: &Rule) -> bool {
        self.about_file(rule).next().is_some()
    }

    /// Whether the file has no suppressions at all.
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }

    fn names(&self, id: usize, rule: &Rule) -> bool {
        self.directives[id].directive.targets.names(rule)
    }

    fn about_line<'a>(&'a self, rule: &'a Rule, line: u32) -> impl Iterator<Item = usize> + 'a {
        let all = self.lines.get(&line).into_iter().flatten().copied();
        all.filter(move |id| self.names(*id, rule))
    }

    fn about_file<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = usize> + 'a {
        self.file.iter().copied().filter(move |id| self.names(*id, rule))
    }

    fn on(&mut self, line: u32, id: usize) {
        self.lines.entry(line).or_default().push(id);
    }

    fn disabled_at(&self, rule: &Rule, line: u32) -> Option<usize> {
        let reached = |switch: &&Switch| switch.line < line || switch.disables && switch.line == line;
        let last = self
            .switches
            .iter()
            .filter(reached)
            .rfind(|switch| self.names(switch.directive, rule));
        last.filter(|switch| switch.disables)
            .map(|switch| switch.directive)
    }
}

/// The last line of the comments a file begins with; a docstring may stand among them.
fn head_end(text: &str, lines: &LineIndex) -> u32 {
    let (mut line, mut docstring) = (1, false);
    while line <= lines.line_count() {
        let code = line_text(text, lines, line).trim();
        if code.is_empty() || is_comment(code) {
            line += 1;
            continue;
        }
        let (start, _) = lines.line_range(text, line);
        let rest = text.get(start as usize..).unwrap_or("");
        let Some(length) = docstring_length(rest).filter(|_| !docstring) else {
            break;
        };
        docstring = true;
        line = lines.line_of(start + length) + 1;
    }
    line - 1
}

/// Bytes of the triple-quoted string that the text begins with.
fn docstring_length(text: &str) -> Option<u32> {
    let quoted = text.trim_start_matches(['r', 'R']);
    let quote = ["\"\"\"", "'''"]
        .into_iter()
        .find(|quote| quoted.starts_with(quote))?;
    let length = quoted[3..].find(quote)? + 6;
    Some((text.len() - quoted.len() + length) as u32 - 1)
}

/// The first line after `line` that holds more than white space and comments.
fn next_code_line(text: &str, lines: &LineIndex, line: u32) -> Option<u32> {
    (line + 1..=lines.line_count()).find(|next| {
        let next = line_text(text, lines, *next).trim();
        !next.is_empty() && !is_comment(next)
    })
}

/// Whether a line is a comment of Python or of a template, and nothing else.
fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("{#") && line.find("#}") == Some(line.len() - 2)
}

fn line_text<'a>(text: &'a str, lines: &LineIndex, line: u32) -> &'a str {
    let (start, end) = lines.line_range(text, line);
    text.get(start as usize..end as usize).unwrap_or("")
}

#[cfg(test)]
mod tests;
