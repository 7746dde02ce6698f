//! The table `rules/django/settings.toml`: who reads the environment, and what names of settings modules tell.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Role;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    reader: Vec<Reader>,
    url: Vec<Url>,
    outside: Vec<Outside>,
    role: Vec<Words>,
    tool: Vec<Tool>,
    paging: Vec<Paging>,
    default: Vec<Fallback>,
    cache: Vec<Cache>,
    sessions: Vec<Sessions>,
    visitor: Vec<Visitor>,
    #[serde(rename = "static")]
    serving: Vec<Static>,
    since: Vec<Since>,
}

/// What a reader gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Gives {
    Value,
    /// An entry of `DATABASES` whose URL may set anything.
    Database,
    /// An entry of `DATABASES` whose connection options are arguments.
    DatabaseUrl,
    /// An entry of `CACHES`.
    Cache,
}

/// A call that reads what the text does not hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reader {
    names: Vec<String>,
    /// Where its default is among the arguments.
    pub default: usize,
    pub gives: Gives,
    /// Without a default it gives `None`.
    #[serde(default)]
    pub optional: bool,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Url {
    schemes: Vec<String>,
    backend: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    name: String,
    words: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    role: Role,
    words: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fallback {
    setting: String,
    shown: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    setting: String,
    series: (u16, u16),
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    middleware: String,
    cost: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    classes: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

/// Where a cache keeps what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheKeeps {
    Nothing,
    /// In each process for itself.
    Process,
    /// For all processes.
    Shared,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    #[serde(default)]
    backends: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    keeps: CacheKeeps,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

/// Where sessions are kept, of those that reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionsKeep {
    Database,
    DatabaseAndCache,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sessions {
    engine: String,
    keeps: SessionsKeep,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Visitor {
    middleware: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

/// Middleware that serves static files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Static {
    pub middleware: String,
    plain: Vec<String>,
    /// Settings that say otherwise how long browsers may keep files.
    pub lasting: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

impl Static {
    /// Whether files keep their names under a storage backend, whatever is in them.
    pub fn is_plain(&self, storage: &str) -> bool {
        self.plain.iter().any(|name| name == storage)
    }
}

const TEXT: &str = include_str!("../../../rules/django/settings.toml");
static TABLE: LazyLock<Document> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// The reader of that dotted name.
pub(super) fn reader(dotted: &str) -> Option<&'static Reader> {
    TABLE
        .reader
        .iter()
        .find(|row| row.names.iter().any(|name| name == dotted))
}

/// The backend that a URL or its scheme stands for.
pub(super) fn backend(url: &str) -> Option<&'static str> {
    let scheme = url.split(':').next().unwrap_or_default();
    let has = |row: &&Url| row.schemes.iter().any(|known| known == scheme);
    TABLE.url.iter().find(has).map(|row| row.backend.as_str())
}

/// The series of Django that a setting came with, where that matters.
pub fn since(setting: &str) -> Option<(u16, u16)> {
    let row = TABLE.since.iter().find(|row| row.setting == setting);
    row.map(|row| row.series)
}

/// Whether `"word" in name` is false where a server answers requests.
pub(super) fn is_outside(name: &str, word: &str) -> bool {
    let has = |row: &Outside| row.name == name && row.words.iter().any(|known| known == word);
    TABLE.outside.iter().any(has)
}

/// What a word in the name of a settings module tells.
pub(super) fn role(word: &str) -> Option<Role> {
    let has = |row: &&Words| row.words.iter().any(|known| known == word);
    TABLE.role.iter().find(has).map(|row| row.role)
}

/// What a middleware for developing costs where a server answers requests.
pub fn tool_cost(middleware: &str) -> Option<&'static str> {
    let row = TABLE.tool.iter().find(|row| row.middleware == middleware);
    row.map(|row| row.cost.as_str())
}

/// Whether a class of REST framework pages nothing without a `PAGE_SIZE`.
pub fn needs_page_size(pagination: &str) -> bool {
    let mut classes = TABLE.paging.iter().flat_map(|row| &row.classes);
    classes.any(|class| class == pagination)
}

/// What Django takes for a missing setting, as Python text.
pub fn default(setting: &str) -> Option<&'static str> {
    let row = TABLE.default.iter().find(|row| row.setting == setting);
    row.map(|row| row.shown.as_str())
}

/// Where a cache of that backend keeps what it is given.
pub fn cache_keeps(backend: &str) -> Option<CacheKeeps> {
    let lower = backend.to_lowercase();
    let has = |row: &&Cache| {
        row.backends.iter().any(|name| name == backend) || row.words.iter().any(|word| lower.contains(word))
    };
    TABLE.cache.iter().find(has).map(|row| row.keeps)
}

/// Where an engine keeps sessions, if it reaches the database.
pub fn sessions_keep(engine: &str) -> Option<SessionsKeep> {
    let row = TABLE.sessions.iter().find(|row| row.engine == engine);
    row.map(|row| row.keeps)
}

/// Whether a list of middleware reads the session for each request that asks for its user.
pub fn knows_visitors(has: impl Fn(&str) -> bool) -> bool {
    let all = |row: &Visitor| row.middleware.iter().all(|name| has(name));
    TABLE.visitor.iter().any(all)
}

/// Middleware that serves static files.
pub fn serves_static() -> &'static [Static] {
    &TABLE.serving
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        let document: Document = toml::from_str(TEXT).unwrap();
        assert!(document.reader.len() > 5);
        assert_eq!(reader("os.getenv").map(|row| row.default), Some(1));
        assert_eq!(
            backend("postgres://u@h/db"),
            Some("django.db.backends.postgresql")
        );
        assert_eq!(role("staging"), Some(Role::Production));
        assert!(is_outside("sys.argv", "test"));
        assert_eq!(default("DEBUG"), Some("False"));
        assert!(tool_cost("silk.middleware.SilkyMiddleware").is_some());
        assert_eq!(since("CONN_HEALTH_CHECKS"), Some((4, 1)));
        assert_eq!(
            cache_keeps("django.core.cache.backends.locmem.LocMemCache"),
            Some(CacheKeeps::Process)
        );
        assert_eq!(
            cache_keeps("django_redis.cache.RedisCache"),
            Some(CacheKeeps::Shared)
        );
        assert_eq!(cache_keeps("diskcache.DjangoCache"), None);
        let default = default("SESSION_ENGINE").unwrap().trim_matches('"');
        assert_eq!(sessions_keep(default), Some(SessionsKeep::Database));
        assert_eq!(
            sessions_keep("django.contrib.sessions.backends.cached_db"),
            Some(SessionsKeep::DatabaseAndCache)
        );
        assert!(knows_visitors(|_| true) && !knows_visitors(|name| name.contains("sessions")));
        assert!(needs_page_size("rest_framework.pagination.CursorPagination"));
    }
}
