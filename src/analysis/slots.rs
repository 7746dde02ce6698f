//! Arguments become slots on the way into a call, and slots become arguments on the way out.

use std::sync::Arc;

use crate::source::{FileId, Site, Span, Sym};

use super::conditions::{self, Order};
use super::frame::Frame;
use super::plan::Plan;
use super::rows;
use super::value::{
    Base, Bound, Coll, Deps, Dict, FuncValue, Kind, Live, Manager, Object, Origin, Query, Row, Value,
};

/// The rows and querysets that a call's arguments hold, in the order they were met.
#[derive(Default)]
pub struct Slots {
    held: Vec<Value>,
    /// Dependencies of each argument.
    pub deps: Vec<Deps>,
    /// The object whose method is called.
    pub receiver: Option<Arc<Object>>,
    /// The call: what library code does is said to happen there.
    pub site: Option<Site>,
}

/// Entries of a dict that calls are told apart by.
const MAX_ITEMS: usize = 32;

const NOWHERE: Site = Site::new(FileId(0), Span::new(0, 0));

impl Slots {
    /// The shape of a value: rows and querysets replaced by slots, dependencies dropped.
    pub fn take(&mut self, frame: &Frame<'_, '_>, value: &Value, depth: u32) -> Value {
        if depth == 0 {
            return Value::UNKNOWN;
        }
        let kind = match &value.kind {
            Kind::Row(row) => Kind::Row(Arc::new(self.row(frame, row))),
            Kind::Query(query) => Kind::Query(Arc::new(self.query(query))),
            Kind::Manager(manager) => Kind::Manager(Arc::new(Manager {
                query: self.query(&manager.query),
                classes: manager.classes.clone(),
            })),
            Kind::Coll(coll) => Kind::Coll(Arc::new(Coll {
                elem: self.take(frame, &coll.elem, depth - 1),
                size: coll.size,
            })),
            Kind::Tuple(items) => Kind::Tuple(
                items
                    .iter()
                    .take(12)
                    .map(|v| self.take(frame, v, depth - 1))
                    .collect(),
            ),
            Kind::Union(items) => Kind::Union(items.iter().map(|v| self.take(frame, v, depth - 1)).collect()),
            Kind::Dict(dict) => Kind::Dict(Arc::new(Dict {
                items: dict
                    .items
                    .iter()
                    .filter(|(_, v)| v.kind != Kind::Unknown)
                    .take(MAX_ITEMS)
                    .map(|(n, v)| (*n, self.take(frame, v, depth - 1)))
                    .collect(),
                open: dict.open
                    || dict.items.len() > MAX_ITEMS
                    || dict.items.iter().any(|(_, v)| v.kind == Kind::Unknown),
                maybe: dict.maybe.clone(),
                key: self.take(frame, &dict.key, depth - 1),
                value: self.take(frame, &dict.value, depth - 1),
            })),
            Kind::Object(object) => Kind::Object(Arc::new(Object {
                class: object.class,
                attrs: object
                    .attrs
                    .iter()
                    .map(|(n, v)| (*n, self.take(frame, v, depth - 1)))
                    .collect(),
            })),
            Kind::Bound(bound) => Kind::Bound(Arc::new(Bound {
                func: bound.func,
                receiver: self.take(frame, &bound.receiver, depth - 1),
                owner: bound.owner,
            })),
            Kind::Func(func) => Kind::Func(Arc::new(FuncValue {
                func: func.func,
                captured: func.captured.as_ref().map(|vars| {
                    vars.iter()
                        .map(|(n, v)| (*n, self.take(frame, v, depth - 1)))
                        .collect()
                }),
                args: func.args.iter().map(|v| self.take(frame, v, depth - 1)).collect(),
            })),
            Kind::Method(_) | Kind::Super(_) | Kind::Cached(_) => Kind::Unknown,
            Kind::Prefetch(_) => value.kind.clone(),
            other => other.clone(),
        };
        Value::new(kind)
    }

    fn row(&mut self, frame: &Frame<'_, '_>, row: &Arc<Row>) -> Row {
        let n = self.held.len() as u16;
        let idle = |live: Live| match live {
            Live::Stored => true,
            Live::Loop(id) => frame.active(id).is_none(),
            _ => false,
        };
        let stored = idle(row.live) || row.steps.iter().any(|s| idle(s.live));
        self.held.push(Value::new(Kind::Row(row.clone())));
        let live = if stored { Live::Stored } else { Live::Slot };
        let origin = if row.origin == Origin::New {
            Origin::New
        } else {
            Origin::Slot(n)
        };
        Row {
            model: row.model,
            origin,
            live,
            steps: Vec::new(),
            known: None,
            extra: None,
            shared: false,
            sure: row.sure,
        }
    }

    fn query(&mut self, query: &Query) -> Query {
        let n = self.held.len() as u16;
        self.held.push(Value::query(query.clone()));
        Query {
            model: query.model,
            base: Base::Slot(n),
            plan: Arc::new(Plan::default()),
            site: NOWHERE,
            mode: query.mode,
            classes: query.classes.clone(),
            change: None,
            ordered: false,
            sliced: false,
            batched: false,
            empty: query.empty,
            born: None,
            fetched: false,
            kept: None,
            single: false,
            choices_of: Vec::new(),
            filters: Arc::default(),
            order: Order::Default,
        }
    }

    /// Dependencies on parameters, in terms of the caller.
    pub fn deps_of(&self, deps: Deps) -> Deps {
        let mut out = Deps::NONE;
        for (i, given) in self.deps.iter().enumerate() {
            if deps.meets(Deps::on_param(i)) {
                out = out.and(*given);
            }
        }
        out
    }

    /// A place that a reader can change: the call, for places in library code.
    pub fn visible(&self, frame: &Frame<'_, '_>, site: Site) -> Site {
        match self.site {
            Some(call) if frame.project.is_stub(site.file) && site != NOWHERE => call,
            _ => site,
        }
    }

    fn steps<'s>(
        &'s self,
        frame: &'s Frame<'_, '_>,
        steps: &'s [super::value::Step],
    ) -> impl Iterator<Item = super::value::Step> + 's {
        steps.iter().map(|step| super::value::Step {
            site: self.visible(frame, step.site),
            ..step.clone()
        })
    }

    fn get(&self, n: u16) -> Option<&Value> {
        self.held.get(usize::from(n))
    }
}

/// The row that a slot row stands for.
pub fn row_of<'s>(row: &Row, slots: &'s Slots) -> Option<&'s Arc<Row>> {
    match row.origin {
        Origin::Slot(n) => match &slots.get(n)?.kind {
            Kind::Row(actual) => Some(actual),
            _ => None,
        },
        _ => None,
    }
}

/// A value of the called function in terms of the caller.
pub fn fill(frame: &Frame<'_, '_>, value: &Value, slots: &Slots) -> Value {
    let deps = slots.deps_of(value.deps);
    let many = |items: &[Value]| -> Arc<[Value]> { items.iter().map(|v| fill(frame, v, slots)).collect() };
    let kind = match &value.kind {
        Kind::Row(row) => match fill_row(frame, row, slots) {
            Some(row) => Kind::Row(Arc::new(row)),
            None => Kind::Unknown,
        },
        Kind::Query(query) => match fill_query(frame, query, slots) {
            Some(query) => Kind::Query(Arc::new(query)),
            None => Kind::Unknown,
        },
        Kind::Manager(manager) => match fill_query(frame, &manager.query, slots) {
            Some(query) => Kind::Manager(Arc::new(Manager {
                query,
                classes: manager.classes.clone(),
            })),
            None => Kind::Unknown,
        },
        Kind::Coll(coll) => Kind::Coll(Arc::new(Coll {
            elem: fill(frame, &coll.elem, slots),
            size: coll.size,
        })),
        Kind::Tuple(items) => Kind::Tuple(many(items)),
        Kind::Union(items) => Kind::Union(many(items)),
        Kind::Dict(dict) => Kind::Dict(Arc::new(Dict {
            items: dict
                .items
                .iter()
                .map(|(n, v)| (*n, fill(frame, v, slots)))
                .collect(),
            open: dict.open,
            maybe: dict.maybe.clone(),
            key: fill(frame, &dict.key, slots),
            value: fill(frame, &dict.value, slots),
        })),
        Kind::Object(object) => Kind::Object(Arc::new(Object {
            class: object.class,
            attrs: object
                .attrs
                .iter()
                .map(|(n, v)| (*n, fill(frame, v, slots)))
                .collect(),
        })),
        Kind::Bound(bound) => Kind::Bound(Arc::new(Bound {
            func: bound.func,
            receiver: fill(frame, &bound.receiver, slots),
            owner: bound.owner,
        })),
        Kind::Func(func) => Kind::Func(Arc::new(FuncValue {
            func: func.func,
            captured: func
                .captured
                .as_ref()
                .map(|vars| vars.iter().map(|(n, v)| (*n, fill(frame, v, slots))).collect()),
            args: func.args.iter().map(|v| fill(frame, v, slots)).collect(),
        })),
        Kind::Method(method) => Kind::Method(Arc::new((fill(frame, &method.0, slots), method.1))),
        other => other.clone(),
    };
    Value { kind, deps }
}

/// A row of the called function in terms of the caller.
pub fn fill_row(frame: &Frame<'_, '_>, row: &Row, slots: &Slots) -> Option<Row> {
    let known = |frame: &Frame<'_, '_>| {
        row.known
            .as_ref()
            .and_then(|(n, r)| Some((*n, Arc::new(fill_row(frame, r, slots)?))))
    };
    match &row.origin {
        Origin::Slot(n) => {
            let Kind::Row(actual) = &slots.get(*n)?.kind else {
                return None;
            };
            if let Some((name, other)) = &actual.known
                && row.steps.first().is_some_and(|s| s.name == *name)
            {
                let mut out = (**other).clone();
                out.steps.extend(slots.steps(frame, &row.steps[1..]));
                out.steps.truncate(10);
                out.model = row.model;
                return Some(out);
            }
            let mut out = match row.live {
                Live::Many | Live::Loop(_) => activate(frame, actual),
                Live::Single => settle(frame, actual),
                Live::Slot | Live::Stored => (**actual).clone(),
            };
            if let Some(extra) = &row.extra {
                out.extra = Some(Arc::new(
                    below(extra, &out.path()).then(&out.extra.as_deref().cloned().unwrap_or_default()),
                ));
            }
            if !row.steps.is_empty() {
                out.steps.extend(slots.steps(frame, &row.steps));
                out.steps.truncate(10);
                out.model = row.model;
                out.known = known(frame);
            }
            Some(out)
        }
        Origin::Query(query) => {
            let query = Arc::new(fill_query(frame, query, slots)?);
            let mut out = rows::element(frame.project, &query, row.live);
            if let Some((name, other)) = &out.known
                && row.steps.first().is_some_and(|s| s.name == *name)
            {
                let mut out = (**other).clone();
                out.steps.extend(slots.steps(frame, &row.steps[1..]));
                out.steps.truncate(10);
                out.model = row.model;
                return Some(out);
            }
            if !row.steps.is_empty() {
                out.steps.extend(slots.steps(frame, &row.steps));
                out.steps.truncate(10);
                out.model = row.model;
                out.known = known(frame);
            }
            Some(out)
        }
        Origin::Elsewhere | Origin::New => Some(row.clone()),
    }
}

/// A queryset of the called function in terms of the caller.
pub fn fill_query(frame: &Frame<'_, '_>, query: &Query, slots: &Slots) -> Option<Query> {
    match &query.base {
        Base::Slot(n) => {
            let Kind::Query(actual) = &slots.get(*n)?.kind else {
                return None;
            };
            Some(Query {
                model: query.model,
                base: actual.base.clone(),
                plan: if query.plan.is_empty() {
                    actual.plan.clone()
                } else {
                    Arc::new(actual.plan.then(&query.plan))
                },
                site: actual.site,
                mode: query.mode,
                classes: query.classes.clone(),
                change: actual.change.or(query.change),
                ordered: actual.ordered || query.ordered,
                sliced: actual.sliced || query.sliced,
                batched: actual.batched || query.batched,
                empty: actual.empty || query.empty,
                born: actual.born,
                fetched: actual.fetched && query.change.is_none(),
                kept: actual.kept.or(query.kept),
                single: actual.single || query.single,
                choices_of: actual.choices_of.clone(),
                filters: conditions::extended(&actual.filters, &query.filters),
                order: match &query.order {
                    Order::Default => actual.order.clone(),
                    own => own.clone(),
                },
            })
        }
        Base::Related(row, attr) => {
            let row = fill_row(frame, row, slots)?;
            Some(Query {
                base: Base::Related(Arc::new(row), *attr),
                site: slots.visible(frame, query.site),
                ..query.clone()
            })
        }
        Base::Model | Base::Unknown => Some(Query {
            site: slots.visible(frame, query.site),
            ..query.clone()
        }),
    }
}

/// A plan whose paths start at a row, in terms of that row's origin.
fn below(plan: &Plan, path: &str) -> Plan {
    let mut plan = plan.clone();
    if !path.is_empty() {
        for prefetch in &mut plan.prefetch {
            prefetch.to = Sym::new(&format!("{path}__{}", prefetch.to));
            prefetch.lookup = Sym::new(&format!("{path}__{}", prefetch.lookup));
        }
    }
    plan
}

/// A row of a collection that the called function iterates.
fn activate(frame: &Frame<'_, '_>, row: &Row) -> Row {
    change_idle(frame, row, Live::Many)
}

/// One row that the called function picked out of a collection.
fn settle(frame: &Frame<'_, '_>, row: &Row) -> Row {
    change_idle(frame, row, Live::Single)
}

fn change_idle(frame: &Frame<'_, '_>, row: &Row, to: Live) -> Row {
    let mut row = row.clone();
    let change = |live: Live| match live {
        Live::Stored => to,
        Live::Loop(id) if frame.active(id).is_none() => to,
        other => other,
    };
    row.live = change(row.live);
    for step in &mut row.steps {
        step.live = change(step.live);
    }
    row
}
