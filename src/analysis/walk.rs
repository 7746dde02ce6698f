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
    match &expr.kind {
        ExprKind::Name(_)
        | ExprKind::Var(_)
        | ExprKind::Const(_)
        | ExprKind::Lambda(_)
        | ExprKind::Invalid => {}
        ExprKind::Lookup(lookup) => expression(&lookup.base, visit),
        ExprKind::Filter(filter) => {
            expression(&filter.value, visit);
            filter.args.iter().for_each(|a| expression(&a.value, visit));
        }
        ExprKind::Attr(attr) => expression(&attr.base, visit),
        ExprKind::Call(call) => {
            expression(&call.func, visit);
            call.args.iter().for_each(|a| expression(&a.value, visit));
        }
        ExprKind::Index(parts) | ExprKind::Walrus(parts) => {
            expression(&parts.0, visit);
            expression(&parts.1, visit);
        }
        ExprKind::Slice(slice) => {
            expression(&slice.base, visit);
            [&slice.lower, &slice.upper, &slice.step]
                .into_iter()
                .flatten()
                .for_each(|p| expression(p, visit));
        }
        ExprKind::FString(items)
        | ExprKind::List(items)
        | ExprKind::Tuple(items)
        | ExprKind::Set(items)
        | ExprKind::And(items)
        | ExprKind::Or(items) => items.iter().for_each(|i| expression(i, visit)),
        ExprKind::Dict(items) => {
            for item in items {
                item.key.iter().for_each(|k| expression(k, visit));
                expression(&item.value, visit);
            }
        }
        ExprKind::Comp(comp) => {
            expression(&comp.element, visit);
            comp.value.iter().for_each(|v| expression(v, visit));
            for clause in &comp.clauses {
                expression(&clause.target, visit);
                expression(&clause.iter, visit);
                clause.ifs.iter().for_each(|i| expression(i, visit));
            }
        }
        ExprKind::IfElse(choice) => {
            expression(&choice.test, visit);
            expression(&choice.then, visit);
            expression(&choice.orelse, visit);
        }
        ExprKind::Not(e)
        | ExprKind::Unary(e)
        | ExprKind::Starred(e)
        | ExprKind::Await(e)
        | ExprKind::YieldFrom(e) => {
            expression(e, visit);
        }
        ExprKind::Yield(e) => e.iter().for_each(|e| expression(e, visit)),
        ExprKind::Compare(cmp) => {
            expression(&cmp.left, visit);
            cmp.rest.iter().for_each(|(_, e)| expression(e, visit));
        }
        ExprKind::Binary(binary) => {
            expression(&binary.left, visit);
            expression(&binary.right, visit);
        }
    }
}
