//! Eager loading: puts `select_related` and `prefetch_related` into the chain that makes a queryset.
//!
//! Says no, with the reason, where the call could raise or change what the query gives. It does not know why a
//! path is wanted, nor which call serves it best.

use crate::analysis::tables::{self, Effect, PlanOp, Returns, method};
use crate::analysis::value::Query;
use crate::ir::ClassIdx;
use crate::project::{Def, ModelId, Project};
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Arguments, Expr};
use crate::syntax::python::{Module, Ranged, span};

use super::arguments;
use super::chain::{self, Chain, Found};
use super::layout::{self, Call, Style};
use super::narrowed;
use super::{Edit, Fix, Refusal, Safety, Trees};

/// Lookup paths, by the call that should load them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In query names.
    pub select: Vec<String>,
    /// In accessor names.
    pub prefetch: Vec<String>,
}

/// A queryset to be changed.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub site: Site,
    pub model: ModelId,
    /// What is known of its plan where its rows are read.
    pub queries: &'a [&'a Query],
    /// A related set that other code prefetches.
    pub prefetched: bool,
    /// Stands in a function that only hands the rows on.
    pub helper: bool,
}

/// Adds the wanted paths to the queryset expression at a place.
pub fn fix(
    project: &Project,
    trees: &Trees<'_>,
    target: Target<'_>,
    wanted: &Wanted,
) -> Result<Fix, Refusal> {
    let file = target.site.file;
    let module = trees.get(file).ok_or("the file has syntax errors")?;
    let found = chain::find(&module, target.site.span).ok_or("the queryset is no expression of its own")?;
    let found = paged(project, target, &module, found)?;
    let text = trees.text(file);
    let wanted = fitted(project, text, &module, target, &found, wanted)?;
    let edits = match shortcut(project, target, found.expr) {
        Some(arguments) => in_shortcut(project, text, &module, target, arguments, &wanted)?,
        None => in_chain(project, text, &module, target, &found, &wanted)?,
    };
    Ok(Fix {
        safety: Safety::Unsafe,
        title: format!("Add `{}`", wanted.calls()),
        edits: edits
            .into_iter()
            .map(|(span, content)| Edit { file, span, content })
            .collect(),
        migrations: Vec::new(),
    })
}

impl Wanted {
    /// `.select_related("a").prefetch_related("b")`.
    pub fn calls(&self) -> String {
        let style = Style {
            quote: '"',
            width: usize::MAX,
        };
        self.as_calls(style).iter().map(Call::inline).collect()
    }

    pub(super) fn as_calls(&self, style: Style) -> Vec<Call> {
        [
            ("select_related", &self.select),
            ("prefetch_related", &self.prefetch),
        ]
        .into_iter()
        .filter(|(_, paths)| !paths.is_empty())
        .map(|(name, paths)| Call {
            name: name.to_owned(),
            arguments: paths.iter().map(|path| style.string(path)).collect(),
        })
        .collect()
    }
}

/// What can be added to the chain without harm: joins become prefetches where a join could raise.
pub(super) fn fitted(
    project: &Project,
    text: &str,
    module: &Module,
    target: Target<'_>,
    found: &Found<'_>,
    wanted: &Wanted,
) -> Result<Wanted, Refusal> {
    let mut wanted = wanted.clone();
    let chain = Chain::of(found.expr);
    let routine =
        chain::routine(module, target.site.span).map_or("", |at| &text[at.start as usize..at.end as usize]);
    let named = |name: &str| chain.links.iter().any(|link| link.name == Some(name));
    // A lock would cover the joined rows, and cannot cover the empty side of an outer join; the sides of a
    // union must have the same columns; `select_related()` forgets its own joins when it is given names.
    let all = chain
        .links
        .iter()
        .any(|link| link.name == Some("select_related") && link.arguments.is_some_and(|a| a.is_empty()));
    let no_join = routine.contains("select_for_update") || routine.contains(".union(") || named("raw") || all;
    if no_join {
        let joined = std::mem::take(&mut wanted.select);
        let accessors = joined
            .iter()
            .map(|path| project.accessor_path(target.model, path));
        wanted.prefetch = accessors.chain(wanted.prefetch).collect();
    }
    for query in target.queries {
        let head = |path: &String| path.split("__").next().unwrap_or(path).to_owned();
        let deferred = |name: &str| {
            query
                .plan
                .defer
                .iter()
                .any(|d| *d == name || d.as_str().strip_suffix("_id") == Some(name))
        };
        if wanted
            .select
            .iter()
            .chain(&wanted.prefetch)
            .any(|path| deferred(&head(path)))
        {
            return Err("the queryset defers the foreign key");
        }
        for path in &wanted.prefetch {
            let passes = |to: Sym| path == to.as_str() || path.starts_with(&format!("{to}__"));
            let inside = |site: Site| site.file == target.site.file && target.site.span.contains(site.span);
            let clash = query.plan.prefetch.iter().any(|p| {
                let own = passes(p.to) || passes(p.lookup);
                own && match &p.query {
                    Some(inner) => !inside(inner.site),
                    None => p.has_to_attr && !span_text(text, target.site.span).contains("to_attr"),
                }
            });
            if clash {
                return Err("another `Prefetch` of the same relation is added later");
            }
        }
    }
    let inner = found.around.iter().any(|node| match node {
        AnyNodeRef::ExprCall(call) => Chain::of(&call.func).is_named("Prefetch"),
        _ => false,
    });
    if target.helper && inner && !wanted.prefetch.is_empty() {
        return Err("the `Prefetch` is there for other code as well, which would pay for another query");
    }
    let iterated = routine.contains(".iterator()") && !named("iterator");
    if iterated && !wanted.prefetch.is_empty() {
        return Err("`iterator()` without a `chunk_size` takes no prefetches");
    }
    if wanted.select.is_empty() && wanted.prefetch.is_empty() {
        return Err("nothing is left to add");
    }
    Ok(wanted)
}

fn span_text(text: &str, at: Span) -> &str {
    text.get(at.start as usize..at.end as usize).unwrap_or("")
}

/// The arguments of `get_object_or_404(…)` and its kin.
fn shortcut<'t>(project: &Project, target: Target<'_>, expr: &'t Expr) -> Option<&'t Arguments> {
    let call = expr.as_call_expr()?;
    let dotted = match resolve(project, target, &call.func)? {
        Def::External(dotted) => dotted,
        Def::Func(func) => Sym::new(&project.func_name(func)),
        _ => return None,
    };
    let effect = tables::effect(dotted)?;
    matches!(effect, Effect::GetObject | Effect::GetList).then_some(&call.arguments)
}

/// What a paginator pages over, when its pages are read where it is made.
fn paged<'t>(
    project: &Project,
    target: Target<'_>,
    module: &'t Module,
    found: Found<'t>,
) -> Result<Found<'t>, Refusal> {
    let in_string = |node: &AnyNodeRef<'_>| matches!(node, AnyNodeRef::ExprFString(_));
    if found.around.iter().any(in_string) {
        return Err("the queryset stands in an f-string");
    }
    let chain = Chain::of(found.expr);
    let Some(call) = chain.root.as_call_expr() else {
        let last = chain.links.last();
        let own = |name: &str| {
            let managers = project.manager_names(target.model);
            let managers = managers
                .iter()
                .filter_map(|name| project.manager(target.model, *name));
            let classes = target.queries.iter().flat_map(|query| query.classes.clone());
            managers
                .flatten()
                .chain(classes)
                .any(|class| project.class_member(class, Sym::new(name)).is_some())
        };
        let unknown = last.is_some_and(|link| {
            link.arguments.is_some() && table(link.name).is_none() && !link.name.is_some_and(own)
        });
        let sliced = target.queries.iter().any(|query| query.sliced);
        return if unknown && sliced {
            Err("the rows come in pages")
        } else {
            Ok(found)
        };
    };
    let pages = match resolve(project, target, &call.func) {
        Some(Def::Class(class)) if project.class(class).model.is_none() => {
            if !project.derives_from(class, &["django.core.paginator.Paginator"]) {
                return Err("the queryset is made by a class");
            }
            true
        }
        Some(Def::External(dotted)) => tables::effect(dotted) == Some(Effect::Paginator),
        _ => false,
    };
    if !pages {
        return Ok(found);
    }
    let first = call
        .arguments
        .args
        .first()
        .ok_or("the queryset is given by keyword")?;
    if !first.is_call_expr() {
        return Err("the queryset is a variable");
    }
    chain::find(module, span(first.range())).ok_or("the queryset is no expression of its own")
}

/// What a name or a dotted name means at module level.
fn resolve(project: &Project, target: Target<'_>, expr: &Expr) -> Option<Def> {
    match expr {
        Expr::Name(name) => project.lookup(target.site.file, Sym::new(name.id.as_str())),
        Expr::Attribute(attribute) => {
            let base = resolve(project, target, &attribute.value)?;
            project.def_member(base, Sym::new(attribute.attr.as_str()))
        }
        _ => None,
    }
}

/// Changes the first argument of a shortcut: a model becomes a queryset of its default manager.
fn in_shortcut(
    project: &Project,
    text: &str,
    module: &Module,
    target: Target<'_>,
    arguments: &Arguments,
    wanted: &Wanted,
) -> Result<Vec<(Span, String)>, Refusal> {
    let first = arguments.args.first().ok_or("the model is given by keyword")?;
    let at = span(first.range());
    let named = match resolve(project, target, first) {
        Some(Def::Class(class)) => project.class(class).model.is_some(),
        _ => false,
    };
    let attribute = first.as_attribute_expr().map(|a| a.attr.as_str());
    if named || attribute == Some("model") {
        let manager = project
            .default_manager_name(target.model)
            .map_or("objects", |name| name.as_str());
        let manager = if named { manager } else { "_default_manager" };
        let mut calls = wanted.as_calls(Style::of(text));
        if let Some(first) = calls.first_mut() {
            first.name = format!("{manager}.{}", first.name);
        }
        let inner = chain::find(module, at).ok_or("the model is no expression of its own")?;
        let end = Span::new(at.end, at.end);
        return Ok(layout::insert(
            module,
            text,
            &inner,
            &Chain::of(first),
            end,
            (&calls, &[]),
        ));
    }
    let managers = project.manager_names(target.model);
    let manager = attribute.is_some_and(|name| name == "objects" || managers.iter().any(|m| *m == name));
    if !manager && !first.is_call_expr() {
        return Err("the queryset is a variable");
    }
    let inner = chain::find(module, at).ok_or("the queryset is no expression of its own")?;
    in_chain(project, text, module, target, &inner, wanted)
}

/// Puts the calls behind the last link that gives a queryset, or into those that stand there already.
fn in_chain(
    project: &Project,
    text: &str,
    module: &Module,
    target: Target<'_>,
    found: &Found<'_>,
    wanted: &Wanted,
) -> Result<Vec<(Span, String)>, Refusal> {
    let chain = Chain::of(found.expr);
    if chain.links.is_empty() {
        return parenthesised(text, found, wanted);
    }
    changeable(project, module, target, &chain)?;
    let style = Style::of(text);
    let mut edits = Vec::new();
    if target.queries.iter().any(|query| query.plan.only.is_some()) {
        edits.extend(narrowed::keep(project, style, target, &chain, wanted)?);
    }
    edits.extend(put(project, text, module, target, found, wanted.as_calls(style)));
    edits.sort();
    Ok(edits)
}

/// Puts calls behind the last link that gives a queryset, or their arguments into calls that stand there already.
pub(super) fn put(
    project: &Project,
    text: &str,
    module: &Module,
    target: Target<'_>,
    found: &Found<'_>,
    calls: Vec<Call>,
) -> Vec<(Span, String)> {
    let chain = Chain::of(found.expr);
    let end = last_queryset(&chain);
    let prefetches = calls.iter().any(|call| call.name == "prefetch_related");
    let mut edits = Vec::new();
    let mut new = Vec::new();
    for call in calls {
        match standing(&chain, end, &call.name) {
            Some(arguments) => edits.extend(arguments::merged(module, text, arguments, &call)),
            None => new.push(call),
        }
    }
    if !new.is_empty() {
        let at = end.map_or(span(chain.root.range()).end, |i| chain.links[i].span.end);
        let plain = end.filter(|i| is_plain_all(project, target, &chain, *i));
        let replaced = plain.map_or(Span::new(at, at), |i| chain.links[i].span);
        let put = layout::insert(module, text, found, &chain, replaced, (&new, &edits));
        edits.extend(put);
    }
    if prefetches {
        let bare = chain.links.iter().filter(|l| l.name == Some("iterator"));
        for arguments in bare.filter_map(|l| l.arguments).filter(|a| a.is_empty()) {
            let at = span(arguments.range()).end - 1;
            edits.push((Span::new(at, at), "chunk_size=2000".into()));
        }
    }
    edits
}

/// An expression that is no chain, such as `drafts | published`.
fn parenthesised(text: &str, found: &Found<'_>, wanted: &Wanted) -> Result<Vec<(Span, String)>, Refusal> {
    let at = span(found.expr.range());
    let calls: String = wanted
        .as_calls(Style::of(text))
        .iter()
        .map(Call::inline)
        .collect();
    match found.expr {
        Expr::BinOp(_) => {
            let bare = text[..at.start as usize].trim_end().ends_with('(')
                && text[at.end as usize..].trim_start().starts_with(')');
            if bare {
                return Err("the expression stands in brackets");
            }
            Ok(vec![
                (Span::new(at.start, at.start), "(".into()),
                (Span::new(at.end, at.end), format!("){calls}")),
            ])
        }
        Expr::Name(_) => Err("the queryset is a variable"),
        _ => Err("the queryset is no chain of calls"),
    }
}

/// Class attributes that say which rows the inherited methods work on.
const ROWS: [&str; 2] = ["model", "queryset"];

/// A queryset that code of a class makes for its subclasses may be one of another model there.
pub(super) fn changeable(
    project: &Project,
    module: &Module,
    target: Target<'_>,
    chain: &Chain<'_>,
) -> Result<(), Refusal> {
    let root = resolve(project, target, chain.root);
    let queries = chain.links.iter().any(|link| table(link.name).is_some());
    let served = last_queryset(chain).is_some_and(|end| {
        let link = &chain.links[end];
        link.arguments.is_none() || link.name == Some("all")
    });
    if target.prefetched && served {
        return Err("where the set is prefetched, another call on it would query again");
    }
    let local =
        |name: &str| !matches!(name, "self" | "cls") && !chain::imports(module, target.site.span, name);
    let dynamic = matches!(chain.root, Expr::Name(name) if root.is_none() && local(&name.id))
        && chain.links.first().is_some_and(|link| {
            let managers = project.manager_names(target.model);
            link.arguments.is_none()
                && link
                    .name
                    .is_some_and(|name| name == "objects" || managers.iter().any(|m| *m == name))
        });
    if dynamic {
        return Err("the model is a variable");
    }
    if matches!(root, Some(Def::External(_) | Def::Module(_) | Def::Namespace(..))) && !queries {
        return Err("the rows are fetched by a library");
    }
    let fixed = matches!(root, Some(Def::Class(_)));
    let facts = &project.file(target.site.file).facts;
    let holder = facts
        .classes
        .iter()
        .enumerate()
        .filter(|(_, class)| class.span.contains(target.site.span))
        .min_by_key(|(_, class)| class.span.end - class.span.start);
    let Some((idx, _)) = holder else { return Ok(()) };
    if fixed {
        return Ok(());
    }
    let own = match chain.root {
        Expr::Name(name) => matches!(name.id.as_str(), "self" | "cls"),
        Expr::Call(call) => matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "super"),
        _ => false,
    };
    let class = project.class_id(target.site.file, ClassIdx(idx as u32));
    // A subclass with rows of its own may have them from another model.
    let renamed = project.class_ids().any(|other| {
        other != class
            && project.is_subclass(other, class)
            && project
                .class_facts(other)
                .assigns
                .iter()
                .any(|assign| ROWS.contains(&assign.name.as_str()))
    });
    if own && renamed {
        return Err("classes that inherit this queryset have other rows");
    }
    Ok(())
}

/// The last link after which another queryset method can stand; nothing when that is the root.
fn last_queryset(chain: &Chain<'_>) -> Option<usize> {
    let combined = chain
        .links
        .iter()
        .position(|link| table(link.name).is_some_and(|m| m.plan == PlanOp::Combine));
    let mut end = combined.unwrap_or(chain.links.len());
    while let Some(last) = end.checked_sub(1) {
        let link = &chain.links[last];
        let gives = match (link.name, link.arguments) {
            (None, None) => false,
            (Some(_), Some(_)) => table(link.name).is_none_or(|m| {
                m.returns == Returns::Queryset
                    && !matches!(m.plan, PlanOp::Values | PlanOp::Iterator | PlanOp::None)
            }),
            _ => true,
        };
        if gives {
            break;
        }
        end = last;
    }
    end.checked_sub(1)
}

fn table(name: Option<&str>) -> Option<&'static tables::Method> {
    method(Sym::new(name?))
}

/// `.all()` directly behind a manager, which any other method makes superfluous.
fn is_plain_all(project: &Project, target: Target<'_>, chain: &Chain<'_>, at: usize) -> bool {
    let link = &chain.links[at];
    let plain = link.name == Some("all") && link.arguments.is_some_and(|a| a.is_empty());
    let manager = at > 0 && chain.links[at - 1].arguments.is_none() && chain.links[at - 1].name.is_some();
    let overridden = project
        .manager_names(target.model)
        .iter()
        .filter_map(|name| project.manager(target.model, *name))
        .flatten()
        .any(|class| {
            project
                .class_member(class, Sym::new("all"))
                .is_some_and(|(owner, _)| !project.is_stub(project.class(owner).file))
        });
    plain && manager && !overridden
}

/// The arguments of the last call of a method in the part of the chain that makes the queryset.
fn standing<'t>(chain: &Chain<'t>, end: Option<usize>, name: &str) -> Option<&'t Arguments> {
    let end = end?;
    let last = chain.links[..=end]
        .iter()
        .rev()
        .find(|link| link.name == Some(name))?;
    let arguments = last.arguments?;
    let plain = arguments.keywords.is_empty()
        && !arguments.args.is_empty()
        && !arguments
            .args
            .iter()
            .any(|a| a.is_none_literal_expr() || a.is_starred_expr());
    plain.then_some(arguments)
}
