//! The baseline on disk: reading it, telling what of it is stale, writing it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::output::Output;
use super::tables::plural;
use super::{CliError, Exit};
use crate::config::Config;
use crate::discover::{absolute, display, read_bytes, replace};
use crate::report::baseline::{Baseline, BaselineError};
use crate::report::known::{Entry, entries};
use crate::rules;
use crate::session::{Outcome, Request, SessionError};

/// Stale entries that are named; more are counted.
const MOST_NAMED: usize = 10;

/// A baseline with paths as they are reported.
pub(super) struct Known {
    file: PathBuf,
    options: Vec<String>,
    pub entries: Vec<Entry>,
}

impl Known {
    /// Reads a file that has to be there.
    pub(super) fn read(file: &Path, request: &Request) -> Result<Self, CliError> {
        let refused =
            |reason: String| CliError::Usage(format!("cannot use the baseline {}: {reason}", file.display()));
        if !file.exists() {
            return Err(refused(
                "there is no such file; `--write-baseline` makes one".to_owned(),
            ));
        }
        let bytes = read_bytes(file).map_err(refused)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| refused(BaselineError::Damaged("not UTF-8".to_owned()).to_string()))?;
        let baseline = Baseline::parse(&text).map_err(|error| refused(error.to_string()))?;
        Ok(Self::seen_from(file, baseline, request))
    }

    fn seen_from(file: &Path, baseline: Baseline, request: &Request) -> Self {
        let dir = dir_of(file, request);
        let path = |path: &str| display(&request.cwd, &absolute(&request.cwd, &dir.join(path)));
        let mut entries = baseline.entries;
        for entry in &mut entries {
            entry.identity.path = path(&entry.identity.path);
        }
        Self {
            file: file.to_path_buf(),
            options: baseline.options,
            entries,
        }
    }

    /// Tells which entries nothing matches any more, as far as this run could see.
    pub(super) fn tell_stale(
        &self,
        outcome: &Outcome,
        request: &Request,
        out: &Output,
    ) -> Result<(), CliError> {
        let judge = Judge::of(request)?;
        if !self.options.iter().all(|option| judge.options.contains(option)) {
            return Ok(());
        }
        let stale: Vec<(&Entry, usize)> = self
            .entries
            .iter()
            .zip(outcome.stale.iter().copied())
            .filter(|(entry, left)| *left > 0 && judge.sees(entry))
            .collect();
        let count: usize = stale.iter().map(|(_, left)| left).sum();
        if count == 0 {
            return Ok(());
        }
        let file = self.file.display();
        let (is, them) = if count == 1 { ("is", "it") } else { ("are", "them") };
        out.note(&format!(
            "djperf: {file}: {} {is} found no longer; `--write-baseline {file}` takes {them} out",
            plural(count, "finding")
        ));
        for (entry, left) in stale.iter().take(MOST_NAMED) {
            let identity = &entry.identity;
            let scope = match identity.scope.as_str() {
                "" => String::new(),
                scope => format!(" in {scope}"),
            };
            out.note(&format!(
                "  {} × {}{scope}, {}",
                left, identity.rule, identity.path
            ));
        }
        if stale.len() > MOST_NAMED {
            out.note(&format!("  and {} more", stale.len() - MOST_NAMED));
        }
        Ok(())
    }
}

/// What a run can tell about entries.
struct Judge {
    options: Vec<String>,
    /// Names of rules that exist and are off.
    off: BTreeSet<&'static str>,
    paths: Vec<PathBuf>,
    cwd: PathBuf,
}

impl Judge {
    fn of(request: &Request) -> Result<Self, CliError> {
        let on = request.config.resolve_rules()?;
        let off = rules::all().iter().filter(|rule| !on.contains(rule));
        Ok(Self {
            options: options(&request.config),
            off: off.map(|rule| rule.name).collect(),
            paths: request
                .paths
                .iter()
                .map(|path| absolute(&request.cwd, path))
                .collect(),
            cwd: request.cwd.clone(),
        })
    }

    /// Whether the entry would have been found if it was still there.
    fn sees(&self, entry: &Entry) -> bool {
        let path = absolute(&self.cwd, Path::new(&entry.identity.path));
        !self.off.contains(entry.identity.rule.as_str())
            && self.paths.iter().any(|asked| path.starts_with(asked))
    }
}

/// Writes all findings; entries of an older file that this run cannot judge stay.
pub(super) fn write(
    file: &Path,
    outcome: &Outcome,
    request: &Request,
    out: &mut Output,
) -> Result<Exit, CliError> {
    let judge = Judge::of(request)?;
    let older = older(file, request)?;
    let mut all = entries(outcome.identify(&outcome.diagnostics));
    let mut options = judge.options.clone();
    let mut removed = 0;
    let mut before = 0;
    if let Some(older) = &older {
        let more = older.options.iter().all(|option| judge.options.contains(option));
        for entry in &older.entries {
            before += entry.count;
            let here = all.iter_mut().find(|new| new.identity == entry.identity);
            match here {
                Some(new) if more && judge.sees(entry) => removed += entry.count.saturating_sub(new.count),
                Some(new) => new.count = new.count.max(entry.count),
                None if more && judge.sees(entry) => removed += entry.count,
                None => all.push(entry.clone()),
            }
        }
        options.extend(older.options.iter().cloned());
        options.sort();
        options.dedup();
    }
    let dir = dir_of(file, request);
    for entry in &mut all {
        entry.identity.path = display(&dir, &absolute(&request.cwd, Path::new(&entry.identity.path)));
    }
    all.sort_by(|a, b| a.identity.cmp(&b.identity));
    let baseline = Baseline {
        options,
        entries: all,
    };
    replace(file, baseline.render().as_bytes()).map_err(SessionError::from)?;
    if !out.quiet {
        let total = baseline.len();
        let changes = match older {
            None => String::new(),
            Some(_) => format!(
                " ({} new, {removed} removed)",
                (total + removed).saturating_sub(before)
            ),
        };
        out.print(&format!(
            "Wrote {} to {}{changes}.\n",
            plural(total, "finding"),
            file.display()
        ))?;
    }
    Ok(Exit::Clean)
}

/// The file that is there; a damaged one is replaced, a newer one is not.
fn older(file: &Path, request: &Request) -> Result<Option<Known>, CliError> {
    let Some(text) = read_bytes(file)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return Ok(None);
    };
    match Baseline::parse(&text) {
        Ok(baseline) => Ok(Some(Known::seen_from(file, baseline, request))),
        Err(BaselineError::Damaged(_)) => Ok(None),
        Err(error) => Err(CliError::Usage(format!(
            "cannot replace the baseline {}: {error}",
            file.display()
        ))),
    }
}

/// Switches that let a run find more.
fn options(config: &Config) -> Vec<String> {
    let all = [
        ("include-migrations", config.include_migrations),
        ("include-tests", config.include_tests),
        ("preview", config.preview),
    ];
    let on = all.into_iter().filter(|(_, on)| *on);
    on.map(|(name, _)| name.to_owned()).collect()
}

fn dir_of(file: &Path, request: &Request) -> PathBuf {
    let file = absolute(&request.cwd, file);
    file.parent().map(Path::to_path_buf).unwrap_or(file)
}
