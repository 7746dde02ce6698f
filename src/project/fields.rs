//! Field classes by dotted path: `rules/django/fields.toml` as a lookup.
//!
//! Knows classes by name only; following a project's own subclasses is up to the caller.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::columns::ColumnKind;

/// What a model attribute of a field class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Fk,
    O2o,
    M2m,
    Gfk,
    GenericRelation,
    CompositePk,
    Field,
}

impl FieldKind {
    /// Whether the field leads to other rows.
    pub fn is_relation(self) -> bool {
        !matches!(self, Self::Field | Self::CompositePk)
    }
}

/// What a field class means to the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldRow {
    pub kind: FieldKind,
    /// The column may hold kilobytes a row.
    #[serde(default)]
    pub wide: bool,
    /// `None`: nothing is known of the column.
    pub column: Option<ColumnKind>,
    /// Indexed unless the field says otherwise; of fields to many: the table between is the one that Django makes.
    #[serde(default)]
    pub index: bool,
    /// The primary key unless the field says otherwise.
    #[serde(default)]
    pub primary_key: bool,
    /// `app.Model` or `settings.AUTH_USER_MODEL`, when the field class itself knows its target.
    pub target: Option<String>,
    pub source: String,
    pub versions: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    field: Vec<FieldEntry>,
    suffix: Vec<SuffixEntry>,
    clock: Vec<ClockEntry>,
}

#[derive(Debug, Deserialize)]
struct FieldEntry {
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    modules: Vec<String>,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(flatten)]
    row: FieldRow,
}

#[derive(Debug, Deserialize)]
struct SuffixEntry {
    name: String,
    #[serde(flatten)]
    row: FieldRow,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockEntry {
    names: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Default)]
struct Table {
    paths: FxHashMap<String, usize>,
    rows: Vec<FieldRow>,
    /// Longest first.
    suffixes: Vec<(String, FieldRow)>,
    clocks: Vec<ClockEntry>,
}

const TEXT: &str = include_str!("../../rules/django/fields.toml");
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(toml::from_str(TEXT).unwrap_or_default()));

impl Table {
    fn new(document: Document) -> Self {
        let mut table = Self::default();
        for entry in document.field {
            let index = table.rows.len();
            table.rows.push(entry.row);
            for module in &entry.modules {
                table.paths.extend(
                    entry
                        .classes
                        .iter()
                        .map(|class| (format!("{module}.{class}"), index)),
                );
            }
            table
                .paths
                .extend(entry.paths.into_iter().map(|path| (path, index)));
        }
        table.suffixes = document
            .suffix
            .into_iter()
            .map(|entry| (entry.name, entry.row))
            .collect();
        table
            .suffixes
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        table.clocks = document.clock;
        table
    }
}

/// The row of a class that the table lists: `django.db.models.ForeignKey`.
pub fn listed(dotted: &str) -> Option<&'static FieldRow> {
    TABLE.paths.get(dotted).map(|index| &TABLE.rows[*index])
}

/// The row of a class of an external package: listed, or judged by how its name ends.
pub fn external(dotted: &str) -> Option<&'static FieldRow> {
    let class = dotted.rsplit('.').next().unwrap_or(dotted);
    listed(dotted).or_else(|| {
        TABLE
            .suffixes
            .iter()
            .find(|(suffix, _)| class.ends_with(suffix.as_str()))
            .map(|(_, row)| row)
    })
}

/// Whether a function of that name tells the time.
pub fn tells_time(function: &str) -> bool {
    TABLE
        .clocks
        .iter()
        .any(|clock| clock.names.iter().any(|name| name == function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        let document: Document = toml::from_str(TEXT).unwrap();
        let mut count = 0;
        for entry in &document.field {
            assert!(
                !entry.row.source.is_empty() && !entry.row.versions.is_empty(),
                "{entry:?}"
            );
            assert_eq!(entry.modules.is_empty(), entry.classes.is_empty(), "{entry:?}");
            // Of Django's own classes everything is known.
            let own = entry.modules.iter().any(|module| module.starts_with("django."));
            let is_column = entry.row.kind == FieldKind::Field;
            assert!(!own || is_column == entry.row.column.is_some(), "{entry:?}");
            count += entry.paths.len() + entry.modules.len() * entry.classes.len();
        }
        assert!(count > 0);
        assert_eq!(TABLE.paths.len(), count, "a path is listed twice");
    }

    #[test]
    fn lookups() {
        let kind = |dotted| external(dotted).map(|row| (row.kind, row.wide));
        assert!(tells_time("localdate") && tells_time("utcnow") && !tells_time("uuid4"));
        assert_eq!(kind("django.db.models.ForeignKey"), Some((FieldKind::Fk, false)));
        assert_eq!(
            kind("django.db.models.fields.related.OneToOneField"),
            Some((FieldKind::O2o, false))
        );
        assert_eq!(
            kind("django.contrib.gis.db.models.ManyToManyField"),
            Some((FieldKind::M2m, false))
        );
        assert_eq!(kind("django.db.models.TextField"), Some((FieldKind::Field, true)));
        assert_eq!(
            kind("django.contrib.contenttypes.fields.GenericForeignKey"),
            Some((FieldKind::Gfk, false))
        );
        assert_eq!(kind("acme.fields.NiceForeignKey"), Some((FieldKind::Fk, false)));
        assert_eq!(
            kind("acme.fields.NiceGenericForeignKey"),
            Some((FieldKind::Gfk, false))
        );
        assert_eq!(kind("acme.fields.ColourField"), Some((FieldKind::Field, false)));
        assert_eq!(
            kind("acme.fields.MarkdownTextField"),
            Some((FieldKind::Field, true))
        );
        let column = |dotted| external(dotted).map(|row| (row.column, row.index));
        assert_eq!(
            column("django.db.models.SlugField"),
            Some((Some(ColumnKind::Text), true))
        );
        assert_eq!(
            column("django.contrib.gis.db.models.NullBooleanField"),
            Some((Some(ColumnKind::Bool), false))
        );
        assert_eq!(column("acme.fields.ColourField"), Some((None, false)));
        assert_eq!(kind("acme.Money"), None);
        assert_eq!(listed("acme.fields.NiceForeignKey"), None);
        let tags = listed("taggit.managers.TaggableManager").unwrap();
        assert_eq!(tags.target.as_deref(), Some("taggit.Tag"));
    }
}
