//! The baseline file: findings that were there when a project began to be checked, as JSON without line numbers.
//!
//! Sorted, one line a fact, so that two branches that change it seldom touch the same lines. Paths are relative to the
//! directory of the file.

use serde::{Deserialize, Serialize};

use super::fingerprint::Identity;
use super::known::Entry;

/// Raised when an older reader would misread the file, or fingerprints are made in another way.
pub const VERSION: u32 = 1;

/// What a baseline file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Switches of the run that wrote it and that let it find more: `preview`, `include-tests` …
    pub options: Vec<String>,
    /// Sorted.
    pub entries: Vec<Entry>,
}

/// Why a text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    #[error("it is damaged ({0}); restore it, or write a new one with `--write-baseline`")]
    Damaged(String),
    #[error("it was written by a newer djperf (its version is {0}, this djperf reads {VERSION})")]
    Newer(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default)]
    options: Vec<String>,
    findings: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    rule: String,
    scope: String,
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    relations: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    fingerprint: String,
    count: usize,
}

impl Baseline {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let damaged = |error: serde_json::Error| BaselineError::Damaged(error.to_string());
        let value: serde_json::Value =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(damaged)?;
        if let Some(version) = value.get("version").and_then(serde_json::Value::as_u64)
            && version > u64::from(VERSION)
        {
            return Err(BaselineError::Newer(version));
        }
        let document: Document = serde_json::from_value(value).map_err(damaged)?;
        let mut entries: Vec<Entry> = document
            .findings
            .into_iter()
            .map(|row| Entry {
                identity: Identity {
                    path: row.path,
                    rule: row.rule,
                    scope: row.scope,
                    model: row.model,
                    relations: row.relations,
                    fields: row.fields,
                    content: row.fingerprint,
                },
                count: row.count,
            })
            .collect();
        entries.sort_by(|a, b| a.identity.cmp(&b.identity));
        Ok(Self {
            options: document.options,
            entries,
        })
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let row = |entry: &Entry| {
            let identity = entry.identity.clone();
            Row {
                path: identity.path,
                rule: identity.rule,
                scope: identity.scope,
                model: identity.model,
                relations: identity.relations,
                fields: identity.fields,
                fingerprint: identity.content,
                count: entry.count,
            }
        };
        let document = Document {
            version: VERSION,
            options: self.options.clone(),
            findings: self.entries.iter().map(row).collect(),
        };
        // Plain data with text for keys always can be written.
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text + "\n"
    }

    /// All findings in it.
    pub fn len(&self) -> usize {
        self.entries.iter().map(|entry| entry.count).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, BaselineError};
    use crate::report::fingerprint::Identity;
    use crate::report::known::entries;

    #[test]
    fn what_is_written_can_be_read() {
        let identity = |path: &str| Identity {
            path: path.into(),
            rule: "query-in-loop".into(),
            scope: "View.get".into(),
            model: None,
            relations: vec!["a\"b".into()],
            fields: Vec::new(),
            content: "00".into(),
        };
        let baseline = Baseline {
            options: vec!["preview".into()],
            entries: entries(vec![identity("b.py"), identity("a.py"), identity("b.py")]),
        };
        let text = baseline.render();
        assert_eq!(Baseline::parse(&text), Ok(baseline.clone()));
        assert_eq!(baseline.len(), 3);
        assert!(
            text.ends_with("}\n") && text.find("a.py") < text.find("b.py"),
            "{text}"
        );
    }

    #[test]
    fn damaged_and_newer_files_are_refused() {
        for text in [
            "",
            "{",
            "[]",
            "{\"version\": 1}",
            "{\"version\": 1, \"findings\": [{}]}",
        ] {
            assert!(
                matches!(Baseline::parse(text), Err(BaselineError::Damaged(_))),
                "{text}"
            );
        }
        assert_eq!(
            Baseline::parse("{\"version\": 2, \"hits\": []}"),
            Err(BaselineError::Newer(2))
        );
    }
}
