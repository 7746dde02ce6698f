//! Eager loading for rows that no expression fetches: a class says which rows they are, and a framework fetches them.
//!
//! Admin classes, inlines, views with a model, and the choices of form fields that are made from a model. Where the
//! change would not be right for every class that inherits it, there is none. Which class of a framework is told what
//! in which way stands in `rules/django/hooks.toml`.

mod body;
mod choices;
mod hooks;
mod registered;
mod rows;

use crate::analysis::value::Query;
use crate::analysis::{admin_models, is_plain_registration};
use crate::project::{ClassId, Def, Member, ModelId, Project};
use crate::source::{Site, Span, Sym};

pub(super) use self::body::{Body, Change};
use super::eager::Wanted;
use super::{Edit, Fix, Refusal, Safety, Trees};

/// What is to be loaded with some of the rows that a declaration stands for.
pub struct Use<'a> {
    /// The form fields that offer the rows; none for the rows that a page shows.
    pub fields: Vec<Sym>,
    pub wanted: Wanted,
    /// What the framework joins by itself and the page needs, in query names.
    pub kept: Vec<String>,
    pub queries: Vec<&'a Query>,
}

/// A declaration to be changed.
struct Scope<'a> {
    project: &'a Project,
    trees: &'a Trees<'a>,
    site: Site,
    /// Of the rows.
    model: ModelId,
    /// The class that is changed; for options in a `Meta` the class around it.
    class: ClassId,
    /// The attribute at the place; none where the place is the class itself.
    attribute: Option<Sym>,
}

/// Whether a place is a class or an attribute of one, as opposed to a queryset expression.
pub fn is_place(project: &Project, site: Site) -> bool {
    declaration(project, site).is_some()
}

/// Why the rows of a place that is neither a declaration nor an expression cannot be changed there.
pub fn refusal(project: &Project, site: Site) -> Option<Refusal> {
    project
        .is_template(site)
        .then_some("which view fetches the rows is not known")
}

/// Gives a model that is registered without an admin class one that loads its rows; nothing at other places.
pub fn register(
    project: &Project,
    trees: &Trees<'_>,
    site: Site,
    model: ModelId,
    wanted: &Wanted,
) -> Option<Result<Fix, Refusal>> {
    is_plain_registration(project, site).then(|| registered::fix(project, trees, site, model, wanted))
}

/// Loads what is wanted for the rows behind a declaration.
pub fn fix(
    project: &Project,
    trees: &Trees<'_>,
    site: Site,
    model: ModelId,
    uses: &[Use<'_>],
) -> Result<Fix, Refusal> {
    let (class, attribute) = declaration(project, site).ok_or("the place is no declaration")?;
    if let Some(reason) = attribute.and_then(hooks::listed) {
        return Err(reason);
    }
    let scope = Scope {
        project,
        trees,
        site,
        model,
        class,
        attribute,
    };
    let module = trees.get(site.file).ok_or("the file has syntax errors")?;
    let name = Site::new(site.file, project.class_facts(class).name_span);
    let body = Body::of(&module, trees.text(site.file), name).ok_or("the class cannot be found")?;
    let mut titles = Vec::new();
    let mut changes: Vec<Change> = Vec::new();
    for one in uses {
        let made = if one.fields.is_empty() {
            rows::changes(&scope, &body, one)?
        } else {
            choices::changes(&scope, &body, one)?
        };
        if apart(&changes, &made) {
            titles.push(scope.title(one));
            changes = together(changes, made);
        }
    }
    if changes.is_empty() {
        return Err("nothing is left to add");
    }
    Ok(Fix {
        safety: Safety::Unsafe,
        title: format!("Add {}", titles.join(" and ")),
        edits: changes
            .into_iter()
            .map(|(span, content)| Edit {
                file: site.file,
                span,
                content,
            })
            .collect(),
        migrations: Vec::new(),
    })
}

/// The class behind a place, and the attribute when the place is one.
fn declaration(project: &Project, site: Site) -> Option<(ClassId, Option<Sym>)> {
    let classes = &project.file(site.file).facts.classes;
    classes.iter().enumerate().find_map(|(i, class)| {
        let id = project.class_id(site.file, crate::ir::ClassIdx(i as u32));
        if class.name_span == site.span {
            return Some((id, None));
        }
        let assign = class.assigns.iter().find(|assign| assign.span == site.span)?;
        let holder = match class.parent_class {
            Some(outer) if class.name == "Meta" => project.class_id(site.file, outer),
            _ => id,
        };
        Some((holder, Some(assign.name)))
    })
}

impl Scope<'_> {
    fn title(&self, one: &Use<'_>) -> String {
        let calls = one.wanted.calls();
        if one.fields.is_empty() {
            return format!(
                "`{calls}` to the rows of `{}`",
                self.project.class_facts(self.class).name
            );
        }
        let names: Vec<String> = one.fields.iter().map(|name| format!("`{name}`")).collect();
        format!("`{calls}` to the choices of {}", names.join(", "))
    }

    /// The classes of the project that inherit from the changed one, itself included.
    fn heirs(&self) -> impl Iterator<Item = ClassId> {
        let project = self.project;
        project.class_ids().filter(move |class| {
            project.is_subclass(*class, self.class) && !project.is_stub(project.class(*class).file)
        })
    }

    /// Whether code outside of library knowledge binds the name in the class or a base.
    fn own(&self, class: ClassId, name: &str) -> Option<(ClassId, Member)> {
        let (owner, member) = self.project.class_member(class, Sym::new(name))?;
        (!self.project.is_stub(self.project.class(owner).file)).then_some((owner, member))
    }

    /// The models that a class works for: those it is registered for, and the one it names.
    fn models(&self, class: ClassId) -> Vec<ModelId> {
        let mut found = admin_models(self.project).remove(&class).unwrap_or_default();
        found.extend(self.named_model(class));
        if let Some((_, Member::Class(meta))) = self.own(class, "Meta") {
            found.extend(self.named_model(meta));
        }
        found
    }

    fn named_model(&self, class: ClassId) -> Option<ModelId> {
        let (owner, member) = self.own(class, "model")?;
        let Member::Assign(idx) = member else { return None };
        let value = self.project.class_facts(owner).assigns[idx as usize]
            .value
            .as_deref()?;
        match self.project.resolve_expr(self.project.class(owner).file, value)? {
            Def::Class(model) => self.project.model_of_class(model),
            _ => None,
        }
    }
}

/// The changes touch different texts, or insert at the same place.
fn apart(one: &[Change], other: &[Change]) -> bool {
    let before = |a: Span, b: Span| a.end <= b.start && a.start < b.end;
    let beside = |a: Span, b: Span| before(a, b) || before(b, a) || a == b && a.start == a.end;
    one.iter().all(|(a, _)| other.iter().all(|(b, _)| beside(*a, *b)))
}

/// Changes of both, in order; insertions at the same place become one.
fn together(one: Vec<Change>, other: Vec<Change>) -> Vec<Change> {
    let mut all = one;
    for (span, content) in other {
        match all.iter_mut().find(|(at, _)| *at == span) {
            Some((_, text)) => text.push_str(&content),
            None => all.push((span, content)),
        }
    }
    all.sort();
    all
}
