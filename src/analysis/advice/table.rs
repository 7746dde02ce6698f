//! What is known of a table's columns: which tell rows apart, which can be indexed, and how many rows there may be.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::project::indexes::{Method, Part as IndexPart};
use crate::project::{ColumnKind, ModelId, Project, RelKind};
use crate::source::{Site, Sym};

use super::super::conditions::Given;
use super::super::heat::Heat;
use super::super::lookups::{self, Class};
use super::super::workload::{Predicate, Sorted, Term};

/// So few choices do not tell rows apart.
const FEW_CHOICES: u16 = 12;
/// Fields of tables that hold a handful of rows: nothing but names and texts.
const SMALL: usize = 5;

pub(super) struct Table<'a> {
    pub project: &'a Project,
    pub table: ModelId,
    /// Columns that hold words of the program: they are compared with literals, and with nothing else.
    words: BTreeSet<Sym>,
    /// Where requests ask for a part of a column's values, or for rows in its order.
    spans: FxHashMap<Sym, FxHashSet<Site>>,
}

impl<'a> Table<'a> {
    pub fn new(project: &'a Project, table: ModelId) -> Self {
        Self {
            project,
            table,
            words: BTreeSet::new(),
            spans: FxHashMap::default(),
        }
    }

    /// With what the queries of the table tell of its columns.
    pub fn with(project: &'a Project, table: ModelId, predicates: &[Predicate]) -> Self {
        let mut words = BTreeSet::new();
        let mut values = BTreeSet::new();
        let asked = predicates.iter().filter(|p| p.heat > Heat::Offered);
        for term in asked.flat_map(|p| &p.equal) {
            match term.given {
                Given::Text(_) => words.insert(term.field),
                _ => values.insert(term.field),
            };
        }
        let mut spans: FxHashMap<Sym, FxHashSet<Site>> = FxHashMap::default();
        for p in predicates
            .iter()
            .filter(|p| p.heat == Heat::Request && p.op.is_some())
        {
            let first = match &p.sorted {
                Sorted::By(fields) if p.limited => fields.first().map(|(field, _)| *field),
                _ => None,
            };
            for field in p.range.iter().map(|t| t.field).chain(first) {
                spans.entry(field).or_default().insert(p.site);
            }
        }
        Self {
            spans,
            words: words.difference(&values).copied().collect(),
            ..Self::new(project, table)
        }
    }
}

impl Table<'_> {
    /// Whether a range leaves few rows: the newest, or what is overdue and about to be dealt with.
    pub(super) fn narrows(&self, term: &Term, predicate: &Predicate) -> bool {
        let upper = matches!(term.lookup.as_str(), "lt" | "lte");
        let cleans = predicate.heat != Heat::Request
            || predicate
                .op
                .is_some_and(|op| matches!(op.as_str(), "delete" | "update" | "adelete" | "aupdate"));
        matches!(self.kind(term.field), ColumnKind::Date | ColumnKind::DateTime) && (!upper || cleans)
    }

    /// Whether rows tell what happened, so that there are more of them every day.
    pub(super) fn piles_up(&self) -> bool {
        lookups::sounds_growing(self.project.model(self.table).name)
    }

    /// In how many places requests ask for a part of a column's values, or for the first rows in its order.
    pub(super) fn places(&self, field: Sym) -> usize {
        self.spans.get(&field).map_or(0, FxHashSet::len)
    }

    /// Whether rows have the time here at which they were made.
    pub(super) fn is_stamp(&self, field: Sym) -> bool {
        let column = self.project.column(self.table, field);
        column.is_some_and(|column| column.stamped)
    }

    /// The same, without doubt.
    pub(super) fn is_log(&self) -> bool {
        lookups::is_log(self.project.model(self.table).name)
    }

    /// Whether the rows of one key pile up: what users do, and what happens to things.
    pub(super) fn grows(&self, key: Sym) -> bool {
        let model = self.project.model(self.table);
        let mut relations = model.relations.iter().map(|rel| self.project.relation(*rel));
        let Some(target) = relations.find(|r| r.name == key).and_then(|r| r.target_model()) else {
            return false;
        };
        let owner = self.project.model(target).name;
        let of_user = self.project.user_model(model.site.file) == Some(target);
        !lookups::sounds_like_document(owner)
            && (self.piles_up() || of_user || lookups::sounds_like_owner(owner))
    }

    pub(super) fn kind(&self, field: Sym) -> ColumnKind {
        self.project.column_kind(self.table, field)
    }

    pub(super) fn is_foreign(&self, field: Sym) -> bool {
        self.project
            .model(self.table)
            .relations
            .iter()
            .any(|rel| self.project.relation(*rel).name == field)
    }

    pub(super) fn is_key(&self, field: Sym) -> bool {
        self.project.primary_key(self.table).contains(&field)
    }

    /// Whether comparing with one value leaves few rows.
    pub(super) fn tells_apart(&self, term: &Term) -> bool {
        term.class == Class::Equal && !self.is_weak(term.field) && self.is_indexable(term.field)
    }

    /// A column with so few values that one of them leaves many rows.
    pub(super) fn is_weak(&self, field: Sym) -> bool {
        if self.is_foreign(field) {
            return false;
        }
        let few = self
            .project
            .column(self.table, field)
            .and_then(|column| column.choices)
            .is_some_and(|n| n <= FEW_CHOICES);
        let number = matches!(self.kind(field), ColumnKind::Integer | ColumnKind::Decimal);
        self.kind(field) == ColumnKind::Bool
            || few
            || self.words.contains(&field)
            || lookups::sounds_weak(field)
            || number && lookups::counts(field)
    }

    /// Whether a plain index over the column makes sense.
    pub(super) fn is_indexable(&self, field: Sym) -> bool {
        self.is_foreign(field)
            || matches!(
                self.kind(field),
                ColumnKind::Integer
                    | ColumnKind::Decimal
                    | ColumnKind::Text
                    | ColumnKind::Date
                    | ColumnKind::DateTime
                    | ColumnKind::Time
                    | ColumnKind::Uuid
                    | ColumnKind::Bool
            )
            || self.kind(field) == ColumnKind::Other && self.is_plain(field)
    }

    /// Whether it can be told if the column has an index.
    pub(super) fn is_known(&self, field: Sym) -> bool {
        let column = self.project.column(self.table, field);
        self.is_key(field) || column.is_some_and(|column| column.has_own_index().is_some())
    }

    /// A column of a kind of its own that certainly has no index.
    fn is_plain(&self, field: Sym) -> bool {
        let column = self.project.column(self.table, field);
        column.is_some_and(|column| column.indexed == Some(false))
    }

    /// Rows have the flag for a short time, and it is asked for the value that it does not have from the start.
    pub(super) fn is_rare(&self, term: &Term) -> bool {
        let Given::Truth(asked) = term.given else {
            return false;
        };
        if !lookups::sounds_transient(term.field) {
            return false;
        }
        let default = self
            .project
            .column(self.table, term.field)
            .and_then(|column| column.default_flag);
        self.kind(term.field) == ColumnKind::Bool && default == Some(!asked)
    }

    /// The users themselves, or one row for each of them.
    pub(super) fn is_of_user(&self) -> bool {
        let model = self.project.model(self.table);
        let user = self.project.user_model(model.site.file);
        let mut relations = model.relations.iter().map(|rel| self.project.relation(*rel));
        user == Some(self.table)
            || user.is_some() && relations.any(|r| r.kind == RelKind::OneToOne && r.target_model() == user)
    }

    /// A table of names: as many rows as somebody has typed in.
    pub(super) fn is_small(&self) -> bool {
        let model = self.project.model(self.table);
        let dated = model.fields.iter().any(|f| {
            matches!(
                f.column.kind,
                ColumnKind::Date | ColumnKind::DateTime | ColumnKind::Uuid | ColumnKind::Duration
            )
        });
        let referring = model
            .relations
            .iter()
            .map(|rel| self.project.relation(*rel))
            .any(|r| r.kind.single() && r.target_model() != Some(self.table));
        lookups::sounds_small(model.name) || !dated && !referring && model.fields.len() <= SMALL
    }

    /// Whether some index is made for a comparison that a plain one does not serve.
    pub(super) fn answers(&self, term: &Term) -> bool {
        self.project.indexes(self.table).iter().any(|index| {
            let Some(first) = index.columns.first() else {
                return false;
            };
            match (&first.part, term.class) {
                (IndexPart::Field(field), Class::Prefix) => *field == term.field && index.pattern,
                (IndexPart::Field(field), Class::Infix | Class::Member | Class::Search) => {
                    *field == term.field && !matches!(index.method, Method::BTree | Method::Hash)
                }
                (IndexPart::Field(_), _) => false,
                (
                    IndexPart::Function { name, field },
                    Class::Folded | Class::FoldedPrefix | Class::FoldedInfix,
                ) => *field == term.field && name.as_str().eq_ignore_ascii_case("upper"),
                // What other expressions are for is not told apart further.
                (IndexPart::Function { field, .. }, _) => *field == term.field,
                (IndexPart::Other, _) => true,
            }
        })
    }
}
