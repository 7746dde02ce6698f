//! Index operations of a migration that leave the table open while they run: PostgreSQL only.
//!
//! See "Concurrent index operations" in the documentation of `django.contrib.postgres`.

use crate::fix::declare::Body;
use crate::fix::imports::Imports;
use crate::fix::scope::Scope;
use crate::fix::{Desk, Fix, Refusal, Safety, chain};
use crate::source::{Site, Span};
use crate::syntax::python::ast::Expr;
use crate::syntax::python::{Ranged, span};

/// Where the operations come from.
pub(super) const OPERATIONS: &str = "django.contrib.postgres.operations";

/// Operations and those that leave the table open.
const TWINS: [(&str, &str); 2] = [
    ("AddIndex", "AddIndexConcurrently"),
    ("RemoveIndex", "RemoveIndexConcurrently"),
];

/// Makes an operation at a place of a migration one that leaves the table open.
pub fn concurrent(desk: &Desk<'_, '_>, site: Site) -> Result<Fix, Refusal> {
    const SHAPE: Refusal = "it is no plain operation on an index";
    let module = desk.trees.get(site.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(site.file);
    let found = chain::find(&module, site.span).ok_or(SHAPE)?;
    let call = found.expr.as_call_expr().ok_or(SHAPE)?;
    let twin = twin(&call.func).ok_or(SHAPE)?;
    let facts = &desk.project.file(site.file).facts;
    let class = facts.classes.iter().find(|class| class.name == "Migration");
    let class = class
        .filter(|class| class.span.contains(site.span))
        .ok_or(SHAPE)?;
    let body = Body::of(&module, text, Site::new(site.file, class.name_span)).ok_or(SHAPE)?;
    let (operations, _) = body.assign("operations").ok_or(SHAPE)?;
    let operations = match operations {
        Expr::List(list) => &list.elts[..],
        Expr::Tuple(tuple) => &tuple.elts[..],
        _ => return Err(SHAPE),
    };
    let only_indexes = operations.iter().all(|operation| {
        let callee = operation.as_call_expr().and_then(|call| last_name(&call.func));
        callee.is_some_and(|name| TWINS.iter().any(|(plain, twin)| name == *plain || name == *twin))
    });
    if !only_indexes {
        return Err("the migration does other things, too, which have to be undone when the index fails");
    }
    let scope = Scope::empty();
    let mut imports = Imports::new(desk.project, site.file, &module, text, &scope);
    let name = imports.named(OPERATIONS, twin)?;
    let mut edits = imports.edits()?;
    edits.push((span(call.func.range()), name));
    match body.assign("atomic") {
        Some((Expr::BooleanLiteral(truth), _)) if !truth.value => {}
        Some((value, _)) => edits.push((span(value.range()), "False".to_owned())),
        None => {
            let (indent, _) = body.indentation();
            let at = body.header_end()?;
            let gap = if text[at as usize..]
                .trim_start_matches([' ', '\t'])
                .starts_with("\n\n")
            {
                ""
            } else {
                "\n"
            };
            edits.push((Span::new(at, at), format!("\n{indent}atomic = False{gap}")));
        }
    }
    let title = format!("Use `{twin}`");
    Fix::in_file(Safety::Unsafe, title, site.file, edits)
}

fn twin(callee: &Expr) -> Option<&'static str> {
    let name = last_name(callee)?;
    TWINS
        .iter()
        .find(|(plain, _)| name == *plain)
        .map(|(_, twin)| *twin)
}

fn last_name(callee: &Expr) -> Option<&str> {
    match callee {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}
