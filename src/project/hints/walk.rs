//! Statements of a settings file or entry point that say something by a call.

use crate::facts::FileFacts;
use crate::ir::{Call, Expr, ExprKind, Stmt, StmtKind};
use crate::source::Sym;

const VARIABLE: &str = "DJANGO_SETTINGS_MODULE";

/// The method names and calls of statements `name.method(…)` in the module body, branches included.
pub(super) fn top_level_calls(facts: &FileFacts, name: Sym) -> Vec<(&'static str, &Call)> {
    let mut calls = Vec::new();
    if let Some(module) = facts.functions.first() {
        each_statement(&module.body, &mut |stmt| {
            if let StmtKind::Expr(Expr {
                kind: ExprKind::Call(call),
                ..
            }) = &stmt.kind
                && let ExprKind::Attr(attr) = &call.func.kind
                && attr.base.as_name() == Some(name)
            {
                calls.push((attr.name.as_str(), &**call));
            }
        });
    }
    calls
}

/// The default for `DJANGO_SETTINGS_MODULE` that a file puts into the environment.
pub(in crate::project) fn settings_module(facts: &FileFacts) -> Option<Sym> {
    let mut found = None;
    for routine in &facts.functions {
        each_statement(&routine.body, &mut |stmt| {
            let name = match &stmt.kind {
                StmtKind::Expr(Expr {
                    kind: ExprKind::Call(call),
                    ..
                }) => {
                    let key = call.positional(0).and_then(Expr::as_str);
                    key.filter(|key| *key == VARIABLE)
                        .and_then(|_| call.positional(1)?.as_str())
                }
                StmtKind::Assign { targets, value } => targets.iter().find_map(|target| match &target.kind {
                    ExprKind::Index(index) if index.1.as_str().is_some_and(|key| key == VARIABLE) => {
                        value.as_str()
                    }
                    _ => None,
                }),
                _ => None,
            };
            found = found.or(name);
        });
    }
    found
}

/// The relative directories in `sys.path.insert(0, …)` and `sys.path.append(…)`.
pub(super) fn path_entries(facts: &FileFacts) -> Vec<String> {
    let mut entries = Vec::new();
    for routine in &facts.functions {
        each_statement(&routine.body, &mut |stmt| {
            let StmtKind::Expr(Expr {
                kind: ExprKind::Call(call),
                ..
            }) = &stmt.kind
            else {
                return;
            };
            let ExprKind::Attr(method) = &call.func.kind else {
                return;
            };
            let ExprKind::Attr(path) = &method.base.kind else {
                return;
            };
            let is_sys_path = path.name == "path" && path.base.as_name().is_some_and(|name| name == "sys");
            let value = match method.name.as_str() {
                "insert" => call.positional(1),
                "append" => call.positional(0),
                _ => None,
            };
            let mut parts = Vec::new();
            if let Some(value) = value.filter(|_| is_sys_path) {
                literal_parts(value, &mut parts, 16);
            }
            let is_plain = |part: &&str| !part.starts_with('/') && !part.contains("..");
            if !parts.is_empty() && parts.iter().all(is_plain) {
                entries.push(parts.join("/"));
            }
        });
    }
    entries
}

/// The literal parts of `os.path.join(BASE, "a", "b")`, `str(BASE / "a")` and their like.
fn literal_parts(expr: &Expr, parts: &mut Vec<&'static str>, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &expr.kind {
        ExprKind::Const(_) => parts.extend(expr.as_str().map(Sym::as_str)),
        ExprKind::Binary(binary) => {
            literal_parts(&binary.left, parts, depth);
            literal_parts(&binary.right, parts, depth);
        }
        ExprKind::Call(call) => {
            if let ExprKind::Attr(attr) = &call.func.kind {
                literal_parts(&attr.base, parts, depth);
            }
            call.args
                .iter()
                .for_each(|arg| literal_parts(&arg.value, parts, depth));
        }
        _ => {}
    }
}

/// Visits all statements of a body, those of its branches and loops included.
pub(in crate::project) fn each_statement<'a>(body: &'a [Stmt], visit: &mut impl FnMut(&'a Stmt)) {
    let mut stack: Vec<std::slice::Iter<'a, Stmt>> = vec![body.iter()];
    while let Some(top) = stack.last_mut() {
        let Some(stmt) = top.next() else {
            stack.pop();
            continue;
        };
        visit(stmt);
        stack.extend(stmt.blocks().into_iter().rev().map(|block| block.iter()));
    }
}
