//! What a predicate wants: the index that it lacks, and which wants one index serves.

use std::collections::BTreeSet;

use crate::ir::Const;
use crate::project::indexes::{Condition as Partial, Fact, Index, IndexColumn, Method, Part as IndexPart};
use crate::project::{ColumnKind, Generic, RelKind};
use crate::source::{Site, Sym};

use super::super::conditions::Given;
use super::super::heat::Heat;
use super::super::lookups::{self, Class};
use super::super::tables::{self, Returns, Runs};
use super::super::workload::{self, Predicate, Sorted, Term};
use super::table::Table;
use super::{Advice, Serves, gives, ranked};

/// Columns of one index.
pub(super) const MAX_COLUMNS: usize = 3;

/// So many places in requests that go by the time of a row are no exception.
const MANY: usize = 5;

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
    /// The table grows with what happens, as far as can be told.
    sure: bool,
}

impl<'a> Table<'a> {
    pub(super) fn advice(&self, predicates: &'a [Predicate]) -> Vec<Advice> {
        let mut wants: Vec<Want<'a>> = Vec::new();
        let generics = self.unserved_generics();
        // Requests and jobs make rows of it.
        let made = predicates.iter().any(|p| {
            p.heat >= Heat::Task
                && p.op
                    .and_then(tables::method)
                    .is_some_and(|m| matches!(m.returns, Returns::Pair | Returns::List) || m.name == "create")
        });
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
            if let Some(want) = self.want(predicate, made) {
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
                let front: Vec<Sym> = index
                    .columns
                    .iter()
                    .take(2)
                    .filter_map(IndexColumn::plain)
                    .collect();
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
            let known = |p: &Predicate| {
                p.open
                    && project.indexes(self.table).iter().any(|index| {
                        let fields: Vec<Sym> = index.columns.iter().filter_map(IndexColumn::plain).collect();
                        fields.contains(&one.object_id) && fields.contains(&one.content_type)
                    })
            };
            let asks = |p: &&Predicate| {
                p.heat > Heat::Test
                    && p.equal.iter().any(|t| t.field == one.object_id)
                    && !known(p)
                    && !self.fully_served(p)
            };
            let uses: Vec<&Predicate> = predicates.iter().filter(asks).collect();
            // Where all ask for the key alone, an index over both is not what they want.
            let both = |p: &&Predicate| p.terms().any(|t| t.field == one.content_type) || p.linked;
            Want {
                sure: uses.is_empty() || uses.iter().any(both),
                uses,
                front: BTreeSet::from([one.content_type, one.object_id]),
                tail: Vec::new(),
                condition: None,
                serves: Serves::Generic,
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

    /// Some index begins with two or more of the columns that are compared.
    fn fully_served(&self, predicate: &Predicate) -> bool {
        let equal = |field: &Sym| predicate.equal.iter().any(|t| t.field == *field);
        self.project.indexes(self.table).iter().any(|index| {
            let front = index.columns.iter().map_while(|c| c.plain().filter(equal));
            front.count() > 1
        })
    }

    /// All alternatives of an `or` are comparisons that an index can find.
    fn branches_served(&self, predicate: &Predicate, all: &[Predicate]) -> bool {
        all.iter()
            .filter(|p| p.branch && p.site == predicate.site && p.written() == predicate.written())
            .all(|p| p.equal.iter().chain(&p.range).any(|t| !self.is_weak(t.field)))
    }

    /// The index that a predicate lacks.
    fn want(&self, predicate: &'a Predicate, made: bool) -> Option<Want<'a>> {
        let strong: Vec<&Term> = predicate.equal.iter().filter(|t| self.tells_apart(t)).collect();
        // Rows of several values do not come in the order of another column.
        let is_weak = |t: &&Term| t.class == Class::Equal && self.is_weak(t.field) && t.lookup != "in";
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
                sure: true,
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
            // Of a subquery only some row of each key is asked for.
            predicate.op?;
            let dated = |field: Sym| matches!(self.kind(field), ColumnKind::Date | ColumnKind::DateTime);
            if !self.grows(keys[0].field) {
                return None;
            }
            let unsure = |want: Want<'a>| Want {
                sure: self.is_log(),
                ..want
            };
            let ranged = |field: Sym| {
                self.project
                    .indexes(self.table)
                    .iter()
                    .any(|i| i.columns.first().and_then(IndexColumn::plain) == Some(field))
            };
            return match range {
                Some(range) if ranged(range.field) => None,
                Some(range) => want(front(&keys), vec![(range.field, false)], Serves::Both).map(unsure),
                None if wants_order && dated(sorted[0].0) => {
                    want(front(&keys), sorted.to_vec(), Serves::Both).map(unsure)
                }
                None => None,
            };
        }
        // `first()` of one value's rows: in the order of the key all others are read on the way to it.
        let by_key = sorted.first().is_some_and(|(field, _)| self.is_key(*field));
        let in_order = help.sorts && predicate.limited && (strong.is_empty() || !by_key);
        if predicate.linked || in_order || predicate.open && !strong.is_empty() {
            return None;
        }
        if !strong.is_empty() {
            let mut terms = strong.clone();
            terms.truncate(MAX_COLUMNS);
            let tail = match range {
                Some(range) => vec![(range.field, false)],
                // Rows of several values do not come in one order.
                None if wants_order
                    && strong.iter().all(|t| t.lookup != "in")
                    && !predicate.op.is_some_and(workload::asks_for_one) =>
                {
                    sorted.to_vec()
                }
                None => Vec::new(),
            };
            return want(front(&terms), tail, Serves::Filter);
        }
        if predicate.open && !predicate.limited {
            return None;
        }
        if predicate.branch {
            return None;
        }
        if let Some(range) = range
            && (!help.flags || weak.is_empty())
        {
            let upper = matches!(range.lookup.as_str(), "lt" | "lte");
            let flags = if upper && !predicate.open {
                front(&weak)
            } else {
                BTreeSet::new()
            };
            return want(flags, vec![(range.field, false)], Serves::Filter);
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
                sure: true,
                serves: Serves::Few,
                uses: vec![predicate],
                prefixes: Vec::new(),
            });
        }
        // What the order begins with may be a range: up to now, newest first.
        let first = |t: &Term| sorted.first().is_some_and(|(field, _)| *field == t.field);
        let alone =
            predicate.equal.is_empty() && predicate.other.is_empty() && predicate.range.iter().all(first);
        let dated = sorted
            .first()
            .is_some_and(|(field, _)| matches!(self.kind(*field), ColumnKind::Date | ColumnKind::DateTime));
        let understood = !predicate.filtered || !predicate.range.is_empty();
        let newest = predicate.heat == Heat::Request && dated && predicate.terms().next().is_none();
        if wants_order && !predicate.open && alone && (understood || newest) && (dated || self.piles_up()) {
            let found = want(BTreeSet::new(), sorted.to_vec(), Serves::Order)?;
            return Some(Want {
                sure: made || self.piles_up(),
                ..found
            });
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
        let no_null = |t: &Term| matches!(t.class, Class::Equal | Class::Range);
        let asked = |fact: &Fact| {
            let null = fact.lookup == "isnull" && fact.values.as_deref() == Some(&[Const::True]);
            predicate.terms().any(|t| {
                t.field == fact.field
                    && if fact.lookup == "isnull" && (fact.negated || !null) {
                        no_null(t)
                    } else {
                        t.lookup == fact.lookup || null && t.class == Class::Null
                    }
            })
        };
        // What is excluded is not followed.
        let fulfilled = |condition: &Partial| condition.facts.iter().all(|fact| fact.negated || asked(fact));
        let unread = |condition: &Partial| !condition.whole;
        index
            .condition
            .as_ref()
            .is_none_or(|condition| unread(condition) || fulfilled(condition))
    }

    fn helps(&self, index: &Index, predicate: &Predicate) -> Help {
        let mut help = Help::default();
        match index.method {
            Method::BTree | Method::Hash => {}
            // btree_gin and btree_gist serve every column.
            Method::Gin | Method::Gist => {
                let asked =
                    |c: &IndexColumn| c.plain().is_some_and(|f| predicate.terms().any(|t| t.field == f));
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
            help.sorts = gives(&remaining, sorted);
        }
        help
    }

    /// Whether the queries are evidence enough: a request looks rows up by a value that few of them have, or reads the
    /// newest of what piles up, or several requests go by the time at which rows were made.
    fn shows(&self, want: &Want<'a>, uses: &[Predicate]) -> bool {
        let reads =
            |op: Sym| tables::method(op).is_none_or(|m| m.runs != Runs::Write || m.returns == Returns::Pair);
        let asked = |p: &&Predicate| p.heat == Heat::Request && p.op.is_some_and(reads);
        let keyed = |field: &Sym| !self.is_foreign(*field) && !lookups::sounds_like_title(*field);
        let looks_up = |p: &Predicate| {
            p.equal
                .iter()
                .any(|t| want.front.contains(&t.field) && keyed(&t.field) && self.tells_apart(t))
        };
        let newest = || {
            let (field, _) = want.tail.first()?;
            let places: BTreeSet<Site> = uses.iter().filter(asked).map(Predicate::written).collect();
            // PostgreSQL sorts the rows of one moment while it reads an index over the first column.
            let begun = |i: &Index| i.columns.first().and_then(IndexColumn::plain) == Some(*field);
            let enough = match want.front.is_empty() {
                true if self.project.indexes(self.table).iter().any(begun) => false,
                true => self.places(*field) >= MANY || self.is_log() && want.serves == Serves::Order,
                false => places.len() > 1 || self.is_log() && want.front.iter().any(|f| self.is_foreign(*f)),
            };
            Some(self.is_stamp(*field) && enough)
        };
        let lookups: Vec<&Predicate> = uses.iter().filter(asked).filter(|p| looks_up(p)).collect();
        let often = || {
            let places: BTreeSet<Site> = lookups.iter().map(|p| p.written()).collect();
            places.len() > 1 || lookups.iter().any(|p| p.repeated) || self.is_of_user() || self.is_log()
        };
        want.serves == Serves::Generic || !lookups.is_empty() && often() || newest() == Some(true)
    }

    fn finished(&self, want: Want<'a>) -> Option<Advice> {
        let uses = ranked(want.uses.iter().copied());
        let hot = uses.iter().any(|p| p.heat >= Heat::Task);
        let scheduled = uses.iter().any(|p| {
            p.heat == Heat::Command
                && p.range
                    .iter()
                    .any(|t| matches!(self.kind(t.field), ColumnKind::Date | ColumnKind::DateTime))
        });
        let scheduled = scheduled && !self.is_of_user();
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
            sure: want.sure && self.shows(&want, &uses),
            uses,
            score,
        })
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
        let ranges = other.tail.len() == 1 && self.tail.first().is_some_and(|(f, _)| *f == other.tail[0].0);
        self.front == other.front && (ranges || gives(&self.tail, &other.tail))
    }

    fn take(&mut self, other: Self) {
        if other.tail.is_empty() && other.front.len() < self.front.len() {
            self.prefixes.push(other.front);
        }
        let asked = other.uses.iter().any(|p| p.heat > Heat::Offered);
        self.sure |= other.sure;
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
