//! `only()` and eager loading: the keys of what is joined or prefetched have to be among the columns.

use crate::project::{ModelAttr, Project, RelKind};
use crate::source::{Span, Sym};
use crate::syntax::python::{Ranged, span};

use super::Refusal;
use super::chain::{self, Chain};
use super::eager::{Target, Wanted};
use super::layout::Style;

/// Adds to the `only()` of a chain what the wanted paths need.
pub(super) fn keep(
    project: &Project,
    style: Style,
    target: Target<'_>,
    chain: &Chain<'_>,
    wanted: &Wanted,
) -> Result<Vec<(Span, String)>, Refusal> {
    let only = chain.links.iter().rev().find(|link| link.name == Some("only"));
    let arguments = only
        .and_then(|link| link.arguments)
        .ok_or("the queryset is narrowed by `only()` elsewhere")?;
    let named: Option<Vec<&str>> = chain::strings(arguments).into_iter().collect();
    let named = named.ok_or("the names in `only()` are computed")?;
    let deeper = |name: &str| named.iter().any(|n| n.starts_with(&format!("{name}__")));
    let mut missing: Vec<String> = Vec::new();
    for path in &wanted.select {
        // Names behind a relation narrow the row at its end as well.
        let ends = path.match_indices("__").map(|(end, _)| end).chain([path.len()]);
        if let Some(end) = ends.into_iter().find(|end| !deeper(&path[..*end])) {
            missing.push(path[..end].to_owned());
        }
    }
    for path in &wanted.prefetch {
        let head = path.split("__").next().unwrap_or(path);
        if let Some(ModelAttr::Forward(relation)) = project.model_attr(target.model, Sym::new(head)) {
            let kind = project.relation(relation).kind;
            if kind == RelKind::GenericForeignKey {
                return Err("the columns of the generic relation are left out by `only()`");
            }
            if kind.single() && !deeper(head) {
                missing.push(head.to_owned());
            }
        }
    }
    missing.sort();
    missing.dedup();
    missing.retain(|name| {
        !named
            .iter()
            .any(|n| n == name || n.strip_suffix("_id") == Some(name))
    });
    let Some(last) = arguments.args.last().filter(|_| !missing.is_empty()) else {
        return Ok(Vec::new());
    };
    let end = span(last.range()).end;
    let content: String = missing
        .iter()
        .map(|name| format!(", {}", style.string(name)))
        .collect();
    Ok(vec![(Span::new(end, end), content)])
}
