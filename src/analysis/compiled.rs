//! Texts that functions compile into templates, where the text is the same each time.
//!
//! It knows texts that stand in the code, and attributes that only constructors set. What is kept for the next time is
//! left out, as is what runs when a module is imported. Which code runs for each request is judged by the classes and
//! directories it stands in, and by what calls it.

use serde::{Deserialize, Serialize};

use crate::facts::{Binding, FileFacts};
use crate::ir::{ArgKind, BinOp, Call, Const, Expr, ExprKind, Routine, Stmt, StmtKind};
use crate::project::templates::table;
use crate::project::{ClassId, ClassRef, Def, FuncId, Member, Part, Project};
use crate::source::{Site, Span, Sym};

use super::frame::Frame;
use super::trace::Noted;
use super::walk;

/// Callers of callers that are looked at.
const MAX_CALLERS: u32 = 2;

/// One compilation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Compiled {
    pub site: Site,
    pub func: FuncId,
    pub text: Site,
    /// The text is an attribute that each object has for itself.
    pub own: bool,
}

/// How often a function runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Often {
    Row,
    Request,
}

pub(super) fn compiles(dotted: Sym) -> bool {
    table::compiles(dotted.as_str())
}

/// What calling or indexing a path outside the project gives, if that is an engine.
pub(super) fn engine(dotted: Sym) -> Option<Sym> {
    table::engine(dotted.as_str()).map(Sym::new)
}

impl<'p> Frame<'_, 'p> {
    /// A call that compiles its first argument.
    pub(super) fn note_compiled(&mut self, call: &'p Call, expr: &'p Expr) {
        let routine = self.project.routine(self.func);
        let (file, idx) = self.project.func(self.func);
        let first = call
            .args
            .first()
            .filter(|arg| !matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar));
        let (Some(first), true) = (first, idx.0 != 0 && file == self.file) else {
            return;
        };
        if is_kept(routine, &self.project.file(file).facts, expr.span) {
            return;
        }
        let text = &first.value;
        let own = self.is_own(text);
        if own || self.is_constant(routine, text) {
            let compiled = Compiled {
                site: self.site(expr.span),
                func: self.func,
                text: self.site(text.span),
                own,
            };
            self.seen.push(Noted::Compiled(Box::new(compiled)));
        }
    }

    /// A text of the code: literal, or under a name of the function, the module or the class.
    fn is_constant(&self, routine: &Routine, text: &Expr) -> bool {
        match &text.kind {
            ExprKind::Name(name) => {
                if routine.params.iter().any(|param| param.name == *name) {
                    return false;
                }
                let mut values = Vec::new();
                assigned(&routine.body, *name, &mut values);
                if !values.is_empty() {
                    return values.iter().all(|value| value.is_some_and(is_text));
                }
                !self.vars.contains_key(name) && self.is_module_text(text)
            }
            ExprKind::Attr(attr) if self.is_receiver(&attr.base) => self.owner.is_some_and(|class| {
                stored(self.project, class, attr.name).is_empty()
                    && match self.project.class_member(class, attr.name) {
                        Some((holder, Member::Assign(at))) => {
                            let value = &self.project.class_facts(holder).assigns[at as usize].value;
                            value.as_deref().is_some_and(is_text)
                        }
                        _ => false,
                    }
            }),
            ExprKind::Attr(_) => self.is_module_text(text),
            _ => is_text(text),
        }
    }

    fn is_module_text(&self, text: &Expr) -> bool {
        let Some(Def::Assign(file, at)) = self.project.resolve_expr(self.file, text) else {
            return false;
        };
        let facts = &self.project.file(file).facts;
        let assign = &facts.assigns[at as usize];
        let same = facts.assigns.iter().filter(|other| other.name == assign.name);
        same.count() == 1 && assign.value.as_deref().is_some_and(is_text)
    }

    /// An attribute of a column of a table that only constructors set: the same for all rows.
    fn is_own(&self, text: &Expr) -> bool {
        let (ExprKind::Attr(attr), Some(class)) = (&text.kind, self.owner) else {
            return false;
        };
        let project = self.project;
        let once = |func: &FuncId| is_once(project.routine(*func).name);
        self.is_receiver(&attr.base)
            && derives(project, class, &table::runs().rows)
            && !matches!(
                project.class_member(class, attr.name),
                Some((_, Member::Method(_) | Member::Class(_)))
            )
            && stored(project, class, attr.name).iter().all(once)
    }

    fn is_receiver(&self, base: &Expr) -> bool {
        self.owner.is_some() && base.as_name().is_some() && base.as_name() == self.receiver
    }
}

fn is_text(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(value) => matches!(value, Const::Str(_) | Const::Other),
        ExprKind::FString(parts) => parts.iter().all(is_text),
        ExprKind::Binary(binary) => {
            binary.op == BinOp::Add && is_text(&binary.left) && is_text(&binary.right)
        }
        _ => false,
    }
}

/// What a function binds to a name; `None` for what is no plain assignment.
fn assigned<'p>(body: &'p [Stmt], name: Sym, out: &mut Vec<Option<&'p Expr>>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                if targets.iter().any(|target| target.is_name(name)) {
                    out.push(Some(value));
                } else if targets.iter().any(|target| mentions(target, name)) {
                    out.push(None);
                }
            }
            StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. }
                if target.is_name(name) =>
            {
                out.push(None);
            }
            StmtKind::For { target, .. } if mentions(target, name) => out.push(None),
            StmtKind::With { items, .. } => {
                let bound = items.iter().filter_map(|item| item.target.as_ref());
                out.extend(bound.filter(|target| mentions(target, name)).map(|_| None));
            }
            _ => {}
        }
        for inner in stmt.blocks() {
            assigned(inner, name, out);
        }
    }
}

fn mentions(expr: &Expr, name: Sym) -> bool {
    let mut found = false;
    walk::expression(expr, &mut |e| found |= e.is_name(name));
    found
}

/// The methods of a class and its bases that assign an attribute of `self`.
fn stored(project: &Project, class: ClassId, name: Sym) -> Vec<FuncId> {
    let known = project.class(class).mro.iter().filter_map(|part| match part {
        ClassRef::Known(id) => Some(*id),
        ClassRef::External(_) => None,
    });
    known
        .flat_map(|id| {
            let file = project.class(id).file;
            let attrs = project.class_facts(id).self_attrs.iter();
            attrs
                .filter(move |(attr, _)| *attr == name)
                .map(move |(_, idx)| project.func_id(file, *idx))
        })
        .collect()
}

/// The result is put where it outlives the function, or the function itself runs once.
fn is_kept(routine: &Routine, facts: &FileFacts, span: Span) -> bool {
    let remembers = |name: Sym| ["cache", "memo"].iter().any(|word| name.as_str().contains(word));
    let decorated = routine.decorators.iter().any(|decorator| {
        let callee = match &decorator.kind {
            ExprKind::Call(call) => &call.func,
            _ => decorator,
        };
        callee.last_name().is_some_and(remembers)
    });
    let global = |name: Sym| facts.bindings.iter().any(|(bound, _)| *bound == name);
    decorated || is_once(routine.name) || stores(&routine.body, span, &global)
}

fn stores(body: &[Stmt], span: Span, global: &dyn Fn(Sym) -> bool) -> bool {
    body.iter().filter(|stmt| stmt.span.contains(span)).any(|stmt| {
        let lasts = |target: &Expr| match &target.kind {
            ExprKind::Attr(_) | ExprKind::Index(_) => true,
            ExprKind::Name(name) => global(*name),
            _ => false,
        };
        let here = match &stmt.kind {
            StmtKind::Assign { targets, value } => value.span.contains(span) && targets.iter().any(lasts),
            // What is done about an error seldom runs.
            StmtKind::Try { handlers, .. } => handlers
                .iter()
                .any(|handler| handler.body.iter().any(|inner| inner.span.contains(span))),
            StmtKind::Raise(_) => true,
            _ => false,
        };
        here || stmt.blocks().into_iter().any(|inner| stores(inner, span, global))
    })
}

fn is_once(name: Sym) -> bool {
    table::runs().once.iter().any(|once| name == *once.as_str())
}

fn derives(project: &Project, class: ClassId, from: &[String]) -> bool {
    let from: Vec<&str> = from.iter().map(String::as_str).collect();
    project.derives_from(class, &from)
}

/// How often a function certainly runs: for each row, for each request.
pub fn often(project: &Project, func: FuncId) -> Option<Often> {
    often_within(project, func, MAX_CALLERS)
}

fn often_within(project: &Project, func: FuncId, more: u32) -> Option<Often> {
    let (file, _) = project.func(func);
    let source = project.file(file);
    let routine = project.routine(func);
    if source.part != Part::Source || is_once(routine.name) {
        return None;
    }
    let class = routine.class.map(|idx| project.class_id(file, idx));
    if class.is_some_and(|class| derives(project, class, &table::runs().rows)) {
        return Some(Often::Row);
    }
    let site = Site::new(file, routine.name_span);
    let served = class.is_some_and(|class| derives(project, class, &table::runs().requests))
        || source.path.contains("/templatetags/")
        || !project.endpoints_at(site).is_empty();
    if served {
        return Some(Often::Request);
    }
    let callers = if more == 0 {
        Vec::new()
    } else {
        callers(project, func)?
    };
    callers
        .into_iter()
        .find_map(|caller| often_within(project, caller, more - 1))
}

/// The functions that call a function of a module by its name; none if a module does when it is imported.
fn callers(project: &Project, func: FuncId) -> Option<Vec<FuncId>> {
    let mut found = Vec::new();
    let (home, idx) = project.func(func);
    let routine = project.routine(func);
    if routine.class.is_some() || routine.parent.is_some() {
        return Some(found);
    }
    let bound = Binding::Func(idx);
    if !project.file(home).facts.bindings.contains(&(routine.name, bound)) {
        return Some(found);
    }
    for file in project
        .file_ids()
        .filter(|file| project.file(*file).part == Part::Source)
    {
        let facts = &project.file(file).facts;
        for (n, other) in facts.functions.iter().enumerate() {
            let mut calls = false;
            let mut visit = |e: &Expr| {
                if let ExprKind::Call(call) = &e.kind
                    && call.func.last_name() == Some(routine.name)
                {
                    calls |= project.resolve_expr(file, &call.func) == Some(Def::Func(func));
                }
            };
            other
                .body
                .iter()
                .for_each(|stmt| walk::expressions(stmt, &mut visit));
            if calls && n == 0 {
                return None;
            }
            if calls {
                found.push(project.func_id(file, crate::ir::FuncIdx(n as u32)));
            }
        }
    }
    Some(found)
}
