//! What each computation of the engine said, what it read and which others it asked.
//!
//! Computations are pure, so what one said holds as long as the files that it and those it asked have read say the
//! same. Places count as read: whatever names a place in a file has to [`read`] it. Declarations are not traced;
//! when they change, everything is worked out anew.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use serde::{Deserialize, Serialize};

use crate::ir::FuncIdx;
use crate::project::{ClassId, FuncId, Project};
use crate::source::{FileId, Site, Sym};

use super::caches::CacheFact;
use super::compiled::Compiled;
use super::entries::PerRequest;
use super::event::{Eval, Load};
use super::uses::Use;
use super::{Analysis, Counts, judge};

/// One thing that a computation said. Said twice, it counts once.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Noted {
    /// With the function whose analysis found it, as with the next two.
    Load(Box<(Load, FuncId)>),
    Eval(Box<(Eval, FuncId)>),
    /// An evaluation outside of loops, by an entry point.
    Run(Box<(Eval, FuncId)>),
    Use(Box<Use>),
    Cache(Box<CacheFact>),
    Compiled(Box<Compiled>),
    /// All queries of one middleware.
    PerRequest(Box<Vec<PerRequest>>),
    /// A loop: whether what it runs over is understood, and is rows.
    Loop {
        site: Site,
        typed: bool,
        rows: bool,
    },
    ChangingLoop(Site),
    ChangingFunction(FuncId),
    /// A call of something outside of the project.
    Outside(Sym, Site),
    /// A template is rendered with a context, by what stands there.
    Rendered(FileId, Site),
    /// A template is rendered whose name or file is not known.
    RenderUnknown(Site),
    /// An output field of a serializer is read, and understood or not.
    Field(Site, bool),
    /// A view class was played, and the queryset it fetches is known or not.
    View(ClassId, bool),
    /// An expression of a template calls a property or method.
    Called(Site, FuncId),
    /// A property that keeps its answer is read.
    Kept(Site),
    /// What `reveal(x)` saw.
    Reveal(Site, Box<str>),
}

impl Noted {
    /// Rules about places in one file ask for it: of loads and evaluations those that lead through the file, and nothing
    /// that is said about tables, caches and coverage.
    pub(super) fn is_about(&self, file: FileId) -> bool {
        match self {
            Self::Load(load) => load.0.leads_through(file),
            Self::Eval(eval) | Self::Run(eval) => eval.0.leads_through(file),
            Self::ChangingLoop(_) | Self::ChangingFunction(_) | Self::Rendered(..) => true,
            _ => false,
        }
    }
}

/// What of a file a computation has used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Piece {
    /// Names and places of what the file declares, and the code of its module and classes.
    Declarations,
    /// The body of a function that stands in no other one, with all that stands in it.
    Body(FuncIdx),
    Whole,
}

/// What of which file.
pub(super) type Read = (FileId, Piece);

/// One computation that is done.
#[derive(Debug, Default)]
pub struct Node {
    /// What it has used itself; sorted.
    reads: Box<[Read]>,
    asked: Box<[Arc<Node>]>,
    noted: Box<[Noted]>,
    /// The last walk of each kind that came by, and what it found out.
    marks: [AtomicU32; 2],
}

/// A walk over computations and those they asked. Two at the same time may visit some twice.
#[derive(Debug)]
pub(super) struct Walk {
    number: u32,
    kind: usize,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self::of_kind(0)
    }

    /// One that others are told of later: only the next such walk makes it forgotten.
    pub(super) fn lasting() -> Self {
        Self::of_kind(1)
    }

    fn of_kind(kind: usize) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(1);
        let number = LAST.fetch_add(1, Ordering::Relaxed) << 1;
        Self { number, kind }
    }

    /// What the walk has found out about a computation, if it was there.
    pub(super) fn known(&self, node: &Node) -> Option<bool> {
        let mark = node.marks[self.kind].load(Ordering::Relaxed);
        (mark & !1 == self.number).then_some(mark & 1 == 1)
    }

    pub(super) fn know(&self, node: &Node, what: bool) {
        node.marks[self.kind].store(self.number | u32::from(what), Ordering::Relaxed);
    }
}

impl Node {
    /// It says nothing, and only another text of this file can change that.
    pub(super) fn is_silent(&self, file: FileId) -> bool {
        self.noted.is_empty() && self.asked.is_empty() && self.reads.iter().all(|(read, _)| *read == file)
    }

    pub(super) fn reads(&self) -> &[Read] {
        &self.reads
    }

    pub(super) fn asked(&self) -> &[Arc<Node>] {
        &self.asked
    }

    pub(super) fn noted(&self) -> &[Noted] {
        &self.noted
    }
}

#[derive(Default)]
struct Recording {
    reads: Vec<Read>,
    asked: Vec<Arc<Node>>,
    noted: Vec<Noted>,
}

thread_local! {
    /// Computations of this thread that are not done, innermost last.
    static OPEN: RefCell<Vec<Recording>> = const { RefCell::new(Vec::new()) };
}

/// Takes recordings back that a panic has left open.
struct Guard(usize);

impl Drop for Guard {
    fn drop(&mut self) {
        OPEN.with_borrow_mut(|open| open.truncate(self.0));
    }
}

/// Runs one computation; it asks no other by itself, see [`asked`].
pub(super) fn record<T>(run: impl FnOnce() -> T) -> (T, Arc<Node>) {
    let guard = Guard(OPEN.with_borrow_mut(|open| {
        open.push(Recording::default());
        open.len() - 1
    }));
    let result = run();
    let mut done = OPEN
        .with_borrow_mut(|open| open.drain(guard.0..).next())
        .unwrap_or_default();
    done.reads.sort_unstable();
    done.reads.dedup();
    done.asked.sort_unstable_by_key(Arc::as_ptr);
    done.asked.dedup_by(|a, b| Arc::ptr_eq(a, b));
    let node = Node {
        reads: done.reads.into(),
        asked: done.asked.into(),
        noted: done.noted.into(),
        marks: Default::default(),
    };
    (result, Arc::new(node))
}

fn recording(change: impl FnOnce(&mut Recording)) {
    OPEN.with_borrow_mut(|open| open.last_mut().map(change));
}

/// The running computation names places in a file outside of function bodies.
pub(super) fn read(file: FileId) {
    read_piece((file, Piece::Declarations));
}

/// The running computation uses any bodies of a file.
pub(super) fn read_whole(file: FileId) {
    read_piece((file, Piece::Whole));
}

/// The running computation follows the body of a function.
pub(super) fn read_body(project: &Project, func: FuncId) {
    let (file, idx) = project.func(func);
    let piece = match project.file(file).facts.outermost(idx) {
        FuncIdx(0) => Piece::Declarations,
        outer => Piece::Body(outer),
    };
    read_piece((file, piece));
}

fn read_piece(piece: Read) {
    recording(|open| {
        if open.reads.last() != Some(&piece) {
            open.reads.push(piece);
        }
    });
}

/// The running computation uses the answer of another.
pub(super) fn asked(node: &Arc<Node>) {
    recording(|open| {
        if open.asked.last().is_none_or(|last| !Arc::ptr_eq(last, node)) {
            open.asked.push(node.clone());
        }
    });
}

pub(super) fn note(what: Noted) {
    recording(|open| open.noted.push(what));
}

pub(super) fn note_all(what: impl IntoIterator<Item = Noted>) {
    recording(|open| open.noted.extend(what));
}

/// Everything that entry points and the computations below them have said, with what earlier ones have `kept`.
pub(super) fn gather<'n, 'k>(
    roots: impl Iterator<Item = &'n Arc<Node>>,
    kept: impl Iterator<Item = &'k Noted>,
) -> Analysis {
    let mut all = Gathered::default();
    kept.for_each(|noted| all.add(noted));
    each(roots, |node| node.noted.iter().for_each(|noted| all.add(noted)));
    all.sorted()
}

/// As [`gather`], only what [is about](Noted::is_about) a file; those in `ground` have `said` it already.
pub(super) fn gather_about<'n>(
    roots: impl Iterator<Item = &'n Arc<Node>>,
    file: FileId,
    ground: Option<&Walk>,
    said: &[Noted],
) -> Analysis {
    let mut all = Gathered::default();
    said.iter().for_each(|noted| all.add(noted));
    each_outside(roots, Walk::new(), ground, |node| {
        let about = node.noted.iter().filter(|noted| noted.is_about(file));
        about.for_each(|noted| all.add(noted));
    });
    all.sorted()
}

/// Visits computations and those they asked, each once; the walk knows which.
pub(super) fn each<'n>(roots: impl Iterator<Item = &'n Arc<Node>>, mut visit: impl FnMut(&'n Node)) -> Walk {
    each_outside(roots, Walk::new(), None, |node| visit(node))
}

/// The same with a walk of one's own, without what an earlier one has seen.
pub(super) fn each_outside<'n>(
    roots: impl Iterator<Item = &'n Arc<Node>>,
    walk: Walk,
    ground: Option<&Walk>,
    mut visit: impl FnMut(&'n Arc<Node>),
) -> Walk {
    let mut open: Vec<&Arc<Node>> = roots.collect();
    while let Some(node) = open.pop() {
        if walk.known(node).is_none() && ground.is_none_or(|ground| ground.known(node).is_none()) {
            walk.know(node, true);
            visit(node);
            open.extend(&node.asked);
        }
    }
    walk
}

/// What was said, by what it is about.
#[derive(Default)]
struct Gathered {
    analysis: Analysis,
    loops: FxHashMap<Site, (bool, bool)>,
    outside: FxHashSet<(Sym, Site)>,
    renders_unknown: FxHashSet<Site>,
    fields: FxHashMap<Site, bool>,
    views: FxHashMap<ClassId, bool>,
    uses: FxHashSet<Use>,
    caches: FxHashSet<CacheFact>,
    compiled: FxHashSet<Compiled>,
    called: FxHashSet<(Site, FuncId)>,
}

impl Gathered {
    fn add(&mut self, noted: &Noted) {
        let analysis = &mut self.analysis;
        match noted {
            Noted::Load(load) => analysis.loads.push((**load).clone()),
            Noted::Eval(eval) => analysis.evals.push((**eval).clone()),
            Noted::Run(run) => analysis.runs.push((**run).clone()),
            Noted::PerRequest(queries) => analysis.per_request.extend(queries.iter().cloned()),
            Noted::ChangingLoop(site) => {
                analysis.changing.loops.insert(*site);
            }
            Noted::ChangingFunction(func) => {
                analysis.changing.functions.insert(*func);
            }
            Noted::Rendered(file, site) => {
                analysis.rendered.entry(*file).or_default().insert(*site);
            }
            Noted::Kept(site) => {
                analysis.kept.insert(*site);
            }
            Noted::Reveal(site, text) => analysis.reveals.push((*site, text.to_string())),
            Noted::Use(one) => {
                if !self.uses.contains(&**one) {
                    self.uses.insert((**one).clone());
                }
            }
            Noted::Cache(fact) => {
                self.caches.insert((**fact).clone());
            }
            Noted::Compiled(one) => {
                self.compiled.insert((**one).clone());
            }
            Noted::Loop { site, typed, rows } => {
                let known = self.loops.entry(*site).or_default();
                *known = (known.0 | typed, known.1 | rows);
            }
            Noted::Outside(dotted, site) => {
                self.outside.insert((*dotted, *site));
            }
            Noted::RenderUnknown(site) => {
                self.renders_unknown.insert(*site);
            }
            Noted::Field(site, known) => *self.fields.entry(*site).or_default() |= known,
            Noted::View(class, known) => *self.views.entry(*class).or_default() |= known,
            Noted::Called(site, func) => {
                self.called.insert((*site, *func));
            }
        }
    }

    fn sorted(self) -> Analysis {
        let mut analysis = self.analysis;
        let mut outside: FxHashMap<Sym, u64> = FxHashMap::default();
        for (dotted, _) in &self.outside {
            *outside.entry(*dotted).or_default() += 1;
        }
        analysis.counts = Counts {
            loops: self.loops.len() as u64,
            loops_typed: self.loops.values().filter(|(typed, _)| *typed).count() as u64,
            loops_over_rows: self.loops.values().filter(|(_, rows)| *rows).count() as u64,
            outside,
            templates_rendered: analysis.rendered.len() as u64,
            renders_unknown: self.renders_unknown.len() as u64,
            serializer_fields: tally(self.fields.values()),
            view_querysets: tally(self.views.values()),
        };
        analysis.uses = self.uses.into_iter().collect();
        analysis.uses.par_sort();
        analysis.caches = self.caches.into_iter().collect();
        analysis.caches.sort();
        analysis.compiled = self.compiled.into_iter().collect();
        analysis.compiled.sort();
        analysis.per_request.sort_by_key(|query| query.callee);
        analysis.reveals.sort();
        analysis.reveals.dedup();
        let loads = &mut analysis.loads;
        loads.par_sort_by_cached_key(|(load, func)| judge::load_order(load, *func));
        loads.dedup();
        for evals in [&mut analysis.evals, &mut analysis.runs] {
            evals.par_sort_by_cached_key(|(eval, func)| judge::eval_order(eval, *func));
            evals.dedup();
        }
        for (site, func) in self.called {
            analysis.called.entry(site).or_default().push(func);
        }
        analysis
            .called
            .values_mut()
            .for_each(|funcs| funcs.sort_unstable());
        analysis
    }
}

/// How many there are, and how many of them are known.
fn tally<'a>(all: impl Iterator<Item = &'a bool>) -> (u64, u64) {
    all.fold((0, 0), |(seen, known), is_known| {
        (seen + 1, known + u64::from(*is_known))
    })
}
