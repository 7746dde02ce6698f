//! Reads TOML into a [`Config`], key by key, and names the line of everything it rejects.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::suggest::hint;
use super::{Config, ConfigError, FailOn, KEYS, OutputFormat};
use crate::report::diagnostic::Severity;
use crate::source::LineIndex;

type DeKey<'i> = Spanned<Cow<'i, str>>;
type DeVal<'i> = Spanned<DeValue<'i>>;

/// The text a table was read from, for naming places in it.
struct Place<'a> {
    name: String,
    text: &'a str,
    inline: bool,
}

impl Place<'_> {
    fn at(&self, offset: usize) -> String {
        if self.inline {
            return self.name.clone();
        }
        format!(
            "{}:{}",
            self.name,
            LineIndex::new(self.text).line_of(offset as u32)
        )
    }

    fn toml_error(&self, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |span| span.start);
        ConfigError::Toml {
            place: self.at(offset),
            reason: error.message().trim_end().replace('\n', " "),
        }
    }
}

pub(super) fn text_of(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable {
        path: path.display().to_string(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

pub(super) fn tool_table_present(text: &str, path: &Path) -> Result<bool, ConfigError> {
    let place = Place {
        name: path.display().to_string(),
        text,
        inline: false,
    };
    let table = DeTable::parse(text).map_err(|e| place.toml_error(&e))?;
    Ok(tool_table(table.get_ref()).is_some())
}

fn tool_table<'a, 'i>(table: &'a DeTable<'i>) -> Option<&'a DeVal<'i>> {
    table.get("tool")?.get_ref().as_table()?.get("djperf")
}

impl Config {
    /// Applies a `pyproject.toml`, or a file that holds nothing but djperf's settings.
    pub(super) fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = text_of(path)?;
        let place = Place {
            name: path.display().to_string(),
            text: &text,
            inline: false,
        };
        let table = DeTable::parse(&text).map_err(|e| place.toml_error(&e))?;
        if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            if let Some(ours) = tool_table(table.get_ref()) {
                let ours_table = ours
                    .get_ref()
                    .as_table()
                    .ok_or_else(|| wrong(&place, "tool.djperf", ours, "a table"))?;
                self.apply(ours_table, &place)?;
            }
        } else {
            self.apply(table.get_ref(), &place)?;
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.root = absolute.parent().map(Path::to_path_buf);
        if let (Some(baseline), Some(root)) = (&mut self.baseline, &self.root) {
            *baseline = root.join(&*baseline);
        }
        self.origin = Some(path.to_path_buf());
        Ok(())
    }

    /// Applies one `KEY=VALUE`, written in TOML.
    pub(super) fn read_inline(&mut self, text: &str) -> Result<(), ConfigError> {
        let place = Place {
            name: format!("--config {text}"),
            text,
            inline: true,
        };
        let table = DeTable::parse(text).map_err(|e| place.toml_error(&e))?;
        self.apply(table.get_ref(), &place)
    }

    fn apply(&mut self, table: &DeTable<'_>, place: &Place<'_>) -> Result<(), ConfigError> {
        let mut entries: Vec<(&DeKey<'_>, &DeVal<'_>)> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name: &str = key.get_ref();
            let Some(known) = KEYS.iter().find(|k| k.name == name) else {
                return Err(ConfigError::UnknownKey {
                    place: place.at(key.span().start),
                    key: name.to_owned(),
                    hint: hint(name, KEYS.iter().map(|k| k.name)),
                    valid: KEYS.map(|k| k.name).join(", "),
                });
            };
            self.set(known.name, value)
                .ok_or_else(|| wrong(place, name, value, known.takes))?;
        }
        Ok(())
    }

    /// `None` when the value is not what the key takes.
    fn set(&mut self, key: &str, value: &DeVal<'_>) -> Option<()> {
        let value = value.get_ref();
        match key {
            "select" => self.select = strings(value)?,
            "extend-select" => self.extend_select = strings(value)?,
            "ignore" => self.ignore = strings(value)?,
            "exclude" => self.exclude = strings(value)?,
            "include-tests" => self.include_tests = value.as_bool()?,
            "include-migrations" => self.include_migrations = value.as_bool()?,
            "preview" => self.preview = value.as_bool()?,
            "output-format" => self.output_format = OutputFormat::parse(value.as_str()?)?,
            "fail-on" => self.fail_on = FailOn::parse(value.as_str()?)?,
            "fix" => self.fix = value.as_bool()?,
            "unsafe-fixes" => self.unsafe_fixes = value.as_bool()?,
            "extend-safe-fixes" => self.extend_safe_fixes = strings(value)?,
            "extend-unsafe-fixes" => self.extend_unsafe_fixes = strings(value)?,
            "baseline" => self.baseline = Some(value.as_str().filter(|path| !path.is_empty())?.into()),
            "threads" => self.threads = Some(positive(value)?),
            "per-file-ignores" => {
                self.per_file_ignores = in_order(value)?
                    .into_iter()
                    .map(|(glob, rules)| Some((glob, strings(rules)?)))
                    .collect::<Option<_>>()?;
            }
            "severity" => {
                self.severity = in_order(value)?
                    .into_iter()
                    .map(|(rule, level)| Some((rule, Severity::parse(level.as_str()?)?)))
                    .collect::<Option<_>>()?;
            }
            _ => return None,
        }
        Some(())
    }
}

fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    value
        .as_array()?
        .iter()
        .map(|item| item.get_ref().as_str().map(str::to_owned))
        .collect()
}

fn positive(value: &DeValue<'_>) -> Option<usize> {
    let number = value.as_integer()?;
    usize::from_str_radix(number.as_str(), number.radix())
        .ok()
        .filter(|n| *n > 0)
}

/// The entries of a table in the order they are written.
fn in_order<'a, 'i>(value: &'a DeValue<'i>) -> Option<Vec<(String, &'a DeValue<'i>)>> {
    let mut entries: Vec<_> = value.as_table()?.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    Some(
        entries
            .into_iter()
            .map(|(key, value)| (key.get_ref().to_string(), value.get_ref()))
            .collect(),
    )
}

fn wrong(place: &Place<'_>, key: &str, value: &DeVal<'_>, expected: &'static str) -> ConfigError {
    let found = match value.get_ref() {
        DeValue::String(text) => format!("{:?}", &**text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(_) if expected.starts_with("a list") => "a list of something else".to_owned(),
        DeValue::Table(_) if expected.starts_with("a table") => "a table of something else".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
        other => format!("a {}", other.type_str()),
    };
    ConfigError::WrongType {
        place: place.at(value.span().start),
        key: key.to_owned(),
        expected,
        found,
    }
}
