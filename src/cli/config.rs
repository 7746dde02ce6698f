//! `djperf config`: the settings in effect, one of them explained, whether they are valid, or their schema.

use std::path::{Path, PathBuf};
use std::slice;

use super::args::ShowConfig;
use super::output::Output;
use super::{CliError, Exit, settings};
use crate::config::{Config, ConfigError, KEYS, Key, Sources, nearest, schema};
use crate::report::{escape_text, json};

pub(super) fn run(args: &ShowConfig, out: &mut Output) -> Result<Exit, CliError> {
    if args.schema {
        out.print(&json::pretty(&schema()))?;
        return Ok(Exit::Clean);
    }
    let (keys, path) = keys_and_path(&args.targets)?;
    settings::must_exist(slice::from_ref(&path))?;
    if args.check {
        return check(args, &path, out);
    }
    let config = settings::load(&args.source, &path, out)?;
    config.validate()?;
    let text = if keys.is_empty() {
        format!("# {}\n{}", origin(&config), config.to_toml())
    } else {
        let texts: Vec<String> = keys.into_iter().map(|key| explain(key, &config)).collect();
        texts.join("\n")
    };
    out.print(&escape_text(&text))?;
    Ok(Exit::Clean)
}

/// Names everything that is wrong.
fn check(args: &ShowConfig, path: &Path, out: &mut Output) -> Result<Exit, CliError> {
    let (config, mut errors) = Config::examine(Sources {
        start: path,
        isolated: args.source.isolated,
        overrides: &args.source.config,
    })?;
    if errors.is_empty() {
        errors.extend(config.validate().err());
    }
    if errors.is_empty() {
        let text = format!("Settings are valid: {}\n", origin(&config));
        out.print(&escape_text(&text))?;
        return Ok(Exit::Clean);
    }
    // The last one is told by the caller.
    let last = errors.pop();
    for error in &errors {
        out.error(&error.to_string());
    }
    last.map_or(Ok(Exit::Usage), |last: ConfigError| Err(last.into()))
}

fn origin(config: &Config) -> String {
    match &config.origin {
        Some(file) => file.display().to_string(),
        None => "defaults, no configuration file".to_owned(),
    }
}

fn explain(key: &Key, config: &Config) -> String {
    let values: toml::Table = config.to_toml().parse().unwrap_or_default();
    let value = values.get(key.name).map_or_else(
        || "not set".to_owned(),
        |value| match value {
            toml::Value::Table(table) if table.is_empty() => "{}".to_owned(),
            toml::Value::Table(table) => format!("\n{}", table.to_string().trim_end()),
            value => value.to_string(),
        },
    );
    format!(
        "{}: {}\nTakes {}.\nIn effect: {value}\n",
        key.name,
        key.about,
        key.shape.takes()
    )
}

fn keys_and_path(targets: &[String]) -> Result<(Vec<&'static Key>, PathBuf), CliError> {
    let (mut keys, mut path) = (Vec::new(), None);
    for target in targets {
        if let Some(key) = KEYS.iter().find(|key| key.name == *target) {
            keys.push(key);
        } else if path.is_none() && (Path::new(target).exists() || near(target).is_none()) {
            path = Some(PathBuf::from(target));
        } else {
            let hint = match near(target) {
                Some(near) => format!(": did you mean the key `{near}`?"),
                None => String::new(),
            };
            return Err(CliError::Usage(format!(
                "`{target}` is neither a key nor a path{hint}"
            )));
        }
    }
    Ok((keys, path.unwrap_or_else(|| PathBuf::from("."))))
}

fn near(word: &str) -> Option<&'static str> {
    nearest(word, KEYS.iter().map(|key| key.name))
}
