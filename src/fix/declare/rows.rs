//! The rows that a page shows: `list_select_related`, `queryset` and `get_queryset()` of a class.

use crate::fix::Refusal;
use crate::fix::eager::{self, Target, Wanted};
use crate::fix::layout::Call;
use crate::ir::ExprKind;
use crate::project::{ClassId, ClassRef, Member, ModelAttr, ModelId};
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::{Expr, StmtFunctionDef};
use crate::syntax::python::{Ranged, span};

use super::body::{self, Body, Change};
use super::hooks::{self, Rows};
use super::{Scope, Use};

/// Attributes that tell the rows of a class, besides those in the table.
const MODEL: &str = "model";

/// What makes the class load the wanted paths.
pub(super) fn changes(scope: &Scope<'_>, body: &Body<'_>, one: &Use<'_>) -> Result<Vec<Change>, Refusal> {
    let hook = scope
        .heirs()
        .find_map(|class| hooks::rows(scope.project, class))
        .ok_or("the class is of a kind whose rows djperf cannot change")?;
    let named = |name: &Option<String>| match (&scope.attribute, name) {
        (Some(attribute), Some(name)) => *attribute == **name,
        _ => false,
    };
    let known = match scope.attribute {
        None => true,
        Some(attribute) => attribute == MODEL || named(&hook.joins),
    };
    if !known {
        return Err("the rows are not those of the class");
    }
    loadable(scope, one)?;
    same_rows(scope, &one.wanted)?;
    let mut made = Vec::new();
    let mut left = one.wanted.clone();
    if let Some(joins) = &hook.joins
        && !left.select.is_empty()
        && !selects_itself(scope, &hook.method)
    {
        let mut paths = std::mem::take(&mut left.select);
        // The list names the foreign keys among the columns anyway.
        let columns = columns(scope, hook);
        let (shown, others) = left.prefetch.into_iter().partition(|path| columns.contains(path));
        paths.extend::<Vec<String>>(shown);
        left.prefetch = others;
        made.extend(joined(scope, body, hook, joins, &paths, &one.kept)?);
    }
    if left != Wanted::default() {
        made.extend(match &hook.attribute {
            Some(attribute) if scope.attribute.is_some() && is_lazy(scope) => {
                as_attribute(scope, body, attribute, &left)?
            }
            _ => by_method(scope, body, hook, &left, one)?,
        });
    }
    Ok(made)
}

/// The plan that the rows have so far takes the paths.
fn loadable(scope: &Scope<'_>, one: &Use<'_>) -> Result<(), Refusal> {
    let paths = || one.wanted.select.iter().chain(&one.wanted.prefetch);
    for query in &one.queries {
        if query.plan.only.is_some() {
            return Err("the queryset is narrowed by `only()` elsewhere");
        }
        let head = |path: &str| path.split("__").next().unwrap_or(path).to_owned();
        let deferred = |name: &str| {
            let mut all = query.plan.defer.iter();
            all.any(|d| *d == name || d.as_str().strip_suffix("_id") == Some(name))
        };
        if paths().any(|path| deferred(&head(path))) {
            return Err("the queryset defers the foreign key");
        }
        let clash = one.wanted.prefetch.iter().any(|path| {
            let passes = |to: Sym| path == to.as_str() || path.starts_with(&format!("{to}__"));
            let mut all = query.plan.prefetch.iter();
            all.any(|p| (p.query.is_some() || p.has_to_attr) && (passes(p.to) || passes(p.lookup)))
        });
        if clash {
            return Err("another `Prefetch` of the same relation is added elsewhere");
        }
    }
    if paths().all(|path| leads(scope, scope.model, path)) {
        Ok(())
    } else {
        Err("the path cannot be followed")
    }
}

/// Every class that inherits the change shows rows that have the relations.
fn same_rows(scope: &Scope<'_>, wanted: &Wanted) -> Result<(), Refusal> {
    for heir in scope.heirs() {
        for model in scope.models(heir) {
            let fits = scope.project.kin(model, scope.model)
                && wanted
                    .select
                    .iter()
                    .chain(&wanted.prefetch)
                    .all(|path| leads(scope, model, path));
            if !fits {
                return Err("the class, or one that inherits from it, shows rows of several models");
            }
        }
    }
    Ok(())
}

/// A lookup path can be followed from a model.
fn leads(scope: &Scope<'_>, model: ModelId, path: &str) -> bool {
    scope
        .project
        .lookup_hops(model, path)
        .all(|hop| matches!(hop.attr, Some(ModelAttr::Forward(_) | ModelAttr::Reverse(_))))
}

/// A method of the project joins something itself: Django then asks no list.
fn selects_itself(scope: &Scope<'_>, method: &str) -> bool {
    let project = scope.project;
    project.class(scope.class).mro.iter().any(|part| {
        let ClassRef::Known(id) = *part else { return false };
        let file = project.class(id).file;
        if project.is_stub(file) {
            return false;
        }
        let methods = &project.class_facts(id).methods;
        methods.iter().any(|(name, idx)| {
            let at = project.routine(project.func_id(file, *idx)).span;
            let text = scope.trees.text(file);
            *name == *method && text[at.start as usize..at.end as usize].contains(".select_related(")
        })
    })
}

/// The list of joins with the paths, and with those that the framework joins only while there is no list.
fn joined(
    scope: &Scope<'_>,
    body: &Body<'_>,
    hook: &Rows,
    joins: &str,
    paths: &[String],
    kept: &[String],
) -> Result<Vec<Change>, Refusal> {
    let standing = match scope.own(scope.class, joins) {
        None => None,
        Some((owner, _)) if owner == scope.class => Some(body.assign(joins).ok_or("the list is computed")?.0),
        Some(_) => return Err("the list of joins is inherited"),
    };
    let wanted = |automatic: bool| {
        let mut all: Vec<String> = Vec::new();
        let shown = if automatic {
            columns(scope, hook)
        } else {
            Vec::new()
        };
        for path in shown.iter().chain(kept).chain(paths) {
            let longer = |other: &String| other.starts_with(&format!("{path}__"));
            if !all.contains(path) && !all.iter().any(longer) {
                all.retain(|old| !path.starts_with(&format!("{old}__")));
                all.push(path.clone());
            }
        }
        all.iter().map(|path| body.style.string(path)).collect::<Vec<_>>()
    };
    let as_list = body.prefers_lists(hook.columns.as_deref());
    match standing {
        Some(list @ (Expr::List(_) | Expr::Tuple(_))) => body.extend(list, paths),
        Some(Expr::BooleanLiteral(flag)) => {
            let items = wanted(!flag.value);
            let lines = body.sequence(0, "", &items, as_list);
            let [line] = &lines[..] else {
                return Err("the list of joins gets too long");
            };
            Ok(vec![(span(flag.range()), line.clone())])
        }
        Some(_) => Err("the list of joins is computed"),
        None => {
            let lines = body.sequence(0, &format!("{joins} = "), &wanted(true), as_list);
            Ok(vec![body.add_attribute(hook.columns.as_deref(), &lines)?])
        }
    }
}

/// The foreign keys among the columns.
fn columns(scope: &Scope<'_>, hook: &Rows) -> Vec<String> {
    let project = scope.project;
    let listed = hook
        .columns
        .as_ref()
        .and_then(|name| scope.own(scope.class, name));
    let Some((owner, Member::Assign(idx))) = listed else {
        return Vec::new();
    };
    let value = project.class_facts(owner).assigns[idx as usize].value.as_deref();
    let Some(ExprKind::List(items) | ExprKind::Tuple(items)) = value.map(|value| &value.kind) else {
        return Vec::new();
    };
    let is_join = |name: &Sym| match project.model_attr(scope.model, *name) {
        Some(attr @ ModelAttr::Forward(_)) => {
            project.attr_single(attr) && project.attr_target(attr).is_some()
        }
        _ => false,
    };
    items
        .iter()
        .filter_map(|item| item.as_str())
        .filter(is_join)
        .map(|name| name.to_string())
        .collect()
}

/// A queryset attribute may be made when the module is loaded: nothing but Django's manager runs then.
fn is_lazy(scope: &Scope<'_>) -> bool {
    let project = scope.project;
    let class = project.model(scope.model).class;
    let own = |manager: &ClassId| {
        let found = project.class_member(*manager, Sym::new("get_queryset"));
        found.is_some_and(|(owner, _)| !project.is_stub(project.class(owner).file))
    };
    match project.default_manager(scope.model) {
        Some(managers) => !managers.iter().any(own),
        None => project.class_member(class, Sym::new("objects")).is_none(),
    }
}

/// `queryset = Model.objects.select_related(…)` below `model = Model`.
fn as_attribute(
    scope: &Scope<'_>,
    body: &Body<'_>,
    attribute: &str,
    wanted: &Wanted,
) -> Result<Vec<Change>, Refusal> {
    let project = scope.project;
    let (value, _) = body.assign(MODEL).ok_or("the model is set under a condition")?;
    for heir in scope.heirs() {
        let mro = &project.class(heir).mro;
        let place = |class: ClassId| mro.iter().position(|part| *part == ClassRef::Known(class));
        match scope.own(heir, attribute) {
            Some((owner, _)) if place(owner) < place(scope.class) => continue,
            Some(_) => return Err("a class that inherits from it has its rows from another base"),
            None => {}
        }
        if scope.own(heir, MODEL).map(|(owner, _)| owner) != Some(scope.class) {
            return Err("a class that inherits from it has another model");
        }
    }
    let at = span(value.range());
    let text = &body.text[at.start as usize..at.end as usize];
    if !matches!(value, Expr::Name(_) | Expr::Attribute(_)) {
        return Err("the model is computed");
    }
    let manager = project
        .default_manager_name(scope.model)
        .map_or("objects", |name| name.as_str());
    let calls = wanted.as_calls(body.style);
    let base = format!("{text}.{manager}");
    let lines = body.chain(0, &format!("{attribute} = "), &[&base], &calls);
    Ok(vec![body.add_attribute(Some(MODEL), &lines)?])
}

/// The method that gives the rows, with the calls.
fn by_method(
    scope: &Scope<'_>,
    body: &Body<'_>,
    hook: &Rows,
    wanted: &Wanted,
    one: &Use<'_>,
) -> Result<Vec<Change>, Refusal> {
    for heir in scope.heirs() {
        let other = |name: &str| {
            scope.own(heir, name).is_some_and(|(owner, _)| {
                owner != scope.class && scope.project.is_subclass(owner, scope.class)
            })
        };
        if hook.attribute.as_deref().is_some_and(other) {
            return Err("a class that inherits from it has rows of its own");
        }
    }
    let calls = wanted.as_calls(body.style);
    if let Some(method) = body.method(&hook.method) {
        return extended(scope, body, method, wanted, &calls, one);
    }
    let facts = scope.project.class_facts(scope.class);
    if facts.methods.iter().any(|(name, _)| *name == *hook.method) {
        return Err("the method that gives its rows is made under a condition");
    }
    if !wanted.select.is_empty() && inherits_all(scope, &hook.method) {
        return Err("its rows are joined by a bare `select_related()`");
    }
    let parameters: Vec<&str> = ["self"]
        .into_iter()
        .chain(hook.parameters.iter().map(String::as_str))
        .collect();
    let call = format!(".{}({})", hook.method, hook.parameters.join(", "));
    let mut lines = vec![body.line(0, &format!("def {}({}):", hook.method, parameters.join(", ")))];
    lines.extend(body.chain(1, "return ", &["super()", &call], &calls));
    Ok(vec![body.add_method(&lines)?])
}

/// A method of a base joins everything, which names would undo.
fn inherits_all(scope: &Scope<'_>, method: &str) -> bool {
    let project = scope.project;
    let Some((owner, Member::Method(func))) = scope.own(scope.class, method) else {
        return false;
    };
    let file = project.class(owner).file;
    let at = project.routine(func).span;
    scope.trees.text(file)[at.start as usize..at.end as usize].contains(".select_related()")
}

/// The calls behind everything that a method returns.
fn extended(
    scope: &Scope<'_>,
    body: &Body<'_>,
    method: &StmtFunctionDef,
    wanted: &Wanted,
    calls: &[Call],
    one: &Use<'_>,
) -> Result<Vec<Change>, Refusal> {
    let mut made = Vec::new();
    for end in body::returns(method) {
        let Some(value) = end.value.as_deref().filter(|value| !value.is_none_literal_expr()) else {
            continue;
        };
        let at = span(value.range());
        if value.is_name_expr() {
            let (_, text): (Vec<Span>, Vec<String>) =
                calls.iter().map(|call| body.appended_call(at, call)).unzip();
            made.push((Span::new(at.end, at.end), text.concat()));
            continue;
        }
        let target = Target {
            site: Site::new(scope.site.file, at),
            model: scope.model,
            queries: &one.queries,
            prefetched: false,
            helper: false,
        };
        let fix = eager::fix(scope.project, scope.trees, target, wanted)?;
        made.extend(fix.edits.into_iter().map(|edit| (edit.span, edit.content)));
    }
    if made.is_empty() {
        return Err("the method that gives its rows returns none");
    }
    Ok(made)
}
