//! `prefetch_related_objects([row], …)` in a loop: the queryset of the loop prefetches instead.

use crate::source::Site;
use crate::syntax::python::ast::{Expr, Stmt};
use crate::syntax::python::{Ranged, span};

use super::chain::{self, Chain};
use super::eager::{self, Target, Wanted};
use super::imports;
use super::layout::Style;
use super::looped::Ground;
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety, layout};

/// Prefetches on the queryset at the target what the call at a place prefetches row by row.
pub fn fix(desk: Desk<'_, '_>, target: Target<'_>, call: Site) -> Result<Fix, Refusal> {
    const SHAPE: Refusal = "only a statement of its own with literal paths can move to the queryset";
    let project = desk.project;
    let file = target.site.file;
    if call.file != file {
        return Err("the rows are fetched in another file");
    }
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let place = target.site.span;
    let found = chain::find(&module, place).ok_or("the queryset is no expression of its own")?;
    let scope = Scope::around(&module, place).ok_or("the queryset is made outside of functions")?;
    let ground = Ground {
        project,
        analysis: desk.analysis,
        trees: desk.trees,
        module: &module,
        text,
        file,
        scope: &scope,
        place,
    };
    let prefetch = chain::find(&module, call.span).ok_or(SHAPE)?;
    let node = prefetch.expr.as_call_expr().ok_or(SHAPE)?;
    let (first, paths) = node.arguments.args.split_first().ok_or(SHAPE)?;
    let (Expr::List(rows), true) = (first, node.arguments.keywords.is_empty()) else {
        return Err(SHAPE);
    };
    let [row @ Expr::Name(_)] = &rows.elts[..] else {
        return Err(SHAPE);
    };
    let mut wanted = Wanted::default();
    for path in paths {
        let path = path.as_string_literal_expr().ok_or(SHAPE)?;
        wanted.prefetch.push(path.value.to_str().to_owned());
    }
    let body = ground.each(span(row.range()))?;
    let statement = body
        .iter()
        .find(|stmt| matches!(stmt, Stmt::Expr(only) if only.value.range() == prefetch.expr.range()));
    let statement = statement.filter(|_| body.len() > 1).ok_or(SHAPE)?;
    let line = layout::dropped_line(&module, text, span(statement.range())).ok_or(SHAPE)?;
    let chain = Chain::of(found.expr);
    eager::changeable(project, &module, target, &chain)?;
    if chain.links.is_empty() {
        return Err("the queryset is no chain of calls");
    }
    let wanted = eager::fitted(project, text, &module, target, &found, &wanted)?;
    let calls = wanted.as_calls(Style::of(text));
    let mut edits = eager::put(project, text, &module, target, &found, calls);
    edits.push((line, String::new()));
    if let Expr::Name(function) = &*node.func {
        edits.extend(imports::unused(
            &module,
            text,
            function.id.as_str(),
            span(function.range()),
        ));
    }
    Fix::in_file(Safety::Unsafe, format!("Add `{}`", wanted.calls()), file, edits)
}
