//! The admin: which classes are registered for which models, and what its lists load.
//!
//! How lists and forms are shown stands in `rules/django/stubs/django/contrib/admin`. Here is what is known
//! only from registrations and from the class as a whole: django/contrib/admin/views/main.py
//! (`ChangeList.apply_select_related`), templatetags/admin_list.py (`items_for_result`).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::ir::{ArgKind, Call, Const, Expr, ExprKind, StmtKind};
use crate::project::{ClassId, Def, Member, ModelAttr, ModelId, Part, Project};
use crate::source::{FileId, Site, Sym};

use super::super::Engine;
use super::super::call::Args;
use super::super::declared::positional;
use super::super::frame::Frame;
use super::super::plan::Plan;
use super::super::summary::MAX_CALLS;
use super::super::value::{Kind, Object, Query, Value};

const BASE: &[&str] = &["django.contrib.admin.options.ModelAdmin"];
/// The method of the stub that shows an admin's pages.
const SHOW: &str = "__djperf_site__";
/// The first version that labels the checkbox of every row with its text.
const LABELS_ROWS: (u16, u16) = (5, 0);

/// An admin class and a model it is registered for.
struct Registration {
    admin: Option<ClassId>,
    model: ModelId,
    /// The call that registers a model without a class of its own.
    site: Site,
}

/// Plays the pages of every admin that a file registers.
pub(super) fn run(engine: &Engine<'_>, file: FileId) {
    let project = engine.project;
    for registration in registrations(project, file) {
        let plain = || project.class_by_dotted(BASE[0]);
        let Some(class) = registration.admin.or_else(plain) else {
            continue;
        };
        let Some((_, Member::Method(method))) = project.class_member(class, Sym::new(SHOW)) else {
            continue;
        };
        let mut frame = Frame::new(engine, method, MAX_CALLS);
        frame.receiver = None;
        frame.stand_in = Some(registration.site);
        let model = Value::new(Kind::Class(project.model(registration.model).class));
        let this = Value::new(Kind::Object(Arc::new(Object {
            class,
            attrs: vec![(Sym::new("model"), model)],
        })));
        frame.call_function(method, None, vec![(ArgKind::Positional, this)], registration.site);
    }
}

/// Admin classes, and the models for which each is registered.
pub type Registered = FxHashMap<ClassId, Vec<ModelId>>;

/// All admin classes that the project registers; their models sorted, each once.
pub fn admin_models(project: &Project) -> Registered {
    let mut found = Registered::default();
    let files = project
        .file_ids()
        .filter(|file| matches!(project.file(*file).part, Part::Source));
    for registration in files.flat_map(|file| registrations(project, file)) {
        if let Some(admin) = registration.admin {
            found.entry(admin).or_default().push(registration.model);
        }
    }
    for models in found.values_mut() {
        models.sort();
        models.dedup();
    }
    found
}

/// The admin classes that a file registers, each with a model and the place that says so.
pub(in crate::analysis) fn registered_in(
    project: &Project,
    file: FileId,
) -> impl Iterator<Item = (ClassId, ModelId, Site)> {
    registrations(project, file)
        .into_iter()
        .filter_map(|one| Some((one.admin?, one.model, one.site)))
}

/// Whether a place registers a model without a class.
pub fn is_plain_registration(project: &Project, site: Site) -> bool {
    registrations(project, site.file)
        .iter()
        .any(|registration| registration.admin.is_none() && registration.site == site)
}

fn registrations(project: &Project, file: FileId) -> Vec<Registration> {
    let facts = &project.file(file).facts;
    let mut found = Vec::new();
    for (i, class) in facts.classes.iter().enumerate() {
        let admin = project.class_id(file, crate::ir::ClassIdx(i as u32));
        let site = Site::new(file, class.name_span);
        for decorator in &class.decorators {
            if let ExprKind::Call(call) = &decorator.kind
                && call.func.last_name().is_some_and(|n| n == "register")
                && project.derives_from(admin, BASE)
            {
                let exprs: Vec<&Expr> = call.args.iter().map(|a| &a.value).collect();
                found.extend(models(project, file, &exprs).map(|model| Registration {
                    admin: Some(admin),
                    model,
                    site,
                }));
            }
        }
    }
    let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
    for stmt in body {
        if let StmtKind::Expr(Expr {
            kind: ExprKind::Call(call),
            span,
        }) = &stmt.kind
        {
            registered(project, file, call, Site::new(file, *span), &mut found);
        }
    }
    found
}

/// `site.register(models, Admin)`.
fn registered(project: &Project, file: FileId, call: &Call, site: Site, out: &mut Vec<Registration>) {
    let ExprKind::Attr(attr) = &call.func.kind else {
        return;
    };
    if attr.name != "register" {
        return;
    }
    let admin = match call.positional(1).or_else(|| call.keyword("admin_class")) {
        Some(expr) => match project.resolve_expr(file, expr) {
            Some(Def::Class(admin)) if project.derives_from(admin, BASE) => Some(admin),
            _ => return,
        },
        None if attr
            .base
            .last_name()
            .is_some_and(|n| n.as_str().ends_with("site")) =>
        {
            None
        }
        None => return,
    };
    let first: Vec<&Expr> = call.positional(0).into_iter().collect();
    out.extend(models(project, file, &first).map(|model| Registration { admin, model, site }));
}

fn models<'a>(
    project: &'a Project,
    file: FileId,
    exprs: &[&'a Expr],
) -> impl Iterator<Item = ModelId> + use<'a> {
    let flat: Vec<&Expr> = exprs
        .iter()
        .flat_map(|e| match &e.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().collect::<Vec<_>>(),
            _ => vec![*e],
        })
        .collect();
    flat.into_iter()
        .filter_map(move |e| match project.resolve_expr(file, e)? {
            Def::Class(class) => project.model_of_class(class),
            _ => None,
        })
}

impl Frame<'_, '_> {
    /// `djperf.list_query(admin, queryset, columns)`: the queryset with what the change list joins by itself.
    ///
    /// `list_select_related`, or without it and with a foreign key among the columns all foreign keys that
    /// are not null (Django to 6.0; 6.1 joins the columns).
    pub(in crate::analysis) fn list_query(&mut self, args: &Args) -> Value {
        let given = positional(args);
        let [this, queryset, columns] = &given[..] else {
            return Value::UNKNOWN;
        };
        let (Kind::Object(admin), Kind::Query(query)) = (&this.kind, &queryset.kind) else {
            return (*queryset).clone();
        };
        let admin = admin.class;
        let mut query: Query = (**query).clone();
        let name = Sym::new("list_select_related");
        if let Some(site) = self.attribute_place(admin, &[name]) {
            query.site = site;
        }
        let plan: &mut Plan = Arc::make_mut(&mut query.plan);
        let setting = match self.attribute_expr(admin, name) {
            Some((file, _)) if self.project.is_stub(file) => None,
            other => other,
        };
        match setting.map(|(_, value)| &value.kind) {
            Some(ExprKind::Const(Const::True)) => plan.select_all = true,
            None | Some(ExprKind::Const(Const::False)) => {
                let columns: &[Value] = match &columns.kind {
                    Kind::Tuple(items) => items,
                    _ => &[],
                };
                let foreign = columns.iter().any(|c| match c.kind {
                    Kind::Str(name) => matches!(
                        self.project.model_attr(query.model, name),
                        Some(attr @ ModelAttr::Forward(_)) if self.project.attr_single(attr)
                    ),
                    _ => false,
                });
                plan.select_all |= foreign && plan.select.is_empty();
            }
            Some(_) => match self.class_items(admin, name).kind {
                Kind::Tuple(items) => {
                    for item in items.iter() {
                        match item.kind {
                            Kind::Str(path) => plan.select.push(super::super::orm::canonical(
                                self.project,
                                query.model,
                                path,
                            )),
                            _ => plan.open = true,
                        }
                    }
                }
                _ => plan.open = true,
            },
        }
        if self.own_member(admin, Sym::new("get_list_select_related"))
            || self.own_member(admin, Sym::new("get_changelist"))
        {
            plan.open = true;
        }
        Value {
            kind: Kind::Query(Arc::new(query)),
            deps: queryset.deps,
        }
    }

    /// Whether the change list prints `str()` of every row beside its checkbox: it does where there are actions.
    pub(in crate::analysis) fn labels_rows(&self, admin: ClassId) -> bool {
        let known = self
            .project
            .hints
            .django_version
            .is_some_and(|v| v >= LABELS_ROWS);
        let own = |name: &str| self.own_member(admin, Sym::new(name));
        let actions = match self.attribute_expr(admin, Sym::new("actions")) {
            Some((_, value)) => match &value.kind {
                ExprKind::Const(Const::None) => return false,
                ExprKind::List(items) | ExprKind::Tuple(items) => !items.is_empty(),
                _ => false,
            },
            None => false,
        };
        known && !own("get_actions") && (actions || !own("has_delete_permission"))
    }
}
