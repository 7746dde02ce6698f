//! Annotations: `count()` and `exists()` of a related set, asked once with the rows instead of once per row.
//!
//! Counting joins, so the queryset may join nothing else to many rows; a test for existence does not.

use std::collections::BTreeMap;

use crate::analysis::judge::Judged;
use crate::project::{ModelAttr, ModelId, Project, RelKind, Relation};
use crate::source::{Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Expr, Keyword};
use crate::syntax::python::{Ranged, span};

use super::chain::{self, Chain, Found, Link};
use super::eager::{self, Target};
use super::imports::Imports;
use super::layout::{Call, Style};
use super::looped::{Ground, Loop, Read};
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety, narrow, words};

/// What is asked of a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
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
    if target.queries.is_empty()
        || target
            .queries
            .iter()
            .any(|query| query.plan.open || !query.plan.annotations.is_empty())
    {
        return Err("the queryset is made in a way that is not understood in full");
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
    annotatable(&ground, target.model, &chain)?;
    let mut work = Work {
        target,
        imports: Imports::new(project, file, &module, text, &scope),
        edits: Vec::new(),
        annotations: BTreeMap::new(),
    };
    for one in judged {
        let site = one.load.site;
        if site.file != file || !one.load.calls.is_empty() || one.path.len() != 1 {
            return Err("the rows are read in another function");
        }
        let read = ground.read(site.span, one.load.attr.as_str())?;
        let asked = Asked::of_set(&ground, one, &read)?;
        work.answer(&ground, &read.looped, &asked, one.load.attr)?;
    }
    work.done(&ground, &found)
}

/// The annotations of one queryset, as they come together.
pub(super) struct Work<'w, 'a> {
    pub target: Target<'w>,
    pub imports: Imports<'a>,
    pub edits: Vec<(Span, String)>,
    /// By relation, question and filter: the name, and the argument of `annotate()`.
    pub annotations: BTreeMap<(String, Question, String), (String, String)>,
}

impl Work<'_, '_> {
    /// Puts an annotation in the place of a question.
    pub fn answer(
        &mut self,
        ground: &Ground<'_>,
        looped: &Loop<'_>,
        asked: &Asked<'_>,
        accessor: Sym,
    ) -> Result<(), Refusal> {
        let project = ground.project;
        narrow::narrows(project, ground.trees, self.target.model, &looped.later, 0)?;
        if let Some(variable) = looped.variable {
            only_iterated(ground, variable)?;
        }
        let key = (accessor.to_string(), asked.question, asked.filters());
        let name = match self.annotations.get(&key) {
            Some((name, _)) => name.clone(),
            None => {
                let taken: Vec<&String> = self.annotations.values().map(|(name, _)| name).collect();
                let names = asked
                    .names(accessor)
                    .into_iter()
                    .filter(|name| !taken.contains(&name) && !ground.mentions(name));
                let name = words::attribute(project, self.target.model, self.target.queries, names)
                    .ok_or("there is no free name for the annotation")?;
                let value = asked.value(ground, &mut self.imports)?;
                self.annotations
                    .insert(key, (name.clone(), format!("{name}={value}")));
                name
            }
        };
        self.edits.push((asked.span, format!("{}.{name}", looped.row)));
        Ok(())
    }

    /// The fix, once all questions have an answer.
    pub fn done(mut self, ground: &Ground<'_>, found: &Found<'_>) -> Result<Fix, Refusal> {
        let call = Call {
            name: "annotate".to_owned(),
            arguments: self
                .annotations
                .into_values()
                .map(|(_, argument)| argument)
                .collect(),
        };
        let title = format!("Add `{}`", call.inline());
        let (project, text, module) = (ground.project, ground.text, ground.module);
        self.edits
            .extend(eager::put(project, text, module, self.target, found, vec![call]));
        self.edits.extend(self.imports.edits()?);
        Fix::in_file(Safety::Unsafe, title, ground.file, self.edits)
    }
}

/// The rows may be annotated: their queryset is read in full, groups nothing and locks nothing.
pub(super) fn annotatable(ground: &Ground<'_>, model: ModelId, chain: &Chain<'_>) -> Result<(), Refusal> {
    narrow::plain(ground.project, ground.trees, ground.file, model, chain)?;
    let own = ground.scope.span;
    if ground.text[own.start as usize..own.end as usize].contains("select_for_update") {
        return Err("the rows are locked");
    }
    Ok(())
}

const OTHER: Refusal = "only `count()` and `exists()` of a filtered set have a plain annotation";

/// A question as it is written: `row.rel.filter(…).count()`.
pub(super) struct Asked<'t> {
    pub question: Question,
    /// What the answer takes the place of.
    pub span: Span,
    pub relation: &'t Relation,
    /// The side that declares the relation is asked.
    pub forward: bool,
    /// The model at the other end.
    pub other: ModelId,
    /// The manager that is asked; `None` for the default one.
    pub manager: Option<String>,
    /// Keywords of `filter()` before the question, and texts of its other arguments.
    pub keywords: Vec<(String, String)>,
    pub objects: Vec<String>,
    /// What the filter leaves.
    pub word: Option<String>,
}

impl<'t> Asked<'t> {
    fn of_set(ground: &Ground<'t>, judged: &Judged<'_>, read: &Read<'t>) -> Result<Self, Refusal> {
        let project = ground.project;
        let (relation, forward) = match judged.last_attr(project) {
            Some(ModelAttr::Forward(id)) => (project.relation(id), true),
            Some(ModelAttr::Reverse(id)) => (project.relation(id), false),
            _ => return Err(OTHER),
        };
        let mut asked = Self::new(project, relation, forward, &read.found, read.chain.links.last())?;
        let end = read.chain.links.len() - 1;
        asked.narrow(ground, &read.chain.links[1..end.max(1)], |_| false)?;
        Ok(asked)
    }

    /// A question about a relation, asked by the last link of an expression.
    pub fn new(
        project: &'t Project,
        relation: &'t Relation,
        forward: bool,
        found: &Found<'t>,
        last: Option<&Link<'t>>,
    ) -> Result<Self, Refusal> {
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
        if project.class(project.model(other).class).open {
            return Err("a base of the related model is not known");
        }
        let last = last.ok_or(OTHER)?;
        let name = last.name.ok_or(OTHER)?;
        let question = match name {
            "count" | "acount" => Question::Count,
            "exists" | "aexists" => Question::Exists,
            _ => return Err(OTHER),
        };
        if last.arguments.is_none_or(|arguments| !arguments.is_empty()) {
            return Err(OTHER);
        }
        let span = match found.around.last() {
            Some(AnyNodeRef::ExprAwait(node)) if name.starts_with('a') => span(node.range()),
            _ if name.starts_with('a') => return Err(OTHER),
            _ => span(found.expr.range()),
        };
        Ok(Self {
            question,
            span,
            relation,
            forward,
            other,
            manager: None,
            keywords: Vec::new(),
            objects: Vec::new(),
            word: None,
        })
    }

    /// Takes in the calls before the question; `skipped` keywords are left out.
    pub fn narrow(
        &mut self,
        ground: &Ground<'t>,
        links: &[Link<'t>],
        skipped: impl Fn(&Keyword) -> bool,
    ) -> Result<(), Refusal> {
        for link in links {
            let arguments = match (link.name, link.arguments) {
                (Some("all" | "order_by"), Some(_)) => continue,
                (Some("filter"), Some(arguments)) => arguments,
                _ => return Err(OTHER),
            };
            narrow::conditions(ground.project, self.other, arguments)?;
            let text = |at: Span| narrow::one_line(ground.module, ground.text, at).ok_or(OTHER);
            let stays =
                |expr: &Expr| narrow::stable(ground.project, ground.file, ground.scope, expr, ground.place);
            let before = self.keywords.len() + self.objects.len();
            for arg in &arguments.args {
                if !narrow::stable_q(ground.project, ground.file, ground.scope, arg, ground.place) {
                    return Err(LOOP);
                }
                self.objects.push(text(span(arg.range()))?);
            }
            for keyword in arguments.keywords.iter().filter(|keyword| !skipped(keyword)) {
                let lookup = keyword.arg.as_ref().ok_or(OTHER)?.as_str();
                if !stays(&keyword.value) {
                    return Err(LOOP);
                }
                self.word = words::adjective(keyword);
                self.keywords
                    .push((lookup.to_owned(), text(span(keyword.value.range()))?));
            }
            if self.keywords.len() + self.objects.len() > 1 || (before > 0 && self.word.is_some()) {
                self.word = None;
            }
        }
        Ok(())
    }

    fn filters(&self) -> String {
        let pairs = self
            .keywords
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let all: Vec<String> = self.objects.iter().cloned().chain(pairs).collect();
        all.join(", ")
    }

    /// Names for the annotation, best first.
    fn names(&self, accessor: Sym) -> Vec<String> {
        let set = words::plural(accessor.as_str());
        let set = match (&self.word, self.filters().is_empty()) {
            (_, true) => set,
            (Some(word), _) => format!("{word}_{set}"),
            (None, _) => format!("matching_{set}"),
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
        let whole = match &self.manager {
            Some(name) => {
                narrow::unfiltered_manager(ground.project, ground.trees, self.other, Sym::new(name))
            }
            None => narrow::unfiltered(ground.project, ground.trees, self.other),
        };
        if !whole {
            return Err("the manager of the related model leaves rows out, or may");
        }
        let name = if self.forward {
            Some(self.relation.name)
        } else {
            self.relation.query_name
        };
        let name = name.ok_or("the relation has no name in lookups")?;
        if !self.objects.is_empty() {
            return Err("the filter is made of `Q` objects");
        }
        let path = Style::of(ground.text).string(name.as_str());
        let count = imports.orm("Count")?;
        if self.keywords.is_empty() {
            return Ok(format!("{count}({path}, distinct=True)"));
        }
        let q = imports.orm("Q")?;
        let lookups: Vec<String> = self
            .keywords
            .iter()
            .map(|(lookup, value)| format!("{name}__{lookup}={value}"))
            .collect();
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
        let model = imports.class(project.model(self.other).class)?;
        let default = project
            .default_manager_name(self.other)
            .map_or("objects", Sym::as_str);
        let manager = self.manager.as_deref().unwrap_or(default);
        let outer = imports.orm("OuterRef")?;
        let exists = imports.orm("Exists")?;
        let key = Style::of(ground.text).string("pk");
        let mut arguments = self.objects.clone();
        arguments.push(format!("{back}={outer}({key})"));
        arguments.extend(
            self.keywords
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        Ok(format!(
            "{exists}({model}.{manager}.filter({}))",
            arguments.join(", ")
        ))
    }
}

const LOOP: Refusal = "the filter depends on the loop";

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
