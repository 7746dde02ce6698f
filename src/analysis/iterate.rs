//! Iteration: what a loop runs over, what one element is, and how many of it there are.

use std::sync::Arc;

use crate::ir::{Const, Expr, ExprKind};
use crate::source::{Span, Sym};

use super::frame::{Frame, Over};
use super::stmt::join_all;
use super::tables::Served;
use super::trace::Noted;
use super::value::{Coll, Deps, Kind, Live, Mode, Query, Row, Size, Value};

/// So few rows cost too few queries to speak of.
const HANDFUL: i64 = 3;

impl<'p> Frame<'_, 'p> {
    /// Starts a loop over a value: its query runs before the loop does. The element is one per iteration.
    pub fn begin_loop(&mut self, value: &Value, span: Span, over: Over) -> (u16, Value) {
        self.evaluate_all(value, "iterate", span, Served::Served);
        let id = self.enter_loop(self.site(span), over);
        let elem = self.element_of(value, id);
        if self.engine.watch.is_on() {
            self.watch_loop(value, &elem, over);
        }
        (id, elem)
    }

    /// What a loop runs over: an object of a class gives what its `__iter__` does.
    pub fn iterated(&mut self, value: Value, span: Span) -> Value {
        let Kind::Object(object) = &value.kind else {
            return value;
        };
        match self.project.class_member(object.class, Sym::new("__iter__")) {
            Some((_, crate::project::Member::Method(method))) => {
                let site = self.site(span);
                let args = vec![(crate::ir::ArgKind::Positional, value.clone())];
                self.call_function(method, None, args, site)
            }
            _ => value,
        }
    }

    fn element_of(&self, value: &Value, id: u16) -> Value {
        let elem = match &value.kind {
            Kind::Query(query) if query.empty => Value::UNKNOWN,
            Kind::Query(query) if query.single => self.query_element(query, Live::Single),
            Kind::Query(query) => self.query_element(query, Live::Loop(id)),
            Kind::Coll(coll) => self.relive(&coll.elem, id),
            Kind::Tuple(items) => join_all(items.to_vec()),
            Kind::Dict(dict) => self.relive(&dict.key, id),
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.element_of(v, id)).collect();
                join_all(parts)
            }
            _ => Value::UNKNOWN,
        };
        elem.with(value.deps)
    }

    /// The rows of a queryset as values.
    pub fn query_element(&self, query: &Arc<Query>, live: Live) -> Value {
        match query.mode {
            Mode::Rows => Value::row(super::rows::element(self.project, query, live)),
            Mode::Values => Value::SCALAR,
        }
    }

    /// Elements of a collection on their way into another: evaluated now, iterated later.
    pub fn stored_elements(&mut self, value: &Value, span: Span) -> Value {
        let over = self.loop_kind(value);
        let (_, elem) = self.begin_loop(value, span, over);
        self.leave_loop();
        elem
    }

    /// Marks what was one of a collection as one per iteration of loop `id`.
    pub fn relive(&self, value: &Value, id: u16) -> Value {
        super::rows::map_rows(value, &|row: &Row| {
            let mut row = row.clone();
            let idle = |live: Live| match live {
                Live::Stored => true,
                Live::Loop(old) => self.active(old).is_none(),
                _ => false,
            };
            if idle(row.live) {
                row.live = Live::Loop(id);
            }
            for step in &mut row.steps {
                if idle(step.live) {
                    step.live = Live::Loop(id);
                }
            }
            row
        })
    }

    /// One element of a collection, chosen by something else than a loop.
    pub fn pick(&self, value: &Value) -> Value {
        super::rows::map_rows(value, &|row: &Row| {
            let mut row = row.clone();
            let settle = |live: Live| match live {
                Live::Stored => Live::Single,
                Live::Loop(old) if self.active(old).is_none() => Live::Single,
                other => other,
            };
            row.live = settle(row.live);
            for step in &mut row.steps {
                step.live = settle(step.live);
            }
            row
        })
    }

    pub(super) fn index(&mut self, base: &'p Expr, key: &'p Expr, span: Span) -> Value {
        let held = self.eval(base);
        let at = self.eval(key);
        let deps = held.deps.and(at.deps);
        if let Kind::External(dotted) = held.kind
            && let Some(client) =
                super::caches::table::client(dotted).or_else(|| super::compiled::engine(dotted))
        {
            return Value::new(Kind::External(client)).with(deps);
        }
        self.item(&held, &at, key, span).with(deps)
    }

    fn item(&mut self, held: &Value, at: &Value, key: &'p Expr, span: Span) -> Value {
        let per_loop = self
            .loops
            .iter()
            .rev()
            .find(|l| l.over != Over::Bounded && at.deps.meets(Deps::on_loop(l.id)))
            .map(|l| l.id);
        match &held.kind {
            Kind::Query(query) => {
                let site = self.site(span);
                if !query.fetched {
                    self.evaluate(
                        query,
                        Sym::new("index"),
                        Served::Served,
                        false,
                        site,
                        held.deps.and(at.deps),
                    );
                }
                self.query_element(query, Live::Single)
            }
            Kind::Coll(coll) => match per_loop {
                Some(id) => self.relive(&coll.elem, id),
                None => self.pick(&coll.elem),
            },
            Kind::Tuple(items) => match key.kind {
                ExprKind::Const(Const::Int(i)) => items
                    .get(usize::try_from(i).unwrap_or(usize::MAX))
                    .cloned()
                    .unwrap_or(Value::UNKNOWN),
                _ => join_all(items.to_vec()),
            },
            Kind::Dict(dict) => {
                if let Some(name) = key.as_str()
                    && let Some((_, value)) = dict.items.iter().find(|(n, _)| *n == name)
                {
                    return value.clone();
                }
                match per_loop {
                    Some(id) => self.relive(&dict.value, id),
                    None => self.pick(&dict.value),
                }
            }
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.item(v, at, key, span)).collect();
                join_all(parts)
            }
            _ => Value::UNKNOWN,
        }
    }

    pub(super) fn sliced(&mut self, base: &Value, span: Span) -> Value {
        match &base.kind {
            Kind::Query(query) => {
                let mut query = (**query).clone();
                query.sliced = true;
                query.site = self.grow(query.site, self.site(span));
                Value::query(query)
            }
            Kind::Coll(coll) => Value::new(Kind::Coll(Arc::new(Coll {
                elem: coll.elem.clone(),
                size: coll.size,
            }))),
            Kind::Tuple(items) => Value::coll(join_all(items.to_vec()), Size::Bounded),
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.sliced(v, span)).collect();
                join_all(parts)
            }
            _ => Value::unknown(base.deps),
        }
    }

    /// A slice up to a literal end: a handful of rows is no loop over many.
    pub(super) fn ends_at(&self, value: Value, end: i64) -> Value {
        match &value.kind {
            Kind::Query(query) if (0..=HANDFUL).contains(&end) => Value {
                kind: Kind::Query(Arc::new(Query {
                    single: true,
                    ..(**query).clone()
                })),
                deps: value.deps,
            },
            _ => value,
        }
    }

    pub fn loop_kind(&self, iterated: &Value) -> Over {
        match &iterated.kind {
            Kind::Tuple(_) | Kind::Str(_) | Kind::None => Over::Bounded,
            Kind::Coll(c) if c.size == Size::Bounded => Over::Bounded,
            Kind::Dict(d) if !d.items.is_empty() && d.value.kind == Kind::Unknown => Over::Bounded,
            _ if iterated.interesting() => Over::Rows,
            _ => Over::Unknown,
        }
    }

    pub fn count_loop(&mut self, span: Span, iterated: &Value) {
        let site = self.site(span);
        self.seen.push(Noted::Loop {
            site,
            typed: iterated.kind != Kind::Unknown,
            rows: iterated.interesting(),
        });
    }
}
