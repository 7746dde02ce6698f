//! Columns that `only()` or `defer()` leaves out of a chain, put back.

use crate::analysis::value::Query;
use crate::project::{ModelAttr, Project};
use crate::source::{Span, Sym};
use crate::syntax::python::ast::{Arguments, Expr};
use crate::syntax::python::{Ranged, span};

use super::chain::{self, Chain};
use super::eager::Target;
use super::layout::Style;
use super::{Fix, Refusal, Safety, Trees};

/// Loads the columns with the rows of the queryset at a place.
pub fn fix(
    project: &Project,
    trees: &Trees<'_>,
    target: Target<'_>,
    columns: &[Sym],
) -> Result<Fix, Refusal> {
    const ELSEWHERE: Refusal = "the column is left out elsewhere";
    let file = target.site.file;
    let module = trees.get(file).ok_or("the file has syntax errors")?;
    let text = trees.text(file);
    let found = chain::find(&module, target.site.span).ok_or("the queryset is no expression of its own")?;
    let chain = Chain::of(found.expr);
    let mut fields: Vec<String> = Vec::new();
    for column in columns {
        let name = match project.model_attr(target.model, *column) {
            Some(ModelAttr::Attname(relation)) => project.relation(relation).name,
            Some(ModelAttr::Column { .. }) => *column,
            _ => return Err("the column belongs to another row"),
        };
        if !fields.contains(&name.to_string()) {
            fields.push(name.to_string());
        }
    }
    if !target.queries.iter().all(|query| decided_here(&chain, query)) {
        return Err(ELSEWHERE);
    }
    let mut edits: Vec<(Span, String)> = Vec::new();
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for field in &fields {
        let same =
            |path: &Option<&str>| path.is_some_and(|p| p == field || p.strip_suffix("_id") == Some(field));
        let holds = |arguments: &Arguments| chain::strings(arguments).iter().any(same);
        let only = chain.links.iter().rposition(|link| link.name == Some("only"));
        let left_out = only
            .and_then(|i| chain.links[i].arguments)
            .is_some_and(|arguments| !holds(arguments));
        if left_out {
            kept.push(field.clone());
            continue;
        }
        let deferred = chain
            .links
            .iter()
            .any(|link| link.name == Some("defer") && link.arguments.is_some_and(holds));
        if !deferred {
            return Err(ELSEWHERE);
        }
        dropped.push(field.clone());
    }
    if !kept.is_empty() {
        let only = chain.links.iter().rev().find(|link| link.name == Some("only"));
        let arguments = only.and_then(|link| link.arguments).ok_or(ELSEWHERE)?;
        let last = arguments.args.last().ok_or(ELSEWHERE)?;
        if chain::strings(arguments).iter().any(Option::is_none) {
            return Err("the names in `only()` are computed");
        }
        let style = Style::of(text);
        let end = span(last.range()).end;
        let added: String = kept
            .iter()
            .map(|name| format!(", {}", style.string(name)))
            .collect();
        edits.push((Span::new(end, end), added));
    }
    if !dropped.is_empty() {
        for (i, link) in chain.links.iter().enumerate() {
            let Some(arguments) = link.arguments.filter(|_| link.name == Some("defer")) else {
                continue;
            };
            edits.extend(without(text, &chain, i, arguments, &dropped)?);
        }
    }
    let quoted = |names: &[String]| {
        names
            .iter()
            .map(|n| format!("`{n}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let title = match (&kept[..], &dropped[..]) {
        (_, []) => format!("Add {} to `only()`", quoted(&kept)),
        ([], _) => format!("Drop {} from `defer()`", quoted(&dropped)),
        _ => format!("Load {} with the rows", quoted(&fields)),
    };
    Fix::in_file(Safety::Unsafe, title, file, edits)
}

/// The chain itself says which columns are loaded, and nothing after it does.
fn decided_here(chain: &Chain<'_>, query: &Query) -> bool {
    let named = |method: &str| {
        let calls = chain.links.iter().filter(move |link| link.name == Some(method));
        calls
            .filter_map(|link| link.arguments)
            .map(chain::strings)
            .collect::<Vec<_>>()
    };
    let same = |literal: &[Option<&str>], plan: &[Sym]| {
        literal.len() == plan.len() && literal.iter().zip(plan).all(|(l, p)| *l == Some(p.as_str()))
    };
    let only = match (&query.plan.only, named("only").last()) {
        (None, None) => true,
        (Some(plan), Some(literal)) => same(literal, plan),
        _ => false,
    };
    only && same(&named("defer").concat(), &query.plan.defer)
}

/// A `defer()` without some of its names; the call goes when none is left.
fn without(
    text: &str,
    chain: &Chain<'_>,
    nth: usize,
    arguments: &Arguments,
    dropped: &[String],
) -> Result<Vec<(Span, String)>, Refusal> {
    let goes = |arg: &Expr| match arg {
        Expr::StringLiteral(name) => {
            let name = name.value.to_str();
            dropped
                .iter()
                .any(|field| field == name || name.strip_suffix("_id") == Some(field))
        }
        _ => false,
    };
    let (gone, left): (Vec<&Expr>, Vec<&Expr>) = arguments.args.iter().partition(|arg| goes(arg));
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let whole = span(arguments.range());
    if text[whole.start as usize..whole.end as usize].contains('#') {
        return Err("a comment stands in `defer()`");
    }
    if left.is_empty() {
        let called = |at: Option<usize>| {
            at.and_then(|i| chain.links.get(i))
                .is_some_and(|l| l.arguments.is_some())
        };
        let needed = !called(nth.checked_sub(1)) && !called(Some(nth + 1));
        let lead = text[chain.links[nth].span.start as usize..]
            .find('.')
            .unwrap_or(0) as u32;
        let start = chain.links[nth].span.start;
        return Ok(vec![if needed {
            (
                Span::new(start + lead, chain.links[nth].span.end),
                ".all()".to_owned(),
            )
        } else {
            (chain.links[nth].span, String::new())
        }]);
    }
    let mut edits = Vec::new();
    for (i, arg) in arguments.args.iter().enumerate().filter(|(_, arg)| goes(arg)) {
        let own = span(arg.range());
        let follows = arguments.args[i + 1..].iter().find(|next| !goes(next));
        edits.push(match (arguments.args.get(i + 1), follows, i.checked_sub(1)) {
            (Some(next), Some(_), _) => (Span::new(own.start, span(next.range()).start), String::new()),
            (_, _, Some(before)) => (
                Span::new(span(arguments.args[before].range()).end, own.end),
                String::new(),
            ),
            _ => return Err("the names in `defer()` are computed"),
        });
    }
    Ok(edits)
}
