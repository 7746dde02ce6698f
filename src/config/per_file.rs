//! Rules that are off in some files.

use globset::{Glob, GlobMatcher};

use super::{Config, ConfigError, Selector};
use crate::rules::{self, Rule};

/// `per-file-ignores`, compiled.
#[derive(Debug, Clone, Default)]
pub struct PerFileIgnores {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    glob: GlobMatcher,
    /// A pattern without a slash is about file names, wherever they are.
    name_only: bool,
    rules: Vec<&'static str>,
}

impl PerFileIgnores {
    /// Whether the rule is off in the file; `path` is relative to [`Config::root`], `/`-separated.
    pub fn covers(&self, rule: &Rule, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.entries.iter().any(|entry| {
            entry.rules.contains(&rule.name)
                && (entry.glob.is_match(path) || entry.name_only && entry.glob.is_match(name))
        })
    }

    /// Whether no file is treated differently.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Config {
    /// Compiles `per-file-ignores`.
    pub fn per_file(&self) -> Result<PerFileIgnores, ConfigError> {
        let mut entries = Vec::new();
        for (glob, texts) in &self.per_file_ignores {
            let matcher = Glob::new(glob)
                .map_err(|e| ConfigError::Glob {
                    glob: glob.clone(),
                    reason: e.kind().to_string(),
                })?
                .compile_matcher();
            let selectors = texts
                .iter()
                .map(|t| Selector::parse(t))
                .collect::<Result<Vec<_>, _>>()?;
            let off = rules::all()
                .iter()
                .filter(|rule| selectors.iter().any(|s| s.matches(rule)));
            entries.push(Entry {
                glob: matcher,
                name_only: !glob.contains('/'),
                rules: off.map(|rule| rule.name).collect(),
            });
        }
        Ok(PerFileIgnores { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Rule};
    use crate::report::diagnostic::Severity;

    #[test]
    fn globs_match_paths_and_bare_patterns_match_names() {
        let config = Config {
            per_file_ignores: vec![
                ("scripts/**".into(), vec!["ALL".into()]),
                ("seed_*.py".into(), vec!["ALL".into()]),
            ],
            ..Config::default()
        };
        let ignores = config.per_file().unwrap();
        for rule in crate::rules::all() {
            assert!(ignores.covers(rule, "scripts/a/b.py"));
            assert!(ignores.covers(rule, "shop/seed_all.py"));
            assert!(!ignores.covers(rule, "shop/views.py"));
        }
        let other = Rule {
            name: "not-registered",
            code: "DJP000",
            group: "none",
            severity: Severity::Info,
            preview: false,
            card: "",
        };
        assert!(!ignores.covers(&other, "scripts/a/b.py"));
    }
}
