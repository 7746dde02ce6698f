//! What the methods of forms and admins do to the fields that are made from a model: other rows to choose from,
//! another widget, no field at all.
//!
//! Reads bodies; it follows no values, and does not know what a form prints.

use crate::ir::{Expr, ExprKind, Stmt, StmtKind};
use crate::project::{ClassId, ClassRef, Project};
use crate::source::Sym;

use super::forms::table::is_printed;
use super::frame::Frame;
use super::trace;
use super::walk;

/// Methods that make an admin's field for a relation. One that only gives the fields it names another queryset
/// leaves all other fields as they are.
const FIELD_HOOKS: &[&str] = &["formfield_for_foreignkey", "formfield_for_manytomany"];

impl Frame<'_, '_> {
    /// The fields to which an admin's own hooks give another queryset; `None` when a hook does more than that.
    pub(super) fn adjusted_fields(&self, class: ClassId) -> Option<Vec<Sym>> {
        let mut names = Vec::new();
        for (name, body) in own_methods(self.project, class) {
            if FIELD_HOOKS.contains(&name.as_str()) {
                names.extend(adjusted_in(body)?);
            }
        }
        Some(names)
    }

    /// A method of the project's form classes changes what this field prints, or takes it away.
    pub(super) fn touched(&self, form: ClassId, name: Sym) -> bool {
        own_methods(self.project, form).any(|(_, body)| touches(body, name))
    }

    /// A method of the form also gives the field another widget or other choices.
    pub(super) fn sets_other(&self, form: ClassId, name: Sym) -> bool {
        let mut found = false;
        for (_, body) in own_methods(self.project, form) {
            assigned(body, &mut |target, _| {
                if let ExprKind::Attr(attr) = &target.kind
                    && attr.name != "queryset"
                    && is_printed(attr.name.as_str())
                {
                    found |= field_key(&attr.base).is_none_or(|key| key.is_none_or(|k| k == name));
                }
            });
        }
        found
    }
}

/// The methods of a class and of its bases outside of library knowledge.
fn own_methods(project: &Project, class: ClassId) -> impl Iterator<Item = (Sym, &[Stmt])> {
    let own = project.class(class).mro.iter().filter_map(|part| match *part {
        ClassRef::Known(id) if !project.is_stub(project.class(id).file) => Some(id),
        _ => None,
    });
    own.flat_map(move |id| {
        let file = project.class(id).file;
        trace::read_whole(file);
        let methods = project.class_facts(id).methods.iter();
        methods.map(move |(name, idx)| (*name, &project.routine(project.func_id(file, *idx)).body[..]))
    })
}

/// The names tested in a body that makes a field, gives it another queryset under these tests, and returns it.
fn adjusted_in(body: &[Stmt]) -> Option<Vec<Sym>> {
    let (first, rest) = body.split_first()?;
    let (last, tests) = rest.split_last()?;
    let StmtKind::Assign { targets, .. } = &first.kind else {
        return None;
    };
    let field = targets.first()?.as_name()?;
    let returned = matches!(&last.kind, StmtKind::Return(Some(value)) if value.as_name() == Some(field));
    let mut names = Vec::new();
    for stmt in tests {
        let StmtKind::If { test, body, orelse } = &stmt.kind else {
            return None;
        };
        let narrowed = body.iter().all(|inner| match &inner.kind {
            StmtKind::Assign { targets, .. } => targets.iter().all(|target| match &target.kind {
                ExprKind::Attr(attr) => attr.name == "queryset" && attr.base.as_name() == Some(field),
                _ => false,
            }),
            _ => false,
        });
        if !narrowed || !orelse.is_empty() {
            return None;
        }
        walk::expression(test, &mut |e: &Expr| names.extend(e.as_str()));
    }
    returned.then_some(names)
}

/// `x.fields[key]`, `x.filters[key]`: the key where it is literal.
#[expect(
    clippy::option_option,
    reason = "no field and an unknown field are different answers"
)]
fn field_key(expr: &Expr) -> Option<Option<Sym>> {
    match &expr.kind {
        ExprKind::Index(parts)
            if parts
                .0
                .last_name()
                .is_some_and(|n| n == "fields" || n == "filters") =>
        {
            Some(parts.1.as_str())
        }
        _ => None,
    }
}

/// Statements change, replace or remove the form field of a name, or of names that are not literal.
fn touches(body: &[Stmt], name: Sym) -> bool {
    let mut found = false;
    let hits = |key: Option<Sym>| key.is_none_or(|k| k == name);
    assigned(body, &mut |target, _| match &target.kind {
        ExprKind::Attr(attr) if is_printed(attr.name.as_str()) => {
            found |= match (field_key(&attr.base), attr.base.as_name()) {
                (Some(key), _) => hits(key),
                (None, Some(variable)) => {
                    variable != "self" && held(body, variable).is_none_or(|k| k.contains(&name))
                }
                (None, None) => true,
            };
        }
        _ => {
            if let Some(key) = field_key(target) {
                found |= hits(key);
            }
        }
    });
    for stmt in body {
        walk::expressions(stmt, &mut |e: &Expr| {
            if let ExprKind::Call(call) = &e.kind
                && let ExprKind::Attr(attr) = &call.func.kind
                && attr.name == "pop"
                && attr.base.last_name().is_some_and(|n| n == "fields")
            {
                found |= hits(call.positional(0).and_then(Expr::as_str));
            }
        });
    }
    found
}

/// The names of the fields that a variable stands for; `None` when it may be any.
fn held(body: &[Stmt], variable: Sym) -> Option<Vec<Sym>> {
    let mut names = Some(Vec::new());
    assigned(body, &mut |target, value| {
        let mut binds = false;
        walk::expression(target, &mut |e: &Expr| binds |= e.as_name() == Some(variable));
        if binds
            && matches!(
                target.kind,
                ExprKind::Name(_) | ExprKind::Tuple(_) | ExprKind::List(_)
            )
        {
            match value.and_then(field_key).flatten() {
                Some(name) => names.iter_mut().for_each(|all| all.push(name)),
                None => names = None,
            }
        }
    });
    names.filter(|all| !all.is_empty())
}

/// Calls `visit` on every assigned or deleted expression and on what it gets, in nested blocks too.
fn assigned(body: &[Stmt], visit: &mut dyn FnMut(&Expr, Option<&Expr>)) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => targets.iter().for_each(|t| visit(t, Some(value))),
            StmtKind::AugAssign { target, .. } => visit(target, None),
            StmtKind::AnnAssign { target, value, .. } => visit(target, value.as_deref()),
            StmtKind::Delete(targets) => targets.iter().for_each(|t| visit(t, None)),
            StmtKind::For { target, .. } => visit(target, None),
            StmtKind::With { items, .. } => {
                let targets = items.iter().filter_map(|item| item.target.as_ref());
                targets.for_each(|t| visit(t, None));
            }
            _ => {}
        }
        stmt.blocks().into_iter().for_each(|block| assigned(block, visit));
    }
}
