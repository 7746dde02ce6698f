//! Which order middleware has to have: `rules/django/middleware.toml` as rows.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// Stands for any other middleware.
pub(super) const ANY: &str = "*";

/// A class that constraints are about.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub path: String,
    /// Classes of packages that count as it.
    #[serde(default)]
    aliases: Vec<String>,
    /// It may answer by itself, before the layers inside of it.
    #[serde(default)]
    pub answers: bool,
    /// It changes or reads responses, or sets headers on them.
    #[serde(default)]
    pub edits: bool,
}

/// What a constraint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    Order,
    Pair,
    Conflict,
    Unique,
    Free,
}

/// What happens otherwise, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Harm {
    /// No difference was measured.
    Style,
    /// It costs more.
    Perf,
    /// Something stops working.
    Wrong,
    /// A protection is weakened.
    Security,
    /// Errors, or what belongs to another user.
    Error,
}

/// Which other middleware a constraint with `*` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Among {
    Answers,
    Edits,
    Known,
}

/// The settings on which a constraint depends.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    #[serde(default)]
    pub all: Vec<String>,
    #[serde(default)]
    pub any: Vec<String>,
    pub one_of: Option<OneOf>,
    pub imports: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneOf {
    pub setting: String,
    pub default: String,
    pub values: Vec<String>,
}

/// One row: what stands before what, and what happens otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    pub id: String,
    #[serde(rename = "kind")]
    pub asks: Asks,
    pub(super) first: Vec<String>,
    #[serde(default)]
    pub(super) second: Vec<String>,
    pub(super) among: Option<Among>,
    #[serde(default)]
    pub(super) exempt: Vec<String>,
    /// The neighbour that the documentation names: each of the first stands directly behind it.
    pub behind: Option<String>,
    #[serde(rename = "severity")]
    pub harm: Harm,
    #[serde(default)]
    pub(super) when: When,
    /// A sentence that goes on after "…:".
    pub why: String,
    /// Measured on real Django by `tests/oracle/middleware.py`.
    pub verified: bool,
    pub source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

/// The end of the list at which a middleware belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    First,
    Last,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    middleware: Vec<Known>,
    constraint: Vec<Constraint>,
}

#[derive(Debug, Default)]
struct Table {
    known: Vec<Known>,
    by_path: FxHashMap<String, usize>,
    constraints: Vec<Constraint>,
}

const TEXT: &str = include_str!("../../../rules/django/middleware.toml");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(toml::from_str(TEXT).unwrap_or_default()));

impl Table {
    fn new(document: Document) -> Self {
        let mut by_path = FxHashMap::default();
        for (at, known) in document.middleware.iter().enumerate() {
            for path in known.aliases.iter().chain([&known.path]) {
                by_path.insert(path.clone(), at);
            }
        }
        Self {
            known: document.middleware,
            by_path,
            constraints: document.constraint,
        }
    }
}

impl Constraint {
    /// Of a constraint about one end of the list: which, and what belongs there.
    pub(super) fn end(&self) -> Option<(End, &[String])> {
        if self.asks != Asks::Order {
            None
        } else if self.second.iter().any(|path| path == ANY) {
            Some((End::First, &self.first))
        } else if self.first.iter().any(|path| path == ANY) {
            Some((End::Last, &self.second))
        } else {
            None
        }
    }
}

/// What a dotted path counts as.
pub(super) fn known(path: &str) -> Option<&'static Known> {
    TABLE.by_path.get(path).map(|at| &TABLE.known[*at])
}

/// All constraints, in the order of the table.
pub fn constraints() -> &'static [Constraint] {
    &TABLE.constraints
}

/// Whether a class belongs at an end of the list itself.
pub(super) fn belongs(known: &Known, end: End) -> bool {
    let ends = TABLE.constraints.iter().filter_map(Constraint::end);
    ends.into_iter()
        .any(|(other, subjects)| other == end && subjects.contains(&known.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        let document: Document = toml::from_str(TEXT).unwrap();
        let paths = document.middleware.iter().map(|k| k.aliases.len() + 1);
        assert_eq!(
            TABLE.by_path.len(),
            paths.sum::<usize>(),
            "a path is listed twice"
        );
        let mut ids: Vec<&str> = document.constraint.iter().map(|c| &*c.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), document.constraint.len(), "an id is there twice");
        for row in &document.constraint {
            let named = row.first.iter().chain(&row.second).chain(&row.exempt);
            for path in named.filter(|path| *path != ANY) {
                let known = known(path).map(|k| &k.path);
                assert_eq!(known, Some(path), "{}: {path} is no [[middleware]]", row.id);
            }
            assert_eq!(row.end().is_some(), row.among.is_some(), "{}", row.id);
            assert_eq!(row.second.is_empty(), row.asks != Asks::Order, "{}", row.id);
            assert!(!row.why.ends_with('.') && !row.source.is_empty(), "{}", row.id);
        }
    }
}
