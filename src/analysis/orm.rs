//! Methods of managers and querysets: what they run, what they return, what they do to the plan.

use std::sync::Arc;

use crate::ir::{ArgKind, Call, Expr, ExprKind};
use crate::project::{ModelId, Project};
use crate::source::{Site, Span, Sym};

use super::call::Args;
use super::event::{Access, Around, Eval, Load, SetAccess, is_many, row_has_slot};
use super::frame::{Frame, Loop, Over};
use super::plan::{Plan, Prefetch};
use super::rows;
use super::tables::{self, Method, PlanOp, Returns, Runs, Served};
use super::uses;
use super::value::{Base, Deps, Dict, Kind, Live, Mode, Origin, Query, Row, Size, Value};

/// More events of one function than this are not passed on to its callers.
const MAX_EVENTS: usize = 96;

impl<'p> Frame<'_, 'p> {
    /// A built-in method of a manager, queryset, row, collection or dict.
    ///
    /// `at` is the part of the call from the method's name on.
    pub fn method_call(&mut self, receiver: &Value, name: Sym, args: &Args, span: Span, at: Span) -> Value {
        match &receiver.kind {
            Kind::Manager(manager) => {
                let query = manager.query.clone();
                self.queryset_method(query, name, args, (span, at), receiver.deps)
            }
            Kind::Query(query) => {
                let query = (**query).clone();
                self.queryset_method(query, name, args, (span, at), receiver.deps)
            }
            Kind::Row(_) => {
                self.watch_method(name);
                if tables::writes(name) {
                    self.note_write();
                }
                Value::SCALAR
            }
            _ => self.container_method(receiver, name, args, span),
        }
    }

    fn queryset_method(
        &mut self,
        mut query: Query,
        name: Sym,
        args: &Args,
        (span, at): (Span, Span),
        deps: Deps,
    ) -> Value {
        let Some(method) = tables::method(name) else {
            return Value::UNKNOWN;
        };
        let deps = args.iter().fold(deps, |d, (_, v)| d.and(v.deps));
        let site = self.site(span);
        self.restrict(&mut query, method, args, self.site(at));
        match method.runs {
            Runs::Lazy => {
                if !matches!(method.plan, PlanOp::Page | PlanOp::None) {
                    self.note_requery(&query, name, site);
                }
                let query = self.planned(query, method, name, args, site);
                if method.plan == PlanOp::Page {
                    self.watch_count(&query, site, deps);
                    // Who makes a page reads it, though perhaps in a template that is not known.
                    self.note_use(&query, Some(name), site, deps);
                } else if method.filters.is_some() || method.sorts.is_some() {
                    self.note_use(&query, None, site, deps);
                }
                Value::query(query).with(deps)
            }
            Runs::Query => self.run_now(query, method, name, args, site, deps).with(deps),
            Runs::Write => {
                self.note_write();
                self.note_use(&query, Some(name), site, deps);
                let made = Row::single(query.model, Origin::New);
                match method.returns {
                    Returns::Row => Value::row(made),
                    Returns::List => Value::coll(Value::row(made), Size::Unknown),
                    Returns::Pair => {
                        let row = Value::row(Row {
                            origin: Origin::Elsewhere,
                            ..made
                        });
                        Value::new(Kind::Tuple(vec![row, Value::SCALAR].into()))
                    }
                    _ => Value::SCALAR,
                }
            }
        }
    }

    fn run_now(
        &mut self,
        query: Query,
        method: &Method,
        name: Sym,
        args: &Args,
        site: Site,
        deps: Deps,
    ) -> Value {
        let filtered = args
            .iter()
            .any(|(k, _)| matches!(k, ArgKind::Keyword(_) | ArgKind::DoubleStar))
            || (name.as_str().ends_with("get") && !args.is_empty());
        let mut query = query;
        query.batched |= method.returns == Returns::Mapping;
        let query = Arc::new(query);
        let served = if filtered {
            Served::Query
        } else {
            method.prefetched
        };
        let in_memory = query.fetched && served == Served::Served;
        if in_memory {
            return Value::SCALAR;
        }
        if served == Served::Query {
            self.note_requery(&query, name, site);
        }
        self.evaluate(&query, name, served, method.aggregate, site, deps);
        let own = method.returns == Returns::Row && served == Served::Query;
        let grown = Arc::new(Query {
            change: query.change.or(own.then_some(name)),
            site: self.grow(query.site, site),
            ..(*query).clone()
        });
        match method.returns {
            Returns::Row => self.query_element(&grown, Live::Single),
            Returns::Mapping => {
                let value = self.query_element(&grown, Live::Stored);
                Value::new(Kind::Dict(Arc::new(Dict::over(Value::SCALAR, value))))
            }
            _ => Value::SCALAR,
        }
    }

    /// The queryset after one more method.
    fn planned(&mut self, mut query: Query, method: &Method, name: Sym, args: &Args, site: Site) -> Query {
        query.site = self.grow(query.site, site);
        query.born = self.loops.last().map(|l| l.id);
        query.fetched = false;
        query.kept = None;
        query.single |= matches!(method.plan, PlanOp::Filter)
            && name == "filter"
            && args
                .iter()
                .any(|(k, _)| matches!(k, ArgKind::Keyword(n) if matches!(n.as_str(), "pk" | "id")));
        let model = query.model;
        let plan = Arc::make_mut(&mut query.plan);
        match method.plan {
            PlanOp::All | PlanOp::Keep => return query,
            PlanOp::Page => {
                query.batched = true;
                query.sliced = true;
                return query;
            }
            PlanOp::None => query.empty = true,
            PlanOp::Open => plan.open = true,
            PlanOp::Filter | PlanOp::Combine | PlanOp::Iterator => {
                query.batched |= args
                    .iter()
                    .any(|(k, _)| matches!(k, ArgKind::Keyword(n) if n.as_str().ends_with("__in")));
                query.batched |= args.iter().any(|(k, v)| *k == ArgKind::Positional && v.batches());
            }
            PlanOp::Order => query.ordered = !args.is_empty(),
            PlanOp::Annotate => {
                for (kind, value) in args {
                    match kind {
                        ArgKind::Keyword(n) => plan.annotations.push(*n),
                        ArgKind::DoubleStar => match &value.kind {
                            Kind::Dict(d) => plan.annotations.extend(d.items.iter().map(|(n, _)| *n)),
                            _ => plan.open = true,
                        },
                        _ => {}
                    }
                }
            }
            PlanOp::Values => query.mode = Mode::Values,
            PlanOp::Only => match names(args) {
                (found, true) => plan.only = Some(found),
                _ => plan.open = true,
            },
            PlanOp::Defer => match names(args) {
                (found, true) => plan.defer.extend(found),
                _ => plan.open = true,
            },
            PlanOp::Select => select(self.project, plan, model, args),
            PlanOp::Prefetch => prefetch(self.project, plan, model, args),
        }
        query.change = query.change.or(Some(name));
        query
    }

    /// `Prefetch("lookup", queryset=…, to_attr=…)`; its path is relative to the queryset it is given to.
    pub fn prefetch_value(&mut self, args: &Args) -> Value {
        let arg = |n: usize, name: &str| {
            args.iter()
                .find(|(k, _)| matches!(k, ArgKind::Keyword(x) if *x == *name))
                .or_else(|| args.iter().filter(|(k, _)| *k == ArgKind::Positional).nth(n))
        };
        let Some(Kind::Str(lookup)) = arg(0, "lookup").map(|(_, v)| v.kind.clone()) else {
            return Value::UNKNOWN;
        };
        let query = match arg(1, "queryset").map(|(_, v)| &v.kind) {
            Some(Kind::Query(q)) => Some(q.clone()),
            Some(Kind::Manager(m)) => Some(Arc::new(m.query.clone())),
            _ => None,
        };
        if let Some(query) = &query {
            self.note_use(query, Some(Sym::new(uses::PREFETCH)), query.site, Deps::NONE);
        }
        let unread = query.is_none() && arg(1, "queryset").is_some_and(|(_, v)| v.kind != Kind::None);
        let to_attr = match arg(2, "to_attr").map(|(_, v)| &v.kind) {
            Some(Kind::Str(name)) => Some(*name),
            _ => None,
        };
        if unread {
            return Value::UNKNOWN;
        }
        let to = match to_attr {
            Some(name) => match lookup.as_str().rsplit_once("__") {
                Some((head, _)) => Sym::new(&format!("{head}__{name}")),
                None => name,
            },
            None => lookup,
        };
        Value::new(Kind::Prefetch(Arc::new(Prefetch {
            lookup,
            to,
            has_to_attr: to_attr.is_some(),
            query,
        })))
    }

    /// `prefetch_related_objects(rows, …)`.
    pub fn prefetch_objects(&mut self, call: &'p Call, args: &Args, expr: &'p Expr) {
        self.watch_gap("rows are loaded later");
        self.load_later(call, args);
        let Some((_, rows_arg)) = args.first() else { return };
        let element = match &rows_arg.kind {
            Kind::Coll(coll) => coll.elem.clone(),
            Kind::Tuple(items) => items.first().cloned().unwrap_or(Value::UNKNOWN),
            _ => return,
        };
        for part in element.alternatives() {
            let Kind::Row(row) = &part.kind else { continue };
            let mut plan = Plan::default();
            prefetch(self.project, &mut plan, row.model, &args[1..].to_vec());
            self.preloaded.push(((**row).clone(), Arc::new(plan)));
            let resolved = self.resolve_lives(row);
            if is_many(&resolved) || row_has_slot(&resolved) {
                let lookup = args.iter().skip(1).find_map(|(_, v)| match &v.kind {
                    Kind::Str(s) => Some(*s),
                    Kind::Prefetch(p) => Some(p.lookup),
                    _ => None,
                });
                if let Some(lookup) = lookup {
                    self.access(row, lookup, Access::Prefetch, expr.span);
                }
            }
        }
    }

    /// The rows in the variables named by the first argument have the lookups from here on.
    fn load_later(&mut self, call: &'p Call, args: &Args) {
        let Some(target) = call.args.first().map(|a| &a.value) else {
            return;
        };
        let mut names: Vec<Sym> = target.as_name().into_iter().collect();
        if let ExprKind::List(items) | ExprKind::Tuple(items) = &target.kind {
            names.extend(items.iter().filter_map(Expr::as_name));
        }
        let lookups: Args = args.iter().skip(1).cloned().collect();
        for name in names {
            let Some(held) = self.vars.get(&name).cloned() else {
                continue;
            };
            let project = self.project;
            let loaded = rows::map_rows(&held, &|row: &Row| {
                let mut plan = Plan::default();
                prefetch(project, &mut plan, row.model, &lookups);
                let path = row.path();
                for p in plan.prefetch.iter_mut().filter(|_| !path.is_empty()) {
                    p.to = Sym::new(&format!("{path}__{}", p.to));
                }
                let before = row.extra.as_deref().cloned().unwrap_or_default();
                Row {
                    extra: Some(Arc::new(before.then(&plan))),
                    ..row.clone()
                }
            });
            self.set(name, loaded);
        }
    }

    /// A queryset is evaluated here by `op`.
    pub fn evaluate(
        &mut self,
        query: &Arc<Query>,
        op: Sym,
        served: Served,
        aggregate: bool,
        site: Site,
        deps: Deps,
    ) {
        let served = if query.change.is_some() {
            Served::Query
        } else {
            served
        };
        if query.fetched && query.kept.is_some() && tables::keeps_rows(op) {
            return;
        }
        if !query.fetched {
            self.note_use(query, Some(op), site, deps);
        }
        let eval = Eval {
            query: query.clone(),
            op,
            served,
            aggregate,
            site,
            calls: Vec::new(),
            deps,
            conditional: false,
            around: None,
        };
        self.watch_eval(&eval);
        self.eval_event(eval);
    }

    /// Decides whether an evaluation is a repeated query here, or is for the callers to judge.
    pub fn eval_event(&mut self, mut eval: Eval) {
        if eval.query.empty {
            return;
        }
        if !eval.query.fetched && !eval.conditional {
            self.queries += 1;
        }
        match &eval.query.base {
            Base::Slot(_) => {
                self.pass_on(eval);
                return;
            }
            Base::Unknown => return,
            Base::Related(row, _) if row.origin == Origin::New => return,
            Base::Related(row, attr) => {
                let resolved = self.resolve_lives(row);
                let load = Load {
                    attr: *attr,
                    access: Access::Set(SetAccess {
                        op: eval.op,
                        change: eval.query.change,
                        served: eval.served,
                        aggregate: eval.aggregate,
                        site: eval.query.site,
                    }),
                    site: eval.site,
                    calls: eval.calls.clone(),
                    around: self.loop_of(row),
                    conditional: eval.conditional,
                    inner: None,
                    row: resolved,
                };
                let answered = is_many(&load.row) || row_has_slot(&load.row);
                self.load(load);
                if answered || self.may_be_served(&eval) {
                    return;
                }
            }
            Base::Model => {}
        }
        let around = self.loops_around(&eval);
        let Some(innermost) = self.loops[..around].iter().rposition(Loop::repeats) else {
            self.pass_on(eval);
            return;
        };
        let keyed_by = self.loops[..around]
            .iter()
            .rev()
            .find(|l| l.repeats() && eval.deps.meets(Deps::on_loop(l.id)));
        let chosen = keyed_by.unwrap_or(&self.loops[innermost]);
        eval.around = Some(Around {
            site: chosen.site,
            keyed: keyed_by.is_some(),
            rows: chosen.over == Over::Rows,
            writes: false,
        });
        if keyed_by.is_some() {
            self.engine.report_eval(eval, self.func);
        } else if !self.control_in_loop() {
            self.loops[innermost].pending.push(eval);
        }
    }

    /// Whether a related set of one row may be in memory: its row was fetched out of sight, or with a
    /// plan that loads it.
    fn may_be_served(&self, eval: &Eval) -> bool {
        let Base::Related(row, attr) = &eval.query.base else {
            return false;
        };
        if eval.served == Served::Query {
            return false;
        }
        match &row.origin {
            Origin::Query(query) => {
                let path: Vec<Sym> = row.steps.iter().map(|s| s.name).chain([*attr]).collect();
                query.plan.loads(self.project, query.model, &path)
            }
            _ => true,
        }
    }

    /// How many of the running loops repeat an evaluation: a queryset object keeps its rows, so that
    /// reading it again in loops that began after it was made is free.
    pub(super) fn loops_around(&self, eval: &Eval) -> usize {
        if !tables::keeps_rows(eval.op) || !eval.calls.is_empty() {
            return self.loops.len();
        }
        match eval.query.born {
            None => 0,
            Some(id) => self.loops.iter().position(|l| l.id == id).map_or(0, |at| at + 1),
        }
    }

    /// A condition that depends on a loop stands around this statement.
    fn control_in_loop(&self) -> bool {
        self.depends_on_loop(self.control)
    }

    fn pass_on(&mut self, mut eval: Eval) {
        if self.rare > 0 {
            return;
        }
        eval.conditional |= self.conditional();
        // One way to a query is evidence enough, but for the reads of a template.
        let in_template = self.project.is_template(eval.site);
        let known = self.evals.iter().any(|e| {
            (!in_template || e.site == eval.site)
                && (e.query.site, e.op, e.deps, e.served)
                    == (eval.query.site, eval.op, eval.deps, eval.served)
                && e.query.base == eval.query.base
                && e.conditional <= eval.conditional
        });
        if self.evals.len() < MAX_EVENTS && !known {
            self.evals.push(eval);
        }
    }

    /// A prefetch on the row itself, or on one that it was reached from, has loaded what is read.
    pub(super) fn is_preloaded(&self, load: &Load) -> bool {
        self.preloaded.iter().any(|(row, plan)| {
            let steps = &load.row.steps;
            let reached = load.row.origin == row.origin
                && steps.len() >= row.steps.len()
                && steps.iter().zip(&row.steps).all(|(a, b)| a.name == b.name);
            let path: Vec<Sym> = steps
                .iter()
                .skip(row.steps.len())
                .map(|s| s.name)
                .chain([load.attr])
                .collect();
            reached && plan.loads(self.project, row.model, &path)
        })
    }

    /// A row's attribute is read: reported when the row's origin is known here, else passed on.
    pub fn load(&mut self, mut load: Load) {
        let preloaded = load.access != Access::Prefetch && self.is_preloaded(&load);
        if load.row.origin == Origin::New || preloaded {
            return;
        }
        load.mark_inner();
        if self.rare > 0 && row_has_slot(&load.row) && (!is_many(&load.row) || !load.calls.is_empty()) {
            return;
        }
        if row_has_slot(&load.row) {
            load.conditional |= !is_many(&load.row) && self.conditional();
            let seen = self
                .loads
                .iter()
                .any(|l| l.attr == load.attr && l.row == load.row && l.access == load.access);
            if !seen && self.loads.len() < MAX_EVENTS {
                self.loads.push(load);
            }
        } else {
            self.engine.report_load(load, self.func);
        }
    }
}

/// Literal names among the arguments, and whether all were literal.
pub(super) fn names(args: &Args) -> (Vec<Sym>, bool) {
    let mut found = Vec::new();
    let mut all = true;
    for (kind, value) in args {
        match (&value.kind, kind) {
            (Kind::Str(name), ArgKind::Positional) => found.push(*name),
            (Kind::Tuple(items), ArgKind::Star) => {
                for item in items.iter() {
                    match &item.kind {
                        Kind::Str(name) => found.push(*name),
                        _ => all = false,
                    }
                }
            }
            _ => all = false,
        }
    }
    (found, all)
}

fn select(project: &Project, plan: &mut Plan, model: ModelId, args: &Args) {
    if args.is_empty() {
        plan.select_all = true;
        return;
    }
    if matches!(&args[..], [(ArgKind::Positional, v)] if v.kind == Kind::None) {
        plan.select.clear();
        plan.select_all = false;
        plan.cleared_select = true;
        return;
    }
    let (found, all) = names(args);
    plan.select
        .extend(found.into_iter().map(|name| canonical(project, model, name)));
    plan.open |= !all;
}

fn prefetch(project: &Project, plan: &mut Plan, model: ModelId, args: &Args) {
    if matches!(&args[..], [(ArgKind::Positional, v)] if v.kind == Kind::None) {
        plan.prefetch.clear();
        plan.cleared_prefetch = true;
        return;
    }
    let mut flat: Vec<&Value> = Vec::new();
    for (kind, value) in args {
        match (&value.kind, kind) {
            (Kind::Tuple(items), ArgKind::Star) => flat.extend(items.iter()),
            (Kind::Coll(coll), ArgKind::Star) if coll.elem.kind != Kind::Unknown => {
                flat.extend(coll.elem.alternatives());
                plan.open = true;
            }
            _ => flat.push(value),
        }
    }
    for value in flat {
        match &value.kind {
            Kind::Str(name) => {
                let path = canonical(project, model, *name);
                plan.prefetch.push(Prefetch {
                    lookup: path,
                    to: path,
                    has_to_attr: false,
                    query: None,
                });
            }
            Kind::Prefetch(p) => {
                let lookup = canonical(project, model, p.lookup);
                let to = if p.has_to_attr { p.to } else { lookup };
                plan.prefetch.push(Prefetch {
                    lookup,
                    to,
                    has_to_attr: p.has_to_attr,
                    query: p.query.clone(),
                });
            }
            _ => plan.open = true,
        }
    }
}

/// A lookup path in accessor names.
pub fn canonical(project: &Project, model: ModelId, path: Sym) -> Sym {
    let mut at = Some(model);
    let parts: Vec<Sym> = path
        .as_str()
        .split("__")
        .map(|part| {
            let part = Sym::new(part);
            let Some(here) = at else { return part };
            let name = project.accessor_for(here, part);
            at = project
                .model_attr(here, name)
                .and_then(|attr| project.attr_target(attr));
            name
        })
        .collect();
    Sym::new(&super::value::join_path(parts.into_iter()))
}
