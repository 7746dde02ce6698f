//! A project that is held while its files change: what an editor asks for, again and again.
//!
//! After [`Live::settle`] its findings are those that a fresh run over the same texts would have.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::Analysis;
use crate::discover::Overlay;
use crate::project::Project;
use crate::report::diagnostic::Diagnostic;
use crate::source::SourceSet;

use super::{Outcome, Request, SessionError};

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
    pub outcome: &'l Outcome,
}

/// What is known of one file before the rest of the project is up to date.
pub struct Ahead {
    /// The texts that places of these findings are in.
    pub sources: SourceSet,
    pub diagnostics: Vec<Diagnostic>,
}

/// A project and what was found in it.
pub struct Live {
    request: Request,
    outcome: Arc<Outcome>,
    project: Project,
    analysis: Analysis,
    settled: bool,
}

impl Live {
    /// Reads and analyses a project for the first time.
    pub fn open(request: Request) -> Result<Self, SessionError> {
        let (outcome, project, analysis) = super::run(&request, &super::by_rules(&request))?;
        Ok(Self {
            outcome: Arc::new(outcome),
            project,
            analysis,
            request,
            settled: true,
        })
    }

    /// Has other texts count from now on. `on_disk` tells that files themselves may have changed, come or gone as well.
    pub fn change(&mut self, overlay: Overlay, on_disk: bool) {
        self.settled &= !on_disk && self.request.overlay == overlay;
        self.request.overlay = overlay;
    }

    /// The findings in one file, sooner than those of the whole project: what was changed elsewhere may not be seen in
    /// them. None if only [`settle`](Self::settle) can tell.
    pub fn ahead(&mut self, _path: &Path) -> Option<Ahead> {
        None
    }

    /// Brings everything up to date. False if it was asked to stop before; then the last findings are kept.
    pub fn settle(&mut self, stop: &Stop) -> Result<bool, SessionError> {
        if self.settled {
            return Ok(true);
        }
        let (outcome, project, analysis) = super::run(&self.request, &super::by_rules(&self.request))?;
        if stop.is_asked() {
            return Ok(false);
        }
        self.outcome = Arc::new(outcome);
        (self.project, self.analysis) = (project, analysis);
        self.settled = true;
        Ok(true)
    }

    /// The last findings, for the whole project.
    pub fn outcome(&self) -> &Arc<Outcome> {
        &self.outcome
    }

    /// The project as of the last findings.
    pub fn held(&self) -> Held<'_> {
        Held {
            project: &self.project,
            analysis: &self.analysis,
            outcome: &self.outcome,
        }
    }
}
