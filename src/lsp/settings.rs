//! What a client may set, and what it makes of djperf's own settings.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{self, CachePlace, Config, Sources};

/// When what is typed counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Run {
    #[default]
    OnType,
    OnSave,
}

/// How much is logged; each level holds those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Level {
    Off,
    Error,
    Warning,
    #[default]
    Info,
    Debug,
}

/// The settings of a client, for all folders or for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub enable: bool,
    /// A settings file, relative to the folder.
    pub file: Option<PathBuf>,
    /// `KEY=VALUE` in TOML.
    pub inline: Vec<String>,
    pub select: Vec<String>,
    pub extend_select: Vec<String>,
    pub ignore: Vec<String>,
    pub preview: Option<bool>,
    /// Fixes that are not safe are offered.
    pub unsafe_fixes: bool,
    pub code_lens: bool,
    pub inlay_hints: bool,
    pub hover: bool,
    pub run: Run,
    pub log: Level,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable: true,
            file: None,
            inline: Vec::new(),
            select: Vec::new(),
            extend_select: Vec::new(),
            ignore: Vec::new(),
            preview: None,
            unsafe_fixes: true,
            code_lens: true,
            inlay_hints: false,
            hover: true,
            run: Run::OnType,
            log: Level::Info,
        }
    }
}

impl Settings {
    /// Settings as a client sends them, and what of them means nothing. They may stand under `djperf` or `settings`.
    pub fn read(value: &Value) -> (Self, Vec<String>) {
        let mut value = value;
        while let Some(inner) = ["djperf", "settings"].iter().find_map(|key| value.get(key)) {
            value = inner;
        }
        let mut settings = Self::default();
        let mut wrong = Vec::new();
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                    match settings.set(key, value) {
                        Some(true) => {}
                        Some(false) => wrong.push(format!("unknown setting `{key}`")),
                        None => wrong.push(format!("the setting `{key}` cannot be {value}")),
                    }
                }
            }
            other => wrong.push(format!("settings are an object, not {other}")),
        }
        (settings, wrong)
    }

    /// None for a value that the key does not take; false for a key that is not known.
    fn set(&mut self, key: &str, value: &Value) -> Option<bool> {
        match key {
            "enable" => self.enable = value.as_bool()?,
            "configuration" => match value {
                Value::String(file) => self.file = (!file.is_empty()).then(|| PathBuf::from(file)),
                Value::Object(entries) => {
                    self.inline = entries
                        .iter()
                        .map(|(key, value)| Some(format!("{key} = {}", toml::Value::try_from(value).ok()?)))
                        .collect::<Option<_>>()?;
                }
                _ => return None,
            },
            "select" => self.select = strings(value)?,
            "extendSelect" => self.extend_select = strings(value)?,
            "ignore" => self.ignore = strings(value)?,
            "preview" => self.preview = Some(value.as_bool()?),
            "unsafeFixes" => self.unsafe_fixes = value.as_bool()?,
            "codeLens" => self.code_lens = value.as_bool()?,
            "inlayHints" => self.inlay_hints = value.as_bool()?,
            "hover" => self.hover = value.as_bool()?,
            "run" => {
                self.run = match value.as_str()? {
                    "onType" => Run::OnType,
                    "onSave" => Run::OnSave,
                    _ => return None,
                }
            }
            "logLevel" => {
                self.log = match value.as_str()? {
                    "off" => Level::Off,
                    "error" => Level::Error,
                    "warn" | "warning" => Level::Warning,
                    "info" => Level::Info,
                    "debug" | "trace" => Level::Debug,
                    _ => return None,
                }
            }
            _ => return Some(false),
        }
        Some(true)
    }

    /// djperf's settings for a run over paths in a folder, and what is wrong with them. What is wrong is left out: an
    /// editor goes on with the rest.
    pub fn config(
        &self,
        paths: &[PathBuf],
        folder: &Path,
        cache: Option<&CachePlace>,
    ) -> (Config, Vec<String>) {
        let mut wrong = Vec::new();
        let start = config::start_for(paths).unwrap_or_else(|_| folder.to_path_buf());
        let start = config::start_of_run(&start);
        let file = self.file.as_ref().map(|file| folder.join(file));
        let mut overrides: Vec<String> = file.iter().map(|file| file.display().to_string()).collect();
        overrides.extend(self.inline.iter().cloned());
        let read = |isolated: bool, overrides: &[String], wrong: &mut Vec<String>| {
            let sources = Sources {
                start: &start,
                isolated,
                overrides,
            };
            match Config::examine(sources) {
                Ok((config, errors)) => {
                    wrong.extend(errors.iter().map(ToString::to_string));
                    Some(config)
                }
                Err(error) => {
                    wrong.push(error.to_string());
                    None
                }
            }
        };
        let mut config = read(false, &overrides, &mut wrong).unwrap_or_default();
        self.put(&mut config);
        if let Err(error) = config.validate() {
            // A file with a rule that does not exist, or one that was typed into the editor's settings.
            let text = error.to_string();
            if !wrong.contains(&text) && wrong.is_empty() {
                wrong.push(text);
            }
            config = Config::default();
        }
        config.cache = cache.cloned();
        (config, wrong)
    }

    fn put(&self, config: &mut Config) {
        config.flags.select.clone_from(&self.select);
        config.flags.extend_select.clone_from(&self.extend_select);
        config.flags.ignore.clone_from(&self.ignore);
        config.put_flags();
        config.preview = self.preview.unwrap_or(config.preview);
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Level, Run, Settings};

    #[test]
    fn settings_may_stand_in_several_places() {
        let bare = json!({"run": "onSave", "select": ["DJP101"], "logLevel": "debug", "preview": null});
        for value in [
            bare.clone(),
            json!({"settings": bare}),
            json!({"djperf": bare}),
            json!({"djperf": {"settings": bare}}),
        ] {
            let (settings, wrong) = Settings::read(&value);
            assert!(wrong.is_empty(), "{wrong:?}");
            let expected = Settings {
                run: Run::OnSave,
                select: vec!["DJP101".to_owned()],
                log: Level::Debug,
                ..Settings::default()
            };
            assert_eq!(settings, expected, "{value}");
        }
        assert_eq!(Settings::read(&json!(null)), (Settings::default(), vec![]));
    }

    #[test]
    fn what_means_nothing_is_told_and_the_rest_holds() {
        let (settings, wrong) =
            Settings::read(&json!({"nope": 1, "run": "never", "hover": false, "select": ["a", 2]}));
        assert!(!settings.hover && settings.run == Run::OnType && settings.select.is_empty());
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong.iter().any(|text| text.contains("`nope`")), "{wrong:?}");
        assert_eq!(Settings::read(&json!([])).1.len(), 1);
    }

    #[test]
    fn tables_become_lines_of_toml() {
        let value =
            json!({"configuration": {"severity": {"DJP101": "error"}, "exclude": ["a\"b"], "threads": 2}});
        let (settings, wrong) = Settings::read(&value);
        assert!(wrong.is_empty(), "{wrong:?}");
        let dir = tempfile::tempdir().unwrap();
        let (config, wrong) = settings.config(&[dir.path().to_path_buf()], dir.path(), None);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(config.exclude, ["a\"b"]);
        assert_eq!(config.threads, Some(2));
        assert_eq!(config.severity.len(), 1);
    }

    #[test]
    fn wrong_files_are_told_and_do_not_stop_the_editor() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("djperf.toml"), "select = [\"DJP10\"]\nnope = 1\n").unwrap();
        let settings = Settings::default();
        let (config, wrong) = settings.config(&[dir.path().to_path_buf()], dir.path(), None);
        assert_eq!(config.select, ["DJP10"]);
        assert!(wrong.len() == 1 && wrong[0].contains("nope"), "{wrong:?}");
        let settings = Settings {
            select: vec!["NOPE999".to_owned()],
            ..settings
        };
        let (config, wrong) = settings.config(&[dir.path().to_path_buf()], dir.path(), None);
        assert!(config.select.is_empty() && !wrong.is_empty());
    }
}
