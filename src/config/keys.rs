//! The keys a configuration file may hold, and how each resolved value is written back.

use super::Config;

/// One key: its name and what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    /// Worded to follow "must be".
    pub takes: &'static str,
}

const LIST: &str = "a list of strings";
const BOOL: &str = "true or false";

/// All keys, in the order they are listed to users.
pub const KEYS: [Key; 17] = [
    Key {
        name: "select",
        takes: LIST,
    },
    Key {
        name: "extend-select",
        takes: LIST,
    },
    Key {
        name: "ignore",
        takes: LIST,
    },
    Key {
        name: "exclude",
        takes: LIST,
    },
    Key {
        name: "include-tests",
        takes: BOOL,
    },
    Key {
        name: "include-migrations",
        takes: BOOL,
    },
    Key {
        name: "preview",
        takes: BOOL,
    },
    Key {
        name: "output-format",
        takes: "\"full\", \"concise\" or \"json\"",
    },
    Key {
        name: "fail-on",
        takes: "\"error\", \"warning\", \"info\" or \"never\"",
    },
    Key {
        name: "fix",
        takes: BOOL,
    },
    Key {
        name: "unsafe-fixes",
        takes: BOOL,
    },
    Key {
        name: "extend-safe-fixes",
        takes: LIST,
    },
    Key {
        name: "extend-unsafe-fixes",
        takes: LIST,
    },
    Key {
        name: "baseline",
        takes: "the path of a file",
    },
    Key {
        name: "threads",
        takes: "a whole number above 0",
    },
    Key {
        name: "per-file-ignores",
        takes: "a table from glob to a list of strings",
    },
    Key {
        name: "severity",
        takes: "a table from rule to \"error\", \"warning\" or \"info\"",
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
