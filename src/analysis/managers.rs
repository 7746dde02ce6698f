//! Managers as values: those of a model class, and those behind relations of a row.

use std::sync::Arc;

use crate::ir::ArgKind;
use crate::project::{ClassId, Member, ModelId};
use crate::source::{Site, Span, Sym};

use super::frame::Frame;
use super::value::{Base, Kind, Manager, Query, Row, Value};

impl Frame<'_, '_> {
    /// The manager behind a reverse or many-valued relation.
    pub(super) fn related_manager(
        &mut self,
        row: &Arc<Row>,
        name: Sym,
        target: ModelId,
        span: Span,
    ) -> Value {
        let Kind::Manager(default) = self.default_manager(target, span).kind else {
            return Value::UNKNOWN;
        };
        let query = Query {
            base: Base::Related(row.clone(), name),
            site: self.site(span),
            change: None,
            ..default.query.clone()
        };
        Value::new(Kind::Manager(Arc::new(Manager {
            query,
            classes: default.classes.clone(),
        })))
    }

    /// A manager attribute of a model class, or `None` when the name is none.
    pub fn manager_attr(&mut self, model: ModelId, name: Sym, span: Span) -> Option<Value> {
        if matches!(name.as_str(), "_default_manager" | "_base_manager") {
            return Some(self.default_manager(model, span));
        }
        let classes = match self.project.manager(model, name) {
            Some(classes) => classes,
            None if name == "objects"
                && self
                    .project
                    .class_member(self.project.model(model).class, name)
                    .is_none() =>
            {
                Vec::new()
            }
            None => return None,
        };
        Some(self.manager_value(model, classes, self.site(span)))
    }

    pub fn default_manager(&mut self, model: ModelId, span: Span) -> Value {
        let classes = self.project.default_manager(model).unwrap_or_default();
        self.manager_value(model, classes, self.site(span))
    }

    /// A manager of these classes: its plain queryset is what its `get_queryset` returns.
    fn manager_value(&mut self, model: ModelId, classes: Vec<ClassId>, site: Site) -> Value {
        let querysets: Vec<ClassId> = classes
            .iter()
            .copied()
            .filter(|c| self.project.is_queryset_class(*c))
            .collect();
        let mut query = Query {
            classes: querysets,
            ordered: self.project.is_ordered(model),
            ..Query::all(model, site)
        };
        let get_queryset = Sym::new("get_queryset");
        let custom = classes
            .iter()
            .find_map(|c| match self.project.class_member(*c, get_queryset) {
                Some((owner, Member::Method(func))) => Some((owner, func)),
                _ => None,
            });
        if let Some((_owner, func)) = custom {
            let plain = Value::new(Kind::Manager(Arc::new(Manager {
                query: query.clone(),
                classes: classes.clone(),
            })));
            let made = self.call_function(func, None, vec![(ArgKind::Positional, plain)], site);
            let made = made.alternatives().iter().find_map(|v| match &v.kind {
                Kind::Query(q) if q.model == model => Some(q.clone()),
                _ => None,
            });
            if let Some(made) = made {
                query.plan = made.plan.clone();
                query.ordered |= made.ordered;
                query.filters = made.filters.clone();
                query.order = made.order.clone();
                if !made.classes.is_empty() {
                    query.classes = made.classes.clone();
                }
            } else {
                query.plan = Arc::new(super::plan::Plan {
                    open: true,
                    ..super::plan::Plan::default()
                });
            }
        }
        Value::new(Kind::Manager(Arc::new(Manager { query, classes })))
    }
}
