//! Rules and findings in Markdown.

use std::fmt::Write;

use super::findings::page_of;
use crate::fix::Safety;
use crate::report::diagnostic::Diagnostic;
use crate::rules::{self, Rule};

/// The rule of a code or a name.
pub(super) fn rule(word: &str) -> Option<&'static Rule> {
    let same = |known: &str| known.eq_ignore_ascii_case(word);
    rules::all()
        .iter()
        .find(|rule| same(rule.code) || same(rule.name))
}

/// The whole card of a rule.
pub(super) fn card(rule: &Rule) -> String {
    format!("{}\n", rule.body().trim())
}

/// The head of a card: what the rule finds, and where to read more.
pub(super) fn summary(rule: &Rule) -> String {
    let more = match page_of(rule.name) {
        Some(url) => format!("[{}]({url})", rule.name),
        None => format!("`djperf explain {}`", rule.code),
    };
    format!("{}\n\n{more}", rule.summary())
}

/// What hovering over a finding shows.
pub(super) fn finding(diagnostic: &Diagnostic) -> String {
    let mut out = format!(
        "**{}** `{}`: {}\n",
        diagnostic.code,
        diagnostic.rule,
        plain(&diagnostic.message)
    );
    if let Some(queries) = &diagnostic.queries {
        let _ = write!(out, "\nQueries: **{}** → **{}**\n", queries.before, queries.after);
    }
    if !diagnostic.endpoints.is_empty() {
        let patterns: Vec<String> = diagnostic.endpoints.iter().map(|p| code(p)).collect();
        let _ = write!(out, "\nRuns for: {}\n", patterns.join(", "));
    }
    // A fix says what to do; the help would say it again.
    if let Some(help) = diagnostic.help.as_ref().filter(|_| diagnostic.fix.is_none()) {
        let _ = write!(out, "\n{}\n", plain(help));
    }
    if let Some(fix) = &diagnostic.fix {
        let note = match fix.safety {
            Safety::Safe => "",
            Safety::Unsafe => " (unsafe: memory and joins change)",
            Safety::Display => " (to be decided by you)",
        };
        let _ = write!(out, "\nFix: {}{note}\n", plain(&fix.title));
    }
    if let Some(rule) = rule(diagnostic.code) {
        let _ = write!(out, "\n---\n\n{}\n", summary(rule));
    }
    out
}

/// Text of a project in Markdown: between backticks it is as it is, elsewhere no sign means anything.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '`' => quoted = !quoted,
            '<' | '>' | '[' | ']' | '*' | '_' | '\\' | '#' | '!' | '&' if !quoted => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Text of a project as code.
pub(super) fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence} {text} {fence}")
}

/// Markdown of this module for clients that show text as it is.
pub(super) fn unmarked(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut quoted = false;
    let mut rest = markdown.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('`', _) => quoted = !quoted,
            ('*', Some('*')) if !quoted => {
                rest.next();
            }
            ('\\', Some(next)) if !quoted && next.is_ascii_punctuation() => out.extend(rest.next()),
            _ => out.push(c),
        }
    }
    out.replace("\n---\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_projects_stay_what_they_are() {
        let text = "each `Order_*` row [loads] a*b **kwargs #1";
        let shown = plain(text);
        assert_eq!(shown, "each `Order_*` row \\[loads\\] a\\*b \\*\\*kwargs \\#1");
        let all = format!("**DJP101** {}: {shown}\n\n---\n\nmore", code("x * y"));
        assert_eq!(
            unmarked(&all),
            "DJP101  x * y : each Order_* row [loads] a*b **kwargs #1\n\nmore"
        );
    }
}
