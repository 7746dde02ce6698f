//! Values as text: what `reveal(x)` shows, in specs and while looking for the reason of a finding.

use std::fmt::Write as _;

use crate::project::Project;
use crate::source::Sym;

use super::conditions::{Condition, Given};
use super::plan::{Plan, Prefetch};
use super::value::{Base, Dict, Kind, Mode, Origin, Query, Value};

/// A compact description of a value.
pub fn value(project: &Project, value: &Value) -> String {
    match &value.kind {
        Kind::Unknown => "Unknown".into(),
        Kind::Opaque => "Opaque".into(),
        Kind::None => "None".into(),
        Kind::Scalar => "Scalar".into(),
        Kind::Truth(true) => "truthy".into(),
        Kind::Truth(false) => "falsy".into(),
        Kind::Str(text) => format!("'{text}'"),
        Kind::Class(class) => match project.model_of_class(*class) {
            Some(model) => format!("class {}", project.model(model).label),
            None => format!("class {}", project.class(*class).dotted),
        },
        Kind::Cached(_) => "Cached".into(),
        Kind::External(dotted) => format!("outside {dotted}"),
        Kind::Module(file) => format!("module {}", project.file(*file).path),
        Kind::Namespace(_, dotted) => format!("namespace {dotted}"),
        Kind::Func(func) => format!("def {}", project.func_name(func.func)),
        Kind::Bound(bound) => format!("method {}", project.func_name(bound.func)),
        Kind::Method(method) => format!("method {}", method.1),
        Kind::Manager(manager) => match &manager.query.base {
            Base::Related(row, name) => {
                let (from, to) = (
                    project.model(row.model).label,
                    project.model(manager.query.model).label,
                );
                format!(
                    "related manager {from}.{name} → {to}{}",
                    plan(project, &manager.query.plan)
                )
            }
            _ => format!(
                "manager {}{}",
                project.model(manager.query.model).label,
                plan(project, &manager.query.plan)
            ),
        },
        Kind::Query(found) => query(project, found),
        Kind::Row(row) => match row.origin {
            Origin::New => format!("new {}", project.model(row.model).label),
            _ => project.model(row.model).label.to_string(),
        },
        Kind::Coll(coll) => format!("list[{}]", self::value(project, &coll.elem)),
        Kind::Tuple(items) => format!(
            "({})",
            items
                .iter()
                .map(|v| self::value(project, v))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Kind::Dict(found) => dict(project, found),
        Kind::Object(object) => format!("object {}", project.class(object.class).dotted),
        Kind::Super(found) => format!("super of {}", project.class(found.class).dotted),
        Kind::Condition(found) => format!("Q({})", condition(found)),
        Kind::Field => "F".into(),
        Kind::Prefetch(found) => format!("Prefetch({})", prefetch(project, found)),
        Kind::Union(items) => {
            let mut texts: Vec<String> = Vec::new();
            for item in items.iter().map(|v| self::value(project, v)) {
                if !texts.contains(&item) {
                    texts.push(item);
                }
            }
            texts.join(" | ")
        }
    }
}

fn dict(project: &Project, dict: &Dict) -> String {
    let named: Vec<String> = dict
        .items
        .iter()
        .map(|(n, v)| format!("{n}: {}", value(project, v)))
        .collect();
    if dict.value.kind == Kind::Unknown && dict.key.kind == Kind::Unknown {
        return format!("{{{}}}", named.join(", "));
    }
    let mut out = format!(
        "dict[{}, {}]",
        value(project, &dict.key),
        value(project, &dict.value)
    );
    if !named.is_empty() {
        let _ = write!(out, " {{{}}}", named.join(", "));
    }
    out
}

fn query(project: &Project, query: &Query) -> String {
    let mut out = format!("QuerySet[{}]", project.model(query.model).label);
    if let Base::Related(row, name) = &query.base {
        let _ = write!(out, " of {}.{name}", project.model(row.model).label);
    }
    if query.mode == Mode::Values {
        out.push_str(" values");
    }
    if query.empty {
        out.push_str(" none");
    }
    out.push_str(&plan(project, &query.plan));
    out
}

fn condition(found: &Condition) -> String {
    let all = |parts: &[Condition], by: &str| parts.iter().map(condition).collect::<Vec<_>>().join(by);
    match found {
        Condition::Compared(one) => match one.given {
            Given::None => format!("{}=None", one.lookup),
            Given::Truth(truth) => format!("{}={truth}", one.lookup),
            Given::Text(text) => format!("{}='{text}'", one.lookup),
            Given::Column => format!("{}=F", one.lookup),
            Given::Other => one.lookup.to_string(),
        },
        Condition::All(parts) => all(parts, ", "),
        Condition::Any(parts) => format!("({})", all(parts, " | ")),
        Condition::Not(inner) => format!("not ({})", condition(inner)),
        Condition::Unknown => "?".into(),
    }
}

fn plan(project: &Project, plan: &Plan) -> String {
    let mut out = String::new();
    let mut part = |name: &str, of: Vec<String>| {
        if !of.is_empty() {
            let _ = write!(out, " {name}({})", of.join(", "));
        }
    };
    let texts = |names: &[Sym]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
    if plan.select_all {
        part("select", vec!["*".into()]);
    }
    part("select", texts(&plan.select));
    part(
        "prefetch",
        plan.prefetch.iter().map(|p| prefetch(project, p)).collect(),
    );
    part("only", plan.only.as_deref().map(texts).unwrap_or_default());
    part("defer", texts(&plan.defer));
    part("annotate", texts(&plan.annotations));
    if plan.open {
        out.push_str(" open");
    }
    out
}

fn prefetch(project: &Project, prefetch: &Prefetch) -> String {
    let mut out = prefetch.lookup.to_string();
    if prefetch.has_to_attr {
        let _ = write!(
            out,
            " as {}",
            prefetch.to.as_str().rsplit("__").next().unwrap_or_default()
        );
    }
    if let Some(nested) = &prefetch.query {
        let loads = plan(project, &nested.plan);
        if !loads.is_empty() {
            let _ = write!(out, ":{loads}");
        }
    }
    out
}
