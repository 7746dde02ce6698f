//! What the analysis has worked out, held while bodies of functions change.
//!
//! A memory is of one project. After a change that leaves all declarations as they are, [`Memory::forget`] drops what
//! rests on changed bodies, and [`Memory::advance`] works that out again; any other change needs a new memory.
//! What is known then equals what a fresh analysis would know.

mod ground;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::FileFacts;
use crate::ir::FuncIdx;
use crate::project::middleware::Callee;
use crate::project::{ClassId, FuncId, Part, Project};
use crate::source::FileId;

use super::summary::Memo;
use super::trace::{self, Node};
use super::value::Value;
use super::watch::Watch;
use super::{Analysis, Engine, Options, Variable, entries, forms_of_sets};
use ground::{Ground, Stale};

/// How a file differs from an earlier state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// By the bodies of these functions that stand in no other one, and of what stands in them.
    Bodies(FxHashSet<FuncIdx>),
    /// By places, or by what a template says; not by what it declares.
    Whole,
    /// By what it declares.
    Declarations,
}

impl Changed {
    /// The difference between two states of one file; none if it makes none for the analysis.
    pub fn between(old: &FileFacts, new: &FileFacts) -> Option<Self> {
        let forms = |facts: &FileFacts| {
            let forms = forms_of_sets(facts);
            crate::source::without_places(|| postcard::to_stdvec(&forms)).ok()
        };
        let (outline, of_sets) = (new.outline(), forms(new));
        let same =
            outline.is_some() && outline == old.outline() && of_sets.is_some() && of_sets == forms(old);
        if !same {
            return Some(Self::Declarations);
        }
        match (old.pieces(), new.pieces()) {
            (Some(old), Some(new)) if old.declarations == new.declarations => {
                let pairs = new.bodies.iter().zip(&old.bodies);
                let changed: FxHashSet<FuncIdx> = pairs
                    .filter(|(new, old)| new != old)
                    .map(|(new, _)| new.0)
                    .collect();
                // Whoever uses a class in a function reads it as a declaration.
                if changed.iter().any(|func| new.declaring.contains(func)) {
                    return Some(Self::Whole);
                }
                (!changed.is_empty()).then_some(Self::Bodies(changed))
            }
            _ => Some(Self::Whole),
        }
    }
}

/// What changed, by file.
pub type Changes = FxHashMap<FileId, Changed>;

/// Something that the analysis runs by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// A function, as nobody in particular calls it.
    Function(FuncId),
    /// A class that a framework calls.
    Class(ClassId),
    /// A function of an API.
    Operation(FuncId),
    Middleware(Callee),
    /// The admin classes that a file registers.
    Admin(FileId),
}

/// What has to run.
#[derive(Debug)]
enum Todo {
    All,
    Some {
        entries: FxHashSet<Entry>,
        /// All entry points of these files.
        files: FxHashSet<FileId>,
    },
}

/// Summaries, values of variables and what entry points have said.
pub struct Memory {
    pub(super) summaries: Memo,
    pub(super) values: Mutex<FxHashMap<Variable, (Value, Arc<Node>)>>,
    /// Form classes that sets of forms are made of.
    pub(super) formset_forms: OnceLock<super::forms::OfSets>,
    /// Entry points that have run, each with the file that it stands in. Those that say nothing and rest on their own
    /// file alone are left out.
    entries: Mutex<FxHashMap<Entry, (FileId, Arc<Node>)>>,
    /// Entry points that failed inside djperf when it last ran some, by name.
    failed: Vec<String>,
    todo: Todo,
    /// What edits that follow each other leave alone.
    ground: Option<Ground>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            summaries: Memo::default(),
            values: Mutex::default(),
            formset_forms: OnceLock::new(),
            entries: Mutex::default(),
            failed: Vec::new(),
            todo: Todo::All,
            ground: None,
        }
    }
}

/// Which entry points run, and for how long.
#[derive(Clone, Copy, Default)]
pub struct Scope<'s> {
    /// Those of some files only.
    pub files: Option<&'s FxHashSet<FileId>>,
    /// True when the rest may be left for later.
    pub stop: Option<&'s (dyn Fn() -> bool + Sync)>,
}

impl Scope<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop())
    }
}

impl Memory {
    /// Runs the entry points that have not run yet, or some of them. Returns whether everything in scope is known now.
    pub fn advance(&mut self, project: &Project, options: Options, scope: Scope<'_>) -> bool {
        let engine = Engine {
            known: std::mem::take(self),
            scope,
            ..Engine::new(project, Watch::Nothing)
        };
        let roots: Vec<FuncId> = (0..project.func_count())
            .map(FuncId)
            .filter(|id| {
                let (file, _) = project.func(*id);
                match project.file(file).part {
                    Part::Source | Part::Command | Part::Template => true,
                    Part::Test => options.tests,
                    Part::Migration => options.migrations,
                    Part::Stub | Part::Package => false,
                }
            })
            .collect();
        let mut failed: Vec<String> = roots
            .par_iter()
            .with_max_len(32)
            .filter_map(|id| {
                let ran = catch_unwind(AssertUnwindSafe(|| {
                    engine.enter(Entry::Function(*id), project.func(*id).0, || engine.root(*id));
                }));
                ran.err().map(|_| project.func_name(*id))
            })
            .collect();
        if catch_unwind(AssertUnwindSafe(|| entries::run(&engine))).is_err() {
            failed.push("admin change lists".into());
        }
        *self = engine.known;
        self.failed = failed;
        if scope.is_stopped() {
            return false;
        }
        // What failed is tried again.
        if scope.files.is_none() && self.failed.is_empty() {
            self.todo = Todo::Some {
                entries: FxHashSet::default(),
                files: FxHashSet::default(),
            };
        }
        true
    }

    /// Drops what rests on bodies that have changed. The project must have the same declarations as before.
    pub fn forget(&mut self, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        let ground = self.ground.take().filter(|ground| ground.is_beside(changes));
        let stale = Stale::new(changes, ground.as_ref());
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        let again: Vec<Entry> = entries
            .iter()
            .filter(|(_, (_, node))| stale.is(node))
            .map(|(entry, _)| *entry)
            .collect();
        for entry in &again {
            entries.remove(entry);
        }
        self.values
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, (_, node)| !stale.is(node));
        match &ground {
            Some(_) => self.summaries.retain_young(|node| !stale.is(node)),
            None => self.summaries.retain(|node| !stale.is(node)),
        }
        if let Todo::Some { entries, files } = &mut self.todo {
            entries.extend(again);
            files.extend(changes.keys());
        }
        self.ground = ground;
    }

    /// The same after a change in one file that others will follow: what does not rest on it is not looked at any more.
    pub fn follow(&mut self, file: FileId, changed: Changed) {
        let changes = Changes::from_iter([(file, changed)]);
        self.forget(&changes);
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.ground.is_none() {
            self.ground = Some(Ground::new(file, changes, entries.values().map(|(_, node)| node)));
            self.summaries.settle();
        }
    }

    /// How many entry points have to run again, as far as that is known.
    pub fn waiting(&self) -> Option<usize> {
        match &self.todo {
            Todo::All => None,
            Todo::Some { entries, .. } => Some(entries.len()),
        }
    }

    /// Drops summaries that nothing rests on any more, where they have become many.
    pub fn sweep(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        let reached = trace::each(entries.values().map(|(_, node)| node), |_| count += 1);
        if self.summaries.len() > 2 * count {
            self.summaries.retain(|node| reached.known(node).is_some());
        }
    }

    /// Everything that is known.
    pub fn analysis(&self) -> Analysis {
        self.analysis_with(std::iter::empty())
    }

    /// With what earlier runs have kept.
    pub(super) fn analysis_with<'n>(&self, kept: impl Iterator<Item = &'n trace::Noted>) -> Analysis {
        let roots = self.roots();
        let analysis = trace::gather(roots.iter().map(|(_, node)| node), kept);
        Analysis {
            failed: self.failed.clone(),
            ..analysis
        }
    }

    /// As [`analysis`](Self::analysis), only what rules about places in a file ask for.
    pub fn analysis_about(&self, file: FileId) -> Analysis {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let nodes = entries.values().map(|(_, node)| node);
        match self.ground.as_ref().filter(|ground| ground.file == file) {
            Some(ground) => trace::gather_about(nodes, file, Some(&ground.walk), &ground.said),
            None => trace::gather_about(nodes, file, None, &[]),
        }
    }

    /// What entry points have said, by the file that they stand in.
    pub(super) fn roots(&self) -> Vec<(FileId, Arc<Node>)> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.values().cloned().collect()
    }

    pub(super) fn failed(&self) -> &[String] {
        &self.failed
    }
}

impl Engine<'_> {
    /// Runs an entry point that stands in a file, unless it has run.
    pub(crate) fn enter(&self, entry: Entry, file: FileId, run: impl FnOnce()) {
        if self.scope.files.is_some_and(|files| !files.contains(&file)) || self.scope.is_stopped() {
            return;
        }
        let done = || {
            let entries = self.known.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.contains_key(&entry)
        };
        let wanted = match &self.known.todo {
            Todo::All => true,
            Todo::Some { entries, files } => entries.contains(&entry) || files.contains(&file),
        };
        if !wanted || done() {
            return;
        }
        let ((), node) = trace::record(|| {
            trace::read(file);
            run();
        });
        if node.is_silent(file) {
            return;
        }
        let mut entries = self.known.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(entry, (file, node));
    }
}
