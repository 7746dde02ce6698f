//! What an expression holds, in every context that is known to lead to it.
//!
//! Only the entry points that reach the code of the expression run, nearest first, until a few have told its value. The
//! answer depends on nothing but the project and the place.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::ir::{ClassIdx, ExprKind, FuncIdx, Stmt};
use crate::project::{ClassId, FuncId, ModelId, Part, Project};
use crate::source::{FileId, Site, Span, Sym};

use super::bill::Bill;
use super::entries;
use super::frame::Frame;
use super::place::{Code, Pointed};
use super::play::{method, object, played};
use super::summary::MAX_CALLS;
use super::value::{Base, Kind, Origin, Value};
use super::watch::{Budget, Watch, Watched};
use super::{Analysis, Engine, walk};

/// Entry points that are run at most.
const MOST_RUNS: usize = 40;
/// Calls that are worked out at most.
const MOST_CALLS: u32 = 800;
/// So many that tell a value are enough.
const ENOUGH: usize = 8;
/// Callers of callers are looked for so far.
const MAX_ROUNDS: usize = 3;
/// Subclasses and callers of one piece of code that are looked at.
const MOST_USERS: usize = 24;

/// An expression and its values.
#[derive(Debug)]
pub struct Probe {
    pub site: Site,
    /// In the order in which their entry points were found.
    pub contexts: Vec<Context>,
}

/// What one entry point makes of the expression.
#[derive(Debug)]
pub struct Context {
    pub entry: Root,
    pub value: Value,
    /// Queries that run before the expression does for the first time.
    pub before: Bill,
    /// All queries of the entry point.
    pub all: Bill,
}

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    Function(FuncId),
    /// A class that a framework plays.
    Class(ClassId),
    /// An admin class, for a model.
    Admin(ClassId, ModelId, Site),
    /// The value of an attribute in the body of a class.
    Attribute(ClassId, u32),
}

/// Runs what leads to an expression.
pub fn probe(project: &Project, analysis: &Analysis, pointed: &Pointed) -> Option<Probe> {
    let engine = Engine::new(
        project,
        Watch::Values(pointed.file, pointed.spans.clone(), Budget::of(MOST_CALLS)),
    );
    let mut search = Search {
        engine: &engine,
        pointed,
        ran: FxHashSet::default(),
        found: Vec::new(),
        is_other: false,
    };
    let mut wave = Wave::of(project, analysis, pointed);
    let rounds = match pointed.code {
        Code::Template(_) => MAX_ROUNDS,
        Code::Function(_) | Code::Attribute(..) => MAX_ROUNDS - 1,
    };
    for round in 1..=rounds {
        for root in std::mem::take(&mut wave.roots) {
            search.run(root);
        }
        if round == rounds || search.is_settled() {
            break;
        }
        wave = wave.next(project, analysis);
    }
    search.finish()
}

struct Search<'e, 'p> {
    engine: &'e Engine<'p>,
    pointed: &'e Pointed,
    ran: FxHashSet<Root>,
    found: Vec<(Span, Context)>,
    /// Something that is neither rows nor unknown stands there.
    is_other: bool,
}

impl Search<'_, '_> {
    fn run(&mut self, root: Root) {
        if self.engine.watch.is_spent()
            || self.ran.len() >= MOST_RUNS
            || self.told() >= ENOUGH
            || !self.ran.insert(root)
        {
            return;
        }
        let watched = run(self.engine, root);
        if self.engine.watch.is_spent() && !self.found.is_empty() {
            // What was cut short says less than the others.
            return;
        }
        for span in &self.pointed.spans {
            let mut values = watched.iter().filter_map(|one| match one {
                Watched::Value { span: at, value } if at == span => Some(value.clone()),
                _ => None,
            });
            let Some(first) = values.next() else { continue };
            let value = values.fold(first, Value::join);
            if !is_shown(&value) {
                self.is_other |=
                    *span == self.pointed.spans[0] && !matches!(value.kind, Kind::Unknown | Kind::Opaque);
                continue;
            }
            let at = watched
                .iter()
                .position(|one| matches!(one, Watched::Value { span: at, .. } if at == span));
            let project = self.engine.project;
            let context = Context {
                entry: root,
                value,
                before: Bill::of(project, &watched[..at.unwrap_or(0)]),
                all: Bill::of(project, &watched),
            };
            self.found.push((*span, context));
        }
    }

    /// Contexts in which it is known where the rows come from.
    fn told(&self) -> usize {
        self.found
            .iter()
            .filter(|(_, context)| is_told(&context.value))
            .count()
    }

    /// Callers can tell nothing that the code does not tell by itself.
    fn is_settled(&self) -> bool {
        if self.is_other && self.found.is_empty() {
            return true;
        }
        let given = matches!(self.pointed.code, Code::Template(_));
        self.told() >= ENOUGH || !given && self.told() > 0 && self.told() == self.found.len()
    }

    fn finish(self) -> Option<Probe> {
        // The call that a name belongs to says more than the name.
        let span = self
            .pointed
            .spans
            .iter()
            .find(|span| self.found.iter().any(|(at, _)| at == *span))?;
        let told = self.found.iter().any(|(at, c)| at == span && is_told(&c.value));
        let contexts = self.found.into_iter().filter(|(at, _)| at == span);
        let mut contexts: Vec<Context> = contexts
            .map(|(_, context)| context)
            .filter(|context| !told || is_told(&context.value))
            .collect();
        // By itself a declaration tells nothing of its use.
        let declared = |context: &Context| matches!(context.entry, Root::Attribute(..));
        if contexts.iter().any(|context| !declared(context)) {
            contexts.retain(|context| !declared(context));
        }
        Some(Probe {
            site: Site::new(self.pointed.file, *span),
            contexts,
        })
    }
}

/// Rows, or what gives rows.
fn is_shown(value: &Value) -> bool {
    match &value.kind {
        Kind::Row(_) | Kind::Query(_) | Kind::Manager(_) => true,
        Kind::Coll(coll) => is_shown(&coll.elem),
        Kind::Union(all) => all.iter().any(is_shown),
        _ => false,
    }
}

/// It is known where its rows come from.
fn is_told(value: &Value) -> bool {
    match &value.kind {
        Kind::Row(row) => match &row.origin {
            Origin::Slot(_) => false,
            Origin::Query(query) => !matches!(query.base, Base::Slot(_) | Base::Unknown),
            Origin::Elsewhere | Origin::New => true,
        },
        Kind::Query(query) => !matches!(query.base, Base::Slot(_) | Base::Unknown),
        Kind::Coll(coll) => is_told(&coll.elem),
        Kind::Union(all) => all.iter().any(is_told),
        Kind::Manager(_) => true,
        _ => false,
    }
}

fn run(engine: &Engine<'_>, root: Root) -> Vec<Watched> {
    let project = engine.project;
    let module = |file: FileId| project.func_id(file, FuncIdx(0));
    match root {
        Root::Function(func) => {
            if let Some(frame) = entries::answer(engine, func)
                && !frame.watched.is_empty()
            {
                return frame.watched;
            }
            match engine.root_key(func) {
                Some(key) => engine.run_root(key).watched.clone(),
                None => Vec::new(),
            }
        }
        Root::Class(class) => {
            let name = Site::new(project.class(class).file, project.class_facts(class).name_span);
            match method(project, class, Sym::new("__djperf__")) {
                Some(func) => played(engine, func, vec![object(class, Vec::new())], name).0,
                None => Vec::new(),
            }
        }
        Root::Admin(admin, model, site) => {
            let class = Value::new(Kind::Class(project.model(model).class));
            let this = object(admin, vec![(Sym::new("model"), class)]);
            match method(project, admin, Sym::new("__djperf_site__")) {
                Some(func) => played(engine, func, vec![this], site).0,
                None => Vec::new(),
            }
        }
        Root::Attribute(class, at) => {
            let mut frame = Frame::new(engine, module(project.class(class).file), MAX_CALLS);
            engine.class_value(&mut frame, class, at);
            frame.watched
        }
    }
}

/// Code that leads to the place, so many calls away.
#[derive(Default)]
struct Wave {
    roots: Vec<Root>,
    functions: BTreeSet<FuncId>,
    classes: BTreeSet<ClassId>,
    templates: BTreeSet<FileId>,
    /// All of them in this wave and those before.
    seen: FxHashSet<Unit>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Function(FuncId),
    Class(ClassId),
    Template(FileId),
}

impl Wave {
    fn of(project: &Project, analysis: &Analysis, pointed: &Pointed) -> Self {
        let mut wave = Self::default();
        match pointed.code {
            Code::Function(func) => wave.function(project, func),
            Code::Attribute(class, at) => {
                wave.roots.push(Root::Attribute(class, at));
                wave.class(project, class);
            }
            Code::Template(file) => {
                wave.template(file);
                return wave.next(project, analysis);
            }
        }
        wave
    }

    fn function(&mut self, project: &Project, func: FuncId) {
        if !self.seen.insert(Unit::Function(func)) {
            return;
        }
        let (file, _) = project.func(func);
        if project.file(file).part != Part::Source && project.file(file).part != Part::Command {
            return;
        }
        self.functions.insert(func);
        let routine = project.routine(func);
        // What a function inside another holds is told by running the outer one.
        let mut outer = func;
        while let Some(parent) = project.routine(outer).parent
            && parent != FuncIdx(0)
        {
            outer = project.func_id(file, parent);
        }
        self.roots.push(Root::Function(outer));
        if outer != func {
            self.roots.push(Root::Function(func));
        }
        let class = routine.class.or_else(|| project.routine(outer).class);
        if let Some(class) = class {
            self.class(project, project.class_id(file, class));
        }
    }

    /// A class, with those that derive from it.
    fn class(&mut self, project: &Project, class: ClassId) {
        let file = project.class(class).file;
        let mut users: Vec<ClassId> = project
            .class_ids()
            .filter(|other| *other == class || project.is_subclass(*other, class))
            .filter(|other| project.file(project.class(*other).file).part == Part::Source)
            .collect();
        users.sort_by_key(|other| (*other != class, project.class(*other).file != file, *other));
        users.truncate(MOST_USERS);
        for other in users {
            if !self.seen.insert(Unit::Class(other)) {
                continue;
            }
            self.classes.insert(other);
            if method(project, other, Sym::new("__djperf__")).is_some() {
                self.roots.push(Root::Class(other));
            }
            if method(project, other, Sym::new("__djperf_site__")).is_some() {
                let files = project
                    .file_ids()
                    .filter(|f| project.file(*f).part == Part::Source);
                let registered = files.flat_map(|file| entries::registered_in(project, file));
                let own = registered.filter(|(admin, _, _)| *admin == other);
                self.roots
                    .extend(own.map(|(admin, model, site)| Root::Admin(admin, model, site)));
            }
        }
    }

    fn template(&mut self, file: FileId) {
        if self.seen.insert(Unit::Template(file)) {
            self.templates.insert(file);
        }
    }

    fn at(&mut self, project: &Project, site: Site) {
        if project.is_template(site) {
            self.template(site.file);
            return;
        }
        let facts = &project.file(site.file).facts;
        let inner = facts
            .functions
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, routine)| routine.span.contains(site.span))
            .min_by_key(|(_, routine)| routine.span.end - routine.span.start);
        match inner {
            Some((idx, _)) => self.function(project, project.func_id(site.file, FuncIdx(idx as u32))),
            None => {
                if let Some(class) = project.class_around(site) {
                    self.class(project, class);
                }
            }
        }
    }

    /// Who uses the code of this wave.
    fn next(self, project: &Project, analysis: &Analysis) -> Self {
        let mut next = Self {
            seen: self.seen,
            ..Self::default()
        };
        for file in &self.templates {
            for child in extending(project, *file) {
                next.template(child);
            }
            for site in analysis.rendered.get(file).into_iter().flatten() {
                next.at(project, *site);
            }
        }
        // Templates that only hold others cost nothing to go through.
        while next.roots.is_empty() && !next.templates.is_empty() {
            for file in std::mem::take(&mut next.templates) {
                for child in extending(project, file) {
                    next.template(child);
                }
                for site in analysis.rendered.get(&file).into_iter().flatten() {
                    next.at(project, *site);
                }
            }
        }
        let names = names(project, &self.functions, &self.classes);
        if !names.is_empty() {
            for unit in mentioning(project, &names) {
                match unit {
                    Unit::Function(func) => next.function(project, func),
                    Unit::Class(class) => next.class(project, class),
                    Unit::Template(file) => next.template(file),
                }
            }
        }
        next
    }
}

/// Templates that extend one.
fn extending(project: &Project, parent: FileId) -> Vec<FileId> {
    let named = |file: &FileId| {
        let template = project.file(*file).facts.template.as_ref();
        let name = template.and_then(|t| t.extends);
        name.is_some_and(|name| project.extended_template(name.as_str(), *file) == Some(parent))
    };
    project.file_ids().filter(named).take(MOST_USERS).collect()
}

/// The names under which code is used. What frameworks call by names of their own is used by its class.
fn names(project: &Project, functions: &BTreeSet<FuncId>, classes: &BTreeSet<ClassId>) -> FxHashSet<Sym> {
    let mut names: FxHashSet<Sym> = classes
        .iter()
        .map(|class| project.class_facts(*class).name)
        .collect();
    for func in functions {
        let routine = project.routine(*func);
        let (file, _) = project.func(*func);
        let of_framework = routine.class.is_some_and(|class| {
            let class = project.class_id(file, class);
            let bases = project.class(class).mro.iter().skip(1);
            bases.into_iter().any(|base| match base {
                crate::project::ClassRef::Known(id) => {
                    project.is_stub(project.class(*id).file)
                        && project.class(*id).members.contains_key(&routine.name)
                }
                crate::project::ClassRef::External(_) => false,
            })
        });
        let name = routine.name.as_str();
        if !of_framework && !name.starts_with("__") && !name.starts_with('<') {
            names.insert(routine.name);
        }
    }
    names
}

/// Code of the project that mentions one of some names, in the order of files.
fn mentioning(project: &Project, names: &FxHashSet<Sym>) -> Vec<Unit> {
    let files: Vec<FileId> = project
        .file_ids()
        .filter(|file| {
            matches!(
                project.file(*file).part,
                Part::Source | Part::Command | Part::Template
            )
        })
        .collect();
    let found: Vec<Vec<Unit>> = files
        .par_iter()
        .map(|file| mentions_in(project, *file, names))
        .collect();
    found.into_iter().flatten().take(MOST_USERS * 2).collect()
}

fn mentions_in(project: &Project, file: FileId, names: &FxHashSet<Sym>) -> Vec<Unit> {
    let facts = &project.file(file).facts;
    let template = project.file(file).part == Part::Template;
    let mentions = |body: &[Stmt]| {
        let mut found = false;
        for stmt in body {
            walk::expressions(stmt, &mut |e| found |= is_named(&e.kind, names));
            if found {
                break;
            }
        }
        found
    };
    if template {
        let blocks = project.blocks(file).iter().any(|block| mentions(&block.body));
        let body = facts
            .functions
            .first()
            .is_some_and(|routine| mentions(&routine.body));
        return if blocks || body {
            vec![Unit::Template(file)]
        } else {
            Vec::new()
        };
    }
    let mut found = Vec::new();
    for (idx, routine) in facts.functions.iter().enumerate().skip(1) {
        if mentions(&routine.body) {
            found.push(Unit::Function(project.func_id(file, FuncIdx(idx as u32))));
        }
    }
    for (idx, class) in facts.classes.iter().enumerate() {
        let mut named = false;
        for value in class.assigns.iter().filter_map(|assign| assign.value.as_deref()) {
            walk::expression(value, &mut |e| named |= is_named(&e.kind, names));
        }
        if named {
            found.push(Unit::Class(project.class_id(file, ClassIdx(idx as u32))));
        }
    }
    found
}

fn is_named(kind: &ExprKind, names: &FxHashSet<Sym>) -> bool {
    match kind {
        ExprKind::Name(name) => names.contains(name),
        ExprKind::Attr(attr) => names.contains(&attr.name),
        ExprKind::Lookup(lookup) => names.contains(&lookup.name),
        _ => false,
    }
}
