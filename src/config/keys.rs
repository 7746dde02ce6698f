//! The keys a configuration file may hold, and how each resolved value is written back.

use super::{Config, FailOn, OutputFormat};

/// One key: its name, what it is for and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    /// A sentence.
    pub about: &'static str,
    pub shape: Shape,
}

/// What values of a key look like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Bool,
    Count,
    File,
    Strings,
    /// Selectors of rules.
    Rules,
    Choice(&'static [&'static str]),
    RulesByGlob,
    SeverityByRule,
}

impl Shape {
    /// Worded to follow "must be".
    pub fn takes(self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Count => "a whole number above 0".to_owned(),
            Self::File => "the path of a file".to_owned(),
            Self::Strings | Self::Rules => "a list of strings".to_owned(),
            Self::Choice(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                match quoted.split_last() {
                    Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                    _ => quoted.join(""),
                }
            }
            Self::RulesByGlob => "a table from glob to a list of strings".to_owned(),
            Self::SeverityByRule => "a table from rule to \"error\", \"warning\" or \"info\"".to_owned(),
        }
    }
}

/// All keys, in the order they are listed to users.
pub const KEYS: [Key; 18] = [
    Key {
        name: "select",
        about: "Rules that are on instead of the default set: names, codes, code prefixes, groups or ALL.",
        shape: Shape::Rules,
    },
    Key {
        name: "extend-select",
        about: "Rules that are on besides the selected ones.",
        shape: Shape::Rules,
    },
    Key {
        name: "ignore",
        about: "Rules that are off.",
        shape: Shape::Rules,
    },
    Key {
        name: "exclude",
        about: "Globs of files that are neither read nor reported, relative to the directory of this file.",
        shape: Shape::Strings,
    },
    Key {
        name: "include-tests",
        about: "Also report on test code.",
        shape: Shape::Bool,
    },
    Key {
        name: "include-migrations",
        about: "Also report on migrations.",
        shape: Shape::Bool,
    },
    Key {
        name: "preview",
        about: "Also run rules that are not on by default yet.",
        shape: Shape::Bool,
    },
    Key {
        name: "output-format",
        about: "How findings are printed.",
        shape: Shape::Choice(&OutputFormat::NAMES),
    },
    Key {
        name: "fail-on",
        about: "The least severity that makes the exit code 1.",
        shape: Shape::Choice(&FailOn::NAMES),
    },
    Key {
        name: "fix",
        about: "Change files where a fix is known.",
        shape: Shape::Bool,
    },
    Key {
        name: "unsafe-fixes",
        about: "Also make fixes that are not safe in every case.",
        shape: Shape::Bool,
    },
    Key {
        name: "extend-safe-fixes",
        about: "Rules whose fixes count as safe.",
        shape: Shape::Rules,
    },
    Key {
        name: "extend-unsafe-fixes",
        about: "Rules whose fixes count as unsafe.",
        shape: Shape::Rules,
    },
    Key {
        name: "baseline",
        about: "A file of known findings, as `--write-baseline` makes it, relative to the directory of this file.",
        shape: Shape::File,
    },
    Key {
        name: "threads",
        about: "Worker threads; all cores by default.",
        shape: Shape::Count,
    },
    Key {
        name: "per-file-ignores",
        about: "Glob of files, relative to the directory of this file, and the rules that are off in them.",
        shape: Shape::RulesByGlob,
    },
    Key {
        name: "severity",
        about: "Severities of rules instead of their own.",
        shape: Shape::SeverityByRule,
    },
    Key {
        name: "extend",
        about: "A file whose settings hold where this one has none, relative to the directory of this file.",
        shape: Shape::File,
    },
];

impl Config {
    /// The resolved settings as TOML that [`Config::load`] reads back.
    pub fn to_toml(&self) -> String {
        let list = |items: &[String]| {
            toml::Value::Array(items.iter().map(|i| toml::Value::String(i.clone())).collect())
        };
        let mut table = toml::Table::new();
        let mut put = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
        put("select", list(&self.select));
        put("extend-select", list(&self.extend_select));
        put("ignore", list(&self.ignore));
        put("exclude", list(&self.exclude));
        put("include-tests", self.include_tests.into());
        put("include-migrations", self.include_migrations.into());
        put("preview", self.preview.into());
        put("output-format", self.output_format.as_str().into());
        put("fail-on", self.fail_on.as_str().into());
        put("fix", self.fix.into());
        put("unsafe-fixes", self.unsafe_fixes.into());
        put("extend-safe-fixes", list(&self.extend_safe_fixes));
        put("extend-unsafe-fixes", list(&self.extend_unsafe_fixes));
        if let Some(baseline) = &self.baseline {
            put("baseline", baseline.display().to_string().into());
        }
        if let Some(threads) = self.threads {
            put("threads", toml::Value::Integer(threads as i64));
        }
        let per_file: toml::Table = self
            .per_file_ignores
            .iter()
            .map(|(glob, rules)| (glob.clone(), list(rules)))
            .collect();
        put("per-file-ignores", per_file.into());
        let severity: toml::Table = self
            .severity
            .iter()
            .map(|(rule, level)| (rule.clone(), level.as_str().into()))
            .collect();
        put("severity", severity.into());
        table.to_string()
    }
}
