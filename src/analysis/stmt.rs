//! Statements: assignments, branches, loops.

use crate::ir::{Case, CmpOp, Expr, ExprKind, Handler, Stmt, StmtKind};
use crate::source::{Span, Sym};

use super::frame::{Flow, Frame, Over};
use super::value::{Deps, Kind, Query, Size, Value};

impl<'p> Frame<'_, 'p> {
    pub fn block(&mut self, body: &'p [Stmt]) -> Flow {
        for stmt in body {
            if self.stmt(stmt) == Flow::Leave {
                return Flow::Leave;
            }
        }
        Flow::Next
    }

    fn stmt(&mut self, stmt: &'p Stmt) -> Flow {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.eval(expr);
            }
            StmtKind::Assign { targets, value } => {
                let value = self.eval(value);
                for target in targets {
                    self.assign(target, &value);
                }
            }
            StmtKind::AnnAssign {
                target,
                annotation,
                value,
            } => {
                let value = value.as_ref().map_or(Value::UNKNOWN, |v| self.eval(v));
                let value = match value.kind {
                    Kind::Unknown => self.annotated(annotation, value.deps),
                    Kind::Cached(_) => self.annotated(annotation, value.deps).or(value),
                    _ => value,
                };
                self.assign(target, &value);
            }
            StmtKind::AugAssign { target, op, value } => {
                let right = self.eval(value);
                let left = self.eval(target);
                let joined = self.combine(*op, left, right, stmt.span);
                self.assign(target, &joined);
            }
            StmtKind::Return(value) => {
                let expr = value.as_ref();
                let value = expr.map_or(Value::NONE, |v| self.eval(v));
                self.returns_elsewhere |=
                    value.kind == Kind::Unknown && expr.is_some_and(|e| self.calls_variable(e));
                self.returns = Some(match self.returns.take() {
                    Some(old) => old.join(value),
                    None => value,
                });
                if self.nesting > 0 {
                    self.early_exit = true;
                }
                return Flow::Leave;
            }
            StmtKind::Raise(parts) => {
                for part in parts {
                    self.eval(part);
                }
                return Flow::Leave;
            }
            StmtKind::Assert(parts) => {
                for part in parts {
                    self.eval(part);
                }
            }
            StmtKind::Delete(parts) => {
                for part in parts {
                    if let Some(name) = part.as_name() {
                        self.unset(name);
                    }
                }
            }
            StmtKind::If { test, body, orelse } => return self.if_stmt(test, body, orelse),
            StmtKind::For {
                target,
                iter,
                body,
                orelse,
                ..
            } => {
                self.for_stmt(target, iter, body);
                return self.block(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.enter_loop(self.site(test.span), Over::While);
                self.eval(test);
                let ran = self.branch(|f| f.block(body));
                let skipped = self.branch(|_| Flow::Next);
                self.merge(vec![skipped.or(ran)]);
                self.leave_loop();
                return self.block(orelse);
            }
            StmtKind::With { items, body, .. } => {
                for item in items {
                    let value = self.eval(&item.context);
                    if let Some(target) = &item.target {
                        self.assign(target, &Value::unknown(value.deps));
                    }
                }
                return self.block(body);
            }
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => return self.try_stmt(body, handlers, orelse, finally),
            StmtKind::Match { subject, cases } => self.match_stmt(subject, cases),
            StmtKind::Def(idx) => {
                let value = self.function_value(*idx);
                let name = self.project.file(self.file).facts.functions[idx.0 as usize].name;
                self.set(name, value);
            }
            StmtKind::Class(idx) => {
                let id = self.project.class_id(self.file, *idx);
                self.set(self.project.class_facts(id).name, Value::new(Kind::Class(id)));
            }
            StmtKind::Import(idx) => self.local_import(*idx),
            StmtKind::Break | StmtKind::Continue => return Flow::Leave,
            StmtKind::Template(part) => return self.template_part(part),
        }
        Flow::Next
    }

    /// A call of something that a variable holds and that is not known: a registered implementation, a hook.
    fn calls_variable(&self, expr: &Expr) -> bool {
        let ExprKind::Call(call) = &expr.kind else {
            return false;
        };
        let held = call.func.as_name().and_then(|name| self.vars.get(&name));
        held.is_some_and(|v| matches!(v.kind, Kind::Unknown | Kind::Opaque | Kind::Scalar | Kind::None))
    }

    fn if_stmt(&mut self, test: &'p Expr, body: &'p [Stmt], orelse: &'p [Stmt]) -> Flow {
        let tested = self.eval_truth(test);
        match tested.truth() {
            Some(true) => {
                self.narrow(test);
                return self.block(body);
            }
            Some(false) => return self.block(orelse),
            None => {}
        }
        let outer = self.control;
        self.control = outer.and(tested.deps);
        let memo = is_memo(test, body) || self.asks_if_missing(test);
        let then = self.branch(|f| {
            if memo {
                f.once_per_key(body)
            } else {
                f.last_pass(body)
            }
        });
        let refill = fills_tested(test, orelse);
        let other = self.branch(|f| {
            if refill {
                f.once_per_key(orelse)
            } else {
                f.last_pass(orelse)
            }
        });
        self.control = outer;
        if self.nesting == 0 && (then.flow == Flow::Leave) != (other.flow == Flow::Leave) {
            self.early_exit = true;
        }
        self.merge(vec![then, other])
    }

    /// `isinstance(row, Model)` holds: the variable is a row.
    fn narrow(&mut self, test: &Expr) {
        let ExprKind::Call(call) = &test.kind else { return };
        let Some(name) = call.positional(0).and_then(Expr::as_name) else {
            return;
        };
        if let Some(Value {
            kind: Kind::Row(row),
            deps,
        }) = self.vars.get(&name)
        {
            let mut row = (**row).clone();
            row.sure = true;
            let value = Value::row(row).with(*deps);
            self.set(name, value);
        }
    }

    /// A block that leaves its loop at the end runs at most once for all iterations.
    fn last_pass(&mut self, body: &'p [Stmt]) -> Flow {
        let left = match body.last().map(|s| &s.kind) {
            Some(StmtKind::Return(_) | StmtKind::Raise(_)) => self.loops.len(),
            Some(StmtKind::Break) => 1,
            _ => 0,
        };
        let from = self.loops.len().saturating_sub(left);
        for l in &mut self.loops[from..] {
            l.leaving += 1;
        }
        let flow = self.block(body);
        for l in &mut self.loops[from..] {
            l.leaving -= 1;
        }
        flow
    }

    /// A block that does not run for each row: it fills a memory of earlier answers, or handles an exception.
    fn once_per_key(&mut self, body: &'p [Stmt]) -> Flow {
        self.leave_all(1);
        let flow = self.block(body);
        self.leave_all(-1);
        flow
    }

    fn for_stmt(&mut self, target: &'p Expr, iter: &'p Expr, body: &'p [Stmt]) {
        let iterated = self.eval(iter);
        if let (true, Kind::Tuple(items)) = (self.is_stub(), &iterated.kind) {
            for item in items.iter() {
                self.assign(target, item);
                self.block(body);
            }
            return;
        }
        let iterated = self.iterated(iterated, iter.span);
        let once = matches!(
            body.last().map(|s| &s.kind),
            Some(StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise(_))
        );
        let over = if once {
            Over::Bounded
        } else {
            self.loop_kind(&iterated)
        };
        self.count_loop(iter.span, &iterated);
        let (id, elem) = self.begin_loop(&iterated, iter.span, over);
        self.note_exits(body, &elem);
        self.mark_fetched(iter);
        let ran = self.branch(|f| {
            f.nesting -= 1;
            f.assign(target, &elem.with(Deps::on_loop(id)));
            f.block(body);
            f.nesting += 1;
            Flow::Next
        });
        let skipped = self.branch(|_| Flow::Next);
        self.merge(vec![skipped.or(ran)]);
        self.leave_loop();
    }

    fn try_stmt(
        &mut self,
        body: &'p [Stmt],
        handlers: &'p [Handler],
        orelse: &'p [Stmt],
        finally: &'p [Stmt],
    ) -> Flow {
        let mut flow = self.block(body);
        if flow == Flow::Next {
            flow = self.block(orelse);
        }
        let mut branches = Vec::new();
        for handler in handlers {
            branches.push(self.branch(|f| {
                if let Some(name) = handler.name {
                    f.set(name, Value::UNKNOWN);
                }
                f.once_per_key(&handler.body)
            }));
        }
        if flow == Flow::Next {
            branches.push(self.branch(|_| Flow::Next));
        }
        if !branches.is_empty() {
            flow = self.merge(branches);
        }
        self.block(finally).max(flow)
    }

    fn match_stmt(&mut self, subject: &'p Expr, cases: &'p [Case]) {
        let deps = self.eval(subject).deps;
        let mut branches = Vec::new();
        for case in cases {
            branches.push(self.branch(|f| {
                for name in &case.captures {
                    f.set(*name, Value::unknown(deps));
                }
                if let Some(guard) = &case.guard {
                    f.eval(guard);
                }
                f.block(&case.body)
            }));
        }
        branches.push(self.branch(|_| Flow::Next));
        self.merge(branches);
    }

    /// Stores a value in a name, attribute, item or tuple of such.
    pub fn assign(&mut self, target: &'p Expr, value: &Value) {
        if self.engine.watch.is_on() {
            self.watch_value(target.span, value);
        }
        match &target.kind {
            ExprKind::Name(name) => {
                self.forget_attributes(*name);
                self.set(*name, value.clone());
            }
            ExprKind::Attr(attr) => {
                self.note_related(&attr.base, attr.name, value);
                if attr.name == "queryset" {
                    self.field_queryset(target, value);
                }
                if attr.name == "object_list"
                    && let Some(page) = attr.base.as_name()
                    && self
                        .vars
                        .get(&page)
                        .is_some_and(|v| matches!(v.kind, Kind::Query(_)))
                {
                    // A page is followed as its rows.
                    self.set(page, value.clone());
                }
                if let Some(name) = attr.base.as_name() {
                    self.store_attr(name, attr.name, value);
                }
                if let Some(place) = place_of(target) {
                    self.has_places = true;
                    self.set(place, value.clone());
                }
                if attr.base.as_name().is_some() && attr.base.as_name() == self.receiver {
                    match self.stores.iter_mut().find(|(n, _)| *n == attr.name) {
                        Some((_, old)) => *old = old.clone().join(value.clone()),
                        None => self.stores.push((attr.name, value.clone())),
                    }
                }
            }
            ExprKind::Index(parts) => {
                self.eval(&parts.1);
                self.store_item(&parts.0, &parts.1, value);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    let part = self.unpack(value, i);
                    match &item.kind {
                        ExprKind::Starred(inner) => self.assign(inner, &Value::coll(part, Size::Unknown)),
                        _ => self.assign(item, &part),
                    }
                }
            }
            ExprKind::Starred(inner) => self.assign(inner, value),
            _ => {}
        }
    }

    /// `row.relation = value`: the row has it in memory from here on, also for what it is passed to.
    fn note_related(&mut self, base: &Expr, name: Sym, value: &Value) {
        let Some(held) = base.as_name().and_then(|n| self.vars.get(&n).cloned()) else {
            return;
        };
        let Kind::Row(row) = &held.kind else { return };
        let related = matches!(
            self.project.model_attr(row.model, name),
            Some(crate::project::ModelAttr::Forward(_))
        );
        if !related {
            return;
        }
        let path = super::value::join_path(row.steps.iter().map(|s| s.name).chain([name]));
        let lookup = Sym::new(&path);
        let mut plan = row.extra.as_deref().cloned().unwrap_or_default();
        plan.prefetch.push(super::plan::Prefetch {
            lookup,
            to: lookup,
            has_to_attr: false,
            query: Some(std::sync::Arc::new(Query::unseen(
                row.model,
                self.site(Span::default()),
            ))),
        });
        let mut row = (**row).clone();
        row.extra = Some(std::sync::Arc::new(plan));
        if let Kind::Row(other) = &value.kind {
            row.known = Some((name, other.clone()));
        }
        if let Some(var) = base.as_name() {
            self.set(
                var,
                Value {
                    kind: Kind::Row(std::sync::Arc::new(row)),
                    deps: held.deps,
                },
            );
        }
    }

    /// An object in a variable gets an attribute.
    pub fn store_attr(&mut self, var: Sym, attr: Sym, value: &Value) {
        let Some(held) = self.vars.get(&var) else { return };
        let Kind::Object(object) = &held.kind else { return };
        let deps = held.deps;
        let object = object.with_attr(attr, value.clone());
        self.set(
            var,
            Value {
                kind: Kind::Object(std::sync::Arc::new(object)),
                deps,
            },
        );
    }

    fn unpack(&mut self, value: &Value, index: usize) -> Value {
        match &value.kind {
            Kind::Tuple(items) => items
                .get(index)
                .cloned()
                .unwrap_or(Value::UNKNOWN)
                .with(value.deps),
            Kind::Coll(coll) => self.pick(&coll.elem).with(value.deps),
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.unpack(v, index)).collect();
                join_all(parts).with(value.deps)
            }
            _ => Value::unknown(value.deps),
        }
    }

    /// `name[key] = value`: the container now also holds the value.
    fn store_item(&mut self, base: &'p Expr, key: &'p Expr, value: &Value) {
        let Some(place) = place_of(base) else { return };
        let Some(held) = self.vars.get(&place).cloned() else {
            return;
        };
        let Kind::Dict(dict) = &held.kind else {
            self.set(place, held.with(value.deps));
            return;
        };
        let mut dict = (**dict).clone();
        let computed = match key.kind {
            ExprKind::Const(_) => None,
            _ => Some(self.eval(key)),
        };
        let named = match computed.as_ref().map(|v| &v.kind) {
            Some(Kind::Str(name)) => Some(*name),
            _ => key.as_str(),
        };
        match named {
            Some(name) => dict.put(name, value.clone()),
            None => {
                let stored = computed.unwrap_or(Value::SCALAR);
                dict.open = true;
                dict.key = dict.key.clone().join(stored);
                dict.value = dict.value.clone().join(value.clone());
            }
        }
        let deps = held.deps.and(value.deps);
        self.set(
            place,
            Value {
                kind: Kind::Dict(std::sync::Arc::new(dict)),
                deps,
            },
        );
    }

    /// A new value in a name makes what was stored in its attributes stale.
    fn forget_attributes(&mut self, name: Sym) {
        if !self.has_places {
            return;
        }
        let text = name.as_str();
        let stale: Vec<Sym> = self
            .vars
            .keys()
            .filter(|k| {
                k.as_str().len() > text.len()
                    && k.as_str().starts_with(text)
                    && k.as_str().as_bytes()[text.len()] == b'.'
            })
            .copied()
            .collect();
        for place in stale {
            self.unset(place);
        }
    }
}

/// `if key not in memory: memory[key] = …`.
fn is_memo(test: &Expr, body: &[Stmt]) -> bool {
    fills_tested(test, body) || fills_mapping(test, body) || follows_change(test, body)
}

/// `if row.key != last: last = row.key`: runs once per run of equal keys.
fn follows_change(test: &Expr, body: &[Stmt]) -> bool {
    let parts: &[Expr] = match &test.kind {
        ExprKind::Or(parts) | ExprKind::And(parts) => parts,
        _ => std::slice::from_ref(test),
    };
    parts.iter().any(|part| {
        let ExprKind::Compare(cmp) = &part.kind else {
            return false;
        };
        let [(CmpOp::NotEq, right)] = &cmp.rest[..] else {
            return false;
        };
        let sides = [cmp.left.as_name(), right.as_name()];
        body.iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, .. } => targets
                .iter()
                .any(|t| t.as_name().is_some_and(|name| sides.contains(&Some(name)))),
            _ => false,
        })
    })
}

/// `if not row.column: row.column = …`, also the branch of `is None`: filled once, when the row is new.
fn fills_tested(test: &Expr, body: &[Stmt]) -> bool {
    let tested = match &test.kind {
        ExprKind::Not(inner) => inner,
        ExprKind::Compare(cmp)
            if matches!(
                cmp.rest[..],
                [(
                    CmpOp::Is | CmpOp::IsNot,
                    Expr {
                        kind: ExprKind::Const(crate::ir::Const::None),
                        ..
                    }
                )]
            ) =>
        {
            &cmp.left
        }
        ExprKind::Attr(_) => test,
        _ => return false,
    };
    let Some(place) = place_of(tested).filter(|_| matches!(tested.kind, ExprKind::Attr(_))) else {
        return false;
    };
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|t| place_of(t) == Some(place)),
        _ => false,
    })
}

fn fills_mapping(test: &Expr, body: &[Stmt]) -> bool {
    let ExprKind::Compare(cmp) = &test.kind else {
        return false;
    };
    let [(CmpOp::NotIn, memory)] = &cmp.rest[..] else {
        return false;
    };
    let Some(memory) = place_of(memory) else {
        return false;
    };
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|t| match &t.kind {
            ExprKind::Index(parts) => place_of(&parts.0) == Some(memory),
            _ => false,
        }),
        _ => false,
    })
}

/// `a.b.c` as one name, when it is made of names only.
pub fn place_of(expr: &Expr) -> Option<Sym> {
    match &expr.kind {
        ExprKind::Name(name) => Some(*name),
        ExprKind::Attr(attr) => Some(place_of(&attr.base)?.dot(attr.name.as_str())),
        _ => None,
    }
}

pub fn join_all(values: Vec<Value>) -> Value {
    values.into_iter().reduce(Value::join).unwrap_or(Value::UNKNOWN)
}
