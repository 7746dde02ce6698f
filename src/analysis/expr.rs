//! Expressions: names, operators, displays, comprehensions, iteration.

use std::sync::Arc;

use crate::facts::ImportKind;
use crate::ir::{ArgKind, CmpOp, Comp, CompKind, Const, Expr, ExprKind, FuncIdx, Stmt};
use crate::project::{Def, Member};
use crate::source::{Span, Sym};

use super::conditions::Condition;
use super::frame::{Flow, Frame, Over};
use super::operators::MAX_TEXT;
use super::stmt::{join_all, place_of};
use super::tables::{Effect, Served};
use super::value::{Deps, Dict, FuncValue, Kind, Query, Size, Value};

impl<'p> Frame<'_, 'p> {
    pub fn eval(&mut self, expr: &'p Expr) -> Value {
        let value = self.value_of(expr);
        if self.engine.watch.is_on() {
            self.watch_value(expr.span, &value);
        }
        value
    }

    fn value_of(&mut self, expr: &'p Expr) -> Value {
        match &expr.kind {
            ExprKind::Name(name) => self.name(*name),
            ExprKind::Attr(attr) => {
                if self.has_places
                    && let Some(place) = place_of(expr)
                    && let Some(value) = self.vars.get(&place)
                {
                    return value.clone();
                }
                self.attribute(expr, attr)
            }
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::Index(parts) => self.index(&parts.0, &parts.1, expr.span),
            ExprKind::Slice(slice) => {
                let base = self.eval(&slice.base);
                let mut deps = base.deps;
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    deps = deps.and(self.eval(part).deps);
                }
                let sliced = self.sliced(&base, expr.span).with(deps);
                match slice.upper.as_ref().map(|u| &u.kind) {
                    Some(ExprKind::Const(Const::Int(end))) => self.ends_at(sliced, *end),
                    _ => sliced,
                }
            }
            ExprKind::Const(c) => match c {
                Const::None => Value::NONE,
                Const::Str(s) => Value::new(Kind::Str(*s)),
                _ => Value::SCALAR,
            },
            ExprKind::FString(parts) => {
                let mut deps = Deps::NONE;
                let mut text = Some(String::new());
                for part in parts {
                    let value = self.eval(part);
                    deps = deps.and(value.deps);
                    match (&value.kind, &mut text) {
                        (Kind::Str(known), Some(text)) if text.len() <= MAX_TEXT => {
                            text.push_str(known.as_str())
                        }
                        _ => text = None,
                    }
                    self.text_of(&value, part.span);
                }
                match text {
                    Some(text) if !text.is_empty() && text.len() <= MAX_TEXT => Value {
                        kind: Kind::Str(Sym::new(&text)),
                        deps,
                    },
                    _ => Value::scalar(deps),
                }
            }
            ExprKind::List(items) | ExprKind::Set(items) => {
                let values = self.elements(items);
                let size = if items.iter().any(|i| matches!(i.kind, ExprKind::Starred(_))) || items.is_empty()
                {
                    Size::Unknown
                } else {
                    Size::Bounded
                };
                Value::coll(join_all(values), size)
            }
            ExprKind::Tuple(items) => {
                if items.iter().any(|i| matches!(i.kind, ExprKind::Starred(_))) {
                    let values = self.elements(items);
                    return Value::coll(join_all(values), Size::Unknown);
                }
                let values: Vec<Value> = items.iter().map(|i| self.eval(i)).collect();
                let deps = values.iter().fold(Deps::NONE, |d, v| d.and(v.deps));
                Value {
                    kind: Kind::Tuple(values.into()),
                    deps,
                }
            }
            ExprKind::Dict(items) => self.dict_display(items),
            ExprKind::Comp(comp) => self.comprehension(comp),
            ExprKind::Lambda(idx) => self.function_value(*idx),
            ExprKind::IfElse(choice) => {
                let test = self.eval_truth(&choice.test);
                match test.truth() {
                    Some(true) => return self.eval(&choice.then),
                    Some(false) => return self.eval(&choice.orelse),
                    None => {}
                }
                self.nesting += 1;
                let then = self.eval(&choice.then);
                let orelse = self.eval(&choice.orelse);
                self.nesting -= 1;
                then.join(orelse).with(test.deps)
            }
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let mut out: Option<Value> = None;
                for (i, part) in parts.iter().enumerate() {
                    self.nesting += u32::from(i > 0);
                    let value = if i + 1 < parts.len() {
                        self.eval_truth(part)
                    } else {
                        self.eval(part)
                    };
                    self.nesting -= u32::from(i > 0);
                    self.note_given_on(&value, part.span);
                    let stops = value.truth() == Some(matches!(expr.kind, ExprKind::Or(_)));
                    out = Some(match out {
                        _ if stops => value,
                        Some(old) if old.truth().is_none() => old.join(value),
                        _ => value,
                    });
                    if stops {
                        break;
                    }
                }
                out.unwrap_or(Value::UNKNOWN)
            }
            ExprKind::Not(inner) => {
                let value = self.eval_truth(inner);
                self.note_negated(&value, inner.span, expr.span);
                match value.truth() {
                    Some(known) => Value {
                        kind: Kind::Truth(!known),
                        deps: value.deps,
                    },
                    None => Value::scalar(value.deps),
                }
            }
            ExprKind::Unary(inner) => {
                let value = self.eval(inner);
                match &value.kind {
                    Kind::Condition(condition) => {
                        let other = Condition::Not(Box::new((**condition).clone()));
                        Value::new(Kind::Condition(Arc::new(other))).with(value.deps)
                    }
                    _ => Value::scalar(value.deps),
                }
            }
            ExprKind::Compare(cmp) => {
                let left = self.eval(&cmp.left);
                if !matches!(cmp.rest[..], [(CmpOp::Order, _)]) {
                    self.note_compared(&left);
                }
                let mut deps = left.deps;
                if let [(op @ (CmpOp::In | CmpOp::NotIn), right)] = &cmp.rest[..]
                    && asks_for_prefetch(right)
                {
                    // What follows if it has been prefetched runs no query; what follows if not may.
                    return Value {
                        kind: Kind::Truth(*op == CmpOp::NotIn),
                        deps,
                    };
                }
                if let (
                    [
                        (
                            CmpOp::In | CmpOp::NotIn,
                            Expr {
                                kind: ExprKind::Name(name),
                                ..
                            },
                        ),
                    ],
                    Kind::Str(key),
                ) = (&cmp.rest[..], &left.kind)
                    && let Some(given) = self.keyword_given(*name, *key)
                {
                    let given = given == matches!(cmp.rest[0].0, CmpOp::In);
                    return Value {
                        kind: Kind::Truth(given),
                        deps,
                    };
                }
                if let (
                    [
                        (
                            op @ (CmpOp::Is | CmpOp::IsNot),
                            Expr {
                                kind: ExprKind::Const(Const::None),
                                ..
                            },
                        ),
                    ],
                    Kind::Truth(true) | Kind::Opaque,
                ) = (&cmp.rest[..], &left.kind)
                {
                    return Value {
                        kind: Kind::Truth(*op == CmpOp::IsNot),
                        deps,
                    };
                }
                if let [(op, right)] = &cmp.rest[..]
                    && self.is_given(&cmp.left)
                    && let Some(known) = self.compared(*op, &left, right)
                {
                    return Value {
                        kind: Kind::Truth(known),
                        deps,
                    };
                }
                if let Some(known) = self.asks_for_post(cmp) {
                    return Value {
                        kind: Kind::Truth(known),
                        deps,
                    };
                }
                for (op, right) in &cmp.rest {
                    let value = self.eval(right);
                    if matches!(op, CmpOp::In | CmpOp::NotIn) {
                        self.evaluate_all(&value, "in", right.span, Served::Served);
                    }
                    deps = deps.and(value.deps);
                }
                Value::scalar(deps)
            }
            ExprKind::Binary(binary) => {
                let left = self.eval(&binary.left);
                let right = self.eval(&binary.right);
                self.combine(binary.op, left, right, expr.span)
            }
            ExprKind::Starred(inner) | ExprKind::Await(inner) => self.eval(inner),
            ExprKind::Yield(inner) => {
                let value = inner.as_ref().map_or(Value::NONE, |v| self.eval(v));
                self.yielded(value);
                Value::UNKNOWN
            }
            ExprKind::YieldFrom(inner) => {
                let value = self.eval(inner);
                let over = self.loop_kind(&value);
                let (_, elem) = self.begin_loop(&value, inner.span, over);
                self.leave_loop();
                self.yielded(elem);
                Value::UNKNOWN
            }
            ExprKind::Walrus(parts) => {
                let value = self.eval(&parts.1);
                self.assign(&parts.0, &value);
                value
            }
            ExprKind::Var(name) => self.context_variable(*name),
            ExprKind::Lookup(lookup) => self.lookup(lookup, expr),
            ExprKind::Filter(filter) => self.filter(filter, expr),
            ExprKind::Invalid => Value::UNKNOWN,
        }
    }

    fn yielded(&mut self, value: Value) {
        self.yields = Some(match self.yields.take() {
            Some(old) => old.join(value),
            None => value,
        });
    }

    /// An expression in a place where only its truth matters: a queryset is evaluated there.
    pub fn eval_truth(&mut self, expr: &'p Expr) -> Value {
        let value = self.eval(expr);
        self.note_tested(&value, expr);
        if value.interesting() {
            self.evaluate_all(&value, "bool", expr.span, Served::Served);
            self.mark_fetched(expr);
        }
        value
    }

    /// Whether the caller gave a keyword that lands in `**name`; unknown for entry points.
    fn keyword_given(&self, name: Sym, key: Sym) -> Option<bool> {
        let routine = self.project.routine(self.func);
        let is_kwargs = routine
            .params
            .iter()
            .any(|p| p.name == name && p.kind == crate::ir::ParamKind::Kwargs);
        match self.vars.get(&name).map(|v| &v.kind) {
            Some(Kind::Dict(dict)) if is_kwargs => Some(dict.items.iter().any(|(n, _)| *n == key)),
            _ => None,
        }
    }

    /// A queryset in a variable has been evaluated: it keeps its rows.
    pub fn mark_fetched(&mut self, expr: &Expr) {
        let Some(name) = expr.as_variable() else { return };
        if let Some(Value {
            kind: Kind::Query(query),
            deps,
        }) = self.vars.get(&name)
            && !query.fetched
        {
            let fetched = Query {
                fetched: true,
                ..(**query).clone()
            };
            let value = Value {
                kind: Kind::Query(Arc::new(fetched)),
                deps: *deps,
            };
            self.set(name, value);
        }
    }

    fn elements(&mut self, items: &'p [Expr]) -> Vec<Value> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                ExprKind::Starred(inner) => {
                    let value = self.eval(inner);
                    out.push(self.stored_elements(&value, inner.span));
                }
                _ => out.push(self.eval(item)),
            }
        }
        out
    }

    fn dict_display(&mut self, items: &'p [crate::ir::DictItem]) -> Value {
        let mut dict = Dict::of(Vec::new());
        let mut deps = Deps::NONE;
        for item in items {
            let value = self.eval(&item.value);
            deps = deps.and(value.deps);
            match &item.key {
                Some(key) => match key.as_str() {
                    Some(name) => dict.items.push((name, value)),
                    None => {
                        dict.open = true;
                        dict.key = dict.key.join(self.eval(key));
                        dict.value = dict.value.join(value);
                    }
                },
                None => {
                    if let Kind::Dict(other) = &value.kind {
                        dict.items.extend(other.items.iter().cloned());
                        dict.value = dict.value.join(other.value.clone());
                        dict.open |= other.open;
                    } else {
                        dict.open = true;
                    }
                }
            }
        }
        Value {
            kind: Kind::Dict(Arc::new(dict)),
            deps,
        }
    }

    fn comprehension(&mut self, comp: &'p Comp) -> Value {
        let mut result = (Value::UNKNOWN, Value::UNKNOWN);
        let mut size = Size::Bounded;
        self.clauses(comp, 0, &mut result, &mut size);
        let (element, value) = result;
        match comp.kind {
            CompKind::Dict => {
                let deps = element.deps.and(value.deps);
                Value {
                    kind: Kind::Dict(Arc::new(Dict::over(element, value))),
                    deps,
                }
            }
            _ => Value::coll(element, size),
        }
    }

    fn clauses(&mut self, comp: &'p Comp, at: usize, result: &mut (Value, Value), size: &mut Size) {
        let Some(clause) = comp.clauses.get(at) else {
            let element = self.eval(&comp.element);
            let value = comp.value.as_ref().map_or(Value::UNKNOWN, |v| self.eval(v));
            *result = (element, value);
            return;
        };
        let iterated = self.eval(&clause.iter);
        self.count_loop(clause.iter.span, &iterated);
        let over = self.loop_kind(&iterated);
        if over != Over::Bounded {
            *size = match (self.size_of(&iterated), *size) {
                (Size::Queried, _) | (_, Size::Queried) => Size::Queried,
                _ => Size::Unknown,
            };
        }
        let (id, elem) = self.begin_loop(&iterated, clause.iter.span, over);
        if let (CompKind::Generator, Some(l)) = (comp.kind, self.loops.last_mut()) {
            l.exits = true;
        }
        let mut stored = (Value::UNKNOWN, Value::UNKNOWN);
        self.branch(|f| {
            f.nesting -= 1;
            f.assign(&clause.target, &elem.with(Deps::on_loop(id)));
            for test in &clause.ifs {
                f.eval_truth(test);
            }
            f.clauses(comp, at + 1, &mut stored, size);
            f.nesting += 1;
            Flow::Next
        });
        self.leave_loop();
        *result = stored;
    }

    /// A name: local, enclosing, module level, builtin.
    pub fn name(&mut self, name: Sym) -> Value {
        if let Some(value) = self.vars.get(&name) {
            return value.clone();
        }
        self.engine.global(self, self.file, name)
    }

    /// A nested function or lambda with what it can see.
    pub fn function_value(&mut self, idx: FuncIdx) -> Value {
        let func = self.project.func_id(self.file, idx);
        let routine = self.project.routine(func);
        let captured = if routine.parent.is_some() || routine.name == "<lambda>" {
            self.captured_by(func)
        } else {
            None
        };
        Value::new(Kind::Func(Arc::new(FuncValue {
            func,
            captured,
            args: Vec::new(),
        })))
    }

    /// Only the variables that the nested function mentions.
    fn captured_by(&self, func: crate::project::FuncId) -> Option<Arc<[(Sym, Value)]>> {
        let all = self.captured()?;
        let mut used = rustc_hash::FxHashSet::default();
        names_in(&self.project.routine(func).body, &mut used);
        let kept: Vec<(Sym, Value)> = all.iter().filter(|(n, _)| used.contains(n)).cloned().collect();
        if kept.is_empty() { None } else { Some(kept.into()) }
    }

    /// The value of something known at module level.
    pub fn def_value(&mut self, def: Def) -> Value {
        match def {
            Def::Class(id) => Value::new(Kind::Class(id)),
            Def::Func(func) => Value::new(Kind::Func(Arc::new(FuncValue {
                func,
                captured: None,
                args: Vec::new(),
            }))),
            Def::Module(file) => Value::new(Kind::Module(file)),
            Def::Namespace(file, dotted) => Value::new(Kind::Namespace(file, dotted)),
            Def::External(dotted) => Value::new(Kind::External(dotted)),
            Def::Assign(file, idx) => self.engine.module_value(file, idx),
        }
    }

    pub fn local_import(&mut self, idx: crate::ir::ImportIdx) {
        let import = &self.project.file(self.file).facts.imports[idx.0 as usize];
        let bound = match import.kind {
            ImportKind::Module { bound, .. } | ImportKind::From { bound, .. } => bound,
            ImportKind::Star => return,
        };
        let value = match self.project.import_target(self.file, import) {
            Some(def) => self.def_value(def),
            None => Value::UNKNOWN,
        };
        self.set(bound, value);
    }

    /// `str(value)`: follows `__str__` of a row.
    pub fn text_of(&mut self, value: &Value, span: Span) {
        for part in value.alternatives().to_vec() {
            match &part.kind {
                Kind::Row(row) => {
                    if let Some(class) = self.project.models().get(row.model.0 as usize).map(|m| m.class) {
                        for name in ["__str__", "__unicode__"] {
                            if let Some((_owner, Member::Method(func))) =
                                self.project.class_member(class, Sym::new(name))
                            {
                                self.call_function(
                                    func,
                                    None,
                                    vec![(ArgKind::Positional, part.clone())],
                                    self.site(span),
                                );
                                break;
                            }
                        }
                    }
                }
                Kind::Query(query) => {
                    let site = self.site(span);
                    self.evaluate(query, Sym::new("str"), Served::Served, false, site, part.deps);
                }
                _ => {}
            }
        }
    }

    /// Runs the queries of every queryset among the alternatives.
    pub fn evaluate_all(&mut self, value: &Value, op: &str, span: Span, served: Served) {
        for part in value.alternatives() {
            if let Kind::Query(query) = &part.kind {
                let site = self.site(span);
                self.evaluate(query, Sym::new(op), served, false, site, part.deps);
            }
        }
    }

    pub fn effect_of(&self, value: &Value) -> Option<Effect> {
        match &value.kind {
            Kind::External(dotted) => super::tables::effect(*dotted),
            _ => None,
        }
    }
}

/// All names an expression tree mentions; nested functions included by their own bodies.
fn names_in(body: &[Stmt], out: &mut rustc_hash::FxHashSet<Sym>) {
    for stmt in body {
        super::walk::expressions(stmt, &mut |e: &Expr| {
            if let ExprKind::Name(name) = e.kind {
                out.insert(name);
            }
        });
    }
}

/// The cache in which a row keeps what was prefetched for it.
fn asks_for_prefetch(expr: &Expr) -> bool {
    const CACHE: &str = "_prefetched_objects_cache";
    let mut found = false;
    super::walk::expression(expr, &mut |e| {
        found |= match &e.kind {
            ExprKind::Attr(attr) => attr.name == *CACHE,
            ExprKind::Const(Const::Str(text)) => *text == *CACHE,
            _ => false,
        };
    });
    found
}
