//! The `Meta` of a model as text: where one more entry of a list goes, and what that list inherits.
//!
//! Knows how options are inherited ("Meta inheritance" in Django's documentation); not what they mean.

use crate::fix::code::{Code, Frame};
use crate::fix::declare::{Body, Change};
use crate::fix::layout;
use crate::fix::{Desk, Refusal};
use crate::ir::ExprKind;
use crate::project::{ClassId, Def, Member, Model, Part, Project};
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::Expr;
use crate::syntax::python::{Module, Ranged, span};

const BREAKS: [char; 2] = ['\n', '\r'];
const SYNTAX: Refusal = "the file has syntax errors";
const GONE: Refusal = "the class cannot be found";
const INHERITED: Refusal = "what its `Meta` inherits is not known";

/// The class `Meta` that stands in the class of a model.
pub(super) fn own(project: &Project, model: &Model) -> Option<ClassId> {
    match project.class(model.class).members.get(&Sym::new("Meta"))? {
        Member::Class(meta) => Some(*meta),
        _ => None,
    }
}

/// Whether indexes have names where they need none: in this model, else in most of the project's.
pub(super) fn names_indexes(project: &Project, model: &Model) -> bool {
    let count = |model: &Model| -> (usize, usize) {
        let meta = own(project, model).map(|meta| project.class_facts(meta));
        let assigns = meta.into_iter().flat_map(|meta| &meta.assigns);
        let lists = assigns.filter(|assign| assign.name == "indexes");
        let items = lists.filter_map(|assign| match &assign.value.as_deref()?.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => Some(items),
            _ => None,
        });
        let calls = items.flatten().filter_map(|item| match &item.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        });
        calls.fold((0, 0), |(named, all), call| {
            (named + usize::from(call.keyword("name").is_some()), all + 1)
        })
    };
    let (named, all) = match count(model) {
        (_, 0) => {
            let others = project.models().iter();
            let others = others.filter(|other| matches!(other.part, Part::Source | Part::Command));
            others.map(count).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        }
        own => own,
    };
    named * 2 > all
}

/// The quotes that the class of a model has.
pub(super) fn quote(desk: &Desk<'_, '_>, model: &Model) -> Result<char, Refusal> {
    let module = desk.trees.get(model.site.file).ok_or(SYNTAX)?;
    let text = desk.trees.text(model.site.file);
    Ok(Body::of(&module, text, model.site).ok_or(GONE)?.style.quote)
}

/// One more entry in a list of the `Meta` of a model.
pub(super) fn appended(
    desk: &Desk<'_, '_>,
    model: &Model,
    option: &str,
    entry: Code,
) -> Result<Vec<Change>, Refusal> {
    let project = desk.project;
    let file = model.site.file;
    let module = desk.trees.get(file).ok_or(SYNTAX)?;
    let text = desk.trees.text(file);
    let Some(meta) = own(project, model) else {
        return created(desk, model, &module, option, entry).map(|change| vec![change]);
    };
    let name = Site::new(file, project.class_facts(meta).name_span);
    let body = Body::of(&module, text, name).ok_or(GONE)?;
    if !body.stands_on_lines() {
        return Err("the body of `Meta` stands on one line");
    }
    let facts = project.class_facts(meta);
    match facts
        .assigns
        .iter()
        .filter(|assign| assign.name == *option)
        .count()
    {
        0 => {}
        1 => {
            let (value, _) = body.assign(option).ok_or("the list is computed")?;
            return grown(&body, &module, value, entry);
        }
        _ => return Err("the list is computed"),
    }
    let mut items = Vec::new();
    if !facts.bases.is_empty() {
        let plain = matches!(&facts.bases[..], [base] if base.last_name().is_some_and(|n| n != "object"));
        if project.class(meta).open || !facts.keywords.is_empty() {
            return Err(INHERITED);
        }
        if inherits(project, meta, option) {
            if !plain {
                return Err("the list comes from several classes");
            }
            let base = &text[facts.bases[0].span.start as usize..facts.bases[0].span.end as usize];
            items.push(Code::text(format!("*{base}.{option}")));
        }
    }
    items.push(entry);
    let lines = laid(&body, 0, option, items);
    body.add_attribute(None, &lines).map(|change| vec![change])
}

/// A `Meta` of its own for a model, with one entry.
fn created(
    desk: &Desk<'_, '_>,
    model: &Model,
    module: &Module,
    option: &str,
    entry: Code,
) -> Result<Change, Refusal> {
    let project = desk.project;
    let text = desk.trees.text(model.site.file);
    let body = Body::of(module, text, model.site).ok_or(GONE)?;
    if !model.parents.is_empty() {
        return Err("the model inherits its table in part and has no `Meta`");
    }
    if project.class(model.class).open {
        return Err("its base classes are not known");
    }
    let mut items = Vec::new();
    let mut head = "class Meta:".to_owned();
    if let Some((base, meta)) = base_with_meta(project, model)? {
        let written = &text[base.start as usize..base.end as usize];
        if inherits_here(project, meta, option) {
            items.push(Code::text(format!("*{written}.Meta.{option}")));
        }
        head = format!("class Meta({written}.Meta):");
    }
    items.push(entry);
    let mut lines = vec![head];
    lines.extend(laid(&body, 1, option, items));
    body.add_class(&lines)
}

/// The first base of a model whose `Meta` it inherits.
fn base_with_meta(project: &Project, model: &Model) -> Result<Option<(Span, ClassId)>, Refusal> {
    let facts = project.class_facts(model.class);
    for base in &facts.bases {
        let class = match project.resolve_expr(model.site.file, base) {
            Some(Def::Class(class)) => class,
            Some(Def::External(_)) => continue,
            _ => return Err("its base classes are not known"),
        };
        let Some((owner, member)) = project.class_member(class, Sym::new("Meta")) else {
            continue;
        };
        let Member::Class(meta) = member else {
            return Err(INHERITED);
        };
        let stub = project.is_stub(project.class(owner).file);
        // No abstract model that Django brings declares indexes; what stubs of packages leave out is not known.
        let silent = stub && !project.class(owner).dotted.as_str().starts_with("django.");
        if silent || project.class(meta).open {
            return Err(INHERITED);
        }
        if !matches!(base.kind, ExprKind::Name(_) | ExprKind::Attr(_)) {
            return Err(INHERITED);
        }
        return Ok(Some((base.span, meta)));
    }
    Ok(None)
}

/// Whether a base of a `Meta` sets an option.
fn inherits(project: &Project, meta: ClassId, option: &str) -> bool {
    let found = project.class_member(meta, Sym::new(option));
    found.is_some_and(|(owner, _)| owner != meta)
}

fn inherits_here(project: &Project, meta: ClassId, option: &str) -> bool {
    project.class_member(meta, Sym::new(option)).is_some()
}

/// `indexes = […]`, so many levels below the body.
fn laid(body: &Body<'_>, level: usize, option: &str, items: Vec<Code>) -> Vec<String> {
    let (indent, unit) = body.indentation();
    let frame = Frame {
        unit,
        width: body.style.width,
    };
    let outer = format!("{indent}{}", unit.repeat(level));
    let lines = Code::list(items).lines(frame, &outer, &format!("{option} = "), "");
    let inner = |line: String| line.strip_prefix(indent).map_or(line.clone(), ToOwned::to_owned);
    lines.into_iter().map(inner).collect()
}

/// A list or tuple with one more entry.
fn grown(body: &Body<'_>, module: &Module, list: &Expr, entry: Code) -> Result<Vec<Change>, Refusal> {
    let (items, square) = match list {
        Expr::List(list) => (&list.elts[..], true),
        Expr::Tuple(tuple) if tuple.parenthesized => (&tuple.elts[..], false),
        _ => return Err("the list is computed"),
    };
    let text = body.text;
    let (_, unit) = body.indentation();
    let frame = Frame {
        unit,
        width: body.style.width,
    };
    let whole = span(list.range());
    let slice = |from: u32, to: u32| &text[from as usize..to as usize];
    let one_line = !slice(whole.start, whole.end).contains(BREAKS);
    let Some(last) = items.last().map(|item| span(item.range())).filter(|_| !one_line) else {
        if !one_line {
            return Err("the list holds nothing but comments");
        }
        let mut all: Vec<Code> = items
            .iter()
            .map(|item| span(item.range()))
            .map(|at| Code::text(slice(at.start, at.end)))
            .collect();
        all.push(entry);
        let indent = layout::indent_of(text, whole.start);
        let line = text[..whole.start as usize].rfind(BREAKS).map_or(0, |n| n + 1);
        let head = slice(line as u32 + indent.len() as u32, whole.start);
        let single = all.len() == 1;
        let code = if square || single {
            Code::list(all)
        } else {
            Code::tuple(all)
        };
        let lines = code.lines(frame, &indent, head, "").join("\n");
        return Ok(vec![(whole, lines[indent.len() + head.len()..].to_owned())]);
    };
    let comma = module
        .tokens()
        .iter()
        .filter(|token| token.kind() == crate::syntax::python::TokenKind::Comma)
        .map(|token| span(token.range()))
        .find(|at| at.start >= last.end && at.end < whole.end);
    if !layout::starts_line(text, last.start) {
        let entry = entry.inline();
        return Ok(vec![(Span::new(last.end, last.end), format!(", {entry}"))]);
    }
    let indent = layout::indent_of(text, last.start);
    let end_of_line = |at: u32| text[at as usize..].find(BREAKS).map_or(at, |n| at + n as u32);
    let after = comma.map_or(last.end, |comma| comma.end);
    let end = end_of_line(after);
    if end >= whole.end {
        return Ok(vec![(
            Span::new(last.end, last.end),
            format!(",\n{}", entry.lines(frame, &indent, "", "").join("\n")),
        )]);
    }
    let end = after + slice(after, end).trim_end().len() as u32;
    let behind = if comma.is_some() { "," } else { "" };
    let lines = format!("\n{}", entry.lines(frame, &indent, "", behind).join("\n"));
    Ok(match comma {
        Some(_) => vec![(Span::new(end, end), lines)],
        None if end == last.end => vec![(Span::new(end, end), format!(",{lines}"))],
        None => vec![
            (Span::new(last.end, last.end), ",".to_owned()),
            (Span::new(end, end), lines),
        ],
    })
}
