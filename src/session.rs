//! One run from paths to findings: the only place that walks all rooms in order.
//!
//! It reads and writes files through `discover`; it prints nothing and decides no exit code.

mod adding;
mod answered;
mod cache;
mod change;
mod fixing;
pub mod insight;
mod known;
mod live;
mod packages;
mod reader;
mod settings;
mod shortlist;
mod sifted;
mod spare;
mod view;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::analysis::{self, Options};
use crate::config::{Config, ConfigError, Nested};
use crate::discover::git::GitError;
use crate::discover::{self, DiscoverError, DiscoverRequest, FileInfo, FileKind, Overlay, WriteError};
use crate::facts::FileFacts;
use crate::fix::{Desk, Trees};
use crate::project::hints::{Database, DjangoHints};
use crate::project::modules::ModuleIndex;
use crate::project::{self, LinkInput, Part, Project, templates};
use crate::report::diagnostic::Diagnostic;
use crate::report::graph::GraphView;
use crate::report::indexes::Shortlist;
use crate::report::settings::SettingsView;
use crate::rules::{self, Rule};
use crate::source::{FileId, Site, SourceSet};

use cache::{Cache, Mark, Run};
use reader::{Reader, Way};
use sifted::State;
use spare::Spare;

pub use adding::{Added, add_suppressions, suppressed};
pub use change::{Against, before};
pub use fixing::{Change, Fixed, Fixing, fix, fix_by, fix_new, write};
pub use known::{Before, Sieve, baselined};
pub use live::{Ahead, Held, Live, Stop};

/// What to analyse and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The directory djperf was started in; reported paths are relative to it.
    pub cwd: PathBuf,
    /// Files and directories to report on; the whole project around them is read.
    pub paths: Vec<PathBuf>,
    pub config: Config,
    /// Worker threads; `None` means all cores.
    pub threads: Option<usize>,
    /// Texts to analyse instead of what is on disk.
    pub overlay: Overlay,
}

/// How much of a kind of thing was understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub seen: u64,
    pub known: u64,
}

/// What the analysis understood, and why it did not understand the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// `relations`, `imports`, `querysets`, `loops_over_rows` …
    pub tallies: BTreeMap<&'static str, Tally>,
    /// Reason → how often.
    pub unknown: BTreeMap<String, u64>,
}

/// Everything a run found out.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sources: SourceSet,
    /// Sorted by path, position and rule; suppressed ones are left out.
    pub diagnostics: Vec<Diagnostic>,
    /// The same for the rest of the project, which was not asked for.
    pub elsewhere: Vec<Diagnostic>,
    /// One for each file of the project, by `FileId`; stubs and packages behind them have none.
    pub files: Vec<FileInfo>,
    /// The directories that hold the project.
    pub roots: Vec<PathBuf>,
    /// Number of findings that a comment suppressed.
    pub suppressed: usize,
    /// Files whose entry points did not have to run, as an earlier run has kept what they say.
    pub reused: usize,
    /// Findings that a [`Sieve`] moved to `elsewhere`: those of the baseline, and those older than the change.
    pub baselined: usize,
    pub unchanged: usize,
    /// For each entry of the baseline, how many are found no longer; empty without one.
    pub stale: Vec<usize>,
    pub python_files: usize,
    pub templates: usize,
    pub models: usize,
    pub coverage: Coverage,
    /// Phase → wall time.
    pub timings: Vec<(&'static str, Duration)>,
    /// What `reveal(x)` calls in the analysed code saw.
    pub reveals: Vec<(Site, String)>,
    /// Messages for stderr: files that could not be read, settings that were guessed …
    pub notes: Vec<String>,
}

/// Why there is no outcome. Each of these is exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("no such file or directory: {0}")]
    MissingPath(String),
    #[error("no Python files under {0}")]
    NothingToRead(String),
    #[error("no Django project found: {0}")]
    NoDjango(String),
    #[error("cannot start worker threads: {0}")]
    Threads(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Git(#[from] GitError),
}

impl SessionError {
    /// Whether the paths alone are to blame: nothing at them is what djperf reads.
    pub fn is_unmatched(&self) -> bool {
        matches!(
            self,
            Self::MissingPath(_) | Self::NothingToRead(_) | Self::NoDjango(_)
        )
    }
}

/// Runs the whole analysis.
pub fn check(request: &Request) -> Result<Outcome, SessionError> {
    run(request, &by_rules(request))
}

/// What the rules find.
fn by_rules(
    request: &Request,
) -> impl Fn(&Desk<'_, '_>, &SourceSet, &[&'static Rule]) -> Vec<Diagnostic> + Sync {
    |desk, sources, on| rules::collect(desk.project, desk.analysis, sources, on, request.config.preview)
}

/// What is found in a linked project.
pub type Find<'a> = dyn Fn(&Desk<'_, '_>, &SourceSet) -> Vec<Diagnostic> + Sync + 'a;

/// As [`check`], with findings of the caller's own under the codes of rules.
#[doc(hidden)]
pub fn check_by(request: &Request, find: &Find<'_>) -> Result<Outcome, SessionError> {
    run(request, &|desk, sources, _| find(desk, sources))
}

/// As [`Find`], told which rules are on somewhere.
type FindOf<'a> = dyn Fn(&Desk<'_, '_>, &SourceSet, &[&'static Rule]) -> Vec<Diagnostic> + Sync + 'a;

fn run(request: &Request, find: &FindOf<'_>) -> Result<Outcome, SessionError> {
    request.config.resolve_rules()?;
    in_pool(request.threads.or(request.config.threads), || {
        let mut clock = Clock::default();
        let loaded = load(request, &mut clock)?;
        let Loaded {
            project,
            sources,
            infos,
            roots,
            notes,
            cache,
            ..
        } = loaded;
        let options = Options {
            tests: request.config.include_tests,
            migrations: request.config.include_migrations,
        };
        let mut reused = 0;
        let (analysis, leave) = match cache {
            Some((cache, marks)) => {
                let run = Run::of(&project, marks, options);
                let known = cache.recall(&run);
                clock.lap("recall");
                reused = known.kept.files();
                let (analysis, kept) =
                    analysis::analyse_again(&project, options, known.kept, known.stale.as_ref());
                let on_disk = request.overlay.is_empty() && request.overlay.absent.is_empty();
                let leave = kept.filter(|_| !known.same && on_disk);
                (analysis, leave.map(|kept| (cache, run, kept)))
            }
            None => (analysis::analyse(&project, options), None),
        };
        clock.lap("analyse");
        let trees = Trees::new(&sources);
        let desk = Desk {
            project: &project,
            analysis: &analysis,
            trees: &trees,
        };
        let nested = Nested::load(&request.config, infos.iter().map(|info| info.absolute.as_path()))?;
        let rules = nested.rules();
        let mut lost = None;
        // Rules keep one thread busy; what the next run can use is written beside them.
        let found = rayon::in_place_scope(|scope| {
            if let Some((cache, run, kept)) = leave {
                let (lost, project) = (&mut lost, &project);
                scope.spawn(move |_| *lost = cache.leave(run, project, kept).err());
            }
            find(&desk, &sources, &rules)
        });
        drop(trees);
        clock.lap("rules");
        let mut notes = notes;
        notes.extend(lost.map(|error| format!("nothing was kept for the next run: {error}")));
        let state = State {
            request,
            nested: &nested,
            project: &project,
            analysis: &analysis,
            sources: &sources,
            infos: &infos,
        };
        let mut outcome = state.outcome(found);
        outcome.notes.splice(0..0, notes);
        outcome.reused = reused;
        outcome.sources = sources;
        outcome.files = infos;
        outcome.roots = roots;
        clock.lap("report");
        outcome.timings = clock.laps;
        Ok(outcome)
    })
}

/// Links the project and tells its models and relations.
pub fn graph(request: &Request) -> Result<GraphView, SessionError> {
    in_pool(request.threads.or(request.config.threads), || {
        let loaded = load(request, &mut Clock::default())?;
        Ok(view::graph(&loaded.project, &loaded.sources))
    })
}

/// Tells which indexes the project's tables lack.
pub fn indexes(request: &Request) -> Result<Shortlist, SessionError> {
    in_pool(request.threads.or(request.config.threads), || {
        let loaded = load(request, &mut Clock::default())?;
        let analysis = analysis::analyse(&loaded.project, Options::default());
        Ok(shortlist::of(&loaded.project, &analysis, &loaded.sources))
    })
}

/// Tells what the project's settings modules hold.
pub fn settings(request: &Request) -> Result<SettingsView, SessionError> {
    in_pool(request.threads.or(request.config.threads), || {
        let loaded = load(request, &mut Clock::default())?;
        Ok(settings::of(&loaded.project, &loaded.sources))
    })
}

/// A linked project with its sources.
struct Loaded {
    project: Project,
    sources: SourceSet,
    infos: Vec<FileInfo>,
    roots: Vec<PathBuf>,
    notes: Vec<String>,
    /// How each file was read.
    ways: Vec<Way>,
    /// What the last run left, and the marks of all files for the next one.
    cache: Option<(Cache, Vec<Mark>)>,
}

#[derive(Default)]
struct Clock {
    since: Option<Instant>,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn lap(&mut self, phase: &'static str) {
        let now = Instant::now();
        if let Some(since) = self.since.replace(now) {
            self.laps.push((phase, now - since));
        }
    }
}

/// Deep expressions are walked by recursion.
const STACK: usize = 64 << 20;

fn in_pool<T: Send>(
    threads: Option<usize>,
    run: impl FnOnce() -> Result<T, SessionError> + Send,
) -> Result<T, SessionError> {
    pool(threads)?.install(run)
}

fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, SessionError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .stack_size(STACK)
        .build()
        .map_err(|error| SessionError::Threads(error.to_string()))
}

fn load(request: &Request, clock: &mut Clock) -> Result<Loaded, SessionError> {
    load_with(request, None, clock)
}

/// As [`load`], with facts of an earlier state of the project.
fn load_with(request: &Request, spare: Option<&Spare>, clock: &mut Clock) -> Result<Loaded, SessionError> {
    clock.lap("start");
    let wanted = DiscoverRequest {
        cwd: &request.cwd,
        paths: &request.paths,
        exclude: &request.config.exclude,
        overlay: &request.overlay,
    };
    let mut found = discover::discover(&wanted).map_err(|error| match error {
        DiscoverError::MissingPath(path) => SessionError::MissingPath(path),
        DiscoverError::NothingToRead { path, notes } if notes.is_empty() => SessionError::NothingToRead(path),
        DiscoverError::NothingToRead { path, notes } => {
            SessionError::NothingToRead(format!("{path} ({})", notes.join("; ")))
        }
    })?;
    clock.lap("read");
    let config = &request.config;
    let part = |info: &FileInfo| match info.kind {
        FileKind::Test => Part::Test,
        FileKind::Migration => Part::Migration,
        FileKind::Source if info.command => Part::Command,
        FileKind::Source => Part::Source,
        FileKind::Template => Part::Template,
    };
    // What this process has is as good as what an earlier one left.
    let place = config.cache.as_ref().filter(|_| spare.is_none());
    let cache = place.map(|place| {
        let (cache, note) = Cache::open(place, &found.roots);
        found.notes.extend(note);
        cache
    });
    let reader = match (spare, &cache) {
        (Some(spare), _) => Reader::Spare(spare),
        (None, Some(cache)) => Reader::Cached(cache),
        (None, None) => Reader::Fresh,
    };
    let mut ways: Vec<Way> = found
        .files
        .iter()
        .map(|info| match part(info) {
            Part::Test if !config.include_tests && !info.is_settings() => Way::Declarations,
            Part::Migration if !config.include_migrations => Way::Declarations,
            _ => Way::Python,
        })
        .collect();
    let (mut facts, mut marks): (Vec<FileFacts>, Vec<Mark>) = ways
        .par_iter()
        .enumerate()
        .map(|(i, way)| reader.read(*way, &found.sources.get(FileId(i as u32)).text))
        .unzip();
    clock.lap("parse");
    let mut index = ModuleIndex::new(&found.project_paths());
    let own = facts
        .iter()
        .enumerate()
        .filter(|(i, _)| !matches!(found.files[*i].kind, FileKind::Test | FileKind::Migration));
    let mut hints = DjangoHints::gather(
        own.map(|(i, f)| (FileId(i as u32), f)),
        &index,
        &found.settings_names,
    );
    hints.django_version = found.django_version;
    if hints.database.is_none() && found.asks_for(&Database::PostgreSql.packages()) {
        hints.database = Some(Database::PostgreSql);
    }
    if !hints.is_django {
        return Err(SessionError::NoDjango("no file imports django".into()));
    }
    for root in &hints.import_roots {
        index.add_root(root);
    }
    let python_files = facts.len();
    found.read_templates(|path| templates::accepts(path, &hints));
    if !found.files.iter().any(|info| info.in_scope) {
        let shown: Vec<String> = request.paths.iter().map(|p| p.display().to_string()).collect();
        return Err(SessionError::NothingToRead(shown.join(", ")));
    }
    ways.extend(found.files[python_files..].iter().map(|info| {
        let path = &info.project_path;
        Way::Template(
            templates::dialect(path, &hints),
            templates::other_dialect(path, &hints),
        )
    }));
    let (of_templates, more): (Vec<FileFacts>, Vec<Mark>) = ways[python_files..]
        .par_iter()
        .enumerate()
        .map(|(i, way)| {
            let id = FileId((python_files + i) as u32);
            reader.read(*way, &found.sources.get(id).text)
        })
        .unzip();
    facts.extend(of_templates);
    marks.extend(more);
    clock.lap("templates");
    let mut inputs: Vec<LinkInput> = facts
        .into_iter()
        .zip(&found.files)
        .map(|(facts, info)| LinkInput {
            path: info.project_path.clone(),
            part: part(info),
            facts,
            module: None,
        })
        .collect();
    let packages = packages::add(&mut found, &index, &mut inputs, reader);
    ways.resize(inputs.len(), Way::Python);
    marks.extend(packages);
    known::name_scopes(&mut found.sources, &inputs);
    let project = project::link(inputs, index, hints);
    clock.lap("link");
    if project
        .models()
        .iter()
        .all(|m| matches!(m.part, Part::Stub | Part::Package))
    {
        return Err(SessionError::NoDjango("no model class was found".into()));
    }
    Ok(Loaded {
        project,
        sources: found.sources,
        infos: found.files,
        roots: found.roots,
        notes: found.notes,
        ways,
        cache: cache.map(|cache| (cache, marks)),
    })
}
