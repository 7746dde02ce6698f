//! Viewsets registered with routers of Django REST framework.
//!
//! Registrations in loops and in functions are unknown; routers of the project are taken to make the usual routes.

use super::super::hints::walk::each_statement;
use super::super::{ClassId, ClassRef, Def, Member, Project};
use super::table;
use super::views;
use super::walk::{Place, Walk, text};
use super::{Endpoint, ViewRef};
use crate::ir::{Call, Const, Expr, ExprKind, StmtKind};
use crate::source::{FileId, Site, Span, Sym};

/// Adds the routes of a router; false when the expression is none.
pub(super) fn add(walk: &mut Walk<'_>, file: FileId, router: &Expr, at: &Place) -> bool {
    add_in(walk, file, router, at, 8)
}

fn add_in(walk: &mut Walk<'_>, file: FileId, router: &Expr, at: &Place, depth: u32) -> bool {
    let project = walk.project;
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    let Some(Def::Assign(home, idx)) = project.resolve_expr(file, router) else {
        return false;
    };
    let value = project.file(home).facts.assigns[idx as usize].value.as_deref();
    let Some(ExprKind::Call(made)) = value.map(|value| &value.kind) else {
        return false;
    };
    if !is_router(project, home, &made.func) {
        return false;
    }
    let inside = nested_place(project, home, made, at, depth);
    let mut files = vec![home];
    if file != home {
        files.push(file);
    }
    for from in files {
        for (span, call, method) in calls(project, from) {
            let of_registry = match &method.kind {
                ExprKind::Attr(attr) if attr.name == "registry" => Some(&attr.base),
                _ => None,
            };
            let same = |expr: &Expr| is_same(project, from, expr, (home, idx));
            let ExprKind::Attr(func) = &call.func.kind else {
                continue;
            };
            match of_registry {
                // `router.registry.extend(other.registry)`
                Some(base) if func.name == "extend" && same(base) => {
                    if let Some(ExprKind::Attr(other)) = call.positional(0).map(|arg| &arg.kind) {
                        add_in(walk, from, &other.base, &inside, depth);
                    }
                }
                None if table::is_register(func.name.as_str()) && same(method) => {
                    register(walk, from, span, call, &inside);
                }
                _ => {}
            }
        }
    }
    true
}

/// Statements `x.method(…)` of a module, with `x`.
fn calls(project: &Project, file: FileId) -> Vec<(Span, &Call, &Expr)> {
    let facts = &project.file(file).facts;
    let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
    let mut found = Vec::new();
    each_statement(body, &mut |stmt| {
        let expr = match &stmt.kind {
            StmtKind::Expr(expr) => expr,
            // `books = router.register(…)`, for routers that nest by it.
            StmtKind::Assign { value, .. } => &**value,
            _ => return,
        };
        if let ExprKind::Call(call) = &expr.kind
            && let ExprKind::Attr(attr) = &call.func.kind
        {
            found.push((expr.span, &**call, &attr.base));
        }
    });
    found
}

fn is_same(project: &Project, file: FileId, expr: &Expr, (home, idx): (FileId, u32)) -> bool {
    let name_of = |file: FileId, idx: u32| project.file(file).facts.assigns[idx as usize].name;
    match project.resolve_expr(file, expr) {
        Some(Def::Assign(other, at)) => other == home && name_of(other, at) == name_of(home, idx),
        _ => false,
    }
}

fn is_router(project: &Project, file: FileId, func: &Expr) -> bool {
    match project.resolve_expr(file, func) {
        Some(Def::External(dotted)) => table::is_router(dotted.as_str()),
        Some(Def::Class(class)) => project
            .external_bases(class)
            .any(|base| table::is_router(base.as_str())),
        _ => false,
    }
}

/// `NestedSimpleRouter(router, "domains", lookup="domain")` stands below one row of its parent.
fn nested_place(project: &Project, file: FileId, made: &Call, at: &Place, depth: u32) -> Place {
    let parent = match made.positional(0).map(|arg| project.resolve_expr(file, arg)) {
        Some(Some(Def::Assign(home, idx))) => project.file(home).facts.assigns[idx as usize]
            .value
            .as_deref()
            .map(|value| (home, value)),
        _ => None,
    };
    let Some((
        home,
        Expr {
            kind: ExprKind::Call(above),
            ..
        },
    )) = parent
    else {
        return at.clone();
    };
    let Some(prefix) = made
        .positional(1)
        .filter(|_| is_router(project, home, &above.func))
    else {
        return at.clone();
    };
    let outer = match depth.checked_sub(1) {
        Some(depth) => nested_place(project, home, above, at, depth),
        None => at.clone(),
    };
    let lookup = made
        .keyword("lookup")
        .and_then(Expr::as_str)
        .map_or("nested", Sym::as_str);
    Place {
        prefix: format!("{}{}/{{{lookup}_pk}}/", outer.prefix, text(prefix)),
        ..outer
    }
}

/// `router.register(prefix, viewset, basename)`
fn register(walk: &mut Walk<'_>, file: FileId, span: Span, call: &Call, at: &Place) {
    let project = walk.project;
    let (Some(prefix), Some(viewset)) = (
        call.positional(0).or(call.keyword("prefix")),
        call.positional(1).or(call.keyword("viewset")),
    ) else {
        return;
    };
    let view = views::class(project, file, viewset, 8).unwrap_or(ViewRef::Other);
    let class = match view {
        ViewRef::Class(class) => Some(class),
        _ => None,
    };
    let basename = [
        call.keyword("basename"),
        call.keyword("base_name"),
        call.positional(2),
    ];
    let basename = basename.into_iter().flatten().find_map(Expr::as_str);
    let prefix = text(prefix);
    let list = match prefix.is_empty() {
        true => at.prefix.clone(),
        false => format!("{}{prefix}/", at.prefix),
    };
    let lookup = class
        .and_then(|class| {
            attribute(project, class, "lookup_url_kwarg").or(attribute(project, class, "lookup_field"))
        })
        .map_or("pk", Sym::as_str);
    let detail = format!("{list}{{{lookup}}}/");
    let start = |is_detail: bool| if is_detail { &detail } else { &list };
    let name = |suffix: &str| basename.map(|base| at.named(&format!("{base}-{suffix}")));
    let endpoint = |pattern: &str, name: Option<Sym>, actions: Vec<(Sym, Sym)>| Endpoint {
        pattern: Sym::new(pattern),
        name,
        view,
        as_view: None,
        actions,
        site: Site::new(file, span),
    };
    for route in table::router_routes() {
        let actions = route.actions.iter();
        let actions = actions.map(|(method, action)| (Sym::new(method), Sym::new(action)));
        walk.push(endpoint(
            start(route.detail),
            name(&route.suffix),
            actions.collect(),
        ));
    }
    for action in class
        .map(|class| extra_actions(project, class))
        .unwrap_or_default()
    {
        let pattern = format!("{}{}/", start(action.detail), action.path);
        let suffix = action.path.as_str().replace('_', "-");
        walk.push(endpoint(&pattern, name(&suffix), action.methods));
    }
}

fn attribute(project: &Project, class: ClassId, name: &str) -> Option<Sym> {
    let (owner, Member::Assign(idx)) = project.class_member(class, Sym::new(name))? else {
        return None;
    };
    project.class_facts(owner).assigns[idx as usize]
        .value
        .as_ref()?
        .as_str()
}

struct Action {
    detail: bool,
    path: Sym,
    methods: Vec<(Sym, Sym)>,
}

/// Methods with `@action(detail=…)`, the nearest class first.
fn extra_actions(project: &Project, class: ClassId) -> Vec<Action> {
    let mut seen: Vec<Sym> = Vec::new();
    let mut found = Vec::new();
    for base in &project.class(class).mro {
        let ClassRef::Known(id) = base else { continue };
        let facts = project.class_facts(*id);
        let file = &project.file(project.class(*id).file).facts;
        for (name, idx) in &facts.methods {
            if seen.contains(name) {
                continue;
            }
            seen.push(*name);
            let decorators = &file.functions[idx.0 as usize].decorators;
            found.extend(decorators.iter().find_map(|decorator| action(*name, decorator)));
        }
    }
    found
}

fn action(name: Sym, decorator: &Expr) -> Option<Action> {
    let ExprKind::Call(call) = &decorator.kind else {
        return None;
    };
    let decorator = call.func.last_name()?;
    if !table::is_action(decorator.as_str()) {
        return None;
    }
    let detail = match call.keyword("detail").map(|value| &value.kind) {
        Some(ExprKind::Const(Const::True)) => true,
        Some(_) => false,
        None => decorator == "detail_route",
    };
    let methods: Vec<Sym> = match call.keyword("methods").map(|value| &value.kind) {
        Some(ExprKind::List(items) | ExprKind::Tuple(items)) => {
            items.iter().filter_map(Expr::as_str).collect()
        }
        _ => vec![Sym::new("get")],
    };
    Some(Action {
        detail,
        path: call.keyword("url_path").and_then(Expr::as_str).unwrap_or(name),
        methods: methods
            .into_iter()
            .map(|method| (Sym::new(&method.as_str().to_ascii_lowercase()), name))
            .collect(),
    })
}
