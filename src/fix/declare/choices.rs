//! The choices of form fields that are made from a model: their querysets are changed where the fields are made.

use crate::fix::Refusal;
use crate::ir::ExprKind;
use crate::project::{Member, ModelAttr, RelKind};
use crate::source::Sym;
use crate::syntax::python::ast::{Expr, Stmt, StmtFunctionDef};
use crate::syntax::python::{Ranged, span};

use super::body::{Body, Change};
use super::hooks::{self, Choices};
use super::{Scope, Use};

/// Holds a field for statements that get too long.
const VARIABLE: &str = "field";

/// What makes the fields offer rows with the wanted paths.
pub(super) fn changes(scope: &Scope<'_>, body: &Body<'_>, one: &Use<'_>) -> Result<Vec<Change>, Refusal> {
    let hook = hooks::choices(scope.project, scope.class)
        .ok_or("the fields are made by a class of a kind that djperf cannot change")?;
    usual(scope, hook, one)?;
    let (many, single): (Vec<Sym>, Vec<Sym>) = match &hook.many {
        Some(_) => one.fields.iter().partition(|name| is_many(scope, **name)),
        None => (Vec::new(), one.fields.clone()),
    };
    let mut made = Vec::new();
    for (method, names) in [(Some(&hook.method), single), (hook.many.as_ref(), many)] {
        let (Some(method), false) = (method, names.is_empty()) else {
            continue;
        };
        made.push(in_method(scope, body, hook, method, &names, one)?);
    }
    Ok(made)
}

/// The fields are made in the usual way, and mean the same in every class that inherits the change.
fn usual(scope: &Scope<'_>, hook: &Choices, one: &Use<'_>) -> Result<(), Refusal> {
    let project = scope.project;
    for heir in scope.heirs() {
        let meta = match scope.own(heir, "Meta") {
            Some((_, Member::Class(meta))) => Some(meta),
            _ => None,
        };
        let made_otherwise = hook.unless.iter().any(|name| {
            scope.own(heir, name).is_some() || meta.is_some_and(|meta| scope.own(meta, name).is_some())
        });
        if made_otherwise {
            return Err("the class makes its fields in a way of its own");
        }
        for model in scope.models(heir) {
            let other = one.fields.iter().any(|name| {
                let attr = project.model_attr(model, *name);
                let target = attr.and_then(|attr| project.attr_target(attr));
                target.is_some_and(|target| target != scope.model)
            });
            if other {
                return Err("the field leads elsewhere in a class that inherits from it");
            }
        }
        // A filter of a field has its name only when it compares for equality.
        let lookups = meta.and_then(|meta| scope.own(meta, "fields").map(|found| (meta, found)));
        if let Some((_, (owner, Member::Assign(idx)))) = lookups
            && let Some(value) = project.class_facts(owner).assigns[idx as usize].value.as_deref()
            && let ExprKind::Dict(items) = &value.kind
        {
            let exact = |name: &Sym| {
                items.iter().any(|item| {
                    let lookups = match &item.value.kind {
                        ExprKind::List(all) | ExprKind::Tuple(all) => &all[..],
                        _ => &[],
                    };
                    item.key.as_ref().and_then(|key| key.as_str()) == Some(*name)
                        && lookups.iter().any(|l| l.as_str().is_some_and(|l| l == "exact"))
                })
            };
            if !one.fields.iter().all(exact) {
                return Err("the filter has another name than the field");
            }
        }
    }
    Ok(())
}

fn is_many(scope: &Scope<'_>, name: Sym) -> bool {
    scope.heirs().any(|heir| {
        scope.models(heir).iter().any(|model| {
            matches!(
                scope.project.model_attr(*model, name),
                Some(ModelAttr::Forward(relation))
                    if scope.project.relation(relation).kind == RelKind::ManyToMany
            )
        })
    })
}

/// The method that makes the fields: the one that stands there, or a new one.
fn in_method(
    scope: &Scope<'_>,
    body: &Body<'_>,
    hook: &Choices,
    method: &str,
    names: &[Sym],
    one: &Use<'_>,
) -> Result<Change, Refusal> {
    let guarded = hook.container.is_some() && fields_may_lack(scope);
    let standing = body.method(method);
    let taken = standing.is_some_and(|method| uses_variable(body, hook, method));
    let block = statements(body, hook, names, one, (guarded, taken));
    if let Some(standing) = standing {
        let behind = anchor(standing, hook, method)?;
        return body.add_lines(behind, &block);
    }
    let facts = scope.project.class_facts(scope.class);
    if facts.methods.iter().any(|(name, _)| *name == *method) {
        return Err("the method that makes the fields is made under a condition");
    }
    let result = hook.result.as_deref();
    let assign = result.map(|name| format!("{name} = ")).unwrap_or_default();
    let mut lines = vec![
        body.line(0, &format!("def {method}({}):", hook.parameters)),
        body.line(1, &format!("{assign}super().{method}({})", hook.arguments)),
    ];
    lines.extend(block);
    lines.extend(result.map(|name| body.line(1, &format!("return {name}"))));
    if method.starts_with("__") {
        body.add_first_method(&lines)
    } else {
        body.add_method(&lines)
    }
}

/// The statements that give the fields their querysets.
fn statements(
    body: &Body<'_>,
    hook: &Choices,
    names: &[Sym],
    one: &Use<'_>,
    (guarded, taken): (bool, bool),
) -> Vec<String> {
    let calls = one.wanted.as_calls(body.style);
    let quoted: Vec<String> = names
        .iter()
        .map(|name| body.style.string(name.as_str()))
        .collect();
    if let (Some(test), Some(field)) = (&hook.test, &hook.field) {
        let condition = match &quoted[..] {
            [only] => format!("if {test} == {only}:"),
            all => format!("if {test} in ({}):", all.join(", ")),
        };
        let mut lines = vec![body.line(1, &condition)];
        let source = format!("{field}.queryset");
        lines.extend(body.chain(2, &format!("{source} = "), &[&source], &calls));
        return lines;
    }
    let container = hook.container.as_deref().unwrap_or_default();
    let mut lines = Vec::new();
    for (name, quoted) in names.iter().zip(&quoted) {
        let level = if guarded { 2 } else { 1 };
        if guarded {
            lines.push(body.line(1, &format!("if {quoted} in {container}:")));
        }
        let field = format!("{container}[{quoted}]");
        let set = |field: &str| {
            let source = format!("{field}.queryset");
            body.chain(level, &format!("{source} = "), &[&source], &calls)
        };
        match &set(&field)[..] {
            [_, _, ..] => {
                let variable = if taken {
                    format!("{name}_{VARIABLE}")
                } else {
                    VARIABLE.into()
                };
                lines.push(body.line(level, &format!("{variable} = {field}")));
                lines.extend(set(&variable));
            }
            short => lines.extend_from_slice(short),
        }
    }
    lines
}

/// The statement of a method behind which the fields are there and no queryset has been changed yet.
fn anchor<'t>(standing: &'t StmtFunctionDef, hook: &Choices, method: &str) -> Result<&'t Stmt, Refusal> {
    let unusual = "the method that makes the fields does more than djperf understands";
    let calls_super = |value: &Expr| {
        let Expr::Call(call) = value else { return false };
        let Expr::Attribute(attribute) = &*call.func else {
            return false;
        };
        let base = matches!(&*attribute.value, Expr::Call(inner) if matches!(&*inner.func, Expr::Name(name) if name.id.as_str() == "super"));
        base && attribute.attr.as_str() == method
    };
    let at = standing.body.iter().position(|stmt| match (stmt, &hook.result) {
        (Stmt::Expr(stmt), None) => calls_super(&stmt.value),
        (Stmt::Assign(stmt), Some(result)) => {
            let named = matches!(&stmt.targets[..], [Expr::Name(name)] if name.id.as_str() == result);
            named && calls_super(&stmt.value)
        }
        _ => false,
    });
    let at = at.ok_or(unusual)?;
    let following = standing.body[at + 1..]
        .iter()
        .take_while(|stmt| sets_queryset(hook, stmt))
        .count();
    Ok(&standing.body[at + following])
}

/// A statement that gives a field its queryset.
fn sets_queryset(hook: &Choices, stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Assign(assign) => match &assign.targets[..] {
            [Expr::Attribute(target)] => target.attr.as_str() == "queryset",
            [Expr::Name(name)] => name.id.as_str().ends_with(VARIABLE),
            _ => false,
        },
        Stmt::If(test) => {
            let inner = |stmt: &Stmt| sets_queryset(hook, stmt);
            test.elif_else_clauses.is_empty() && (hook.test.is_some() || test.body.iter().all(inner))
        }
        _ => false,
    }
}

/// A method has the variable for something else.
fn uses_variable(body: &Body<'_>, hook: &Choices, method: &StmtFunctionDef) -> bool {
    let others = method.body.iter().filter(|stmt| !sets_queryset(hook, stmt));
    body.mentions(span(method.parameters.range()), VARIABLE)
        || others
            .map(|stmt| span(stmt.range()))
            .any(|at| body.mentions(at, VARIABLE))
}

/// Somebody makes forms of this class that leave fields out.
fn fields_may_lack(scope: &Scope<'_>) -> bool {
    if scope.heirs().count() > 1 {
        return true;
    }
    let name = scope.project.class_facts(scope.class).name;
    scope
        .project
        .file_ids()
        .filter(|file| !scope.project.is_stub(*file))
        .any(|file| is_given_as_form(scope.trees.text(file), name.as_str()))
}

/// `form=Name` or `form = Name`.
fn is_given_as_form(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].trim_end_matches([' ', '.']);
        let ends = !text[at + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let module = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        let before = match before.ends_with('=') {
            true => before,
            false => module.map_or("", |n| &before[..=n]),
        };
        let given = before
            .trim_end()
            .strip_suffix('=')
            .is_some_and(|head| head.trim_end().ends_with("form"));
        ends && given
    })
}
