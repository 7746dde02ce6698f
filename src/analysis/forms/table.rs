//! The rows of `rules/django/forms.toml`: names with which classes say which form fields there are, and what they offer.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    #[serde(rename = "versions")]
    _versions: String,
    admin: Admin,
    fields: Fields,
}

/// Members of admin classes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    /// With one of them a project says itself what the choices of fields are, or whether there are any.
    pub decides: Vec<String>,
    /// Lists of fields that are shown without a list of choices, or not at all.
    pub unlisted: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    printed: Vec<String>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Document> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/django/forms.toml")).expect("forms.toml is valid")
});

pub(super) fn admin() -> &'static Admin {
    &TABLE.admin
}

/// Whether that attribute of a form field says what it prints.
pub(in crate::analysis) fn is_printed(attribute: &str) -> bool {
    TABLE.fields.printed.iter().any(|name| name == attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses() {
        assert!(is_printed("widget") && !is_printed("initial"));
        assert!(admin().decides.iter().any(|name| name == "get_form"));
        assert!(admin().unlisted.iter().any(|name| name == "raw_id_fields"));
    }
}
