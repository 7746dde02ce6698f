//! The resolved configuration of one run. File formats and merging live in the submodules.
//!
//! This room reads configuration files, never the environment; it knows rule identities but not
//! what rules do.

mod discover;
mod error;
mod keys;
mod nested;
mod per_file;
mod read;
mod schema;
mod select;
mod suggest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use discover::{start_for, start_of_run};
pub use error::ConfigError;
pub use keys::{KEYS, Key, Shape};
pub use nested::{Flags, Nested};
pub use per_file::PerFileIgnores;
pub use schema::schema;
pub use select::Selector;
pub use suggest::nearest;

pub use crate::report::Format as OutputFormat;

use crate::report::diagnostic::Severity;

/// The least severity that makes `check` exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailOn {
    Error,
    Warning,
    #[default]
    Info,
    Never,
}

/// Where runs leave what the next one can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlace {
    pub dir: PathBuf,
    /// What another build of djperf has not.
    pub build: String,
}

/// Everything that can be configured, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Names, codes or groups of rules that are on; empty means the default set.
    pub select: Vec<String>,
    pub extend_select: Vec<String>,
    pub ignore: Vec<String>,
    /// Glob patterns of files that are neither read nor reported, relative to `root`.
    pub exclude: Vec<String>,
    /// Also analyse test code and migrations.
    pub include_tests: bool,
    pub include_migrations: bool,
    /// Rules that are not on by default.
    pub preview: bool,
    pub output_format: OutputFormat,
    pub fail_on: FailOn,
    /// Worker threads; `None` means all cores.
    pub threads: Option<usize>,
    /// Glob → selectors of rules that are off in matching files.
    pub per_file_ignores: Vec<(String, Vec<String>)>,
    /// Change files where a fix is known.
    pub fix: bool,
    /// Also make fixes that are not safe.
    pub unsafe_fixes: bool,
    /// Selectors of rules whose fixes count as safe, and of those whose fixes count as unsafe.
    pub extend_safe_fixes: Vec<String>,
    pub extend_unsafe_fixes: Vec<String>,
    /// Selector → severity that replaces the rule's own.
    pub severity: BTreeMap<String, Severity>,
    /// None where nothing is kept.
    pub cache: Option<CachePlace>,
    /// Findings that are known; absolute, or relative to the working directory.
    pub baseline: Option<PathBuf>,
    /// The file the settings came from.
    pub origin: Option<PathBuf>,
    /// What globs are relative to: the directory of `origin`; `None` means the working directory.
    pub root: Option<PathBuf>,
    /// Files closer to what is analysed hold for what lies below them; see [`Nested`].
    pub hierarchical: bool,
    /// What was typed, to be put on top of such files as well.
    pub flags: Flags,
}

/// Where settings may come from, before flags of their own are applied.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Look for the closest configuration file from here upward.
    pub start: &'a Path,
    /// Ignore all configuration files.
    pub isolated: bool,
    /// `--config` arguments: a file, or `KEY=VALUE` in TOML.
    pub overrides: &'a [String],
}

impl Config {
    /// Settings of the closest file, with `--config` arguments on top; the first thing that is wrong with them.
    pub fn load(sources: Sources<'_>) -> Result<Self, ConfigError> {
        let (config, errors) = Self::examine(sources)?;
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(config),
        }
    }

    /// As [`load`](Self::load), with everything that is wrong.
    pub fn examine(sources: Sources<'_>) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let (files, inline): (Vec<&String>, Vec<&String>) = sources
            .overrides
            .iter()
            .partition(|text| !text.contains('=') || Path::new(text).is_file());
        if files.len() > 1 {
            return Err(ConfigError::SeveralFiles);
        }
        let mut config = Self::default();
        let mut reading = read::Reading::default();
        match files.first() {
            Some(_) if sources.isolated => return Err(ConfigError::IsolatedFile),
            Some(file) => config.read_file(Path::new(file), &mut reading),
            None if sources.isolated => {}
            None => {
                config.hierarchical = true;
                if let Some(found) = discover::closest(sources.start)? {
                    config.read_file(&found, &mut reading);
                }
            }
        }
        for text in &inline {
            config.read_inline(text, &mut reading.errors);
        }
        config.flags.inline = inline.into_iter().cloned().collect();
        Ok((config, reading.errors))
    }

    /// Fails on anything that would only surface while checking: unknown rules, bad globs.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.resolve_rules()?;
        self.flags_are_known()?;
        self.per_file()?;
        let fixes = self.extend_safe_fixes.iter().chain(&self.extend_unsafe_fixes);
        for text in self.severity.keys().chain(fixes) {
            Selector::parse(text)?;
        }
        for glob in &self.exclude {
            globset::Glob::new(glob).map_err(|e| ConfigError::Glob {
                glob: glob.clone(),
                reason: e.kind().to_string(),
            })?;
        }
        Ok(())
    }
}

impl FailOn {
    /// As written in settings.
    pub const NAMES: [&'static str; 4] = ["error", "warning", "info", "never"];

    /// The value that a setting names.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "error" => Self::Error,
            "warning" => Self::Warning,
            "info" => Self::Info,
            "never" => Self::Never,
            _ => return None,
        })
    }

    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Never => "never",
        }
    }

    /// Whether a finding of this severity fails the run.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity >= Severity::Error,
            Self::Warning => severity >= Severity::Warning,
            Self::Info => true,
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FailOn;
    use crate::report::diagnostic::Severity::{Error, Info, Warning};

    #[test]
    fn runs_fail_from_the_named_severity_on() {
        let failing = |level: FailOn| [Info, Warning, Error].map(|severity| level.fails(severity));
        assert_eq!(failing(FailOn::Info), [true, true, true]);
        assert_eq!(failing(FailOn::Warning), [false, true, true]);
        assert_eq!(failing(FailOn::Error), [false, false, true]);
        assert_eq!(failing(FailOn::Never), [false, false, false]);
    }
}
