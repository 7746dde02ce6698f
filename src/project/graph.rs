//! Builds the model graph: which classes are models, their fields, Meta and inheritance.
//!
//! Follows `django/db/models/base.py` (ModelBase) and `options.py`, as documented under
//! "Model inheritance" and "Model Meta options".

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{Call, ExprKind};
use crate::source::{FileId, Site, Sym};

use super::columns::{self, Column, FieldClass};
use super::fields::FieldKind;
use super::meta;
use super::models::{Field, Model, ModelAttr, RelKind, Relation, Target};
use super::modules::Resolved;
use super::{ClassId, ClassRef, Member, ModelId, Part, Project, RelId};

/// One field as declared in one class body.
#[derive(Clone)]
pub(super) struct Declared<'p> {
    pub name: Sym,
    pub of: FieldClass,
    pub call: &'p Call,
    /// The file and class that hold the declaration.
    pub file: FileId,
    pub class: ClassId,
    pub site: Site,
}

/// Everything found out about models; moved into the project afterwards.
pub(super) struct Graph {
    pub models: Vec<Model>,
    pub relations: Vec<Relation>,
    pub labels: FxHashMap<Sym, Vec<ModelId>>,
    pub model_of_class: Vec<(ClassId, ModelId)>,
}

pub(super) fn build(project: &Project) -> Graph {
    let mut declared: FxHashMap<ClassId, Vec<Declared<'_>>> = FxHashMap::default();
    let mut is_model = vec![false; project.classes.len()];
    for id in project.class_ids() {
        let class = project.class(id);
        let rooted = class
            .mro
            .iter()
            .any(|b| matches!(b, ClassRef::External(n) if super::bases::is_model_base(n.as_str())));
        if rooted || (class.open && may_be_model(project, id)) {
            is_model[id.0 as usize] = true;
        }
    }
    for id in project.class_ids() {
        let candidate = is_model[id.0 as usize] || project.class(id).open;
        if !candidate {
            continue;
        }
        let own = own_fields(project, id);
        if !is_model[id.0 as usize]
            && project.class(id).open
            && own.iter().any(|d| d.of.row.kind.is_relation())
        {
            is_model[id.0 as usize] = true;
        }
        if !own.is_empty() {
            declared.insert(id, own);
        }
    }
    for id in project.class_ids() {
        let inherits = project
            .class(id)
            .mro
            .iter()
            .skip(1)
            .any(|b| matches!(b, ClassRef::Known(c) if is_model[c.0 as usize]));
        if inherits {
            is_model[id.0 as usize] = true;
        }
    }
    let mut graph = Graph {
        models: Vec::new(),
        relations: Vec::new(),
        labels: FxHashMap::default(),
        model_of_class: Vec::new(),
    };
    let mut by_class: FxHashMap<ClassId, ModelId> = FxHashMap::default();
    for id in project.class_ids().filter(|id| is_model[id.0 as usize]) {
        let class = project.class(id);
        if project.file(class.file).part == Part::Migration {
            continue;
        }
        let model_id = ModelId(graph.models.len() as u32);
        let facts = project.class_facts(id);
        let meta = meta::read(project, id, &is_model);
        let app_label = meta.app_label.unwrap_or_else(|| app_label(project, class.file));
        let label = Sym::new(&format!("{app_label}.{}", facts.name));
        graph.models.push(Model {
            id: model_id,
            class: id,
            app_label,
            name: facts.name,
            label,
            site: Site::new(class.file, facts.name_span),
            part: project.file(class.file).part,
            meta,
            parents: Vec::new(),
            relations: Vec::new(),
            fields: Vec::new(),
            composite_key: None,
            attrs: FxHashMap::default(),
            query_names: FxHashMap::default(),
        });
        by_class.insert(id, model_id);
        graph
            .labels
            .entry(Sym::new(&label.as_str().to_ascii_lowercase()))
            .or_default()
            .push(model_id);
        graph.model_of_class.push((id, model_id));
    }
    for at in 0..graph.models.len() {
        add_parents(project, &mut graph, &by_class, at);
    }
    for at in 0..graph.models.len() {
        add_fields(project, &mut graph, &by_class, &declared, at);
    }
    super::relations::finish(project, &mut graph);
    graph
}

/// A class whose bases are partly unknown is a model if its body holds model fields.
fn may_be_model(project: &Project, id: ClassId) -> bool {
    let class = project.class(id);
    class.mro.iter().any(|b| match b {
        ClassRef::External(name) => super::bases::looks_like_model_base(name.as_str()),
        ClassRef::Known(_) => false,
    })
}

fn own_fields<'p>(project: &'p Project, id: ClassId) -> Vec<Declared<'p>> {
    let class = project.class(id);
    let facts = project.class_facts(id);
    let mut out = Vec::new();
    for assign in &facts.assigns {
        let Some(value) = &assign.value else { continue };
        let ExprKind::Call(call) = &value.kind else {
            continue;
        };
        if let Some(of) = columns::class_of(project, class.file, &call.func, 8) {
            out.retain(|d: &Declared<'_>| d.name != assign.name);
            out.push(Declared {
                name: assign.name,
                of,
                call,
                file: class.file,
                class: id,
                site: Site::new(class.file, value.span),
            });
        }
    }
    out
}

fn app_label(project: &Project, file: FileId) -> Sym {
    // As `Apps.get_containing_app_config()`: of the applications above a module the nearest has it.
    let module = project.file(file).module.as_str();
    let hints = &project.hints;
    let mut prefix = module;
    loop {
        let package = Sym::new(prefix);
        let migrated = || {
            let migrations = package.dot("migrations");
            project.modules.resolve(file, 0, migrations.as_str()) != Resolved::External
        };
        if hints.app_labels.contains_key(&package)
            || hints.installed_apps.contains(&package)
            || hints.apps_incomplete && migrated()
        {
            return hints.label(prefix);
        }
        match prefix.rsplit_once('.') {
            Some((head, _)) => prefix = head,
            None => break,
        }
    }
    let parts: Vec<&str> = module.split('.').collect();
    let at = parts
        .iter()
        .position(|p| *p == "models" || p.ends_with("_models"));
    let name = match at {
        Some(i) if i > 0 => parts[i - 1],
        _ if parts.len() > 1 => parts[parts.len() - 2],
        _ => parts[0],
    };
    Sym::new(name)
}

fn add_parents(project: &Project, graph: &mut Graph, by_class: &FxHashMap<ClassId, ModelId>, at: usize) {
    if graph.models[at].meta.abstract_ {
        return;
    }
    let mut parents = Vec::new();
    let mut covered: FxHashSet<ClassId> = FxHashSet::default();
    for base in project.class(graph.models[at].class).mro.iter().skip(1) {
        let ClassRef::Known(base) = base else { continue };
        let Some(model) = by_class.get(base) else { continue };
        if covered.contains(base) || graph.models[model.0 as usize].meta.abstract_ {
            continue;
        }
        parents.push(*model);
        covered.extend(project.class(*base).mro.iter().filter_map(|b| match b {
            ClassRef::Known(c) => Some(*c),
            ClassRef::External(_) => None,
        }));
    }
    graph.models[at].parents = parents;
}

fn add_fields(
    project: &Project,
    graph: &mut Graph,
    by_class: &FxHashMap<ClassId, ModelId>,
    declared: &FxHashMap<ClassId, Vec<Declared<'_>>>,
    at: usize,
) {
    let model_id = ModelId(at as u32);
    let class = graph.models[at].class;
    let mut inherited: FxHashSet<ClassId> = FxHashSet::default();
    for parent in graph.models[at].parents.clone() {
        let parent_class = graph.models[parent.0 as usize].class;
        inherited.extend(project.class(parent_class).mro.iter().filter_map(|b| match b {
            ClassRef::Known(c) => Some(*c),
            ClassRef::External(_) => None,
        }));
    }
    let mut seen: FxHashSet<Sym> = FxHashSet::default();
    let mut chosen: Vec<Declared<'_>> = Vec::new();
    for base in &project.class(class).mro {
        let ClassRef::Known(base) = base else { continue };
        if inherited.contains(base) || !by_class.contains_key(base) {
            continue;
        }
        let abstract_holder = *base == class || graph.models[by_class[base].0 as usize].meta.abstract_;
        if abstract_holder {
            for field in declared.get(base).into_iter().flatten() {
                if seen.insert(field.name) {
                    chosen.push(field.clone());
                }
            }
        }
        seen.extend(
            project
                .class(*base)
                .members
                .iter()
                .filter(|(_, m)| matches!(m, Member::Assign(_)))
                .map(|(n, _)| *n),
        );
    }
    chosen.sort_by_key(|d| (d.class != class, d.site));
    for field in chosen {
        let kind = match field.of.row.kind {
            FieldKind::Field | FieldKind::CompositePk => {
                if field.of.row.kind == FieldKind::CompositePk {
                    graph.models[at].composite_key = Some(columns::composite(field.call));
                }
                graph.models[at].fields.push(Field {
                    name: field.name,
                    wide: field.of.row.wide,
                    column: columns::read(project, &field).unwrap_or(Column::NONE),
                    site: field.site,
                });
                continue;
            }
            FieldKind::Fk => RelKind::ForeignKey,
            FieldKind::O2o => RelKind::OneToOne,
            FieldKind::M2m => RelKind::ManyToMany,
            FieldKind::Gfk => RelKind::GenericForeignKey,
            FieldKind::GenericRelation => RelKind::GenericRelation,
        };
        let relation = super::relations::declare(project, graph, by_class, model_id, kind, &field);
        graph.models[at].relations.push(relation.id);
        graph.relations.push(relation);
    }
    let explicit: Vec<ModelId> = graph.models[at]
        .relations
        .iter()
        .map(|r| &graph.relations[r.0 as usize])
        .filter(|r| r.kind == RelKind::OneToOne && r.parent_link)
        .filter_map(|r| r.target_model())
        .collect();
    if !graph.models[at].meta.proxy {
        for parent in graph.models[at].parents.clone() {
            if explicit.contains(&parent) {
                continue;
            }
            let id = RelId(graph.relations.len() as u32);
            let parent_name = graph.models[parent.0 as usize].name;
            let lower = Sym::new(&graph.models[at].name.as_str().to_lowercase());
            let name = Sym::new(&format!("{}_ptr", parent_name.as_str().to_lowercase()));
            graph.relations.push(Relation {
                id,
                owner: model_id,
                name,
                kind: RelKind::OneToOne,
                target: Target::Model(parent),
                null: false,
                editable: false,
                accessor: Some(lower),
                query_name: Some(lower),
                to_field: None,
                through: None,
                parent_link: true,
                column: Some(Column {
                    primary_key: graph.models[at]
                        .relations
                        .iter()
                        .all(|r| !graph.relations[r.0 as usize].parent_link),
                    unique: true,
                    ..Column::NONE
                }),
                generic: None,
                between: None,
                site: graph.models[at].site,
            });
            graph.models[at].relations.push(id);
        }
    }
}

/// Fills a model's attribute table from its own table and its parents'.
pub(super) fn attribute_table(
    graph: &Graph,
    at: ModelId,
    reverse: &FxHashMap<ModelId, Vec<RelId>>,
    depth: u32,
) -> (FxHashMap<Sym, ModelAttr>, FxHashMap<Sym, Sym>) {
    let model = &graph.models[at.0 as usize];
    let mut attrs = FxHashMap::default();
    let mut names = FxHashMap::default();
    if depth > 0 {
        for parent in model.parents.iter().rev() {
            let (a, n) = attribute_table(graph, *parent, reverse, depth - 1);
            attrs.extend(a);
            names.extend(n);
        }
    }
    attrs.insert(Sym::new("pk"), ModelAttr::Pk);
    attrs.entry(Sym::new("id")).or_insert(ModelAttr::Pk);
    for field in &model.fields {
        attrs.insert(field.name, ModelAttr::Column { wide: field.wide });
    }
    for rel in reverse.get(&at).into_iter().flatten() {
        let relation = &graph.relations[rel.0 as usize];
        if let Some(accessor) = relation.accessor {
            attrs.insert(accessor, ModelAttr::Reverse(*rel));
            if let Some(query) = relation.query_name.filter(|q| *q != accessor) {
                names.insert(query, accessor);
            }
        }
    }
    for rel in &model.relations {
        let relation = &graph.relations[rel.0 as usize];
        attrs.insert(relation.name, ModelAttr::Forward(*rel));
        if matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne) {
            attrs.insert(
                Sym::new(&format!("{}_id", relation.name)),
                ModelAttr::Attname(*rel),
            );
        }
    }
    (attrs, names)
}
