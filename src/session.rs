//! One run from paths to findings: the only place that walks all rooms in order.
//!
//! It reads files through `discover`; it prints nothing and decides no exit code.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::Config;
use crate::report::diagnostic::Diagnostic;
use crate::report::graph::GraphView;
use crate::source::SourceSet;

/// What to analyse and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The directory djperf was started in; reported paths are relative to it.
    pub cwd: PathBuf,
    /// Files and directories to report on; the whole project around them is read.
    pub paths: Vec<PathBuf>,
    pub config: Config,
    /// Worker threads; `None` means all cores.
    pub threads: Option<usize>,
}

/// How much of a kind of thing was understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub seen: u64,
    pub known: u64,
}

/// What the analysis understood, and why it did not understand the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// `relations`, `imports`, `querysets`, `loops_over_rows` …
    pub tallies: BTreeMap<&'static str, Tally>,
    /// Reason → how often.
    pub unknown: BTreeMap<String, u64>,
}

/// Everything a run found out.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sources: SourceSet,
    /// Sorted by path, position and rule; suppressed ones are left out.
    pub diagnostics: Vec<Diagnostic>,
    /// Number of findings that a comment suppressed.
    pub suppressed: usize,
    pub python_files: usize,
    pub templates: usize,
    pub models: usize,
    pub coverage: Coverage,
    /// Phase → wall time.
    pub timings: Vec<(&'static str, Duration)>,
    /// Messages for stderr: files that could not be read, settings that were guessed …
    pub notes: Vec<String>,
}

/// Why there is no outcome. Each of these is exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("no such file or directory: {0}")]
    MissingPath(String),
    #[error("no Python files under {0}")]
    NothingToRead(String),
    #[error("no Django project found: {0}")]
    NoDjango(String),
}

/// Runs the whole analysis.
pub fn check(_request: &Request) -> Result<Outcome, SessionError> {
    Ok(Outcome::default())
}

/// Links the project and tells its models and relations.
pub fn graph(_request: &Request) -> Result<GraphView, SessionError> {
    Ok(GraphView::default())
}
