//! Migrations that build an index while nobody can write to its table.
//!
//! Only the newest migration of an application is looked at: the others have run.

use rustc_hash::FxHashSet;

use crate::ir::{Call, Expr, ExprKind};
use crate::project::migrations::argument;
use crate::project::{ModelId, Project};
use crate::source::{FileId, Site, Span, Sym};

use super::advice;

/// An index that is built in one step on a table that was there before.
#[derive(Debug, PartialEq, Eq)]
pub struct Locking {
    pub table: ModelId,
    pub site: Site,
    /// The fields of the index, as far as they are literal.
    pub fields: Vec<Sym>,
}

/// The operations of newest migrations that lock a table with rows in it.
pub fn locking(project: &Project) -> Vec<Locking> {
    let mut out = Vec::new();
    // Some migration builds one without a lock: tables are large enough to mind.
    if !project.file_ids().any(|file| project.is_concurrent(file)) {
        return out;
    }
    let mut seen: FxHashSet<FileId> = FxHashSet::default();
    for model in project.models().iter().filter(|m| advice::is_ours(project, m.id)) {
        let Ok(migrations) = project.migrations(model.id) else {
            continue;
        };
        let Ok(leaf) = migrations.leaf() else { continue };
        if !seen.insert(leaf.file) {
            continue;
        }
        let calls = calls(project, leaf.file);
        let made: Vec<Sym> = calls
            .iter()
            .filter(|(call, _)| is(call, "CreateModel"))
            .filter_map(|(call, _)| argument(call, "name", 0)?.as_str())
            .collect();
        for (call, span) in calls.iter().filter(|(call, _)| is(call, "AddIndex")) {
            let Some(name) = argument(call, "model_name", 0).and_then(Expr::as_str) else {
                continue;
            };
            let same = |other: &Sym| other.as_str().eq_ignore_ascii_case(name.as_str());
            let label = format!("{}.{name}", model.app_label);
            let Some(table) = project.model_by_label(&label, leaf.file) else {
                continue;
            };
            if !made.iter().any(same) {
                out.push(Locking {
                    table,
                    site: Site::new(leaf.file, *span),
                    fields: fields(project, leaf.file, call),
                });
            }
        }
    }
    out
}

/// The calls in `operations` of a migration, with their places; none where they are computed.
fn calls(project: &Project, file: FileId) -> Vec<(&Call, Span)> {
    let operations = project.operations(file).unwrap_or_default();
    operations
        .into_iter()
        .filter_map(|operation| match &operation.kind {
            ExprKind::Call(call) => Some((&**call, operation.span)),
            _ => None,
        })
        .collect()
}

fn is(call: &Call, operation: &str) -> bool {
    call.func.last_name().is_some_and(|name| name == *operation)
}

/// The literal fields of the index that an operation adds; the index may be a constant of the module.
fn fields(project: &Project, file: FileId, call: &Call) -> Vec<Sym> {
    let mut index = argument(call, "index", 1);
    if let Some(name) = index.and_then(Expr::as_name) {
        let assigns = &project.file(file).facts.assigns;
        index = assigns
            .iter()
            .rev()
            .find(|a| a.name == name)
            .and_then(|a| a.value.as_deref());
    }
    let Some(ExprKind::Call(index)) = index.map(|e| &e.kind) else {
        return Vec::new();
    };
    match index.keyword("fields").map(|e| &e.kind) {
        Some(ExprKind::List(items) | ExprKind::Tuple(items)) => {
            items.iter().filter_map(Expr::as_str).collect()
        }
        _ => Vec::new(),
    }
}
