//! Calls of project functions: binding arguments, summaries, and what they mean for the caller.

use std::sync::Arc;

use crate::ir::{ArgKind, Call, Const, Expr, ExprKind};
use crate::project::{ClassId, FuncId, Member};
use crate::source::{Site, Sym};

use super::frame::Frame;
use super::rows;
use super::slots::{self};
use super::stmt::{join_all, place_of};
use super::tables::{self, Decorator};
use super::trace::{self, Noted};
use super::value::{Bound, Deps, Dict, FuncValue, Kind, Object, Origin, Query, Row, Size, Value};

/// Evaluated arguments in source order.
pub type Args = Vec<(ArgKind, Value)>;

impl<'p> Frame<'_, 'p> {
    pub fn call(&mut self, expr: &'p Expr, call: &'p Call) -> Value {
        let callee = self.eval(&call.func);
        if self.effect_of(&callee) == Some(tables::Effect::Super) {
            return self.super_value(call);
        }
        let before = self.queries;
        let args: Args = call
            .args
            .iter()
            .map(|a| (a.kind, self.argument(&a.value)))
            .collect();
        self.queries_in_arguments = self.queries - before;
        self.note_mutation(call, &args);
        self.note_fill(call, &args, expr);
        let mut value = self.call_value(&callee, call, &args, expr);
        if matches!(value.kind, Kind::Cached(_)) {
            value = self.note_read(call, &args, expr, value.deps);
        }
        self.note_shared(call);
        self.note_refresh(call);
        let deps = args.iter().fold(callee.deps, |d, (_, v)| d.and(v.deps));
        let value = self.grown(value, self.site(expr.span)).with(deps);
        if self.by_library(&callee) {
            return self.written_here(value, self.site(expr.span));
        }
        value
    }

    /// `row.refresh_from_db()`: what had been loaded with the row is forgotten.
    fn note_refresh(&mut self, call: &'p Call) {
        let ExprKind::Attr(attr) = &call.func.kind else {
            return;
        };
        let (Some(name), true) = (attr.base.as_name(), tables::refreshes(attr.name)) else {
            return;
        };
        if let Some(Value {
            kind: Kind::Row(row),
            deps,
        }) = self.vars.get(&name)
        {
            let row = Row::single(row.model, Origin::Elsewhere);
            let value = Value::row(row).with(*deps);
            self.set(name, value);
        }
    }

    /// The callee is a method of a library's base class, and the caller is none.
    fn by_library(&self, callee: &Value) -> bool {
        let func = match &callee.kind {
            Kind::Bound(bound) => bound.func,
            _ => return false,
        };
        let own = match (&callee.kind, self.owner) {
            (Kind::Bound(bound), Some(owner)) => match &bound.receiver.kind {
                Kind::Object(this) => this.class == owner,
                _ => true,
            },
            _ => true,
        };
        own && self.project.is_stub(self.project.func(func).0) && !self.is_stub()
    }

    /// A queryset that a library method gives is changed most simply where it is asked for.
    fn written_here(&self, value: Value, site: Site) -> Value {
        match &value.kind {
            Kind::Query(query) => Value {
                kind: Kind::Query(Arc::new(Query {
                    site,
                    ..(**query).clone()
                })),
                deps: value.deps,
            },
            _ => value,
        }
    }

    /// Rows in variables that a call was given, or whose method it was.
    fn note_shared(&mut self, call: &'p Call) {
        let receiver = match &call.func.kind {
            ExprKind::Attr(attr) => attr.base.as_name(),
            _ => None,
        };
        let given = call.args.iter().filter_map(|a| a.value.as_name());
        for name in given.chain(receiver).collect::<Vec<_>>() {
            if let Some(Value {
                kind: Kind::Row(row),
                deps,
            }) = self.vars.get(&name)
                && !row.shared
            {
                let row = Row {
                    shared: true,
                    ..(**row).clone()
                };
                let value = Value {
                    kind: Kind::Row(Arc::new(row)),
                    deps: *deps,
                };
                self.set(name, value);
            }
        }
    }

    /// An argument; a literal flag keeps its truth, so that the called function takes the branch it asks for.
    fn argument(&mut self, expr: &'p Expr) -> Value {
        match &expr.kind {
            ExprKind::Const(Const::True) => Value::new(Kind::Truth(true)),
            ExprKind::Const(Const::False) => Value::new(Kind::Truth(false)),
            // Lists of names stay apart, so that each can be asked for.
            ExprKind::List(items) if !items.is_empty() && items.iter().all(|i| i.as_str().is_some()) => {
                let names = items.iter().filter_map(Expr::as_str);
                Value::new(Kind::Tuple(names.map(|n| Value::new(Kind::Str(n))).collect()))
            }
            _ => self.eval(expr),
        }
    }

    /// The place of a queryset after one more call; library code is no place.
    pub fn grow(&self, old: Site, by: Site) -> Site {
        if self.is_stub() && !self.project.is_stub(old.file) {
            old
        } else {
            rows::grow(old, by)
        }
    }

    /// A queryset that a call gives back is written where the call is.
    pub(super) fn grown(&self, value: Value, site: Site) -> Value {
        match &value.kind {
            Kind::Query(query) => {
                let grown = self.grow(query.site, site);
                let born = self.loops.last().map(|l| l.id);
                if grown == query.site && born == query.born {
                    return value;
                }
                let mut query = (**query).clone();
                query.site = grown;
                query.born = born;
                Value {
                    kind: Kind::Query(Arc::new(query)),
                    deps: value.deps,
                }
            }
            _ => value,
        }
    }

    pub fn call_value(&mut self, callee: &Value, call: &'p Call, args: &Args, expr: &'p Expr) -> Value {
        let site = self.site(expr.span);
        match &callee.kind {
            Kind::Bound(_) | Kind::Func(_) | Kind::Class(_) => self.call_plain(callee, args.clone(), site),
            Kind::Method(method) => {
                let (receiver, name) = (&method.0, method.1);
                let at = match &call.func.kind {
                    ExprKind::Attr(attr) => crate::source::Span::new(attr.name_span.start, expr.span.end),
                    _ => expr.span,
                };
                self.method_call(receiver, name, args, expr.span, at)
            }
            Kind::External(dotted) => match tables::effect(*dotted) {
                Some(effect) => self.effect(effect, call, args, expr),
                None if super::compiled::engine(*dotted).is_some() => {
                    super::compiled::engine(*dotted).map_or(Value::UNKNOWN, |e| Value::new(Kind::External(e)))
                }
                None if super::compiled::compiles(*dotted) => {
                    self.note_compiled(call, expr);
                    self.outside_call(*dotted, args, site)
                }
                None => match self.cache_call(*dotted, call, args, expr) {
                    Some(value) => value,
                    None => self.outside_call(*dotted, args, site),
                },
            },
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|f| self.call_value(f, call, args, expr)).collect();
                join_all(parts)
            }
            _ => {
                if self.engine.watch.is_on() {
                    self.watch_unknown_call(call, args);
                }
                Value::UNKNOWN
            }
        }
    }

    /// A call of one value with arguments at hand, as `map` and `sorted(key=…)` make.
    pub fn call_plain(&mut self, callee: &Value, args: Args, site: Site) -> Value {
        match &callee.kind {
            Kind::Bound(bound) => {
                let mut all = vec![(ArgKind::Positional, bound.receiver.clone())];
                all.extend(args);
                self.call_function(bound.func, None, all, site)
            }
            Kind::Func(func) => {
                let mut all: Args = func
                    .args
                    .iter()
                    .map(|v| (ArgKind::Positional, v.clone()))
                    .collect();
                all.extend(args);
                self.call_function(func.func, func.captured.clone(), all, site)
            }
            Kind::Class(class) => self.construct(*class, &args, site),
            Kind::Method(getter) if getter.1 == "attrgetter" => {
                let (Kind::Tuple(paths), Some((_, row))) = (&getter.0.kind, args.first()) else {
                    return Value::UNKNOWN;
                };
                let parts: Vec<Value> = paths
                    .iter()
                    .map(|path| match path.kind {
                        Kind::Str(path) => path.as_str().split('.').fold(row.clone(), |value, name| {
                            self.attr_of(&value, Sym::new(name), site.span)
                        }),
                        _ => Value::UNKNOWN,
                    })
                    .collect();
                Value::new(Kind::Tuple(parts.into()))
            }
            Kind::External(dotted) if tables::effect(*dotted) == Some(tables::Effect::Text) => {
                for (_, value) in &args {
                    self.text_of(value, site.span);
                }
                Value::SCALAR
            }
            _ => Value::UNKNOWN,
        }
    }

    fn outside_call(&mut self, dotted: Sym, args: &Args, site: Site) -> Value {
        if self.engine.watch.is_on() {
            self.watch_outside_call(dotted, args);
        }
        if dotted == "builtins.reveal"
            && let [(ArgKind::Positional, value)] = &args[..]
        {
            self.reveals.push((site, value.clone()));
            return value.clone();
        }
        if !dotted.as_str().starts_with("builtins.") {
            self.seen.push(Noted::Outside(dotted, site));
        }
        if dotted.as_str().ends_with(".Prefetch") {
            return self.prefetch_value(args);
        }
        Value::UNKNOWN
    }

    /// `items.append(x)` and the like: the variable now holds, or depends on, the arguments.
    fn note_mutation(&mut self, call: &'p Call, args: &Args) {
        let ExprKind::Attr(attr) = &call.func.kind else {
            return;
        };
        if tables::writes(attr.name) && !matches!(attr.base.kind, ExprKind::Const(_)) {
            self.note_write_if_rows(&attr.base);
        }
        let Some(place) = (match &attr.base.kind {
            ExprKind::Name(name) => Some(*name),
            ExprKind::Attr(_) if self.has_places => place_of(&attr.base),
            ExprKind::Index(parts) => parts.0.as_name(),
            ExprKind::Call(inner) => match &inner.func.kind {
                ExprKind::Attr(a) if a.name == "setdefault" => a.base.as_name(),
                _ => None,
            },
            _ => None,
        }) else {
            return;
        };
        let Some(held) = self.vars.get(&place).cloned() else {
            return;
        };
        let deps = args.iter().fold(Deps::NONE, |d, (_, v)| d.and(v.deps));
        let grown = match (&held.kind, attr.name.as_str()) {
            (Kind::Coll(coll), "append" | "add" | "insert" | "appendleft") => {
                let last = args.last().map_or(Value::UNKNOWN, |(_, v)| v.clone());
                Value::coll(coll.elem.clone().join(last), self.size_in_loop(coll.size))
            }
            (Kind::Coll(coll), "extend" | "update") => {
                let more = args.first().map(|(_, v)| v.clone()).unwrap_or(Value::UNKNOWN);
                let elem = self.stored_elements(&more, call.func.span);
                Value::coll(coll.elem.clone().join(elem), Size::Unknown)
            }
            (Kind::Dict(dict), "update")
                if matches!(attr.base.kind, ExprKind::Name(_) | ExprKind::Attr(_)) =>
            {
                let mut dict = (**dict).clone();
                for (kind, value) in args {
                    match (kind, &value.kind) {
                        (ArgKind::Keyword(name), _) => dict.put(*name, value.clone()),
                        (_, Kind::Dict(more)) => {
                            for (name, value) in &more.items {
                                dict.put(*name, value.clone());
                            }
                            dict.open |= more.open;
                            dict.key = dict.key.clone().join(more.key.clone());
                            dict.value = dict.value.clone().join(more.value.clone());
                        }
                        _ => dict.open = true,
                    }
                }
                Value::new(Kind::Dict(Arc::new(dict)))
            }
            (Kind::Dict(dict), "append" | "add")
                if matches!(attr.base.kind, ExprKind::Index(_) | ExprKind::Call(_)) =>
            {
                let last = args.last().map_or(Value::UNKNOWN, |(_, v)| v.clone());
                let value = dict.value.clone().join(Value::coll(last, Size::Unknown));
                Value::new(Kind::Dict(Arc::new(Dict {
                    value,
                    ..(**dict).clone()
                })))
            }
            _ if deps.is_none() => return,
            _ => held.clone(),
        };
        self.set(place, grown.with(held.deps).with(deps));
    }

    fn size_in_loop(&self, size: Size) -> Size {
        match self.loops.last() {
            None => size,
            Some(l) if l.over == super::frame::Over::Rows && size != Size::Bounded => Size::Queried,
            Some(_) => Size::Unknown,
        }
    }

    fn note_write_if_rows(&mut self, base: &'p Expr) {
        let place = base.as_name();
        let plain = place
            .and_then(|n| self.vars.get(&n))
            .is_some_and(|v| matches!(v.kind, Kind::Coll(_) | Kind::Dict(_) | Kind::Scalar));
        if !plain {
            self.note_write();
        }
    }

    fn super_value(&mut self, call: &'p Call) -> Value {
        let receiver = self.receiver.and_then(|name| self.vars.get(&name).cloned());
        let (Some(receiver), Some(owner)) = (receiver, self.owner) else {
            return Value::UNKNOWN;
        };
        let after = match call.args.first().map(|a| &a.value.kind) {
            Some(ExprKind::Name(_) | ExprKind::Attr(_)) => match self.eval(&call.args[0].value).kind {
                Kind::Class(id) => id,
                _ => owner,
            },
            _ => owner,
        };
        let class = match &receiver.kind {
            Kind::Object(object) => object.class,
            Kind::Class(class) => *class,
            Kind::Row(row) => self.project.model(row.model).class,
            Kind::Manager(manager) => self.class_with(&manager.classes, after),
            Kind::Query(query) => self.class_with(&query.classes, after),
            _ => owner,
        };
        let deps = receiver.deps;
        Value {
            kind: Kind::Super(Arc::new(super::value::Super {
                receiver,
                class,
                after,
            })),
            deps,
        }
    }

    fn class_with(&self, classes: &[ClassId], owner: ClassId) -> ClassId {
        classes
            .iter()
            .copied()
            .find(|c| self.project.is_subclass(*c, owner))
            .unwrap_or(owner)
    }

    fn construct(&mut self, class: ClassId, args: &Args, site: Site) -> Value {
        if let Some(model) = self.project.model_of_class(class) {
            return Value::row(Row::single(model, Origin::New));
        }
        if self.project.is_queryset_class(class) {
            return self.construct_queryset(class, args, site);
        }
        let mut object = Object {
            class,
            attrs: Vec::new(),
        };
        let this = |o: &Object| Value::new(Kind::Object(Arc::new(o.clone())));
        match self.project.class_member(class, Sym::new("__init__")) {
            Some((_, Member::Method(init))) => {
                let mut all = vec![(ArgKind::Positional, this(&object))];
                all.extend(args.iter().cloned());
                object.attrs = self.call_for_stores(init, all, site);
            }
            _ => {
                let fields = self
                    .project
                    .class_facts(class)
                    .assigns
                    .iter()
                    .filter(|a| a.annotation.is_some());
                let names: Vec<Sym> = fields.map(|a| a.name).collect();
                let mut positional = names.iter();
                for (kind, value) in args {
                    match kind {
                        ArgKind::Positional => {
                            if let Some(name) = positional.next() {
                                object.attrs.push((*name, value.clone()));
                            }
                        }
                        ArgKind::Keyword(name) => object.attrs.push((*name, value.clone())),
                        _ => {}
                    }
                }
            }
        }
        let attrs = std::mem::take(&mut object.attrs);
        let built = attrs
            .into_iter()
            .fold(object, |o, (name, value)| o.with_attr(name, value));
        Value::new(Kind::Object(Arc::new(self.complete_serializer(built, args))))
    }

    /// `BookQuerySet(self.model, using=self._db)`: all rows, or those of the manager it stands in.
    fn construct_queryset(&mut self, class: ClassId, args: &Args, site: Site) -> Value {
        let given = args.iter().find_map(|(kind, v)| match (&v.kind, kind) {
            (Kind::Class(id), ArgKind::Positional | ArgKind::Keyword(_)) => self.project.model_of_class(*id),
            _ => None,
        });
        let Some(model) = given else { return Value::UNKNOWN };
        let around = self
            .receiver
            .and_then(|name| self.vars.get(&name))
            .and_then(|v| match &v.kind {
                Kind::Manager(m) if m.query.model == model => Some(m.query.clone()),
                _ => None,
            });
        let query = match around {
            Some(query) => Query {
                classes: vec![class],
                ..query
            },
            None => Query {
                classes: vec![class],
                ordered: self.project.is_ordered(model),
                ..Query::all(model, site)
            },
        };
        Value::query(query)
    }

    /// Runs a project function on these arguments: its events reach this frame, its result comes back.
    pub fn call_function(
        &mut self,
        func: FuncId,
        captured: Option<Arc<[(Sym, Value)]>>,
        args: Args,
        site: Site,
    ) -> Value {
        if self.engine.watch.is_on() {
            self.watch_unseen(func);
        }
        let Some((summary, slots)) = self.summary_of(func, captured, args, Some(site)) else {
            return self.declared_return(func);
        };
        let memoised = self.decorator_of(func) == Some(Decorator::Memoised);
        if !memoised {
            self.apply(&summary, &slots, site);
        }
        if !summary.stores.is_empty() {
            self.take_stores(&summary, &slots);
        }
        let value = slots::fill(self, &summary.returns, &slots);
        if let Some(this) = &slots.receiver
            && self.project.routine(func).name == "get_queryset"
        {
            self.seen.push(Noted::View(this.class, value.interesting()));
        }
        match value.kind {
            Kind::Unknown => self.declared_return(func),
            Kind::Cached(_) => self.declared_return(func).or(value),
            _ => value,
        }
    }

    /// A method of the frame's own object stored attributes on it.
    fn take_stores(&mut self, summary: &super::summary::Summary, slots: &slots::Slots) {
        let Some(name) = self.receiver else { return };
        let Some(Value {
            kind: Kind::Object(own),
            ..
        }) = self.vars.get(&name)
        else {
            return;
        };
        if slots.receiver.as_ref() != Some(own) {
            return;
        }
        for (attr, value) in &summary.stores {
            let value = slots::fill(self, value, slots);
            self.store_attr(name, *attr, &value);
            self.stores.push((*attr, value));
        }
    }

    fn call_for_stores(&mut self, func: FuncId, args: Args, site: Site) -> Vec<(Sym, Value)> {
        let Some((summary, slots)) = self.summary_of(func, None, args, Some(site)) else {
            return Vec::new();
        };
        self.apply(&summary, &slots, site);
        summary
            .stores
            .iter()
            .map(|(n, v)| (*n, slots::fill(self, v, &slots)))
            .collect()
    }

    /// What a method stores on `self`, without running its queries here.
    pub fn stores_of(&mut self, func: FuncId, this: &Value) -> Vec<(Sym, Value)> {
        let args = vec![(ArgKind::Positional, this.clone())];
        let Some((summary, slots)) = self.summary_of(func, None, args, None) else {
            return Vec::new();
        };
        summary
            .stores
            .iter()
            .map(|(n, v)| (*n, slots::fill(self, v, &slots)))
            .collect()
    }

    /// The value promised by a return annotation.
    fn declared_return(&mut self, func: FuncId) -> Value {
        trace::read_body(self.project, func);
        let routine = self.project.routine(func);
        let (file, _) = self.project.func(func);
        match &routine.returns {
            Some(annotation) => self.engine.typed(file, annotation),
            None => Value::UNKNOWN,
        }
    }

    pub fn annotated(&mut self, annotation: &Expr, deps: Deps) -> Value {
        self.engine.typed(self.file, annotation).with(deps)
    }

    /// A function value with its first arguments given.
    pub fn partial(&self, args: &Args) -> Value {
        let Some((_, callee)) = args.first() else {
            return Value::UNKNOWN;
        };
        let given: Vec<Value> = args
            .iter()
            .skip(1)
            .filter(|(k, _)| *k == ArgKind::Positional)
            .map(|(_, v)| v.clone())
            .collect();
        match &callee.kind {
            Kind::Func(func) => {
                let mut func: FuncValue = (**func).clone();
                func.args.extend(given);
                Value::new(Kind::Func(Arc::new(func)))
            }
            Kind::Bound(bound) => {
                let bound: &Bound = bound;
                let mut all = vec![bound.receiver.clone()];
                all.extend(given);
                Value::new(Kind::Func(Arc::new(FuncValue {
                    func: bound.func,
                    captured: None,
                    args: all,
                })))
            }
            _ => Value::UNKNOWN,
        }
    }
}
