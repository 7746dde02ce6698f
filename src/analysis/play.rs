//! Calls a single method as a framework would, for who wants to watch it.

use std::sync::Arc;

use crate::ir::{ArgKind, FuncIdx};
use crate::project::{ClassId, FuncId, Member, Project};
use crate::source::{Site, Sym};

use super::Engine;
use super::call::Args;
use super::frame::Frame;
use super::summary::MAX_CALLS;
use super::value::{Kind, Object, Value};
use super::watch::Watched;

/// Calls a method for an entry point: what was watched, and whether something was out of reach.
pub(super) fn played(
    engine: &Engine<'_>,
    func: FuncId,
    args: Vec<Value>,
    site: Site,
) -> (Vec<Watched>, bool) {
    let mut frame = Frame::new(engine, engine.project.func_id(site.file, FuncIdx(0)), MAX_CALLS);
    frame.receiver = None;
    frame.stand_in = Some(site);
    let args: Args = args
        .into_iter()
        .map(|value| (ArgKind::Positional, value))
        .collect();
    frame.call_function(func, None, args, site);
    (std::mem::take(&mut frame.watched), frame.cut)
}

pub(super) fn object(class: ClassId, attrs: Vec<(Sym, Value)>) -> Value {
    Value::new(Kind::Object(Arc::new(Object { class, attrs })))
}

pub(super) fn method(project: &Project, class: ClassId, name: Sym) -> Option<FuncId> {
    match project.class_member(class, name) {
        Some((_, Member::Method(func))) => Some(func),
        _ => None,
    }
}
