//! The projects that are held, each with its worker, and what still has to be told to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::documents::Documents;
use super::snapshot::Snapshot;
use super::worker::{Recipe, Stamps, State, Worker};
use crate::discover::Overlay;

/// What is known of whether there is a Django project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is read for the first time.
    Opening,
    Ready,
    /// There is none, for this reason.
    Nothing(String),
}

/// One project.
pub(super) struct Project {
    pub recipe: Recipe,
    pub worker: Worker,
    pub snapshot: Snapshot,
    pub standing: Standing,
    /// The number under which the client shows its progress.
    pub progress: Option<i32>,
    /// The last state that was told, and the last that was answered.
    sent: u64,
    settled: u64,
    news: News,
}

/// What the worker has not been told yet.
#[derive(Debug, Default)]
struct News {
    any: bool,
    edited: BTreeSet<PathBuf>,
    on_disk: bool,
    hope: bool,
    settings: bool,
}

impl Project {
    pub fn new(recipe: Recipe, worker: Worker) -> Self {
        Self {
            recipe,
            worker,
            snapshot: Snapshot::default(),
            standing: Standing::Opening,
            progress: None,
            sent: 0,
            settled: 0,
            news: News {
                any: true,
                ..News::default()
            },
        }
    }

    /// A document has another text, or came, or went.
    pub fn edited(&mut self, path: &Path) {
        self.news.any = true;
        self.news.edited.insert(path.to_path_buf());
    }

    /// Files changed; `hope` tells that there may be a Django project now.
    pub fn changed_on_disk(&mut self, hope: bool) {
        self.news.any = true;
        self.news.on_disk = true;
        self.news.hope |= hope;
        self.look_again(hope);
    }

    pub fn changed_settings(&mut self, recipe: Recipe) {
        self.news.any = true;
        self.news.settings = true;
        self.recipe = recipe;
        self.look_again(true);
    }

    /// What was no Django project may be one now.
    fn look_again(&mut self, hope: bool) {
        if hope && self.is_nothing() {
            self.standing = Standing::Opening;
        }
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self.standing, Standing::Nothing(_))
    }

    /// Whether the worker has not answered everything yet.
    pub fn is_pending(&self) -> bool {
        self.news.any || self.settled < self.sent
    }

    pub fn settled(&mut self, stamps: &Stamps) {
        self.settled = self.settled.max(stamps.serial);
    }

    /// Tells the worker what is new.
    fn tell(&mut self, root: &Path, documents: &Documents) {
        if !self.news.any {
            return;
        }
        let news = std::mem::take(&mut self.news);
        let mut overlay = Overlay::new();
        overlay.everywhere = true;
        self.sent += 1;
        let mut stamps = Stamps {
            serial: self.sent,
            ..Stamps::default()
        };
        for (path, document) in documents.iter().filter(|(path, _)| path.starts_with(root)) {
            let (text, stamp) = &document.counted;
            overlay.insert(path.clone(), text.clone());
            stamps.texts.insert(path.clone(), *stamp);
        }
        self.worker.change(State {
            overlay,
            stamps,
            edited: news.edited.into_iter().collect(),
            on_disk: news.on_disk,
            hope: news.hope,
            settings: news.settings,
            recipe: self.recipe.clone(),
        });
    }
}

/// All projects, by their roots.
#[derive(Default)]
pub(super) struct Projects {
    all: BTreeMap<PathBuf, Project>,
}

impl Projects {
    pub fn get_mut(&mut self, root: &Path) -> Option<&mut Project> {
        self.all.get_mut(root)
    }

    pub fn has(&self, root: &Path) -> bool {
        self.all.contains_key(root)
    }

    pub fn insert(&mut self, root: PathBuf, project: Project) {
        self.all.insert(root, project);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Project)> {
        self.all.iter()
    }

    pub fn retain(&mut self, keep: impl Fn(&Path) -> bool) {
        self.all.retain(|root, _| keep(root));
    }

    /// The project that answers for a file: the innermost around it that is one.
    pub fn of(&self, path: &Path) -> Option<(&PathBuf, &Project)> {
        let around = self
            .all
            .iter()
            .filter(|(root, project)| path.starts_with(root) && !project.is_nothing());
        around.max_by_key(|(root, _)| root.components().count())
    }

    /// All projects that read a file, or would.
    pub fn around_mut(&mut self, path: &Path) -> impl Iterator<Item = &mut Project> {
        let around = self
            .all
            .iter_mut()
            .filter(move |(root, _)| path.starts_with(root));
        around.map(|(_, project)| project)
    }

    /// Tells the workers what is new.
    pub fn tell(&mut self, documents: &Documents) {
        for (root, project) in &mut self.all {
            project.tell(root, documents);
        }
    }
}
