//! The linked model graph in printable form.

use crate::project::{Model, ModelAttr, Part, Project, RelKind, Relation, Target};
use crate::report::graph::{GraphView, ModelView, RelationView};
use crate::source::{SourceSet, Sym};

/// All concrete and abstract models of the project, and the built-in ones it relates to.
pub(super) fn graph(project: &Project, sources: &SourceSet) -> GraphView {
    let mut models: Vec<ModelView> = project
        .models()
        .iter()
        .filter(|m| m.part != Part::Migration)
        .map(|m| model(project, sources, m))
        .collect();
    models.sort_by(|a, b| (&a.label, &a.path, a.line).cmp(&(&b.label, &b.path, b.line)));
    GraphView { models }
}

fn model(project: &Project, sources: &SourceSet, m: &Model) -> ModelView {
    let source = sources.get(m.site.file);
    let mut reverse: Vec<RelationView> = m
        .attrs()
        .filter_map(|(name, attr)| match attr {
            // A child's link to its parent's table leads back to the child only.
            ModelAttr::Reverse(rel)
                if project.relation(rel).parent_link && project.relation(rel).owner == m.id =>
            {
                None
            }
            ModelAttr::Reverse(rel) => {
                let relation = project.relation(rel);
                Some(RelationView {
                    name: name.to_string(),
                    kind: kind(relation.kind),
                    target: Some(project.model(relation.owner).label.to_string()),
                    null: relation.null,
                    accessor_of_reverse: Some(relation.name.to_string()),
                    query_name: relation.query_name.map(|n| n.to_string()),
                })
            }
            _ => None,
        })
        .collect();
    reverse.sort_by(|a, b| a.name.cmp(&b.name));
    let mut managers = project.manager_names(m.id);
    if managers.is_empty() && !m.meta.abstract_ {
        managers.push(Sym::new("objects"));
    }
    ModelView {
        label: m.label.to_string(),
        module: project.file(m.site.file).module.to_string(),
        path: source.path.clone(),
        line: source.position(m.site.span.start).line,
        abstract_: m.meta.abstract_,
        proxy: m.meta.proxy,
        managed: m.meta.managed,
        fields: m
            .relations
            .iter()
            .map(|r| relation(project, project.relation(*r)))
            .collect(),
        reverse,
        default_manager: project
            .default_manager_name(m.id)
            .or(managers.first().copied())
            .map(|n| n.to_string()),
        managers: names(&managers),
        parents: m
            .parents
            .iter()
            .map(|p| project.model(*p).label.to_string())
            .collect(),
        ordering: names(&m.meta.ordering),
        indexes: Vec::new(),
        unique_together: Vec::new(),
    }
}

fn names(items: &[Sym]) -> Vec<String> {
    items.iter().map(|n| n.to_string()).collect()
}

fn relation(project: &Project, r: &Relation) -> RelationView {
    RelationView {
        name: r.name.to_string(),
        kind: kind(r.kind),
        target: match r.target {
            Target::Model(id) => Some(project.model(id).label.to_string()),
            _ => None,
        },
        null: r.null,
        accessor_of_reverse: r.accessor.map(|n| n.to_string()),
        query_name: r.query_name.map(|n| n.to_string()),
    }
}

fn kind(kind: RelKind) -> &'static str {
    match kind {
        RelKind::ForeignKey => "fk",
        RelKind::OneToOne => "o2o",
        RelKind::ManyToMany => "m2m",
        RelKind::GenericForeignKey => "gfk",
        RelKind::GenericRelation => "generic_relation",
    }
}
