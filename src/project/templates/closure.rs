//! The context variables that a template mentions together with all it includes and extends.
//!
//! Knows which tags see the whole context, not what they read in it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{Part, Project};
use crate::ir::{Stmt, StmtKind, TemplateStmt};
use crate::source::{FileId, Sym};

/// Every template with the variables of its closure, or none where something is computed or unknown.
pub(super) fn variables(project: &Project) -> FxHashMap<FileId, Option<FxHashSet<Sym>>> {
    let templates = project
        .file_ids()
        .filter(|id| project.file(*id).part == Part::Template);
    let steps: FxHashMap<FileId, Option<Vec<FileId>>> = templates.map(|id| (id, next(project, id))).collect();
    steps
        .keys()
        .map(|start| (*start, closure(project, &steps, *start)))
        .collect()
}

fn closure(
    project: &Project,
    steps: &FxHashMap<FileId, Option<Vec<FileId>>>,
    start: FileId,
) -> Option<FxHashSet<Sym>> {
    let mut names = FxHashSet::default();
    let mut seen = FxHashSet::from_iter([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        let facts = project.file(id).facts.template.as_deref()?;
        names.extend(facts.names.iter().copied());
        let next = steps.get(&id)?.as_ref()?;
        open.extend(next.iter().copied().filter(|id| seen.insert(*id)));
    }
    Some(names)
}

/// The templates that one template includes or extends; none if one of them is unknown.
fn next(project: &Project, id: FileId) -> Option<Vec<FileId>> {
    let file = project.file(id);
    let facts = file.facts.template.as_deref()?;
    if facts.dynamic {
        return None;
    }
    let bodies = file.facts.functions.iter().map(|routine| &routine.body);
    let blocks = facts.blocks.iter().map(|block| &block.body);
    if bodies.chain(blocks).any(|body| shows_context(project, id, body)) {
        return None;
    }
    let included = facts
        .includes
        .iter()
        .map(|name| project.template(name.as_str(), id));
    let extended = facts
        .extends
        .iter()
        .map(|name| project.extended_template(name.as_str(), id));
    included.chain(extended).collect()
}

/// Whether a tag of the project is given the whole context.
fn shows_context(project: &Project, id: FileId, body: &[Stmt]) -> bool {
    let within = |body: &[Stmt]| shows_context(project, id, body);
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::If { body, orelse, .. }
        | StmtKind::For { body, orelse, .. }
        | StmtKind::While { body, orelse, .. } => within(body) || within(orelse),
        StmtKind::With { body, .. } => within(body),
        StmtKind::Template(part) => match &**part {
            TemplateStmt::Scope(body) => within(body),
            TemplateStmt::Cached(fragment) => within(&fragment.body),
            TemplateStmt::Tag { name, body, .. } => {
                let tag = project.template_tag(id, *name);
                tag.is_some_and(|tag| tag.takes_context || tag.kind == super::TagKind::Custom) || within(body)
            }
            _ => false,
        },
        _ => false,
    })
}
