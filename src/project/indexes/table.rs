//! Classes of indexes and operations of migrations by name: `rules/django/indexes.toml` as a lookup.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// How an index is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[serde(rename = "btree")]
    BTree,
    Hash,
    Gin,
    Gist,
    SpGist,
    Brin,
    Bloom,
    Other,
}

impl Method {
    /// As SQL names it.
    pub fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "btree" => Self::BTree,
            "hash" => Self::Hash,
            "gin" => Self::Gin,
            "gist" => Self::Gist,
            "spgist" => Self::SpGist,
            "brin" => Self::Brin,
            "bloom" => Self::Bloom,
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Index,
    Unique,
    Exclusion,
    Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    Add,
    Remove,
    Rename,
    RenameModel,
    Sql,
    Nested,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub kind: Kind,
    pub method: Method,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    names: Vec<String>,
    pub effect: Effect,
    /// The names of its arguments, by place.
    pub arguments: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    class: Vec<Entry>,
    operation: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    modules: Vec<String>,
    classes: Vec<String>,
    kind: Kind,
    method: Method,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Default)]
struct Table {
    classes: FxHashMap<String, Row>,
    operations: Vec<Operation>,
}

const TEXT: &str = include_str!("../../../rules/django/indexes.toml");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(toml::from_str(TEXT).unwrap_or_default()));

impl Table {
    fn new(document: Document) -> Self {
        let mut table = Self {
            operations: document.operation,
            ..Self::default()
        };
        for entry in document.class {
            let row = Row {
                kind: entry.kind,
                method: entry.method,
            };
            for module in &entry.modules {
                let paths = entry.classes.iter().map(|class| format!("{module}.{class}"));
                table.classes.extend(paths.map(|path| (path, row)));
            }
        }
        table
    }
}

/// A class of indexes or constraints by its dotted path.
pub(super) fn class(dotted: &str) -> Option<Row> {
    TABLE.classes.get(dotted).copied()
}

pub(super) fn operation(name: &str) -> Option<&'static Operation> {
    let mut all = TABLE.operations.iter();
    all.find(|operation| operation.names.iter().any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        let document: Document = toml::from_str(TEXT).unwrap();
        let named = document.class.iter().map(|e| e.modules.len() * e.classes.len());
        assert_eq!(
            TABLE.classes.len(),
            named.sum::<usize>(),
            "a path is listed twice"
        );
        assert_eq!(
            class("django.contrib.postgres.indexes.GinIndex").unwrap().method,
            Method::Gin
        );
        assert_eq!(operation("AddIndexConcurrently").unwrap().effect, Effect::Add);
        assert!(operation("CreateModel").is_none());
    }
}
