//! A project that is held while its files change: what an editor asks for, again and again.
//!
//! After [`Live::settle`] its findings are those that a fresh run over the same texts would have. [`Live::ahead`] tells
//! sooner what is found in one file, from what was known before and what its text says now.

mod carried;
mod known;
mod padded;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHashMap;

use crate::analysis::Analysis;
use crate::discover::Overlay;
use crate::project::Project;
use crate::report::diagnostic::Diagnostic;
use crate::source::{FileId, SourceSet};

use super::reader::{Way, read};
use super::{Clock, Outcome, Request, SessionError};
use known::Known;
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
    /// The analysis is one of the project as it is known.
    whole: bool,
}

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
            whole: false,
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
        let file = known.file(path)?;
        let (ahead, moved) = pool.install(|| known.ahead(file, text, found, request));
        self.whole &= !moved;
        Some(ahead)
    }

    /// Brings everything up to date. False if it was asked to stop before; then the last findings are kept.
    pub fn settle(&mut self, stop: &Stop) -> Result<bool, SessionError> {
        if self.settled {
            return Ok(true);
        }
        self.texts
            .retain(|path, _| self.request.overlay.contains_key(path));
        let mut inner = self.request.clone();
        for (path, text) in inner.overlay.iter_mut() {
            if let Some(padded) = self.padded(path) {
                *text = padded.inner().clone();
            }
        }
        let Self {
            pool,
            texts,
            known: held,
            found,
            ..
        } = self;
        // Two of them in memory are one too many.
        self.whole = false;
        self.analysis = Analysis::default();
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
        (self.settled, self.whole) = (true, true);
        Ok(true)
    }

    /// The last findings, for the whole project.
    pub fn outcome(&self) -> &Arc<Outcome> {
        &self.outcome
    }

    /// The project as of the last findings; none while its declarations are others by now, and after an error.
    pub fn held(&self) -> Option<Held<'_>> {
        let known = self.known.as_ref().filter(|_| self.whole)?;
        Some(Held {
            project: &known.loaded.project,
            analysis: &self.analysis,
            sources: &known.loaded.sources,
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
        let python = path.extension().is_some_and(|end| end == "py");
        let as_on_disk = || self.known.as_ref().is_some_and(|known| known.has(path, text));
        let padded = match last {
            Some(last) if last.has_room() => last.edited(text),
            // What comes first is often half a statement.
            Some(last) if python => {
                Padded::with_room(last.outer().clone(), &read(Way::Python, last.outer())).edited(text)
            }
            Some(_) => None,
            // Most of what is opened is only looked at.
            None if as_on_disk() => Some(Padded::plain(text.clone())),
            None => None,
        };
        let padded = padded.unwrap_or_else(|| {
            if python {
                Padded::with_room(text.clone(), &read(Way::Python, text))
            } else {
                Padded::plain(text.clone())
            }
        });
        self.texts.insert(path.to_path_buf(), padded.clone());
        Some(padded)
    }
}
