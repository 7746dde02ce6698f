//! Call summaries: what calling a function with such arguments does, computed once.
//!
//! A summary is a pure function of its key and of how many calls deep it may look; that makes
//! results independent of threads and order, and recursion ends by itself.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

use crate::project::FuncId;
use crate::source::{Site, Sym};

use super::caches::OpenCacheUse;
use super::event::{Eval, Load};
use super::plan::Plan;
use super::trace::Node;
use super::uses::OpenUse;
use super::value::{Row, Value};
use super::watch::Watched;

/// How many calls deep the engine follows a chain.
pub const MAX_CALLS: u8 = 8;

/// A function and the shape of its arguments, with rows and querysets replaced by slots.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    pub func: FuncId,
    pub args: Vec<Value>,
    pub captured: Option<Arc<[(Sym, Value)]>>,
    /// Module variables that are being worked out by this call: so much fewer may be below it.
    pub level: u8,
    /// What stands for library code that works for no project class of its own: its caller's.
    pub stand_in: Option<Site>,
}

/// What a call does, in terms of its arguments' slots.
#[derive(Clone, Debug)]
pub struct Summary {
    pub returns: Value,
    pub loads: Vec<Load>,
    pub evals: Vec<Eval>,
    pub uses: Vec<OpenUse>,
    pub caches: Vec<OpenCacheUse>,
    /// `self.name = value`.
    pub stores: Vec<(Sym, Value)>,
    pub writes: bool,
    /// Rows of arguments on which related rows were prefetched, and which.
    pub preloaded: Vec<(Row, Arc<Plan>)>,
    /// Levels of calls below it; `None` when the depth limit cut it.
    pub height: Option<u8>,
    /// What `reveal(x)` calls in the function itself saw; those in functions it calls are not in it.
    pub reveals: Vec<(Site, Value)>,
    /// What the run was asked to watch for, here and in the functions below.
    pub watched: Vec<Watched>,
}

impl Summary {
    /// What is said of a call that is not looked into.
    pub fn unseen() -> Self {
        Self {
            returns: Value::UNKNOWN,
            loads: Vec::new(),
            evals: Vec::new(),
            uses: Vec::new(),
            caches: Vec::new(),
            stores: Vec::new(),
            writes: false,
            preloaded: Vec::new(),
            height: None,
            reveals: Vec::new(),
            watched: Vec::new(),
        }
    }
}

/// A summary and how it came about.
type Known = (Arc<Summary>, Arc<Node>);

#[derive(Default)]
struct Entry {
    complete: Option<Known>,
    cut: Vec<(u8, Known)>,
}

const SHARDS: usize = 64;

impl Entry {
    /// Drops summaries by how they came about; false if none is left.
    fn keep(&mut self, keep: &mut impl FnMut(&Arc<Node>) -> bool) -> bool {
        if self.complete.as_ref().is_some_and(|(_, node)| !keep(node)) {
            self.complete = None;
        }
        self.cut.retain(|(_, (_, node))| keep(node));
        self.complete.is_some() || !self.cut.is_empty()
    }
}

/// All summaries of a run, shared by its threads.
pub struct Memo {
    shards: Vec<Mutex<FxHashMap<Key, Entry>>>,
    /// Summaries that came since [`Memo::settle`].
    young: Option<Mutex<Vec<Key>>>,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            young: None,
        }
    }
}

impl Memo {
    fn shard(&self, key: &Key) -> &Mutex<FxHashMap<Key, Entry>> {
        &self.shards[FxBuildHasher.hash_one(key) as usize >> 20 & (SHARDS - 1)]
    }

    /// The summary as seen with `depth` calls left.
    pub fn get(&self, key: &Key, depth: u8) -> Option<Known> {
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(key)?;
        if let Some(done) = &entry.complete
            && done.0.height.is_some_and(|h| h <= depth)
        {
            return Some(done.clone());
        }
        entry
            .cut
            .iter()
            .find(|(d, _)| *d == depth)
            .map(|(_, s)| s.clone())
    }

    /// How many summaries there are.
    pub fn len(&mut self) -> usize {
        let count = |entry: &Entry| usize::from(entry.complete.is_some()) + entry.cut.len();
        let shards = self.shards.iter_mut();
        shards
            .map(|shard| {
                let shard = shard.get_mut().unwrap_or_else(PoisonError::into_inner);
                shard.values().map(count).sum::<usize>()
            })
            .sum()
    }

    /// Drops summaries by how they came about.
    pub fn retain(&mut self, mut keep: impl FnMut(&Arc<Node>) -> bool) {
        for shard in &mut self.shards {
            let shard = shard.get_mut().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, entry| entry.keep(&mut keep));
        }
    }

    /// From now on, those that come are young.
    pub fn settle(&mut self) {
        self.young = Some(Mutex::default());
    }

    /// As [`retain`](Self::retain), of the young ones.
    pub fn retain_young(&mut self, mut keep: impl FnMut(&Arc<Node>) -> bool) {
        let mut young = match self.young.take() {
            Some(young) => young.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => return self.retain(keep),
        };
        young.retain(|key| {
            let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
            let left = shard.get_mut(key).is_some_and(|entry| entry.keep(&mut keep));
            if !left {
                shard.remove(key);
            }
            left
        });
        self.young = Some(Mutex::new(young));
    }

    pub fn put(&self, key: Key, depth: u8, summary: Arc<Summary>, node: Arc<Node>) {
        if let Some(young) = &self.young {
            let mut young = young.lock().unwrap_or_else(PoisonError::into_inner);
            young.push(key.clone());
        }
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.entry(key).or_default();
        if summary.height.is_some() {
            entry.complete = Some((summary, node));
        } else if entry.cut.iter().all(|(d, _)| *d != depth) {
            entry.cut.push((depth, (summary, node)));
        }
    }
}
