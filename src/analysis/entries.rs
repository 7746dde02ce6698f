//! Routines that a framework calls: the engine plays the caller.
//!
//! What a framework does stands in stubs; which classes it does it for is found here.

mod admin;
mod middleware;
mod operations;

pub(super) use admin::registered_in;
pub use admin::{Registered, admin_models, is_plain_registration};
pub use middleware::{Asked, PerRequest};
pub(super) use operations::answer;

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::ir::ArgKind;
use crate::project::{ClassId, ClassRef, FuncId, Member, Part, Project, urls};
use crate::source::{Site, Sym};

use super::Engine;
use super::frame::Frame;
use super::memory::Entry;
use super::summary::MAX_CALLS;
use super::value::{Kind, Object, Value};

/// The method of a library's base class that plays the framework for its subclasses.
const PLAY: &str = "__djperf__";

/// Runs what frameworks call: the requests of view classes, the change lists of registered admin classes.
pub(super) fn run(engine: &Engine<'_>) {
    let project = engine.project;
    let classes: Vec<ClassId> = project.class_ids().collect();
    let bases = bases(project);
    classes.par_iter().for_each(|class| {
        engine.enter(Entry::Class(*class), project.class(*class).file, || {
            play(engine, *class, &bases)
        });
    });
    (0..project.func_count()).into_par_iter().for_each(|id| {
        let func = FuncId(id);
        engine.enter(Entry::Operation(func), project.func(func).0, || {
            operations::run(engine, func)
        });
    });
    middleware::run(engine);
    for file in project.file_ids() {
        if !matches!(project.file(file).part, Part::Source) {
            continue;
        }
        engine.enter(Entry::Admin(file), file, || admin::run(engine, file));
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

/// A class whose base is played by a method of a library; a base of views that no pattern leads to is played through
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
    let is_view = project.derives_from(class, &[urls::view(), urls::view_set()]);
    if is_view && bases.contains(&class) && project.endpoints_of_class(class).next().is_none() {
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
    engine.report_runs(&frame.evals, frame.func);
}
