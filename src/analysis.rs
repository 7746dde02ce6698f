//! Follows querysets and rows through the project and reports query events.
//!
//! Each routine is run once over abstract values ([`value`]); calls are answered by summaries
//! ([`summary`]); what comes out is judged against the plans of the querysets ([`judge`]).
//! It knows no rule, no wording and no severity.

pub mod advice;
pub mod ambient;
mod apply;
pub mod asked;
mod attr;
pub mod bill;
pub mod bills;
mod builtin;
pub mod caches;
mod call;
pub mod compiled;
pub mod conditions;
mod declared;
mod deps;
mod display;
mod entries;
pub mod event;
mod expr;
mod filters;
mod form_code;
mod forms;
mod formulas;
mod frame;
mod grid;
pub mod heat;
mod iterate;
mod join;
pub mod judge;
mod kept;
pub mod listed;
pub mod locks;
pub mod lookups;
mod managers;
pub mod memory;
pub mod occurrences;
pub mod offered;
mod operators;
mod orm;
pub mod place;
pub mod plan;
mod play;
pub mod probe;
mod rest_framework;
mod rows;
mod serializers;
pub mod shared;
mod slots;
pub mod steady;
mod stmt;
mod summary;
pub mod tables;
mod template;
pub mod trace;
mod types;
pub mod uses;
pub mod value;
pub mod visitors;
mod walk;
mod watch;
pub mod workload;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::ParamKind;
use crate::project::{ClassId, FuncId, Part, Project};
use crate::source::{FileId, Site, Sym};

pub use entries::{Asked, PerRequest, Registered, admin_models, is_plain_registration};
pub use forms::forms_of_sets;
pub use kept::Kept;
pub use memory::{Changed, Changes, Memory, Scope};

use caches::CacheFact;
use compiled::Compiled;
use event::{Eval, Load};
use frame::Frame;
use summary::{Key, MAX_CALLS, Summary};
use trace::Noted;

use uses::{OpenUse, Use};
use value::{Deps, Kind, Object, Origin, Row, Value};
use watch::Watch;

/// What to analyse.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub tests: bool,
    pub migrations: bool,
}

/// Events of the whole project, in a fixed order.
#[derive(Debug, Default)]
pub struct Analysis {
    /// Each with the function whose analysis found it.
    pub loads: Vec<(Load, FuncId)>,
    pub evals: Vec<(Eval, FuncId)>,
    /// Evaluations that entry points come to outside of loops, each with its entry point.
    pub runs: Vec<(Eval, FuncId)>,
    /// What expressions of templates call on rows and objects, by place.
    pub called: FxHashMap<Site, Vec<FuncId>>,
    /// Reads of properties that keep their answer.
    pub kept: FxHashSet<Site>,
    pub counts: Counts,
    /// What `reveal(x)` calls saw, in the functions as they stand, sorted.
    pub reveals: Vec<(Site, String)>,
    /// Templates that something renders or includes, and what does: calls, tags, declarations of classes.
    pub rendered: FxHashMap<FileId, BTreeSet<Site>>,
    /// Loops in which rows are changed, by what they iterate, and functions that do it.
    pub changing: Changing,
    /// Queries by what they ask of their tables, sorted.
    pub uses: Vec<Use>,
    /// Queries of middleware on every request, by middleware and in the order in which they run.
    pub per_request: Vec<PerRequest>,
    /// What the code does with caches, sorted.
    pub caches: Vec<CacheFact>,
    /// Texts that functions compile though they are the same each time, sorted.
    pub compiled: Vec<Compiled>,
    /// Functions whose analysis failed inside djperf, by name.
    pub failed: Vec<String>,
}

/// Where rows are changed, calls followed.
#[derive(Debug, Default)]
pub struct Changing {
    pub loops: FxHashSet<Site>,
    pub functions: FxHashSet<FuncId>,
}

/// How much was understood.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub loops: u64,
    pub loops_typed: u64,
    pub loops_over_rows: u64,
    pub outside: FxHashMap<Sym, u64>,
    /// Templates that something renders with a context that is known.
    pub templates_rendered: u64,
    /// Calls that render a template that was not found.
    pub renders_unknown: u64,
    pub serializer_fields: (u64, u64),
    pub view_querysets: (u64, u64),
}

/// A module-level variable by file and index, and how many others have asked for it in turn.
type Variable = (FileId, u32, u8);

/// Shared state of one analysis run.
pub struct Engine<'p> {
    pub project: &'p Project,
    known: Memory,
    /// Texts in the functions of a module, worked out when a tag of it gets the context.
    texts: Mutex<FxHashMap<FileId, Arc<FxHashSet<Sym>>>>,
    scope: Scope<'p>,
    /// What the run is asked to watch besides.
    watch: Watch,
}

/// Analyses every function of the project's own code.
pub fn analyse(project: &Project, options: Options) -> Analysis {
    let mut known = Memory::default();
    known.advance(project, options, Scope::default());
    let analysis = known.analysis();
    // It is given back beside what follows: there is much of it.
    rayon::spawn(move || drop(known));
    analysis
}

/// As [`analyse`], where an earlier run over the same declarations has left what the entry points of all files but the
/// `stale` ones say. Returns what to leave for the next run, unless some function could not be analysed.
pub fn analyse_again(
    project: &Project,
    options: Options,
    kept: Kept,
    stale: Option<&FxHashSet<FileId>>,
) -> (Analysis, Option<Kept>) {
    let mut kept = kept;
    let mut known = Memory::default();
    let scope = Scope {
        files: stale,
        ..Scope::default()
    };
    known.advance(project, options, scope);
    let analysis = known.analysis_with(kept.noted());
    let whole = known.failed().is_empty();
    kept.add(&known.roots());
    rayon::spawn(move || drop(known));
    (analysis, whole.then_some(kept))
}

impl<'p> Engine<'p> {
    fn new(project: &'p Project, watch: Watch) -> Self {
        Self {
            project,
            known: Memory::default(),
            texts: Mutex::default(),
            scope: Scope::default(),
            watch,
        }
    }

    /// A function as an entry point: its parameters are what their annotations say.
    fn root_key(&self, func: FuncId) -> Option<Key> {
        let (file, _) = self.project.func(func);
        let routine = self.project.routine(func);
        if routine.body.is_empty() || routine.name == "<lambda>" {
            return None;
        }
        let mut next_slot = 0;
        let args: Vec<Value> = routine
            .params
            .iter()
            .enumerate()
            .map(|(i, param)| {
                let value = match (&param.annotation, param.kind) {
                    (
                        Some(annotation),
                        ParamKind::Regular | ParamKind::PositionalOnly | ParamKind::KeywordOnly,
                    ) => self.typed(file, annotation),
                    _ if i == 0 && routine.class.is_some() => self.receiver(
                        func,
                        self.project
                            .class_id(file, routine.class.unwrap_or(crate::ir::ClassIdx(0))),
                    ),
                    _ => Value::UNKNOWN,
                };
                types::as_argument(&value, &mut next_slot)
            })
            .collect();
        Some(Key {
            func,
            args,
            captured: None,
            level: types::level(),
            stand_in: None,
        })
    }

    /// Runs one function as an entry point.
    fn root(&self, func: FuncId) {
        let Some(key) = self.root_key(func) else { return };
        let summary = self.run_root(key);
        let shown = summary.reveals.iter();
        trace::note_all(
            shown.map(|(site, value)| Noted::Reveal(*site, display::value(self.project, value).into())),
        );
        let uses = summary.uses.iter().map(OpenUse::closed);
        trace::note_all(uses.map(|one| Noted::Use(Box::new(one))));
        self.report_runs(&summary.evals, func);
        for load in &summary.loads {
            let key_only = load.access == event::Access::Key && !loaded_whole(load, &summary.loads);
            if event::is_many(&load.row) || key_only {
                self.report_load(load.clone(), func);
            }
        }
    }

    fn run_root(&self, key: Key) -> Arc<Summary> {
        self.summary(key, MAX_CALLS)
    }

    /// What the first parameter of a method is when nobody calls it.
    fn receiver(&self, func: FuncId, class: ClassId) -> Value {
        let probe = Frame::new(self, func, 0);
        match probe.decorator_of(func) {
            Some(tables::Decorator::Static) => return Value::UNKNOWN,
            Some(tables::Decorator::Class) => return Value::new(Kind::Class(class)),
            _ => {}
        }
        if self.project.routine(func).name == "__new__" {
            return Value::new(Kind::Class(class));
        }
        match self.project.model_of_class(class) {
            Some(model) => Value::row(Row::single(model, Origin::Elsewhere)),
            None => Value::new(Kind::Object(Arc::new(Object {
                class,
                attrs: Vec::new(),
            }))),
        }
    }

    /// What a reader would change in a class that library code works for: its queryset or model, else its name.
    pub(crate) fn stand_in(&self, class: ClassId) -> Option<Site> {
        let project = self.project;
        let own = |id: ClassId| !project.is_stub(project.class(id).file);
        let mut named = None;
        for part in &project.class(class).mro {
            let crate::project::ClassRef::Known(id) = part else {
                continue;
            };
            if !own(*id) {
                continue;
            }
            trace::read(project.class(*id).file);
            let facts = project.class_facts(*id);
            let file = project.class(*id).file;
            named = named.or(Some(Site::new(file, facts.name_span)));
            let set = |name: &str| {
                facts
                    .assigns
                    .iter()
                    .find(|a| a.name == *name && a.value.is_some())
            };
            if let Some(found) = set("queryset").or_else(|| set("model")) {
                return Some(Site::new(file, found.span));
            }
        }
        named
    }

    /// The summary of a call with at most `depth` further calls below it.
    pub(crate) fn summary(&self, key: Key, depth: u8) -> Arc<Summary> {
        if let Some((done, node)) = self.known.summaries.get(&key, depth) {
            trace::asked(&node);
            return done;
        }
        let (summary, node) = trace::record(|| Arc::new(self.compute(&key, depth)));
        trace::asked(&node);
        self.known.summaries.put(key, depth, summary.clone(), node);
        summary
    }

    fn compute(&self, key: &Key, depth: u8) -> Summary {
        if !self.watch.pay() {
            return Summary::unseen();
        }
        let mut frame = Frame::new(self, key.func, depth);
        if let Some(vars) = &key.captured {
            let first = self.project.routine(key.func).params.len();
            for (i, (name, value)) in vars.iter().enumerate() {
                frame.set(*name, value.clone().with(Deps::on_param(first + i)));
            }
        }
        let routine = self.project.routine(key.func);
        if let Some(Kind::Object(this)) = key.args.first().map(|v| &v.kind) {
            frame.stand_in = self.stand_in(this.class);
            frame.home = frame.stand_in;
        }
        frame.stand_in = frame.stand_in.or(key.stand_in);
        for (i, (param, value)) in routine.params.iter().zip(&key.args).enumerate() {
            frame.set(param.name, value.clone().with(Deps::on_param(i)));
        }
        let (file, _) = self.project.func(key.func);
        if self.project.file(file).part == Part::Template {
            frame.rendering = template::Rendering::new(file);
        }
        frame.block(&routine.body);
        if frame.writes {
            frame.seen.push(Noted::ChangingFunction(key.func));
        }
        trace::note_all(std::mem::take(&mut frame.seen));
        frame.into_summary(routine.is_generator)
    }

    /// All literal texts in the functions of a file.
    pub(crate) fn texts(&self, file: FileId) -> Arc<FxHashSet<Sym>> {
        trace::read_whole(file);
        let mut known = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(file)
            .or_insert_with(|| {
                let mut found = FxHashSet::default();
                for routine in &self.project.file(file).facts.functions {
                    for stmt in &routine.body {
                        walk::expressions(stmt, &mut |e| found.extend(e.as_str()));
                    }
                }
                Arc::new(found)
            })
            .clone()
    }

    pub(crate) fn report_load(&self, load: Load, func: FuncId) {
        trace::note(Noted::Load(Box::new((load, func))));
    }

    pub(crate) fn report_eval(&self, eval: Eval, func: FuncId) {
        trace::note(Noted::Eval(Box::new((eval, func))));
    }

    /// What an entry point evaluates outside of loops.
    pub(crate) fn report_runs(&self, evals: &[Eval], func: FuncId) {
        let own = evals.iter().filter(|eval| !event::query_has_slot(&eval.query));
        trace::note_all(own.map(|eval| Noted::Run(Box::new((eval.clone(), func)))));
    }
}

/// The same call also reads more of the related row than its key.
fn loaded_whole(key: &Load, all: &[Load]) -> bool {
    all.iter().any(|l| {
        l.access == event::Access::One
            && l.attr == key.attr
            && l.row.origin == key.row.origin
            && l.row.path() == key.row.path()
    })
}

impl Frame<'_, '_> {
    fn into_summary(self, is_generator: bool) -> Summary {
        let result = if is_generator {
            let elem = self.yields.clone().unwrap_or(Value::UNKNOWN);
            Value::coll(types::stored(&elem), value::Size::Unknown)
        } else {
            types::returned(&self.returns.clone().unwrap_or(Value::NONE))
        };
        let result = match &result.kind {
            // The rows may come from there as well, with whatever they have loaded.
            Kind::Query(query) if self.returns_elsewhere => {
                let mut query = (**query).clone();
                Arc::make_mut(&mut query.plan).open = true;
                Value::query(query).with(result.deps)
            }
            _ => result,
        };
        let stores = self
            .stores
            .iter()
            .map(|(n, v)| (*n, types::returned(v).bounded()))
            .collect();
        Summary {
            returns: result.bounded(),
            loads: self.loads,
            evals: self.evals,
            uses: self.uses,
            caches: self.cache_uses,
            stores,
            writes: self.writes,
            preloaded: self
                .preloaded
                .into_iter()
                .filter(|(row, _)| event::row_has_slot(row))
                .collect(),
            height: if self.cut { None } else { Some(self.height) },
            reveals: self.reveals,
            watched: self.watched,
        }
    }
}
