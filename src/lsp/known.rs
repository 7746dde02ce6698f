//! Findings that the project's baseline knows: as on the command line, they are not shown again.

use std::path::Path;

use crate::discover::{absolute, display, read_bytes};
use crate::report::baseline::Baseline;
use crate::report::diagnostic::Diagnostic;
use crate::report::fingerprint::Identity;
use crate::report::known::{Entry, compare};
use crate::session::Ahead;

/// The entries of a baseline, with paths as they are reported from `cwd`; or why there are none.
pub(super) fn entries(file: &Path, cwd: &Path) -> Result<Vec<Entry>, String> {
    let refused = |reason: String| format!("cannot use the baseline {}: {reason}", file.display());
    let bytes = read_bytes(file).map_err(refused)?;
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))?;
    let baseline = Baseline::parse(&text).map_err(|error| refused(error.to_string()))?;
    let file = absolute(cwd, file);
    let dir = file.parent().unwrap_or(cwd);
    let mut entries = baseline.entries;
    for entry in &mut entries {
        let path = &mut entry.identity.path;
        *path = display(cwd, &absolute(cwd, &dir.join(&*path)));
    }
    Ok(entries)
}

/// Takes known findings out of early ones, which are those of one file.
pub(super) fn take_out(entries: &[Entry], ahead: &mut Ahead) {
    let Some(file) = ahead.diagnostics.first().map(|d| d.file) else {
        return;
    };
    let path = &ahead.sources.get(file).path;
    let own = |entry: &&Entry| entry.identity.path == *path;
    let own: Vec<Entry> = entries.iter().filter(own).cloned().collect();
    let identity = |diagnostic: &Diagnostic| Identity::of(&ahead.sources, diagnostic);
    let found: Vec<Identity> = ahead.diagnostics.iter().map(identity).collect();
    let source = ahead.sources.get(file);
    let exists = |_: &str, scope: &str| scope.is_empty() || source.has_scope(scope);
    let mut known = compare(&own, &found, &exists).known.into_iter();
    ahead.diagnostics.retain(|_| !known.next().unwrap_or(false));
}
