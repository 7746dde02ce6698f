//! The rows of `rules/django/templates.toml`: directories, endings and backends, how tags are registered,
//! and what compiles texts.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::facts::Dialect;

#[derive(Deserialize)]
struct Table {
    directories: FxHashMap<String, Language>,
    endings: FxHashMap<String, Language>,
    backends: FxHashMap<String, Language>,
    libraries: FxHashMap<String, Language>,
    register: FxHashMap<String, Registers>,
    compile: Compile,
    loaders: Loaders,
    runs: Runs,
}

#[derive(Deserialize)]
struct Compile {
    text: Vec<String>,
    engines: Vec<String>,
    from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loaders {
    own: String,
    keep: Vec<String>,
}

/// Classes by how often their methods run.
#[derive(Deserialize)]
pub struct Runs {
    pub rows: Vec<String>,
    pub requests: Vec<String>,
    /// Methods that run once for an object.
    pub once: Vec<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Language {
    Django,
    Jinja,
}

/// What a method of a library registers.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Registers {
    Simple,
    SimpleBlock,
    Inclusion,
    Filter,
    Custom,
}

impl From<Language> for Dialect {
    fn from(language: Language) -> Self {
        match language {
            Language::Django => Self::Django,
            Language::Jinja => Self::Jinja,
        }
    }
}

/// The path of any engine.
const ENGINE: &str = "<engine>";

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/django/templates.toml")).expect("templates.toml is valid")
});

/// The language of templates in a directory of this name; absent where engines do not look by themselves.
pub fn directory(name: &str) -> Option<Dialect> {
    TABLE.directories.get(name).map(|language| (*language).into())
}

/// All such directories, ordered by name.
pub fn directories() -> Vec<(&'static str, Dialect)> {
    let rows = TABLE.directories.iter();
    let mut all: Vec<_> = rows
        .map(|(name, language)| (name.as_str(), Dialect::from(*language)))
        .collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

/// The language that a file's ending tells.
pub fn ending(path: &str) -> Option<Dialect> {
    let (_, ending) = path.rsplit_once('.')?;
    TABLE.endings.get(ending).map(|language| (*language).into())
}

/// The language of a template backend.
pub fn backend(dotted: &str) -> Dialect {
    TABLE
        .backends
        .get(dotted)
        .map_or(Dialect::Django, |language| (*language).into())
}

/// The language whose tags an object outside the project collects, if it is a library of tags.
pub fn library(dotted: &str) -> Option<Dialect> {
    TABLE.libraries.get(dotted).map(|language| (*language).into())
}

/// What the method of a library registers.
pub fn registers(method: &str) -> Option<Registers> {
    TABLE.register.get(method).copied()
}

/// Whether calling a path outside the project compiles a text.
pub fn compiles(dotted: &str) -> bool {
    let of_engine = || {
        let (head, name) = dotted.rsplit_once('.')?;
        Some(head == ENGINE && name == TABLE.compile.from)
    };
    TABLE.compile.text.iter().any(|path| path == dotted) || of_engine() == Some(true)
}

/// What calling or indexing a path outside the project gives, if that is an engine.
pub fn engine(dotted: &str) -> Option<&'static str> {
    TABLE
        .compile
        .engines
        .iter()
        .any(|path| path == dotted)
        .then_some(ENGINE)
}

/// The rest of the name of one of Django's own loaders, if it keeps nothing: `filesystem.Loader`.
pub fn plain_loader(dotted: &str) -> Option<&str> {
    let own = dotted
        .strip_prefix(TABLE.loaders.own.as_str())?
        .strip_prefix('.')?;
    let keeps = TABLE.loaders.keep.iter().any(|path| path == dotted);
    (!keeps).then_some(own)
}

/// Classes by how often their methods run.
pub fn runs() -> &'static Runs {
    &TABLE.runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses() {
        assert_eq!(directory("jinja2"), Some(Dialect::Jinja));
        assert_eq!(directory("html"), None);
        assert_eq!(ending("a/b.html.j2"), Some(Dialect::Jinja));
        assert_eq!(
            backend("django.template.backends.django.DjangoTemplates"),
            Dialect::Django
        );
        assert_eq!(registers("simple_block_tag"), Some(Registers::SimpleBlock));
        assert!(compiles("jinja2.Template"));
        assert!(engine("django.template.engines").is_some_and(|e| compiles(&format!("{e}.from_string"))));
        assert!(!compiles("jinja2.Environment"));
        assert_eq!(
            plain_loader("django.template.loaders.filesystem.Loader"),
            Some("filesystem.Loader")
        );
        assert_eq!(plain_loader("django.template.loaders.cached.Loader"), None);
    }
}
