//! The rows of `rules/django/caches.toml`: names of caches, and what their methods do.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::source::Sym;

/// What a method of a cache does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    Read,
    Write,
    Add,
    ReadOrFill,
    Delete,
    Scan,
}

/// One method of a kind of client.
#[derive(Clone, Debug, Deserialize)]
pub struct Method {
    of: String,
    pub name: String,
    pub does: Does,
    /// The method that does the same for many keys in one round trip.
    pub many: Option<String>,
    /// Other clients of the server wait for it.
    #[serde(default)]
    pub stops: bool,
    /// A scan that deletes what it finds.
    #[serde(default)]
    pub deletes: bool,
    #[serde(default, rename = "async")]
    has_async: bool,
}

/// Why a fresh value may be false.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Falsy {
    /// No rows.
    Empty,
    /// Zero.
    Number,
    /// `False`.
    Flag,
    /// `None`.
    Missing,
}

#[derive(Deserialize)]
struct Document {
    clients: FxHashMap<String, String>,
    method: Vec<Method>,
    falsy: FalsyNames,
}

#[derive(Deserialize)]
struct FalsyNames {
    numbers: Vec<String>,
    flags: Vec<String>,
    missing: Vec<String>,
}

struct Table {
    /// The kind of client, by the paths that lead to one and by the path of any such client.
    clients: FxHashMap<Sym, String>,
    methods: FxHashMap<String, Vec<Method>>,
    falsy: FxHashMap<Sym, Falsy>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let document: Document =
        toml::from_str(include_str!("../../../rules/django/caches.toml")).expect("caches.toml is valid");
    let mut methods: FxHashMap<String, Vec<Method>> = FxHashMap::default();
    for method in document.method {
        if method.has_async {
            let twin = Method {
                many: method.many.as_ref().map(|many| format!("a{many}")),
                ..method.clone()
            };
            methods.entry(format!("a{}", method.name)).or_default().push(twin);
        }
        methods.entry(method.name.clone()).or_default().push(method);
    }
    let mut clients: FxHashMap<Sym, String> = FxHashMap::default();
    for (path, kind) in document.clients {
        clients.insert(canonical(&kind), kind.clone());
        clients.insert(Sym::new(&path), kind);
    }
    let FalsyNames {
        numbers,
        flags,
        missing,
    } = document.falsy;
    let groups = [
        (numbers, Falsy::Number),
        (flags, Falsy::Flag),
        (missing, Falsy::Missing),
    ];
    let falsy = groups
        .iter()
        .flat_map(|(names, kind)| names.iter().map(|n| (Sym::new(n), *kind)));
    Table {
        clients,
        methods,
        falsy: falsy.collect(),
    }
});

/// The path of any client of a kind.
fn canonical(kind: &str) -> Sym {
    Sym::new("<cache>").dot(kind)
}

/// What calling or indexing a path outside the project gives, if that is a client.
pub fn client(dotted: Sym) -> Option<Sym> {
    TABLE.clients.get(&dotted).map(|kind| canonical(kind))
}

/// A method of a client by its path.
pub fn method(dotted: Sym) -> Option<&'static Method> {
    let (head, name) = dotted.as_str().rsplit_once('.')?;
    let found = TABLE.methods.get(name)?;
    let kind = TABLE.clients.get(&Sym::new(head))?;
    found.iter().find(|m| m.of == *kind)
}

/// A method name that keeps one value.
pub fn keeps(name: Sym) -> bool {
    matches!(name.as_str(), "set" | "aset" | "add" | "aadd")
}

/// Why the result of a method or function of that name may be false.
pub fn falsy(name: Sym) -> Option<Falsy> {
    TABLE.falsy.get(&name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_knows_async_twins() {
        let get = method(Sym::new("django.core.cache.cache.aget"));
        assert_eq!(get.and_then(|m| m.many.as_deref()), Some("aget_many"));
        let other = client(Sym::new("django.core.cache.caches")).and_then(|c| method(c.dot("get")));
        assert_eq!(other.map(|m| m.does), Some(Does::Read));
        assert!(method(Sym::new("django.core.cache.cache.adelete_pattern")).is_none());
        assert!(method(Sym::new("redis.Redis.get")).is_none());
        assert_eq!(falsy(Sym::new("count")), Some(Falsy::Number));
    }
}
