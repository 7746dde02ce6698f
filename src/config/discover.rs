//! Finds the configuration file that governs a path: the closest one upward, inside the repository.

use std::path::{Path, PathBuf};

use super::ConfigError;

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
