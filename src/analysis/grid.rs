//! Tables of rows: the queryset that a table class itself completes with what its columns need.
//!
//! How cells are shown stands in `rules/django/stubs/django_tables2`.

use std::sync::Arc;

use crate::ir::{ArgKind, Expr, ExprKind};
use crate::project::{ClassId, ClassRef, ModelAttr, ModelId};
use crate::source::Sym;

use super::declared::items_of;
use super::frame::Frame;
use super::plan::{Plan, Prefetch};
use super::trace;
use super::value::{Kind, Query, Value, join_path};
use super::walk;

const COLUMN: &str = "django_tables2.columns.Column";

impl Frame<'_, '_> {
    /// `djperf.table_rows(table, data)`: the data as rows, with the relations of the columns where the table
    /// loads them by itself.
    pub(super) fn table_rows(&mut self, class: ClassId, data: &Value) -> Value {
        let rows = super::serializers::rows(data);
        if !self.completes(class) {
            return rows;
        }
        self.completed(class, &rows)
    }

    /// The queryset, or each of several, with the relations of the columns.
    fn completed(&mut self, class: ClassId, rows: &Value) -> Value {
        if let Kind::Union(parts) = &rows.kind {
            let kind = Kind::Union(parts.iter().map(|part| self.completed(class, part)).collect());
            return Value {
                kind,
                deps: rows.deps,
            };
        }
        let Kind::Query(query) = &rows.kind else {
            return rows.clone();
        };
        let mut query: Query = (**query).clone();
        let mut names: Vec<Sym> = Vec::new();
        if let Some(column) = self.project.class_by_dotted(COLUMN) {
            for pair in items_of(&self.declared(class, column)) {
                let Kind::Tuple(parts) = &pair.kind else { continue };
                let [name, declared] = &parts[..] else { continue };
                let accessor = match &declared.kind {
                    Kind::Object(object) => super::declared::object_attr(object, "accessor").cloned(),
                    _ => None,
                };
                let path = accessor.filter(|v| matches!(v.kind, Kind::Str(_)));
                if let Kind::Str(path) = path.unwrap_or_else(|| name.clone()).kind {
                    names.push(path);
                }
            }
        }
        if let Some((_, crate::project::Member::Class(meta))) =
            self.project.class_member(class, Sym::new("Meta"))
        {
            let listed = self.class_items(meta, Sym::new("fields"));
            names.extend(items_of(&listed).iter().filter_map(|v| match v.kind {
                Kind::Str(name) => Some(name),
                _ => None,
            }));
        }
        let plan: &mut Plan = Arc::make_mut(&mut query.plan);
        for name in names {
            if let Some(lookup) = self.relation_prefix(query.model, name) {
                plan.prefetch.push(Prefetch {
                    lookup,
                    to: lookup,
                    has_to_attr: false,
                    query: None,
                });
            }
        }
        Value {
            kind: Kind::Query(Arc::new(query)),
            deps: rows.deps,
        }
    }

    /// A project class of the table calls `prefetch_related(*paths)` or `select_related(*paths)`.
    fn completes(&self, class: ClassId) -> bool {
        let project = self.project;
        project.class(class).mro.iter().any(|part| {
            let ClassRef::Known(id) = *part else { return false };
            let file = project.class(id).file;
            trace::read_whole(file);
            !project.is_stub(file)
                && project.class_facts(id).methods.iter().any(|(_, idx)| {
                    let mut found = false;
                    for stmt in &project.routine(project.func_id(file, *idx)).body {
                        walk::expressions(stmt, &mut |e: &Expr| {
                            if let ExprKind::Call(call) = &e.kind {
                                let eager = call.func.last_name().is_some_and(|n| {
                                    matches!(n.as_str(), "prefetch_related" | "select_related")
                                });
                                found |= eager && call.args.iter().any(|a| a.kind == ArgKind::Star);
                            }
                        });
                    }
                    found
                })
        })
    }

    /// The relations at the beginning of a column's path.
    fn relation_prefix(&self, model: ModelId, path: Sym) -> Option<Sym> {
        let text = path.as_str();
        let parts = text.split(if text.contains("__") { "__" } else { "." });
        let mut taken: Vec<Sym> = Vec::new();
        for hop in self.project.hops(model, parts.map(Sym::new)) {
            let generic = matches!(hop.attr, Some(ModelAttr::Forward(_)));
            taken.extend((hop.target.is_some() || generic).then_some(hop.name));
            if hop.target.is_none() {
                break;
            }
        }
        (!taken.is_empty()).then(|| Sym::new(&join_path(taken.into_iter())))
    }
}
