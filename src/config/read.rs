//! Reads TOML into a [`Config`], key by key, and names the line of everything it rejects.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::suggest::hint;
use super::{Config, ConfigError, FailOn, KEYS, OutputFormat, Selector, Shape};
use crate::report::diagnostic::Severity;
use crate::source::LineIndex;

/// What `extend` names may be anything.
const MAX_BYTES: u64 = 1 << 20;

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
    let metadata = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(unreadable("it is no regular file of at most 1 MB".to_owned()));
    }
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

/// Files that extend one another, and what is wrong with them.
#[derive(Default)]
pub(super) struct Reading {
    open: Vec<PathBuf>,
    pub errors: Vec<ConfigError>,
}

impl Config {
    /// Applies a `pyproject.toml`, or a file that holds nothing but djperf's settings, with what it extends. What is
    /// wrong is left out, and told.
    pub(super) fn read_file(&mut self, path: &Path, reading: &mut Reading) {
        if let Err(error) = self.read_whole(path, reading) {
            reading.errors.push(error);
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.root = absolute.parent().map(Path::to_path_buf);
        self.origin = Some(path.to_path_buf());
    }

    fn read_whole(&mut self, path: &Path, reading: &mut Reading) -> Result<(), ConfigError> {
        let text = text_of(path)?;
        let place = Place {
            name: path.display().to_string(),
            text: &text,
            inline: false,
        };
        let table = DeTable::parse(&text).map_err(|e| place.toml_error(&e))?;
        let mut ours = table.get_ref();
        if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            let Some(value) = tool_table(table.get_ref()) else {
                return Ok(());
            };
            ours = value
                .get_ref()
                .as_table()
                .ok_or_else(|| wrong(&place, "tool.djperf", value, "a table".to_owned()))?;
        }
        let dir = path.parent().unwrap_or(Path::new(""));
        reading
            .open
            .push(path.canonicalize().unwrap_or_else(|_| path.to_path_buf()));
        if let Some(value) = ours.get("extend")
            && let Some(base) = value.get_ref().as_str()
        {
            let base = dir.join(base);
            let real = base.canonicalize().unwrap_or_else(|_| base.clone());
            if reading.open.contains(&real) {
                return Err(ConfigError::Circle {
                    place: place.at(value.span().start),
                    path: base.display().to_string(),
                });
            }
            self.read_whole(&base, reading)?;
        }
        let before = self.baseline.take();
        self.apply(ours, &place, &mut reading.errors);
        let own = self.baseline.take();
        let own = own.map(|own| std::path::absolute(dir.join(&own)).unwrap_or(own));
        self.baseline = own.or(before);
        Ok(())
    }

    /// Applies one `KEY=VALUE`, written in TOML.
    pub(super) fn read_inline(&mut self, text: &str, errors: &mut Vec<ConfigError>) {
        let place = Place {
            name: format!("--config {text}"),
            text,
            inline: true,
        };
        match DeTable::parse(text) {
            Ok(table) => self.apply(table.get_ref(), &place, errors),
            Err(error) => errors.push(place.toml_error(&error)),
        }
    }

    fn apply(&mut self, table: &DeTable<'_>, place: &Place<'_>, errors: &mut Vec<ConfigError>) {
        let mut entries: Vec<(&DeKey<'_>, &DeVal<'_>)> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name: &str = key.get_ref();
            let Some(known) = KEYS.iter().find(|k| k.name == name) else {
                errors.push(ConfigError::UnknownKey {
                    place: place.at(key.span().start),
                    key: name.to_owned(),
                    hint: hint(name, KEYS.iter().map(|k| k.name)),
                    valid: KEYS.map(|k| k.name).join(", "),
                });
                continue;
            };
            if self.set(known.name, value).is_none() {
                errors.push(wrong(place, name, value, known.shape.takes()));
                continue;
            }
            words(known.shape, known.name, value, &mut |offset, checked| {
                if let Err(error) = checked {
                    let place = place.at(offset);
                    errors.push(ConfigError::At {
                        place,
                        error: Box::new(error),
                    });
                }
            });
        }
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
            "extend" => {
                value.as_str().filter(|path| !path.is_empty())?;
            }
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

type Checked<'a> = &'a mut dyn FnMut(usize, Result<(), ConfigError>);

/// Checks each selector and each glob of a value, with its place.
fn words(shape: Shape, key: &str, value: &DeVal<'_>, tell: Checked<'_>) {
    let entries = value
        .get_ref()
        .as_table()
        .into_iter()
        .flat_map(|table| table.iter());
    match shape {
        Shape::Rules => each(value, tell, selector),
        Shape::Strings if key == "exclude" => each(value, tell, glob),
        Shape::RulesByGlob => {
            for (name, list) in entries {
                each(list, tell, selector);
                tell(name.span().start, glob(name.get_ref()));
            }
        }
        Shape::SeverityByRule => {
            for (name, _) in entries {
                tell(name.span().start, selector(name.get_ref()));
            }
        }
        _ => {}
    }
}

fn each(list: &DeVal<'_>, tell: Checked<'_>, check: fn(&str) -> Result<(), ConfigError>) {
    for item in list.get_ref().as_array().into_iter().flatten() {
        if let Some(text) = item.get_ref().as_str() {
            tell(item.span().start, check(text));
        }
    }
}

fn selector(text: &str) -> Result<(), ConfigError> {
    Selector::parse(text).map(drop)
}

fn glob(text: &str) -> Result<(), ConfigError> {
    match globset::Glob::new(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::Glob {
            glob: text.to_owned(),
            reason: error.kind().to_string(),
        }),
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

fn wrong(place: &Place<'_>, key: &str, value: &DeVal<'_>, expected: String) -> ConfigError {
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
