//! Which of the reads that an entry point comes to are queries, and how often each runs.
//!
//! What is in memory is free. A read that some way through the code goes without, or whose answer may be there already, is
//! not sure; what nobody can tell leaves the bill open: there may be more. It knows no wording.

use crate::project::{ModelAttr, ModelId, Project, RelKind};
use crate::source::{Site, Sym};

use super::event::{Access, Eval, Load};
use super::judge;
use super::plan::Plan;
use super::tables::{self, Returns, Served};
use super::value::{Base, Live, Mode, Origin, Query, Row};
use super::watch::{Asked, Gone, Round, Watched, What};

/// Queries in the order in which they run.
#[derive(Debug, Default)]
pub struct Bill {
    pub charges: Vec<Charge>,
    /// Why there may be queries besides; empty where all are known.
    pub gaps: Vec<&'static str>,
}

/// A place that runs queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub site: Site,
    /// Call sites from the outermost to the query.
    pub calls: Vec<Site>,
    pub cause: Cause,
    /// The queryset that is evaluated.
    pub queryset: Option<Site>,
    /// How many there are each time: the query itself, and one for each relation that it prefetches.
    pub count: usize,
    /// What it runs for each of, outermost first.
    pub per: Vec<Per>,
    /// It runs whenever its entry point does.
    pub sure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Rows of a model are fetched, counted or tested by `op`.
    Rows { model: ModelId, op: Sym },
    /// A relation of a row is followed.
    Relation { model: ModelId, name: Sym },
    /// A column that was left out is read.
    Column { model: ModelId, name: Sym },
}

/// What is gone over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Per {
    /// The queryset or set whose rows they are, or else the loop.
    pub site: Site,
    pub model: Option<ModelId>,
}

/// How a read is answered.
enum Answer {
    Memory,
    Query,
    Unclear,
}

impl Bill {
    pub(super) fn of(project: &Project, watched: &[Watched]) -> Self {
        let mut bill = Self::default();
        let mut seen: Vec<&Asked> = Vec::new();
        for one in watched {
            match one {
                Watched::Value { .. } => {}
                Watched::Gap(why) => bill.note(why),
                Watched::Asked(asked) => bill.add(project, asked, &mut seen),
            }
        }
        bill
    }

    pub(super) fn note(&mut self, why: &'static str) {
        if !self.gaps.contains(&why) {
            self.gaps.push(why);
        }
    }

    fn add<'w>(&mut self, project: &Project, asked: &'w Asked, seen: &mut Vec<&'w Asked>) {
        let again = seen.iter().any(|other| same_answer(asked, other));
        let earlier = seen.iter().any(|other| may_be_known(asked, other));
        // Fetched once more, the rows are others, with nothing loaded.
        let refetched = match &asked.what {
            What::Load(load) => self.fetches(load) > 1,
            What::Eval(_) => asked.kept.is_none(),
        };
        seen.push(asked);
        if again && !refetched {
            return;
        }
        let (answer, charge) = match &asked.what {
            What::Load(load) => (answered_load(project, load), charged_load(project, load, asked)),
            What::Eval(eval) => (answered_eval(project, eval), charged_eval(project, eval, asked)),
        };
        match answer {
            Answer::Memory => return,
            Answer::Unclear => {
                self.note("where rows come from is not known");
                return;
            }
            Answer::Query => {}
        }
        if let What::Eval(eval) = &asked.what
            && eval.query.plan.open
        {
            self.note("what a queryset loads is not known");
        }
        let prefetched = match &asked.what {
            What::Eval(eval) => generic_prefetch(project, eval.query.model, &eval.query.plan),
            What::Load(_) => false,
        };
        if prefetched || is_generic(project, &charge.cause) {
            self.note("content types are asked for once");
        }
        let mut charge = charge;
        charge.sure &= !again && !earlier;
        self.charges.push(charge);
    }

    /// How often the rows of a load are fetched.
    fn fetches(&self, load: &Load) -> usize {
        let Origin::Query(query) = &load.row.origin else {
            return 0;
        };
        let whole = |charge: &&Charge| charge.queryset == Some(query.site);
        self.charges.iter().filter(whole).count()
    }
}

fn is_generic(project: &Project, cause: &Cause) -> bool {
    let Cause::Relation { model, name } = cause else {
        return false;
    };
    match project.model_attr(*model, *name) {
        Some(ModelAttr::Forward(rel) | ModelAttr::Reverse(rel)) => {
            is_generic_kind(project.relation(rel).kind)
        }
        _ => false,
    }
}

/// A prefetch goes through a relation whose rows belong to any model.
fn generic_prefetch(project: &Project, model: ModelId, plan: &Plan) -> bool {
    plan.prefetch.iter().any(|prefetch| {
        let names = prefetch.lookup.as_str().split("__").map(Sym::new);
        project.hops(model, names).any(|hop| match hop.attr {
            Some(ModelAttr::Forward(rel) | ModelAttr::Reverse(rel)) => {
                is_generic_kind(project.relation(rel).kind)
            }
            _ => false,
        })
    })
}

fn is_generic_kind(kind: RelKind) -> bool {
    matches!(kind, RelKind::GenericForeignKey | RelKind::GenericRelation)
}

/// Both reads have the same answer, or may have it.
fn same_answer(one: &Asked, other: &Asked) -> bool {
    match (&one.what, &other.what) {
        (What::Load(a), What::Load(b)) => {
            let column = |load: &Load| load.access == Access::Column;
            a.attr == b.attr
                && column(a) == column(b)
                && a.row.model == b.row.model
                && a.row.live == b.row.live
                && a.row.path() == b.row.path()
                && same_origin(&a.row, &b.row)
        }
        (What::Eval(a), What::Eval(b)) => {
            let same_object =
                tables::keeps_rows(a.op) && tables::keeps_rows(b.op) && same_query(&a.query, &b.query);
            let kept = one.kept.is_some() && one.kept == other.kept && a.site == b.site && a.op == b.op;
            same_object || kept
        }
        _ => false,
    }
}

/// What is asked of a queryset can be told from its rows, which an earlier read may have left in it.
fn may_be_known(one: &Asked, earlier: &Asked) -> bool {
    match (&one.what, &earlier.what) {
        (What::Eval(a), What::Eval(b)) => {
            a.served != Served::Query && tables::keeps_rows(b.op) && same_query(&a.query, &b.query)
        }
        _ => false,
    }
}

fn same_origin(a: &Row, b: &Row) -> bool {
    match (&a.origin, &b.origin) {
        (Origin::Query(a), Origin::Query(b)) => a.site == b.site && a.model == b.model,
        (a, b) => a == b,
    }
}

fn same_query(a: &Query, b: &Query) -> bool {
    let base = match (&a.base, &b.base) {
        (Base::Related(a, x), Base::Related(b, y)) => x == y && a.path() == b.path() && same_origin(a, b),
        (a, b) => a == b,
    };
    base && a.site == b.site && a.model == b.model && a.filters == b.filters
}

fn answered_load(project: &Project, load: &Load) -> Answer {
    let row = &load.row;
    let query = match &row.origin {
        Origin::Query(query) => query,
        Origin::New => return Answer::Memory,
        Origin::Slot(_) | Origin::Elsewhere if load.access == Access::Column => return Answer::Memory,
        Origin::Slot(_) | Origin::Elsewhere => return Answer::Unclear,
    };
    if query.empty || query.mode == Mode::Values {
        return Answer::Memory;
    }
    if load.access == Access::Column {
        let left_out = row.steps.is_empty() && query.plan.defers(project, row.model, load.attr);
        return if left_out { Answer::Query } else { Answer::Memory };
    }
    let full: Vec<Sym> = row
        .steps
        .iter()
        .map(|step| step.name)
        .chain([load.attr])
        .collect();
    if judge::in_memory(project, row, &full) {
        let open = query.plan.open
            || row
                .steps
                .iter()
                .any(|step| step.plan.as_ref().is_some_and(|p| p.open));
        return if open { Answer::Unclear } else { Answer::Memory };
    }
    Answer::Query
}

fn answered_eval(project: &Project, eval: &Eval) -> Answer {
    match &eval.query.base {
        Base::Model => Answer::Query,
        Base::Slot(_) | Base::Unknown => Answer::Unclear,
        Base::Related(_, _) if eval.served == Served::Query => Answer::Query,
        Base::Related(row, name) => {
            let query = match &row.origin {
                Origin::Query(query) => query,
                Origin::New => return Answer::Memory,
                Origin::Slot(_) | Origin::Elsewhere => return Answer::Unclear,
            };
            let full: Vec<Sym> = row.steps.iter().map(|step| step.name).chain([*name]).collect();
            if !judge::in_memory(project, row, &full) {
                Answer::Query
            } else if query.plan.open {
                Answer::Unclear
            } else if eval.served == Served::Served
                || query.plan.prefetch_is_ordered(&full)
                || project.is_ordered(eval.query.model)
            {
                Answer::Memory
            } else {
                Answer::Query
            }
        }
    }
}

fn charged_load(project: &Project, load: &Load, asked: &Asked) -> Charge {
    let mut per = of_rounds(&asked.rounds).0;
    per.extend(of_row(&load.row));
    let (model, name) = (load.row.model, load.attr);
    let optional = match project.model_attr(model, name) {
        Some(ModelAttr::Forward(rel)) => {
            let relation = project.relation(rel);
            relation.null || relation.kind == RelKind::GenericForeignKey
        }
        _ => false,
    };
    Charge {
        site: load.site,
        calls: load.calls.clone(),
        cause: match load.access {
            Access::Column => Cause::Column { model, name },
            _ => Cause::Relation { model, name },
        },
        queryset: None,
        count: 1,
        per,
        sure: !asked.conditional && !optional,
    }
}

fn charged_eval(project: &Project, eval: &Eval, asked: &Asked) -> Charge {
    let query = &eval.query;
    let (mut per, times) = of_rounds(&asked.rounds);
    if let Base::Related(row, _) = &query.base {
        for one in of_row(row) {
            if !per.contains(&one) {
                per.push(one);
            }
        }
    }
    let value = tables::method(eval.op).is_some_and(|method| method.returns == Returns::Value);
    let rows = !value && query.mode == Mode::Rows;
    let prefetched = if rows {
        prefetches(project, query.model, &query.plan)
    } else {
        0
    };
    Charge {
        site: eval.site,
        calls: eval.calls.clone(),
        cause: match &query.base {
            Base::Related(row, name) if eval.served != Served::Query => Cause::Relation {
                model: row.model,
                name: *name,
            },
            _ => Cause::Rows {
                model: query.model,
                op: eval.op,
            },
        },
        queryset: Some(query.site),
        count: (1 + prefetched) * times,
        per,
        sure: !asked.conditional,
    }
}

/// Rows that are gone over on the way to a row, from its origin on.
fn of_row(row: &Row) -> Vec<Per> {
    let mut per = Vec::new();
    if row.live == Live::Many {
        let (site, model) = match &row.origin {
            Origin::Query(query) => (Some(query.site), query.model),
            _ => (None, row.model),
        };
        per.extend(site.map(|site| Per {
            site,
            model: Some(model),
        }));
    }
    per.extend(
        row.steps
            .iter()
            .filter(|s| s.many && s.live == Live::Many)
            .map(|s| Per {
                site: s.site,
                model: Some(s.target),
            }),
    );
    per
}

/// What loops go over, and how often those run whose length is written down.
fn of_rounds(rounds: &[Round]) -> (Vec<Per>, usize) {
    let mut per: Vec<Per> = Vec::new();
    let mut times = 1;
    for round in rounds {
        let one = match &round.gone {
            Gone::Times(n) => {
                times *= n;
                continue;
            }
            Gone::Rows(row) => of_row(row).pop(),
            Gone::Unknown => None,
        };
        per.push(one.unwrap_or(Per {
            site: round.site,
            model: None,
        }));
    }
    (per, times)
}

/// The queries that prefetch what a plan asks for: one for each step that no join and no other prefetch has loaded.
fn prefetches(project: &Project, model: ModelId, plan: &Plan) -> usize {
    let mut done: Vec<String> = Vec::new();
    let mut count = 0;
    for prefetch in &plan.prefetch {
        let parts: Vec<&str> = prefetch.to.as_str().split("__").collect();
        for n in 1..=parts.len() {
            let path = parts[..n].join("__");
            let names: Vec<Sym> = parts[..n].iter().map(|part| Sym::new(part)).collect();
            let joined = Plan {
                prefetch: Vec::new(),
                ..plan.clone()
            };
            if done.contains(&path) || joined.loads(project, model, &names) && !joined.open {
                continue;
            }
            count += 1;
            if let (true, Some(query)) = (n == parts.len(), &prefetch.query) {
                count += prefetches(project, query.model, &query.plan);
            }
            done.push(path);
        }
    }
    count
}
