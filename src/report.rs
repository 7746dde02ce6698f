//! Diagnostics made visible: text for people, JSON for programs.
//!
//! A format is a function from [`View`] to text. This room does no I/O, and knows neither terminals
//! nor how findings were made.

pub mod baseline;
pub mod concise;
pub mod diagnostic;
mod escape;
pub mod fingerprint;
mod fixable;
pub mod full;
pub mod graph;
pub mod indexes;
pub mod json;
pub mod known;
mod patch;
pub mod settings;
mod snippet;

use std::collections::BTreeMap;
use std::time::Duration;

pub use escape::{line as escape_line, text as escape_text};
pub use fingerprint::fingerprints;
pub use fixable::{Fixable, fixable};
pub use patch::unified;

use crate::fix::Safety;
use crate::source::SourceSet;
use diagnostic::Diagnostic;

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
}

/// How much of one kind of thing was understood.
#[derive(Debug, Clone, Copy)]
pub struct TallyView {
    pub name: &'static str,
    pub seen: u64,
    pub resolved: u64,
}

/// Where a rule's card is, from the root of the project's documentation.
pub fn card_url(group: &str, name: &str) -> String {
    format!("rules/{group}/{name}.md")
}
