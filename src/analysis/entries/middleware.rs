//! Middleware of the project that settings name: what it asks the database on every request.
//!
//! Each is called as Django calls it, once by somebody and once by a user who is signed in. Static files and requests
//! that another layer answers are not known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ir::ArgKind;
use crate::project::middleware::{Callee, Stack};
use crate::project::{ClassId, FuncId, Member, ModelId, Part, Project};
use crate::source::{FileId, Site, Sym};

use super::super::Engine;
use super::super::call::Args;
use super::super::event::Access;
use super::super::frame::Frame;
use super::super::memory::Entry;
use super::super::summary::MAX_CALLS;
use super::super::trace::{self, Noted};
use super::super::value::{Kind, Object, Origin, Row, Value};

/// What Django calls when `__call__` is the class's own, and when it is that of `MiddlewareMixin`.
const OWN: &[&str] = &["__call__", "process_view", "process_template_response"];
const MIXED: &[&str] = &[
    "process_request",
    "process_view",
    "process_template_response",
    "process_response",
];
/// Their parameters besides the request: the response; or the view, its arguments and keywords.
const MOST_ARGUMENTS: usize = 4;
const REQUEST: &str = "django.core.handlers.wsgi.WSGIRequest";

/// A query that middleware runs whatever is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PerRequest {
    pub callee: Callee,
    /// The entry of a settings module that names it.
    pub named: Site,
    /// The name of the class or function.
    pub defined: Site,
    pub query: Query,
    /// It runs for users who are signed in only.
    pub signed_in: bool,
}

/// One query.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Query {
    pub site: Site,
    /// Call sites from the outermost to the query.
    pub calls: Vec<Site>,
    pub asks: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Asked {
    /// Rows of a model.
    Rows(ModelId),
    /// What hangs on the user, by the name of the relation.
    OfUser(Sym),
}

/// Plays the middleware of all settings modules.
pub(super) fn run(engine: &Engine<'_>) {
    let mut called: BTreeMap<Callee, Site> = BTreeMap::new();
    let stacks = engine.project.stacks();
    for entry in stacks.iter().flat_map(|stack: &Stack<'_>| &stack.entries) {
        if let Some(callee) = entry.called {
            called.entry(callee).or_insert(entry.site);
        }
    }
    for (callee, named) in called {
        let Some((file, defined)) = place(engine.project, callee) else {
            continue;
        };
        engine.enter(Entry::Middleware(callee), file, || {
            trace::read(named.file);
            let anybody = queries(engine, defined, callee, Value::UNKNOWN);
            let mut found: Vec<(Query, bool)> = anybody.into_iter().map(|query| (query, false)).collect();
            if let Some(request) = signed_in(engine.project, file) {
                for query in queries(engine, defined, callee, request) {
                    if found.iter().all(|(known, _)| known.site != query.site) {
                        found.push((query, true));
                    }
                }
            }
            let found = found.into_iter().map(|(query, signed_in)| PerRequest {
                callee,
                named,
                defined,
                query,
                signed_in,
            });
            trace::note(Noted::PerRequest(Box::new(found.collect())));
        });
    }
}

/// Where middleware is written, if it is code of the project.
fn place(project: &Project, callee: Callee) -> Option<(FileId, Site)> {
    let (file, name) = match callee {
        Callee::Class(class) => (project.class(class).file, project.class_facts(class).name_span),
        Callee::Factory(func) => (project.func(func).0, project.routine(func).name_span),
    };
    let own = matches!(project.file(file).part, Part::Source);
    own.then(|| (file, Site::new(file, name)))
}

/// A request of a user who is signed in.
fn signed_in(project: &Project, near: FileId) -> Option<Value> {
    let model = project.model_of_class(project.user_class(near)?)?;
    let user = Value::row(Row {
        sure: true,
        ..Row::single(model, Origin::Slot(0))
    });
    let class = project.class_by_dotted(REQUEST)?;
    Some(Value::new(Kind::Object(Arc::new(Object {
        class,
        attrs: vec![(Sym::new("user"), user)],
    }))))
}

/// The queries of one request that stand under no condition.
fn queries(engine: &Engine<'_>, defined: Site, callee: Callee, request: Value) -> Vec<Query> {
    let project = engine.project;
    let mut frame = Frame::new(
        engine,
        project.func_id(defined.file, crate::ir::FuncIdx(0)),
        MAX_CALLS,
    );
    frame.receiver = None;
    match callee {
        Callee::Class(class) => hooks(&mut frame, class, &request, defined),
        Callee::Factory(func) => {
            let made = frame.call_function(func, None, vec![(ArgKind::Positional, Value::UNKNOWN)], defined);
            handler(&mut frame, &made, &request, defined);
        }
    }
    let evals = std::mem::take(&mut frame.evals).into_iter();
    let evals = evals.filter(|eval| !eval.conditional).map(|eval| Query {
        site: eval.site,
        calls: eval.calls,
        asks: Asked::Rows(eval.query.model),
    });
    // Only the user comes from outside.
    let loads = std::mem::take(&mut frame.loads).into_iter();
    let loads = loads
        .filter(|load| !load.conditional && !matches!(load.access, Access::Column | Access::Key))
        .map(|load| Query {
            site: load.site,
            calls: load.calls,
            asks: Asked::OfUser(load.attr),
        });
    let own = |site: Site| matches!(project.file(site.file).part, Part::Source);
    let mut found: Vec<Query> = Vec::new();
    for mut query in evals.chain(loads).filter(|query| own(query.site)) {
        if found.iter().all(|known| known.site != query.site) {
            query.calls.retain(|call| own(*call));
            found.push(query);
        }
    }
    found
}

fn hooks(frame: &mut Frame<'_, '_>, class: ClassId, request: &Value, defined: Site) {
    let project = frame.project;
    let own = |name: &str| -> Option<FuncId> {
        match project.class_member(class, Sym::new(name))? {
            (owner, Member::Method(func)) => {
                let part = project.file(project.class(owner).file).part;
                matches!(part, Part::Source).then_some(func)
            }
            _ => None,
        }
    };
    let names = if own("__call__").is_some() { OWN } else { MIXED };
    for func in names.iter().filter_map(|name| own(name)) {
        let this = Value::new(Kind::Object(Arc::new(Object {
            class,
            attrs: Vec::new(),
        })));
        frame.call_function(
            func,
            None,
            arguments(project, func, vec![this, request.clone()]),
            defined,
        );
    }
}

/// Calls what a factory returns.
fn handler(frame: &mut Frame<'_, '_>, made: &Value, request: &Value, defined: Site) {
    match &made.kind {
        Kind::Func(func) => {
            let mut given = func.args.clone();
            given.push(request.clone());
            let args = arguments(frame.project, func.func, given);
            frame.call_function(func.func, func.captured.clone(), args, defined);
        }
        Kind::Union(all) => all.iter().for_each(|one| handler(frame, one, request, defined)),
        _ => {}
    }
}

/// As many arguments as the function takes; those besides the given ones are unknown.
fn arguments(project: &Project, func: FuncId, given: Vec<Value>) -> Args {
    let count = project
        .routine(func)
        .params
        .len()
        .min(given.len() + MOST_ARGUMENTS);
    let rest = count.saturating_sub(given.len());
    let unknown = std::iter::repeat_n(Value::UNKNOWN, rest);
    given
        .into_iter()
        .chain(unknown)
        .map(|value| (ArgKind::Positional, value))
        .collect()
}
