//! What library code asks about the class that it plays: lists of names, declared attributes, and the
//! places a reader would change.
//!
//! The answers are values; what follows from them stands in `rules/django/stubs`. It knows no framework
//! but for the words in which classes are asked.

use std::sync::Arc;

use crate::ir::{ArgKind, BinOp, Const, Expr, ExprKind};
use crate::project::{ClassId, ClassRef, Def, Member, ModelAttr};
use crate::source::{FileId, Site, Span, Sym};

use super::call::Args;
use super::frame::Frame;
use super::tables::Ask;
use super::trace;
use super::value::{Kind, Object, Query, Value};

/// Sums of lists, variables that hold lists and `Base.name` are followed so far.
const MAX_LISTS: u32 = 8;
/// Longer lists are cut.
const MAX_ITEMS: usize = 80;

/// An element of a list in a class body, with where it stands.
pub(super) struct Item<'p> {
    pub expr: &'p Expr,
    pub file: FileId,
}

impl<'p> Frame<'_, 'p> {
    /// Answers a question of library code.
    pub(super) fn ask(&mut self, ask: Ask, args: &Args, expr: &'p Expr) -> Value {
        let span = expr.span;
        let arg = |n: usize| args.get(n).map_or(&Value::UNKNOWN, |(_, v)| v);
        let text = |n: usize| match arg(n).kind {
            Kind::Str(text) => Some(text),
            _ => None,
        };
        match ask {
            Ask::Items => match (class_of(arg(0)), text(1)) {
                (Some(class), Some(name)) => self.class_items(class, name),
                _ => Value::UNKNOWN,
            },
            Ask::ItemsOf => tuple(items_of(arg(0))),
            Ask::Place => {
                let names: Vec<Sym> = (1..args.len()).filter_map(text).collect();
                if let Some(site) = class_of(arg(0)).and_then(|class| self.attribute_place(class, &names)) {
                    self.stand_in = Some(site);
                }
                Value::NONE
            }
            Ask::At => {
                let site = match (class_of(arg(1)), text(2)) {
                    (Some(class), Some(name)) => self.attribute_place(class, &[name]),
                    _ => None,
                };
                match (&arg(0).kind, site) {
                    (Kind::Query(query), Some(site)) => Value {
                        kind: Kind::Query(Arc::new(Query {
                            site,
                            ..(**query).clone()
                        })),
                        deps: arg(0).deps,
                    },
                    _ => arg(0).clone(),
                }
            }
            Ask::Declared => match (class_of(arg(0)), &arg(1).kind) {
                (Some(class), Kind::Class(base)) => self.declared(class, *base),
                _ => Value::UNKNOWN,
            },
            Ask::Has => match text(1) {
                Some(name) => Value::new(Kind::Truth(self.has(arg(0), name))),
                None => Value::new(Kind::Truth(false)),
            },
            Ask::Own => {
                let own = match (class_of(arg(0)), text(1)) {
                    (Some(class), Some(name)) => self.own_member(class, name),
                    _ => false,
                };
                Value::new(Kind::Truth(own))
            }
            Ask::IsText => Value::new(Kind::Truth(text(0).is_some())),
            Ask::IsPath => Value::new(Kind::Truth(text(0).is_some_and(|t| t.as_str().contains("__")))),
            Ask::IsRow => {
                let is_row = |v: &Value| matches!(v.kind, Kind::Row(_));
                Value::new(Kind::Truth(arg(0).alternatives().iter().any(is_row)))
            }
            Ask::Among => {
                let found = text(0).is_some_and(|name| contains(arg(1), name));
                Value::new(Kind::Truth(found))
            }
            Ask::Follow | Ask::Show => {
                let Some(path) = text(1) else {
                    return Value::UNKNOWN;
                };
                let value = self.follow(arg(0), path, expr);
                if ask == Ask::Show {
                    self.text_of(&value, span);
                }
                value
            }
            Ask::PerRow => arg(1).clone().with(arg(0).deps),
            Ask::Choices => self.form_choices(args),
            Ask::PrintsChoices => Value::new(Kind::Truth(self.prints_choices(arg(0)))),
            Ask::IsList => {
                let known = arg(0).kind == Kind::None || self.is_list_widget(arg(0));
                Value::new(Kind::Truth(known))
            }
            Ask::Touched => {
                let touched = match (class_of(arg(0)), text(1)) {
                    (Some(class), Some(name)) => self.touched(class, name),
                    _ => false,
                };
                Value::new(Kind::Truth(touched))
            }
            Ask::Relations => match (class_of(arg(0)), self.model_of(arg(1)), text(2)) {
                (Some(class), Some(model), Some(list)) => self.listed_relations(class, model, list),
                _ => Value::UNKNOWN,
            },
            Ask::RelatedRows => match (self.model_of(arg(0)), text(1)) {
                (Some(model), Some(path)) => self.related_rows(model, path),
                _ => Value::UNKNOWN,
            },
            Ask::Chosen => match self.model_of(arg(0)) {
                Some(model) => self.chosen(model, arg(1), arg(2), class_of(arg(3))),
                None => Value::UNKNOWN,
            },
            Ask::IsSingle => Value::new(Kind::Truth(self.is_single_inline(arg(0)))),
            Ask::OfFormset => {
                let found = class_of(arg(0)).is_some_and(|class| self.is_formset_form(class));
                Value::new(Kind::Truth(found))
            }
            Ask::TableRows => match class_of(arg(0)) {
                Some(class) => self.table_rows(class, arg(1)),
                None => Value::UNKNOWN,
            },
            Ask::Annotations => match (class_of(arg(0)), &arg(1).kind) {
                (Some(class), Kind::Class(base)) => self.annotations(class, *base),
                _ => Value::UNKNOWN,
            },
            Ask::IsMany => Value::new(Kind::Truth(
                text(1).is_some_and(|name| self.is_many(arg(0), name)),
            )),
            Ask::ListQuery => self.list_query(args),
            Ask::RowLabels => {
                let labels = class_of(arg(0)).is_some_and(|class| self.labels_rows(class));
                Value::new(Kind::Truth(labels))
            }
        }
    }

    /// `a__b`, `a.b` of a value: attributes, called where they can be; `__str__` is the value as text.
    fn follow(&mut self, value: &Value, path: Sym, expr: &'p Expr) -> Value {
        let text = path.as_str();
        if text == "__str__" {
            return value.clone();
        }
        let whole = matches!(&value.kind, Kind::Row(row) if self.row_has(row.model, path));
        let parts: Vec<&str> = match whole {
            true => vec![text],
            false if text.contains("__") => text.split("__").collect(),
            false => text.split('.').collect(),
        };
        parts.into_iter().fold(value.clone(), |value, part| {
            if part.is_empty() {
                return value;
            }
            let found = self.template_attr(&value, Sym::new(part), expr.span);
            self.called(found, expr.span)
        })
    }

    fn row_has(&self, model: crate::project::ModelId, name: Sym) -> bool {
        self.project.model_attr(model, name).is_some()
            || self
                .project
                .class_member(self.project.model(model).class, name)
                .is_some()
    }

    fn has(&self, value: &Value, name: Sym) -> bool {
        match &value.kind {
            Kind::Object(object) => {
                object.attrs.iter().any(|(n, _)| *n == name)
                    || self.project.class_member(object.class, name).is_some()
            }
            Kind::Class(class) => self.project.class_member(*class, name).is_some(),
            Kind::Row(row) => self.row_has(row.model, name),
            _ => false,
        }
    }

    /// A class outside of library knowledge binds the name.
    pub(super) fn own_member(&self, class: ClassId, name: Sym) -> bool {
        self.project
            .class_member(class, name)
            .is_some_and(|(owner, _)| !self.project.is_stub(self.project.class(owner).file))
    }

    /// The elements of a list in a class body; unknown when the attribute is absent or no list.
    pub(super) fn class_items(&mut self, class: ClassId, name: Sym) -> Value {
        let Some(items) = self.listed(class, name) else {
            return Value::UNKNOWN;
        };
        let values = items
            .iter()
            .take(MAX_ITEMS)
            .map(|item| self.item_value(class, item));
        tuple(values.collect())
    }

    /// The element expressions of a list in a class body.
    pub(super) fn listed(&self, class: ClassId, name: Sym) -> Option<Vec<Item<'p>>> {
        let (file, value) = self.attribute_expr(class, name)?;
        self.list_items(file, value, MAX_LISTS)
    }

    /// The value expression of a class attribute.
    pub(super) fn attribute_expr(&self, class: ClassId, name: Sym) -> Option<(FileId, &'p Expr)> {
        let (owner, Member::Assign(idx)) = self.project.class_member(class, name)? else {
            return None;
        };
        let value = self.project.class_facts(owner).assigns[idx as usize]
            .value
            .as_deref()?;
        Some((self.project.class(owner).file, value))
    }

    fn list_items(&self, file: FileId, expr: &'p Expr, depth: u32) -> Option<Vec<Item<'p>>> {
        if depth == 0 {
            return None;
        }
        match &expr.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                let mut out = Vec::new();
                for item in items {
                    match &item.kind {
                        ExprKind::Starred(inner) => {
                            out.extend(self.list_items(file, inner, depth - 1).unwrap_or_default());
                        }
                        _ => out.push(Item { expr: item, file }),
                    }
                }
                Some(out)
            }
            ExprKind::Dict(items) => Some(
                items
                    .iter()
                    .filter_map(|item| item.key.as_ref())
                    .map(|key| Item { expr: key, file })
                    .collect(),
            ),
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                let mut out = self.list_items(file, &binary.left, depth - 1).unwrap_or_default();
                out.extend(
                    self.list_items(file, &binary.right, depth - 1)
                        .unwrap_or_default(),
                );
                Some(out)
            }
            ExprKind::Call(call) => self.list_items(file, call.positional(0)?, depth - 1),
            ExprKind::Name(_) => match self.project.resolve_expr(file, expr)? {
                Def::Assign(from, idx) => {
                    let value = self.project.file(from).facts.assigns[idx as usize]
                        .value
                        .as_deref()?;
                    self.list_items(from, value, depth - 1)
                }
                _ => None,
            },
            ExprKind::Attr(attr) => match self.project.resolve_expr(file, &attr.base)? {
                Def::Class(class) => {
                    let (from, value) = self.attribute_expr(class, attr.name)?;
                    self.list_items(from, value, depth - 1)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// One element: text, a function of the class body or the module, a class, a tuple of such.
    fn item_value(&mut self, class: ClassId, item: &Item<'p>) -> Value {
        match &item.expr.kind {
            ExprKind::Const(Const::Str(text)) => Value::new(Kind::Str(*text)),
            ExprKind::Const(_) => Value::SCALAR,
            ExprKind::Lambda(idx) => Value::new(Kind::Func(Arc::new(super::value::FuncValue {
                func: self.project.func_id(item.file, *idx),
                captured: None,
                args: Vec::new(),
            }))),
            ExprKind::Tuple(parts) => {
                let parts = parts.iter().map(|expr| {
                    self.item_value(
                        class,
                        &Item {
                            expr,
                            file: item.file,
                        },
                    )
                });
                tuple(parts.collect())
            }
            ExprKind::Name(name) if self.project.lookup(item.file, *name).is_none() => {
                match self.project.class_member(class, *name) {
                    Some((_, Member::Class(id))) => Value::new(Kind::Class(id)),
                    Some(_) => Value::new(Kind::Str(*name)),
                    None => Value::UNKNOWN,
                }
            }
            _ => match self.project.resolve_expr(item.file, item.expr) {
                Some(def) => self.def_value(def),
                None => Value::UNKNOWN,
            },
        }
    }

    /// Where a project class in the order of bases sets the first of these attributes that is set.
    pub(super) fn attribute_place(&self, class: ClassId, names: &[Sym]) -> Option<Site> {
        names.iter().find_map(|name| {
            let (owner, member) = self.project.class_member(class, *name)?;
            let file = self.project.class(owner).file;
            let (false, Member::Assign(idx)) = (self.project.is_stub(file), member) else {
                return None;
            };
            let assign = &self.project.class_facts(owner).assigns[idx as usize];
            trace::read(file);
            Some(Site::new(file, assign.span))
        })
    }

    /// Pairs of name and value of the attributes that are instances of a class, the most derived first.
    pub(super) fn declared(&mut self, class: ClassId, base: ClassId) -> Value {
        let project = self.project;
        let mut out: Vec<Value> = Vec::new();
        let mut seen: Vec<Sym> = Vec::new();
        for part in &project.class(class).mro {
            let ClassRef::Known(id) = *part else { continue };
            if project.is_stub(project.class(id).file) {
                continue;
            }
            for (idx, assign) in project.class_facts(id).assigns.iter().enumerate() {
                if seen.contains(&assign.name) || assign.value.is_none() {
                    continue;
                }
                seen.push(assign.name);
                let value = self.engine.class_value(self, id, idx as u32);
                let fits =
                    matches!(&value.kind, Kind::Object(object) if project.is_subclass(object.class, base));
                if fits && out.len() < MAX_ITEMS {
                    out.push(tuple(vec![Value::new(Kind::Str(assign.name)), value]));
                }
            }
        }
        tuple(out)
    }

    /// Annotated attributes: name, the path that `alias` gives or the name, an instance of the annotated class
    /// when it derives from `base`, and whether there are many of it.
    fn annotations(&mut self, class: ClassId, base: ClassId) -> Value {
        let project = self.project;
        let mut out: Vec<Value> = Vec::new();
        let mut seen: Vec<Sym> = Vec::new();
        for part in &project.class(class).mro {
            let ClassRef::Known(id) = *part else { continue };
            let file = project.class(id).file;
            for assign in &project.class_facts(id).assigns {
                let Some(annotation) = &assign.annotation else {
                    continue;
                };
                if project.is_stub(file) || seen.contains(&assign.name) || out.len() >= MAX_ITEMS {
                    continue;
                }
                seen.push(assign.name);
                let alias = match assign.value.as_deref().map(|v| &v.kind) {
                    Some(ExprKind::Call(call)) => call.keyword("alias").and_then(Expr::as_str),
                    _ => None,
                };
                let typed = self.engine.typed(file, annotation);
                let (elem, many) = element_type(&typed);
                let nested = match class_of(&elem) {
                    Some(of) if project.is_subclass(of, base) => elem,
                    _ => Value::NONE,
                };
                out.push(tuple(vec![
                    Value::new(Kind::Str(assign.name)),
                    Value::new(Kind::Str(alias.unwrap_or(assign.name))),
                    nested,
                    Value::new(Kind::Truth(many)),
                ]));
            }
        }
        tuple(out)
    }

    /// A row's attribute leads to many rows.
    fn is_many(&self, value: &Value, name: Sym) -> bool {
        let Kind::Row(row) = &value.kind else { return false };
        let attr = self.project.model_attr(row.model, name);
        matches!(attr, Some(ModelAttr::Forward(_) | ModelAttr::Reverse(_)))
            && attr.is_some_and(|a| !self.project.attr_single(a))
    }

    /// A field object of library knowledge or of the project whose widget prints every choice.
    pub(super) fn prints_choices(&mut self, field: &Value) -> bool {
        let Kind::Object(object) = &field.kind else {
            return false;
        };
        let replaced = [
            "choices",
            "_get_choices",
            "iterator",
            "get_bound_field",
            "to_python",
        ]
        .iter()
        .any(|name| self.own_member(object.class, Sym::new(name)));
        let widget = self.attr_of(field, Sym::new("widget"), Span::default());
        let told = object_attr(object, "printed").is_none_or(|v| v.kind != Kind::Truth(false));
        !replaced && told && self.is_list_widget(&widget)
    }

    /// A widget, or class of widgets, that is known to print every choice.
    pub(super) fn is_list_widget(&self, widget: &Value) -> bool {
        class_of(widget).is_some_and(|class| {
            self.project.is_stub(self.project.class(class).file)
                && self
                    .project
                    .derives_from(class, &["django.forms.widgets.ChoiceWidget"])
        })
    }
}

/// What an annotation says of one element, and whether there are many.
pub(super) fn element_type(typed: &Value) -> (Value, bool) {
    let of = |value: &Value| matches!(value.kind, Kind::Object(_) | Kind::Coll(_));
    match typed.alternatives().iter().find(|v| of(v)).map(|v| &v.kind) {
        Some(Kind::Coll(coll)) => (element_type(&coll.elem).0, true),
        Some(kind) => (Value::new(kind.clone()), false),
        None => (Value::UNKNOWN, false),
    }
}

/// The class that a value is, or is an instance of.
pub(super) fn class_of(value: &Value) -> Option<ClassId> {
    match &value.kind {
        Kind::Object(object) => Some(object.class),
        Kind::Class(class) => Some(*class),
        _ => None,
    }
}

/// An attribute of an object value.
pub(super) fn object_attr<'v>(object: &'v Object, name: &str) -> Option<&'v Value> {
    object.attrs.iter().find(|(n, _)| *n == *name).map(|(_, v)| v)
}

pub(super) fn tuple(items: Vec<Value>) -> Value {
    Value::new(Kind::Tuple(items.into()))
}

/// The elements of a sequence, as far as they can be told apart.
pub(super) fn items_of(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::Tuple(items) => items.to_vec(),
        Kind::Coll(coll) => coll.elem.alternatives().to_vec(),
        Kind::Union(parts) => parts.iter().flat_map(items_of).collect(),
        _ => Vec::new(),
    }
}

/// A sequence holds a text.
fn contains(value: &Value, name: Sym) -> bool {
    items_of(value)
        .iter()
        .any(|item| matches!(item.kind, Kind::Str(text) if text == name))
}

/// Positional arguments only.
pub(super) fn positional(args: &Args) -> Vec<&Value> {
    args.iter()
        .filter(|(kind, _)| *kind == ArgKind::Positional)
        .map(|(_, v)| v)
        .collect()
}
