//! Queries in a loop over rows that ask for what refers to the row: `Product.objects.filter(category=category)`.
//!
//! They ask about the other end of a foreign key, so that an annotation of the loop's queryset answers them. Queries
//! for other keys are left to a reader: whether a dictionary gives what the database gave depends on the keys.

use std::collections::BTreeMap;

use crate::analysis::event::Eval;
use crate::project::{Def, ModelAttr, RelKind};
use crate::source::{Site, Sym};
use crate::syntax::python::ast::{Expr, Keyword};

use super::annotated::{Asked, Work, annotatable};
use super::chain::{self, Chain};
use super::eager::Target;
use super::imports::Imports;
use super::looped::Ground;
use super::scope::Scope;
use super::{Desk, Fix, Refusal};

const KEY: Refusal = "the rows are not those that refer to the row of the loop";

/// Annotates the rows of the loop with the answer.
pub fn fix(desk: Desk<'_, '_>, eval: &Eval) -> Result<Fix, Refusal> {
    let project = desk.project;
    let file = eval.site.file;
    if project.is_template(eval.site) {
        return Err("the query runs in a template");
    }
    if !eval.calls.is_empty() {
        return Err("the query runs in another function");
    }
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let scope = Scope::around(&module, eval.site.span).ok_or("the loop stands outside of functions")?;
    let question = chain::find(&module, eval.site.span).ok_or("the query is no expression of its own")?;
    let chain = Chain::of(question.expr);
    let (Expr::Name(root), Some((manager, links))) = (chain.root, chain.links.split_first()) else {
        return Err(KEY);
    };
    let named = project.lookup(file, Sym::new(root.id.as_str()));
    let other = match named {
        Some(Def::Class(class)) if !scope.binds(root.id.as_str()) => project.class(class).model.ok_or(KEY)?,
        _ => return Err(KEY),
    };
    let manager = manager.name.filter(|_| manager.arguments.is_none()).ok_or(KEY)?;
    let (last, links) = links.split_last().ok_or(KEY)?;
    let keywords = links
        .iter()
        .filter_map(|link| link.arguments)
        .flat_map(|a| &a.keywords);
    let mut keys = keywords.filter_map(|keyword| key(keyword).map(|row| (keyword, row)));
    let relation_of = |keyword: &Keyword| {
        let lookup = keyword.arg.as_ref()?.as_str();
        let name = lookup.split("__").next()?;
        match project.model_attr(other, Sym::new(name))? {
            ModelAttr::Forward(id) | ModelAttr::Attname(id) => Some(project.relation(id)),
            _ => None,
        }
    };
    let (keyword, row, relation) = keys
        .find_map(|(keyword, row)| {
            let relation =
                relation_of(keyword).filter(|r| r.kind == RelKind::ForeignKey && r.owner == other)?;
            let lookup = keyword.arg.as_ref()?.as_str();
            let whole = lookup == relation.name.as_str()
                || lookup
                    .strip_prefix(relation.name.as_str())
                    .is_some_and(|rest| matches!(rest, "_id" | "__pk" | "__id"));
            whole.then_some((keyword, row, relation))
        })
        .ok_or(KEY)?;
    let model = relation.target_model().ok_or(KEY)?;
    let accessor = relation
        .accessor
        .ok_or("the relation has no name on its other end")?;
    let mut ground = Ground {
        project,
        analysis: desk.analysis,
        trees: desk.trees,
        module: &module,
        text,
        file,
        scope: &scope,
        place: eval.site.span,
    };
    ground.place = ground.source(&question, row).ok_or(KEY)?;
    let looped = ground.looped(&question, row)?;
    let rows = chain::find(&module, ground.place).ok_or(KEY)?;
    annotatable(&ground, model, &Chain::of(rows.expr))?;
    let mut asked = Asked::new(project, relation, false, &question, Some(last))?;
    asked.manager = Some(manager.to_owned());
    asked.narrow(&ground, links, |other| std::ptr::eq(other, keyword))?;
    let target = Target {
        site: Site::new(file, ground.place),
        model,
        queries: &[],
        prefetched: false,
        helper: false,
    };
    let mut work = Work {
        target,
        imports: Imports::new(project, file, &module, text, &scope),
        edits: Vec::new(),
        annotations: BTreeMap::new(),
    };
    work.answer(&ground, &looped, &asked, accessor)?;
    work.done(&ground, &rows)
}

/// The variable in `x=row`, `x=row.pk` and `x=row.id`.
fn key(keyword: &Keyword) -> Option<&str> {
    match &keyword.value {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "pk" | "id") => {
            match &*attribute.value {
                Expr::Name(name) => Some(name.id.as_str()),
                _ => None,
            }
        }
        _ => None,
    }
}
