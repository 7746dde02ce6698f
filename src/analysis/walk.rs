//! Visits every expression of a statement, nested ones included.

use crate::ir::{Arg, Expr, ExprKind, Stmt, StmtKind, TemplateStmt};

/// Calls `visit` on each expression under `stmt`, outermost first. Bodies of nested functions are separate routines.
pub fn expressions(stmt: &Stmt, visit: &mut dyn FnMut(&Expr)) {
    match &stmt.kind {
        StmtKind::Expr(e) => expression(e, visit),
        StmtKind::Assign { targets, value } => {
            targets.iter().for_each(|t| expression(t, visit));
            expression(value, visit);
        }
        StmtKind::AugAssign { target, value, .. } => {
            expression(target, visit);
            expression(value, visit);
        }
        StmtKind::AnnAssign { target, value, .. } => {
            expression(target, visit);
            if let Some(value) = value {
                expression(value, visit);
            }
        }
        StmtKind::Return(value) => value.iter().for_each(|v| expression(v, visit)),
        StmtKind::Raise(parts) | StmtKind::Assert(parts) | StmtKind::Delete(parts) => {
            parts.iter().for_each(|p| expression(p, visit));
        }
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => expression(test, visit),
        StmtKind::For { target, iter, .. } => {
            expression(target, visit);
            expression(iter, visit);
        }
        StmtKind::With { items, .. } => items.iter().for_each(|i| expression(&i.context, visit)),
        StmtKind::Match { subject, .. } => expression(subject, visit),
        StmtKind::Template(part) => template(part, visit),
        StmtKind::Try { .. }
        | StmtKind::Def(_)
        | StmtKind::Class(_)
        | StmtKind::Import(_)
        | StmtKind::Break
        | StmtKind::Continue => {}
    }
    for inner in stmt.blocks().into_iter().flatten() {
        expressions(inner, visit);
    }
}

fn template(part: &TemplateStmt, visit: &mut dyn FnMut(&Expr)) {
    let mut arguments = |args: &[Arg]| args.iter().for_each(|a| expression(&a.value, visit));
    match part {
        TemplateStmt::Extends(name) => expression(name, visit),
        TemplateStmt::Cached(fragment) => fragment.vary.iter().for_each(|e| expression(e, visit)),
        TemplateStmt::Scope(_)
        | TemplateStmt::Ambient(_)
        | TemplateStmt::Block(_)
        | TemplateStmt::BlockSuper => {}
        TemplateStmt::Include { template, with, .. } => {
            expression(template, visit);
            with.iter().for_each(|(_, e)| expression(e, visit));
        }
        TemplateStmt::Tag { args, .. } => arguments(args),
        TemplateStmt::Regroup { source, .. } => expression(source, visit),
    }
}

/// Calls `visit` on an expression and everything inside it.
pub fn expression(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    for part in parts(expr) {
        expression(part, visit);
    }
}

/// The expressions directly inside an expression.
pub fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Name(_)
        | ExprKind::Var(_)
        | ExprKind::Const(_)
        | ExprKind::Lambda(_)
        | ExprKind::Invalid => Vec::new(),
        ExprKind::Lookup(lookup) => vec![&lookup.base],
        ExprKind::Filter(filter) => std::iter::once(&filter.value)
            .chain(filter.args.iter().map(|a| &a.value))
            .collect(),
        ExprKind::Attr(attr) => vec![&attr.base],
        ExprKind::Call(call) => std::iter::once(&call.func)
            .chain(call.args.iter().map(|a| &a.value))
            .collect(),
        ExprKind::Index(parts) | ExprKind::Walrus(parts) => vec![&parts.0, &parts.1],
        ExprKind::Slice(slice) => std::iter::once(&slice.base)
            .chain([&slice.lower, &slice.upper, &slice.step].into_iter().flatten())
            .collect(),
        ExprKind::FString(items)
        | ExprKind::List(items)
        | ExprKind::Tuple(items)
        | ExprKind::Set(items)
        | ExprKind::And(items)
        | ExprKind::Or(items) => items.iter().collect(),
        ExprKind::Dict(items) => items
            .iter()
            .flat_map(|item| item.key.iter().chain([&item.value]))
            .collect(),
        ExprKind::Comp(comp) => {
            let clauses = comp.clauses.iter();
            std::iter::once(&comp.element)
                .chain(&comp.value)
                .chain(
                    clauses.flat_map(|clause| [&clause.target, &clause.iter].into_iter().chain(&clause.ifs)),
                )
                .collect()
        }
        ExprKind::IfElse(choice) => vec![&choice.test, &choice.then, &choice.orelse],
        ExprKind::Not(e)
        | ExprKind::Unary(e)
        | ExprKind::Starred(e)
        | ExprKind::Await(e)
        | ExprKind::YieldFrom(e) => vec![e],
        ExprKind::Yield(e) => e.iter().map(|e| &**e).collect(),
        ExprKind::Compare(cmp) => std::iter::once(&cmp.left)
            .chain(cmp.rest.iter().map(|(_, e)| e))
            .collect(),
        ExprKind::Binary(binary) => vec![&binary.left, &binary.right],
    }
}
