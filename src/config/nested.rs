//! Settings of directories inside the project: which rules are on there, and what they mean.
//!
//! How the project is read is decided for the run as a whole. Selection of rules, severities, safety of fixes and
//! `per-file-ignores` come from the file that is closest to what is reported, and from that file alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, PerFileIgnores, Selector, discover, read};
use crate::report::diagnostic::Severity;
use crate::rules::Rule;

/// Flags about rules, which win over all files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    pub select: Vec<String>,
    pub extend_select: Vec<String>,
    pub ignore: Vec<String>,
    pub severity: BTreeMap<String, Severity>,
    /// `KEY=VALUE` in TOML.
    pub inline: Vec<String>,
}

/// The settings of one directory, made ready.
#[derive(Debug, Clone)]
pub struct Local {
    pub config: Config,
    pub rules: Vec<&'static Rule>,
    pub per_file: PerFileIgnores,
}

/// Settings by directory.
#[derive(Debug, Clone)]
pub struct Nested {
    of_run: Local,
    /// Those of directories with a file of their own.
    others: BTreeMap<PathBuf, Local>,
}

impl Config {
    /// Puts flags about rules on top.
    pub fn put_flags(&mut self) {
        let flags = self.flags.clone();
        if !flags.select.is_empty() {
            self.select = flags.select;
            self.extend_select.clear();
            self.ignore.clear();
        }
        self.ignore.retain(|text| !flags.extend_select.contains(text));
        self.extend_select.extend(flags.extend_select);
        self.ignore.extend(flags.ignore);
        self.severity.extend(flags.severity);
    }

    fn ready(self) -> Result<Local, ConfigError> {
        Ok(Local {
            rules: self.resolve_rules()?,
            per_file: self.per_file()?,
            config: self,
        })
    }
}

impl Nested {
    /// Reads the files that lie beside or above analysed ones, below the directory of the run's own.
    pub fn load<'a>(run: &Config, files: impl Iterator<Item = &'a Path>) -> Result<Self, ConfigError> {
        let mut nested = Self {
            of_run: run.clone().ready()?,
            others: BTreeMap::new(),
        };
        if !run.hierarchical {
            return Ok(nested);
        }
        let mut seen: Vec<PathBuf> = Vec::new();
        for file in files {
            let dirs = file.ancestors().skip(1);
            for dir in dirs.take_while(|dir| run.root.as_deref() != Some(*dir)) {
                let Err(at) = seen.binary_search_by(|known| known.as_path().cmp(dir)) else {
                    break;
                };
                seen.insert(at, dir.to_path_buf());
                if run.root.as_ref().is_none_or(|root| dir.starts_with(root))
                    && let Some(found) = discover::file_in(dir)?
                {
                    let local = Config::of_directory(&found, run)?.ready()?;
                    nested.others.insert(dir.to_path_buf(), local);
                }
                if dir.join(".git").exists() {
                    break;
                }
            }
        }
        Ok(nested)
    }

    /// The settings for a file.
    pub fn of(&self, file: &Path) -> &Local {
        if self.others.is_empty() {
            return &self.of_run;
        }
        let mut dirs = file.ancestors().skip(1);
        dirs.find_map(|dir| self.others.get(dir)).unwrap_or(&self.of_run)
    }

    /// Rules that are on somewhere, ordered by code.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let mut all = self.of_run.rules.clone();
        all.extend(self.others.values().flat_map(|local| local.rules.iter().copied()));
        all.sort_by_key(|rule| rule.code);
        all.dedup_by_key(|rule| rule.code);
        all
    }
}

impl Config {
    /// The settings of a file inside the project, for a run.
    fn of_directory(file: &Path, run: &Self) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut reading = read::Reading::default();
        config.read_file(file, &mut reading);
        for text in &run.flags.inline {
            config.read_inline(text, &mut reading.errors);
        }
        if let Some(error) = reading.errors.into_iter().next() {
            return Err(error);
        }
        config.flags = run.flags.clone();
        config.preview = run.preview;
        config.put_flags();
        Ok(config)
    }

    /// The file that a path is called by in `per-file-ignores`: from the directory of the settings.
    pub fn seen_from_root(&self, cwd: &Path, file: &Path) -> String {
        let root = self.root.as_deref().unwrap_or(cwd);
        let below = file.strip_prefix(root).or_else(|_| file.strip_prefix(cwd));
        below.unwrap_or(file).to_string_lossy().replace('\\', "/")
    }

    /// Whether all selectors that were typed mean something.
    pub(super) fn flags_are_known(&self) -> Result<(), ConfigError> {
        self.flags
            .severity
            .keys()
            .try_for_each(|text| Selector::parse(text).map(drop))
    }
}
