//! Collections that start empty and are filled from data: they stay empty when there is none.
//!
//! Looks at one function and those that it calls, by their text: data is what parameters and calls give. What a module
//! or a class names is taken for a constant, and nothing is said of it.

use crate::ir::{Call, CompKind, Expr, ExprKind, Routine, Stmt, StmtKind};
use crate::source::Sym;

use super::super::walk;

/// Names that are followed to where their values come from.
const MAX_STEPS: u32 = 6;
/// Assignments of one name that are followed.
const MAX_VALUES: usize = 4;
const GROWING: [&str; 5] = ["append", "add", "extend", "update", "insert"];
/// Functions whose result has as many elements as their argument.
const SAME_LENGTH: [&str; 6] = ["list", "tuple", "set", "sorted", "dict", "reversed"];

/// Whether an expression makes a collection of data, of which there may be none.
pub(super) fn filled_from_data(routine: &Routine, expr: &Expr) -> bool {
    made_of_data(routine, expr, MAX_STEPS)
}

fn made_of_data(routine: &Routine, expr: &Expr, steps: u32) -> bool {
    let Some(steps) = steps.checked_sub(1) else {
        return false;
    };
    match &expr.kind {
        ExprKind::Comp(comp) if comp.kind != CompKind::Generator => comp
            .clauses
            .first()
            .is_some_and(|clause| is_data(routine, &clause.iter, steps)),
        ExprKind::Call(call) => {
            let wraps = call
                .func
                .as_name()
                .is_some_and(|name| SAME_LENGTH.contains(&name.as_str()));
            wraps
                && call
                    .positional(0)
                    .is_some_and(|inner| made_of_data(routine, inner, steps))
        }
        ExprKind::Name(name) => {
            let mut values = Vec::new();
            definitions(&routine.body, *name, &mut values);
            let starts_empty = values.iter().any(|value| is_empty(value));
            let grown = starts_empty && grows(routine, &routine.body, *name, false, steps) == Some(true);
            grown
                || values
                    .iter()
                    .take(MAX_VALUES)
                    .any(|value| !value.is_name(*name) && made_of_data(routine, value, steps))
        }
        _ => false,
    }
}

/// `[]`, `{}`, `list()` and the like.
fn is_empty(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::List(items) => items.is_empty(),
        ExprKind::Dict(items) => items.is_empty(),
        ExprKind::Call(call) => {
            let name = call.func.as_name();
            call.args.is_empty() && name.is_some_and(|n| SAME_LENGTH.contains(&n.as_str()))
        }
        _ => false,
    }
}

/// Whether everything that is put into a collection comes from data; `None` if nothing is.
fn grows(routine: &Routine, body: &[Stmt], name: Sym, over_data: bool, steps: u32) -> Option<bool> {
    let mut result = None;
    let mut note = |found: Option<bool>| {
        if let Some(found) = found {
            result = Some(result.unwrap_or(true) && found);
        }
    };
    for stmt in body {
        match &stmt.kind {
            StmtKind::For {
                iter, body, orelse, ..
            } => {
                let data = over_data || is_data(routine, iter, steps);
                note(grows(routine, body, name, data, steps));
                note(grows(routine, orelse, name, over_data, steps));
            }
            StmtKind::Expr(expr) => {
                let ExprKind::Call(call) = &expr.kind else {
                    continue;
                };
                note(added(routine, call, name, over_data, steps));
            }
            StmtKind::Assign { targets, .. } => {
                let stored = targets.iter().any(|target| match &target.kind {
                    ExprKind::Index(parts) => parts.0.is_name(name),
                    _ => false,
                });
                note(stored.then_some(over_data));
            }
            StmtKind::AugAssign { target, value, .. } if target.is_name(name) => {
                note(Some(over_data || is_data(routine, value, steps)));
            }
            _ => {
                for inner in stmt.blocks() {
                    note(grows(routine, inner, name, over_data, steps));
                }
            }
        }
    }
    result
}

/// What `name.append(…)` and the like add.
fn added(routine: &Routine, call: &Call, name: Sym, over_data: bool, steps: u32) -> Option<bool> {
    let ExprKind::Attr(attr) = &call.func.kind else {
        return None;
    };
    if !attr.base.is_name(name) || !GROWING.contains(&attr.name.as_str()) {
        return None;
    }
    let whole = matches!(attr.name.as_str(), "extend" | "update");
    let data = whole && call.positional(0).is_some_and(|e| is_data(routine, e, steps));
    Some(over_data || data)
}

/// Whether an expression reads something that a parameter or a call gave.
fn is_data(routine: &Routine, expr: &Expr, steps: u32) -> bool {
    let Some(steps) = steps.checked_sub(1) else {
        return false;
    };
    match &expr.kind {
        ExprKind::Attr(attr) => is_data(routine, &attr.base, steps),
        ExprKind::Index(parts) => is_data(routine, &parts.0, steps),
        ExprKind::Slice(slice) => is_data(routine, &slice.base, steps),
        ExprKind::Await(inner) => is_data(routine, inner, steps),
        ExprKind::Call(call) => match &call.func.kind {
            ExprKind::Attr(attr) => is_data(routine, &attr.base, steps),
            ExprKind::Name(name) => match name.as_str() {
                "range" | "super" => false,
                "enumerate" | "iter" | "zip" => inner_is_data(routine, call, steps),
                other if SAME_LENGTH.contains(&other) => inner_is_data(routine, call, steps),
                _ => true,
            },
            _ => false,
        },
        ExprKind::Name(name) => {
            let parameter = routine.params.iter().position(|p| p.name == *name);
            match parameter {
                Some(at) => at > 0 || routine.class.is_none(),
                None => is_given(routine, *name, steps),
            }
        }
        _ => false,
    }
}

fn inner_is_data(routine: &Routine, call: &Call, steps: u32) -> bool {
    call.positional(0).is_some_and(|e| is_data(routine, e, steps))
}

/// A variable that holds what some call gave, or a part of it.
fn is_given(routine: &Routine, name: Sym, steps: u32) -> bool {
    let mut values = Vec::new();
    definitions(&routine.body, name, &mut values);
    let fresh = |value: &&Expr| match &value.kind {
        ExprKind::Call(call) => call
            .func
            .as_name()
            .is_none_or(|n| !SAME_LENGTH.contains(&n.as_str())),
        _ => is_data(routine, value, steps),
    };
    values.iter().take(MAX_VALUES).any(fresh)
        || each(&routine.body, name).is_some_and(|iter| is_data(routine, iter, steps))
}

/// What a name is assigned in a body; a constant is none of it.
pub(super) fn definitions<'p>(body: &'p [Stmt], name: Sym, out: &mut Vec<&'p Expr>) {
    for stmt in body {
        if let StmtKind::Assign { targets, value } = &stmt.kind
            && targets.iter().any(|t| t.is_name(name))
            && !matches!(value.kind, ExprKind::Const(_))
        {
            out.push(value);
        }
        for inner in stmt.blocks() {
            definitions(inner, name, out);
        }
    }
}

/// What the loop runs over that binds a name.
fn each(body: &[Stmt], name: Sym) -> Option<&Expr> {
    body.iter().find_map(|stmt| {
        let here = match &stmt.kind {
            StmtKind::For { target, iter, .. } => {
                let mut binds = false;
                walk::expression(target, &mut |e| binds |= e.is_name(name));
                binds.then_some(iter)
            }
            _ => None,
        };
        here.or_else(|| stmt.blocks().into_iter().find_map(|inner| each(inner, name)))
    })
}

/// What a function returns.
pub(super) fn returned<'p>(body: &'p [Stmt], out: &mut Vec<&'p Expr>) {
    for stmt in body {
        if let StmtKind::Return(Some(value)) = &stmt.kind {
            out.push(value);
        }
        for inner in stmt.blocks() {
            returned(inner, out);
        }
    }
}
