//! Which files belong to the project: finds its root, walks it, reads and decodes what is there.
//!
//! All reading and writing of project files happens in this room. It knows how Python projects are laid out on
//! disk; it does not know what the files say.

mod decode;
pub mod git;
mod kind;
mod overlay;
mod paths;
mod read;
mod root;
mod settings;
pub mod store;
mod venv;
mod version;
mod walk;
mod write;

pub use decode::decode;
pub use kind::FileKind;
pub use overlay::Overlay;
pub use paths::{absolute, display};
pub use read::read_bytes;
pub use root::project_root;
pub use venv::{Venv, find_module, find_venv, load, site_package_sources};
pub use walk::TEMPLATE_ENDINGS;
pub use write::{Rewrite, WriteError, replace, write_all};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::source::{SourceFile, SourceSet};
use paths::{common_ancestor, normalize, slashed};
use walk::{Excludes, Found};

/// What to look for and where.
#[derive(Debug, Clone, Copy)]
pub struct DiscoverRequest<'a> {
    /// The directory djperf was started in; paths in the result are relative to it.
    pub cwd: &'a Path,
    /// Files and directories to report on; the project around them is read.
    pub paths: &'a [PathBuf],
    /// Globs of files and directories to leave out: matched on names and on relative paths.
    pub exclude: &'a [String],
    pub overlay: &'a Overlay,
}

/// Everything known about one file besides its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// `/`-separated path from [`Discovery::base`]; unlike the reported path it never starts with `..`.
    pub project_path: String,
    pub kind: FileKind,
    /// Lies in `management/commands/`.
    pub command: bool,
    /// Lies under one of the requested paths.
    pub in_scope: bool,
    /// For reading and writing; never printed.
    pub absolute: PathBuf,
}

impl FileInfo {
    /// Whether a Python file is, by its name, a settings module or part of a package of them.
    pub fn is_settings(&self) -> bool {
        let mut parts = self.project_path.rsplit('/');
        let stem = parts.next().unwrap_or_default();
        stem.contains("settings") || parts.next().is_some_and(|dir| dir.contains("settings"))
    }
}

/// The project on disk.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Python files ordered by path; templates behind them, once [`Discovery::read_templates`] was called.
    pub sources: SourceSet,
    /// One entry for each of `sources`, by `FileId`.
    pub files: Vec<FileInfo>,
    /// The directories that were walked, none inside another, ordered.
    pub roots: Vec<PathBuf>,
    /// The deepest directory outside of all packages that holds all of `roots`.
    pub base: PathBuf,
    /// Files that may be templates, ordered by path, without those of tests; not read yet.
    pub candidates: Vec<Candidate>,
    /// Values of `DJANGO_SETTINGS_MODULE` in configuration files, in order of appearance.
    pub settings_names: Vec<String>,
    /// The newest series of Django that requirements allow.
    pub django_version: Option<(u16, u16)>,
    /// The first virtual environment found in one of the roots.
    pub venv: Option<Venv>,
    /// Files that were left out, and why; ordered.
    pub notes: Vec<String>,
}

impl Discovery {
    /// The project paths of all files, in the order of their ids.
    pub fn project_paths(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.project_path.as_str()).collect()
    }

    /// Whether the requirements of the project name one of some distributions.
    pub fn asks_for(&self, packages: &[&str]) -> bool {
        version::asks_for(
            &self.roots,
            self.files.iter().map(|file| file.absolute.as_path()),
            packages,
        )
    }

    /// Reads the candidates whose project path is accepted and puts them behind all files there are.
    pub fn read_templates(&mut self, accept: impl Fn(&str) -> bool) {
        let accepted: Vec<Candidate> = std::mem::take(&mut self.candidates)
            .into_iter()
            .filter(|candidate| accept(&candidate.info.project_path))
            .collect();
        let texts: Vec<Result<Arc<str>, String>> = accepted
            .par_iter()
            .map(|candidate| match &candidate.given {
                Some(text) => Ok(Arc::clone(text)),
                None => read::read_text(&candidate.info.absolute).map(Arc::from),
            })
            .collect();
        for (candidate, text) in accepted.into_iter().zip(texts) {
            match text {
                Ok(text) => {
                    self.sources.push(SourceFile::new(candidate.path, text));
                    self.files.push(candidate.info);
                }
                Err(reason) => self.notes.push(format!("{}: skipped: {reason}", candidate.path)),
            }
        }
        self.notes.sort();
    }
}

/// A file that may be a template: that depends on what the project's settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// As it will be reported.
    pub path: String,
    pub info: FileInfo,
    /// From the overlay.
    given: Option<Arc<str>>,
}

/// Why there is nothing to analyse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoverError {
    #[error("no such file or directory: {0}")]
    MissingPath(String),
    /// `notes` says why candidates were left out, if there were any.
    #[error("no Python files under {path}")]
    NothingToRead { path: String, notes: Vec<String> },
}

/// One requested path, made absolute.
struct Target {
    path: PathBuf,
    is_dir: bool,
    /// The nearest directory with a `manage.py`, inside the root.
    site: Option<PathBuf>,
}

/// Finds and reads the project around the requested paths.
pub fn discover(request: &DiscoverRequest) -> Result<Discovery, DiscoverError> {
    let cwd = normalize(Path::new("/"), request.cwd);
    let (excludes, mut notes) = Excludes::new(request.exclude);

    let mut targets = Vec::new();
    let mut roots = Vec::new();
    for path in request.paths {
        let absolute = paths::absolute(&cwd, path);
        let is_dir = match std::fs::metadata(&absolute) {
            Ok(metadata) => metadata.is_dir(),
            Err(_) if request.overlay.contains_key(&absolute) => false,
            Err(_) => return Err(DiscoverError::MissingPath(slashed(path))),
        };
        let root = root::project_root(&absolute, is_dir);
        targets.push(Target {
            site: root::site(&absolute, &root),
            path: absolute,
            is_dir,
        });
        roots.push(root);
    }
    let mut roots = paths::outermost(roots);

    let mut walks: BTreeMap<PathBuf, Found> = roots
        .iter()
        .map(|root| (root.clone(), walk::walk(root, &cwd, &excludes)))
        .collect();
    // Hooks name thousands of files: what was walked is looked up, not searched.
    let mut walked = FxHashSet::default();
    walks.values().for_each(|found| found.enter(&mut walked));
    for target in &targets {
        if walked.contains(&target.path) {
            continue;
        }
        // Ignored by the project around it, so asked for by name: a project of its own.
        let own_root = match &target.site {
            Some(site) if !walked.contains(site) => Some(site),
            _ if target.is_dir => Some(&target.path),
            _ => None,
        };
        match own_root {
            Some(root) => {
                let found = walk::walk(root, &cwd, &excludes);
                found.enter(&mut walked);
                walks.insert(root.clone(), found);
                roots.push(root.clone());
            }
            None => {
                let single = walk::single(&target.path, &cwd, &excludes);
                let around = walks.iter_mut().find(|(root, _)| target.path.starts_with(root));
                if let Some((_, found)) = around {
                    single.enter(&mut walked);
                    found.extend_from(&single);
                }
            }
        }
    }
    let idle = |root: &PathBuf| {
        !targets
            .iter()
            .filter(|t| t.path.starts_with(root) && walked.contains(&t.path))
            .any(|t| walks[root].holds(&t.path))
    };
    let idle_roots: Vec<PathBuf> = walks.keys().filter(|root| idle(root)).cloned().collect();
    if idle_roots.len() < walks.len() {
        walks.retain(|root, _| !idle_roots.contains(root));
        roots.retain(|root| !idle_roots.contains(root));
    }
    let roots = paths::outermost(roots);

    let base = root::import_base(common_ancestor(&roots));
    let mut candidates = Vec::new();
    let mut templates = Vec::new();
    for (root, found) in walks {
        notes.extend(found.notes);
        templates.extend(found.templates.into_iter().map(|path| (path, root.clone())));
        candidates.extend(found.python.into_iter().map(|path| (path, root.clone())));
    }
    candidates.sort();
    candidates.dedup_by(|a, b| a.0 == b.0);
    add_unwritten(&mut candidates, request.overlay);
    if request.overlay.everywhere {
        add_gone(&mut candidates, &mut templates, request, &roots, &excludes);
    }
    templates.sort();
    templates.dedup_by(|a, b| a.0 == b.0);
    for found in [&mut candidates, &mut templates] {
        found.retain(|(path, _)| !request.overlay.absent.contains(path));
    }

    let asked = Asked::for_all(&targets);
    let (mut read, unread) = read::read_all(candidates, &cwd, request.overlay);
    notes.extend(unread);
    notes.sort();
    notes.dedup();
    read.sort_by(|a, b| a.source.path.cmp(&b.source.path));

    let files: Vec<FileInfo> = read
        .iter()
        .map(|file| file_info(&file.absolute, &file.root, &asked, &base))
        .collect();
    let mut possible: Vec<Candidate> = templates
        .into_iter()
        .filter_map(|(path, root)| {
            let given = request.overlay.get(&path).map(Arc::clone);
            candidate(path, given, &root, &asked, &base, &cwd)
        })
        .collect();
    possible.sort_by(|a, b| a.path.cmp(&b.path));
    let mut infos = files.iter().chain(possible.iter().map(|template| &template.info));
    if !infos.any(|file| file.in_scope) {
        let shown: Vec<String> = request.paths.iter().map(|path| slashed(path)).collect();
        return Err(DiscoverError::NothingToRead {
            path: shown.join(", "),
            notes,
        });
    }
    Ok(Discovery {
        settings_names: settings::names(&roots),
        django_version: version::django(&roots, read.iter().map(|file| file.absolute.as_path())),
        venv: roots.iter().find_map(|root| find_venv(root)),
        sources: SourceSet::new(read.into_iter().map(|file| file.source).collect()),
        files,
        roots,
        base,
        candidates: possible,
        notes,
    })
}

/// Python files that only the overlay has, beside files that were found.
fn add_unwritten(candidates: &mut Vec<(PathBuf, PathBuf)>, overlay: &Overlay) {
    let beside = |path: &Path| {
        let mut found = candidates
            .iter()
            .filter(|(file, _)| file.parent() == path.parent());
        found.next().map(|(_, root)| root.clone())
    };
    let new: Vec<(PathBuf, PathBuf)> = overlay
        .keys()
        .filter(|path| walk::is_python(path) && std::fs::symlink_metadata(path).is_err())
        .filter_map(|path| Some((path.clone(), beside(path)?)))
        .collect();
    candidates.extend(new);
}

/// Files that only the overlay has, below one of the roots and not left out there.
fn add_gone(
    python: &mut Vec<(PathBuf, PathBuf)>,
    templates: &mut Vec<(PathBuf, PathBuf)>,
    request: &DiscoverRequest,
    roots: &[PathBuf],
    excludes: &Excludes,
) {
    for path in request.overlay.keys() {
        let Some(root) = roots.iter().find(|root| path.starts_with(root)) else {
            continue;
        };
        if std::fs::symlink_metadata(path).is_ok() || walk::is_left_out(path, root, request.cwd, excludes) {
            continue;
        }
        let all = if walk::is_python(path) {
            &mut *python
        } else {
            &mut *templates
        };
        if !all.iter().any(|(known, _)| known == path) {
            all.push((path.clone(), root.clone()));
        }
    }
}

fn file_info(absolute: &Path, root: &Path, asked: &Asked<'_>, base: &Path) -> FileInfo {
    let below_start = display(asked.start(absolute, root), absolute);
    FileInfo {
        project_path: display(base, absolute),
        kind: FileKind::of(&below_start),
        command: kind::is_command(&below_start),
        in_scope: asked.for_file(absolute),
        absolute: absolute.to_path_buf(),
    }
}

fn candidate(
    absolute: PathBuf,
    given: Option<Arc<str>>,
    root: &Path,
    asked: &Asked<'_>,
    base: &Path,
    cwd: &Path,
) -> Option<Candidate> {
    let below_start = display(asked.start(&absolute, root), &absolute);
    if kind::is_test_template(&below_start) {
        return None;
    }
    Some(Candidate {
        path: display(cwd, &absolute),
        info: FileInfo {
            project_path: display(base, &absolute),
            kind: FileKind::Template,
            command: false,
            in_scope: asked.for_file(&absolute),
            absolute,
        },
        given,
    })
}

/// What was asked for, to be looked up for each file.
struct Asked<'a> {
    paths: FxHashSet<&'a Path>,
    dirs: Vec<&'a Target>,
}

impl<'a> Asked<'a> {
    fn for_all(targets: &'a [Target]) -> Self {
        Self {
            paths: targets.iter().map(|target| target.path.as_path()).collect(),
            dirs: targets.iter().filter(|target| target.is_dir).collect(),
        }
    }

    /// Whether a file or a directory above it was asked for.
    fn for_file(&self, absolute: &Path) -> bool {
        absolute.ancestors().any(|part| self.paths.contains(part))
    }

    /// The directory below which the names of a file's directories tell its role: a project asked for by name is no
    /// test code because it lies under `tests/`.
    fn start(&self, absolute: &Path, root: &'a Path) -> &'a Path {
        let holders = self.dirs.iter().filter(|dir| absolute.starts_with(&dir.path));
        holders
            .filter_map(|dir| dir.site.as_deref())
            .max_by_key(|site| site.components().count())
            .unwrap_or(root)
    }
}

#[cfg(test)]
mod tests;
