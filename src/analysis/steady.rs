//! Which loops of templates show every visitor the same rows.
//!
//! A loop does if its rows come from a queryset that nothing of the request decides, and its body reads nothing but
//! these rows. What cannot be followed is no such loop: tags of packages, includes that mention other variables,
//! conditions that compare with something unknown.

use crate::ir::{Expr, Stmt, StmtKind, TemplateStmt};
use crate::project::Project;
use crate::source::{FileId, Site, Span, Sym};

use super::ambient::{self, Of};
use super::conditions::Order;
use super::conditions::{Condition, Given};
use super::event::Eval;
use super::value::{Base, Deps};
use super::walk;

/// `{% for … %}` over a variable of the context, with an `{% if %}` around it that asks for the same variable.
#[derive(Debug, Clone, Copy)]
pub struct Region<'p> {
    /// The whole tag.
    pub span: Span,
    pub variable: Sym,
    /// Where the rows are read first.
    pub first: &'p Expr,
}

/// The loops of a template that print nothing but their rows.
pub fn regions(project: &Project, file: FileId) -> Vec<Region<'_>> {
    let mut found = Vec::new();
    let facts = &project.file(file).facts;
    let blocks = facts.template.iter().flat_map(|template| &template.blocks);
    let bodies = facts.functions.iter().map(|routine| &routine.body);
    for body in bodies.chain(blocks.map(|block| &block.body)) {
        collect(project, file, body, &mut Vec::new(), &mut found);
    }
    found
}

fn collect<'p>(
    project: &'p Project,
    file: FileId,
    body: &'p [Stmt],
    bound: &mut Vec<Sym>,
    found: &mut Vec<Region<'p>>,
) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Template(part) => match &**part {
                TemplateStmt::Scope(inner) => {
                    if let [each] = &inner[..]
                        && let Some(region) = region(project, file, stmt.span, each, bound)
                    {
                        found.push(region);
                    } else {
                        let outer = bound.len();
                        collect(project, file, inner, bound, found);
                        bound.truncate(outer);
                    }
                }
                TemplateStmt::Tag { target, .. } => bound.extend(*target),
                TemplateStmt::Regroup { target, .. } => bound.push(*target),
                _ => {}
            },
            StmtKind::Assign { targets, .. } => bound.extend(targets.iter().filter_map(Expr::as_name)),
            StmtKind::If { test, body, orelse } => {
                let variable = test.as_variable().filter(|name| !bound.contains(name));
                let loops = |inner: &[Stmt]| inner.iter().any(|stmt| is_loop_over(stmt, variable));
                if let Some(variable) = variable
                    && loops(body)
                    && steady(project, file, std::slice::from_ref(stmt), vec![variable])
                {
                    found.push(Region {
                        span: stmt.span,
                        variable,
                        first: test,
                    });
                    continue;
                }
                collect(project, file, body, bound, found);
                // `{% elif %}` is no tag that something can stand around.
                let chained = |inner: &Stmt| inner.span.end == stmt.span.end;
                if !orelse.iter().any(chained) {
                    collect(project, file, orelse, bound, found);
                }
            }
            _ => {}
        }
    }
}

fn is_loop_over(stmt: &Stmt, variable: Option<Sym>) -> bool {
    stmt.blocks()
        .into_iter()
        .flatten()
        .any(|inner| match &inner.kind {
            StmtKind::For { iter, .. } => variable.is_some() && iter.as_variable() == variable,
            _ => false,
        })
}

/// Nothing of the request and no other variable is read.
fn steady(project: &Project, file: FileId, body: &[Stmt], mut own: Vec<Sym>) -> bool {
    own.push(Sym::new("forloop"));
    let readings = ambient::readings(project, file, body);
    let same = readings
        .iter()
        .all(|reading| reading.of == Of::Language && !project.several_languages());
    same && reads_only(project, file, body, &mut own)
}

fn region<'p>(
    project: &Project,
    file: FileId,
    span: Span,
    each: &'p Stmt,
    bound: &[Sym],
) -> Option<Region<'p>> {
    let StmtKind::For {
        target, iter, body, ..
    } = &each.kind
    else {
        return None;
    };
    let variable = iter.as_variable().filter(|name| !bound.contains(name))?;
    let mut own = vec![variable];
    walk::expression(target, &mut |e| own.extend(e.as_name()));
    steady(project, file, body, own).then_some(Region {
        span,
        variable,
        first: iter,
    })
}

/// Nothing is read but what the statements bind themselves.
fn reads_only(project: &Project, file: FileId, body: &[Stmt], own: &mut Vec<Sym>) -> bool {
    let plain = |expr: &Expr, own: &[Sym]| {
        let mut plain = true;
        walk::expression(expr, &mut |e| {
            plain &= match &e.kind {
                crate::ir::ExprKind::Var(name) => own.contains(name),
                crate::ir::ExprKind::Invalid => false,
                _ => true,
            };
        });
        plain
    };
    body.iter().all(|stmt| match &stmt.kind {
        StmtKind::Expr(expr) => plain(expr, own),
        StmtKind::Assign { targets, value } => {
            let known = plain(value, own);
            own.extend(targets.iter().filter_map(Expr::as_name));
            known
        }
        StmtKind::If { test, body, orelse } => {
            plain(test, own) && reads_only(project, file, body, own) && reads_only(project, file, orelse, own)
        }
        StmtKind::For {
            target, iter, body, ..
        } => {
            let known = plain(iter, own);
            walk::expression(target, &mut |e| own.extend(e.as_name()));
            known && reads_only(project, file, body, own)
        }
        StmtKind::Template(part) => match &**part {
            TemplateStmt::Scope(body) => reads_only(project, file, body, own),
            TemplateStmt::Ambient(_) => true,
            TemplateStmt::Include { template, with, .. } => {
                let named = template.as_str();
                let included = named.and_then(|name| project.template(name.as_str(), file));
                let names = included.and_then(|file| project.template_names(file));
                let given = |name: &Sym| own.contains(name) || with.iter().any(|(n, _)| n == name);
                with.iter().all(|(_, value)| plain(value, own))
                    && names.is_some_and(|names| names.iter().all(given))
            }
            _ => false,
        },
        _ => false,
    })
}

/// Whether an evaluation asks the same of the database in each request, as far as its conditions can be read.
pub fn same_for_all(eval: &Eval) -> bool {
    let query = &eval.query;
    let known = query
        .filters
        .iter()
        .all(|filter| !filter.sometimes && !filter.either && constant(&filter.condition));
    matches!(query.base, Base::Model)
        && eval.deps == Deps::NONE
        && known
        && !query.plan.open
        && !query.batched
        && (!query.single || query.sliced)
        && query.order != Order::Unknown
}

fn constant(condition: &Condition) -> bool {
    match condition {
        Condition::Compared(compared) => match compared.given {
            Given::Other => {
                // Dates and numbers to be above or below of; a row or a language is compared with `=`.
                let lookup = compared.lookup.as_str();
                ["__gte", "__gt", "__lte", "__lt"]
                    .iter()
                    .any(|end| lookup.ends_with(end))
            }
            _ => true,
        },
        Condition::All(parts) | Condition::Any(parts) => parts.iter().all(constant),
        Condition::Not(inner) => constant(inner),
        Condition::Unknown => false,
    }
}

/// The evaluations of a region's rows, each with its entry point.
pub fn runs(analysis: &super::Analysis, site: Site) -> impl Iterator<Item = &(Eval, crate::project::FuncId)> {
    analysis.runs.iter().filter(move |(eval, _)| eval.site == site)
}
