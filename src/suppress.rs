//! Suppression comments: which findings a reader has already answered.
//!
//! Works on the comments of one file and rule identities; it does not know how findings are made.
//!
//! | comment | what it answers |
//! |---|---|
//! | `# noqa`, `# noqa: DJP101, E501` | its line |
//! | `# djperf: ignore[rule] reason` | its line; on a line of its own, also the next code line |
//! | `# djperf: disable[rule]` … `# djperf: enable[rule]` | the lines between, or to the end of the file |
//! | `# djperf: ignore-file[rule]`, `# djperf: noqa` in the first comments | the file |
//!
//! In templates the same stands between `{` and `}`: `{# noqa #}`.

mod directive;

use std::collections::BTreeMap;

use directive::{Directive, Targets};

use crate::facts::Comment;
use crate::rules::Rule;
use crate::source::LineIndex;

/// What the comments of one file suppress.
#[derive(Debug, Clone, Default)]
pub struct Suppressions {
    /// 1-based line → what is suppressed there.
    lines: BTreeMap<u32, Vec<Targets>>,
    /// `disable` and `enable`, in order.
    switches: Vec<Switch>,
    file: Vec<Targets>,
}

#[derive(Debug, Clone)]
struct Switch {
    line: u32,
    /// Suppresses from its line on; otherwise ends that after its line.
    disables: bool,
    targets: Targets,
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
            for directive in directive::parse(text.get(start..end).unwrap_or("")) {
                match directive {
                    Directive::Noqa(targets) => found.on(line, targets),
                    Directive::Ignore(targets) => {
                        let next = if comment.own_line {
                            next_code_line(text, lines, lines.line_of(comment.span.end))
                        } else {
                            None
                        };
                        for line in [Some(line), next].into_iter().flatten() {
                            found.on(line, targets.clone());
                        }
                    }
                    Directive::File(targets) if comment.own_line && line <= head_end(text, lines) => {
                        found.file.push(targets);
                    }
                    Directive::File(_) => {}
                    Directive::Disable(targets) => found.switch(line, true, targets),
                    Directive::Enable(targets) => found.switch(line, false, targets),
                }
            }
        }
        found
    }

    /// Whether a comment on the line, or a range around it, answers the rule. For primary lines.
    pub fn covers_line(&self, rule: &Rule, line: u32) -> bool {
        self.comment_on(rule, line) || self.disabled_at(rule, line)
    }

    /// Whether a comment about this very line answers the rule; ranges do not count. For evidence lines.
    pub fn comment_on(&self, rule: &Rule, line: u32) -> bool {
        self.lines
            .get(&line)
            .is_some_and(|all| all.iter().any(|targets| targets.names(rule)))
    }

    /// Whether the rule is answered for the whole file.
    pub fn covers_file(&self, rule: &Rule) -> bool {
        self.file.iter().any(|targets| targets.names(rule))
    }

    /// Whether the file has no suppressions at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.switches.is_empty() && self.file.is_empty()
    }

    fn on(&mut self, line: u32, targets: Targets) {
        self.lines.entry(line).or_default().push(targets);
    }

    fn switch(&mut self, line: u32, disables: bool, targets: Targets) {
        self.switches.push(Switch {
            line,
            disables,
            targets,
        });
    }

    fn disabled_at(&self, rule: &Rule, line: u32) -> bool {
        let reached = |switch: &&Switch| switch.line < line || switch.disables && switch.line == line;
        let last = self
            .switches
            .iter()
            .filter(reached)
            .rfind(|switch| switch.targets.names(rule));
        last.is_some_and(|switch| switch.disables)
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
