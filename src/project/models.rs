//! The model graph as data: models, fields, relations, and what each attribute of a model leads to.

use rustc_hash::FxHashMap;

use crate::facts::ImportKind;
use crate::source::{FileId, Site, Sym};

use super::columns::Column;
use super::hints::{Database, chosen};
use super::{ClassId, ModelId, Part, Project, RelId};

/// A Django model, abstract ones included.
#[derive(Debug)]
pub struct Model {
    pub id: ModelId,
    pub class: ClassId,
    pub app_label: Sym,
    pub name: Sym,
    /// `app_label.Name`.
    pub label: Sym,
    /// The name in the `class` statement.
    pub site: Site,
    pub part: Part,
    pub meta: Meta,
    /// Concrete models it inherits from (multi-table), or the model a proxy stands for.
    pub parents: Vec<ModelId>,
    /// Relation fields of its own table, inherited abstract ones included.
    pub relations: Vec<RelId>,
    /// Other fields of its own table, inherited abstract ones included.
    pub fields: Vec<Field>,
    /// The fields of a `CompositePrimaryKey`.
    pub composite_key: Option<Vec<Sym>>,
    pub(crate) attrs: FxHashMap<Sym, ModelAttr>,
    /// Reverse query name → accessor, where they differ.
    pub(crate) query_names: FxHashMap<Sym, Sym>,
}

/// A column that is no relation.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: Sym,
    /// Text, JSON, binary, geometry: costly to load for nothing.
    pub wide: bool,
    pub column: Column,
    pub site: Site,
}

/// The `Meta` options that matter to queries.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    pub abstract_: bool,
    pub proxy: bool,
    pub managed: bool,
    pub app_label: Option<Sym>,
    /// Literal names; empty also when `ordering` is no plain list.
    pub ordering: Vec<Sym>,
    /// `ordering` is set to something, literal or not.
    pub ordered: bool,
    pub default_related_name: Option<Sym>,
    pub default_manager_name: Option<Sym>,
    pub base_manager_name: Option<Sym>,
    /// A literal `db_table`; see [`Project::db_table`].
    pub db_table: Option<Sym>,
    pub order_with_respect_to: Option<Sym>,
    /// Literal names; empty also when `get_latest_by` cannot be read.
    pub get_latest_by: Vec<Sym>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelKind {
    ForeignKey,
    OneToOne,
    ManyToMany,
    GenericForeignKey,
    GenericRelation,
}

impl RelKind {
    /// One row at the other end, read as a plain attribute.
    pub fn single(self) -> bool {
        matches!(self, Self::ForeignKey | Self::OneToOne | Self::GenericForeignKey)
    }
}

/// Where a relation points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    Model(ModelId),
    /// A generic foreign key: any model.
    Any,
    /// Why it is not known.
    Unknown(String),
}

/// A relation field of one concrete (or abstract) model.
#[derive(Debug)]
pub struct Relation {
    pub id: RelId,
    pub owner: ModelId,
    pub name: Sym,
    pub kind: RelKind,
    pub target: Target,
    pub null: bool,
    /// Forms made from the model have a field for it.
    pub editable: bool,
    /// The attribute on the target; `None` when hidden.
    pub accessor: Option<Sym>,
    /// The name in lookups from the target.
    pub query_name: Option<Sym>,
    pub to_field: Option<Sym>,
    pub through: Option<ModelId>,
    /// The implicit or explicit link of a child to its multi-table parent.
    pub parent_link: bool,
    /// Of foreign keys and one-to-one fields.
    pub column: Option<Column>,
    /// Of a generic foreign key.
    pub generic: Option<Generic>,
    /// Of a relation to many whose table Django makes by itself.
    pub between: Option<Between>,
    pub site: Site,
}

/// The fields behind a generic foreign key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Generic {
    pub content_type: Sym,
    pub object_id: Sym,
}

/// A table between two models that no class declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Between {
    /// A literal `db_table`.
    pub db_table: Option<Sym>,
}

impl Model {
    /// All attributes that the model's own and inherited fields and relations give its rows.
    pub fn attrs(&self) -> impl Iterator<Item = (Sym, ModelAttr)> + '_ {
        self.attrs.iter().map(|(name, attr)| (*name, *attr))
    }
}

impl Relation {
    pub fn target_model(&self) -> Option<ModelId> {
        match self.target {
            Target::Model(id) => Some(id),
            _ => None,
        }
    }
}

/// What reading an attribute of a row leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModelAttr {
    /// The relation from the side that declares it.
    Forward(RelId),
    /// The relation from the other side.
    Reverse(RelId),
    /// `fk_id`: the raw column.
    Attname(RelId),
    /// A plain column; whether it is wide.
    Column {
        wide: bool,
    },
    Pk,
}

impl Project {
    /// What `model_row.name` is, before class attributes and methods are looked at.
    pub fn model_attr(&self, model: ModelId, name: Sym) -> Option<ModelAttr> {
        self.model(model).attrs.get(&name).copied()
    }

    /// The model at the other end of a relation attribute.
    pub fn attr_target(&self, attr: ModelAttr) -> Option<ModelId> {
        match attr {
            ModelAttr::Forward(rel) => self.relation(rel).target_model(),
            ModelAttr::Reverse(rel) => Some(self.relation(rel).owner),
            _ => None,
        }
    }

    /// Whether a relation attribute yields one row, not a manager.
    pub fn attr_single(&self, attr: ModelAttr) -> bool {
        match attr {
            ModelAttr::Forward(rel) => self.relation(rel).kind.single(),
            ModelAttr::Reverse(rel) => self.relation(rel).kind == RelKind::OneToOne,
            _ => false,
        }
    }

    /// Turns one component of a lookup path into the attribute name: query names become accessors.
    pub fn accessor_for(&self, model: ModelId, component: Sym) -> Sym {
        let m = self.model(model);
        if m.attrs.contains_key(&component) {
            return component;
        }
        m.query_names.get(&component).copied().unwrap_or(component)
    }

    /// The name that lookups and `select_related` use for an attribute.
    pub fn query_name_for(&self, model: ModelId, accessor: Sym) -> Sym {
        match self.model_attr(model, accessor) {
            Some(ModelAttr::Reverse(rel)) => self.relation(rel).query_name.unwrap_or(accessor),
            _ => accessor,
        }
    }

    /// The table's model: itself, or what a proxy stands for.
    pub fn concrete(&self, model: ModelId) -> ModelId {
        let mut at = model;
        for _ in 0..8 {
            let m = self.model(at);
            match m.parents.first() {
                Some(parent) if m.meta.proxy => at = *parent,
                _ => break,
            }
        }
        at
    }

    /// The model whose table has a field of the model: a multi-table parent for inherited ones.
    pub fn table_of(&self, model: ModelId, field: Sym) -> ModelId {
        let own = self.concrete(model);
        let mut open = vec![own];
        for _ in 0..24 {
            let Some(at) = open.pop() else { break };
            let here = self.model(at);
            let has = here.fields.iter().any(|f| f.name == field)
                || here.relations.iter().any(|rel| self.relation(*rel).name == field);
            if has {
                return at;
            }
            open.extend(here.parents.iter().copied());
        }
        own
    }

    /// The declaration of a field in the model's own class.
    pub fn field_site(&self, model: ModelId, field: Sym) -> Option<Site> {
        let m = self.model(model);
        let facts = self.class_facts(m.class);
        let own = |site: Site| site.file == m.site.file && facts.span.contains(site.span);
        let plain = m.fields.iter().find(|f| f.name == field).map(|f| f.site);
        let related = || {
            let mut relations = m.relations.iter().map(|rel| self.relation(*rel));
            relations.find(|r| r.name == field).map(|r| r.site)
        };
        plain.or_else(related).filter(|site| own(*site))
    }

    /// The abstract model whose class declares a field that the model inherits.
    pub fn field_owner(&self, model: ModelId, field: Sym) -> Option<ModelId> {
        let site = self.model(model).fields.iter().find(|f| f.name == field)?.site;
        let holds = |m: &&Model| {
            m.meta.abstract_ && m.site.file == site.file && self.class_facts(m.class).span.contains(site.span)
        };
        self.models.iter().find(holds).map(|m| m.id)
    }

    /// The models with tables of their own that inherit a field from an abstract one.
    pub fn heirs(&self, owner: ModelId) -> impl Iterator<Item = ModelId> {
        let class = self.model(owner).class;
        self.models.iter().filter_map(move |m| {
            let own = !m.meta.abstract_ && !m.meta.proxy && m.part == Part::Source;
            (own && self.is_subclass(m.class, class)).then_some(m.id)
        })
    }

    /// The name of the model's table, case as Django writes it.
    pub fn db_table(&self, model: ModelId) -> Sym {
        let m = self.model(self.concrete(model));
        m.meta.db_table.unwrap_or_else(|| {
            let name = m.name.as_str().to_lowercase();
            Sym::new(&format!("{}_{name}", m.app_label))
        })
    }

    /// Whether `a` and `b` are rows of the same table family: equal, proxies, or multi-table kin.
    pub fn kin(&self, a: ModelId, b: ModelId) -> bool {
        a == b || self.is_ancestor(a, b, 8) || self.is_ancestor(b, a, 8)
    }

    fn is_ancestor(&self, of: ModelId, model: ModelId, depth: u32) -> bool {
        depth > 0
            && self
                .model(of)
                .parents
                .iter()
                .any(|p| *p == model || self.is_ancestor(*p, model, depth - 1))
    }

    /// Whether rows of this model come in a defined order without `order_by()`.
    pub fn is_ordered(&self, model: ModelId) -> bool {
        self.model(model).meta.ordered
    }

    /// The project's user model.
    pub fn user_model(&self, near: FileId) -> Option<ModelId> {
        self.model_by_label(self.user_label(near), near)
    }

    /// `AUTH_USER_MODEL` as the settings beside a file have it; a tree may hold several Django projects.
    pub(super) fn user_label(&self, near: FileId) -> &'static str {
        let project_file = |file: FileId| !matches!(self.file(file).part, Part::Stub | Part::Package);
        if project_file(near) {
            let site = self.modules.site_of(near);
            if let Some((_, label)) = self
                .hints
                .user_models
                .iter()
                .find(|(f, _)| self.modules.site_of(*f) == site)
            {
                return label.as_str();
            }
            if self
                .hints
                .settings_modules
                .iter()
                .any(|f| self.modules.site_of(*f) == site)
            {
                return "auth.User";
            }
        }
        self.hints.auth_user_model.map_or("auth.User", Sym::as_str)
    }

    /// The database that the settings beside a file name, as far as they tell.
    pub fn database(&self, near: FileId) -> Option<Database> {
        let all = &self.hints.databases;
        if all.is_empty() {
            return self.hints.database;
        }
        let site = self.modules.site_of(near);
        chosen(
            all.iter()
                .filter(|(file, _)| self.modules.site_of(*file) == site)
                .map(|(_, d)| *d),
        )
    }

    /// Whether the migrations beside a file may build indexes concurrently. Only PostgreSQL does that, and such a
    /// migration fails on all others, so no settings may name another one: those of tests and of a developer's machine
    /// often do. A project that has such migrations already knows how.
    pub fn builds_concurrently(&self, near: FileId) -> bool {
        let site = self.modules.site_of(near);
        let beside = |file: FileId| self.modules.site_of(file) == site;
        self.runs_only_on(near, Database::PostgreSql)
            || self.database(near) == Some(Database::PostgreSql)
                && self
                    .file_ids()
                    .any(|file| beside(file) && self.is_concurrent(file))
    }

    /// The settings beside a file name this database, and no other.
    pub fn runs_only_on(&self, near: FileId, wanted: Database) -> bool {
        let site = self.modules.site_of(near);
        let mut named = self.hints.databases.iter();
        self.database(near) == Some(wanted)
            && named.all(|(file, database)| *database == wanted || self.modules.site_of(*file) != site)
    }

    /// A migration with operations that lock no table.
    pub fn is_concurrent(&self, file: FileId) -> bool {
        let operation = |name: Sym| name == "AddIndexConcurrently" || name == "RemoveIndexConcurrently";
        let file = self.file(file);
        file.part == Part::Migration
            && file.facts.imports.iter().any(|import| match import.kind {
                ImportKind::From { name, .. } => operation(name),
                _ => false,
            })
    }

    /// Some Django project of the tree uses the built-in user model.
    pub(super) fn built_in_user(&self) -> bool {
        let settings = &self.hints.settings_modules;
        self.hints.auth_user_model.is_none()
            || settings
                .iter()
                .any(|f| self.user_label(*f).eq_ignore_ascii_case("auth.User"))
    }
}
