//! The rows of `rules/django/models.toml`: model bases outside the project, defaults of swappable settings.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    bases: Vec<String>,
    base_suffixes: Vec<String>,
    not_models: Vec<String>,
    manager_suffix: String,
    queryset_suffix: String,
    swappable: FxHashMap<String, String>,
    kind: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    suffix: String,
    stands_for: String,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/django/models.toml")).expect("models.toml is valid")
});

/// A dotted path that is a model base for certain.
pub fn is_model_base(dotted: &str) -> bool {
    TABLE.bases.iter().any(|b| b == dotted)
}

/// A class of an unknown package whose name says that it is a model.
pub fn looks_like_model_base(dotted: &str) -> bool {
    let name = dotted.rsplit('.').next().unwrap_or(dotted);
    dotted.contains(".models")
        && TABLE.base_suffixes.iter().any(|s| name.ends_with(s.as_str()))
        && !TABLE.not_models.iter().any(|n| n == name)
}

/// A manager class outside the project, by its name.
pub fn is_manager_base(dotted: &str) -> bool {
    dotted.ends_with(&TABLE.manager_suffix)
}

/// A queryset class outside the project, by its name.
pub fn is_queryset_base(dotted: &str) -> bool {
    dotted.ends_with(&TABLE.queryset_suffix)
}

/// What is known of classes of unknown packages whose names end like this one's.
pub fn stands_for(dotted: &str) -> Option<&'static str> {
    let name = dotted.rsplit('.').next().unwrap_or(dotted);
    TABLE
        .kind
        .iter()
        .find(|kind| name.ends_with(kind.suffix.as_str()))
        .map(|kind| kind.stands_for.as_str())
}

/// The model label that a swappable setting or helper stands for by default.
pub fn swappable_default(name: &str) -> Option<&'static str> {
    TABLE.swappable.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    #[test]
    fn table_parses() {
        assert!(super::is_model_base("django.db.models.Model"));
        assert!(!super::looks_like_model_base("pydantic.BaseModel"));
    }
}
