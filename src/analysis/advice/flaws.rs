//! What is wrong with indexes that are there, with comparisons that none can serve, and with rows that may be made twice.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::project::indexes::{Index, IndexColumn, IndexOrigin, Method, Part as IndexPart};
use crate::project::{ColumnKind, ModelId, Project};
use crate::source::{Site, Sym};

use super::super::conditions::Given;
use super::super::heat::{self, Heat};
use super::super::lookups::Class;
use super::super::tables::{self, Returns};
use super::super::workload::Predicate;
use super::table::Table;
use super::want::MAX_COLUMNS;
use super::{gives, is_ours};

/// An index that says nothing another one does not say.
pub struct Redundant<'p> {
    pub table: ModelId,
    pub index: &'p Index,
    /// The one that makes it superfluous.
    pub by: &'p Index,
    /// The table has a handful of rows.
    pub small: bool,
}

/// Declared indexes that are the beginning of another, or the same.
pub fn redundant<'p>(project: &'p Project, predicates: &[Predicate]) -> Vec<Redundant<'p>> {
    // `startswith` goes by the second index that `db_index` makes.
    let prefixes: FxHashSet<(ModelId, Sym)> = predicates
        .iter()
        .flat_map(|p| &p.other)
        .filter(|term| term.class == Class::Prefix)
        .map(|term| (term.table, term.field))
        .collect();
    let mut out: Vec<Redundant<'p>> = Vec::new();
    for model in project.models().iter().filter(|m| is_ours(project, m.id)) {
        let indexes = project.indexes(model.id);
        let patterned = |index: &Index| {
            index.origin == IndexOrigin::DbIndex
                && index
                    .columns
                    .iter()
                    .filter_map(IndexColumn::plain)
                    .any(|field| prefixes.contains(&(model.id, field)))
        };
        let own = |index: &&Index| is_chosen(index) && !project.is_stub(index.site.file) && !patterned(index);
        for (i, index) in indexes.iter().enumerate().filter(|(_, index)| own(index)) {
            let by = indexes.iter().enumerate().find(|(j, other)| {
                *j != i && replaces(other, index) && (!replaces(index, other) || !is_chosen(other) || *j < i)
            });
            if let Some((_, by)) = by {
                out.push(Redundant {
                    table: model.id,
                    index,
                    by,
                    small: Table::new(project, model.id).is_small(),
                });
            }
        }
    }
    declared_once(project, out)
}

/// Without those of a field that several models inherit, unless none of them needs its index.
fn declared_once<'p>(project: &Project, found: Vec<Redundant<'p>>) -> Vec<Redundant<'p>> {
    let mut needed: FxHashMap<Site, usize> = FxHashMap::default();
    for one in &found {
        *needed.entry(one.index.site).or_default() += 1;
    }
    let mut told = FxHashSet::default();
    found
        .into_iter()
        .filter(|one| {
            let field = one.index.columns.first().and_then(IndexColumn::plain);
            let owner = field.and_then(|field| project.field_owner(one.table, field));
            owner.is_none_or(|owner| {
                one.index.origin != IndexOrigin::DbIndex
                    || project.heirs(owner).count() == needed[&one.index.site] && told.insert(one.index.site)
            })
        })
        .collect()
}

/// Somebody has asked for the index.
fn is_chosen(index: &Index) -> bool {
    matches!(
        index.origin,
        IndexOrigin::MetaIndexes | IndexOrigin::DbIndex | IndexOrigin::IndexTogether
    ) || index.origin == IndexOrigin::Constraint && index.unique && index.columns.len() == 1
}

/// Whether every query that one index serves is served by another.
fn replaces(other: &Index, index: &Index) -> bool {
    let plain = |index: &Index| index.method == Method::BTree && index.condition.is_none() && !index.pattern;
    let columns = |index: &Index| -> Option<Vec<(Sym, bool)>> {
        let column = |c: &crate::project::indexes::IndexColumn| match (&c.part, c.opclass) {
            (IndexPart::Field(field), None) => Some((*field, c.descending)),
            _ => None,
        };
        index.columns.iter().map(column).collect()
    };
    let (Some(mine), Some(theirs)) = (columns(index), columns(other)) else {
        return false;
    };
    plain(index)
        && plain(other)
        && index.include.iter().all(|field| other.include.contains(field))
        && gives(&theirs, &mine)
        && (!index.unique || other.unique && mine.len() == theirs.len())
}

/// A comparison that no index serves as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unserved {
    pub table: ModelId,
    pub field: Sym,
    pub class: Class,
    pub lookup: Sym,
    pub uses: Vec<Predicate>,
}

/// Comparisons that alone decide which rows a query finds, and that no index of the table can answer.
pub fn unserved(project: &Project, predicates: &[Predicate]) -> Vec<Unserved> {
    let mut out: Vec<Unserved> = Vec::new();
    for predicate in predicates {
        let table = Table::new(project, predicate.table);
        let alone = !predicate.linked
            && !predicate.open
            && !predicate.branch
            && predicate.range.is_empty()
            && !predicate.equal.iter().any(|t| table.tells_apart(t));
        let [term] = &predicate.other[..] else { continue };
        if predicate.heat < Heat::Task
            || !alone
            || !is_ours(project, predicate.table)
            || term.table != predicate.table
            || table.is_small()
            || table.answers(term)
        {
            continue;
        }
        match out
            .iter_mut()
            .find(|u| (u.table, u.field, u.class) == (predicate.table, term.field, term.class))
        {
            Some(known) => known.uses.push(predicate.clone()),
            None => out.push(Unserved {
                table: predicate.table,
                field: term.field,
                class: term.class,
                lookup: term.lookup,
                uses: vec![predicate.clone()],
            }),
        }
    }
    out
}

/// A call that makes a row unless it is there, with columns that may be there twice.
pub fn racing<'a>(project: &'a Project, predicates: &'a [Predicate]) -> impl Iterator<Item = &'a Predicate> {
    let table = |p: &Predicate| Table::new(project, p.table);
    predicates.iter().filter(move |p| {
        let makes =
            p.op.and_then(tables::method)
                .is_some_and(|m| m.returns == Returns::Pair);
        // A wider key that is meant for the same rows.
        let meets = |index: &Index| {
            let fields: Vec<Sym> = index.columns.iter().filter_map(IndexColumn::plain).collect();
            index.unique && p.equal.iter().any(|t| fields.contains(&t.field))
        };
        let unique = |index: &Index| {
            index.unique
                && index.columns.iter().all(|c| match c.part {
                    IndexPart::Field(field) => p.equal.iter().any(|t| t.field == field),
                    IndexPart::Function { field, .. } => p.terms().any(|t| t.field == field),
                    IndexPart::Other => true,
                })
        };
        let lone = p.equal.len() == 1 && table(p).is_foreign(p.equal[0].field);
        makes
            && p.heat >= Heat::Task
            && !lone
            && !heat::locks_rows(project, p.site)
            && !p.open
            && !p.linked
            && !p.equal.is_empty()
            && p.equal.len() <= MAX_COLUMNS
            && is_ours(project, p.table)
            && !project
                .indexes(p.table)
                .iter()
                .any(|index| unique(index) || meets(index))
    })
}

/// An index whose only column is a flag.
pub struct Flag {
    pub table: ModelId,
    pub field: Sym,
    pub site: Site,
    /// The one value that queries ask for.
    pub asked: Option<Given>,
    pub uses: Vec<Predicate>,
}

/// Indexes over nothing but a flag, all rows included.
pub fn flags(project: &Project, predicates: &[Predicate]) -> Vec<Flag> {
    let mut out = Vec::new();
    for model in project.models().iter().filter(|m| is_ours(project, m.id)) {
        for index in project.indexes(model.id) {
            let [column] = &index.columns[..] else { continue };
            let Some(field) = column.plain() else {
                continue;
            };
            let whole =
                index.condition.is_none() && !index.unique && !index.pattern && index.method == Method::BTree;
            let small = Table::new(project, model.id).is_small();
            if !whole
                || small
                || !is_chosen(index)
                || project.is_stub(index.site.file)
                || project.column_kind(model.id, field) != ColumnKind::Bool
            {
                continue;
            }
            let mut uses: Vec<Predicate> = Vec::new();
            let mut values: Vec<Given> = Vec::new();
            for p in predicates
                .iter()
                .filter(|p| p.table == model.id && p.heat > Heat::Test)
            {
                if let Some(term) = p.equal.iter().find(|t| t.field == field) {
                    values.push(term.given);
                    uses.push(p.clone());
                }
            }
            values.sort();
            values.dedup();
            out.push(Flag {
                table: model.id,
                field,
                site: index.site,
                asked: match values[..] {
                    [one @ Given::Truth(_)] => Some(one),
                    [] => None,
                    _ => continue,
                },
                uses,
            });
        }
    }
    out
}
