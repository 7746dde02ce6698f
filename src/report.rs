//! Diagnostics made visible: text for people, documents for programs, commands for CI systems.
//!
//! A format is a function from [`View`] to text, in a module of its own; [`Format`] lists them. This room does no I/O, and knows neither terminals
//! nor how findings were made.

mod azure;
pub mod baseline;
mod checkstyle;
mod concise;
pub mod diagnostic;
mod escape;
pub mod fingerprint;
mod fixable;
mod format;
mod full;
mod github;
mod gitlab;
pub mod graph;
mod grouped;
pub mod indexes;
pub mod json;
mod junit;
pub mod known;
pub mod markdown;
mod patch;
mod place;
mod pylint;
mod rdjson;
mod sarif;
pub mod settings;
mod snippet;
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

pub use escape::{line as escape_line, printed as escape_commands, text as escape_text};
pub use fingerprint::fingerprints;
pub use fixable::{Fixable, fixable};
pub use format::Format;
pub use full::Style;
pub use patch::unified;

use crate::fix::Safety;
use crate::source::SourceSet;
use diagnostic::{Diagnostic, Severity};

/// Everything a format may show.
#[derive(Debug, Clone)]
pub struct View<'a> {
    pub sources: &'a SourceSet,
    pub diagnostics: &'a [Diagnostic],
    pub files: usize,
    pub templates: usize,
    pub models: usize,
    pub suppressed: usize,
    /// Findings left out because a baseline holds them, and because they are older than the change looked at.
    pub baselined: usize,
    pub unchanged: usize,
    /// Findings that this run took away.
    pub fixed: usize,
    /// The least safety of the fixes that would be made.
    pub applicable: Safety,
    pub duration: Duration,
    pub tallies: Vec<TallyView>,
    /// Reason → how often.
    pub unknown: &'a BTreeMap<String, u64>,
    /// All rules, ordered by code.
    pub rules: Vec<RuleView>,
    /// Where djperf was started, from the root of the checkout: `backend`; empty where that is the root, or not known.
    pub below: String,
    /// For text on a terminal.
    pub style: Style,
}

/// What is said of a rule as such.
#[derive(Debug, Clone)]
pub struct RuleView {
    pub name: &'static str,
    pub code: &'static str,
    pub group: &'static str,
    pub severity: Severity,
    pub preview: bool,
    /// What it does, in a few sentences.
    pub summary: String,
    /// The card, in Markdown.
    pub card: &'static str,
}

/// How much of one kind of thing was understood.
#[derive(Debug, Clone, Copy)]
pub struct TallyView {
    pub name: &'static str,
    pub seen: u64,
    pub resolved: u64,
}

/// Where a rule's page is: in the repository that Cargo.toml names, at this version, or else from the root of any.
pub fn card_url(name: &str) -> String {
    page_url(env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"), name)
}

fn page_url(repository: &str, version: &str, name: &str) -> String {
    let page = format!("docs/rules/{name}.md");
    if repository.is_empty() {
        page
    } else {
        format!("{}/blob/v{version}/{page}", repository.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::page_url;

    #[test]
    fn pages_are_those_of_this_version() {
        assert_eq!(page_url("", "1.2.3", "a-rule"), "docs/rules/a-rule.md");
        assert_eq!(
            page_url("https://forge.example/o/djperf/", "1.2.3", "a-rule"),
            "https://forge.example/o/djperf/blob/v1.2.3/docs/rules/a-rule.md"
        );
    }
}
