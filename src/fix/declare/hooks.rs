//! The rows of `rules/django/hooks.toml`: where a class of a framework is told which rows it works on.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::fix::Refusal;
use crate::project::{ClassId, Project};
use crate::source::Sym;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    rows: Vec<Rows>,
    choices: Vec<Choices>,
    listed: Vec<Listed>,
}

/// How a class says which rows it shows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    base: String,
    /// An attribute with the paths to join.
    pub joins: Option<String>,
    /// An attribute whose foreign keys are joined while `joins` does not say otherwise.
    pub columns: Option<String>,
    /// An attribute with a queryset, which goes before `model`.
    pub attribute: Option<String>,
    /// The method that gives the queryset.
    pub method: String,
    pub parameters: Vec<String>,
}

/// Where a class makes the fields that offer rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choices {
    base: String,
    pub method: String,
    /// The method for many-to-many fields, where it is another one.
    pub many: Option<String>,
    pub parameters: String,
    /// What the method gives to the one it overrides.
    pub arguments: String,
    /// The variable that holds what the overridden method gives back.
    pub result: Option<String>,
    /// The name of the field that is being made, where the method makes one.
    pub test: Option<String>,
    /// The field, where the method makes one.
    pub field: Option<String>,
    /// The mapping that holds the fields, where the method makes all of them.
    pub container: Option<String>,
    /// Attributes with which a project makes fields of other kinds.
    pub unless: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    attribute: String,
    reason: String,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/django/hooks.toml")).expect("hooks.toml is valid")
});

/// How this class says which rows it shows.
pub(super) fn rows(project: &Project, class: ClassId) -> Option<&'static Rows> {
    TABLE
        .rows
        .iter()
        .find(|row| project.derives_from(class, &[&row.base]))
}

/// Where this class makes the fields that offer rows.
pub(super) fn choices(project: &Project, class: ClassId) -> Option<&'static Choices> {
    TABLE
        .choices
        .iter()
        .find(|row| project.derives_from(class, &[&row.base]))
}

/// Why no queryset of the class serves what this attribute makes a page print.
pub(super) fn listed(attribute: Sym) -> Option<Refusal> {
    TABLE
        .listed
        .iter()
        .find(|row| attribute == *row.attribute)
        .map(|row| row.reason.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_valid_and_its_bases_are_known() {
        let known = |base: &str| {
            let (module, class) = base.rsplit_once('.').unwrap();
            let text = crate::project::stubs::find(module).unwrap_or_default();
            text.contains(&format!("class {class}"))
        };
        for base in TABLE
            .rows
            .iter()
            .map(|row| &row.base)
            .chain(TABLE.choices.iter().map(|row| &row.base))
        {
            assert!(known(base), "{base} is in no stub");
        }
        for row in &TABLE.choices {
            assert_eq!(row.test.is_some(), row.field.is_some(), "{}", row.base);
            assert_ne!(row.field.is_some(), row.container.is_some(), "{}", row.base);
        }
    }
}
