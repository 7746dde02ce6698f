//! What workers tell: new findings, or that there are none.

use std::path::Path;
use std::sync::Arc;

use super::projects::Standing;
use super::server::Server;
use super::settings::Level;
use super::worker::{Stamps, Told};
use crate::session::Outcome;

impl Server {
    pub(super) fn hear(&mut self, root: &Path, number: u64, told: Told) {
        // A project that was left and came back has another worker.
        let own = self.projects.get_mut(root).map(|project| project.worker.number);
        if own != Some(number) {
            return;
        }
        match told {
            Told::Opening => self.show_progress(root, true),
            Told::Ahead(path, stamp, ahead) => {
                if let Some(project) = self.projects.get_mut(root) {
                    project.snapshot.take_ahead(path, stamp, ahead);
                }
            }
            Told::Settled(outcome, known, stamps) => self.settled(root, outcome, &known, stamps),
            Told::Nothing(reason, stamps) => {
                if let Some(project) = self.projects.get_mut(root) {
                    project.settled(&stamps);
                    project.snapshot.clear(stamps);
                    // It is told once, and the worker does not look again.
                    if !reason.is_empty() {
                        self.log(Level::Info, &format!("{}: {reason}", root.display()));
                        self.stand(root, Standing::Nothing(reason));
                    }
                }
                self.show_progress(root, false);
            }
            Told::Empty(reason, stamps) => {
                if let Some(project) = self.projects.get_mut(root) {
                    project.settled(&stamps);
                    project.snapshot.clear(stamps);
                }
                self.log(Level::Debug, &format!("{}: {reason}", root.display()));
            }
            Told::Kept(reason, stamps) => {
                self.keep(root, stamps);
                self.show(&reason);
            }
            Told::Broken(message, stamps) => {
                self.keep(root, stamps);
                self.log(
                    Level::Error,
                    &format!("internal error: {message}; please report it"),
                );
            }
            Told::Wrong(wrong) => wrong.iter().for_each(|text| self.show(text)),
        }
        self.findings_changed();
    }

    fn settled(&mut self, root: &Path, outcome: Arc<Outcome>, known: &[bool], stamps: Stamps) {
        let Some(project) = self.projects.get_mut(root) else {
            return;
        };
        let first = project.standing != Standing::Ready;
        project.settled(&stamps);
        let cwd = project.recipe.cwd.clone();
        let report = first.then(|| {
            let (python, templates) = (outcome.python_files, outcome.templates);
            format!(
                "{}: {python} Python files, {templates} templates, {} models",
                root.display(),
                outcome.models
            )
        });
        let notes = if first { outcome.notes.clone() } else { Vec::new() };
        project.standing = Standing::Ready;
        let known_before = project.snapshot.outcome();
        let same = known_before.is_some_and(|before| Arc::ptr_eq(before, &outcome));
        project.snapshot.settle(outcome, known, stamps, &cwd);
        if let Some(report) = report {
            self.log(Level::Info, &report);
        }
        notes.iter().for_each(|note| self.log(Level::Info, note));
        self.show_progress(root, false);
        if !same {
            self.refresh_costs();
        }
    }

    fn stand(&mut self, root: &Path, standing: Standing) {
        if let Some(project) = self.projects.get_mut(root) {
            project.standing = standing;
        }
    }

    fn keep(&mut self, root: &Path, stamps: Stamps) {
        if let Some(project) = self.projects.get_mut(root) {
            project.settled(&stamps);
            project.standing = Standing::Ready;
            project.snapshot.keep(stamps);
        }
        self.show_progress(root, false);
    }
}
