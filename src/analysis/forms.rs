//! Choices of form fields that are made from a model: which there are, and what replaces them.
//!
//! Django: forms/models.py (`fields_for_model`, `apply_limit_choices_to`), contrib/admin/options.py
//! (`formfield_for_dbfield`). What printing a choice costs stands in `rules/django/stubs`.

pub(super) mod table;

use rustc_hash::FxHashSet;

use crate::facts::FileFacts;
use crate::ir::{Const, Expr, ExprKind};
use crate::project::{ClassId, Def, Member, ModelId, Project, RelKind, Relation};
use crate::source::{FileId, Span, Sym};

use super::call::Args;
use super::declared::{class_of, items_of, object_attr, positional, tuple};
use super::frame::Frame;
use super::value::{Kind, Query, Value};
use super::walk;

impl<'p> Frame<'_, 'p> {
    /// `djperf.choices(holder, model, fields=…)`: pairs of a field's name and the rows it is chosen from.
    ///
    /// The holder is an admin, a form, a filter set or a view; its options are its own attributes or
    /// those of its `Meta`.
    pub(super) fn form_choices(&mut self, args: &Args) -> Value {
        let given = positional(args);
        let [holder, model, ..] = &given[..] else {
            return Value::UNKNOWN;
        };
        let (Some(class), Some(model)) = (class_of(holder), self.model_of(model)) else {
            return Value::UNKNOWN;
        };
        let is_admin = self
            .project
            .derives_from(class, &["django.contrib.admin.options.BaseModelAdmin"]);
        let options = match self.project.class_member(class, Sym::new("Meta")) {
            Some((_, Member::Class(meta))) => meta,
            _ => class,
        };
        if is_admin
            && table::admin()
                .decides
                .iter()
                .any(|name| self.own_member(class, Sym::new(name)))
        {
            return Value::UNKNOWN;
        }
        let form = match is_admin
            .then(|| self.attribute_expr(class, Sym::new("form")))
            .flatten()
        {
            Some((file, expr)) => match self.project.resolve_expr(file, expr) {
                Some(Def::Class(form)) => Some(form),
                _ if self.project.is_stub(file) => None,
                _ => return Value::UNKNOWN,
            },
            None => (!is_admin).then_some(class),
        };
        let parent = match (&holder.kind, given.get(2)) {
            (_, Some(parent)) => self.model_of(parent),
            (Kind::Object(object), None) => {
                object_attr(object, "parent_model").and_then(|v| self.model_of(v))
            }
            _ => None,
        };
        let Some(named) = self.named_fields(options, is_admin) else {
            return Value::UNKNOWN;
        };
        let names = |frame: &Self, list: &str| frame.texts(options, list);
        let mut left_out: Vec<Sym> = names(self, "exclude");
        if is_admin {
            left_out.extend(table::admin().unlisted.iter().flat_map(|list| names(self, list)));
            left_out.extend(names(self, "fk_name"));
            let Some(adjusted) = self.adjusted_fields(class) else {
                return Value::UNKNOWN;
            };
            left_out.extend(adjusted);
        }
        if let (Some(fk), Some(_)) = (self.text_attribute(class, "fk_name"), parent) {
            left_out.push(fk);
        } else if let Some(parent) = parent {
            left_out.extend(self.link_to(model, parent));
        }
        let mut pairs = Vec::new();
        for relation in self.form_relations(model) {
            let name = relation.name;
            let shown = named.as_ref().is_none_or(|names| names.contains(&name));
            if !shown || left_out.contains(&name) || form.is_some_and(|f| self.replaced(f, name)) {
                continue;
            }
            pairs.extend(self.choice_pair(relation));
        }
        tuple(pairs)
    }

    /// The name of a relation and the rows it can lead to.
    fn choice_pair(&mut self, relation: &Relation) -> Option<Value> {
        let Kind::Query(query) = self.all_rows(relation.target_model()?)?.kind else {
            return None;
        };
        let rows = Value::query(Query {
            choices_of: vec![relation.name],
            ..(*query).clone()
        });
        Some(tuple(vec![Value::new(Kind::Str(relation.name)), rows]))
    }

    /// The rows of a model's default manager, as choices.
    fn all_rows(&mut self, model: ModelId) -> Option<Value> {
        let Kind::Manager(manager) = self.default_manager(model, Span::default()).kind else {
            return None;
        };
        Some(Value::query(Query {
            change: Some(Sym::new("<choices>")),
            ..manager.query.clone()
        }))
    }

    /// `djperf.relations(holder, model, list)`: as `choices`, for the relations that a list of the holder names.
    pub(super) fn listed_relations(&mut self, class: ClassId, model: ModelId, list: Sym) -> Value {
        let names = self.texts(class, list.as_str());
        let mut pairs = Vec::new();
        for relation in self.form_relations(model) {
            if names.contains(&relation.name) {
                pairs.extend(self.choice_pair(relation));
            }
        }
        tuple(pairs)
    }

    /// `djperf.chosen(model, fields, parent, form)`: as `choices`, for fields that a call names.
    pub(super) fn chosen(
        &mut self,
        model: ModelId,
        fields: &Value,
        parent: &Value,
        form: Option<ClassId>,
    ) -> Value {
        let named = items_of(fields);
        let all = matches!(fields.kind, Kind::Str(_));
        let link = self
            .model_of(parent)
            .and_then(|parent| self.link_to(model, parent));
        let mut pairs = Vec::new();
        for relation in self.form_relations(model) {
            let listed = named
                .iter()
                .any(|v| matches!(v.kind, Kind::Str(name) if name == relation.name));
            let replaced = form.is_some_and(|form| self.replaced(form, relation.name));
            if (all || listed) && !replaced && Some(relation.name) != link {
                pairs.extend(self.choice_pair(relation));
            }
        }
        tuple(pairs)
    }

    /// `djperf.related_rows(model, path)`: the rows that a lookup path leads to.
    pub(super) fn related_rows(&mut self, model: ModelId, path: Sym) -> Value {
        let end = self.project.lookup_hops(model, path.as_str()).last();
        let rows = end
            .and_then(|hop| hop.target)
            .and_then(|target| self.all_rows(target));
        rows.unwrap_or(Value::UNKNOWN)
    }

    pub(super) fn model_of(&self, value: &Value) -> Option<ModelId> {
        match &value.kind {
            Kind::Class(class) => self.project.model_of_class(*class),
            Kind::Query(query) => Some(query.model),
            Kind::Row(row) => Some(row.model),
            _ => None,
        }
    }

    /// Foreign keys and many-to-many fields for which a form has a field.
    fn form_relations(&self, model: ModelId) -> Vec<&'p Relation> {
        let project = self.project;
        let mut models = vec![model];
        let mut at = 0;
        while at < models.len() && at < 8 {
            models.extend(project.model(models[at]).parents.iter().copied());
            at += 1;
        }
        let mut out: Vec<&Relation> = Vec::new();
        for id in models.into_iter().flat_map(|m| &project.model(m).relations) {
            let relation = project.relation(*id);
            let fits = match relation.kind {
                RelKind::ForeignKey | RelKind::OneToOne => !relation.parent_link,
                RelKind::ManyToMany => relation.through.is_none(),
                _ => false,
            };
            if fits && relation.editable && out.iter().all(|r| r.name != relation.name) {
                out.push(relation);
            }
        }
        out
    }

    /// The foreign key of an inline's model to the model whose form it stands in.
    fn link_to(&self, model: ModelId, parent: ModelId) -> Option<Sym> {
        let relations = self.form_relations(model);
        relations
            .iter()
            .filter(|r| r.kind != RelKind::ManyToMany)
            .find(|r| r.target_model().is_some_and(|t| self.project.kin(t, parent)))
            .map(|r| r.name)
    }

    /// Some call makes a set of forms of this class: what it chooses from depends on the set.
    pub(super) fn is_formset_form(&self, form: ClassId) -> bool {
        let forms = self
            .engine
            .known
            .formset_forms
            .get_or_init(|| formset_forms(self.project));
        forms.0.contains(&form) || forms.1.contains(&self.project.class_facts(form).name)
    }

    /// An inline whose rows refer to the parent by a one-to-one field: there is at most one.
    pub(super) fn is_single_inline(&self, inline: &Value) -> bool {
        let Kind::Object(object) = &inline.kind else {
            return false;
        };
        let model = self.attribute_expr(object.class, Sym::new("model"));
        let model = match model.and_then(|(file, expr)| self.project.resolve_expr(file, expr)) {
            Some(Def::Class(class)) => self.project.model_of_class(class),
            _ => None,
        };
        let parent = object_attr(object, "parent_model").and_then(|v| self.model_of(v));
        let (Some(model), Some(parent)) = (model, parent) else {
            return false;
        };
        let name = self
            .text_attribute(object.class, "fk_name")
            .or_else(|| self.link_to(model, parent));
        self.form_relations(model)
            .iter()
            .any(|r| Some(r.name) == name && r.kind == RelKind::OneToOne)
    }

    /// The names in `fields` or `fieldsets`; an inner `None` for all fields; `None` when they cannot be told.
    #[expect(
        clippy::option_option,
        reason = "all fields and unknown fields are different answers"
    )]
    fn named_fields(&self, options: ClassId, is_admin: bool) -> Option<Option<Vec<Sym>>> {
        let fields = Sym::new("fields");
        if self.own_member(options, fields) {
            let (_, value) = self.attribute_expr(options, fields)?;
            let everything = value.as_str().is_some() || value.last_name().is_some_and(|n| n == "ALL_FIELDS");
            if everything {
                return Some(None);
            }
            if !matches!(value.kind, ExprKind::Const(Const::None)) {
                return self.texts_in(options, "fields").map(Some);
            }
        }
        if is_admin && self.own_member(options, Sym::new("fieldsets")) {
            let (file, value) = self.attribute_expr(options, Sym::new("fieldsets"))?;
            return self.fieldsets(file, value).map(Some);
        }
        let opaque = self
            .project
            .class_member(options, Sym::new("opaque_fields"))
            .is_some();
        (is_admin && !opaque || self.own_member(options, Sym::new("exclude"))).then_some(None)
    }

    /// The names in the `fields` of each fieldset.
    fn fieldsets(&self, file: FileId, value: &'p Expr) -> Option<Vec<Sym>> {
        let mut names = Vec::new();
        let mut literal = matches!(value.kind, ExprKind::List(_) | ExprKind::Tuple(_));
        let value = match &value.kind {
            ExprKind::Name(_) => match self.project.resolve_expr(file, value) {
                Some(Def::Assign(from, idx)) => {
                    literal = true;
                    self.project.file(from).facts.assigns[idx as usize]
                        .value
                        .as_deref()?
                }
                _ => value,
            },
            _ => value,
        };
        if !literal {
            return None;
        }
        walk::expression(value, &mut |e: &Expr| {
            if let ExprKind::Dict(items) = &e.kind {
                for item in items {
                    if item
                        .key
                        .as_ref()
                        .and_then(Expr::as_str)
                        .is_some_and(|k| k == "fields")
                    {
                        walk::expression(&item.value, &mut |e: &Expr| names.extend(e.as_str()));
                    }
                }
            }
        });
        Some(names)
    }

    fn texts(&self, class: ClassId, list: &str) -> Vec<Sym> {
        self.texts_in(class, list).unwrap_or_default()
    }

    /// The texts in a list of a class body, those in nested tuples included.
    fn texts_in(&self, class: ClassId, list: &str) -> Option<Vec<Sym>> {
        let items = self.listed(class, Sym::new(list))?;
        let mut out = Vec::new();
        for item in items {
            walk::expression(item.expr, &mut |e: &Expr| out.extend(e.as_str()));
        }
        Some(out)
    }

    fn text_attribute(&self, class: ClassId, name: &str) -> Option<Sym> {
        self.attribute_expr(class, Sym::new(name))?.1.as_str()
    }

    /// A form class declares the field itself, gives it another widget or class, or changes it when it is made.
    fn replaced(&mut self, form: ClassId, name: Sym) -> bool {
        let declared = self
            .project
            .class_member(form, name)
            .is_some_and(|(owner, _)| !self.project.is_stub(self.project.class(owner).file));
        declared || self.touched(form, name) || self.other_widget(form, name)
    }

    /// `Meta.widgets` or `Meta.field_classes` name the field, with something that does not print every choice.
    fn other_widget(&mut self, form: ClassId, name: Sym) -> bool {
        let Some((_, Member::Class(meta))) = self.project.class_member(form, Sym::new("Meta")) else {
            return false;
        };
        if self.texts(meta, "field_classes").contains(&name) {
            return true;
        }
        let Some((file, value)) = self.attribute_expr(meta, Sym::new("widgets")) else {
            return false;
        };
        let ExprKind::Dict(items) = &value.kind else {
            return true;
        };
        items.iter().any(|item| match item.key.as_ref() {
            None => true,
            Some(key) if key.as_str() == Some(name) => {
                let widget = match &item.value.kind {
                    ExprKind::Call(call) => &call.func,
                    _ => &item.value,
                };
                let class = match self.project.resolve_expr(file, widget) {
                    Some(Def::Class(class)) => Value::new(Kind::Class(class)),
                    _ => Value::UNKNOWN,
                };
                !self.is_list_widget(&class)
            }
            Some(_) => false,
        })
    }

    /// `self.fields["name"].queryset = rows` in a form: every row is printed when the form is.
    pub(super) fn field_queryset(&mut self, target: &'p Expr, value: &Value) {
        let ExprKind::Attr(attr) = &target.kind else {
            return;
        };
        let (ExprKind::Index(parts), true) = (&attr.base.kind, attr.name == "queryset") else {
            return;
        };
        let (Some(owner), Some(name)) = (self.owner, parts.1.as_str()) else {
            return;
        };
        let is_field = parts.0.last_name().is_some_and(|n| n == "fields")
            && self.project.derives_from(owner, &["django.forms.forms.BaseForm"]);
        if !is_field || !matches!(value.kind, Kind::Query(_) | Kind::Manager(_)) {
            return;
        }
        let mut label = None;
        if let Some((class, Member::Assign(idx))) = self.project.class_member(owner, name) {
            let field = self.engine.class_value(self, class, idx);
            if !self.prints_choices(&field) {
                return;
            }
            label = Some(self.attr_of(&field, Sym::new("label_from_instance"), target.span));
        } else if self.other_widget(owner, name) {
            return;
        }
        if self.sets_other(owner, name) {
            return;
        }
        let rows = super::serializers::rows(value);
        let span = target.span;
        let over = self.loop_kind(&rows);
        let (id, elem) = self.begin_loop(&rows, span, over);
        let elem = elem.with(super::value::Deps::on_loop(id));
        match label {
            Some(label) => {
                let site = self.site(span);
                self.call_plain(&label, vec![(crate::ir::ArgKind::Positional, elem)], site);
            }
            None => self.text_of(&elem, span),
        }
        self.leave_loop();
    }
}

/// The classes that calls like `inlineformset_factory(…, form=Form)` name, and names that lead to no class.
pub(super) type OfSets = (FxHashSet<ClassId>, FxHashSet<Sym>);

fn formset_forms(project: &Project) -> OfSets {
    let mut found = (FxHashSet::default(), FxHashSet::default());
    for file in project.file_ids() {
        if project.is_stub(file) {
            continue;
        }
        for form in forms_of_sets(&project.file(file).facts) {
            match project.resolve_expr(file, &form) {
                Some(Def::Class(form)) => {
                    found.0.insert(form);
                }
                _ => found.1.extend(form.last_name()),
            }
        }
    }
    found
}

/// What the bodies of a file give as `form=` to calls like `inlineformset_factory`.
pub fn forms_of_sets(facts: &FileFacts) -> Vec<Expr> {
    let mut found = Vec::new();
    for stmt in facts.functions.iter().flat_map(|routine| &routine.body) {
        walk::expressions(stmt, &mut |e: &Expr| {
            if let ExprKind::Call(call) = &e.kind
                && call
                    .func
                    .last_name()
                    .is_some_and(|n| n.as_str().ends_with("formset_factory"))
            {
                found.extend(call.keyword("form").cloned());
            }
        });
    }
    found
}
