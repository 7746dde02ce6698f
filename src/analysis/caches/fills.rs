//! `v = cache.get(key)`, a test of `v`, and what is then put under the same key.
//!
//! It compares keys by how they are written and by their values, within one function. What a helper tests or keeps
//! is not seen.

use serde::{Deserialize, Serialize};

use crate::ir::{Call, CompKind, Const, Expr, ExprKind};
use crate::source::{Site, Span, Sym};

use super::super::call::Args;
use super::super::frame::Frame;
use super::super::tables::{self, Returns};
use super::super::value::{Deps, Kind, Size, Value};
use super::super::walk;
use super::{Falsy, argument, empties, guards, table};

/// A read of the cache in the running function.
#[derive(Debug)]
pub struct Read<'p> {
    pub site: Site,
    receiver: &'p Expr,
    key: &'p Expr,
    value: Value,
    has_default: bool,
    /// Compared with `None` or a sentinel.
    compared: bool,
    tested: Option<Test>,
}

/// A place where only the truth of the value matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Test {
    pub site: Site,
    pub form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Form {
    /// `if value`
    Plain,
    /// `if not value`
    Negated,
    /// `if value := cache.get(…)`
    Walrus,
    /// Something else, such as `value or compute()`.
    Other,
}

/// What is put under a key that was read before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Fill {
    pub read: Site,
    pub test: Test,
    pub write: Site,
    /// The value that is kept.
    pub value: Site,
    /// Why that may be false.
    pub falsy: Falsy,
}

impl<'p> Frame<'_, 'p> {
    /// A call gave something out of the cache: from here on it stands for that call.
    pub(in super::super) fn note_read(
        &mut self,
        call: &'p Call,
        args: &Args,
        expr: &'p Expr,
        deps: Deps,
    ) -> Value {
        let site = self.site(expr.span);
        if let (ExprKind::Attr(attr), Some(at)) = (&call.func.kind, argument(call, 0, "key")) {
            self.cache_reads.retain(|r| r.site != site);
            self.cache_reads.push(Read {
                site,
                receiver: &attr.base,
                key: &call.args[at].value,
                value: args[at].1.clone(),
                has_default: argument(call, 1, "default")
                    .is_some_and(|at| !matches!(call.args[at].value.kind, ExprKind::Const(Const::None))),
                compared: false,
                tested: None,
            });
        }
        Value::new(Kind::Cached(site)).with(deps)
    }

    /// The truth of a value out of the cache is asked for by `expr`.
    pub(in super::super) fn note_tested(&mut self, value: &Value, expr: &Expr) {
        let Kind::Cached(site) = value.kind else { return };
        let form = match &expr.kind {
            ExprKind::Name(_) => Form::Plain,
            ExprKind::Walrus(_) => Form::Walrus,
            _ => Form::Other,
        };
        let place = self.site(expr.span);
        if let Some(read) = self.cache_reads.iter_mut().find(|r| r.site == site) {
            read.tested = read.tested.or(Some(Test { site: place, form }));
        }
    }

    /// `not` around a test.
    pub(in super::super) fn note_negated(&mut self, value: &Value, inner: Span, outer: Span) {
        let Kind::Cached(site) = value.kind else { return };
        let (inner, outer) = (self.site(inner), self.site(outer));
        let read = self.cache_reads.iter_mut().find(|r| r.site == site);
        if let Some(test) = read.and_then(|r| r.tested.as_mut())
            && test.site == inner
        {
            let (site, form) = match test.form {
                Form::Plain => (outer, Form::Negated),
                _ => (inner, Form::Other),
            };
            *test = Test { site, form };
        }
    }

    /// The value itself is the result of `and` or `or`.
    pub(in super::super) fn note_given_on(&mut self, value: &Value, part: Span) {
        let Kind::Cached(site) = value.kind else { return };
        let part = self.site(part);
        let read = self.cache_reads.iter_mut().find(|r| r.site == site);
        if let Some(test) = read.and_then(|r| r.tested.as_mut())
            && test.site == part
        {
            test.form = Form::Other;
        }
    }

    /// A value out of the cache is compared with something.
    pub(in super::super) fn note_compared(&mut self, value: &Value) {
        let Kind::Cached(site) = value.kind else { return };
        if let Some(read) = self.cache_reads.iter_mut().find(|r| r.site == site) {
            read.compared = true;
        }
    }

    /// `cache.set(key, value)` behind a read of that key.
    pub(in super::super) fn note_fill(&mut self, call: &'p Call, args: &Args, expr: &'p Expr) {
        let ExprKind::Attr(attr) = &call.func.kind else {
            return;
        };
        if self.cache_reads.is_empty() || !table::keeps(attr.name) {
            return;
        }
        let (Some(key), Some(value)) = (argument(call, 0, "key"), argument(call, 1, "value")) else {
            return;
        };
        let (written, kept) = (&call.args[key].value, &call.args[value].value);
        let same = |read: &&Read<'p>| {
            alike(read.receiver, &attr.base) && alike(read.key, written) && read.value == args[key].1
        };
        let Some(read) = self.cache_reads.iter().rev().find(same) else {
            return;
        };
        // A default that is as empty as what may be kept says that the two are meant to be the same.
        let Some(test) = read.tested.filter(|_| !read.compared && !read.has_default) else {
            return;
        };
        let read = read.site;
        let body = &self.project.routine(self.func).body;
        if guards::only_if_true(body, expr.span, kept) {
            return;
        }
        let Some(falsy) = self.may_be_false(&args[value].1, kept) else {
            return;
        };
        let fill = Fill {
            read,
            test,
            write: self.site(expr.span),
            value: self.site(kept.span),
            falsy,
        };
        self.note_cache(super::CacheFact::Fill(fill));
    }

    /// Why a value may be false though it was computed.
    fn may_be_false(&mut self, value: &Value, expr: &'p Expr) -> Option<Falsy> {
        let routine = self.project.routine(self.func);
        if self.holds_all_rows(value) || empties::filled_from_data(routine, expr) {
            return Some(Falsy::Empty);
        }
        match &expr.kind {
            ExprKind::Name(name) => {
                let mut found = Vec::new();
                empties::definitions(&routine.body, *name, &mut found);
                found.iter().find_map(|e| self.made_false(e))
            }
            _ => self.made_false(expr),
        }
    }

    /// As many as a query finds.
    fn holds_all_rows(&self, value: &Value) -> bool {
        value.alternatives().iter().any(|v| match &v.kind {
            Kind::Query(query) => !query.single,
            Kind::Coll(coll) => coll.size == Size::Queried,
            _ => false,
        })
    }

    /// Why what an expression makes may be false.
    fn made_false(&mut self, expr: &'p Expr) -> Option<Falsy> {
        match &expr.kind {
            ExprKind::Call(call) if self.returns_data(call) => Some(Falsy::Empty),
            ExprKind::Call(call) => match &call.func.kind {
                ExprKind::Attr(attr) => table::falsy(attr.name),
                ExprKind::Name(name) if *name == "dict" && !self.vars.contains_key(name) => {
                    let rows = call.positional(0).is_some_and(|e| self.gives_rows(e));
                    rows.then_some(Falsy::Empty)
                }
                ExprKind::Name(name) if !self.vars.contains_key(name) => {
                    table::falsy(Sym::new("builtins").dot(name.as_str()))
                }
                _ => None,
            },
            ExprKind::Comp(comp) if comp.kind == CompKind::Dict => {
                let rows = comp.clauses.first().is_some_and(|c| self.gives_rows(&c.iter));
                rows.then_some(Falsy::Empty)
            }
            ExprKind::Compare(_) | ExprKind::Not(_) | ExprKind::Const(Const::False) => Some(Falsy::Flag),
            ExprKind::Const(Const::Int(0)) => Some(Falsy::Number),
            ExprKind::Await(inner) => self.made_false(inner),
            _ => None,
        }
    }

    /// A call of a project function that returns a collection of data.
    fn returns_data(&mut self, call: &'p Call) -> bool {
        let named = match &call.func.kind {
            ExprKind::Name(_) => true,
            ExprKind::Attr(attr) => self.receiver.is_some_and(|this| attr.base.is_name(this)),
            _ => false,
        };
        if !named {
            return false;
        }
        let func = match self.eval(&call.func).kind {
            Kind::Func(func) => func.func,
            Kind::Bound(bound) => bound.func,
            _ => return false,
        };
        crate::analysis::trace::read_body(self.project, func);
        let routine = self.project.routine(func);
        let mut found = Vec::new();
        empties::returned(&routine.body, &mut found);
        found
            .iter()
            .any(|value| empties::filled_from_data(routine, value))
    }

    /// An expression that is a queryset, by its variable or its last method.
    fn gives_rows(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => self.vars.get(name).is_some_and(|v| self.holds_all_rows(v)),
            ExprKind::Call(call) => match &call.func.kind {
                ExprKind::Attr(attr) => {
                    let method = tables::method(attr.name);
                    method.is_some_and(|m| m.returns == Returns::Queryset)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Written alike, names being the same variables.
fn alike(a: &Expr, b: &Expr) -> bool {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    walk::expression(a, &mut |e| left.push(token(e)));
    walk::expression(b, &mut |e| right.push(token(e)));
    left == right && left.iter().all(Option::is_some)
}

/// What an expression is without those inside it.
fn token(expr: &Expr) -> Option<(u8, Option<Sym>, i64)> {
    Some(match &expr.kind {
        ExprKind::Name(name) => (0, Some(*name), 0),
        ExprKind::Attr(attr) => (1, Some(attr.name), 0),
        ExprKind::Call(call) => (2, None, call.args.len() as i64),
        ExprKind::Index(_) => (3, None, 0),
        ExprKind::FString(parts) => (4, None, parts.len() as i64),
        ExprKind::Tuple(items) => (5, None, items.len() as i64),
        ExprKind::Binary(binary) => (6, None, binary.op as i64),
        ExprKind::Const(Const::Str(text)) => (7, Some(*text), 0),
        ExprKind::Const(Const::Int(n)) => (8, None, *n),
        ExprKind::Const(Const::None) => (9, None, 0),
        _ => return None,
    })
}
