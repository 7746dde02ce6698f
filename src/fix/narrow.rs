//! Whether a chain of calls only narrows and orders the rows of one table, and whether the values in it mean the
//! same elsewhere in the function.
//!
//! Where a chain joins many rows to one, its rows multiply; nothing that counts or groups may be added to it.

use crate::project::{ClassId, Def, FuncId, Member, ModelAttr, ModelId, Project};
use crate::source::{FileId, Span, Sym};
use crate::syntax::python::ast::{Arguments, Expr, Operator, StmtFunctionDef, UnaryOp};
use crate::syntax::python::{Module, Ranged, span};

use super::chain::{self, Chain, Link};
use super::scope::{How, Scope};
use super::{Refusal, Trees};

/// Methods whose arguments cannot change which rows there are, nor how often.
const HARMLESS: [&str; 7] = [
    "all",
    "reverse",
    "select_related",
    "prefetch_related",
    "only",
    "defer",
    "iterator",
];
/// Methods of custom querysets that are looked into, one in another.
const DEPTH: u32 = 3;

const JOINS: Refusal = "the queryset joins other rows, which would be counted with it";
const UNREAD: Refusal = "the queryset is made in a way that is not understood in full";

/// The queryset is a model's manager followed by methods that only narrow and order.
pub(super) fn plain(
    project: &Project,
    trees: &Trees<'_>,
    file: FileId,
    model: ModelId,
    chain: &Chain<'_>,
) -> Result<(), Refusal> {
    let mut links = &chain.links[..];
    let mut def = match chain.root {
        Expr::Name(name) => project.lookup(file, Sym::new(name.id.as_str())),
        _ => None,
    };
    while let Some(Def::Module(_) | Def::Namespace(..)) = def {
        let (first, rest) = links.split_first().ok_or(UNREAD)?;
        def = match first.name {
            Some(name) if first.arguments.is_none() => project.def_member(def.ok_or(UNREAD)?, Sym::new(name)),
            _ => return Err(UNREAD),
        };
        links = rest;
    }
    let (Some(Def::Class(class)), Some((manager, rest))) = (def, links.split_first()) else {
        return Err(UNREAD);
    };
    let name = manager
        .name
        .filter(|_| manager.arguments.is_none())
        .ok_or(UNREAD)?;
    if project.class(class).model != Some(model) || !unfiltered_manager(project, trees, model, Sym::new(name))
    {
        return Err(UNREAD);
    }
    narrows(project, trees, model, rest, DEPTH)
}

/// Links that only narrow and order, without joins to many rows.
pub(super) fn narrows(
    project: &Project,
    trees: &Trees<'_>,
    model: ModelId,
    links: &[Link<'_>],
    depth: u32,
) -> Result<(), Refusal> {
    for link in links {
        let (name, arguments) = match (link.name, link.arguments) {
            (None, None) => continue,
            (Some(name), Some(arguments)) => (name, arguments),
            _ => return Err(UNREAD),
        };
        match name {
            "filter" | "exclude" => conditions(project, model, arguments)?,
            "order_by" => {
                for path in chain::strings(arguments) {
                    let path = path.ok_or(UNREAD)?.trim_start_matches(['-', '+']);
                    if path != "?" && !to_one(project, model, path) {
                        return Err(JOINS);
                    }
                }
            }
            "distinct" if arguments.is_empty() => {}
            _ if HARMLESS.contains(&name) => {}
            _ if depth > 0 => custom(project, trees, model, name, depth - 1)?,
            _ => return Err(UNREAD),
        }
    }
    Ok(())
}

/// A method of the project's own queryset or manager that returns such a chain on itself.
fn custom(
    project: &Project,
    trees: &Trees<'_>,
    model: ModelId,
    name: &str,
    depth: u32,
) -> Result<(), Refusal> {
    let names = project.manager_names(model);
    let managers = names.iter().filter_map(|name| project.manager(model, *name));
    let wanted = Sym::new(name);
    let mut spans: Vec<(FileId, Span)> = Vec::new();
    for class in managers.flatten() {
        let Some((owner, Member::Method(func))) = project.class_member(class, wanted) else {
            continue;
        };
        let file = project.class(owner).file;
        let routine = project.routine(func);
        if !spans.contains(&(file, routine.span)) {
            spans.push((file, routine.span));
        }
    }
    let &[(file, at)] = &spans[..] else {
        return Err(UNREAD);
    };
    let module = trees.get(file).ok_or(UNREAD)?;
    let body = chain::function(&module, at).ok_or(UNREAD)?;
    let receiver = body.parameters.iter().next().ok_or(UNREAD)?.name().as_str();
    let chain = Chain::of(only_result(body).ok_or(UNREAD)?);
    let own = matches!(chain.root, Expr::Name(name) if name.id.as_str() == receiver);
    let links = match chain.links.split_first() {
        Some((first, rest)) if first.name == Some("get_queryset") => rest,
        _ => &chain.links[..],
    };
    if !own {
        return Err(UNREAD);
    }
    narrows(project, trees, model, links, depth)
}

/// The arguments of `filter()`: lookups and `Q` objects that join no many rows.
pub(super) fn conditions(project: &Project, model: ModelId, arguments: &Arguments) -> Result<(), Refusal> {
    for keyword in &arguments.keywords {
        let path = keyword.arg.as_ref().ok_or(UNREAD)?;
        if !to_one(project, model, path.as_str()) {
            return Err(JOINS);
        }
    }
    arguments.args.iter().try_for_each(|arg| q(project, model, arg))
}

fn q(project: &Project, model: ModelId, expr: &Expr) -> Result<(), Refusal> {
    match expr {
        Expr::BinOp(both) if matches!(both.op, Operator::BitAnd | Operator::BitOr | Operator::BitXor) => {
            q(project, model, &both.left)?;
            q(project, model, &both.right)
        }
        Expr::UnaryOp(not) if not.op == UnaryOp::Invert => q(project, model, &not.operand),
        Expr::Call(call) => {
            let name = match &*call.func {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => return Err(UNREAD),
            };
            if name != "Q" {
                return Err(UNREAD);
            }
            conditions(project, model, &call.arguments)
        }
        _ => Err(UNREAD),
    }
}

/// A lookup whose relations all lead to one row each.
pub(super) fn to_one(project: &Project, model: ModelId, lookup: &str) -> bool {
    for (i, hop) in project.lookup_hops(model, lookup).enumerate() {
        match hop.attr {
            Some(ModelAttr::Column { .. } | ModelAttr::Pk | ModelAttr::Attname(_)) => return true,
            Some(attr) if project.attr_single(attr) && hop.target.is_some() => {}
            Some(_) => return false,
            // A lookup such as `isnull` on the key itself.
            None => {
                let operator = matches!(
                    hop.name.as_str(),
                    "isnull" | "in" | "exact" | "gt" | "gte" | "lt" | "lte"
                );
                return i > 0 && operator;
            }
        }
    }
    true
}

/// A manager that starts with all rows of the table.
pub(super) fn unfiltered_manager(project: &Project, trees: &Trees<'_>, model: ModelId, name: Sym) -> bool {
    if project.class(project.model(model).class).open {
        return false;
    }
    match project.manager(model, name) {
        Some(classes) => classes.iter().all(|class| !filters(project, trees, *class)),
        None => project.manager_names(model).is_empty() && name == "objects",
    }
}

/// The rows that related managers of the model give are all there are.
pub(super) fn unfiltered(project: &Project, trees: &Trees<'_>, model: ModelId) -> bool {
    let name = project.default_manager_name(model).unwrap_or(Sym::new("objects"));
    unfiltered_manager(project, trees, model, name)
}

/// The class makes querysets of its own, or may.
fn filters(project: &Project, trees: &Trees<'_>, class: ClassId) -> bool {
    if project.class(class).open {
        return true;
    }
    let made = [
        "__init__",
        "__new__",
        "_clone",
        "_fetch_all",
        "_filter_or_exclude",
    ];
    if made
        .iter()
        .any(|name| project.class_member(class, Sym::new(name)).is_some())
    {
        return true;
    }
    match project.class_member(class, Sym::new("get_queryset")) {
        Some((_, Member::Method(func))) => !makes_all(project, trees, func).unwrap_or(false),
        Some(_) => true,
        None => false,
    }
}

/// `return OwnQuerySet(self.model, using=self._db)`, or what `super()` gives with relations loaded.
fn makes_all(project: &Project, trees: &Trees<'_>, func: FuncId) -> Option<bool> {
    let (file, _) = project.func(func);
    let module = trees.get(file)?;
    let body = chain::function(&module, project.routine(func).span)?;
    let chain = Chain::of(only_result(body)?);
    let loads = |links: &[Link<'_>]| {
        links.iter().all(|link| {
            matches!(link.name, Some("select_related" | "prefetch_related")) && link.arguments.is_some()
        })
    };
    let (root, links) = match (chain.root, chain.links.split_first()) {
        (Expr::Call(call), _) => (&*call.func, &chain.links[..]),
        (name, Some((call, rest))) if call.name.is_none() && call.arguments.is_some() => (name, rest),
        _ => return None,
    };
    let Expr::Name(root) = root else {
        return None;
    };
    if root.id.as_str() == "super" {
        let (first, rest) = links.split_first()?;
        return Some(first.name == Some("get_queryset") && loads(rest));
    }
    let Some(Def::Class(made)) = project.lookup(file, Sym::new(root.id.as_str())) else {
        return None;
    };
    let plain = project.is_queryset_class(made) && !filters(project, trees, made);
    Some(plain && loads(links))
}

/// What a function returns that does nothing else.
fn only_result(function: &StmtFunctionDef) -> Option<&Expr> {
    let mut statements = function.body.iter().filter(|stmt| {
        !stmt
            .as_expr_stmt()
            .is_some_and(|docs| docs.value.is_string_literal_expr())
    });
    match (statements.next(), statements.next()) {
        (Some(only), None) => only.as_return_stmt()?.value.as_deref(),
        _ => None,
    }
}

/// The expression has the same value where the queryset is made as where it stands now, and cannot fail there.
pub(super) fn stable(project: &Project, file: FileId, scope: &Scope<'_>, expr: &Expr, place: Span) -> bool {
    match expr {
        Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => {
            true
        }
        Expr::Tuple(tuple) => tuple.iter().all(|e| stable(project, file, scope, e, place)),
        Expr::List(list) => list.iter().all(|e| stable(project, file, scope, e, place)),
        Expr::UnaryOp(op) => matches!(&*op.operand, Expr::NumberLiteral(_)) && op.op != UnaryOp::Not,
        Expr::Name(name) => {
            let name = name.id.as_str();
            let mut bindings = scope.bindings(name);
            let known = match (bindings.next(), bindings.next()) {
                (None, _) => project.lookup(file, Sym::new(name)).is_some(),
                (Some(only), None) => match only.how {
                    How::Parameter => true,
                    How::Assigned(_) => only.at.end <= place.start && only.block.contains(place),
                    _ => false,
                },
                _ => false,
            };
            known && !scope.mutated.contains(name)
        }
        Expr::Attribute(_) => constant(project, file, scope, expr),
        _ => false,
    }
}

/// A dotted name that starts at a class or module of the file: `Order.Status.PAID`, `settings.LIMIT`.
fn constant(project: &Project, file: FileId, scope: &Scope<'_>, expr: &Expr) -> bool {
    let chain = Chain::of(expr);
    let Expr::Name(root) = chain.root else {
        return false;
    };
    let plain = chain
        .links
        .iter()
        .all(|l| l.arguments.is_none() && l.name.is_some());
    let known = matches!(
        project.lookup(file, Sym::new(root.id.as_str())),
        Some(Def::Class(_) | Def::Module(_) | Def::External(_))
    );
    plain && known && !scope.binds(root.id.as_str())
}

/// All values in the arguments of a call are stable.
pub(super) fn stable_arguments(
    project: &Project,
    file: FileId,
    scope: &Scope<'_>,
    arguments: &Arguments,
    place: Span,
) -> bool {
    arguments
        .args
        .iter()
        .all(|arg| stable_q(project, file, scope, arg, place))
        && arguments
            .keywords
            .iter()
            .all(|keyword| keyword.arg.is_some() && stable(project, file, scope, &keyword.value, place))
}

pub(super) fn stable_q(project: &Project, file: FileId, scope: &Scope<'_>, expr: &Expr, place: Span) -> bool {
    match expr {
        Expr::BinOp(both) => {
            stable_q(project, file, scope, &both.left, place)
                && stable_q(project, file, scope, &both.right, place)
        }
        Expr::UnaryOp(not) if not.op == UnaryOp::Invert => {
            stable_q(project, file, scope, &not.operand, place)
        }
        Expr::Call(call) => {
            let (name, root) = match &*call.func {
                Expr::Name(name) => (name.id.as_str(), Some(name)),
                Expr::Attribute(attribute) => (attribute.attr.as_str(), attribute.value.as_name_expr()),
                _ => return false,
            };
            // Imported in the function: before the queryset, or not at all.
            let known = root.is_some_and(|root| {
                let mut bindings = scope.bindings(root.id.as_str());
                bindings.all(|bound| bound.at.end <= place.start && bound.block.contains(place))
            });
            name == "Q" && known && stable_arguments(project, file, scope, &call.arguments, place)
        }
        _ => stable(project, file, scope, expr, place),
    }
}

/// Source text on one line; nothing where a comment or a long string stands in it.
pub(super) fn one_line(module: &Module, text: &str, at: Span) -> Option<String> {
    let part = text.get(at.start as usize..at.end as usize)?;
    if !part.contains(['\n', '\r']) {
        return Some(part.to_owned());
    }
    let inside = module
        .tokens()
        .iter()
        .filter(|token| at.contains(span(token.range())));
    for token in inside {
        let own = &text[token.range()];
        let kind = token.kind();
        let broken = own.contains(['\n', '\r']) && own.trim() != "";
        if broken || kind == crate::syntax::python::TokenKind::Comment || own.contains('\\') {
            return None;
        }
    }
    let joined: String = part
        .split(['\n', '\r'])
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    Some(
        joined
            .replace("( ", "(")
            .replace(", )", ")")
            .replace(" )", ")")
            .replace(" .", "."),
    )
}
