//! The state of one running routine: variables, loops, branches, and what it reports.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use crate::project::{ClassId, FuncId, Project};
use crate::source::{FileId, Site, Span, Sym};

use super::Engine;
use super::caches::{self, OpenCacheUse};
use super::event::{Eval, Load};
use super::plan::Plan;
use super::trace::{self, Noted};
use super::uses::OpenUse;
use super::value::{Deps, Live, Row, Value};
use super::watch::{Gone, Watched};

/// What a loop runs over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    Rows,
    Unknown,
    /// A `while` loop: what it takes with `next()` is one of many; what else it repeats is not known.
    While,
    /// As many times as the code says, or once.
    Bounded,
}

#[derive(Debug)]
pub struct Loop {
    pub id: u16,
    pub site: Site,
    pub over: Over,
    /// Blocks around the current statement that leave the loop when they end.
    pub leaving: u32,
    /// Rows are changed somewhere in its body.
    pub writes: bool,
    /// Some iteration may be the last.
    pub exits: bool,
    /// Its body is more than one simple statement.
    pub busy: bool,
    /// It is over classes or functions.
    pub of_code: bool,
    /// Queries in its body that do not depend on it, to be judged when it ends.
    pub pending: Vec<Eval>,
    /// What it goes over; only where the run is asked to watch queries.
    pub gone: Option<Gone>,
}

impl Loop {
    /// The current statement runs once per iteration, and there may be many.
    pub fn repeats(&self) -> bool {
        matches!(self.over, Over::Rows | Over::Unknown) && self.leaving == 0
    }
}

/// One activation of a routine under given argument values.
pub struct Frame<'e, 'p> {
    pub engine: &'e Engine<'p>,
    pub project: &'p Project,
    pub func: FuncId,
    pub file: FileId,
    pub vars: FxHashMap<Sym, Value>,
    journal: Vec<Vec<(Sym, Option<Value>)>>,
    pub loops: Vec<Loop>,
    next_loop: u16,
    /// Calls that may still be followed.
    pub depth: u8,
    pub height: u8,
    pub cut: bool,
    pub returns: Option<Value>,
    /// Some branch returns what an unknown callable gives.
    pub returns_elsewhere: bool,
    pub yields: Option<Value>,
    pub loads: Vec<Load>,
    pub evals: Vec<Eval>,
    pub uses: Vec<OpenUse>,
    pub cache_uses: Vec<OpenCacheUse>,
    /// Reads of caches so far.
    pub cache_reads: Vec<caches::Read<'p>>,
    /// Evaluations of querysets so far, and among the arguments of the call that is being made.
    pub queries: u32,
    pub queries_in_arguments: u32,
    pub stores: Vec<(Sym, Value)>,
    pub writes: bool,
    /// Rows on which related rows were prefetched, and which.
    pub preloaded: Vec<(Row, Arc<Plan>)>,
    /// Arguments of `reveal(x)`.
    pub reveals: Vec<(Site, Value)>,
    /// The class whose body holds the routine, and the name of its first parameter.
    pub owner: Option<ClassId>,
    pub receiver: Option<Sym>,
    /// What the conditions around the current statement depend on.
    pub control: Deps,
    /// Conditions around the current statement.
    pub nesting: u32,
    /// Around the current expression are parts that do not run for each row.
    pub rare: u32,
    /// A branch before has already left the function.
    pub early_exit: bool,
    /// What is being rendered, in a template.
    pub rendering: super::template::Rendering,
    /// What a reader can change instead of library code: the project class that uses it.
    pub stand_in: Option<Site>,
    /// Where `stand_in` is while no declaration of the class is being read.
    pub home: Option<Site>,
    /// What it says besides events; lost where it only answers what a declaration holds.
    pub seen: Vec<Noted>,
    /// Some attribute of a variable was assigned, so variables may have dotted names.
    pub has_places: bool,
    /// What the run was asked to watch for, in the order in which it happens.
    pub watched: Vec<Watched>,
}

/// How a block of statements ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Flow {
    Next,
    /// `break`, `continue`, `return` or `raise`.
    Leave,
}

impl<'e, 'p> Frame<'e, 'p> {
    pub fn new(engine: &'e Engine<'p>, func: FuncId, depth: u8) -> Self {
        let project = engine.project;
        let (file, _) = project.func(func);
        trace::read_body(project, func);
        let routine = project.routine(func);
        let owner = routine.class.map(|idx| project.class_id(file, idx));
        Self {
            engine,
            project,
            func,
            file,
            vars: FxHashMap::default(),
            journal: Vec::new(),
            loops: Vec::new(),
            next_loop: 0,
            depth,
            height: 0,
            cut: false,
            returns: None,
            returns_elsewhere: false,
            yields: None,
            loads: Vec::new(),
            evals: Vec::new(),
            uses: Vec::new(),
            cache_uses: Vec::new(),
            cache_reads: Vec::new(),
            queries: 0,
            queries_in_arguments: 0,
            stores: Vec::new(),
            writes: false,
            preloaded: Vec::new(),
            reveals: Vec::new(),
            owner,
            receiver: routine.params.first().map(|p| p.name),
            control: Deps::NONE,
            nesting: 0,
            rare: 0,
            early_exit: false,
            rendering: super::template::Rendering::default(),
            stand_in: None,
            home: None,
            seen: Vec::new(),
            has_places: false,
            watched: Vec::new(),
        }
    }

    pub fn site(&self, span: Span) -> Site {
        match self.stand_in {
            Some(site) if self.is_stub() => site,
            _ => Site::new(self.file, span),
        }
    }

    /// The running code is built-in knowledge of a library, which no finding can point at.
    pub fn is_stub(&self) -> bool {
        self.project.is_stub(self.file)
    }

    pub fn set(&mut self, name: Sym, value: Value) {
        let old = self.vars.insert(name, value.bounded());
        if let Some(top) = self.journal.last_mut() {
            top.push((name, old));
        }
    }

    pub fn unset(&mut self, name: Sym) {
        let old = self.vars.remove(&name);
        if let Some(top) = self.journal.last_mut() {
            top.push((name, old));
        }
    }

    /// Runs one branch and takes its assignments back; returns them with how the branch ended.
    pub fn branch(&mut self, run: impl FnOnce(&mut Self) -> Flow) -> Branch {
        self.journal.push(Vec::new());
        self.nesting += 1;
        let flow = run(self);
        self.nesting -= 1;
        let log = self.journal.pop().unwrap_or_default();
        let mut changed: Vec<(Sym, Option<Value>)> = Vec::new();
        for (name, old) in log.into_iter().rev() {
            let new = match old {
                Some(old) => self.vars.insert(name, old),
                None => self.vars.remove(&name),
            };
            if !changed.iter().any(|(n, _)| *n == name) {
                changed.push((name, new));
            }
        }
        Branch { flow, changed }
    }

    /// What names hold after alternative branches; those that left the block do not count.
    pub fn merge(&mut self, branches: Vec<Branch>) -> Flow {
        let going: Vec<&Branch> = branches.iter().filter(|b| b.flow == Flow::Next).collect();
        if going.is_empty() {
            return Flow::Leave;
        }
        let mut names: Vec<Sym> = going
            .iter()
            .flat_map(|b| b.changed.iter().map(|(n, _)| *n))
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let before = self.vars.get(&name).cloned();
            let mut joined: Option<Value> = None;
            for branch in &going {
                let value = match branch.changed.iter().find(|(n, _)| *n == name) {
                    Some((_, new)) => new.clone(),
                    None => before.clone(),
                };
                if let Some(value) = value {
                    joined = Some(match joined {
                        Some(old) => old.join(value),
                        None => value,
                    });
                }
            }
            match joined {
                Some(value) => self.set(name, value),
                None => self.unset(name),
            }
        }
        Flow::Next
    }

    pub fn enter_loop(&mut self, site: Site, over: Over) -> u16 {
        let id = self.next_loop;
        self.next_loop += 1;
        self.loops.push(Loop {
            id,
            site,
            over,
            leaving: 0,
            writes: false,
            exits: false,
            busy: false,
            of_code: false,
            pending: Vec::new(),
            gone: None,
        });
        id
    }

    pub fn leave_loop(&mut self) {
        let Some(done) = self.loops.pop() else { return };
        if let Some(outer) = self.loops.last_mut() {
            outer.writes |= done.writes;
        }
        if done.writes {
            self.seen.push(Noted::ChangingLoop(done.site));
        }
        for mut eval in done.pending {
            if let Some(around) = &mut eval.around {
                around.writes = done.writes;
            }
            self.engine.report_eval(eval, self.func);
        }
    }

    /// Marks (`1`) or unmarks (`-1`) the current expression as one that does not run in each iteration.
    pub fn leave_all(&mut self, change: i32) {
        self.rare = self.rare.saturating_add_signed(change);
        for l in &mut self.loops {
            l.leaving = l.leaving.saturating_add_signed(change);
        }
    }

    pub fn active(&self, id: u16) -> Option<&Loop> {
        self.loops.iter().find(|l| l.id == id)
    }

    /// The loops, among those not bounded, that `deps` depends on.
    pub fn depends_on_loop(&self, deps: Deps) -> bool {
        self.loops
            .iter()
            .any(|l| l.repeats() && deps.meets(Deps::on_loop(l.id)))
    }

    pub fn note_write(&mut self) {
        self.watch_gap("rows are changed");
        self.writes = true;
        for l in &mut self.loops {
            l.writes = true;
        }
    }

    /// A row as an event sees it: repeated or not, at this very moment.
    pub fn resolve_lives(&self, row: &Row) -> Row {
        let mut row = row.clone();
        row.live = self.resolve_live(row.live);
        for step in &mut row.steps {
            step.live = self.resolve_live(step.live);
        }
        row
    }

    fn resolve_live(&self, live: Live) -> Live {
        match live {
            Live::Loop(id) => match self.active(id) {
                Some(l) if l.repeats() || (l.over == Over::While && l.leaving == 0) => Live::Many,
                _ => Live::Single,
            },
            other => other,
        }
    }

    /// The site of the innermost loop that makes a row repeated.
    pub fn loop_of(&self, row: &Row) -> Option<Site> {
        let lives = row.steps.iter().rev().map(|s| s.live).chain([row.live]);
        lives
            .filter_map(|live| match live {
                Live::Loop(id) => self.active(id).map(|l| l.site),
                _ => None,
            })
            .next()
    }

    pub fn conditional(&self) -> bool {
        self.nesting > 0 || self.early_exit
    }

    /// The variables a nested function sees.
    pub fn captured(&self) -> Option<Arc<[(Sym, Value)]>> {
        let mut seen: Vec<(Sym, Value)> = self
            .vars
            .iter()
            .filter(|(_, v)| v.interesting())
            .map(|(n, v)| (*n, v.clone()))
            .collect();
        if seen.is_empty() {
            return None;
        }
        seen.sort_by_key(|(name, _)| *name);
        Some(seen.into())
    }
}

/// What a branch assigned.
pub struct Branch {
    pub flow: Flow,
    changed: Vec<(Sym, Option<Value>)>,
}

impl Branch {
    /// Both this branch and `other` may have run: what `other` assigned counts where it is known.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (name, value) in other.changed {
            if !self.changed.iter().any(|(n, _)| *n == name) {
                self.changed.push((name, value));
            }
        }
        self
    }
}
