//! Which database a project runs on, as far as its settings say it in literals.
//!
//! `DATABASES["default"]` is looked for in all settings modules; what the environment decides is unknown unless a
//! default is written beside it. Where they disagree PostgreSQL wins: SQLite is what development and tests take.

use std::sync::LazyLock;

use serde::Deserialize;

use super::sites::{Env, MAX_DEPTH};
use super::walk::each_statement;
use crate::facts::{FileFacts, ImportKind};
use crate::ir::{Call, Const, Expr, ExprKind, StmtKind};
use crate::project::modules::ModuleIndex;
use crate::source::FileId;

/// A kind of database that Django knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    PostgreSql,
    Sqlite,
    MySql,
    Oracle,
}

impl Database {
    /// Distributions that a project asks for only if it runs on this database.
    pub fn packages(self) -> Vec<&'static str> {
        let rows = ROWS.iter().filter(|row| row.name == self);
        rows.flat_map(|row| row.packages.iter().map(String::as_str))
            .collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Database,
    words: Vec<String>,
    packages: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "versions")]
    _versions: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: u32,
    database: Vec<Row>,
}

const TEXT: &str = include_str!("../../../rules/django/databases.toml");
static ROWS: LazyLock<Vec<Row>> =
    LazyLock::new(|| toml::from_str::<Document>(TEXT).unwrap_or_default().database);

/// The databases that settings modules name.
pub(super) fn gather(files: &[(FileId, &FileFacts)], index: &ModuleIndex) -> Vec<(FileId, Database)> {
    let mut all = Vec::new();
    let mut env = None;
    for (file, facts) in files {
        let mut values: Vec<&Expr> = facts
            .assigns
            .iter()
            .filter(|assign| assign.name == "DATABASES")
            .filter_map(|assign| assign.value.as_deref())
            .collect();
        let whole = values.len();
        // DATABASES["default"] = …, DATABASES["default"]["ENGINE"] = …
        if !values.is_empty() || may_change(facts) {
            let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
            each_statement(body, &mut |stmt| {
                if let StmtKind::Assign { targets, value } = &stmt.kind
                    && targets.iter().any(is_default)
                {
                    values.push(value);
                }
            });
        }
        if values.is_empty() {
            continue;
        }
        let env = env.get_or_insert_with(|| Env::new(files, index));
        let mut found = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            if at < whole {
                databases(env, *file, value, &mut found, MAX_DEPTH);
            } else {
                database(env, *file, value, &mut found, MAX_DEPTH);
            }
        }
        all.extend(found.into_iter().map(|database| (*file, database)));
    }
    all
}

/// The one of several that counts.
pub(in crate::project) fn chosen(all: impl Iterator<Item = Database>) -> Option<Database> {
    all.reduce(|first, next| match next {
        Database::PostgreSql => next,
        _ => first,
    })
}

/// Settings that another module begins.
fn may_change(facts: &FileFacts) -> bool {
    let imports = facts.imports.iter();
    imports.map(|import| import.kind).any(|kind| match kind {
        ImportKind::Star => true,
        ImportKind::From { bound, .. } => bound == "DATABASES",
        ImportKind::Module { .. } => false,
    })
}

/// `DATABASES["default"]` and its `["ENGINE"]`.
fn is_default(target: &Expr) -> bool {
    let ExprKind::Index(parts) = &target.kind else {
        return false;
    };
    let key = parts.1.as_str();
    match &parts.0.kind {
        ExprKind::Index(_) => key.is_some_and(|key| key == "ENGINE") && is_default(&parts.0),
        _ => {
            key.is_some_and(|key| key == "default")
                && parts.0.as_name().is_some_and(|name| name == "DATABASES")
        }
    }
}

/// The value of `DATABASES`.
fn databases(env: &Env<'_>, file: FileId, value: &Expr, out: &mut Vec<Database>, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &value.kind {
        ExprKind::Dict(items) => {
            for item in items {
                match &item.key {
                    Some(key) if key.as_str().is_some_and(|key| key == "default") => {
                        database(env, file, &item.value, out, depth);
                    }
                    Some(_) => {}
                    None => databases(env, file, &item.value, out, depth),
                }
            }
        }
        ExprKind::IfElse(choice) => {
            databases(env, file, &choice.then, out, depth);
            databases(env, file, &choice.orelse, out, depth);
        }
        ExprKind::Name(_) | ExprKind::Attr(_) => {
            for (file, value) in env.values(file, value) {
                if !matches!(value.kind, ExprKind::Name(_) | ExprKind::Attr(_)) {
                    databases(env, file, value, out, depth);
                }
            }
        }
        _ => {}
    }
}

/// The value of `DATABASES["default"]`, or of its `ENGINE`.
fn database(env: &Env<'_>, file: FileId, value: &Expr, out: &mut Vec<Database>, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &value.kind {
        ExprKind::Dict(items) => {
            for item in items {
                match &item.key {
                    Some(key) if key.as_str().is_some_and(|key| key == "ENGINE") => {
                        database(env, file, &item.value, out, depth);
                    }
                    Some(_) => {}
                    None => database(env, file, &item.value, out, depth),
                }
            }
        }
        ExprKind::Const(Const::Str(text)) => out.extend(named(text.as_str())),
        ExprKind::FString(parts) => {
            // f"postgres://{user}…": what is put together still begins with its scheme.
            out.extend(
                parts
                    .first()
                    .and_then(Expr::as_str)
                    .and_then(|text| named(text.as_str())),
            );
        }
        ExprKind::Call(call) => of_call(env, file, call, out, depth),
        ExprKind::IfElse(choice) => {
            database(env, file, &choice.then, out, depth);
            database(env, file, &choice.orelse, out, depth);
        }
        ExprKind::Or(items) => items
            .iter()
            .for_each(|item| database(env, file, item, out, depth)),
        ExprKind::Binary(binary) => {
            database(env, file, &binary.left, out, depth);
            database(env, file, &binary.right, out, depth);
        }
        ExprKind::Name(_) | ExprKind::Attr(_) => {
            for (file, value) in env.values(file, value) {
                database(env, file, value, out, depth);
            }
        }
        _ => {}
    }
}

/// `dj_database_url.config(default="postgres://…")`, `env("ENGINE", "django.db…")`, `dict(ENGINE=…)`.
fn of_call(env: &Env<'_>, file: FileId, call: &Call, out: &mut Vec<Database>, depth: u32) {
    for name in ["ENGINE", "default", "engine", "url"] {
        if let Some(value) = call.keyword(name) {
            database(env, file, value, out, depth);
        }
    }
    // env = environ.Env(ENGINE=(str, "django.db…")), as django-environ reads defaults
    if let (Some(name), true) = (
        call.positional(0).and_then(Expr::as_str),
        matches!(call.func.kind, ExprKind::Name(_)),
    ) {
        for (file, scheme) in env.values(file, &call.func) {
            if let ExprKind::Call(scheme) = &scheme.kind
                && let Some(ExprKind::Tuple(pair)) = scheme.keyword(name.as_str()).map(|value| &value.kind)
                && let [_, default] = &pair[..]
            {
                database(env, file, default, out, depth);
            }
        }
    }
    for at in 0..2 {
        if let Some(value) = call.positional(at) {
            database(env, file, value, out, depth);
        }
    }
}

impl Database {
    /// The database of an engine, or of the URL of one.
    pub fn of_engine(text: &str) -> Option<Self> {
        named(text)
    }
}

/// The database of an engine or a URL.
fn named(text: &str) -> Option<Database> {
    let text = text.to_ascii_lowercase();
    let relevant = match text.split_once(':') {
        Some((scheme, _)) => scheme,
        None if text.contains('.') => &text,
        None => return None,
    };
    let has = |word: &String| {
        relevant
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|part| part == word)
    };
    ROWS.iter()
        .find(|row| row.words.iter().any(has))
        .map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        let document: Document = toml::from_str(TEXT).unwrap();
        assert_eq!(document.database.len(), 4);
        assert!(Database::PostgreSql.packages().contains(&"psycopg"));
    }

    #[test]
    fn engines_and_urls() {
        let cases = [
            ("django.db.backends.postgresql", Some(Database::PostgreSql)),
            (
                "django.db.backends.postgresql_psycopg2",
                Some(Database::PostgreSql),
            ),
            (
                "django.contrib.gis.db.backends.postgis",
                Some(Database::PostgreSql),
            ),
            ("django_prometheus.db.backends.sqlite3", Some(Database::Sqlite)),
            (
                "postgres://user:secret@localhost/mysql",
                Some(Database::PostgreSql),
            ),
            ("mysql://localhost/db", Some(Database::MySql)),
            ("django.db.backends.oracle", Some(Database::Oracle)),
            ("DATABASE_URL", None),
            ("postgres", None),
            ("acme.backends.strange", None),
        ];
        for (text, expected) in cases {
            assert_eq!(named(text), expected, "{text}");
        }
    }
}
