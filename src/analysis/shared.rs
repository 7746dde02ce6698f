//! Which addresses answer every visitor alike: feeds, sitemaps, and view functions that read nothing of the request.
//!
//! What stands around a view in its pattern is not understood: such a view is left out, as is one with decorators of its
//! own. Pages with a template are left out too; what templates print is not known here.

use crate::ir::{Call, Expr, ExprKind, Routine, Stmt};
use crate::project::urls::{self, Endpoint, ViewRef};
use crate::project::{ClassId, ClassRef, Def, FuncId, Part, Project};
use crate::source::{FileId, Site, Span, Sym};

use super::event::{Eval, Load, is_many};
use super::{Analysis, walk};
use super::{judge, visitors};

/// Queries from which on an answer is worth keeping.
const ENOUGH: usize = 3;
/// Functions that call functions are followed so far.
const MAX_DEPTH: u32 = 4;
/// Names that stand for the visitor, for the time between two requests, or for what keeps answers itself.
const VISITOR: &[&str] = &[
    "request", "user", "session", "messages", "cache", "caches", "thread", "local",
];
/// Words in names of functions whose answers belong to the moment or to somebody, or that change something.
const MOMENT: &[&str] = &[
    "cache", "current", "random", "token", "health", "ready", "ping", "status", "metric", "now", "render",
    "save", "delete", "create", "delay", "send", "execute", "cookie", "language", "locale", "user", "cursor",
    "csrf",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Feed,
    Sitemap,
    Function,
}

/// One pattern that answers alike.
#[derive(Debug)]
pub struct Shared<'a> {
    pub kind: Kind,
    pub pattern: Sym,
    /// The view in its pattern.
    pub view: Site,
    /// Evaluations that the answer costs, one a place.
    pub runs: Vec<&'a Eval>,
}

/// The patterns in the order in which they are resolved.
pub fn pages<'a>(project: &Project, analysis: &'a Analysis) -> Vec<Shared<'a>> {
    if project.all_log_in() || project.pages_cached() {
        return Vec::new();
    }
    let found = project.endpoints().iter();
    found
        .filter_map(|endpoint| page(project, analysis, endpoint))
        .collect()
}

fn page<'a>(project: &Project, analysis: &'a Analysis, endpoint: &Endpoint) -> Option<Shared<'a>> {
    let file = endpoint.site.file;
    if project.file(file).part != Part::Source {
        return None;
    }
    let call = call_at(project, endpoint.site)?;
    let view = call.positional(1).or_else(|| call.keyword("view"))?;
    let named = project.resolve_expr(file, view);
    let (kind, runs) = match (endpoint.view, named) {
        (ViewRef::Class(class), None) => (Kind::Feed, feed(project, analysis, class, view)?),
        (ViewRef::Func(func), Some(Def::Func(same))) if func == same => {
            (Kind::Function, function(project, analysis, func)?)
        }
        (ViewRef::External(dotted), Some(Def::External(same))) if dotted == same => {
            let known = urls::shared()
                .sitemaps
                .iter()
                .any(|name| dotted == *name.as_str());
            let runs = known.then(|| sitemaps(project, analysis, file, call))?;
            (Kind::Sitemap, runs)
        }
        _ => return None,
    };
    let mut runs: Vec<&Eval> = runs;
    runs.sort_by_key(|eval| eval.query.site);
    runs.dedup_by_key(|eval| eval.query.site);
    (!runs.is_empty()).then(|| Shared {
        kind,
        pattern: endpoint.pattern,
        view: Site::new(file, view.span),
        runs,
    })
}

/// The call that makes a pattern.
fn call_at(project: &Project, site: Site) -> Option<&Call> {
    let facts = &project.file(site.file).facts;
    facts
        .functions
        .iter()
        .flat_map(|routine| &routine.body)
        .filter(|stmt| stmt.span.contains(site.span))
        .find_map(|stmt| in_statement(stmt, site.span))
}

fn in_statement(stmt: &Stmt, span: Span) -> Option<&Call> {
    use crate::ir::StmtKind;
    let value: Option<&Expr> = match &stmt.kind {
        StmtKind::Expr(value) => Some(value),
        StmtKind::Assign { value, .. } | StmtKind::AugAssign { value, .. } => Some(value),
        StmtKind::AnnAssign { value, .. } => value.as_deref(),
        _ => None,
    };
    let found = value.and_then(|value| in_expression(value, span));
    found.or_else(|| {
        let mut inner = stmt.blocks().into_iter().flatten();
        inner.find_map(|stmt| in_statement(stmt, span))
    })
}

fn in_expression(expr: &Expr, span: Span) -> Option<&Call> {
    match &expr.kind {
        ExprKind::Call(call) if expr.span == span => Some(call),
        _ => walk::parts(expr)
            .into_iter()
            .filter(|part| part.span.contains(span))
            .find_map(|part| in_expression(part, span)),
    }
}

/// `LatestBooks()`, where no method of the class reads the request.
fn feed<'a>(project: &Project, analysis: &'a Analysis, class: ClassId, view: &Expr) -> Option<Vec<&'a Eval>> {
    let ExprKind::Call(made) = &view.kind else {
        return None;
    };
    let plain = made.args.is_empty()
        && project.derives_from(class, &[&urls::shared().feed])
        && answers_alike(project, class);
    plain.then(|| played(project, analysis, class))
}

/// The maps that a pattern prints; none where one of them cannot be read.
fn sitemaps<'a>(project: &Project, analysis: &'a Analysis, file: FileId, call: &Call) -> Vec<&'a Eval> {
    let base = urls::shared().sitemap.as_str();
    let given = call.positional(2).or_else(|| call.keyword("kwargs"));
    let listed = given.and_then(|given| value_of(given, "sitemaps"));
    let listed = listed.and_then(|listed| match &listed.kind {
        ExprKind::Name(_) => match project.resolve_expr(file, listed)? {
            Def::Assign(home, at) => {
                let value = project.file(home).facts.assigns[at as usize].value.as_deref();
                Some((home, value?))
            }
            _ => None,
        },
        _ => Some((file, listed)),
    });
    let Some((home, ExprKind::Dict(items))) = listed.map(|(home, value)| (home, &value.kind)) else {
        return Vec::new();
    };
    let class = |value: &Expr| match project.resolve_expr(home, value) {
        Some(Def::Class(class)) => Some(class),
        _ => match &value.kind {
            ExprKind::Call(call) => match project.resolve_expr(home, &call.func) {
                Some(Def::Class(class)) => Some(class),
                _ => None,
            },
            _ => None,
        },
    };
    let classes: Option<Vec<ClassId>> = items.iter().map(|item| class(&item.value)).collect();
    let classes = classes.unwrap_or_default();
    let fits = |class: &ClassId| project.derives_from(*class, &[base]) && answers_alike(project, *class);
    if classes.iter().all(fits) {
        let all = classes.into_iter();
        all.flat_map(|class| played(project, analysis, class)).collect()
    } else {
        Vec::new()
    }
}

fn value_of<'p>(dict: &'p Expr, key: &str) -> Option<&'p Expr> {
    let ExprKind::Dict(items) = &dict.kind else {
        return None;
    };
    let found = items.iter().find(|item| {
        item.key
            .as_ref()
            .and_then(Expr::as_str)
            .is_some_and(|k| k == *key)
    });
    found.map(|item| &item.value)
}

/// What the framework asks for when it goes through the rows of a class.
fn played<'a>(project: &Project, analysis: &'a Analysis, class: ClassId) -> Vec<&'a Eval> {
    let name = Site::new(project.class(class).file, project.class_facts(class).name_span);
    // What library code runs for a class stands at the name of the class.
    let of_class = |eval: &Eval| eval.site == name || eval.calls.first() == Some(&name);
    let runs = analysis.runs.iter().map(|(eval, _)| eval);
    runs.filter(|eval| of_class(eval)).collect()
}

/// No method that the project writes for a class reads anything of a visitor.
fn answers_alike(project: &Project, class: ClassId) -> bool {
    let known = project.class(class).mro.iter().filter_map(|part| match part {
        ClassRef::Known(id) if !project.is_stub(project.class(*id).file) => Some(*id),
        _ => None,
    });
    known.into_iter().all(|id| {
        let file = project.class(id).file;
        let facts = project.class_facts(id);
        let own = |idx: &crate::ir::FuncIdx| project.routine(project.func_id(file, *idx));
        facts.decorators.is_empty()
            && facts
                .methods
                .iter()
                .all(|(name, idx)| name != "__call__" && is_steady(project, file, own(idx), MAX_DEPTH))
    })
}

/// A view function that makes its answer of queries alone.
fn function<'a>(project: &Project, analysis: &'a Analysis, func: FuncId) -> Option<Vec<&'a Eval>> {
    let (file, _) = project.func(func);
    let routine = project.routine(func);
    let plain = |decorator: &Expr| {
        decorator
            .last_name()
            .is_some_and(|name| urls::shared().is_harmless(name.as_str()))
    };
    let alike = !of_the_moment(routine.name)
        && routine.decorators.iter().all(plain)
        && is_steady(project, file, routine, MAX_DEPTH);
    if !alike {
        return None;
    }
    let of_view = analysis.runs.iter().filter(|(_, at)| *at == func);
    let runs: Vec<&Eval> = of_view
        .map(|(eval, _)| eval)
        .filter(|eval| !eval.conditional)
        .collect();
    let public = runs.iter().all(|eval| visitors::is_public(project, eval, func));
    let loops = |load: &Load| {
        let judged = judge::judge(project, load, func);
        judged.is_some_and(|judged| judged.repeated && !judged.loaded && !judged.open)
    };
    let repeated = analysis.evals.iter().any(|(_, at)| *at == func)
        || analysis
            .loads
            .iter()
            .any(|(load, at)| *at == func && is_many(&load.row) && loops(load));
    let mut places: Vec<Site> = runs.iter().map(|eval| eval.query.site).collect();
    places.sort();
    places.dedup();
    (public && (repeated || places.len() >= ENOUGH)).then_some(runs)
}

/// A routine and the functions that it calls by name read nothing of a visitor, and change nothing.
fn is_steady(project: &Project, file: FileId, routine: &Routine, depth: u32) -> bool {
    let mut steady = true;
    let mut called: Vec<FuncId> = Vec::new();
    for stmt in &routine.body {
        walk::expressions(stmt, &mut |e| match &e.kind {
            ExprKind::Name(name) => steady &= !VISITOR.contains(&name.as_str()),
            ExprKind::Attr(attr) => steady &= !urls::shared().is_of_requests(attr.name.as_str()),
            ExprKind::Call(call) => {
                steady &= call.func.last_name().is_none_or(|name| !of_the_moment(name));
                if let Some(Def::Func(func)) = project.resolve_expr(file, &call.func) {
                    called.push(func);
                }
            }
            ExprKind::Lambda(_) | ExprKind::Invalid => steady = false,
            _ => {}
        });
    }
    let mut inner = called.into_iter();
    steady
        && inner.all(|func| {
            let (home, _) = project.func(func);
            depth > 0 && (project.is_stub(home) || is_steady(project, home, project.routine(func), depth - 1))
        })
}

fn of_the_moment(name: Sym) -> bool {
    let name = name.as_str().to_ascii_lowercase();
    name.split('_')
        .any(|part| MOMENT.iter().any(|word| part.trim_end_matches('s') == *word))
}
