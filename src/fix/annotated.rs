//! Annotations: `count()` and `exists()` of a related set, asked once with the rows instead of once per row.
//!
//! Counting joins, so the queryset may join nothing else to many rows; a test for existence does not.

use std::collections::BTreeMap;

use crate::analysis::judge::Judged;
use crate::project::{ModelAttr, ModelId, RelKind, Relation};
use crate::source::{Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Arguments, Expr};
use crate::syntax::python::{Ranged, span};

use super::chain::{self, Chain};
use super::eager::{self, Target};
use super::imports::Imports;
use super::layout::{Call, Style};
use super::looped::{Ground, Read};
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety, narrow, words};

/// What is asked of a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Count,
    Exists,
}

/// Annotates the queryset at a place with the answers to all questions, and reads them from the rows.
pub fn fix(desk: Desk<'_, '_>, target: Target<'_>, judged: &[&Judged<'_>]) -> Result<Fix, Refusal> {
    let project = desk.project;
    let file = target.site.file;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let place = target.site.span;
    let found = chain::find(&module, place).ok_or("the queryset is no expression of its own")?;
    let scope = Scope::around(&module, place).ok_or("the queryset is made outside of functions")?;
    let chain = Chain::of(found.expr);
    narrow::plain(project, desk.trees, file, target.model, &chain)?;
    if target.queries.is_empty()
        || target
            .queries
            .iter()
            .any(|query| query.plan.open || !query.plan.annotations.is_empty())
    {
        return Err("the queryset is made in a way that is not understood in full");
    }
    if text[scope.span.start as usize..scope.span.end as usize].contains("select_for_update") {
        return Err("the rows are locked");
    }
    let ground = Ground {
        project,
        analysis: desk.analysis,
        trees: desk.trees,
        module: &module,
        text,
        file,
        scope: &scope,
        place,
    };
    let mut imports = Imports::new(project, file, &module, text, &scope);
    let mut edits = Vec::new();
    let mut annotations: BTreeMap<(String, Question, String), (String, String)> = BTreeMap::new();
    for one in judged {
        let site = one.load.site;
        if site.file != file || !one.load.calls.is_empty() || one.path.len() != 1 {
            return Err("the rows are read in another function");
        }
        let read = ground.read(site.span, one.load.attr.as_str())?;
        narrow::narrows(project, desk.trees, target.model, &read.looped.later, 0)?;
        if let Some(variable) = read.looped.variable {
            only_iterated(&ground, variable)?;
        }
        let asked = Asked::of(&ground, one, &read)?;
        let key = (one.load.attr.to_string(), asked.question, asked.filters());
        let name = match annotations.get(&key) {
            Some((name, _)) => name.clone(),
            None => {
                let taken: Vec<String> = annotations.values().map(|(name, _)| name.clone()).collect();
                let names = asked
                    .names(one.load.attr)
                    .into_iter()
                    .filter(|name| !taken.contains(name));
                let name = words::attribute(project, target.model, target.queries, names)
                    .ok_or("there is no free name for the annotation")?;
                let value = asked.value(&ground, &mut imports)?;
                annotations.insert(key, (name.clone(), format!("{name}={value}")));
                name
            }
        };
        edits.push((asked.span, format!("{}.{name}", read.looped.row)));
    }
    let call = Call {
        name: "annotate",
        arguments: annotations.into_values().map(|(_, argument)| argument).collect(),
    };
    let title = format!("Add `{}`", call.inline());
    edits.extend(eager::put(project, text, &module, target, &found, vec![call]));
    edits.extend(imports.edits()?);
    Fix::in_file(Safety::Unsafe, title, file, edits)
}

/// A question as it is written: `row.rel.filter(…).count()`.
struct Asked<'t> {
    question: Question,
    /// What the answer takes the place of.
    span: Span,
    relation: &'t Relation,
    /// The side that declares the relation is asked.
    forward: bool,
    /// The model at the other end.
    other: ModelId,
    /// Arguments of `filter()` before it, with their text.
    narrowed: Vec<(&'t Arguments, String)>,
}

impl<'t> Asked<'t> {
    fn of(ground: &Ground<'t>, judged: &Judged<'_>, read: &Read<'t>) -> Result<Self, Refusal> {
        const OTHER: Refusal = "only `count()` and `exists()` of a filtered set have a plain annotation";
        let project = ground.project;
        let (relation, forward) = match judged.last_attr(project) {
            Some(ModelAttr::Forward(id)) => (project.relation(id), true),
            Some(ModelAttr::Reverse(id)) => (project.relation(id), false),
            _ => return Err(OTHER),
        };
        let other = if forward {
            relation.target_model()
        } else {
            Some(relation.owner)
        };
        let other = other.ok_or(OTHER)?;
        let plain = matches!(relation.kind, RelKind::ForeignKey | RelKind::ManyToMany);
        if !plain || relation.through.is_some() || relation.to_field.is_some() {
            return Err("the relation goes over other columns than the primary key");
        }
        let Some((last, links)) = read.chain.links[1..].split_last() else {
            return Err(OTHER);
        };
        let question = match last.name {
            Some("count" | "acount") => Question::Count,
            Some("exists" | "aexists") => Question::Exists,
            _ => return Err(OTHER),
        };
        if last.arguments.is_none_or(|arguments| !arguments.is_empty()) {
            return Err(OTHER);
        }
        let mut narrowed = Vec::new();
        for link in links {
            match (link.name, link.arguments) {
                (Some("all" | "order_by"), Some(_)) => {}
                (Some("filter"), Some(arguments)) => {
                    narrow::conditions(project, other, arguments)?;
                    if !narrow::stable_arguments(project, ground.file, ground.scope, arguments, ground.place)
                    {
                        return Err("the filter depends on the loop");
                    }
                    let inner = span(arguments.range());
                    let inner = Span::new(inner.start + 1, inner.end - 1);
                    let text = narrow::one_line(ground.module, ground.text, inner).ok_or(OTHER)?;
                    narrowed.push((arguments, text.trim().trim_end_matches(',').to_owned()));
                }
                _ => return Err(OTHER),
            }
        }
        let awaited = last.name.is_some_and(|name| name.starts_with('a'));
        let whole = span(read.found.expr.range());
        let span = match read.found.around.last() {
            Some(AnyNodeRef::ExprAwait(node)) if awaited => span(node.range()),
            _ if awaited => return Err(OTHER),
            _ => whole,
        };
        Ok(Self {
            question,
            span,
            relation,
            forward,
            other,
            narrowed,
        })
    }

    fn filters(&self) -> String {
        let texts: Vec<&str> = self.narrowed.iter().map(|(_, text)| text.as_str()).collect();
        texts.join(", ")
    }

    /// Names for the annotation, best first.
    fn names(&self, accessor: Sym) -> Vec<String> {
        let set = words::plural(accessor.as_str());
        let set = match &self.narrowed[..] {
            [] => set,
            [(only, _)] => format!(
                "{}_{set}",
                words::adjective(only).unwrap_or("matching".to_owned())
            ),
            _ => format!("matching_{set}"),
        };
        match self.question {
            Question::Count => vec![format!("{set}_count"), format!("num_{set}")],
            Question::Exists => vec![format!("has_{set}"), format!("with_{set}")],
        }
    }

    /// The expression that answers the question.
    fn value(&self, ground: &Ground<'_>, imports: &mut Imports<'_>) -> Result<String, Refusal> {
        match self.question {
            Question::Count => self.count(ground, imports),
            Question::Exists => self.exists(ground, imports),
        }
    }

    fn count(&self, ground: &Ground<'_>, imports: &mut Imports<'_>) -> Result<String, Refusal> {
        if !narrow::unfiltered(ground.project, ground.trees, self.other) {
            return Err("the default manager of the related model leaves rows out, or may");
        }
        let name = if self.forward {
            Some(self.relation.name)
        } else {
            self.relation.query_name
        };
        let name = name.ok_or("the relation has no name in lookups")?;
        let path = Style::of(ground.text).string(name.as_str());
        let count = imports.orm("Count")?;
        if self.narrowed.is_empty() {
            return Ok(format!("{count}({path}, distinct=True)"));
        }
        let mut lookups = Vec::new();
        for (arguments, _) in &self.narrowed {
            if !arguments.args.is_empty() {
                return Err("the filter is made of `Q` objects");
            }
            for keyword in &arguments.keywords {
                let value = narrow::one_line(ground.module, ground.text, span(keyword.value.range()));
                let lookup = keyword.arg.as_ref().map_or("", |arg| arg.as_str());
                lookups.push(format!("{name}__{lookup}={}", value.unwrap_or_default()));
            }
        }
        let q = imports.orm("Q")?;
        Ok(format!(
            "{count}({path}, filter={q}({}), distinct=True)",
            lookups.join(", ")
        ))
    }

    fn exists(&self, ground: &Ground<'_>, imports: &mut Imports<'_>) -> Result<String, Refusal> {
        let project = ground.project;
        let back = if self.forward {
            self.relation.query_name
        } else {
            Some(self.relation.name)
        };
        let back = back.ok_or("the relation has no name in lookups")?;
        let class = project.model(self.other).class;
        if project.class(class).open {
            return Err("a base of the related model is not known");
        }
        let model = imports.class(class)?;
        let manager = project
            .default_manager_name(self.other)
            .map_or("objects", |name| name.as_str());
        let outer = imports.orm("OuterRef")?;
        let exists = imports.orm("Exists")?;
        let key = Style::of(ground.text).string("pk");
        let mut arguments: Vec<String> = Vec::new();
        let mut chained = String::new();
        for (given, text) in &self.narrowed {
            if given.args.is_empty() {
                arguments.push(text.clone());
            } else {
                chained.push_str(&format!(".filter({text})"));
            }
        }
        arguments.insert(0, format!("{back}={outer}({key})"));
        Ok(format!(
            "{exists}({model}.{manager}.filter({}){chained})",
            arguments.join(", ")
        ))
    }
}

/// The queryset in a variable is only iterated and measured: nobody combines it with another one.
fn only_iterated(ground: &Ground<'_>, variable: &str) -> Result<(), Refusal> {
    const USED: Refusal = "the queryset is used for something else as well";
    for used in ground.scope.uses(variable) {
        let at = span(used.range());
        let found = chain::find(ground.module, at).ok_or(USED)?;
        let mut around = found.around.iter().rev();
        let fine = match around.next() {
            Some(AnyNodeRef::StmtFor(each)) => span(each.iter.range()) == at,
            Some(AnyNodeRef::Comprehension(_)) => true,
            Some(AnyNodeRef::StmtIf(_) | AnyNodeRef::ElifElseClause(_)) => true,
            Some(AnyNodeRef::Arguments(_)) => {
                matches!(around.next(), Some(AnyNodeRef::ExprCall(call))
                    if matches!(&*call.func, Expr::Name(name)
                        if matches!(name.id.as_str(), "len" | "bool" | "list" | "tuple" | "enumerate")))
            }
            Some(AnyNodeRef::ExprAttribute(attribute)) => {
                matches!(
                    attribute.attr.as_str(),
                    "count" | "exists" | "filter" | "exclude" | "order_by" | "all" | "iterator"
                ) && stays(ground, variable, at)
            }
            _ => false,
        };
        if !fine {
            return Err(USED);
        }
    }
    Ok(())
}

/// A call on the variable that counts it, iterates it or narrows it under the same name.
fn stays(ground: &Ground<'_>, variable: &str, at: Span) -> bool {
    let rebound = ground.scope.bindings(variable).any(|bound| match bound.how {
        super::scope::How::Assigned(value) => span(value.range()).start == at.start,
        _ => false,
    });
    let counted = ground.text[at.end as usize..].starts_with(".count()")
        || ground.text[at.end as usize..].starts_with(".exists()");
    let iterated = chain::find(ground.module, at).is_some_and(|found| {
        found.around.iter().any(|node| match node {
            AnyNodeRef::StmtFor(each) => span(each.iter.range()).start == at.start,
            AnyNodeRef::Comprehension(clause) => span(clause.iter.range()).start == at.start,
            _ => false,
        })
    });
    rebound || counted || iterated
}
