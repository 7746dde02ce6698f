//! Serializers of the REST framework: which fields there are, and what each reads of an instance.
//!
//! How a field shows its value stands in `rules/django/stubs/rest_framework`; here is what is known only from
//! the class as a whole: declared and model fields, sources, many-valued relations, nested serializers.

use std::sync::Arc;

use crate::ir::{ArgKind, BinOp, Const, DictItem, Expr, ExprKind};
use crate::project::{ClassId, ClassRef, Def, FuncId, Member, ModelAttr, ModelId, Project, RelKind};
use crate::source::{FileId, Site, Span, Sym};

use super::call::Args;
use super::frame::Frame;
use super::rest_framework;
use super::tables::Served;
use super::trace::{self, Noted};
use super::value::{Deps, Kind, Object, Value};

/// Marks a serializer that was asked, in the project's own way, to show only some of its fields.
const NARROWED: &str = "<narrowed>";
/// `class Meta(Base.Meta)` chains and sums of lists are followed so far.
const MAX_LISTS: u32 = 8;

/// One field of a serializer's output.
struct OutputField {
    name: Sym,
    site: Site,
    /// The declared field; absent for one that the model gives.
    declared: Option<Arc<Object>>,
}

/// Options of `class Meta`.
#[derive(Default)]
struct Options {
    model: Option<ModelId>,
    /// Names with their places; `None` for all fields of the model.
    names: Option<Vec<(Sym, Site)>>,
    all: Option<Site>,
    exclude: Vec<Sym>,
    /// Named so by `extra_kwargs`.
    write_only: Vec<Sym>,
    nested: bool,
}

/// A class of serializers.
pub(super) fn is_serializer(project: &Project, class: ClassId) -> bool {
    project.derives_from(class, &[&rest_framework::serializers().base])
}

impl<'p> Frame<'_, 'p> {
    /// `djperf.fields(serializer, instance)`: reads every output field of one instance.
    pub(super) fn serializer_fields(&mut self, args: &Args) -> Value {
        let [(_, this), (_, instance), ..] = &args[..] else {
            return Value::UNKNOWN;
        };
        let Kind::Object(serializer) = &this.kind else {
            return Value::UNKNOWN;
        };
        if !instance.interesting() || self.depth == 0 {
            self.cut |= self.depth == 0;
            return Value::UNKNOWN;
        }
        if serializer.attrs.iter().any(|(n, _)| *n == NARROWED) {
            return Value::UNKNOWN;
        }
        let options = self.options(serializer.class);
        let mut fields = self.output_fields(serializer.class, &options);
        fields.retain(|f| !options.write_only.contains(&f.name));
        self.depth -= 1;
        let height = std::mem::take(&mut self.height);
        let before = self.stand_in;
        for field in &fields {
            self.stand_in = Some(field.site);
            let known = field.declared.is_some() || self.knows_field(instance, field.name);
            self.seen.push(Noted::Field(field.site, known));
            match &field.declared {
                Some(declared) => self.declared_field(this, instance, field.name, declared),
                None => self.model_field(instance, field.name, options.nested),
            }
        }
        self.stand_in = before;
        self.height = height.max(self.height + 1);
        self.depth += 1;
        Value::UNKNOWN
    }

    /// `djperf.many(serializer, instances)`: the list serializer's output.
    pub(super) fn serializer_many(&mut self, args: &Args, span: Span) -> Value {
        let [(_, this), (_, instances), ..] = &args[..] else {
            return Value::UNKNOWN;
        };
        self.represent_many(this, instances, span);
        Value::UNKNOWN
    }

    pub(in crate::analysis) fn represent_many(&mut self, child: &Value, instances: &Value, span: Span) {
        let Kind::Object(object) = &child.kind else { return };
        if let Some(outer) = self.list_serializer(object.class) {
            let attrs = vec![(Sym::new("child"), child.clone())];
            let outer = Value::new(Kind::Object(Arc::new(Object { class: outer, attrs })));
            self.represent(&outer, instances, span);
            return;
        }
        let rows = rows(instances);
        let over = self.loop_kind(&rows);
        let (id, elem) = self.begin_loop(&rows, span, over);
        self.represent(child, &elem.with(Deps::on_loop(id)), span);
        self.leave_loop();
    }

    /// The project's `Meta.list_serializer_class`.
    fn list_serializer(&mut self, class: ClassId) -> Option<ClassId> {
        let (_, Member::Class(meta)) = self.project.class_member(class, Sym::new("Meta"))? else {
            return None;
        };
        let (owner, Member::Assign(idx)) = self
            .project
            .class_member(meta, Sym::new("list_serializer_class"))?
        else {
            return None;
        };
        match self.engine.class_value(self, owner, idx).kind {
            Kind::Class(id) => Some(id),
            _ => None,
        }
    }

    pub(in crate::analysis) fn represent(&mut self, field: &Value, value: &Value, span: Span) {
        let Kind::Object(object) = &field.kind else { return };
        if let Some((_, Member::Method(method))) = self
            .project
            .class_member(object.class, Sym::new("to_representation"))
        {
            let args = vec![
                (ArgKind::Positional, field.clone()),
                (ArgKind::Positional, value.clone()),
            ];
            let site = self.site(span);
            self.call_function(method, None, args, site);
        }
    }

    fn declared_field(&mut self, this: &Value, instance: &Value, name: Sym, field: &Arc<Object>) {
        let span = Span::default();
        let attr = |name: &str| {
            field
                .attrs
                .iter()
                .find(|(n, _)| *n == *name)
                .map(|(_, v)| &v.kind)
        };
        if attr("write_only") == Some(&Kind::Truth(true)) {
            return;
        }
        if self
            .project
            .derives_from(field.class, &[&rest_framework::fields().method])
        {
            let method = match attr("method_name") {
                Some(Kind::Str(name)) => *name,
                _ => Sym::new(&format!("get_{name}")),
            };
            let bound = self.attr_of(this, method, span);
            let site = self.site(span);
            self.call_plain(&bound, vec![(ArgKind::Positional, instance.clone())], site);
            return;
        }
        let source = match attr("source") {
            Some(Kind::Str(source)) => *source,
            _ => name,
        };
        let many = attr("many") == Some(&Kind::Truth(true));
        let key_only = !many
            && self
                .project
                .derives_from(field.class, &rest_framework::fields().key_only());
        let value = self.source(instance, source, key_only);
        let field = Value::new(Kind::Object(field.clone()));
        if many {
            if self.is_serializer(&field) {
                self.represent_many(&field, &value, span);
            } else {
                let rows = rows(&value);
                let over = self.loop_kind(&rows);
                let (id, elem) = self.begin_loop(&rows, span, over);
                self.represent(&field, &elem.with(Deps::on_loop(id)), span);
                self.leave_loop();
            }
        } else {
            self.represent(&field, &value, span);
        }
    }

    fn is_serializer(&self, field: &Value) -> bool {
        matches!(&field.kind, Kind::Object(o) if is_serializer(self.project, o.class))
    }

    /// The value of `source="a.b"`: attributes, called where they can be.
    fn source(&mut self, instance: &Value, source: Sym, key_only: bool) -> Value {
        if source == "*" {
            return instance.clone();
        }
        let parts: Vec<&str> = source.as_str().split('.').collect();
        let mut value = instance.clone();
        for (i, part) in parts.iter().enumerate() {
            let name = Sym::new(part);
            if key_only && i + 1 == parts.len() && self.is_foreign_key(&value, name) {
                return Value::UNKNOWN;
            }
            let found = self.template_attr(&value, name, Span::default());
            value = self.called(found, Span::default());
        }
        value
    }

    /// The model has an attribute of that name.
    fn knows_field(&self, instance: &Value, name: Sym) -> bool {
        instance.alternatives().iter().any(|v| match &v.kind {
            Kind::Row(row) => {
                let class = self.project.model(row.model).class;
                self.project.model_attr(row.model, name).is_some()
                    || self.project.class_member(class, name).is_some()
            }
            _ => false,
        })
    }

    fn is_foreign_key(&self, value: &Value, name: Sym) -> bool {
        matches!(&value.kind, Kind::Row(row) if matches!(self.project.model_attr(row.model, name), Some(ModelAttr::Forward(_))))
    }

    /// A field that the model gives: keys of relations, values of columns, properties and methods.
    fn model_field(&mut self, instance: &Value, name: Sym, nested: bool) {
        let Kind::Row(row) = &instance.kind else {
            for part in instance.alternatives().to_vec() {
                if matches!(part.kind, Kind::Row(_)) {
                    self.model_field(&part, name, nested);
                }
            }
            return;
        };
        let span = Span::default();
        let attr = self.project.model_attr(row.model, name);
        let relation = matches!(attr, Some(ModelAttr::Forward(_) | ModelAttr::Reverse(_)));
        if relation
            && !nested
            && self.is_foreign_key(instance, name)
            && attr.is_some_and(|a| self.project.attr_single(a))
        {
            return;
        }
        let value = self.source(instance, name, false);
        if relation {
            self.evaluate_all(&rows(&value), "iterate", span, Served::Served);
        }
    }

    /// The model whose rows a serializer shows.
    pub(super) fn serialized_model(&mut self, class: ClassId) -> Option<ModelId> {
        self.options(class).model
    }

    fn options(&mut self, class: ClassId) -> Options {
        let mut options = Options::default();
        let Some((_, Member::Class(meta))) = self.project.class_member(class, Sym::new("Meta")) else {
            return options;
        };
        if let Some((file, value)) = self.meta_value(meta, "model")
            && let Some(Def::Class(model)) = self.project.resolve_expr(file, value)
        {
            options.model = self.project.model_of_class(model);
        }
        if let Some((file, value)) = self.meta_value(meta, "fields") {
            trace::read(file);
            let everything = value.as_str().is_some() || value.last_name().is_some_and(|n| n == "ALL_FIELDS");
            if everything {
                options.all = Some(Site::new(file, value.span));
            } else {
                options.names = self.names(file, value, MAX_LISTS);
            }
        }
        if let Some((file, value)) = self.meta_value(meta, "exclude") {
            trace::read(file);
            options.all = Some(Site::new(file, value.span));
            options.exclude = self
                .names(file, value, MAX_LISTS)
                .unwrap_or_default()
                .into_iter()
                .map(|(n, _)| n)
                .collect();
        }
        if let Some((_, value)) = self.meta_value(meta, "extra_kwargs")
            && let ExprKind::Dict(items) = &value.kind
        {
            options.write_only = items.iter().filter_map(write_only).collect();
        }
        if let Some((_, value)) = self.meta_value(meta, "depth") {
            options.nested = matches!(value.kind, ExprKind::Const(Const::Int(n)) if n > 0);
        }
        options
    }

    fn meta_value(&self, meta: ClassId, name: &str) -> Option<(FileId, &'p Expr)> {
        let (owner, Member::Assign(idx)) = self.project.class_member(meta, Sym::new(name))? else {
            return None;
        };
        let value = self.project.class_facts(owner).assigns[idx as usize]
            .value
            .as_ref()?;
        Some((self.project.class(owner).file, value))
    }

    /// The literal names in lists, tuples, sums of them, and the variables that hold them.
    fn names(&self, file: FileId, expr: &Expr, depth: u32) -> Option<Vec<(Sym, Site)>> {
        if depth == 0 {
            return None;
        }
        trace::read(file);
        match &expr.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                let mut out = Vec::new();
                for item in items {
                    match &item.kind {
                        ExprKind::Const(Const::Str(name)) => out.push((*name, Site::new(file, item.span))),
                        ExprKind::Starred(inner) => {
                            out.extend(self.names(file, inner, depth - 1).unwrap_or_default());
                        }
                        _ => {}
                    }
                }
                Some(out)
            }
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                let mut out = self.names(file, &binary.left, depth - 1).unwrap_or_default();
                out.extend(self.names(file, &binary.right, depth - 1).unwrap_or_default());
                Some(out)
            }
            ExprKind::Call(call) => self.names(file, call.positional(0)?, depth - 1),
            ExprKind::Name(_) => match self.project.resolve_expr(file, expr)? {
                Def::Assign(from, idx) => {
                    let value = self.project.file(from).facts.assigns[idx as usize]
                        .value
                        .as_ref()?;
                    self.names(from, value, depth - 1)
                }
                _ => None,
            },
            ExprKind::Attr(attr) => match self.project.resolve_expr(file, &attr.base)? {
                Def::Class(class) => {
                    let (from, value) = self.meta_value(class, attr.name.as_str())?;
                    self.names(from, value, depth - 1)
                }
                Def::Module(module) => match self.project.lookup(module, attr.name)? {
                    Def::Assign(from, idx) => {
                        let value = self.project.file(from).facts.assigns[idx as usize]
                            .value
                            .as_ref()?;
                        self.names(from, value, depth - 1)
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn output_fields(&mut self, class: ClassId, options: &Options) -> Vec<OutputField> {
        let declared = self.declared_fields(class);
        let mut out: Vec<OutputField> = Vec::new();
        if let Some(names) = &options.names {
            for (name, site) in names {
                let found = declared.iter().find(|f| f.name == *name);
                out.push(OutputField {
                    name: *name,
                    site: found.map_or(*site, |f| f.site),
                    declared: found.and_then(|f| f.declared.clone()),
                });
            }
            return out;
        }
        if let (Some(model), Some(site)) = (options.model, options.all) {
            let project = self.project;
            let model = project.model(model);
            let columns = model.fields.iter().map(|f| f.name);
            let shown = |kind: RelKind| {
                matches!(
                    kind,
                    RelKind::ForeignKey | RelKind::OneToOne | RelKind::ManyToMany
                )
            };
            let relations = model
                .relations
                .iter()
                .map(|r| project.relation(*r))
                .filter(|r| shown(r.kind))
                .map(|r| r.name);
            for name in columns.chain(relations) {
                let known = declared.iter().any(|f| f.name == name) || options.exclude.contains(&name);
                if !known {
                    out.push(OutputField {
                        name,
                        site,
                        declared: None,
                    });
                }
            }
        }
        out.extend(declared);
        out
    }

    /// Fields assigned in the class and its bases, the most derived first.
    fn declared_fields(&mut self, class: ClassId) -> Vec<OutputField> {
        let project = self.project;
        let mut out: Vec<OutputField> = Vec::new();
        let mut seen: Vec<Sym> = Vec::new();
        for part in &project.class(class).mro {
            let ClassRef::Known(id) = *part else { continue };
            let file = project.class(id).file;
            if project.is_stub(file) {
                continue;
            }
            for (idx, assign) in project.class_facts(id).assigns.iter().enumerate() {
                if seen.contains(&assign.name) || assign.value.is_none() {
                    continue;
                }
                seen.push(assign.name);
                let value = self.engine.class_value(self, id, idx as u32);
                if let Kind::Object(object) = &value.kind
                    && project.derives_from(object.class, &[&rest_framework::fields().base])
                {
                    out.push(OutputField {
                        name: assign.name,
                        site: Site::new(file, assign.span),
                        declared: Some(object.clone()),
                    });
                }
            }
        }
        out
    }

    /// `many=True` and the instance are taken by the framework before `__init__` sees them.
    pub(super) fn complete_serializer(&self, object: Object, args: &Args) -> Object {
        if !is_serializer(self.project, object.class) {
            return object;
        }
        let mut object = object;
        let has = |o: &Object, name: &str| o.attrs.iter().any(|(n, _)| *n == *name);
        let keyword = |name: &str| {
            args.iter()
                .find(|(k, _)| matches!(k, ArgKind::Keyword(n) if *n == *name))
                .map(|(_, v)| v.clone())
        };
        let own_argument = args.iter().any(
            |(k, _)| matches!(k, ArgKind::Keyword(n) if !rest_framework::serializers().knows(n.as_str())),
        );
        let own_fields = ["fields", "get_fields"]
            .iter()
            .any(|name| self.project.class_member(object.class, Sym::new(name)).is_some());
        if own_argument && own_fields {
            object = object.with_attr(Sym::new(NARROWED), Value::new(Kind::Truth(true)));
        }
        for name in ["many", "source", "write_only", "instance"] {
            if let Some(value) = keyword(name) {
                object = object.with_attr(Sym::new(name), value);
            }
        }
        if let Some((ArgKind::Positional, value)) = args.first()
            && !has(&object, "instance")
        {
            object = object.with_attr(Sym::new("instance"), value.clone());
        }
        object
    }

    /// `djperf.actions(view)`: runs the methods that `@action` makes endpoints.
    pub(super) fn view_actions(&mut self, args: &Args, span: Span) -> Value {
        let Some((_, this)) = args.first() else {
            return Value::UNKNOWN;
        };
        let Kind::Object(view) = &this.kind else {
            return Value::UNKNOWN;
        };
        for (name, func) in extra_actions(self.project, view.class) {
            let acting = view.with_attr(Sym::new("action"), Value::new(Kind::Str(name)));
            let acting = Value::new(Kind::Object(Arc::new(acting)));
            let site = self.site(span);
            self.call_function(func, None, vec![(ArgKind::Positional, acting)], site);
        }
        Value::UNKNOWN
    }
}

/// The methods of a view set that `@action` makes answer requests of their own.
pub(super) fn extra_actions(project: &Project, class: ClassId) -> Vec<(Sym, FuncId)> {
    let mut found: Vec<(Sym, FuncId)> = Vec::new();
    for part in &project.class(class).mro {
        let ClassRef::Known(id) = *part else { continue };
        let file = project.class(id).file;
        for (name, idx) in &project.class_facts(id).methods {
            let func = project.func_id(file, *idx);
            let is_action = project.routine(func).decorators.iter().any(|d| match &d.kind {
                ExprKind::Call(call) => call
                    .func
                    .last_name()
                    .is_some_and(|n| matches!(n.as_str(), "action" | "detail_route" | "list_route")),
                _ => false,
            });
            if is_action && found.iter().all(|(known, _)| known != name) {
                found.push((*name, func));
            }
        }
    }
    found
}

/// `"field": {"write_only": True}`.
fn write_only(item: &DictItem) -> Option<Sym> {
    let field = item.key.as_ref()?.as_str()?;
    let ExprKind::Dict(options) = &item.value.kind else {
        return None;
    };
    let hidden = options.iter().any(|o| {
        o.key
            .as_ref()
            .and_then(Expr::as_str)
            .is_some_and(|k| k == "write_only")
            && matches!(o.value.kind, ExprKind::Const(Const::True))
    });
    hidden.then_some(field)
}

/// What iterating gives rows: a manager's queryset for a manager.
pub(super) fn rows(value: &Value) -> Value {
    let kind = match &value.kind {
        Kind::Manager(manager) => Kind::Query(Arc::new(manager.query.clone())),
        Kind::Union(parts) => Kind::Union(parts.iter().map(rows).collect()),
        _ => return value.clone(),
    };
    Value {
        kind,
        deps: value.deps,
    }
}
