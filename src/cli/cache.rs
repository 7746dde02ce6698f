//! Where runs keep what the next one can use, and `djperf clean`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use etcetera::BaseStrategy;

use super::args::{CacheOptions, Clean};
use super::output::Output;
use super::{CliError, Exit};
use crate::config::CachePlace;
use crate::discover::store;

/// Names a directory instead of the user's own cache directory.
const VARIABLE: &str = "DJPERF_CACHE_DIR";

/// None where nothing is to be kept, or the system tells no place for it.
pub(super) fn place(options: &CacheOptions) -> Option<CachePlace> {
    if options.no_cache {
        return None;
    }
    Some(CachePlace {
        dir: dir(options.cache_dir.clone())?,
        build: build(),
    })
}

/// The directory that was asked for, else that of the user: a project under review must not bring a cache of its own.
fn dir(given: Option<PathBuf>) -> Option<PathBuf> {
    let named = |text: OsString| (!text.is_empty()).then(|| PathBuf::from(text));
    let own = || {
        let strategy = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(strategy.cache_dir().join("djperf"))
    };
    given
        .or_else(|| std::env::var_os(VARIABLE).and_then(named))
        .or_else(own)
}

/// Tells builds of the same version apart.
fn build() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let changed = file.as_ref().ok().and_then(|file| file.modified().ok());
    let age = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!(
        "{} {} {}",
        env!("CARGO_PKG_VERSION"),
        file.map_or(0, |file| file.len()),
        age.map_or(0, |age| age.as_nanos())
    )
}

/// `djperf clean`: removes what was kept for all projects.
pub(super) fn clean(clean: &Clean, out: &mut Output) -> Result<Exit, CliError> {
    let Some(dir) = dir(clean.cache_dir.clone()) else {
        return Err(CliError::Usage("no cache directory is known".into()));
    };
    let removed = store::remove(&dir)
        .map_err(|reason| CliError::Usage(format!("cannot remove {}: {reason}", dir.display())))?;
    let said = if removed {
        "removed"
    } else {
        "nothing to remove at"
    };
    out.note(&format!("djperf: {said} {}", dir.display()));
    Ok(Exit::Clean)
}
