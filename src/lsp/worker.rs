//! The thread that owns a project: brings it up to date while texts change, and answers what only it can tell.
//!
//! It knows paths, texts and stamps; nothing of the protocol.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, unbounded};

use super::settings::Settings;
use super::{Event, STACK, known};
use crate::config::{CachePlace, Config};
use crate::discover::Overlay;
use crate::report::known::Entry;
use crate::session::{self, Ahead, Held, Live, Outcome, Request, SessionError, Stop};

/// Nothing is analysed while keys follow each other faster than this.
const QUIET: Duration = Duration::from_millis(10);
/// But what was typed first does not wait longer than this.
const PATIENCE: Duration = Duration::from_millis(250);
/// What is found elsewhere is not looked for while somebody types.
const IDLE: Duration = Duration::from_millis(200);
/// Questions that may interrupt bringing a project up to date before it is done in one go.
const INTERRUPTIONS: u32 = 3;

/// Which state of things something is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamps {
    /// Rises with each state that a worker is told.
    pub serial: u64,
    /// Stamps of the texts of open documents.
    pub texts: BTreeMap<PathBuf, u64>,
}

/// What makes a request for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The directory that reported paths are relative to.
    pub cwd: PathBuf,
    pub paths: Vec<PathBuf>,
    /// The folder of the editor that its settings are relative to.
    pub folder: PathBuf,
    pub settings: Settings,
    pub cache: Option<CachePlace>,
}

/// The state of things as the editor sees them.
#[derive(Debug)]
pub(super) struct State {
    pub overlay: Overlay,
    pub stamps: Stamps,
    /// Documents that were edited since the last state.
    pub edited: Vec<PathBuf>,
    /// Files themselves may have changed, come or gone.
    pub on_disk: bool,
    /// What was found to be no Django project may be one now.
    pub hope: bool,
    /// Settings may be others, in files too.
    pub settings: bool,
    pub recipe: Recipe,
}

/// A question for whoever holds the project, which is told with the stamps that it is up to date with; none while there
/// is none. It sends its answer itself.
/// The stop tells that texts are others by now.
pub(super) type Ask = Box<dyn FnOnce(Option<(&Held<'_>, &Stamps)>, &Stop) + Send>;

enum Task {
    State(Box<State>),
    Ask(Ask),
}

/// What a worker tells.
pub(super) enum Told {
    /// It reads the project as a whole.
    Opening,
    /// Early findings of one document.
    Ahead(PathBuf, u64, Ahead),
    /// Everything is up to date with the texts of these stamps. Findings that are known already are marked.
    Settled(Arc<Outcome>, Vec<bool>, Stamps),
    /// There is no Django project.
    Nothing(String, Stamps),
    /// There was one, and is none in these texts.
    Empty(String, Stamps),
    /// It could not be brought up to date; what was found before stands.
    Kept(String, Stamps),
    /// Something that somebody has to put right.
    Wrong(Vec<String>),
    /// A bug.
    Broken(String, Stamps),
}

/// The way to a worker. It ends when this is dropped.
pub(super) struct Worker {
    pub number: u64,
    tasks: Sender<Task>,
    running: Arc<Mutex<Stop>>,
    /// For what is under way to answer a question.
    answering: Arc<Mutex<Stop>>,
}

impl Worker {
    /// Starts the worker of the project at `root`, which has nothing to do yet. Its number is that of no other worker.
    pub fn start(root: PathBuf, number: u64, recipe: Recipe, events: Sender<Event>) -> std::io::Result<Self> {
        let (tasks, queue) = unbounded();
        let running = Arc::new(Mutex::new(Stop::default()));
        let answering = Arc::new(Mutex::new(Stop::default()));
        let desk = Desk {
            root,
            number,
            recipe,
            events,
            queue,
            running: Arc::clone(&running),
            answering: Arc::clone(&answering),
            live: None,
            opened: None,
            overlay: Overlay::default(),
            stamps: Stamps::default(),
            settled: Stamps::default(),
            edited: BTreeSet::new(),
            asks: VecDeque::new(),
            on_disk: false,
            reopen: true,
            hopeless: false,
            pending: None,
            interrupted: 0,
            torn: false,
        };
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || desk.work())?;
        Ok(Self {
            number,
            tasks,
            running,
            answering,
        })
    }

    pub fn change(&self, state: State) {
        self.answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask();
        self.give(Task::State(Box::new(state)));
    }

    pub fn ask(&self, ask: Ask) {
        self.give(Task::Ask(ask));
    }

    fn give(&self, task: Task) {
        // The worker looks for tasks after it has put its stop here, so that one of the two is seen.
        if self.tasks.send(task).is_ok() {
            self.running.lock().unwrap_or_else(PoisonError::into_inner).ask();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).ask();
    }
}

/// What lies before the worker.
struct Desk {
    root: PathBuf,
    number: u64,
    recipe: Recipe,
    events: Sender<Event>,
    queue: Receiver<Task>,
    running: Arc<Mutex<Stop>>,
    /// For what is under way to answer a question.
    answering: Arc<Mutex<Stop>>,
    live: Option<Live>,
    /// The settings that it was opened with.
    opened: Option<Config>,
    overlay: Overlay,
    stamps: Stamps,
    /// Those of the last findings.
    settled: Stamps,
    edited: BTreeSet<PathBuf>,
    asks: VecDeque<Ask>,
    on_disk: bool,
    reopen: bool,
    /// It is no Django project.
    hopeless: bool,
    /// Since when there is something to bring up to date.
    pending: Option<Instant>,
    interrupted: u32,
    /// The project is ahead of what was found in it, or it was stopped halfway: they do not fit together.
    torn: bool,
}

impl Desk {
    fn work(mut self) {
        while self.listen() {
            while !self.torn
                && let Some(ask) = self.asks.pop_front()
            {
                self.answer(ask);
            }
            if self.pending.is_some() && self.is_quiet() {
                self.bring();
            }
        }
    }

    /// Waits for tasks, for as long as that makes sense. False when nobody is there any more.
    fn listen(&mut self) -> bool {
        let first = match self.pending {
            None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => {
                let left = PATIENCE.saturating_sub(since.elapsed());
                self.queue.recv_timeout(QUIET.min(left))
            }
        };
        match first {
            Ok(task) => self.take(task),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        while let Ok(task) = self.queue.try_recv() {
            self.take(task);
        }
        true
    }

    /// Whether it is time to go to work: no edit came in while it waited, or the first one is old.
    fn is_quiet(&self) -> bool {
        let patient = self.pending.is_some_and(|since| since.elapsed() < PATIENCE);
        self.queue.is_empty() || !patient
    }

    fn take(&mut self, task: Task) {
        match task {
            Task::Ask(ask) => self.asks.push_back(ask),
            Task::State(state) => {
                let State {
                    overlay,
                    stamps,
                    edited,
                    on_disk,
                    hope,
                    settings,
                    recipe,
                } = *state;
                self.reopen |= settings || self.recipe != recipe;
                self.recipe = recipe;
                self.overlay = overlay;
                self.stamps = stamps;
                // Edits may always interrupt: early findings follow.
                self.interrupted = 0;
                self.edited.extend(edited);
                self.on_disk |= on_disk;
                self.hopeless &= !(hope || settings);
                self.pending.get_or_insert_with(Instant::now);
            }
        }
    }

    fn answer(&mut self, ask: Ask) {
        let stamps = &self.settled;
        let held = self.live.as_ref().and_then(Live::held);
        let stop = Stop::default();
        *self.answering.lock().unwrap_or_else(PoisonError::into_inner) = stop.clone();
        // What came in before the stop was there has to count as well.
        if !self.queue.is_empty() {
            stop.ask();
        }
        let answered = guard(|| ask(held.as_ref().map(|held| (held, stamps)), &stop));
        if let Err(message) = answered {
            self.tell(Told::Wrong(vec![format!(
                "internal error: {message}; please report it"
            )]));
        }
    }

    fn tell(&self, told: Told) {
        // Whoever does not listen any more does not miss it.
        let _ = self
            .events
            .send(Event::Told(self.root.clone(), self.number, told));
    }

    /// Early findings first, then all of them; gives up as soon as there is something else to do.
    fn bring(&mut self) {
        match guard(|| self.try_bring()) {
            Ok(()) => {}
            Err(message) => {
                self.live = None;
                self.torn = false;
                self.reopen = true;
                self.pending = None;
                self.tell(Told::Broken(message, self.stamps.clone()));
            }
        }
    }

    fn try_bring(&mut self) {
        if self.hopeless {
            self.edited.clear();
            self.pending = None;
            return self.tell(Told::Nothing(String::new(), self.stamps.clone()));
        }
        if self.reopen || self.live.is_none() {
            return self.open();
        }
        let Some(live) = &mut self.live else { return };
        live.change(self.overlay.clone(), std::mem::take(&mut self.on_disk));
        let mut early = false;
        while let Some(path) = self.edited.pop_first() {
            let Some(stamp) = self.stamps.texts.get(&path).copied() else {
                continue;
            };
            let Some(live) = &mut self.live else { return };
            if let Some(mut ahead) = live.ahead(&path) {
                self.torn = true;
                known::take_out(&self.known(), &mut ahead);
                self.tell(Told::Ahead(path, stamp, ahead));
                early = true;
            }
            if !self.queue.is_empty() {
                return;
            }
        }
        if early && self.is_busy(IDLE) {
            return;
        }
        let stop = Stop::default();
        if self.interrupted < INTERRUPTIONS {
            *self.running.lock().unwrap_or_else(PoisonError::into_inner) = stop.clone();
            if !self.queue.is_empty() {
                return;
            }
        }
        let Some(live) = &mut self.live else { return };
        let settled = live.settle(&stop);
        self.torn = matches!(settled, Ok(false));
        if self.torn {
            self.interrupted += 1;
            return;
        }
        self.interrupted = 0;
        self.pending = None;
        match settled {
            Ok(_) => {
                let outcome = Arc::clone(live.outcome());
                self.settle(outcome);
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Whether there is something else to do within a time.
    fn is_busy(&self, within: Duration) -> bool {
        let mut select = Select::new();
        select.recv(&self.queue);
        select.ready_timeout(within).is_ok()
    }

    fn open(&mut self) {
        let Recipe {
            cwd,
            paths,
            folder,
            settings,
            cache,
        } = &self.recipe;
        let (config, wrong) = settings.config(paths, folder, cache.as_ref());
        if !wrong.is_empty() {
            self.tell(Told::Wrong(wrong));
        }
        self.reopen = false;
        if self.live.is_some() && self.opened.as_ref() == Some(&config) {
            // Settings of directories further down are read again with everything else.
            self.on_disk = true;
            return;
        }
        self.tell(Told::Opening);
        self.on_disk = false;
        self.edited.clear();
        let request = Request {
            cwd: cwd.clone(),
            paths: paths.clone(),
            threads: config.threads,
            config: config.clone(),
            overlay: self.overlay.clone(),
        };
        self.pending = None;
        self.opened = Some(config);
        // Two projects in memory are one too many.
        self.live = None;
        self.torn = false;
        match Live::open(request) {
            Ok(live) => {
                let outcome = Arc::clone(live.outcome());
                self.live = Some(live);
                self.settle(outcome);
            }
            Err(error) => {
                self.hopeless = error.is_unmatched();
                self.fail(&error);
            }
        }
    }

    fn settle(&mut self, outcome: Arc<Outcome>) {
        self.settled = self.stamps.clone();
        let entries = self.known();
        let known = match entries[..] {
            [] => Vec::new(),
            _ => session::baselined(&outcome, &entries),
        };
        self.tell(Told::Settled(outcome, known, self.stamps.clone()));
    }

    /// The entries of the project's baseline, if it has one.
    fn known(&self) -> Vec<Entry> {
        let file = self.opened.as_ref().and_then(|config| config.baseline.as_ref());
        let entries = file.map(|file| known::entries(file, &self.recipe.cwd));
        entries.unwrap_or(Ok(Vec::new())).unwrap_or_else(|reason| {
            self.tell(Told::Wrong(vec![reason]));
            Vec::new()
        })
    }

    fn fail(&self, error: &SessionError) {
        let stamps = self.stamps.clone();
        self.tell(if error.is_unmatched() {
            let reason = error.to_string();
            if self.live.is_some() {
                Told::Empty(reason, stamps)
            } else {
                Told::Nothing(reason, stamps)
            }
        } else {
            Told::Kept(error.to_string(), stamps)
        });
    }
}

/// Runs what may panic; the message if it did.
pub(super) fn guard<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| said(&*payload))
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "unknown panic".to_owned())
}
