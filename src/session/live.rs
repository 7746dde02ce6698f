//! A project that is held while its files change: what an editor asks for, again and again.
//!
//! After [`Live::settle`] its findings are those that a fresh run over the same texts would have. [`Live::ahead`] tells
//! sooner what is found in one file, from what was known before and what its text says now.

mod carried;
mod padded;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::{Analysis, Changed, Changes, Memory, Options, Scope};
use crate::config::Nested;
use crate::discover::{FileInfo, Overlay};
use crate::facts::FileFacts;
use crate::project::Project;
use crate::report::diagnostic::Diagnostic;
use crate::rules::{self, Rule, syntax_error};
use crate::source::{FileId, SourceSet};

use super::reader::{Way, read};
use super::sifted::State;
use super::spare::Spare;
use super::{Clock, Loaded, Outcome, Request, SessionError, cache, known, load_with};
use padded::Padded;

/// Asks work that is under way to give up; others may hold a clone.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is known of a project after [`Live::settle`].
pub struct Held<'l> {
    pub project: &'l Project,
    pub analysis: &'l Analysis,
    /// The texts that places in `project` and `analysis` are in; they are not those of the editor, see
    /// [`inward`](Self::inward).
    pub sources: &'l SourceSet,
    pub outcome: &'l Outcome,
    texts: &'l FxHashMap<FileId, Padded>,
}

impl Held<'_> {
    /// Where a byte offset of an editor's text is in `sources`.
    pub fn inward(&self, file: FileId, offset: u32) -> u32 {
        self.texts.get(&file).map_or(offset, |text| text.inward(offset))
    }

    /// Where a byte offset in `sources` is in the editor's text.
    pub fn outward(&self, file: FileId, offset: u32) -> u32 {
        self.texts.get(&file).map_or(offset, |text| text.outward(offset))
    }
}

/// What is known of one file before the rest of the project is up to date.
pub struct Ahead {
    /// The texts that places of these findings are in.
    pub sources: SourceSet,
    pub diagnostics: Vec<Diagnostic>,
}

/// A project and what was found in it.
pub struct Live {
    /// With the editor's texts.
    request: Request,
    pool: rayon::ThreadPool,
    /// Texts of the editor that are files of the project, as they are analysed.
    texts: FxHashMap<PathBuf, Padded>,
    known: Option<Known>,
    /// What all rules have found, before settings and comments count; kept at the places of the current texts.
    found: Vec<Diagnostic>,
    analysis: Analysis,
    outcome: Arc<Outcome>,
    settled: bool,
}

/// A project as it was read, and what is known of it.
struct Known {
    project: Project,
    sources: SourceSet,
    infos: Vec<FileInfo>,
    roots: Vec<PathBuf>,
    notes: Vec<String>,
    ways: Vec<Way>,
    files: FxHashMap<PathBuf, FileId>,
    texts: FxHashMap<FileId, Padded>,
    nested: Nested,
    /// See [`cache::stamp`].
    stamp: [u8; 32],
    memory: Memory,
}

/// What is still of use of the last state of a project.
struct Before {
    sources: SourceSet,
    infos: Vec<FileInfo>,
    ways: Vec<Way>,
    texts: FxHashMap<FileId, Padded>,
    stamp: [u8; 32],
    memory: Memory,
}

/// So many entry points can run before an editor's user waits.
const FEW: usize = 200;

/// The rule about texts that are no Python.
const SYNTAX: &str = "DJP901";

impl Live {
    /// Reads and analyses a project for the first time.
    pub fn open(request: Request) -> Result<Self, SessionError> {
        request.config.resolve_rules()?;
        let mut live = Self {
            pool: super::pool(request.threads.or(request.config.threads))?,
            request,
            texts: FxHashMap::default(),
            known: None,
            found: Vec::new(),
            analysis: Analysis::default(),
            outcome: Arc::default(),
            settled: false,
        };
        live.settle(&Stop::default())?;
        Ok(live)
    }

    /// Has other texts count from now on. `on_disk` tells that files themselves may have changed, come or gone as well.
    pub fn change(&mut self, overlay: Overlay, on_disk: bool) {
        self.settled &= !on_disk && self.request.overlay == overlay;
        self.request.overlay = overlay;
    }

    /// The findings in one file, sooner than those of the whole project: what was changed elsewhere may not be seen in
    /// them. None if only [`settle`](Self::settle) can tell.
    pub fn ahead(&mut self, path: &Path) -> Option<Ahead> {
        let text = self.padded(path)?;
        let Self {
            request,
            pool,
            known,
            found,
            ..
        } = self;
        let known = known.as_mut()?;
        let file = *known.files.get(path)?;
        pool.install(|| known.ahead(file, text, found, request))
    }

    /// Brings everything up to date. False if it was asked to stop before; then the last findings are kept.
    pub fn settle(&mut self, stop: &Stop) -> Result<bool, SessionError> {
        if self.settled {
            return Ok(true);
        }
        let paths: Vec<PathBuf> = self.request.overlay.keys().cloned().collect();
        self.texts.retain(|path, _| paths.contains(path));
        let mut inner = self.request.clone();
        for path in paths {
            if let Some(text) = self.padded(&path) {
                inner.overlay.insert(path, text.inner().clone());
            }
        }
        let Self {
            pool,
            texts,
            known: held,
            found,
            ..
        } = self;
        let last = held.take();
        let stopped = || stop.is_asked();
        let settled = pool.install(|| {
            let mut clock = Clock::default();
            let known = held.insert(Known::renewed(last, &inner, texts, found, &mut clock)?);
            Ok::<_, SessionError>(known.settled(&inner, &stopped, clock))
        })?;
        let Some((found, analysis, outcome)) = settled else {
            return Ok(false);
        };
        self.found = found;
        self.analysis = analysis;
        self.outcome = Arc::new(outcome);
        self.settled = true;
        Ok(true)
    }

    /// The last findings, for the whole project.
    pub fn outcome(&self) -> &Arc<Outcome> {
        &self.outcome
    }

    /// The project as of the last findings; none after an error.
    pub fn held(&self) -> Option<Held<'_>> {
        let known = self.known.as_ref()?;
        Some(Held {
            project: &known.project,
            analysis: &self.analysis,
            sources: &known.sources,
            outcome: &self.outcome,
            texts: &known.texts,
        })
    }

    /// The editor's text of a file, with room in it.
    fn padded(&mut self, path: &Path) -> Option<Padded> {
        let text = self.request.overlay.get(path)?;
        let last = self.texts.get(path);
        if let Some(last) = last.filter(|last| last.outer() == text) {
            return Some(last.clone());
        }
        let padded = last.and_then(|last| last.edited(text)).unwrap_or_else(|| {
            if path.extension().is_some_and(|end| end == "py") {
                Padded::with_room(text.clone(), &read(Way::Python, text))
            } else {
                Padded::plain(text.clone())
            }
        });
        self.texts.insert(path.to_path_buf(), padded.clone());
        Some(padded)
    }
}

fn options(request: &Request) -> Options {
    Options {
        tests: request.config.include_tests,
        migrations: request.config.include_migrations,
    }
}

/// The files that findings in a file rest on, itself included.
fn related(found: &[Diagnostic], file: FileId) -> FxHashSet<FileId> {
    let here = found.iter().filter(|diagnostic| diagnostic.file == file);
    let labels = here.flat_map(|diagnostic| &diagnostic.labels);
    labels.map(|label| label.site.file).chain([file]).collect()
}

impl Known {
    /// The project as it is now, with what is still known of its last state. Findings of that state are moved along.
    fn renewed(
        last: Option<Self>,
        request: &Request,
        texts: &FxHashMap<PathBuf, Padded>,
        found: &mut Vec<Diagnostic>,
        clock: &mut Clock,
    ) -> Result<Self, SessionError> {
        let (spare, before) = last.map(Self::taken_apart).unzip();
        let Loaded {
            project,
            sources,
            infos,
            roots,
            notes,
            ways,
            ..
        } = load_with(request, spare.as_ref(), clock)?;
        let nested = Nested::load(&request.config, infos.iter().map(|info| info.absolute.as_path()))?;
        let files: FxHashMap<PathBuf, FileId> = infos
            .iter()
            .enumerate()
            .map(|(n, info)| (info.absolute.clone(), FileId(n as u32)))
            .collect();
        let texts: FxHashMap<FileId, Padded> = texts
            .iter()
            .filter_map(|(path, text)| Some((*files.get(path)?, text.clone())))
            .collect();
        let stamp = cache::stamp(&project, options(request));
        let mut memory = Memory::default();
        match before.zip(spare) {
            Some((before, spare)) if before.infos == infos => {
                for (file, text) in &texts {
                    let plain = || Padded::plain(before.sources.get(*file).text.clone());
                    let old = before.texts.get(file).cloned().unwrap_or_else(plain);
                    carried::moved(found, *file, &old, text);
                }
                if before.stamp == stamp
                    && before.ways == ways
                    && let Some(changes) = changes(&project, spare.rest())
                {
                    memory = before.memory;
                    memory.forget(&changes);
                }
            }
            _ => found.clear(),
        }
        clock.lap("compare");
        Ok(Self {
            project,
            sources,
            infos,
            roots,
            notes,
            ways,
            files,
            texts,
            nested,
            stamp,
            memory,
        })
    }

    fn taken_apart(self) -> (Spare, Before) {
        let texts: Vec<Arc<str>> = self.sources.iter().map(|(_, file)| file.text.clone()).collect();
        let facts = self
            .ways
            .iter()
            .copied()
            .zip(texts)
            .zip(self.project.into_facts());
        let spare = Spare::new(facts.map(|((way, text), facts)| (way, text, facts)));
        let before = Before {
            sources: self.sources,
            infos: self.infos,
            ways: self.ways,
            texts: self.texts,
            stamp: self.stamp,
            memory: self.memory,
        };
        (spare, before)
    }

    /// Works out everything; nothing if it was stopped.
    fn settled(
        &mut self,
        request: &Request,
        stopped: &(dyn Fn() -> bool + Sync),
        mut clock: Clock,
    ) -> Option<(Vec<Diagnostic>, Analysis, Outcome)> {
        let scope = Scope {
            files: None,
            stop: Some(stopped),
        };
        if !self.memory.advance(&self.project, options(request), scope) {
            return None;
        }
        clock.lap("analyse");
        self.memory.sweep();
        let analysis = self.memory.analysis();
        clock.lap("gather");
        if stopped() {
            return None;
        }
        let on = self.nested.rules();
        let found = rules::collect(
            &self.project,
            &analysis,
            &self.sources,
            &on,
            request.config.preview,
        );
        clock.lap("rules");
        let mut outcome = self.state(request, &analysis).outcome(found.clone());
        outcome.notes.splice(0..0, self.notes.iter().cloned());
        outcome.files.clone_from(&self.infos);
        outcome.roots.clone_from(&self.roots);
        outcome.sources = self.outer_sources();
        for diagnostic in outcome.diagnostics.iter_mut().chain(&mut outcome.elsewhere) {
            carried::outward(diagnostic, &self.texts);
        }
        clock.lap("report");
        outcome.timings = clock.laps;
        Some((found, analysis, outcome))
    }

    fn state<'a>(&'a self, request: &'a Request, analysis: &'a Analysis) -> State<'a> {
        State {
            request,
            nested: &self.nested,
            project: &self.project,
            analysis,
            sources: &self.sources,
            infos: &self.infos,
        }
    }

    /// The texts as the editor and the disk have them.
    fn outer_sources(&self) -> SourceSet {
        let mut sources = self.sources.clone();
        for (file, text) in &self.texts {
            sources.replace(*file, text.outer().clone());
        }
        sources
    }

    /// Takes another text of one file in, and tells what is found there.
    fn ahead(
        &mut self,
        file: FileId,
        text: Padded,
        found: &mut Vec<Diagnostic>,
        request: &Request,
    ) -> Option<Ahead> {
        let on = self
            .nested
            .of(&self.infos[file.0 as usize].absolute)
            .rules
            .clone();
        let plain = || Padded::plain(self.sources.get(file).text.clone());
        let before = self.texts.get(&file).cloned().unwrap_or_else(plain);
        let facts = read(self.ways[file.0 as usize], text.inner());
        let changed = Changed::between(&self.project.file(file).facts, &facts);
        if changed == Some(Changed::Declarations) && !facts.errors.is_empty() {
            // Half a declaration is no better knowledge than the last whole one.
            return Some(self.broken(file, (&before, &text), found, &facts, &on));
        }
        carried::moved(found, file, &before, &text);
        let related = related(found, file);
        self.sources.replace(file, text.inner().clone());
        self.texts.insert(file, text);
        match changed {
            None => self.project.replace_bodies(file, facts),
            Some(Changed::Bodies(_)) => {
                self.project.replace_bodies(file, facts);
                self.memory
                    .forget(&changed.map(|changed| (file, changed)).into_iter().collect());
            }
            Some(Changed::Whole) => {
                // What a template declares has no places.
                if facts.template.is_some() {
                    self.project.replace_bodies(file, facts);
                } else {
                    self.project.relink_with(file, facts);
                }
                self.memory
                    .forget(&changed.map(|changed| (file, changed)).into_iter().collect());
            }
            Some(Changed::Declarations) => {
                self.project.relink_with(file, facts);
                self.memory = Memory::default();
            }
        }
        known::name_scopes_of(&mut self.sources, file, &self.project.file(file).facts);
        let few = self.memory.waiting().is_some_and(|count| count <= FEW);
        let scope = Scope {
            files: (!few).then_some(&related),
            stop: None,
        };
        self.memory.advance(&self.project, options(request), scope);
        let analysis = self.memory.analysis_about(file);
        let (by_place, others): (Vec<&'static Rule>, Vec<&'static Rule>) =
            on.into_iter().partition(|rule| rule.is_about_places());
        let anew = rules::collect(
            &self.project,
            &analysis,
            &self.sources,
            &by_place,
            request.config.preview,
        );
        let anew: Vec<Diagnostic> = anew.into_iter().filter(|one| one.file == file).collect();
        found.retain(|old| {
            let by_others = others
                .iter()
                .any(|rule| rule.code == old.code && rule.code != SYNTAX);
            // What rests on entry points that did not run may still be so.
            let open = !few
                && anew
                    .iter()
                    .all(|new| (new.code, new.span) != (old.code, old.span));
            old.file != file || by_others || open && old.code != SYNTAX
        });
        found.extend(anew);
        found.extend(errors(&others, file, &self.project.file(file).facts));
        let mut diagnostics = self.state(request, &analysis).of_file(file, found);
        for diagnostic in &mut diagnostics {
            carried::outward(diagnostic, &self.texts);
        }
        Some(Ahead {
            sources: self.outer_sources(),
            diagnostics,
        })
    }

    /// What is known of a text with errors that hide declarations: where they are, and what was found before.
    fn broken(
        &self,
        file: FileId,
        (before, text): (&Padded, &Padded),
        found: &[Diagnostic],
        facts: &FileFacts,
        on: &[&'static Rule],
    ) -> Ahead {
        let here = found.iter().filter(|one| one.file == file && one.code != SYNTAX);
        let mut diagnostics: Vec<Diagnostic> = here.cloned().collect();
        carried::moved(&mut diagnostics, file, before, text);
        diagnostics.extend(errors(on, file, facts));
        let mut texts = self.texts.clone();
        texts.insert(file, text.clone());
        for diagnostic in &mut diagnostics {
            carried::outward(diagnostic, &texts);
        }
        let mut sources = self.outer_sources();
        sources.replace(file, text.outer().clone());
        Ahead { sources, diagnostics }
    }
}

/// Syntax errors, if that rule is on.
fn errors(on: &[&'static Rule], file: FileId, facts: &FileFacts) -> Vec<Diagnostic> {
    let rule = on.iter().find(|rule| rule.code == SYNTAX);
    let errors = facts.errors.iter().map(|error| (error.span, &*error.message));
    rule.map(|rule| syntax_error::findings(rule, file, errors).collect())
        .unwrap_or_default()
}

/// What changed between two states of the same files, the first of which is given where it is another text. None if
/// declarations did.
fn changes(project: &Project, before: Vec<Option<FileFacts>>) -> Option<Changes> {
    let mut all = Changes::default();
    for (n, old) in before.into_iter().enumerate() {
        let Some(old) = old else { continue };
        let file = FileId(n as u32);
        match Changed::between(&old, &project.file(file).facts) {
            None => {}
            Some(Changed::Declarations) => return None,
            Some(changed) => {
                all.insert(file, changed);
            }
        }
    }
    Some(all)
}
