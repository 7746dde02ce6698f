//! What CI systems tell in the environment: where the checkout is, and where a summary of the job goes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::report::{View, markdown};

/// Directories of checkouts: GitHub Actions, GitLab, Azure Pipelines.
const CHECKOUTS: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"];
/// The file that GitHub Actions shows on the page of a run.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// In bytes; a step whose summary is larger has none.
const MAX_SUMMARY: u64 = 1 << 20;

/// The working directory as seen from the root of the checkout, `/`-separated; empty where no CI system tells.
pub(super) fn below_checkout(cwd: &Path) -> String {
    let Ok(cwd) = cwd.canonicalize() else {
        return String::new();
    };
    let below = CHECKOUTS
        .iter()
        .filter_map(std::env::var_os)
        .filter_map(|root| Path::new(&root).canonicalize().ok())
        .find_map(|root| cwd.strip_prefix(root).ok().map(Path::to_path_buf));
    let parts = below.iter().flat_map(|path| path.components());
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Adds a table of the findings to the summary of the job, if there is one.
pub(super) fn summarise(view: &View<'_>) -> io::Result<()> {
    let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let room = MAX_SUMMARY.saturating_sub(file.metadata()?.len());
    // The last line counts what was left out.
    match room.checked_sub(256) {
        Some(room) => file.write_all(markdown::summary(view, room as usize).as_bytes()),
        None => Ok(()),
    }
}
