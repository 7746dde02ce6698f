//! Finds the configuration file that governs paths: the closest one upward, inside the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Where to look for the settings of a run over several paths: the one file that is closest to all paths that have one;
/// if there are several files, the directory around all paths. The order of the paths does not matter: hooks shuffle
/// them.
pub fn start_for(paths: &[PathBuf]) -> Result<PathBuf, ConfigError> {
    if let [path] = paths {
        return Ok(path.clone());
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let dirs: BTreeSet<PathBuf> = paths
        .iter()
        .map(absolute)
        .filter_map(|path| {
            if path.is_dir() {
                Some(path)
            } else {
                path.parent().map(Path::to_path_buf)
            }
        })
        .collect();
    let mut files = BTreeSet::new();
    for dir in &dirs {
        files.extend(closest(dir)?);
    }
    if files.len() == 1 {
        return Ok(files.pop_first().unwrap_or_default());
    }
    let around = |dir: &&Path| dirs.iter().all(|other| other.starts_with(dir));
    let first = dirs.first().map_or(Path::new("."), PathBuf::as_path);
    Ok(first.ancestors().find(around).unwrap_or(first).to_path_buf())
}

/// Where the settings of a run over a path are looked for: at the project around it, where that is known by its
/// `manage.py`. Closer files hold for what lies below them.
pub fn start_of_run(start: &Path) -> PathBuf {
    let absolute = start.canonicalize().unwrap_or_else(|_| start.to_path_buf());
    let outer = absolute.ancestors().find(|dir| dir.join(".git").exists());
    let mut around = absolute
        .ancestors()
        .take_while(|dir| outer.is_none_or(|outer| dir.starts_with(outer)));
    let site = around.find(|dir| dir.join("manage.py").is_file());
    site.unwrap_or(start).to_path_buf()
}

/// The closest `.djperf.toml`, `djperf.toml` or `pyproject.toml` with a `[tool.djperf]` table.
pub(super) fn closest(start: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let absolute = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
    let real = absolute.canonicalize().unwrap_or(absolute);
    let first = if real.is_dir() {
        Some(real.as_path())
    } else {
        real.parent()
    };
    for dir in first.into_iter().flat_map(Path::ancestors) {
        if let Some(file) = file_in(dir)? {
            return Ok(Some(file));
        }
        if dir.join(".git").exists() {
            break;
        }
    }
    Ok(None)
}

/// The configuration file of one directory.
pub(super) fn file_in(dir: &Path) -> Result<Option<PathBuf>, ConfigError> {
    for name in [".djperf.toml", "djperf.toml"] {
        let file = dir.join(name);
        if file.is_file() {
            return Ok(Some(file));
        }
    }
    let pyproject = dir.join("pyproject.toml");
    Ok((pyproject.is_file() && has_table(&pyproject)?).then_some(pyproject))
}

/// Files that never say `djperf` are other tools' business, even when they are broken.
fn has_table(pyproject: &Path) -> Result<bool, ConfigError> {
    let text = super::read::text_of(pyproject)?;
    if !text.contains("djperf") {
        return Ok(false);
    }
    super::read::tool_table_present(&text, pyproject)
}
