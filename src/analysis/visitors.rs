//! Which pages anybody may see.
//!
//! Judges decorators, mixins and addresses by their names. What middleware and the code of a view do about visitors is
//! not known here.

use crate::ir::{ClassIdx, Expr, ExprKind};
use crate::project::{ClassRef, FuncId, Part, Project};
use crate::source::Site;

use super::event::Eval;

/// What names of decorators and mixins hold that let only some visitors in.
const GUARDS: &[&str] = &[
    "login",
    "permission",
    "staff",
    "superuser",
    "passes",
    "required",
    "access",
    "authenticated",
    "auth_",
];

/// Addresses below which only some have something to do.
const INNER: &[&str] = &[
    "/admin",
    "/dashboard",
    "/control",
    "/manage",
    "/staff",
    "/settings",
    "/account",
];

/// No decorator, mixin or address of an entry point keeps visitors out.
pub fn is_public(project: &Project, eval: &Eval, func: FuncId) -> bool {
    let guarded = |name: &str| {
        let name = name.to_ascii_lowercase();
        GUARDS.iter().any(|guard| name.contains(guard))
    };
    let (file, _) = project.func(func);
    if project.file(file).part != Part::Source {
        return false;
    }
    let by_decorator = project
        .routine(func)
        .decorators
        .iter()
        .any(|decorator| decorated(decorator, &guarded));
    // The query or a call that leads to it stands in a view class.
    let places = eval.calls.iter().chain([&eval.query.site]);
    let by_class = places
        .into_iter()
        .any(|place| guarded_class(project, *place, &guarded));
    let endpoints: Vec<&str> = eval
        .calls
        .iter()
        .chain([&eval.query.site])
        .flat_map(|place| project.endpoints_at(*place))
        .map(|endpoint| endpoint.pattern.as_str())
        .collect();
    let inner = endpoints
        .iter()
        .all(|pattern| INNER.iter().any(|start| pattern.starts_with(start)));
    !by_decorator && !by_class && !endpoints.is_empty() && !inner
}

fn decorated(decorator: &Expr, guarded: &dyn Fn(&str) -> bool) -> bool {
    match &decorator.kind {
        ExprKind::Call(call) => {
            decorated(&call.func, guarded) || call.args.iter().any(|arg| decorated(&arg.value, guarded))
        }
        _ => decorator.last_name().is_some_and(|name| guarded(name.as_str())),
    }
}

fn guarded_class(project: &Project, place: Site, guarded: &dyn Fn(&str) -> bool) -> bool {
    let classes = &project.file(place.file).facts.classes;
    let Some(idx) = classes.iter().position(|class| class.span.contains(place.span)) else {
        return false;
    };
    let class = project.class(project.class_id(place.file, ClassIdx(idx as u32)));
    let mixin = class.mro.iter().any(|part| match part {
        ClassRef::Known(id) => guarded(
            project
                .class(*id)
                .dotted
                .as_str()
                .rsplit('.')
                .next()
                .unwrap_or(""),
        ),
        ClassRef::External(dotted) => guarded(dotted.as_str().rsplit('.').next().unwrap_or("")),
    });
    mixin
        || classes[idx]
            .decorators
            .iter()
            .any(|decorator| decorated(decorator, guarded))
}
