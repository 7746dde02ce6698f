//! Relation fields: targets, reverse accessors, query names.
//!
//! Follows `django/db/models/fields/related.py` (`contribute_to_class`, `related_query_name`) and
//! `reverse_related.py` (`get_accessor_name`).

use rustc_hash::FxHashMap;

use crate::ir::{ArgKind, Call, Const, Expr, ExprKind};
use crate::source::{FileId, Sym};

use super::graph::{Declared, Graph, attribute_table};
use super::models::{Between, Generic, RelKind, Relation, Target};
use super::{ClassId, ClassRef, Def, ModelId, Part, Project, RelId};

pub(super) fn declare(
    project: &Project,
    graph: &Graph,
    by_class: &FxHashMap<ClassId, ModelId>,
    owner: ModelId,
    kind: RelKind,
    field: &Declared<'_>,
) -> Relation {
    let model = &graph.models[owner.0 as usize];
    let cx = TargetCx {
        project,
        graph,
        by_class,
        owner,
        file: field.file,
    };
    let to = field.call.keyword("to").or_else(|| field.call.positional(0));
    let target = match kind {
        RelKind::GenericForeignKey => Target::Any,
        _ => match to {
            Some(expr) => cx.resolve(expr, field.file, 6),
            None => cx.default_target(field),
        },
    };
    let text = |name: &str| {
        let by_place = positional_option(kind, name).and_then(|n| field.call.positional(n));
        field.call.keyword(name).or(by_place).and_then(Expr::as_str)
    };
    let truth = |name: &str| {
        field
            .call
            .keyword(name)
            .is_some_and(|e| matches!(e.kind, ExprKind::Const(Const::True)))
    };
    let given = text("related_name").or(if kind == RelKind::GenericRelation {
        None
    } else {
        model.meta.default_related_name
    });
    let expand = |name: Sym| expand(name, model.app_label, model.name);
    let related_name = given.map(expand);
    let lower = model.name.as_str().to_lowercase();
    let hidden = related_name.is_some_and(|n| n.as_str().ends_with('+'))
        || (kind == RelKind::ManyToMany
            && target == Target::Model(owner)
            && !matches!(
                field.call.keyword("symmetrical").map(|e| &e.kind),
                Some(ExprKind::Const(Const::False))
            ));
    let accessor = match kind {
        RelKind::GenericForeignKey | RelKind::GenericRelation => None,
        _ if hidden => None,
        RelKind::OneToOne => Some(related_name.unwrap_or_else(|| Sym::new(&lower))),
        _ => Some(related_name.unwrap_or_else(|| Sym::new(&format!("{lower}_set")))),
    };
    let query_name = match kind {
        RelKind::GenericForeignKey => None,
        _ => text("related_query_name").map(expand).or(match kind {
            RelKind::GenericRelation => None,
            _ if hidden => None,
            _ => Some(related_name.unwrap_or_else(|| Sym::new(&lower))),
        }),
    };
    let through = field.call.keyword("through");
    let given_through = through.is_some();
    let through = through.and_then(|e| match cx.resolve(e, field.file, 6) {
        Target::Model(id) => Some(id),
        _ => None,
    });
    Relation {
        id: RelId(graph.relations.len() as u32),
        owner,
        name: field.name,
        kind,
        target,
        null: truth("null"),
        editable: !field
            .call
            .keyword("editable")
            .is_some_and(|e| matches!(e.kind, ExprKind::Const(Const::False))),
        accessor,
        query_name,
        to_field: text("to_field"),
        through,
        parent_link: truth("parent_link"),
        column: super::columns::read(project, field),
        generic: (kind == RelKind::GenericForeignKey).then(|| generic(field.call)),
        between: (kind == RelKind::ManyToMany && field.of.row.index && !given_through).then(|| Between {
            db_table: text("db_table"),
        }),
        site: field.site,
    }
}

/// `GenericForeignKey(ct_field, fk_field)`, see Django docs, ref/contrib/contenttypes/#generic-relations.
fn generic(call: &Call) -> Generic {
    let name = |name: &str, place: usize, default: &str| {
        let given = call.keyword(name).or_else(|| call.positional(place));
        given.and_then(Expr::as_str).unwrap_or_else(|| Sym::new(default))
    };
    Generic {
        content_type: name("ct_field", 0, "content_type"),
        object_id: name("fk_field", 1, "object_id"),
    }
}

/// Options that the field classes also take by position.
fn positional_option(kind: RelKind, name: &str) -> Option<usize> {
    match (kind, name) {
        (RelKind::ForeignKey, "related_name") => Some(2),
        (RelKind::ForeignKey, "related_query_name") => Some(3),
        (RelKind::ForeignKey, "to_field") => Some(6),
        (RelKind::OneToOne, "to_field") => Some(2),
        (RelKind::ManyToMany, "related_name") => Some(1),
        (RelKind::ManyToMany, "related_query_name") => Some(2),
        _ => None,
    }
}

/// `%(app_label)s`, `%(class)s` and `%(model_name)s` in related names.
fn expand(name: Sym, app_label: Sym, model: Sym) -> Sym {
    if !name.as_str().contains("%(") {
        return name;
    }
    let lower = model.as_str().to_lowercase();
    Sym::new(
        &name
            .as_str()
            .replace("%(app_label)s", &app_label.as_str().to_lowercase())
            .replace("%(class)s", &lower)
            .replace("%(model_name)s", &lower),
    )
}

struct TargetCx<'a> {
    project: &'a Project,
    graph: &'a Graph,
    by_class: &'a FxHashMap<ClassId, ModelId>,
    owner: ModelId,
    file: FileId,
}

impl TargetCx<'_> {
    fn resolve(&self, expr: &Expr, file: FileId, depth: u32) -> Target {
        if depth == 0 {
            return Target::Unknown("constants refer to each other".into());
        }
        match &expr.kind {
            ExprKind::Const(Const::Str(text)) => self.named(*text),
            ExprKind::Attr(attr)
                if attr.name.as_str().starts_with(|c: char| c.is_ascii_uppercase())
                    && self.is_settings(&attr.base, file) =>
            {
                self.setting(attr.name, depth)
            }
            ExprKind::Call(call) => self.call(call, file, depth),
            ExprKind::Or(parts) => parts
                .first()
                .map_or(Target::Unknown("empty expression".into()), |p| {
                    self.resolve(p, file, depth - 1)
                }),
            _ => {
                if let Some(name) = expr.as_name()
                    && let Some(inner) = self.class_scope(name)
                {
                    return inner;
                }
                self.def(self.project.resolve_expr(file, expr), depth)
            }
        }
    }

    /// A name bound in the class body that holds the field.
    fn class_scope(&self, name: Sym) -> Option<Target> {
        let class = self.graph.models[self.owner.0 as usize].class;
        let facts = self.project.class_facts(class);
        let assign = facts.assigns.iter().find(|a| a.name == name)?;
        assign.value.as_ref()?.as_str().map(|text| self.named(text))
    }

    fn is_settings(&self, base: &Expr, file: FileId) -> bool {
        match self.project.resolve_expr(file, base) {
            Some(Def::External(name)) => name.as_str().ends_with("settings"),
            Some(Def::Module(id)) => self.project.file(id).module.as_str().contains("settings"),
            Some(Def::Assign(from, idx)) => self.project.file(from).facts.assigns[idx as usize]
                .name
                .as_str()
                .ends_with("settings"),
            _ => false,
        }
    }

    fn setting(&self, name: Sym, depth: u32) -> Target {
        if name == "AUTH_USER_MODEL" {
            return match self.user() {
                Some(id) => Target::Model(id),
                None => Target::Unknown("AUTH_USER_MODEL names no model found here".into()),
            };
        }
        for file in &self.project.hints.settings_modules {
            if let Some(Def::Assign(from, idx)) = self.project.lookup(*file, name)
                && let Some(value) = &self.project.file(from).facts.assigns[idx as usize].value
                && let found @ Target::Model(_) = self.resolve(value, from, depth - 1)
            {
                return found;
            }
        }
        match super::bases::swappable_default(name.as_str()) {
            Some(label) => self.named(Sym::new(label)),
            None => Target::Unknown(format!("setting {name} is not a plain model label")),
        }
    }

    fn user(&self) -> Option<ModelId> {
        let label = self.project.user_label(self.file);
        self.by_label(label)
    }

    fn call(&self, call: &crate::ir::Call, file: FileId, depth: u32) -> Target {
        let name = match &call.func.kind {
            ExprKind::Attr(attr) => attr.name,
            ExprKind::Name(name) => *name,
            _ => return Target::Unknown("computed target".into()),
        };
        let first = call.positional(0);
        match name.as_str() {
            "get_user_model" => match self.user() {
                Some(id) => Target::Model(id),
                None => Target::Unknown("AUTH_USER_MODEL names no model found here".into()),
            },
            "getattr" => match (first, call.positional(1).and_then(Expr::as_str)) {
                (Some(base), Some(attr)) if self.is_settings(base, file) => match self.setting(attr, depth) {
                    Target::Unknown(reason) => match call.positional(2) {
                        Some(default) => self.resolve(default, file, depth - 1),
                        None => Target::Unknown(reason),
                    },
                    found => found,
                },
                _ => Target::Unknown("computed target".into()),
            },
            _ => {
                let strings: Vec<Sym> = call
                    .args
                    .iter()
                    .filter(|a| a.kind == ArgKind::Positional)
                    .filter_map(|a| a.value.as_str())
                    .collect();
                match strings[..] {
                    [app, model] => self.named(Sym::new(&format!("{app}.{model}"))),
                    [label] if label.as_str().contains('.') => self.named(label),
                    _ => self.returned(call, file, depth),
                }
            }
        }
    }

    /// A helper such as `get_image_model_string()`: the literal that its function returns or names.
    fn returned(&self, call: &crate::ir::Call, file: FileId, depth: u32) -> Target {
        let unknown = || Target::Unknown("target is the result of a call".into());
        let def = self.project.resolve_expr(file, &call.func);
        if let Some(Def::External(name)) = def
            && let Some(label) = super::bases::swappable_default(name.as_str())
        {
            return self.named(Sym::new(label));
        }
        let Some(Def::Func(func)) = def else {
            return unknown();
        };
        let (from, _) = self.project.func(func);
        for stmt in self.project.routine(func).body.iter().rev() {
            if let crate::ir::StmtKind::Return(Some(value)) = &stmt.kind {
                return self.resolve(value, from, depth - 1);
            }
        }
        unknown()
    }

    fn def(&self, def: Option<Def>, depth: u32) -> Target {
        match def {
            Some(Def::Class(class)) => match self.by_class.get(&class) {
                Some(id) => Target::Model(*id),
                None => Target::Unknown("target class is not a model".into()),
            },
            Some(Def::Assign(from, idx)) => {
                match &self.project.file(from).facts.assigns[idx as usize].value {
                    Some(value) => self.resolve(value, from, depth - 1),
                    None => Target::Unknown("target is only annotated".into()),
                }
            }
            Some(Def::External(name)) => {
                let tail = name.as_str().rsplit('.').next().unwrap_or_default();
                if let Some(label) = super::bases::swappable_default(name.as_str()) {
                    return self.named(Sym::new(label));
                }
                Target::Unknown(format!("{tail} is outside the project"))
            }
            _ => Target::Unknown("target is not a plain name".into()),
        }
    }

    fn named(&self, text: Sym) -> Target {
        let model = &self.graph.models[self.owner.0 as usize];
        if text == "self" {
            return Target::Model(self.owner);
        }
        let label = if text.as_str().contains('.') {
            text.as_str().to_owned()
        } else {
            format!("{}.{text}", model.app_label)
        };
        match self.by_label(&label).or_else(|| self.by_import(text)) {
            Some(id) => Target::Model(id),
            None => Target::Unknown(format!("no model {label} in the project")),
        }
    }

    fn by_label(&self, label: &str) -> Option<ModelId> {
        let found = self.graph.labels.get(&Sym::new(&label.to_ascii_lowercase()))?;
        let here = &self.project.file(self.file).path;
        let test = |part: Part| matches!(part, Part::Test | Part::Migration);
        let own = test(self.project.file(self.file).part);
        found
            .iter()
            .copied()
            .filter(|m| !self.graph.models[m.0 as usize].meta.abstract_)
            .map(|m| {
                let other = self.project.file(self.graph.models[m.0 as usize].site.file);
                let near = here
                    .split('/')
                    .zip(other.path.split('/'))
                    .take_while(|(a, b)| a == b)
                    .count();
                ((test(other.part) == own, other.part != Part::Stub, near), m)
            })
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, m)| m)
    }

    /// An unqualified name of an abstract base's module: Django looks in the base's app too.
    fn by_import(&self, text: Sym) -> Option<ModelId> {
        match self.project.lookup(self.file, text)? {
            Def::Class(class) => self.by_class.get(&class).copied(),
            _ => None,
        }
    }

    /// Fields that know their target: `TaggableManager()`, or a project's own subclass with a fixed `to`.
    fn default_target(&self, field: &Declared<'_>) -> Target {
        let def = self.project.resolve_expr(field.file, &field.call.func);
        let names: Vec<(Sym, Option<ClassId>)> = match def {
            Some(Def::Class(class)) => self
                .project
                .class(class)
                .mro
                .iter()
                .map(|base| match base {
                    ClassRef::Known(id) => (self.project.class(*id).dotted, Some(*id)),
                    ClassRef::External(name) => (*name, None),
                })
                .collect(),
            Some(Def::External(name)) => vec![(name, None)],
            _ => Vec::new(),
        };
        for (name, class) in names {
            if let Some(label) = super::fields::external(name.as_str()).and_then(|row| row.target.as_deref())
            {
                if label == "<generated>" {
                    return Target::Any;
                }
                return if label == "settings.AUTH_USER_MODEL" {
                    self.setting(Sym::new("AUTH_USER_MODEL"), 4)
                } else {
                    self.named(Sym::new(label))
                };
            }
            if let Some(class) = class
                && let Some(found) = self.fixed_target(class)
            {
                return found;
            }
        }
        Target::Unknown("the field names no target".into())
    }

    /// `kwargs["to"] = …`, `kwargs.setdefault("to", …)` or `super().__init__("app.Model", …)` in a field's `__init__`.
    fn fixed_target(&self, class: ClassId) -> Option<Target> {
        let facts = self.project.class_facts(class);
        let file = self.project.class(class).file;
        let (_, init) = facts.methods.iter().find(|(name, _)| *name == "__init__")?;
        let routine = &self.project.file(file).facts.functions[init.0 as usize];
        for stmt in &routine.body {
            match &stmt.kind {
                crate::ir::StmtKind::Assign { targets, value } => {
                    let keyed = targets.iter().any(|t| matches!(&t.kind, ExprKind::Index(parts) if parts.1.as_str().is_some_and(|k| k == "to")));
                    if keyed {
                        return Some(self.resolve(value, file, 4));
                    }
                }
                crate::ir::StmtKind::Expr(Expr {
                    kind: ExprKind::Call(call),
                    ..
                }) => {
                    let to = match &call.func.kind {
                        ExprKind::Attr(a)
                            if a.name == "setdefault"
                                && call
                                    .positional(0)
                                    .and_then(Expr::as_str)
                                    .is_some_and(|k| k == "to") =>
                        {
                            call.positional(1)
                        }
                        ExprKind::Attr(a) if a.name == "__init__" => {
                            call.keyword("to").or_else(|| call.positional(0))
                        }
                        _ => None,
                    };
                    if let Some(found @ Target::Model(_)) = to.map(|e| self.resolve(e, file, 4)) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// Late targets, reverse accessors and attribute tables, once all relations are known.
pub(super) fn finish(project: &Project, graph: &mut Graph) {
    let swapped_user = !project.built_in_user();
    let mut reverse: FxHashMap<ModelId, Vec<RelId>> = FxHashMap::default();
    for relation in &graph.relations {
        let owner = &graph.models[relation.owner.0 as usize];
        let swapped = swapped_user && owner.label == "auth.User" && owner.part == Part::Stub;
        let absent = owner.part == Part::Stub
            && !project
                .hints
                .may_install(project.file(owner.site.file).module.as_str());
        if owner.meta.abstract_ || swapped || absent || relation.accessor.is_none() {
            continue;
        }
        if let Target::Model(target) = relation.target {
            reverse
                .entry(concrete(graph, target))
                .or_default()
                .push(relation.id);
        }
    }
    for list in reverse.values_mut() {
        list.sort_by_key(|r| {
            let owner = &graph.models[graph.relations[r.0 as usize].owner.0 as usize];
            (matches!(owner.part, Part::Source | Part::Command), *r)
        });
    }
    for at in 0..graph.models.len() {
        let (attrs, names) = attribute_table(graph, ModelId(at as u32), &reverse, 12);
        graph.models[at].attrs = attrs;
        graph.models[at].query_names = names;
    }
}

fn concrete(graph: &Graph, mut at: ModelId) -> ModelId {
    for _ in 0..8 {
        let model = &graph.models[at.0 as usize];
        match model.parents.first() {
            Some(parent) if model.meta.proxy => at = *parent,
            _ => break,
        }
    }
    at
}
