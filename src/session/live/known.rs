//! A project as it was read, what is known of it, and how both follow its texts.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::{Analysis, Changed, Changes, Memory, Options, Scope};
use crate::config::Nested;
use crate::facts::FileFacts;
use crate::report::diagnostic::Diagnostic;
use crate::rules::{self, Rule, syntax_error};
use crate::source::{FileId, SourceSet};

use super::super::reader::read;
use super::super::sifted::State;
use super::super::spare::Spare;
use super::super::{Clock, Loaded, Outcome, Request, SessionError, cache, known, load_with};
use super::padded::Padded;
use super::{Ahead, carried};

/// A project as it was read, and what is known of it.
pub(super) struct Known {
    pub loaded: Loaded,
    files: FxHashMap<PathBuf, FileId>,
    pub texts: FxHashMap<FileId, Padded>,
    nested: Nested,
    /// See [`cache::stamp`].
    stamp: [u8; 32],
    memory: Memory,
}

/// So many entry points can run before an editor's user waits.
const FEW: usize = 200;

/// The rule about texts that are no Python.
const SYNTAX: &str = "DJP901";

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
    pub(super) fn renewed(
        last: Option<Self>,
        request: &Request,
        texts: &FxHashMap<PathBuf, Padded>,
        found: &mut Vec<Diagnostic>,
        clock: &mut Clock,
    ) -> Result<Self, SessionError> {
        let mut last = last;
        let spare = last.as_mut().map(Self::spare);
        let loaded = load_with(request, spare.as_ref(), clock)?;
        let infos = &loaded.infos;
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
        let stamp = cache::stamp(&loaded.project, options(request));
        let mut memory = Memory::default();
        match last.zip(spare) {
            Some((last, spare)) if last.loaded.infos == *infos => {
                let edited: FxHashSet<FileId> = texts.keys().chain(last.texts.keys()).copied().collect();
                for file in edited {
                    let text = texts.get(&file).cloned();
                    let text = text.unwrap_or_else(|| plain(&loaded.sources, file));
                    carried::moved(found, file, &last.text(file), &text);
                }
                if last.stamp == stamp
                    && last.loaded.ways == loaded.ways
                    && let Some(changes) = changes(&loaded, &spare)
                {
                    memory = last.memory;
                    memory.forget(&changes);
                }
            }
            _ => found.clear(),
        }
        clock.lap("compare");
        Ok(Self {
            loaded,
            files,
            texts,
            nested,
            stamp,
            memory,
        })
    }

    /// Takes the facts of all files out.
    fn spare(&mut self) -> Spare {
        let Loaded {
            project,
            sources,
            ways,
            ..
        } = &mut self.loaded;
        let texts = sources.iter().map(|(_, file)| file.text.clone());
        let files = ways.iter().copied().zip(texts).zip(project.take_facts());
        Spare::new(files.map(|((way, text), facts)| (way, text, facts)))
    }

    /// The text of a file as it is analysed.
    fn text(&self, file: FileId) -> Padded {
        let text = self.texts.get(&file).cloned();
        text.unwrap_or_else(|| plain(&self.loaded.sources, file))
    }

    /// Works out everything; nothing if it was stopped.
    pub(super) fn settled(
        &mut self,
        request: &Request,
        stopped: &(dyn Fn() -> bool + Sync),
        mut clock: Clock,
    ) -> Option<(Vec<Diagnostic>, Analysis, Outcome)> {
        let scope = Scope {
            files: None,
            stop: Some(stopped),
        };
        if !self.memory.advance(&self.loaded.project, options(request), scope) {
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
            &self.loaded.project,
            &analysis,
            &self.loaded.sources,
            &on,
            request.config.preview,
        );
        clock.lap("rules");
        let mut outcome = self.state(request, &analysis).outcome(found.clone());
        outcome.notes.splice(0..0, self.loaded.notes.iter().cloned());
        outcome.files.clone_from(&self.loaded.infos);
        outcome.roots.clone_from(&self.loaded.roots);
        outcome.sources = self.outer_sources();
        for diagnostic in outcome.diagnostics.iter_mut().chain(&mut outcome.elsewhere) {
            carried::outward(diagnostic, &self.texts);
        }
        clock.lap("report");
        outcome.timings = clock.laps;
        Some((found, analysis, outcome))
    }

    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.files.get(path).copied()
    }

    /// Whether a file of the project says just this.
    pub(super) fn has(&self, path: &Path, text: &str) -> bool {
        self.file(path)
            .is_some_and(|file| *self.loaded.sources.get(file).text == *text)
    }

    fn state<'a>(&'a self, request: &'a Request, analysis: &'a Analysis) -> State<'a> {
        State {
            request,
            nested: &self.nested,
            project: &self.loaded.project,
            analysis,
            sources: &self.loaded.sources,
            infos: &self.loaded.infos,
        }
    }

    /// The texts as the editor and the disk have them.
    fn outer_sources(&self) -> SourceSet {
        let mut sources = self.loaded.sources.clone();
        for (file, text) in &self.texts {
            outer_source(&mut sources, *file, text, &self.loaded.project.file(*file).facts);
        }
        sources
    }

    /// Takes another text of one file in, and tells what is found there; also whether the project is declared in another
    /// way now.
    pub(super) fn ahead(
        &mut self,
        file: FileId,
        text: Padded,
        found: &mut Vec<Diagnostic>,
        request: &Request,
    ) -> (Ahead, bool) {
        let on = self
            .nested
            .of(&self.loaded.infos[file.0 as usize].absolute)
            .rules
            .clone();
        let before = self.text(file);
        let facts = read(self.loaded.ways[file.0 as usize], text.inner());
        let changed = Changed::between(&self.loaded.project.file(file).facts, &facts);
        if changed == Some(Changed::Declarations) && !facts.errors.is_empty() {
            // Half a declaration is no better knowledge than the last whole one.
            return (self.broken(file, (&before, &text), found, &facts, &on), false);
        }
        let linked = matches!(changed, Some(Changed::Whole | Changed::Declarations));
        carried::moved(found, file, &before, &text);
        let related = related(found, file);
        self.loaded.sources.replace(file, text.inner().clone());
        self.texts.insert(file, text);
        match changed {
            None => self.loaded.project.replace_bodies(file, facts),
            Some(Changed::Declarations) => {
                self.loaded.project.relink_with(file, facts);
                let old = std::mem::take(&mut self.memory);
                // There is much of it, and nobody has to wait for its end.
                rayon::spawn(move || drop(old));
            }
            Some(changed) => {
                // What a template declares has no places.
                if changed == Changed::Whole && facts.template.is_none() {
                    self.loaded.project.relink_with(file, facts);
                } else {
                    self.loaded.project.replace_bodies(file, facts);
                }
                self.memory.follow(file, changed);
            }
        }
        known::name_scopes_of(
            &mut self.loaded.sources,
            file,
            &self.loaded.project.file(file).facts,
            |span| span,
        );
        let few = self.memory.waiting().is_some_and(|count| count <= FEW);
        let scope = Scope {
            files: (!few).then_some(&related),
            stop: None,
        };
        self.memory.advance(&self.loaded.project, options(request), scope);
        let analysis = self.memory.analysis_about(file);
        let (by_place, others): (Vec<&'static Rule>, Vec<&'static Rule>) =
            on.into_iter().partition(|rule| rule.is_about_places());
        let anew = rules::collect(
            &self.loaded.project,
            &analysis,
            &self.loaded.sources,
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
        found.extend(errors(&others, file, &self.loaded.project.file(file).facts));
        let mut diagnostics = self.state(request, &analysis).of_file(file, found);
        for diagnostic in &mut diagnostics {
            carried::outward(diagnostic, &self.texts);
        }
        let ahead = Ahead {
            sources: self.outer_sources(),
            diagnostics,
        };
        (ahead, linked)
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
        outer_source(&mut sources, file, text, facts);
        Ahead { sources, diagnostics }
    }
}

/// A text without room.
fn plain(sources: &SourceSet, file: FileId) -> Padded {
    Padded::plain(sources.get(file).text.clone())
}

/// Puts the editor's text of a file in the place of the one that is analysed.
fn outer_source(sources: &mut SourceSet, file: FileId, text: &Padded, facts: &FileFacts) {
    sources.replace(file, text.outer().clone());
    known::name_scopes_of(sources, file, facts, |span| text.span_outward(span));
}

/// Syntax errors, if that rule is on.
fn errors(on: &[&'static Rule], file: FileId, facts: &FileFacts) -> Vec<Diagnostic> {
    let rule = on.iter().find(|rule| rule.code == SYNTAX);
    let errors = facts.errors.iter().map(|error| (error.span, &*error.message));
    rule.map(|rule| syntax_error::findings(rule, file, errors).collect())
        .unwrap_or_default()
}

/// What changed since an earlier state of the same files, whose facts are in the project where texts are the same. None if
/// declarations did.
fn changes(loaded: &Loaded, before: &Spare) -> Option<Changes> {
    let facts = |n: usize| &loaded.project.file(FileId(n as u32)).facts;
    let now = |n: usize| (loaded.ways[n], &*loaded.sources.get(FileId(n as u32)).text);
    let mut all = Changes::default();
    for n in 0..loaded.ways.len() {
        let (way, text) = before.of(n)?;
        if (way, text) == now(n) {
            continue;
        }
        let changed = match before.take(way, text) {
            Some(old) => Changed::between(&old, facts(n)),
            // Another file says now what this one said.
            None => {
                let other = (0..loaded.ways.len()).find(|other| now(*other) == (way, text))?;
                Changed::between(facts(other), facts(n))
            }
        };
        match changed {
            None => {}
            Some(Changed::Declarations) => return None,
            Some(changed) => {
                all.insert(FileId(n as u32), changed);
            }
        }
    }
    Some(all)
}
