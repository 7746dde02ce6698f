//! The indexes of tables: those that Django makes by itself, those that models declare, and those of migrations.
//!
//! Computed once, when somebody first asks. Fields are named as models do, whatever their columns are called. What a
//! database adds or leaves out on its own is known only as far as [`Database`] tells: the twins for patterns on
//! PostgreSQL, and MySQL's indexes of all foreign keys. Which index serves a query is not known here.

mod condition;
mod declared;
mod items;
mod migrations;
mod sql;
mod table;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;

use crate::source::{Site, Sym};

pub use condition::{Condition, Fact};
pub use table::Method;

use super::columns::{Column, ColumnKind};
use super::hints::Database;
use super::{Model, ModelId, Project, RelId, RelKind};

/// One index, or what acts as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    pub columns: Vec<IndexColumn>,
    pub unique: bool,
    pub method: Method,
    /// Of a partial index: which rows it holds.
    pub condition: Option<Condition>,
    /// Fields kept beside the key.
    pub include: Vec<Sym>,
    /// Where the code gives one; names that Django makes are not computed.
    pub name: Option<Sym>,
    pub origin: IndexOrigin,
    /// The expression or field that declares it.
    pub site: Site,
    /// For `LIKE 'x%'` only: the `_like` twin that text columns have on PostgreSQL, or an operator class
    /// `…_pattern_ops`.
    pub pattern: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexColumn {
    pub part: Part,
    pub descending: bool,
    /// `nulls_first` or `nulls_last`, where it is given.
    pub nulls: Option<Nulls>,
    pub opclass: Option<Sym>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    First,
    Last,
}

/// What a column of an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A field by its name: `project` and `project_id` are both `project`.
    Field(Sym),
    /// A function of one field and nothing else: `Upper("email")`.
    Function { name: Sym, field: Sym },
    /// Another expression, or a column that no field stands for.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexOrigin {
    PrimaryKey,
    /// `unique=True`, and one-to-one fields.
    UniqueField,
    /// `db_index=True`, and field classes that are indexed by themselves.
    DbIndex,
    ForeignKey,
    MetaIndexes,
    Constraint,
    UniqueTogether,
    IndexTogether,
    /// Of the table that Django makes for a relation to many.
    ManyToMany,
    /// `CREATE INDEX` in a migration.
    Sql,
    /// An operation of a migration that no model knows of.
    Migration,
}

impl IndexColumn {
    pub fn field(name: Sym) -> Self {
        Self::of(Part::Field(name))
    }

    /// The field, where the column holds one as it is.
    pub fn plain(&self) -> Option<Sym> {
        match self.part {
            Part::Field(field) => Some(field),
            _ => None,
        }
    }

    pub(super) fn of(part: Part) -> Self {
        Self {
            part,
            descending: false,
            nulls: None,
            opclass: None,
        }
    }
}

impl Index {
    fn new(columns: Vec<IndexColumn>, unique: bool, origin: IndexOrigin, site: Site) -> Self {
        Self {
            columns,
            unique,
            method: Method::BTree,
            condition: None,
            include: Vec::new(),
            name: None,
            origin,
            site,
            pattern: false,
        }
    }
}

/// The indexes of all tables.
#[derive(Debug)]
pub(super) struct Tables {
    models: Vec<Table>,
    between: FxHashMap<RelId, Vec<Index>>,
}

#[derive(Debug, Default)]
struct Table {
    indexes: Vec<Index>,
    /// Why there may be more.
    unknown: Option<&'static str>,
}

impl Project {
    /// All indexes of the model's own table; a proxy has the table of its concrete parent, a child of a concrete
    /// model only its own columns. Of an abstract model, what it gives to its children.
    pub fn indexes(&self, model: ModelId) -> &[Index] {
        &self.table(model).indexes
    }

    /// False where the options of the table cannot be read in full: then nothing may be concluded from an index that
    /// is missing. Of a single column ask [`Column::indexed`] too.
    pub fn indexes_known(&self, model: ModelId) -> bool {
        self.table(model).unknown.is_none()
    }

    /// Why the table may have other indexes than those that are known.
    pub fn indexes_unknown(&self, model: ModelId) -> Option<&'static str> {
        self.table(model).unknown
    }

    /// The indexes of the table behind a relation to many; `None` when it cannot be told which table that is. The
    /// fields of a table that Django makes are called as its columns are, without `_id`: see [`Self::between_fields`].
    pub fn through_indexes(&self, relation: RelId) -> Option<&[Index]> {
        if let Some(through) = self.relation(relation).through {
            return Some(self.indexes(through));
        }
        self.tables().between.get(&relation).map(Vec::as_slice)
    }

    /// The two fields of the table that Django makes for a relation to many: to the model that declares it, and to
    /// the other one.
    pub fn between_fields(&self, relation: RelId) -> Option<(Sym, Sym)> {
        let relation = self.relation(relation);
        relation.between?;
        let lower = |model: ModelId| self.model(model).name.as_str().to_lowercase();
        let (from, to) = (lower(relation.owner), lower(relation.target_model()?));
        // create_many_to_many_intermediary_model() in django/db/models/fields/related.py
        Some(match from == to {
            true => (Sym::new(&format!("from_{from}")), Sym::new(&format!("to_{to}"))),
            false => (Sym::new(&from), Sym::new(&to)),
        })
    }

    /// The name of the table that Django makes for a relation to many.
    pub fn between_table(&self, relation: RelId) -> Option<Sym> {
        let relation = self.relation(relation);
        let given = relation.between?.db_table;
        Some(
            given
                .unwrap_or_else(|| Sym::new(&format!("{}_{}", self.db_table(relation.owner), relation.name))),
        )
    }

    fn table(&self, model: ModelId) -> &Table {
        &self.tables().models[self.concrete(model).0 as usize]
    }

    fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| build(self))
    }
}

fn build(project: &Project) -> Tables {
    let mut tables = Tables {
        models: project
            .models()
            .iter()
            .map(|model| table(project, model))
            .collect(),
        between: FxHashMap::default(),
    };
    for relation in project.relations() {
        if let Some(indexes) = between(project, relation.id) {
            tables.between.insert(relation.id, indexes);
        }
    }
    migrations::add(project, &mut tables.models);
    tables
}

fn table(project: &Project, model: &Model) -> Table {
    let mut out = Table::default();
    if model.meta.proxy {
        return out;
    }
    automatic(project, model, &mut out.indexes);
    out.unknown = declared::of_model(project, model, &mut out.indexes);
    if !model.meta.managed {
        out.unknown = Some("Django does not manage the table");
    }
    out
}

/// What Django makes for keys and single fields.
fn automatic(project: &Project, model: &Model, out: &mut Vec<Index>) {
    let key = project.primary_key(model.id);
    let relations = || model.relations.iter().map(|r| project.relation(*r));
    let field_site = |name: &Sym| model.fields.iter().find(|f| f.name == *name).map(|f| f.site);
    let key_site = key.first().and_then(|first| {
        field_site(first).or_else(|| relations().find(|r| r.name == *first).map(|r| r.site))
    });
    let columns = key.iter().map(|name| IndexColumn::field(*name)).collect();
    let site = key_site.unwrap_or(model.site);
    out.push(Index::new(columns, true, IndexOrigin::PrimaryKey, site));
    let is_key = |name: Sym| key.len() == 1 && key[0] == name;
    let twin = |name: Sym, column: &Column, of: &Index| pattern_twin(project, model.id, name, column, of);
    if let [one] = key[..]
        && let Some(column) = project.column(model.id, one)
    {
        out.extend(twin(one, column, &out[0]));
    }
    let fields = model
        .fields
        .iter()
        .map(|f| (f.name, &f.column, f.site, IndexOrigin::DbIndex));
    let keys =
        relations().filter_map(|r| Some((r.name, r.column.as_ref()?, r.site, IndexOrigin::ForeignKey)));
    for (name, column, site, origin) in fields.chain(keys) {
        if is_key(name) {
            continue;
        }
        // MySQL keeps an index for every foreign key, db_index=False or not.
        let forced =
            origin == IndexOrigin::ForeignKey && project.database(model.site.file) == Some(Database::MySql);
        let (unique, origin) = match column.unique {
            true => (true, IndexOrigin::UniqueField),
            false if column.indexed == Some(true) || forced => (false, origin),
            false => continue,
        };
        let mut index = Index::new(vec![IndexColumn::field(name)], unique, origin, site);
        if column.kind == ColumnKind::Geometry {
            index.method = Method::Gist;
        }
        let like = twin(name, column, &index);
        out.push(index);
        out.extend(like);
    }
}

/// Indexed columns of text have a second index for patterns, see `_create_like_index_sql()` in
/// `django/db/backends/postgresql/schema.py`.
fn pattern_twin(project: &Project, model: ModelId, name: Sym, column: &Column, of: &Index) -> Option<Index> {
    if !matches!(
        project.database(project.model(model).site.file),
        None | Some(Database::PostgreSql)
    ) || column.collated
    {
        return None;
    }
    let opclass = match project.column_kind(model, name) {
        ColumnKind::Text => "varchar_pattern_ops",
        ColumnKind::LongText => "text_pattern_ops",
        _ => return None,
    };
    let mut like = of.clone();
    like.unique = false;
    like.pattern = true;
    like.columns[0].opclass = Some(Sym::new(opclass));
    Some(like)
}

/// The table of a relation to many without a model of its own.
fn between(project: &Project, relation: RelId) -> Option<Vec<Index>> {
    let (from, to) = project.between_fields(relation)?;
    let rel = project.relation(relation);
    debug_assert_eq!(rel.kind, RelKind::ManyToMany);
    let index = |fields: &[Sym], unique, origin| {
        let columns = fields.iter().map(|name| IndexColumn::field(*name)).collect();
        Index::new(columns, unique, origin, rel.site)
    };
    let mut out = vec![
        index(&[Sym::new("id")], true, IndexOrigin::PrimaryKey),
        index(&[from, to], true, IndexOrigin::ManyToMany),
    ];
    for (field, model) in [(from, rel.owner), (to, rel.target_model()?)] {
        let plain = index(&[field], false, IndexOrigin::ManyToMany);
        let like = match project.primary_key(model)[..] {
            [key] => {
                let model = project.concrete(model);
                pattern_twin(
                    project,
                    model,
                    key,
                    project.column(model, key).unwrap_or(&Column::NONE),
                    &plain,
                )
            }
            _ => None,
        };
        out.push(plain);
        out.extend(like);
    }
    Some(out)
}
