//! The project's virtual environment, if there is one, and the few files of it worth reading.
//!
//! Nothing is run or imported; a missing environment is no error.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use walkdir::WalkDir;

use super::paths::slashed;
use super::read::read_text;
use crate::source::SourceFile;

/// A virtual environment's installed packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venv {
    pub site_packages: PathBuf,
}

const NAMES: [&str; 4] = [".venv", "venv", "env", ".env"];
const NEVER: [&str; 4] = ["django", "pip", "setuptools", "wheel"];
const WANTED: [&str; 6] = [
    "models.py",
    "fields.py",
    "managers.py",
    "base.py",
    "mixins.py",
    "__init__.py",
];
const SKIPPED: [&str; 6] = [
    "tests",
    "test",
    "testing",
    "migrations",
    "south_migrations",
    "locale",
];
const MAX_DEPTH: usize = 8;

/// The environment directly inside `root`.
pub fn find_venv(root: &Path) -> Option<Venv> {
    let dirs = NAMES.iter().map(|name| root.join(name));
    dirs.filter(|dir| dir.join("pyvenv.cfg").is_file())
        .find_map(|dir| {
            let windows = dir.join("Lib").join("site-packages");
            if windows.is_dir() {
                return Some(Venv {
                    site_packages: windows,
                });
            }
            let mut versions: Vec<PathBuf> = std::fs::read_dir(dir.join("lib"))
                .ok()?
                .flatten()
                .map(|entry| entry.path().join("site-packages"))
                .filter(|path| path.is_dir())
                .collect();
            versions.sort();
            versions.pop().map(|site_packages| Venv { site_packages })
        })
}

/// The declaring files (models, fields, managers, mixins, package roots) of some installed packages.
///
/// Paths of the result are relative to site-packages, ordered. Files that cannot be read are left out.
pub fn site_package_sources(venv: &Venv, top_level_names: &[&str]) -> Vec<SourceFile> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in top_level_names {
        if NEVER.contains(name) || !is_plain_name(name) {
            continue;
        }
        let module = venv.site_packages.join(format!("{name}.py"));
        if module.is_file() {
            paths.push(module);
        }
        let walk = WalkDir::new(venv.site_packages.join(name))
            .max_depth(MAX_DEPTH)
            .sort_by_file_name();
        let entries = walk.into_iter().filter_entry(|entry| {
            !entry.file_type().is_dir() || !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped)
        });
        let files = entries.flatten().filter(|entry| entry.file_type().is_file());
        paths.extend(
            files
                .map(|entry| entry.into_path())
                .filter(|path| is_wanted(path)),
        );
    }
    paths.sort();
    paths.dedup();
    paths.par_iter().filter_map(|path| load(venv, path)).collect()
}

/// The file of an installed module, by its dotted name.
pub fn find_module(venv: &Venv, dotted: &str) -> Option<PathBuf> {
    if !dotted.split('.').all(is_plain_name) {
        return None;
    }
    let stem = dotted
        .split('.')
        .fold(venv.site_packages.clone(), |path, part| path.join(part));
    [stem.join("__init__.py"), stem.with_extension("py")]
        .into_iter()
        .find(|path| path.is_file())
}

/// Reads one installed file; its path is made relative to site-packages.
pub fn load(venv: &Venv, path: &Path) -> Option<SourceFile> {
    let text: Arc<str> = read_text(path).ok()?.into();
    let relative = path.strip_prefix(&venv.site_packages).ok()?;
    Some(SourceFile::new(slashed(relative), text))
}

fn is_wanted(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    let in_models = path
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|dir| dir == "models");
    WANTED.iter().any(|wanted| name == *wanted)
        || (in_models && path.extension().is_some_and(|ext| ext == "py"))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
