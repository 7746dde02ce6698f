//! What the entry points of one file cost: views, actions of view sets, pages of the admin, serializers.
//!
//! Each is played by itself, as a request that reads. What middleware asks, as for the session and the user, is no part of it.

use std::sync::Arc;

use crate::ir::FuncIdx;
use crate::project::{ClassId, ClassRef, FuncId, ModelId, Part, Project, urls};
use crate::source::{FileId, Site, Sym};

use super::Engine;
use super::bill::Bill;
use super::entries;
use super::formulas;
use super::frame::Frame;
use super::play::{method, object, played};
use super::serializers;
use super::summary::MAX_CALLS;
use super::value::{Kind, Live, Query, Row, Value};
use super::watch::{Budget, Watch, Watched};

const DEEP: &str = "calls go deeper than they are followed";
/// Calls that are worked out for all entry points of a file together; those that stand last may get nothing.
const WHOLE_FILE: u32 = 40_000;

/// Something that answers requests, and its queries.
#[derive(Debug)]
pub struct Billed {
    pub kind: Entry,
    /// Its name in the file.
    pub name: Site,
    pub bill: Bill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    Function(FuncId),
    /// A view, a feed or a map of the site.
    Page(ClassId),
    /// What a view set does for one action.
    Action(ClassId, Sym),
    /// The list of an admin class, with its filters.
    ChangeList(ClassId, ModelId),
    /// One row of a serializer; what its queryset loads is not known.
    Serializer(ClassId, ModelId),
}

/// The entry points of a file, in the order in which they stand there. None if `stopped` says so before.
pub fn of_file(project: &Project, file: FileId, stopped: &dyn Fn() -> bool) -> Option<Vec<Billed>> {
    if project.file(file).part != Part::Source {
        return Some(Vec::new());
    }
    let engine = Engine::new(project, Watch::Queries(Budget::of(WHOLE_FILE)));
    let facts = &project.file(file).facts;
    let mut found = Vec::new();
    for idx in 0..facts.functions.len() {
        let func = project.func_id(file, FuncIdx(idx as u32));
        if stopped() {
            return None;
        }
        if is_view(project, func) {
            let routine = project.routine(func);
            found.push(Billed {
                kind: Entry::Function(func),
                name: Site::new(file, routine.name_span),
                bill: function(&engine, func),
            });
        }
    }
    for idx in 0..facts.classes.len() {
        if stopped() {
            return None;
        }
        let class = project.class_id(file, crate::ir::ClassIdx(idx as u32));
        of_class(&engine, class, &mut found);
    }
    for (admin, model, site) in entries::registered_in(project, file) {
        let name = Site::new(project.class(admin).file, project.class_facts(admin).name_span);
        if name.file == file {
            found.push(Billed {
                kind: Entry::ChangeList(admin, model),
                name,
                bill: change_list(&engine, admin, model, site),
            });
        }
    }
    if engine.watch.is_spent() {
        found
            .iter_mut()
            .for_each(|billed| billed.bill.note("there is too much of it to look at"));
    }
    found.sort_by_key(|billed| (billed.name, billed.kind));
    Some(found)
}

/// What one function costs that is called with nothing known but what its parameters declare.
pub fn of_function(project: &Project, func: FuncId) -> Bill {
    function(
        &Engine::new(project, Watch::Queries(Budget::of(WHOLE_FILE))),
        func,
    )
}

/// A function that a pattern leads to, or that stands for itself and begins with a request.
fn is_view(project: &Project, func: FuncId) -> bool {
    let routine = project.routine(func);
    let by_request = routine.class.is_none()
        && routine.parent.is_none_or(|parent| parent == FuncIdx(0))
        && routine.params.first().is_some_and(|p| p.name == "request");
    by_request || project.endpoints_of_func(func).next().is_some()
}

fn function(engine: &Engine<'_>, func: FuncId) -> Bill {
    if let Some(mut frame) = entries::answer(engine, func) {
        let mut bill = Bill::of(engine.project, &std::mem::take(&mut frame.watched));
        if frame.cut {
            bill.note(DEEP);
        }
        return bill;
    }
    let Some(key) = engine.root_key(func) else {
        return Bill::default();
    };
    let summary = engine.run_root(key);
    let mut bill = Bill::of(engine.project, &summary.watched);
    if summary.height.is_none() {
        bill.note(DEEP);
    }
    bill
}

fn of_class(engine: &Engine<'_>, class: ClassId, found: &mut Vec<Billed>) {
    let project = engine.project;
    let file = project.class(class).file;
    let name = Site::new(file, project.class_facts(class).name_span);
    let foreign = has_foreign_bases(project, class);
    // Feeds and maps of the site answer requests by themselves.
    let shared = urls::shared();
    let mut add = |kind: Entry, name: Site, watched: Vec<Watched>, open: bool| {
        let mut bill = Bill::of(project, &watched);
        for more in formulas::more() {
            if project.derives_from(class, &more.bases()) {
                bill.note(&more.why);
            }
        }
        if foreign {
            bill.note("a base class lies outside of the project");
        }
        if open {
            bill.note(DEEP);
        }
        found.push(Billed { kind, name, bill });
    };
    if project.derives_from(class, &[urls::view_set()]) {
        let reads = urls::reading_actions().filter_map(|action| {
            let action = Sym::new(action);
            method(project, class, action).map(|func| (action, func))
        });
        let all = reads.chain(serializers::extra_actions(project, class));
        for (action, func) in all {
            let own = project.routine(func);
            let here = project.func(func).0 == file
                && project.class_member(class, action).map(|(c, _)| c) == Some(class);
            let at = if here {
                Site::new(file, own.name_span)
            } else {
                name
            };
            let this = object(class, vec![(Sym::new("action"), Value::new(Kind::Str(action)))]);
            let (watched, open) = played(engine, func, vec![this, Value::UNKNOWN], name);
            add(Entry::Action(class, action), at, watched, open);
        }
    } else if project.derives_from(class, &[urls::view(), &shared.feed, &shared.sitemap]) {
        if let Some(func) = method(project, class, Sym::new("__djperf__")) {
            let (watched, open) = played(engine, func, vec![object(class, Vec::new())], name);
            add(Entry::Page(class), name, watched, open);
        }
    } else if serializers::is_serializer(project, class)
        && let Some(model) =
            Frame::new(engine, project.func_id(file, FuncIdx(0)), MAX_CALLS).serialized_model(class)
        && let Some(func) = method(project, class, Sym::new("to_representation"))
    {
        let query = Arc::new(Query::all(model, name));
        let row = Value::row(Row {
            live: Live::Many,
            sure: true,
            ..Row::single(model, super::value::Origin::Query(query))
        });
        let (watched, open) = played(engine, func, vec![object(class, Vec::new()), row], name);
        add(Entry::Serializer(class, model), name, watched, open);
    }
}

/// The list of an admin class: the framework asks for permissions and numbers of rows besides.
fn change_list(engine: &Engine<'_>, admin: ClassId, model: ModelId, site: Site) -> Bill {
    let project = engine.project;
    let class = Value::new(Kind::Class(project.model(model).class));
    let this = object(admin, vec![(Sym::new("model"), class)]);
    let mut all = Vec::new();
    for part in ["_change_list", "_filters"] {
        if let Some(func) = method(project, admin, Sym::new(part)) {
            all.extend(played(engine, func, vec![this.clone()], site).0);
        }
    }
    let mut bill = Bill::of(project, &all);
    bill.note("the framework asks for permissions and numbers besides");
    bill
}

/// Some base is code that nobody has seen.
fn has_foreign_bases(project: &Project, class: ClassId) -> bool {
    project.class(class).mro.iter().any(|base| match base {
        ClassRef::External(dotted) => !matches!(
            dotted.as_str().split('.').next(),
            Some("builtins" | "typing" | "abc" | "object")
        ),
        ClassRef::Known(_) => false,
    })
}
