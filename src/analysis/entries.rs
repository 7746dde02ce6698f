//! Routines that a framework calls: the engine plays the caller.
//!
//! The admin's change list reads each `list_display` column of each row of its queryset
//! (django/contrib/admin/views/main.py, `ChangeList.get_queryset` and `apply_select_related`; templatetags
//! `items_for_result`). No detector lives here: columns are calls and attribute reads like any others.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::ir::{ArgKind, Call, Expr, ExprKind, StmtKind};
use crate::project::{ClassId, ClassRef, Def, Member, ModelAttr, ModelId, Part, Project};
use crate::source::{FileId, Site, Sym};

use super::Engine;
use super::call::Args;
use super::frame::{Frame, Over};
use super::plan::Plan;
use super::summary::MAX_CALLS;
use super::value::{Kind, Live, Object, Query, Value};

/// The attribute of an admin instance under which its base class's queryset is kept.
pub(super) const BASE_QUERYSET: &str = "<queryset>";

/// An admin class and a model it is registered for.
struct Registration {
    admin: ClassId,
    model: ModelId,
}

/// The method of a library's base class that plays the framework for its subclasses.
const PLAY: &str = "__djperf__";

/// Runs what frameworks call: the requests of view classes, the change lists of registered admin classes.
pub(super) fn run(engine: &Engine<'_>) {
    let project = engine.project;
    let classes: Vec<ClassId> = project.class_ids().collect();
    let bases = bases(project);
    classes.par_iter().for_each(|class| play(engine, *class, &bases));
    for file in project.file_ids() {
        if !matches!(project.file(file).part, Part::Source) {
            continue;
        }
        for registration in registrations(project, file) {
            change_list(engine, file, &registration);
        }
    }
}

/// Classes of the project that others derive from.
fn bases(project: &Project) -> FxHashSet<ClassId> {
    let own = project
        .class_ids()
        .filter(|c| matches!(project.file(project.class(*c).file).part, Part::Source));
    own.flat_map(|c| {
        project.class(c).bases.iter().filter_map(|base| match base {
            ClassRef::Known(id) => Some(*id),
            ClassRef::External(_) => None,
        })
    })
    .collect()
}

/// A class whose base is played by a method of a library; a base that no pattern leads to is played through
/// its subclasses.
fn play(engine: &Engine<'_>, class: ClassId, bases: &FxHashSet<ClassId>) {
    let project = engine.project;
    let file = project.class(class).file;
    if !matches!(project.file(file).part, Part::Source) {
        return;
    }
    let Some((_, Member::Method(method))) = project.class_member(class, Sym::new(PLAY)) else {
        return;
    };
    if bases.contains(&class) && project.endpoints_of_class(class).next().is_none() {
        return;
    }
    let mut frame = Frame::new(engine, project.func_id(file, crate::ir::FuncIdx(0)), MAX_CALLS);
    frame.receiver = None;
    let this = Value::new(Kind::Object(Arc::new(Object {
        class,
        attrs: Vec::new(),
    })));
    let site = Site::new(file, project.class_facts(class).name_span);
    frame.call_function(method, None, vec![(ArgKind::Positional, this)], site);
}

fn registrations(project: &Project, file: FileId) -> Vec<Registration> {
    let facts = &project.file(file).facts;
    let mut found = Vec::new();
    for (i, class) in facts.classes.iter().enumerate() {
        let admin = project.class_id(file, crate::ir::ClassIdx(i as u32));
        for decorator in &class.decorators {
            let ExprKind::Call(call) = &decorator.kind else {
                continue;
            };
            if call.func.last_name().is_some_and(|n| n == "register") && is_admin(project, admin) {
                found.extend(
                    models(
                        project,
                        file,
                        &call.args.iter().map(|a| &a.value).collect::<Vec<_>>(),
                    )
                    .map(|model| Registration { admin, model }),
                );
            }
        }
    }
    let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
    for stmt in body {
        let StmtKind::Expr(Expr {
            kind: ExprKind::Call(call),
            ..
        }) = &stmt.kind
        else {
            continue;
        };
        if call.func.last_name().is_some_and(|n| n == "register")
            && let Some(Def::Class(admin)) = call.positional(1).and_then(|e| project.resolve_expr(file, e))
            && is_admin(project, admin)
        {
            found.extend(models(project, file, &first(call)).map(|model| Registration { admin, model }));
        }
    }
    found
}

fn first(call: &Call) -> Vec<&Expr> {
    call.positional(0).into_iter().collect()
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

fn is_admin(project: &Project, class: ClassId) -> bool {
    project.class(class).mro.iter().any(|base| match base {
        ClassRef::External(name) => {
            name.as_str().starts_with("django.contrib.") && name.as_str().ends_with("Admin")
        }
        ClassRef::Known(_) => false,
    })
}

fn change_list(engine: &Engine<'_>, file: FileId, registration: &Registration) {
    let project = engine.project;
    let Registration { admin, model } = *registration;
    let func = project.func_id(file, crate::ir::FuncIdx(0));
    let mut frame = Frame::new(engine, func, MAX_CALLS - 1);
    frame.file = project.class(admin).file;
    frame.receiver = None;
    let Some(columns) = columns(&mut frame, admin) else {
        return;
    };
    let place = place(project, admin);
    let Kind::Manager(manager) = frame.default_manager(model, place.span).kind else {
        return;
    };
    let base = Query {
        site: place,
        change: Some(Sym::new("get_queryset")),
        ..manager.query.clone()
    };
    let attrs = vec![(Sym::new(BASE_QUERYSET), Value::query(base.clone()))];
    let this = Value::new(Kind::Object(Arc::new(Object { class: admin, attrs })));
    let query = match project.class_member(admin, Sym::new("get_queryset")) {
        Some((_, Member::Method(method))) => {
            let args: Args = vec![
                (ArgKind::Positional, this.clone()),
                (ArgKind::Positional, Value::UNKNOWN),
            ];
            let made = frame.call_function(method, None, args, place);
            match made.kind {
                Kind::Query(query) => (*query).clone(),
                _ => return,
            }
        }
        _ => base,
    };
    let query = Arc::new(with_list_select_related(&mut frame, admin, query, &columns));
    let id = frame.enter_loop(query.site, Over::Rows);
    let row = frame.query_element(&query, Live::Loop(id));
    for column in &columns {
        read_column(&mut frame, admin, &this, &row, column, place);
    }
    frame.leave_loop();
}

/// The columns of `list_display`; `None` when they cannot be read.
fn columns(frame: &mut Frame<'_, '_>, admin: ClassId) -> Option<Vec<Value>> {
    match class_attr(frame, admin, "list_display") {
        None => Some(vec![Value::new(Kind::Str(Sym::new("__str__")))]),
        Some(value) => match &value.kind {
            Kind::Tuple(items) => Some(items.to_vec()),
            Kind::Coll(coll) => Some(coll.elem.alternatives().to_vec()),
            _ => None,
        },
    }
}

fn class_attr(frame: &mut Frame<'_, '_>, admin: ClassId, name: &str) -> Option<Value> {
    match frame.project.class_member(admin, Sym::new(name))? {
        (owner, Member::Assign(idx)) => {
            let facts = frame.project.class_facts(owner);
            let value = facts.assigns[idx as usize].value.as_ref()?;
            let file = frame.project.class(owner).file;
            let items: Option<Vec<Value>> = match &value.kind {
                ExprKind::List(items) | ExprKind::Tuple(items) => Some(
                    items
                        .iter()
                        .map(|item| literal(frame, file, owner, item))
                        .collect(),
                ),
                _ => None,
            };
            Some(match items {
                Some(items) => Value::new(Kind::Tuple(items.into())),
                None => match value.kind {
                    ExprKind::Const(crate::ir::Const::True) => Value::new(Kind::Truth(true)),
                    ExprKind::Const(crate::ir::Const::False) => Value::new(Kind::Truth(false)),
                    _ => frame.engine.class_value(frame, owner, idx),
                },
            })
        }
        _ => None,
    }
}

/// A column given as text, or as a function of the class body or the module.
fn literal(frame: &mut Frame<'_, '_>, file: FileId, owner: ClassId, item: &Expr) -> Value {
    if let Some(text) = item.as_str() {
        return Value::new(Kind::Str(text));
    }
    if let Some(name) = item.as_name()
        && frame.project.class_member(owner, name).is_some()
    {
        return Value::new(Kind::Str(name));
    }
    match frame.project.resolve_expr(file, item) {
        Some(def) => frame.def_value(def),
        None => Value::UNKNOWN,
    }
}

/// Where a developer would change the queryset: `list_select_related`, else the class itself.
fn place(project: &Project, admin: ClassId) -> Site {
    let class = project.class(admin);
    let facts = project.class_facts(admin);
    let given = facts
        .assigns
        .iter()
        .find(|a| a.name == "list_select_related")
        .map(|a| a.span);
    Site::new(class.file, given.unwrap_or(facts.name_span))
}

/// `list_select_related`, or the automatic one: any foreign key among the columns makes Django select the non-null ones.
fn with_list_select_related(
    frame: &mut Frame<'_, '_>,
    admin: ClassId,
    mut query: Query,
    columns: &[Value],
) -> Query {
    let plan: &mut Plan = Arc::make_mut(&mut query.plan);
    match class_attr(frame, admin, "list_select_related").map(|v| v.kind) {
        Some(Kind::Truth(true)) => plan.select_all = true,
        Some(Kind::Tuple(items)) => {
            for item in items.iter() {
                match item.kind {
                    Kind::Str(path) => {
                        plan.select
                            .push(super::orm::canonical(frame.project, query.model, path))
                    }
                    _ => plan.open = true,
                }
            }
        }
        None | Some(Kind::Truth(false)) => {
            let foreign = columns.iter().any(|c| match c.kind {
                Kind::Str(name) => matches!(frame.project.model_attr(query.model, name), Some(attr @ ModelAttr::Forward(_)) if frame.project.attr_single(attr)),
                _ => false,
            });
            plan.select_all |= foreign && plan.select.is_empty();
        }
        Some(_) => plan.open = true,
    }
    if frame
        .project
        .class_member(admin, Sym::new("get_list_select_related"))
        .is_some()
    {
        plan.open = true;
    }
    query
}

fn read_column(
    frame: &mut Frame<'_, '_>,
    admin: ClassId,
    this: &Value,
    row: &Value,
    column: &Value,
    place: Site,
) {
    let span = place.span;
    match &column.kind {
        Kind::Func(func) => {
            frame.call_function(func.func, None, vec![(ArgKind::Positional, row.clone())], place);
        }
        Kind::Str(name) if *name == "__str__" => frame.text_of(row, span),
        Kind::Str(name) => match frame.project.class_member(admin, *name) {
            Some((_, Member::Method(method))) => {
                let args: Args = vec![
                    (ArgKind::Positional, this.clone()),
                    (ArgKind::Positional, row.clone()),
                ];
                frame.call_function(method, None, args, place);
            }
            _ => {
                let value = name.as_str().split("__").fold(row.clone(), |value, part| {
                    frame.attr_of(&value, Sym::new(part), span)
                });
                match &value.kind {
                    Kind::Row(_) => frame.text_of(&value, span),
                    Kind::Bound(bound) => {
                        let args: Args = vec![(ArgKind::Positional, bound.receiver.clone())];
                        frame.call_function(bound.func, None, args, place);
                    }
                    _ => {}
                }
            }
        },
        _ => {}
    }
}
