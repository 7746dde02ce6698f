//! The rows of `rules/django/rest_framework.toml`: which classes of REST framework are what, and the names that they know.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    #[serde(rename = "versions")]
    _versions: String,
    serializers: Serializers,
    fields: Fields,
    lists: Lists,
}

/// Serializers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Serializers {
    pub base: String,
    keywords: Vec<String>,
}

impl Serializers {
    /// Whether an argument of that name leaves the fields as they are.
    pub fn knows(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|name| name == keyword)
    }
}

/// Fields of serializers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub base: String,
    /// They call a method of their serializer.
    pub method: String,
    key_only: Vec<String>,
}

impl Fields {
    /// Those that show the key of a related row, which the row that refers to it holds already.
    pub fn key_only(&self) -> Vec<&str> {
        self.key_only.iter().map(String::as_str).collect()
    }
}

/// Views that list rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    pub base: String,
    /// What a class says or overrides to answer with fewer rows, or to fewer clients.
    pub narrowing: Vec<String>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Document> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/django/rest_framework.toml"))
        .expect("rest_framework.toml is valid")
});

pub(super) fn serializers() -> &'static Serializers {
    &TABLE.serializers
}

pub(super) fn fields() -> &'static Fields {
    &TABLE.fields
}

pub(super) fn lists() -> &'static Lists {
    &TABLE.lists
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::stubs;

    #[test]
    fn the_table_names_classes_that_stubs_declare() {
        let key_only = fields().key_only();
        let names = [
            &serializers().base,
            &fields().base,
            &fields().method,
            &lists().base,
        ];
        for dotted in names.into_iter().map(String::as_str).chain(key_only) {
            assert!(stubs::declares(dotted), "{dotted}");
        }
        assert!(serializers().knows("many") && !serializers().knows("fields"));
    }
}
