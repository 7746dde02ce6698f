//! What a run remembers besides what all runs do: the value of one expression, or every query in its order.
//!
//! Runs of the whole project watch nothing. A run that somebody waits for is made of the few entry points that lead to a
//! place; each of them gets back, in its own terms, what it and the functions below it were watched for. Nothing is judged
//! here, see [`bill`](super::bill).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ir::{Call, CmpOp, Compare, Expr, ExprKind, StmtKind};
use crate::project::{FuncId, Part, urls};
use crate::source::{FileId, Site, Span, Sym};

use super::call::Args;
use super::event::{Access, Eval, Load};
use super::formulas;
use super::frame::{Frame, Loop, Over};
use super::rows;
use super::slots::{self, Slots};
use super::summary::{MAX_CALLS, Summary};
use super::tables::{self, Served};
use super::value::{Base, Kind, Live, Origin, Query, Row, Value};

/// What a frame remembers at most; more is a gap.
const MOST: usize = 600;
const TOO_MUCH: &str = "there is more than is remembered";

/// What a run is asked for.
#[derive(Debug, Default)]
pub(super) enum Watch {
    #[default]
    Nothing,
    /// Values of the expressions with these spans, and queries.
    Values(FileId, Vec<Span>, Budget),
    /// Queries, of a request that reads.
    Queries(Budget),
}

impl Watch {
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Takes one call from what is left; false if nothing is.
    #[inline]
    pub(super) fn pay(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Values(_, _, budget) | Self::Queries(budget) => budget.pay(),
        }
    }

    /// Whether calls were left out.
    pub(super) fn is_spent(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Values(_, _, budget) | Self::Queries(budget) => budget.0.load(Ordering::Relaxed) == 0,
        }
    }
}

/// How many calls may still be worked out. Somebody waits, and who asks again gets the same answer.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    pub(super) const fn of(calls: u32) -> Self {
        Self(AtomicU32::new(calls))
    }

    fn pay(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// One thing that happens while an entry point runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Watched {
    /// An expression that was asked for has a value.
    Value { span: Span, value: Value },
    /// Something is read that may need a query.
    Asked(Box<Asked>),
    /// What happens here is not known, or is not told apart from what reads.
    Gap(&'static str),
}

/// A read of rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub what: What,
    /// The loops that repeat it, outermost first; those of a load follow from its row.
    pub rounds: Vec<Round>,
    /// Some way through the code goes without it.
    pub conditional: bool,
    /// The property that keeps the answer of which it is a part.
    pub kept: Option<Site>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    Load(Load),
    Eval(Eval),
}

/// A loop around a read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Round {
    pub site: Site,
    pub gone: Gone,
}

/// What a loop goes over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Gone {
    Rows(Arc<Row>),
    Times(usize),
    Unknown,
}

impl<'p> Frame<'_, 'p> {
    fn remember(&mut self, what: Watched) {
        // An expression that is worked out twice is asked once.
        if self.watched.len() < MOST {
            if self.is_stub() || !self.watched.contains(&what) {
                self.watched.push(what);
            }
        } else if !self.watched.contains(&Watched::Gap(TOO_MUCH)) {
            self.watched.push(Watched::Gap(TOO_MUCH));
        }
    }

    pub(super) fn watch_value(&mut self, span: Span, value: &Value) {
        let Watch::Values(file, spans, _) = &self.engine.watch else {
            return;
        };
        if self.file == *file && spans.contains(&span) {
            let value = self.settled(value);
            self.remember(Watched::Value { span, value });
        }
    }

    /// A value as it is at this very moment.
    fn settled(&self, value: &Value) -> Value {
        let value = rows::map_rows(value, &|row| self.resolve_lives(row));
        match &value.kind {
            Kind::Query(query) => Value::query(self.settled_query(query)),
            _ => value,
        }
    }

    fn settled_query(&self, query: &Query) -> Query {
        match &query.base {
            Base::Related(row, name) => Query {
                base: Base::Related(Arc::new(self.resolve_lives(row)), *name),
                ..query.clone()
            },
            _ => query.clone(),
        }
    }

    /// An attribute of a row is read; `row` has its lives as the frame knows them.
    pub(super) fn watch_load(&mut self, load: &Load, row: &Row) {
        if load.row.origin == Origin::New || self.is_preloaded(load) {
            return;
        }
        if load.access != Access::Column {
            self.watch_rare();
        }
        let (rounds, unclear) = match (&row.origin, row.live) {
            (Origin::Query(query), Live::Single) if self.loops.iter().any(Loop::repeats) => {
                match query.born {
                    Some(id) => {
                        let upto = self.loops.iter().position(|l| l.id == id).map_or(0, |at| at + 1);
                        (self.rounds(upto), false)
                    }
                    None => (Vec::new(), row.steps.iter().all(|step| step.live != Live::Many)),
                }
            }
            _ => (Vec::new(), false),
        };
        if unclear {
            self.watch_gap("a row is read in a loop that may fetch it anew");
        }
        self.remember(Watched::Asked(Box::new(Asked {
            what: What::Load(load.clone()),
            rounds,
            conditional: self.goes_without(),
            kept: None,
        })));
    }

    /// A column of a row that came as an argument: who gave it may have left the column out.
    pub(super) fn watch_column(&mut self, row: &Row, name: Sym, span: Span) {
        let given = match &row.origin {
            Origin::Slot(_) => true,
            Origin::Query(query) => matches!(query.base, Base::Slot(_)),
            _ => false,
        };
        if given && row.steps.is_empty() {
            let load = Load {
                row: self.resolve_lives(row),
                attr: name,
                access: Access::Column,
                site: self.site(span),
                calls: Vec::new(),
                around: None,
                conditional: false,
                inner: None,
            };
            self.watch_load(&load, row);
        }
    }

    pub(super) fn watch_eval(&mut self, eval: &Eval) {
        if !self.engine.watch.is_on() {
            return;
        }
        if eval.query.empty || eval.query.fetched && tables::keeps_rows(eval.op) {
            return;
        }
        if matches!(&eval.query.base, Base::Related(row, _) if row.origin == Origin::New) {
            return;
        }
        self.watch_rare();
        let around = self.loops_around(eval);
        let asked = Asked {
            rounds: self.rounds(around),
            conditional: self.goes_without() || self.plays_form(),
            what: What::Eval(Eval {
                query: Arc::new(self.settled_query(&eval.query)),
                ..eval.clone()
            }),
            kept: None,
        };
        self.remember(Watched::Asked(Box::new(asked)));
    }

    /// What fills a memory of answers runs for some of the rows.
    fn watch_rare(&mut self) {
        let many = |l: &Loop| matches!(l.over, Over::Rows | Over::Unknown);
        if self.rare > 0 && self.loops.iter().any(many) {
            self.watch_gap("some queries run once for each of several keys");
        }
    }

    /// Forms are played where they are made, whether they are shown or not.
    fn plays_form(&self) -> bool {
        self.is_stub() && self.project.file(self.file).path.contains("django/forms")
    }

    /// A function of a package is called of which only the name is known.
    pub(super) fn watch_unseen(&mut self, func: FuncId) {
        let routine = self.project.routine(func);
        let (file, _) = self.project.func(func);
        let of_rows = routine.class.is_some_and(|class| {
            let class = self.project.class_id(file, class);
            self.project.model_of_class(class).is_some()
                || self.project.is_queryset_class(class)
                || self.project.is_manager_class(class)
        });
        let empty = routine
            .body
            .iter()
            .all(|stmt| matches!(&stmt.kind, StmtKind::Expr(e) if matches!(e.kind, ExprKind::Const(_))));
        if empty && of_rows && !formulas::is_free_of_rows(routine.name.as_str()) {
            self.watch_gap("what a package does with rows is not known");
        }
    }

    /// Some way through the code leaves out what stands here. What answers a request goes on to its end: what leaves
    /// it before refuses the request.
    fn goes_without(&self) -> bool {
        let routine = self.project.routine(self.func);
        let answers = || {
            let method = routine.class.is_some()
                && urls::answers_reads(routine.name.as_str())
                && routine.params.get(1).is_some_and(|p| p.name == "request");
            method || self.project.endpoints_of_func(self.func).next().is_some()
        };
        self.nesting > 0 || self.rare > 0 || self.early_exit && !answers()
    }

    /// A page is made: its rows are counted.
    pub(super) fn watch_count(&mut self, query: &Query, site: Site, deps: super::value::Deps) {
        if !self.engine.watch.is_on() {
            return;
        }
        self.watch_eval(&Eval {
            query: Arc::new(query.clone()),
            op: Sym::new("count"),
            served: Served::Query,
            aggregate: true,
            site,
            calls: Vec::new(),
            deps,
            conditional: false,
            around: None,
        });
    }

    /// Something happens whose queries are not known.
    pub(super) fn watch_gap(&mut self, why: &'static str) {
        if !self.engine.watch.is_on() {
            return;
        }
        self.remember(Watched::Gap(why));
    }

    pub(super) fn watch_loop(&mut self, value: &Value, elem: &Value, over: Over) {
        let unclear = matches!(
            value.kind,
            Kind::Unknown | Kind::Bound(_) | Kind::Func(_) | Kind::Method(_) | Kind::Object(_)
        );
        if unclear && elem.kind == Kind::Unknown && self.project.file(self.file).part == Part::Template {
            self.watch_gap("what a template goes over is not known");
        }
        let row = elem.alternatives().iter().find_map(|part| match &part.kind {
            Kind::Row(row) => Some(Gone::Rows(Arc::new(self.resolve_lives(row)))),
            _ => None,
        });
        let gone = match (&value.kind, over) {
            (Kind::Tuple(items), Over::Bounded) => Gone::Times(items.len()),
            _ => row.unwrap_or(Gone::Unknown),
        };
        if let Some(current) = self.loops.last_mut() {
            current.gone = Some(gone);
        }
    }

    /// The loops that repeat the current statement, among the outermost `upto`.
    fn rounds(&self, upto: usize) -> Vec<Round> {
        let running = self.loops[..upto].iter().filter(|l| l.leaving == 0);
        running
            .filter_map(|l| {
                let gone = match (l.over, &l.gone) {
                    (Over::Bounded, Some(Gone::Times(n))) => Gone::Times(*n),
                    (Over::Bounded, _) => return None,
                    (_, Some(gone)) => gone.clone(),
                    (_, None) => Gone::Unknown,
                };
                Some(Round { site: l.site, gone })
            })
            .collect()
    }

    /// What a called function was watched for, in terms of the caller.
    pub(super) fn take_watched(&mut self, summary: &Summary, slots: &Slots, call: Site) {
        if summary.watched.iter().any(|one| matches!(one, Watched::Asked(_))) {
            self.watch_rare();
        }
        for one in &summary.watched {
            let taken = match one {
                Watched::Value { span, value } => Some(Watched::Value {
                    span: *span,
                    value: self.settled(&slots::fill(self, value, slots)),
                }),
                Watched::Gap(why) => Some(Watched::Gap(why)),
                Watched::Asked(asked) => self
                    .taken(asked, slots, call)
                    .map(|a| Watched::Asked(Box::new(a))),
            };
            match taken {
                Some(taken) => self.remember(taken),
                None => continue,
            }
        }
        if summary.height.is_none() {
            self.watch_gap("calls go deeper than they are followed");
        }
    }

    fn taken(&mut self, asked: &Asked, slots: &Slots, call: Site) -> Option<Asked> {
        let conditional = asked.conditional || self.goes_without();
        let inner = asked.rounds.iter().map(|round| Round {
            site: slots.visible(self, round.site),
            gone: match &round.gone {
                Gone::Rows(row) => match slots::fill_row(self, row, slots) {
                    Some(row) => Gone::Rows(Arc::new(self.resolve_lives(&row))),
                    None => Gone::Unknown,
                },
                other => other.clone(),
            },
        });
        let inner: Vec<Round> = inner.collect();
        match &asked.what {
            What::Load(load) => {
                let mut load = load.clone();
                let known = |row: &Row| row.known.as_ref().is_some_and(|(name, _)| *name == load.attr);
                let held = slots::row_of(&load.row, slots);
                if load.row.steps.is_empty() && held.is_some_and(|row| known(row)) {
                    return None;
                }
                let row = slots::fill_row(self, &load.row, slots)?;
                if row.origin == Origin::New || load.row.steps.is_empty() && known(&row) {
                    return None;
                }
                load.row = self.resolve_lives(&row);
                load.site = slots.visible(self, load.site);
                self.called_from(&mut load.calls, load.site, call);
                if self.is_preloaded(&load) || load.calls.len() > usize::from(MAX_CALLS) {
                    return None;
                }
                Some(Asked {
                    what: What::Load(load),
                    rounds: inner,
                    conditional,
                    kept: asked.kept,
                })
            }
            What::Eval(eval) => {
                let mut eval = eval.clone();
                let given = matches!(eval.query.base, Base::Slot(_));
                let query = slots::fill_query(self, &eval.query, slots)?;
                if query.empty || query.fetched && tables::keeps_rows(eval.op) {
                    return None;
                }
                let born = query.born;
                eval.query = Arc::new(self.settled_query(&query));
                eval.site = slots.visible(self, eval.site);
                self.called_from(&mut eval.calls, eval.site, call);
                let upto = if given && tables::keeps_rows(eval.op) {
                    born.and_then(|id| self.loops.iter().position(|l| l.id == id))
                        .map_or(0, |at| at + 1)
                } else {
                    self.loops.len()
                };
                let mut rounds = self.rounds(upto);
                rounds.extend(inner);
                Some(Asked {
                    what: What::Eval(eval),
                    rounds,
                    conditional,
                    kept: asked.kept,
                })
            }
        }
    }

    /// What was watched since `before` is part of a property that keeps its answer.
    pub(super) fn watch_kept(&mut self, before: usize, property: FuncId) {
        let (file, _) = self.project.func(property);
        let site = Site::new(file, self.project.routine(property).name_span);
        for one in &mut self.watched[before..] {
            if let Watched::Asked(asked) = one {
                asked.kept = asked.kept.or(Some(site));
            }
        }
    }

    /// A method of a row that is not known: of a package, or made by Django.
    pub(super) fn watch_method(&mut self, name: Sym) {
        if !self.engine.watch.is_on() {
            return;
        }
        let name = name.as_str();
        let made = name.starts_with("get_") && name.ends_with("_display");
        if !made && !formulas::is_free_of_rows(name) {
            self.watch_gap("a method of a row is not known");
        }
    }

    /// Something is called of which nothing is known.
    pub(super) fn watch_unknown_call(&mut self, call: &Call, args: &Args) {
        let plain = match &call.func.kind {
            ExprKind::Attr(attr) => formulas::is_plain(attr.name.as_str()) || of_request(&attr.base),
            _ => false,
        };
        if !plain || args.iter().any(|(_, value)| holds_rows(value)) {
            self.watch_gap("what is called is not known");
        }
    }

    /// Code outside of the project is called.
    pub(super) fn watch_outside_call(&mut self, dotted: Sym, args: &Args) {
        let harmless = dotted == "builtins.reveal" || dotted.as_str().starts_with("django.db.models.");
        if !harmless && args.iter().any(|(_, value)| holds_rows(value)) {
            self.watch_gap("code outside of the project gets rows");
        }
    }

    /// `djperf.maybe`: a request that reads, whose lists are in pages.
    pub(super) fn watched_maybe(&self) -> Value {
        match self.engine.watch {
            Watch::Queries(_) => Value::new(Kind::Truth(true)),
            _ => Value::UNKNOWN,
        }
    }

    /// `request.method == "POST"` in a request that reads.
    pub(super) fn asks_for_post(&self, compared: &Compare) -> Option<bool> {
        if !matches!(self.engine.watch, Watch::Queries(_)) {
            return None;
        }
        let ExprKind::Attr(attr) = &compared.left.kind else {
            return None;
        };
        let [(op @ (CmpOp::Eq | CmpOp::NotEq), right)] = &compared.rest[..] else {
            return None;
        };
        let of_request = attr.name == "method" && attr.base.last_name().is_some_and(|n| n == "request");
        let is_get = right.as_str()? == "GET";
        of_request.then_some(is_get == matches!(op, CmpOp::Eq))
    }
}

/// `request…`, `self.request…`
fn of_request(base: &Expr) -> bool {
    match &base.kind {
        ExprKind::Name(name) => *name == "request",
        ExprKind::Attr(attr) => attr.name == "request" || of_request(&attr.base),
        _ => false,
    }
}

/// Rows or querysets that whoever gets the value may read.
fn holds_rows(value: &Value) -> bool {
    match &value.kind {
        Kind::Row(_) | Kind::Query(_) | Kind::Manager(_) => true,
        Kind::Coll(coll) => holds_rows(&coll.elem),
        Kind::Tuple(items) | Kind::Union(items) => items.iter().any(holds_rows),
        Kind::Dict(dict) => holds_rows(&dict.value) || dict.items.iter().any(|(_, value)| holds_rows(value)),
        _ => false,
    }
}
