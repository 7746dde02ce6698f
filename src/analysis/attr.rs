//! Attribute access: relations, properties, managers, class and instance attributes.

use std::sync::Arc;

use crate::ir::{ArgKind, Attr, Expr, ExprKind};
use crate::project::{ClassId, Def, FuncId, Member, ModelAttr, ModelId, RelKind};
use crate::source::{Span, Sym};

use super::event::{Access, Load};
use super::frame::Frame;
use super::rows;
use super::stmt::join_all;
use super::tables::{self, Decorator};
use super::trace::Noted;
use super::value::{Bound, FuncValue, Kind, Live, Origin, Row, Size, Step, Super, Value};

impl<'p> Frame<'_, 'p> {
    pub fn attribute(&mut self, expr: &'p Expr, attr: &'p Attr) -> Value {
        if let Some(value) = self.key_access(expr, attr) {
            return value;
        }
        if attr.name == "maybe" && self.engine.watch.is_on() && self.is_stub() {
            return self.watched_maybe();
        }
        let base = self.eval(&attr.base);
        if base.kind == Kind::Unknown
            && attr.name == "user"
            && attr.base.last_name().is_some_and(|n| n == "request")
            && let Some(model) = self.project.user_model(self.file)
        {
            let row = Row::single(model, Origin::Elsewhere);
            return Value::row(row).with(base.deps);
        }
        if base.kind == Kind::Unknown
            && attr.name == "get_model"
            && attr.base.as_name().is_some_and(|n| n == "apps")
        {
            return Value::new(Kind::External(Sym::new("django.apps.apps.get_model")));
        }
        self.attr_of(&base, attr.name, expr.span)
    }

    /// `row.fk.id`: the key is already in `row.fk_id`.
    fn key_access(&mut self, expr: &'p Expr, attr: &'p Attr) -> Option<Value> {
        if !matches!(attr.name.as_str(), "id" | "pk") {
            return None;
        }
        let ExprKind::Attr(inner) = &attr.base.kind else {
            return None;
        };
        if self.has_places
            && let Some(place) = super::stmt::place_of(&attr.base)
            && self.vars.contains_key(&place)
        {
            return None;
        }
        let base = self.eval(&inner.base);
        let Kind::Row(row) = &base.kind else {
            let inner_value = if base.kind == Kind::Unknown {
                self.eval(&attr.base)
            } else {
                self.attr_of(&base, inner.name, attr.base.span)
            };
            return Some(self.attr_of(&inner_value, attr.name, expr.span));
        };
        let by_key = match self.project.model_attr(row.model, inner.name) {
            Some(ModelAttr::Forward(rel)) => {
                let relation = self.project.relation(rel);
                let plain = matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne)
                    && relation.to_field.is_none()
                    && !relation.parent_link;
                let keyed = relation
                    .target_model()
                    .is_some_and(|t| matches!(self.project.model_attr(t, attr.name), Some(ModelAttr::Pk)));
                plain && keyed
            }
            _ => false,
        };
        if !by_key {
            let inner_value = self.attr_of(&base, inner.name, attr.base.span);
            return Some(self.attr_of(&inner_value, attr.name, expr.span));
        }
        let row = row.clone();
        if row.known.as_ref().is_none_or(|(name, _)| *name != inner.name) {
            self.access(&row, inner.name, Access::Key, expr.span);
        }
        Some(Value::scalar(base.deps))
    }

    pub fn attr_of(&mut self, base: &Value, name: Sym, span: Span) -> Value {
        let value = match &base.kind {
            Kind::Row(row) => self.row_attr(base, row, name, span),
            Kind::Class(id) => self.class_attr(base, *id, name, span),
            Kind::Module(file) => self.def_attr(Def::Module(*file), name),
            Kind::Namespace(file, dotted) => self.def_attr(Def::Namespace(*file, *dotted), name),
            Kind::External(dotted) if *dotted == "djperf" && name == "request" => Value::UNKNOWN,
            Kind::External(dotted) => self.def_attr(Def::External(*dotted), name),
            Kind::Object(object) => {
                if let Some((_, value)) = object.attrs.iter().find(|(n, _)| *n == name) {
                    value.clone()
                } else {
                    self.instance_attr(base, object.class, name, span)
                }
            }
            Kind::Manager(manager) => {
                let classes = manager.classes.clone();
                self.query_attr(base, manager.query.model, &classes, name, span)
            }
            Kind::Query(query) => {
                let classes = query.classes.clone();
                self.query_attr(base, query.model, &classes, name, span)
            }
            Kind::Super(sup) => {
                let sup = sup.clone();
                self.super_attr(&sup, name, span)
            }
            Kind::Coll(_) | Kind::Dict(_) | Kind::Tuple(_) | Kind::Str(_) => {
                Value::new(Kind::Method(Arc::new((base.clone(), name))))
            }
            Kind::Method(of) if of.1 == "<descriptor>" => match name.as_str() {
                "rel" | "field" | "remote_field" => base.clone(),
                "related_model" => of.0.clone(),
                _ => Value::UNKNOWN,
            },
            Kind::Method(of) if of.1 == "_meta" => self.meta_attr(&of.0, name),
            Kind::Method(state) if state.1 == "_state" && name == "adding" => match &state.0.kind {
                Kind::Row(row) => Value::new(Kind::Truth(row.origin == Origin::New)),
                _ => Value::SCALAR,
            },
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.attr_of(v, name, span)).collect();
                join_all(parts)
            }
            _ => Value::UNKNOWN,
        };
        value.with(base.deps)
    }

    fn def_attr(&mut self, def: Def, name: Sym) -> Value {
        if let Def::External(dotted) = def
            && dotted == "django.conf.settings"
        {
            return self.setting(name);
        }
        match self.project.def_member(def, name) {
            Some(def) => self.def_value(def),
            None => Value::UNKNOWN,
        }
    }

    /// `settings.NAME`, where a settings module of the project assigns it plainly.
    fn setting(&mut self, name: Sym) -> Value {
        let project = self.project;
        let modules = project
            .hints
            .default_settings
            .iter()
            .chain(&project.hints.settings_modules);
        for file in modules {
            if let Some(Def::Assign(from, idx)) = project.lookup(*file, name) {
                return self.engine.module_value(from, idx);
            }
        }
        Value::UNKNOWN
    }

    fn row_attr(&mut self, base: &Value, row: &Arc<Row>, name: Sym, span: Span) -> Value {
        if let Some((known, other)) = &row.known
            && *known == name
        {
            return Value::new(Kind::Row(other.clone()));
        }
        if let Some(value) = self.planned_attr(row, name, span) {
            return value;
        }
        let class = self.project.model(row.model).class;
        match self.project.model_attr(row.model, name) {
            Some(attr @ (ModelAttr::Forward(_) | ModelAttr::Reverse(_))) => {
                self.relation_attr(row, name, attr, span)
            }
            Some(ModelAttr::Column { .. } | ModelAttr::Attname(_)) => {
                self.column(row, name, span);
                Value::SCALAR
            }
            Some(ModelAttr::Pk) if row.origin != Origin::New => Value::new(Kind::Truth(true)),
            Some(ModelAttr::Pk) => Value::SCALAR,
            None if name == "_meta" => meta(Value::new(Kind::Class(class))),
            None if name == "_state" => Value::new(Kind::Method(Arc::new((base.clone(), name)))),
            None => match self.project.class_member(class, name) {
                Some((owner, member)) => self.member_of_instance(base, owner, member, span),
                None => Value::new(Kind::Method(Arc::new((base.clone(), name)))),
            },
        }
    }

    /// Names that the row's own plan adds: annotations and `to_attr` lists.
    fn planned_attr(&mut self, row: &Arc<Row>, name: Sym, span: Span) -> Option<Value> {
        let Origin::Query(query) = &row.origin else {
            return None;
        };
        if row.steps.is_empty() && query.plan.annotations.contains(&name) {
            return Some(Value::SCALAR);
        }
        if query.plan.prefetch.iter().all(|p| !p.has_to_attr) {
            return None;
        }
        let path = super::value::join_path(row.steps.iter().map(|s| s.name).chain([name]));
        let prefetch = query
            .plan
            .prefetch
            .iter()
            .find(|p| p.has_to_attr && p.to == *path.as_str())?;
        let last = prefetch.lookup.as_str().rsplit("__").next().unwrap_or_default();
        let attr = self.project.model_attr(row.model, Sym::new(last))?;
        let target = prefetch
            .query
            .as_ref()
            .map(|q| q.model)
            .or_else(|| self.project.attr_target(attr))?;
        let many = !self.project.attr_single(attr);
        let mut steps = row.steps.clone();
        let live = if many { Live::Stored } else { Live::Single };
        steps.push(Step {
            name,
            target,
            many,
            live,
            site: self.site(span),
            plan: None,
        });
        let known = rows::inverse(self.project, row.model, Sym::new(last)).map(|n| (n, row.clone()));
        let found = Value::row(Row {
            model: target,
            origin: row.origin.clone(),
            live: row.live,
            steps,
            known,
            extra: row.extra.clone(),
            shared: false,
            sure: false,
        });
        Some(if many {
            Value::coll(found, Size::Unknown)
        } else {
            found
        })
    }

    fn relation_attr(&mut self, row: &Arc<Row>, name: Sym, attr: ModelAttr, span: Span) -> Value {
        let target = self.project.attr_target(attr);
        if !self.project.attr_single(attr) {
            let Some(target) = target else {
                return Value::UNKNOWN;
            };
            return self.related_manager(row, name, target, span);
        }
        if let ModelAttr::Forward(rel) = attr
            && self.project.relation(rel).parent_link
        {
            let Some(target) = target else {
                return Value::UNKNOWN;
            };
            return Value::row(Row {
                model: target,
                ..(**row).clone()
            });
        }
        self.access(row, name, Access::One, span);
        match target {
            Some(target) => match rows::related(self.project, row, name, target, self.site(span)) {
                Some(found) => Value::row(found),
                None => Value::UNKNOWN,
            },
            None => Value::UNKNOWN,
        }
    }

    fn column(&mut self, row: &Arc<Row>, name: Sym, span: Span) {
        if let Origin::Query(query) = &row.origin
            && row.steps.is_empty()
            && (query.plan.only.is_some() || !query.plan.defer.is_empty())
            && query.plan.defers(self.project, row.model, name)
        {
            self.access(row, name, Access::Column, span);
        } else if self.engine.watch.is_on() {
            self.watch_column(row, name, span);
        }
    }

    /// Reports that an attribute of a row is read here.
    pub fn access(&mut self, row: &Arc<Row>, attr: Sym, access: Access, span: Span) {
        let load = Load {
            row: self.resolve_lives(row),
            attr,
            access,
            site: self.site(span),
            calls: Vec::new(),
            around: self.loop_of(row),
            conditional: false,
            inner: None,
        };
        if self.engine.watch.is_on() {
            self.watch_load(&load, row);
        }
        self.load(load);
    }

    fn member_of_instance(&mut self, base: &Value, owner: ClassId, member: Member, span: Span) -> Value {
        match member {
            Member::Method(func) => match self.decorator_of(func) {
                Some(Decorator::Property) => {
                    let site = self.site(span);
                    self.note_called(site, func);
                    self.call_function(func, None, vec![(ArgKind::Positional, base.clone())], site)
                }
                Some(Decorator::Cached) => self.cached_attr(base, func, span),
                Some(Decorator::Static) => Value::new(Kind::Func(Arc::new(FuncValue {
                    func,
                    captured: None,
                    args: Vec::new(),
                }))),
                Some(Decorator::Class) => {
                    let receiver = match &base.kind {
                        Kind::Row(row) => Value::new(Kind::Class(self.project.model(row.model).class)),
                        Kind::Object(object) => Value::new(Kind::Class(object.class)),
                        _ => base.clone(),
                    };
                    Value::new(Kind::Bound(Arc::new(Bound {
                        func,
                        receiver,
                        owner,
                    })))
                }
                _ => Value::new(Kind::Bound(Arc::new(Bound {
                    func,
                    receiver: base.clone(),
                    owner,
                }))),
            },
            Member::Class(id) => Value::new(Kind::Class(id)),
            Member::Assign(idx) => self.engine.class_value(self, owner, idx),
        }
    }

    /// Remembers what an expression of a template calls.
    pub(super) fn note_called(&mut self, site: crate::source::Site, func: FuncId) {
        if self.project.is_template(site) {
            self.seen.push(Noted::Called(site, func));
        }
    }

    /// A cached property: computed at most once for an instance that does not change with the loop.
    fn cached_attr(&mut self, base: &Value, func: FuncId, span: Span) -> Value {
        let args = vec![(ArgKind::Positional, base.clone())];
        let site = self.site(span);
        self.seen.push(Noted::Kept(site));
        let before = self.watched.len();
        if self.depends_on_loop(base.deps) || self.loops.is_empty() {
            let value = self.call_function(func, None, args, site);
            self.watch_kept(before, func);
            return value;
        }
        let loops = std::mem::take(&mut self.loops);
        let value = self.call_function(func, None, args, site);
        self.loops = loops;
        self.watch_kept(before, func);
        value
    }

    pub fn decorator_of(&self, func: FuncId) -> Option<Decorator> {
        let (file, _) = self.project.func(func);
        self.project.routine(func).decorators.iter().find_map(|expr| {
            let expr = match &expr.kind {
                ExprKind::Call(call) => &call.func,
                _ => expr,
            };
            match self.project.resolve_expr(file, expr)? {
                Def::External(dotted) => tables::decorator(dotted),
                Def::Class(class) => self.project.external_bases(class).find_map(tables::decorator),
                _ => None,
            }
        })
    }

    fn class_attr(&mut self, base: &Value, class: ClassId, name: Sym, span: Span) -> Value {
        if let Some(model) = self.project.model_of_class(class)
            && let Some(manager) = self.manager_attr(model, name, span)
        {
            return manager;
        }
        if let Some(other) = self.descriptor(class, name) {
            return other;
        }
        if name == "_meta" && self.project.model_of_class(class).is_some() {
            return meta(base.clone());
        }
        match self.project.class_member(class, name) {
            Some((owner, Member::Method(func))) => match self.decorator_of(func) {
                Some(Decorator::Class) => Value::new(Kind::Bound(Arc::new(Bound {
                    func,
                    receiver: base.clone(),
                    owner,
                }))),
                Some(Decorator::Property | Decorator::Cached) => Value::UNKNOWN,
                _ => Value::new(Kind::Func(Arc::new(FuncValue {
                    func,
                    captured: None,
                    args: Vec::new(),
                }))),
            },
            Some((_, Member::Class(id))) => Value::new(Kind::Class(id)),
            Some((owner, Member::Assign(idx))) => self.engine.class_value(self, owner, idx),
            None => Value::UNKNOWN,
        }
    }

    /// `Model.relation`: the descriptor, which knows the model at the other end.
    fn descriptor(&self, class: ClassId, name: Sym) -> Option<Value> {
        let model = self.project.model_of_class(class)?;
        let attr = self.project.model_attr(model, name)?;
        let target = self.project.attr_target(attr)?;
        let other = Value::new(Kind::Class(self.project.model(target).class));
        Some(Value::new(Kind::Method(Arc::new((
            other,
            Sym::new("<descriptor>"),
        )))))
    }

    /// `Model._meta.name`: the names that default templates and contexts are made of.
    fn meta_attr(&self, of: &Value, name: Sym) -> Value {
        let Kind::Class(class) = of.kind else {
            return Value::UNKNOWN;
        };
        let Some(model) = self.project.model_of_class(class) else {
            return Value::UNKNOWN;
        };
        let label = self.project.model(model).label.as_str();
        let Some((app, model)) = label.split_once('.') else {
            return Value::UNKNOWN;
        };
        match name.as_str() {
            "app_label" => Value::new(Kind::Str(Sym::new(app))),
            "model_name" => Value::new(Kind::Str(Sym::new(&model.to_lowercase()))),
            "object_name" => Value::new(Kind::Str(Sym::new(model))),
            _ => Value::UNKNOWN,
        }
    }

    fn instance_attr(&mut self, base: &Value, class: ClassId, name: Sym, span: Span) -> Value {
        match self.project.class_member(class, name) {
            Some((owner, member)) => {
                let value = self.member_of_instance(base, owner, member, span);
                match (&value.kind, member) {
                    (Kind::None, Member::Assign(_)) if self.is_stored(class, name) => {
                        self.stored_attr(base, class, name)
                    }
                    _ => value,
                }
            }
            None => self.stored_attr(base, class, name),
        }
    }

    /// Some method of the class assigns `self.name`.
    fn is_stored(&self, class: ClassId, name: Sym) -> bool {
        self.project.class(class).mro.iter().any(|part| match part {
            crate::project::ClassRef::Known(id) => {
                let facts = self.project.class_facts(*id);
                facts.self_attrs.iter().any(|(attr, _)| *attr == name)
            }
            crate::project::ClassRef::External(_) => false,
        })
    }

    /// `self.name`, as the methods of the class assign it.
    fn stored_attr(&mut self, base: &Value, class: ClassId, name: Sym) -> Value {
        if self.depth < 2 {
            return Value::UNKNOWN;
        }
        let mut found = Value::UNKNOWN;
        for part in self.project.class(class).mro.clone() {
            let crate::project::ClassRef::Known(id) = part else {
                continue;
            };
            let facts = self.project.class_facts(id);
            let file = self.project.class(id).file;
            if self.project.is_stub(file) {
                // The framework is played from its entry on: what it stores is on the object already.
                continue;
            }
            for (attr, idx) in facts.self_attrs.iter().filter(|(attr, _)| *attr == name).take(3) {
                let func = self.project.func_id(file, *idx);
                if func == self.func {
                    continue;
                }
                if let Some((_, value)) = self.stores_of(func, base).iter().find(|(n, _)| n == attr) {
                    found = found.join(value.clone());
                }
            }
            if found.interesting() {
                break;
            }
        }
        found
    }

    fn query_attr(
        &mut self,
        base: &Value,
        model: ModelId,
        classes: &[ClassId],
        name: Sym,
        span: Span,
    ) -> Value {
        if name == "model" {
            return Value::new(Kind::Class(self.project.model(model).class));
        }
        if name == "object_list" {
            return base.clone();
        }
        for class in classes {
            if let Some((owner, member)) = self.project.class_member(*class, name) {
                return self.member_of_instance(base, owner, member, span);
            }
        }
        if tables::method(name).is_some() {
            return Value::new(Kind::Method(Arc::new((base.clone(), name))));
        }
        Value::UNKNOWN
    }

    fn super_attr(&mut self, sup: &Super, name: Sym, span: Span) -> Value {
        if let Some((owner, member)) = self.project.member_after(sup.class, Some(sup.after), name) {
            return self.member_of_instance(&sup.receiver, owner, member, span);
        }
        match &sup.receiver.kind {
            Kind::Manager(_) | Kind::Query(_) if tables::method(name).is_some() => {
                Value::new(Kind::Method(Arc::new((sup.receiver.clone(), name))))
            }
            Kind::Row(_) => Value::new(Kind::Method(Arc::new((sup.receiver.clone(), name)))),
            _ => Value::UNKNOWN,
        }
    }
}

/// `Model._meta`.
fn meta(class: Value) -> Value {
    Value::new(Kind::Method(Arc::new((class, Sym::new("_meta")))))
}
