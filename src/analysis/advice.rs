//! Advice: which indexes the workload asks for and the tables lack.
//!
//! Every predicate that no index serves wants one; wants are merged into the fewest indexes that serve them all, by
//! leftmost prefixes. How an index is written down, and how a finding is worded, is not known here.

mod flaws;
mod table;
mod want;

use std::collections::BTreeMap;

use crate::project::{ModelId, Part, Project};
use crate::source::Sym;

use super::conditions::Given;
use super::workload::Predicate;
use table::Table;

pub use flaws::{Flag, Redundant, Unserved, flags, racing, redundant, unserved};

/// Whether there are more rows of a model every day.
pub fn piles_up(project: &Project, model: ModelId) -> bool {
    let table = Table::new(project, model);
    table.piles_up() && !table.is_small()
}

/// An index that would help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advice {
    pub table: ModelId,
    /// Fields, and whether they descend.
    pub columns: Vec<(Sym, bool)>,
    /// Only for rows with this value.
    pub condition: Option<(Sym, Given)>,
    /// What it is good for.
    pub serves: Serves,
    /// What the code shows is enough to ask for it: a request looks rows up by a value, or reads a table that grows
    /// with what happens.
    pub sure: bool,
    /// The queries that it serves, those that matter most first.
    pub uses: Vec<Predicate>,
    pub score: u32,
}

/// What an index is good for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Serves {
    /// One column finds the rows.
    Filter,
    /// One column gives them in order.
    Order,
    /// Several columns.
    Both,
    /// A flag that few rows have.
    Few,
    /// Both columns of a generic foreign key.
    Generic,
}

/// The indexes that the tables of the project's own models lack, most useful first.
pub fn missing(project: &Project, predicates: &[Predicate]) -> Vec<Advice> {
    let mut out = Vec::new();
    for model in project.models().iter().filter(|m| is_ours(project, m.id)) {
        let table = model.id;
        let from = predicates.partition_point(|p| p.table < table);
        let to = predicates.partition_point(|p| p.table <= table);
        let predicates = &predicates[from..to];
        out.extend(Table::with(project, table, predicates).advice(predicates));
    }
    let mut out = shared(project, out);
    out.sort_by(|a, b| {
        let key = |advice: &Advice| {
            (
                std::cmp::Reverse(advice.score),
                advice.table,
                advice.columns.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    out
}

/// Advice on a column that an abstract model declares is for that model, where most tables that inherit it want the
/// same.
fn shared(project: &Project, advice: Vec<Advice>) -> Vec<Advice> {
    let owner = |one: &Advice| match one.columns[..] {
        [(field, _)] if one.condition.is_none() => project.field_owner(one.table, field),
        _ => None,
    };
    let (inherited, mut out): (Vec<Advice>, Vec<Advice>) =
        advice.into_iter().partition(|one| owner(one).is_some());
    let mut groups: BTreeMap<(ModelId, Sym), Vec<Advice>> = BTreeMap::new();
    for one in inherited {
        if let Some(model) = owner(&one) {
            groups.entry((model, one.columns[0].0)).or_default().push(one);
        }
    }
    for ((model, field), mut all) in groups {
        let heirs = project.heirs(model).count();
        // The abstract model sorts all of them so.
        let first = project.model(model).meta.ordering.first();
        let sorts = first.is_some_and(|name| name.as_str().trim_start_matches('-') == field.as_str())
            && all.iter().all(|one| one.serves == Serves::Order);
        if heirs < 2 || !sorts && all.len() < heirs {
            out.append(&mut all);
            continue;
        }
        let score = all.iter().map(|one| one.score).sum();
        let uses = ranked(all.iter().flat_map(|one| &one.uses));
        let serves = all.iter().map(|one| one.serves).min();
        out.push(Advice {
            table: model,
            uses,
            score,
            serves: serves.unwrap_or(Serves::Filter),
            ..all.swap_remove(0)
        });
    }
    out
}

/// Those that matter most first, each place once.
fn ranked<'a>(uses: impl Iterator<Item = &'a Predicate>) -> Vec<Predicate> {
    let mut uses: Vec<Predicate> = uses.cloned().collect();
    uses.sort_by_key(|p| (std::cmp::Reverse((p.heat, p.repeated)), p.written(), p.site));
    uses.dedup_by_key(|p| (p.written(), p.site.file));
    uses
}

/// A table whose indexes are declared in the project, and known.
pub fn is_ours(project: &Project, table: ModelId) -> bool {
    let model = project.model(table);
    matches!(model.part, Part::Source | Part::Command)
        && model.meta.managed
        && !model.meta.abstract_
        && !model.meta.proxy
        && project.indexes_known(table)
}
/// The other way round.
fn turned(columns: &[(Sym, bool)]) -> Vec<(Sym, bool)> {
    columns
        .iter()
        .map(|(field, descends)| (*field, !descends))
        .collect()
}

/// Whether an index over a list gives rows in the order of another: read forwards, or backwards.
fn gives(list: &[(Sym, bool)], order: &[(Sym, bool)]) -> bool {
    same_start(list, order) || same_start(list, &turned(order))
}

/// Whether a list begins with all of another.
fn same_start(list: &[(Sym, bool)], start: &[(Sym, bool)]) -> bool {
    !start.is_empty() && list.len() >= start.len() && list.iter().zip(start).all(|(a, b)| a == b)
}
