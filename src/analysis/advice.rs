//! Advice: which indexes the workload asks for and the tables lack.
//!
//! Every predicate that no index serves wants one; wants are merged into the fewest indexes that serve them all, by
//! leftmost prefixes. How an index is written down, and how a finding is worded, is not known here.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::indexes::{
    Condition as Partial, Index, IndexColumn, IndexOrigin, Method, Part as IndexPart,
};
use crate::project::{ColumnKind, Generic, ModelId, Part, Project, RelKind};
use crate::source::{Site, Sym};

use super::conditions::Given;
use super::lookups::{self, Class};
use super::tables::{self, Returns};
use super::workload::{Heat, Predicate, Sorted, Term};

/// Columns of one index.
const MAX_COLUMNS: usize = 3;
/// So few choices do not tell rows apart.
const FEW_CHOICES: u16 = 12;
/// Fields of tables that hold a handful of rows: nothing but names and texts.
const SMALL: usize = 5;

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
        out.extend(Table { project, table }.advice(&predicates[from..to]));
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
        let mut uses: Vec<Predicate> = all.iter().flat_map(|one| one.uses.iter().cloned()).collect();
        uses.sort_by_key(|p| (std::cmp::Reverse((p.heat, p.repeated)), p.written(), p.site));
        uses.dedup_by_key(|p| (p.written(), p.site.file));
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

/// A table whose indexes are declared in the project, and known.
pub fn is_ours(project: &Project, table: ModelId) -> bool {
    let model = project.model(table);
    matches!(model.part, Part::Source | Part::Command)
        && model.meta.managed
        && !model.meta.abstract_
        && !model.meta.proxy
        && project.indexes_known(table)
}

/// What an index does for a predicate.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Help {
    /// Rows are told apart by the columns in front.
    finds: bool,
    /// They are a key of another table's row.
    key: bool,
    ranges: bool,
    sorts: bool,
    /// Begins with a column that does not tell rows apart.
    flags: bool,
}

/// An index that a predicate wants: the columns in front in any order, the others in theirs.
struct Want<'a> {
    front: BTreeSet<Sym>,
    tail: Vec<(Sym, bool)>,
    condition: Option<(Sym, Given)>,
    serves: Serves,
    uses: Vec<&'a Predicate>,
    /// Sets of columns that have to come first.
    prefixes: Vec<BTreeSet<Sym>>,
}

struct Table<'a> {
    project: &'a Project,
    table: ModelId,
}

impl<'a> Table<'a> {
    fn advice(&self, predicates: &'a [Predicate]) -> Vec<Advice> {
        let mut wants: Vec<Want<'a>> = Vec::new();
        let generics = self.unserved_generics();
        for predicate in predicates {
            // What keeps such a row from being made twice finds it as well.
            let makes = predicate
                .op
                .and_then(tables::method)
                .is_some_and(|m| m.returns == Returns::Pair);
            if predicate.heat == Heat::Test
                || makes
                || predicate.branch && !self.branches_served(predicate, predicates)
            {
                continue;
            }
            let generic = |one: &Generic| predicate.equal.iter().any(|t| t.field == one.object_id);
            if generics.iter().any(generic) {
                continue;
            }
            if let Some(want) = self.want(predicate) {
                wants.push(want);
            }
        }
        wants.extend(self.generic_keys(predicates));
        let mut wants = self.sufficient(wants);
        wants.sort_by_key(|want| {
            let columns = want.front.len() + want.tail.len();
            (std::cmp::Reverse(columns), want.serves != Serves::Generic)
        });
        let mut kept: Vec<Want<'a>> = Vec::new();
        for want in wants {
            match kept.iter_mut().find(|k| k.covers(&want)) {
                Some(k) => k.take(want),
                None => kept.push(want),
            }
        }
        kept.into_iter().filter_map(|want| self.finished(want)).collect()
    }

    /// Without those that want several columns at once where another index begins with enough of them.
    fn sufficient(&self, wants: Vec<Want<'a>>) -> Vec<Want<'a>> {
        let mut kept: Vec<Want<'a>> = Vec::new();
        let (mut several, others): (Vec<Want<'a>>, Vec<Want<'a>>) = wants.into_iter().partition(|want| {
            let ranged = want.tail.len() == 1 && want.uses.iter().all(|p| !p.range.is_empty());
            ranged || want.tail.is_empty() && want.front.len() > 1 && want.serves == Serves::Both
        });
        several.sort_by_key(|want| want.front.len());
        kept.extend(others);
        for want in several {
            let enough = kept.iter_mut().find(|k| {
                let within = |p: &&Predicate| {
                    k.front
                        .iter()
                        .all(|field| p.equal.iter().any(|t| t.field == *field))
                };
                let same_range = k.tail.first().map(|t| t.0) == want.tail.first().map(|t| t.0)
                    && !want.tail.is_empty()
                    && want.uses.iter().all(within);
                let enough = k.front.iter().any(|field| !self.is_weak(*field)) && want.tail.is_empty();
                k.condition.is_none() && (same_range || enough && k.front.is_subset(&want.front))
            });
            match enough {
                Some(k) => k.take(want),
                None => kept.push(want),
            }
        }
        kept
    }

    fn unserved_generics(&self) -> Vec<Generic> {
        let project = self.project;
        let relations = &project.model(self.table).relations;
        let lacks = |one: &Generic| {
            let pair = [one.content_type, one.object_id];
            let begins = |index: &Index| {
                let front: Vec<Sym> = index.columns.iter().take(2).filter_map(plain_field).collect();
                front.first() == Some(&one.object_id) || pair.iter().all(|field| front.contains(field))
            };
            !project.indexes(self.table).iter().any(begins)
        };
        let generic = relations.iter().filter_map(|rel| project.relation(*rel).generic);
        generic.filter(lacks).collect()
    }

    /// Generic foreign keys whose two columns no index begins with.
    fn generic_keys(&self, predicates: &'a [Predicate]) -> Vec<Want<'a>> {
        let project = self.project;
        let want = |one: Generic| {
            let asks =
                |p: &&Predicate| p.heat > Heat::Test && p.equal.iter().any(|t| t.field == one.object_id);
            Want {
                front: BTreeSet::from([one.content_type, one.object_id]),
                tail: Vec::new(),
                condition: None,
                serves: Serves::Generic,
                uses: predicates.iter().filter(asks).collect(),
                prefixes: vec![BTreeSet::from([one.content_type])],
            }
        };
        let reversed = || {
            project.relations().iter().any(|other| {
                other.kind == RelKind::GenericRelation && other.target_model() == Some(self.table)
            })
        };
        self.unserved_generics()
            .into_iter()
            .map(want)
            .filter(|want| !want.uses.is_empty() || reversed())
            .collect()
    }

    /// All alternatives of an `or` are comparisons that an index can find.
    fn branches_served(&self, predicate: &Predicate, all: &[Predicate]) -> bool {
        all.iter()
            .filter(|p| p.branch && p.site == predicate.site && p.written() == predicate.written())
            .all(|p| p.equal.iter().chain(&p.range).any(|t| !self.is_weak(t.field)))
    }

    /// The index that a predicate lacks.
    fn want(&self, predicate: &'a Predicate) -> Option<Want<'a>> {
        let strong: Vec<&Term> = predicate.equal.iter().filter(|t| self.tells_apart(t)).collect();
        let is_weak = |t: &&Term| t.class == Class::Equal && self.is_weak(t.field);
        let weak: Vec<&Term> = predicate.equal.iter().filter(is_weak).collect();
        let range = predicate.range.iter().find(|t| self.narrows(t, predicate));
        let sorted: &[(Sym, bool)] = match &predicate.sorted {
            Sorted::By(fields) => fields,
            _ => &[],
        };
        // What cannot be told of a column may be an index.
        if predicate
            .equal
            .iter()
            .chain(&predicate.range)
            .any(|t| !self.is_known(t.field))
        {
            return None;
        }
        let help = self.help(predicate);
        let plain_order = !sorted.is_empty()
            && !self.is_key(sorted[0].0)
            && sorted.iter().all(|(f, _)| self.is_indexable(*f));
        let wants_order = plain_order && predicate.limited && !predicate.linked;
        let front = |terms: &[&Term]| {
            terms
                .iter()
                .map(|t| t.field)
                .take(MAX_COLUMNS)
                .collect::<BTreeSet<Sym>>()
        };
        let want = |front: BTreeSet<Sym>, tail: Vec<(Sym, bool)>, serves: Serves| {
            let mut tail = tail;
            tail.retain(|(field, _)| !front.contains(field));
            let key = tail.iter().position(|(field, _)| self.is_key(*field));
            tail.truncate(key.unwrap_or(tail.len()));
            tail.truncate(MAX_COLUMNS.saturating_sub(front.len()));
            (!front.is_empty() || !tail.is_empty()).then(|| Want {
                serves: if front.len() + tail.len() > 1 {
                    Serves::Both
                } else {
                    serves
                },
                front,
                tail,
                condition: None,
                uses: vec![predicate],
                prefixes: Vec::new(),
            })
        };
        if help.finds {
            // The rows of one key, of which only some are wanted.
            let grows = help.key && !help.sorts && !help.ranges && !predicate.linked && !predicate.open;
            let keys: Vec<&Term> = strong
                .iter()
                .copied()
                .filter(|t| self.is_foreign(t.field))
                .collect();
            if !grows || keys.len() != 1 || strong.len() > 1 {
                return None;
            }
            let dated = |field: Sym| matches!(self.kind(field), ColumnKind::Date | ColumnKind::DateTime);
            if !self.grows(keys[0].field) {
                return None;
            }
            let ranged = |field: Sym| {
                self.project
                    .indexes(self.table)
                    .iter()
                    .any(|i| i.columns.first().and_then(plain_field) == Some(field))
            };
            return match range {
                Some(range) if ranged(range.field) => None,
                Some(range) => want(front(&keys), vec![(range.field, false)], Serves::Both),
                None if wants_order && dated(sorted[0].0) => {
                    want(front(&keys), sorted.to_vec(), Serves::Both)
                }
                None => None,
            };
        }
        if predicate.linked || help.sorts && predicate.limited {
            return None;
        }
        if !strong.is_empty() {
            let mut terms = strong.clone();
            terms.truncate(MAX_COLUMNS);
            let tail = match range {
                Some(range) => vec![(range.field, false)],
                None if wants_order && !predicate.op.is_some_and(super::workload::asks_for_one) => {
                    sorted.to_vec()
                }
                None => Vec::new(),
            };
            return want(front(&terms), tail, Serves::Filter);
        }
        if predicate.open && !predicate.limited {
            return None;
        }
        if let Some(range) = range {
            return want(BTreeSet::new(), vec![(range.field, false)], Serves::Filter);
        }
        if wants_order && !weak.is_empty() && !predicate.open {
            return want(front(&weak), sorted.to_vec(), Serves::Both);
        }
        if let [flag] = &weak[..]
            && !predicate.open
            && !help.flags
            && self.is_rare(flag)
        {
            return Some(Want {
                front: BTreeSet::from([flag.field]),
                tail: Vec::new(),
                condition: Some((flag.field, flag.given)),
                serves: Serves::Few,
                uses: vec![predicate],
                prefixes: Vec::new(),
            });
        }
        if wants_order && predicate.terms().next().is_none() {
            return want(BTreeSet::new(), sorted.to_vec(), Serves::Order);
        }
        None
    }

    /// The best that the indexes there are do for a predicate.
    fn help(&self, predicate: &Predicate) -> Help {
        let indexes = self.project.indexes(self.table).iter();
        let mut best = Help::default();
        for index in indexes.filter(|index| self.applies(index, predicate)) {
            best = best.max(self.helps(index, predicate));
        }
        best
    }

    /// A partial index is of use where its condition is among those of the query.
    fn applies(&self, index: &Index, predicate: &Predicate) -> bool {
        let fulfilled = |condition: &Partial| {
            condition.whole
                && condition.facts.iter().all(|fact| {
                    predicate
                        .terms()
                        .any(|t| t.field == fact.field && t.lookup == fact.lookup)
                })
        };
        index.condition.as_ref().is_none_or(fulfilled)
    }

    fn helps(&self, index: &Index, predicate: &Predicate) -> Help {
        let mut help = Help::default();
        match index.method {
            Method::BTree | Method::Hash => {}
            // btree_gin and btree_gist serve every column.
            Method::Gin | Method::Gist => {
                let asked =
                    |c: &IndexColumn| plain_field(c).is_some_and(|f| predicate.terms().any(|t| t.field == f));
                help.finds = index.columns.iter().any(asked);
                return help;
            }
            _ => return help,
        }
        let mut rest = index.columns.iter();
        let mut matched = 0;
        let mut next = None;
        for column in rest.by_ref() {
            let IndexPart::Field(field) = column.part else {
                return help;
            };
            match predicate.equal.iter().find(|t| t.field == field) {
                Some(term) => {
                    matched += 1;
                    help.finds |= self.tells_apart(term);
                    help.flags = true;
                    help.key |= self.is_foreign(field);
                }
                None => {
                    next = Some(column);
                    break;
                }
            }
        }
        if index.unique && matched == index.columns.len() {
            help.finds = true;
            help.key = false;
        }
        if matched > 0 && index.condition.is_some() {
            help.finds = true;
        }
        let remaining: Vec<(Sym, bool)> = next
            .into_iter()
            .chain(rest)
            .map_while(|c| match c.part {
                IndexPart::Field(field) => Some((field, c.descending)),
                _ => None,
            })
            .collect();
        if let Some((field, _)) = remaining.first() {
            help.ranges = predicate.range.iter().any(|t| t.field == *field);
            // Rows between are left out while the index is read.
            let behind = |t: &Term| remaining.iter().skip(1).any(|(f, _)| *f == t.field);
            help.finds |= matched > 0 && predicate.range.iter().chain(&predicate.equal).any(behind);
            help.finds |= help.ranges && (!self.is_weak(*field) || index.condition.is_some());
        }
        if let Sorted::By(sorted) = &predicate.sorted {
            let turned: Vec<(Sym, bool)> = sorted.iter().map(|(f, d)| (*f, !d)).collect();
            help.sorts = same_start(&remaining, sorted) || same_start(&remaining, &turned);
        }
        help
    }

    fn finished(&self, want: Want<'a>) -> Option<Advice> {
        let mut uses: Vec<Predicate> = want.uses.iter().map(|p| (*p).clone()).collect();
        uses.sort_by_key(|p| (std::cmp::Reverse((p.heat, p.repeated)), p.written(), p.site));
        uses.dedup_by_key(|p| (p.written(), p.site.file));
        let hot = uses.iter().any(|p| p.heat >= Heat::Task);
        let scheduled = uses.iter().any(|p| {
            p.heat == Heat::Command
                && p.range
                    .iter()
                    .any(|t| matches!(self.kind(t.field), ColumnKind::Date | ColumnKind::DateTime))
        });
        if want.serves != Serves::Generic && (!hot && !scheduled || self.is_small()) {
            return None;
        }
        let score = uses
            .iter()
            .map(|p| {
                let weight = match p.heat {
                    Heat::Request | Heat::Task => 3,
                    Heat::Command | Heat::Offered => 1,
                    Heat::Test => 0,
                };
                weight * if p.repeated { 2 } else { 1 }
            })
            .sum();
        Some(Advice {
            table: self.table,
            columns: want.columns(self),
            condition: want.condition,
            serves: want.serves,
            uses,
            score,
        })
    }

    /// Whether a range leaves few rows: the newest, or what is overdue and about to be dealt with.
    fn narrows(&self, term: &Term, predicate: &Predicate) -> bool {
        let upper = matches!(term.lookup.as_str(), "lt" | "lte");
        let cleans = predicate.heat != Heat::Request
            || predicate
                .op
                .is_some_and(|op| matches!(op.as_str(), "delete" | "update" | "adelete" | "aupdate"));
        matches!(self.kind(term.field), ColumnKind::Date | ColumnKind::DateTime) && (!upper || cleans)
    }

    /// Whether the rows of one key pile up: what users do, and what happens to things.
    fn grows(&self, key: Sym) -> bool {
        let model = self.project.model(self.table);
        let user = self.project.user_model(model.site.file);
        let mut relations = model.relations.iter().map(|rel| self.project.relation(*rel));
        let Some(target) = relations.find(|r| r.name == key).and_then(|r| r.target_model()) else {
            return false;
        };
        let owner = self.project.model(target).name;
        Some(target) == user
            || lookups::sounds_like_owner(owner)
            || !lookups::sounds_like_document(owner) && lookups::sounds_growing(model.name)
    }

    fn kind(&self, field: Sym) -> ColumnKind {
        self.project.column_kind(self.table, field)
    }

    fn is_foreign(&self, field: Sym) -> bool {
        self.project
            .model(self.table)
            .relations
            .iter()
            .any(|rel| self.project.relation(*rel).name == field)
    }

    fn is_key(&self, field: Sym) -> bool {
        self.project.primary_key(self.table).contains(&field)
    }

    /// Whether comparing with one value leaves few rows.
    fn tells_apart(&self, term: &Term) -> bool {
        term.class == Class::Equal && !self.is_weak(term.field) && self.is_indexable(term.field)
    }

    /// A column with so few values that one of them leaves many rows.
    fn is_weak(&self, field: Sym) -> bool {
        if self.is_foreign(field) {
            return false;
        }
        let few = self
            .project
            .column(self.table, field)
            .and_then(|column| column.choices)
            .is_some_and(|n| n <= FEW_CHOICES);
        self.kind(field) == ColumnKind::Bool || few || lookups::sounds_weak(field)
    }

    /// Whether a plain index over the column makes sense.
    fn is_indexable(&self, field: Sym) -> bool {
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
    fn is_known(&self, field: Sym) -> bool {
        let column = self.project.column(self.table, field);
        self.is_key(field) || column.is_some_and(|column| column.has_own_index().is_some())
    }

    /// A column of a kind of its own that certainly has no index.
    fn is_plain(&self, field: Sym) -> bool {
        let column = self.project.column(self.table, field);
        column.is_some_and(|column| column.indexed == Some(false))
    }

    /// Rows have the flag for a short time, and it is asked for the value that it does not have from the start.
    fn is_rare(&self, term: &Term) -> bool {
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

    /// A table of names: as many rows as somebody has typed in.
    fn is_small(&self) -> bool {
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
        !dated && !referring && model.fields.len() <= SMALL
    }
}

impl Want<'_> {
    /// Whether this index serves what the other would.
    fn covers(&self, other: &Self) -> bool {
        if self.condition != other.condition {
            return false;
        }
        if other.tail.is_empty() {
            let within = other.front.is_subset(&self.front)
                && self
                    .prefixes
                    .iter()
                    .all(|p| p.is_subset(&other.front) || other.front.is_subset(p));
            let whole = match self.tail.first() {
                Some((first, _)) => {
                    other.front.len() == self.front.len() + 1
                        && other.front.contains(first)
                        && self.front.is_subset(&other.front)
                }
                None => false,
            };
            return within || whole;
        }
        let turned: Vec<(Sym, bool)> = other.tail.iter().map(|(f, d)| (*f, !d)).collect();
        let ranges = other.tail.len() == 1 && self.tail.first().is_some_and(|(f, _)| *f == other.tail[0].0);
        self.front == other.front
            && (ranges || same_start(&self.tail, &other.tail) || same_start(&self.tail, &turned))
    }

    fn take(&mut self, other: Self) {
        if other.tail.is_empty() && other.front.len() < self.front.len() {
            self.prefixes.push(other.front);
        }
        let asked = other.uses.iter().any(|p| p.heat > Heat::Offered);
        if self.serves == Serves::Order && other.serves != Serves::Order && asked {
            self.serves = Serves::Filter;
        }
        self.uses.extend(other.uses);
    }

    fn columns(&self, table: &Table<'_>) -> Vec<(Sym, bool)> {
        let mut front: Vec<Sym> = self.front.iter().copied().collect();
        let needed = |field: &Sym| self.prefixes.iter().filter(|p| p.contains(field)).count();
        let fields = &table.project.model(table.table).fields;
        let declared = |field: &Sym| fields.iter().position(|f| f.name == *field);
        front.sort_by_key(|field| {
            (
                std::cmp::Reverse(needed(field)),
                !table.is_foreign(*field),
                declared(field),
            )
        });
        let mut columns: Vec<(Sym, bool)> = front.into_iter().map(|field| (field, false)).collect();
        columns.extend(self.tail.iter().copied());
        if let [only] = &mut columns[..] {
            only.1 = false;
        }
        columns
    }
}

/// The field in a column that holds one as it is.
fn plain_field(column: &IndexColumn) -> Option<Sym> {
    match column.part {
        IndexPart::Field(field) => Some(field),
        _ => None,
    }
}

/// Whether a list begins with all of another.
fn same_start(list: &[(Sym, bool)], start: &[(Sym, bool)]) -> bool {
    !start.is_empty() && list.len() >= start.len() && list.iter().zip(start).all(|(a, b)| a == b)
}

/// Whether an index is declared by itself, not made for a field or a constraint.
pub fn is_declared(index: &Index) -> bool {
    matches!(index.origin, IndexOrigin::MetaIndexes)
}

/// An index that says nothing another one does not say.
pub struct Redundant<'p> {
    pub table: ModelId,
    pub index: &'p Index,
    /// The one that makes it superfluous.
    pub by: &'p Index,
}

/// Declared indexes that are the beginning of another, or the same.
pub fn redundant(project: &Project) -> Vec<Redundant<'_>> {
    let mut out = Vec::new();
    for model in project.models().iter().filter(|m| is_ours(project, m.id)) {
        let indexes = project.indexes(model.id);
        let own = |index: &&Index| is_chosen(index) && !project.is_stub(index.site.file);
        for (i, index) in indexes.iter().enumerate().filter(|(_, index)| own(index)) {
            let by = indexes.iter().enumerate().find(|(j, other)| {
                *j != i && replaces(other, index) && (!replaces(index, other) || !is_chosen(other) || *j < i)
            });
            if let Some((_, by)) = by {
                out.push(Redundant {
                    table: model.id,
                    index,
                    by,
                });
            }
        }
    }
    out
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
    let turned: Vec<(Sym, bool)> = mine.iter().map(|(f, d)| (*f, !d)).collect();
    plain(index)
        && plain(other)
        && index.include.iter().all(|field| other.include.contains(field))
        && (same_start(&theirs, &mine) || same_start(&theirs, &turned))
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
        let table = Table {
            project,
            table: predicate.table,
        };
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

impl Table<'_> {
    /// Whether some index is made for a comparison that a plain one does not serve.
    fn answers(&self, term: &Term) -> bool {
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

/// A call that makes a row unless it is there, with columns that may be there twice.
pub fn racing<'a>(project: &'a Project, predicates: &'a [Predicate]) -> impl Iterator<Item = &'a Predicate> {
    predicates.iter().filter(|p| {
        let makes =
            p.op.and_then(tables::method)
                .is_some_and(|m| m.returns == Returns::Pair);
        let unique = |index: &Index| {
            index.unique
                && index.columns.iter().all(|c| match c.part {
                    IndexPart::Field(field) => p.equal.iter().any(|t| t.field == field),
                    IndexPart::Function { field, .. } => p.terms().any(|t| t.field == field),
                    IndexPart::Other => true,
                })
        };
        makes
            && p.heat >= Heat::Task
            && !p.open
            && !p.linked
            && !p.equal.is_empty()
            && p.equal.len() <= MAX_COLUMNS
            && is_ours(project, p.table)
            && !project.indexes(p.table).iter().any(unique)
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
            let Some(field) = plain_field(column) else {
                continue;
            };
            let whole =
                index.condition.is_none() && !index.unique && !index.pattern && index.method == Method::BTree;
            let small = Table {
                project,
                table: model.id,
            }
            .is_small();
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
