//! Models that are registered for the admin without a class of their own: they get one.
//!
//! Knows how a registration is written; what the lists of the admin load is up to the caller.

use crate::project::{Def, ModelId, Project};
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Expr};
use crate::syntax::python::{Ranged, span};

use super::super::chain;
use super::super::eager::Wanted;
use super::super::layout::{Call, Style};
use super::hooks;
use super::{Edit, Fix, Refusal, Safety, Trees};

/// What Django takes where a model has no admin class: django/contrib/admin/sites.py, `AdminSite.register`.
const BASE: &str = "django.contrib.admin.options.ModelAdmin";

const SHAPE: Refusal = "the model is registered without an admin class of its own";

/// Writes the admin class before the registration at a place.
pub(super) fn fix(
    project: &Project,
    trees: &Trees<'_>,
    site: Site,
    model: ModelId,
    wanted: &Wanted,
) -> Result<Fix, Refusal> {
    let module = trees.get(site.file).ok_or("the file has syntax errors")?;
    let text = trees.text(site.file);
    let found = chain::find(&module, site.span).ok_or(SHAPE)?;
    let call = found.expr.as_call_expr().ok_or(SHAPE)?;
    let alone = matches!(
        found.around[..],
        [AnyNodeRef::ModModule(_), AnyNodeRef::StmtExpr(_)]
    );
    let ([Expr::Name(name)], true, true) = (&*call.arguments.args, call.arguments.keywords.is_empty(), alone)
    else {
        return Err(SHAPE);
    };
    let callee = span(call.func.range());
    let callee = &text[callee.start as usize..callee.end as usize];
    let admin = callee.strip_suffix(".site.register").ok_or(SHAPE)?;
    let shown = match project.lookup(site.file, Sym::new(name.id.as_str())) {
        Some(Def::Class(class)) => project.class(class).model,
        _ => None,
    };
    if shown != Some(model) {
        return Err(SHAPE);
    }
    let class = format!("{}Admin", name.id);
    if project.lookup(site.file, Sym::new(&class)).is_some() {
        return Err("the name for an admin class is taken");
    }
    let hook = project
        .class_by_dotted(BASE)
        .and_then(|base| hooks::rows(project, base));
    let (hook, (_, base)) = hook.zip(BASE.rsplit_once('.')).ok_or(SHAPE)?;
    let style = Style::of(text);
    let mut parts = Vec::new();
    if let Some(attribute) = &hook.joins
        && !wanted.select.is_empty()
    {
        parts.push(joins(style, attribute, &wanted.select));
    }
    if !wanted.prefetch.is_empty() {
        let call = Call {
            name: "prefetch_related".to_owned(),
            arguments: wanted.prefetch.iter().map(|path| style.string(path)).collect(),
        };
        let (method, parameters) = (&hook.method, hook.parameters.join(", "));
        parts.push(format!(
            "    def {method}(self, {parameters}):\n        return super().{method}({parameters}){}\n",
            call.inline()
        ));
    }
    let body = parts.join("\n");
    let before = lead(text, site.span.start);
    let content = format!("{before}class {class}({admin}.{base}):\n{body}\n\n");
    let arguments = span(call.arguments.range());
    let edit = |at: u32, content: String| Edit {
        file: site.file,
        span: Span::new(at, at),
        content,
    };
    Ok(Fix {
        safety: Safety::Unsafe,
        title: format!("Add `{}` to the rows of `{class}`", wanted.calls()),
        edits: vec![
            edit(site.span.start, content),
            edit(arguments.end - 1, format!(", {class}")),
        ],
        migrations: Vec::new(),
    })
}

/// The attribute with the paths to join, in the body of a class.
fn joins(style: Style, attribute: &str, paths: &[String]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| style.string(path)).collect();
    let comma = if paths.len() == 1 { "," } else { "" };
    let line = format!("    {attribute} = ({}{comma})\n", paths.join(", "));
    if line.chars().count() <= style.width {
        return line;
    }
    let lines: String = paths.iter().map(|path| format!("        {path},\n")).collect();
    format!("    {attribute} = (\n{lines}    )\n")
}

/// The line breaks that are missing for two empty lines before a place at the start of a line.
fn lead(text: &str, at: u32) -> String {
    let before = &text[..at as usize];
    if before.trim().is_empty() {
        return String::new();
    }
    let breaks = before.len() - before.trim_end_matches(['\n', '\r']).len();
    let ends = before[before.len() - breaks..].replace("\r\n", "\n").len();
    "\n".repeat(3_usize.saturating_sub(ends))
}
