//! Rows as values: what iterating a queryset gives, and how rows move through collections.

use std::sync::Arc;

use crate::project::{ModelAttr, ModelId, Project, RelKind};
use crate::source::{Site, Sym};

use super::value::{Base, Coll, Dict, Kind, Live, Object, Origin, Query, Row, Step, Value};

/// Longer paths are not followed: recursive structures end here.
const MAX_STEPS: usize = 8;

/// One row of a queryset.
pub fn element(project: &Project, query: &Arc<Query>, live: Live) -> Row {
    let known = match &query.base {
        Base::Related(row, attr) => inverse(project, row.model, *attr).map(|name| (name, row.clone())),
        _ => None,
    };
    if let Base::Related(row, attr) = &query.base
        && query.is_plain()
        && row.steps.len() < MAX_STEPS
    {
        let mut steps = row.steps.clone();
        let plan = (!query.plan.is_empty()).then(|| query.plan.clone());
        steps.push(Step {
            name: *attr,
            target: query.model,
            many: true,
            live,
            site: query.site,
            plan,
        });
        return Row {
            model: query.model,
            origin: row.origin.clone(),
            live: row.live,
            steps,
            known,
            extra: row.extra.clone(),
            shared: false,
            sure: live != Live::Single,
        };
    }
    Row {
        model: query.model,
        origin: Origin::Query(query.unasked()),
        live,
        steps: Vec::new(),
        known,
        extra: None,
        shared: false,
        sure: live != Live::Single,
    }
}

/// The row at the other end of a single-valued relation; `None` past the path limit.
pub fn related(project: &Project, row: &Arc<Row>, attr: Sym, target: ModelId, site: Site) -> Option<Row> {
    if row.steps.len() >= MAX_STEPS {
        return None;
    }
    let mut steps = row.steps.clone();
    steps.push(Step {
        name: attr,
        target,
        many: false,
        live: Live::Single,
        site,
        plan: None,
    });
    let exists = match project.model_attr(row.model, attr) {
        Some(ModelAttr::Forward(rel)) => {
            let relation = project.relation(rel);
            !relation.null && matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne)
        }
        _ => false,
    };
    let known = match project.model_attr(row.model, attr) {
        Some(ModelAttr::Reverse(rel)) => Some((project.relation(rel).name, row.clone())),
        Some(ModelAttr::Forward(rel)) if project.relation(rel).kind == RelKind::OneToOne => {
            project.relation(rel).accessor.map(|name| (name, row.clone()))
        }
        _ => None,
    };
    Some(Row {
        model: target,
        origin: row.origin.clone(),
        live: row.live,
        steps,
        known,
        extra: row.extra.clone(),
        shared: false,
        sure: row.sure && exists,
    })
}

/// The attribute of the related rows that leads back to the row they were reached from, when Django
/// fills it: reverse foreign keys and one-to-ones, not many-to-many or generic relations.
pub fn inverse(project: &Project, model: ModelId, attr: Sym) -> Option<Sym> {
    match project.model_attr(model, attr)? {
        ModelAttr::Reverse(rel) => {
            let relation = project.relation(rel);
            matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne).then_some(relation.name)
        }
        _ => None,
    }
}

/// Applies `f` to every row that a value holds directly or in collections.
pub fn map_rows(value: &Value, f: &dyn Fn(&Row) -> Row) -> Value {
    let many = |items: &[Value]| -> Arc<[Value]> { items.iter().map(|v| map_rows(v, f)).collect() };
    let kind = match &value.kind {
        Kind::Row(row) => Kind::Row(Arc::new(f(row))),
        Kind::Coll(coll) => Kind::Coll(Arc::new(Coll {
            elem: map_rows(&coll.elem, f),
            size: coll.size,
        })),
        Kind::Tuple(items) => Kind::Tuple(many(items)),
        Kind::Union(items) => Kind::Union(many(items)),
        Kind::Dict(dict) => Kind::Dict(Arc::new(Dict {
            items: dict.items.iter().map(|(n, v)| (*n, map_rows(v, f))).collect(),
            open: dict.open,
            maybe: dict.maybe.clone(),
            key: map_rows(&dict.key, f),
            value: map_rows(&dict.value, f),
        })),
        Kind::Object(object) => Kind::Object(Arc::new(Object {
            class: object.class,
            attrs: object.attrs.iter().map(|(n, v)| (*n, map_rows(v, f))).collect(),
        })),
        _ => return value.clone(),
    };
    Value {
        kind,
        deps: value.deps,
    }
}

/// The site of a chain after one more call: its outermost expression.
pub fn grow(site: Site, by: Site) -> Site {
    if site.file == by.file && by.span.contains(site.span) {
        by
    } else {
        site
    }
}
