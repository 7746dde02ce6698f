//! The rows of `rules/django/formulas.toml`: calls that ask nothing, and views that ask for more than is played.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    methods: Methods,
    more: Vec<More>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Methods {
    rows: Vec<String>,
    values: Vec<String>,
    #[serde(rename = "versions")]
    _versions: String,
}

/// Bases of views that ask for more than is played.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct More {
    bases: Vec<String>,
    /// What a formula says of it.
    pub why: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

impl More {
    pub fn bases(&self) -> Vec<&str> {
        self.bases.iter().map(String::as_str).collect()
    }
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Document> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/django/formulas.toml")).expect("formulas.toml is valid")
});

/// Whether a method that Django gives rows asks nothing.
pub(super) fn is_free_of_rows(method: &str) -> bool {
    TABLE.methods.rows.iter().any(|name| name == method)
}

/// Whether a method of texts, dates, numbers, containers or loggers has that name: none of them asks anything.
pub(super) fn is_plain(method: &str) -> bool {
    TABLE.methods.values.iter().any(|name| name == method)
}

/// What views ask for besides what is played, in the order in which formulas say so.
pub(super) fn more() -> &'static [More] {
    &TABLE.more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::stubs;

    #[test]
    fn the_table_names_classes_that_stubs_declare() {
        for dotted in more().iter().flat_map(|more| &more.bases) {
            assert!(stubs::declares(dotted), "{dotted}");
        }
        assert!(is_plain("strip") && !is_plain("save"));
        assert!(is_free_of_rows("natural_key") && !is_free_of_rows("get_absolute_url"));
    }
}
