//! What the text around a use of the cache says of it: values that are kept only if they are true, helpers that fill
//! what they miss.
//!
//! Looks at one function, by its text; what values are is for others to know.

use crate::ir::{Call, CmpOp, Expr, ExprKind, Routine, Stmt, StmtKind};
use crate::project::{Part, Project};
use crate::source::{FileId, Site, Span, Sym};

use super::super::walk;
use super::{empties, table};

/// Whether a statement at `at` is only reached if a variable is true.
pub(super) fn only_if_true(body: &[Stmt], at: Span, kept: &Expr) -> bool {
    kept.as_name().is_some_and(|name| guarded(body, at, name))
}

fn guarded(body: &[Stmt], at: Span, name: Sym) -> bool {
    let mut left_if_false = false;
    for stmt in body {
        if stmt.span.contains(at) {
            let here = match &stmt.kind {
                StmtKind::If { test, body, orelse } => {
                    within(body, at) && implies(test, name, true)
                        || within(orelse, at) && implies(test, name, false)
                }
                _ => false,
            };
            return here || left_if_false || stmt.blocks().into_iter().any(|inner| guarded(inner, at, name));
        }
        left_if_false = match &stmt.kind {
            StmtKind::If { test, body, .. } => left_if_false || leaves(body) && implies(test, name, false),
            StmtKind::Assign { targets, .. } => left_if_false && !targets.iter().any(|t| t.is_name(name)),
            _ => left_if_false,
        };
    }
    false
}

fn within(body: &[Stmt], at: Span) -> bool {
    body.iter().any(|stmt| stmt.span.contains(at))
}

fn leaves(body: &[Stmt]) -> bool {
    body.last().is_some_and(|stmt| {
        matches!(
            stmt.kind,
            StmtKind::Return(_) | StmtKind::Raise(_) | StmtKind::Continue | StmtKind::Break
        )
    })
}

/// Whether a variable is true whenever a test came out as `outcome`.
fn implies(test: &Expr, name: Sym, outcome: bool) -> bool {
    match &test.kind {
        ExprKind::Name(_) => outcome && test.is_name(name),
        ExprKind::Not(inner) => implies(inner, name, !outcome),
        ExprKind::And(parts) if outcome => parts.iter().any(|part| implies(part, name, true)),
        ExprKind::Or(parts) if !outcome => parts.iter().any(|part| implies(part, name, false)),
        _ => false,
    }
}

/// Whether the function around a read of the cache does more than to read: it keeps what was missing, or goes on with
/// what it got. To read all keys at once means to take that apart.
pub fn does_more(project: &Project, read: Site) -> bool {
    let keeps = calls(project, read, |call| match &call.func.kind {
        ExprKind::Attr(attr) => table::keeps(attr.name) && call.args.len() > 1,
        _ => false,
    });
    keeps || holder(project, read).is_some_and(|routine| statements(&routine.body) > READING)
}

/// So many statements make a key, read it, and look at what came.
const READING: usize = 8;

fn statements(body: &[Stmt]) -> usize {
    let inner = |stmt: &Stmt| stmt.blocks().into_iter().map(statements).sum::<usize>();
    body.iter().map(|stmt| 1 + inner(stmt)).sum()
}

fn holder(project: &Project, site: Site) -> Option<&Routine> {
    let functions = &project.file(site.file).facts.functions;
    functions
        .iter()
        .skip(1)
        .rfind(|routine| routine.span.contains(site.span))
}

/// Whether the function around a loop reads or writes many keys at once already.
pub fn gathers(project: &Project, around: Site) -> bool {
    const MANY: [&str; 4] = ["get_many", "set_many", "aget_many", "aset_many"];
    calls(project, around, |call| {
        call.func
            .last_name()
            .is_some_and(|name| MANY.contains(&name.as_str()))
    })
}

/// Whether the function around a walk through keys deletes some of them.
pub fn deletes(project: &Project, scan: Site) -> bool {
    const DELETE: [&str; 4] = ["delete", "delete_many", "adelete", "adelete_many"];
    calls(project, scan, |call| match &call.func.kind {
        ExprKind::Attr(attr) => DELETE.contains(&attr.name.as_str()),
        _ => false,
    })
}

/// Whether a place is only reached while something in memory lacks a key, which is then put there.
pub fn is_remembered(project: &Project, site: Site) -> bool {
    holder(project, site).is_some_and(|routine| remembered(&routine.body, site.span))
}

fn remembered(body: &[Stmt], at: Span) -> bool {
    let around = body.iter().find(|stmt| stmt.span.contains(at));
    around.is_some_and(|stmt| {
        let here = match &stmt.kind {
            StmtKind::If { test, body, .. } => within(body, at) && lacks(test, body),
            _ => false,
        };
        here || stmt.blocks().into_iter().any(|inner| remembered(inner, at))
    })
}

/// `if key not in memory:` around `memory[key] = …`
fn lacks(test: &Expr, body: &[Stmt]) -> bool {
    let ExprKind::Compare(compared) = &test.kind else {
        return false;
    };
    let [(CmpOp::NotIn, memory)] = &compared.rest[..] else {
        return false;
    };
    let fills = |stmt: &Stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|target| match &target.kind {
            ExprKind::Index(index) => index.0.last_name() == memory.last_name(),
            _ => false,
        }),
        _ => false,
    };
    body.iter().any(fills)
}

/// Whether a function that writes in bulk names a model that the function around a place reads: no signal tells of that.
pub fn is_written_in_bulk(project: &Project, site: Site) -> bool {
    let mut read: Vec<Sym> = Vec::new();
    each(project, site, |e| read.extend(managed(e)));
    let own = |file: &FileId| project.file(*file).part == Part::Source;
    project.file_ids().filter(own).any(|file| {
        let mut routines = project.file(file).facts.functions.iter().skip(1);
        routines.any(|routine| {
            let (mut writes, mut named) = (false, false);
            for stmt in &routine.body {
                walk::expressions(stmt, &mut |e| {
                    writes |= matches!(&e.kind, ExprKind::Call(call)
                        if call.func.last_name().is_some_and(|name| BULK.contains(&name.as_str())));
                    named |= e.last_name().is_some_and(|name| read.contains(&name));
                });
            }
            writes && named
        })
    })
}

/// `save()` is not called and no signal is sent (Django docs, ref/models/querysets).
const BULK: [&str; 4] = ["bulk_create", "abulk_create", "bulk_update", "abulk_update"];

/// `Model` of `Model.objects`
fn managed(expr: &Expr) -> Option<Sym> {
    match &expr.kind {
        ExprKind::Attr(attr) if attr.name == "objects" => attr.base.last_name(),
        _ => None,
    }
}

fn each(project: &Project, site: Site, mut with: impl FnMut(&Expr)) {
    for stmt in holder(project, site).iter().flat_map(|routine| &routine.body) {
        walk::expressions(stmt, &mut with);
    }
}

fn calls(project: &Project, site: Site, is: impl Fn(&Call) -> bool) -> bool {
    let mut found = false;
    for stmt in holder(project, site).iter().flat_map(|routine| &routine.body) {
        walk::expressions(stmt, &mut |e| {
            if let ExprKind::Call(call) = &e.kind {
                found |= is(call);
            }
        });
    }
    found
}

/// Whether a value is made by a call: that may take longer than the round trip that keeps it.
pub(super) fn is_made(routine: &Routine, value: &Expr) -> bool {
    let mut made = Vec::new();
    if let Some(name) = value.as_name() {
        empties::definitions(&routine.body, name, &mut made);
    } else {
        made.push(value);
    }
    let mut found = false;
    for expr in made {
        walk::expression(expr, &mut |e| found |= matches!(e.kind, ExprKind::Call(_)));
    }
    found
}
