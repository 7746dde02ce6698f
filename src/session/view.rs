//! The linked model graph in printable form.

use crate::ir::Const;
use crate::project::indexes::{Condition, Index, IndexColumn, IndexOrigin, Method, Nulls, Part};
use crate::project::{Model, ModelAttr, Part as FilePart, Project, RelKind, Relation, Target};
use crate::report::graph::{BetweenView, GraphView, IndexView, ModelView, RelationView, TableView};
use crate::source::{SourceSet, Sym};

/// All concrete and abstract models of the project, and the built-in ones it relates to.
pub(super) fn graph(project: &Project, sources: &SourceSet) -> GraphView {
    let mut models: Vec<ModelView> = project
        .models()
        .iter()
        .filter(|m| m.part != FilePart::Migration)
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
        indexes: declared(project, m, IndexOrigin::MetaIndexes),
        unique_together: declared(project, m, IndexOrigin::UniqueTogether),
        table: table(project, m),
    }
}

/// The names in each index that is declared by names alone. A proxy declares none, and has those of its table.
fn declared(project: &Project, m: &Model, origin: IndexOrigin) -> Vec<Vec<String>> {
    if m.meta.proxy {
        return Vec::new();
    }
    let own = project
        .indexes(m.id)
        .iter()
        .filter(|index| index.origin == origin);
    let names = own.map(|index| {
        let columns = index.columns.iter().map(|column| match column.part {
            Part::Field(name) if column.descending => Some(format!("-{name}")),
            Part::Field(name) => Some(name.to_string()),
            _ => None,
        });
        columns.collect::<Option<Vec<_>>>()
    });
    names.map(Option::unwrap_or_default).collect()
}

fn table(project: &Project, m: &Model) -> TableView {
    let between = m.relations.iter().filter_map(|relation| {
        Some(BetweenView {
            relation: project.relation(*relation).name.to_string(),
            name: project.between_table(*relation)?.to_string(),
            indexes: indexes(project.through_indexes(*relation)?),
        })
    });
    TableView {
        name: project.db_table(m.id).to_string(),
        unknown: project.indexes_unknown(m.id).map(str::to_owned),
        indexes: indexes(project.indexes(m.id)),
        between: between.collect(),
    }
}

fn indexes(items: &[Index]) -> Vec<IndexView> {
    items
        .iter()
        .map(|index| IndexView {
            name: index.name.map(|name| name.to_string()),
            columns: index.columns.iter().map(column).collect(),
            unique: index.unique,
            method: method(index.method),
            condition: index.condition.as_ref().map(condition),
            include: names(&index.include),
            origin: origin(index.origin),
            pattern: index.pattern,
        })
        .collect()
}

/// `-name`, `Upper(name) gin_trgm_ops`; `?` for what has no name.
fn column(column: &IndexColumn) -> String {
    let part = match column.part {
        Part::Field(name) => name.to_string(),
        Part::Function { name, field } => format!("{name}({field})"),
        Part::Other => "?".to_owned(),
    };
    let descending = if column.descending { "-" } else { "" };
    let opclass = column.opclass.map_or(String::new(), |name| format!(" {name}"));
    let nulls = match column.nulls {
        Some(Nulls::First) => " nulls first",
        Some(Nulls::Last) => " nulls last",
        None => "",
    };
    format!("{descending}{part}{nulls}{opclass}")
}

fn condition(condition: &Condition) -> String {
    let value = |value: &Const| match value {
        Const::Str(text) => format!("{:?}", text.as_str()),
        Const::Int(number) => number.to_string(),
        Const::True => "True".to_owned(),
        Const::False => "False".to_owned(),
        Const::None => "None".to_owned(),
        Const::Other => "…".to_owned(),
    };
    let facts = condition.facts.iter().map(|fact| {
        let values = match &fact.values {
            Some(values) => values.iter().map(value).collect::<Vec<_>>().join(", "),
            None => "…".to_owned(),
        };
        let not = if fact.negated { "not " } else { "" };
        format!("{not}{}__{}={values}", fact.field, fact.lookup)
    });
    let more = (!condition.whole).then(|| "…".to_owned());
    facts.chain(more).collect::<Vec<_>>().join(" and ")
}

fn method(method: Method) -> &'static str {
    match method {
        Method::BTree => "btree",
        Method::Hash => "hash",
        Method::Gin => "gin",
        Method::Gist => "gist",
        Method::SpGist => "spgist",
        Method::Brin => "brin",
        Method::Bloom => "bloom",
        Method::Other => "other",
    }
}

fn origin(origin: IndexOrigin) -> &'static str {
    match origin {
        IndexOrigin::PrimaryKey => "primary_key",
        IndexOrigin::UniqueField => "unique",
        IndexOrigin::DbIndex => "db_index",
        IndexOrigin::ForeignKey => "foreign_key",
        IndexOrigin::MetaIndexes => "indexes",
        IndexOrigin::Constraint => "constraints",
        IndexOrigin::UniqueTogether => "unique_together",
        IndexOrigin::IndexTogether => "index_together",
        IndexOrigin::ManyToMany => "many_to_many",
        IndexOrigin::Sql => "sql",
        IndexOrigin::Migration => "migration",
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
