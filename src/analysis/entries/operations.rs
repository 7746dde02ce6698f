//! Operations of an interface: functions whose decorator says what they answer with.
//!
//! How a schema shows a value stands in `rules/django/stubs/ninja`.

use crate::ir::{ArgKind, Call, Expr, ExprKind};
use crate::project::{FuncId, Part};
use crate::source::Site;

use super::super::Engine;
use super::super::call::Args;
use super::super::declared::{class_of, element_type};
use super::super::frame::Frame;
use super::super::summary::MAX_CALLS;
use super::super::value::Value;

const SCHEMA: &[&str] = &["ninja.schema.Schema"];
/// Decorators that make a function an operation.
const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "api_operation"];

/// Answers one operation.
pub(super) fn run(engine: &Engine<'_>, func: FuncId) {
    answer(engine, func);
}

/// What one operation returns is shown by its schema. Returns the frame that did it; none if the function is no operation.
pub(in crate::analysis) fn answer<'e, 'p>(engine: &'e Engine<'p>, func: FuncId) -> Option<Frame<'e, 'p>> {
    let project = engine.project;
    let (file, _) = project.func(func);
    if project.file(file).part != Part::Source {
        return None;
    }
    let routine = project.routine(func);
    let answers = routine
        .decorators
        .iter()
        .find_map(|decorator| match &decorator.kind {
            ExprKind::Call(call) => response(call),
            _ => None,
        });
    let answers = answers?;
    let (schema, many) = element_type(&engine.typed(file, answers));
    if !class_of(&schema).is_some_and(|class| project.derives_from(class, SCHEMA)) {
        return None;
    }
    let mut frame = Frame::new(engine, func, MAX_CALLS);
    frame.receiver = None;
    let args: Args = routine
        .params
        .iter()
        .map(|_| (ArgKind::Positional, Value::UNKNOWN))
        .collect();
    let result = frame.call_function(func, None, args, Site::new(file, routine.name_span));
    if many {
        frame.represent_many(&schema, &result, routine.name_span);
    } else {
        frame.represent(&schema, &result, routine.name_span);
    }
    Some(frame)
}

/// The `response=` of an operation; of several by status, the first.
fn response(call: &Call) -> Option<&Expr> {
    if !call.func.last_name().is_some_and(|n| VERBS.contains(&n.as_str())) {
        return None;
    }
    let given = call.keyword("response")?;
    match &given.kind {
        ExprKind::Dict(items) => items.first().map(|item| &item.value),
        _ => Some(given),
    }
}
