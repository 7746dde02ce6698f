//! From arguments and files to one request.

use std::path::{Path, PathBuf};

use super::CliError;
use super::args::{Check, ConfigSource};
use super::output::Output;
use crate::config::{self, Config, Sources};
use crate::session::{Request, SessionError};

/// The settings of a run over a path: those of the project around it.
pub(super) fn of_run(source: &ConfigSource, start: &Path, out: &Output) -> Result<Config, CliError> {
    load(source, &config::start_of_run(start), out)
}

/// The settings in effect around a path, checked.
pub(super) fn load(source: &ConfigSource, start: &Path, out: &Output) -> Result<Config, CliError> {
    let config = Config::load(Sources {
        start,
        isolated: source.isolated,
        overrides: &source.config,
    })?;
    match &config.origin {
        Some(file) => out.detail(&format!("settings: {}", file.display())),
        None => out.detail("settings: defaults, no configuration file"),
    }
    Ok(config)
}

/// As [`of_run`], for several paths.
pub(super) fn load_for_all(
    source: &ConfigSource,
    paths: &[PathBuf],
    out: &Output,
) -> Result<Config, CliError> {
    let start = if source.isolated {
        PathBuf::new()
    } else {
        config::start_for(paths)?
    };
    of_run(source, &start, out)
}

/// A request for paths that exist.
pub(super) fn request(paths: &[PathBuf], config: Config) -> Result<Request, CliError> {
    config.validate()?;
    let cwd = std::env::current_dir()
        .map_err(|e| CliError::Usage(format!("the working directory cannot be read: {e}")))?;
    let threads = config.threads;
    Ok(Request {
        cwd,
        paths: paths.to_vec(),
        config,
        threads,
        overlay: Default::default(),
    })
}

/// A wrong path is told before anything is looked for around it.
pub(super) fn must_exist(paths: &[PathBuf]) -> Result<(), CliError> {
    match paths.iter().find(|path| !path.exists()) {
        Some(path) => Err(SessionError::MissingPath(path.display().to_string()).into()),
        None => Ok(()),
    }
}

/// The paths to check. Those that are missing are told before anything is looked for around the others.
pub(super) fn checked(check: &Check, out: &Output) -> Result<Vec<PathBuf>, CliError> {
    if !check.no_error_on_unmatched {
        must_exist(&check.paths)?;
        return Ok(check.paths.clone());
    }
    let (there, missing): (Vec<_>, Vec<_>) = check.paths.iter().cloned().partition(|path| path.exists());
    if let [path, ..] = &missing[..] {
        let more = match missing.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        out.note(&format!(
            "djperf: left out, as there is no {}{more}",
            path.display()
        ));
    }
    Ok(there)
}

/// Puts the flags of `check` on top of what files say.
pub(super) fn apply(check: &Check, config: &mut Config) {
    config.flags.select.clone_from(&check.select);
    config.flags.extend_select.clone_from(&check.extend_select);
    config.flags.ignore.clone_from(&check.ignore);
    config.flags.severity = check.severity();
    config.put_flags();
    let cwd = std::env::current_dir()
        .and_then(|dir| dir.canonicalize())
        .unwrap_or_default();
    let excluded = check
        .exclude
        .iter()
        .map(|glob| from_root(glob, config.root.as_deref(), &cwd));
    config.exclude.extend(excluded.collect::<Vec<_>>());
    config.preview |= check.preview;
    config.include_tests |= check.include_tests;
    config.include_migrations |= check.include_migrations;
    config.fix = (config.fix || check.fix || check.fix_only || check.diff) && !check.no_fix;
    config.unsafe_fixes = (config.unsafe_fixes || check.unsafe_fixes) && !check.no_unsafe_fixes;
    if let Some(level) = check.fail_on() {
        config.fail_on = level;
    }
    if let Some(threads) = check.threads {
        config.threads = Some(threads.get());
    }
}

/// Globs of files are relative to the configuration's directory, those of arguments to the working directory.
fn from_root(glob: &str, root: Option<&Path>, cwd: &Path) -> String {
    match root
        .and_then(|root| cwd.strip_prefix(root).ok())
        .and_then(Path::to_str)
    {
        Some(below) if !below.is_empty() && glob.contains('/') => {
            format!("{}/{glob}", globset::escape(&below.replace('\\', "/")))
        }
        _ => glob.to_owned(),
    }
}

/// What a command was given: the one path among it, else the directory it was started in, and the names.
pub(super) fn project_and_names(targets: &[String]) -> Result<(PathBuf, Vec<&String>), CliError> {
    let (paths, names): (Vec<&String>, Vec<&String>) = targets.iter().partition(|t| Path::new(t).exists());
    match paths[..] {
        [_, second, ..] => Err(CliError::Usage(format!(
            "one project at a time: {second} is a second path"
        ))),
        [path] => Ok((PathBuf::from(path), names)),
        [] => Ok((PathBuf::from("."), names)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::from_root;

    #[test]
    fn globs_of_arguments_start_at_the_working_directory() {
        let (root, cwd) = (Some(Path::new("/repo")), Path::new("/repo/app[1]"));
        assert_eq!(from_root("old/**", root, cwd), "app[[]1[]]/old/**");
        assert_eq!(from_root("seed_*.py", root, cwd), "seed_*.py");
        assert_eq!(from_root("old/**", root, Path::new("/repo")), "old/**");
        assert_eq!(from_root("old/**", None, cwd), "old/**");
    }
}
