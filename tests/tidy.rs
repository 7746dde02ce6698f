//! The order of the house: who may use whom, how long files are, and what the cards, the registry and the
//! README agree on.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use djperf::rules;

/// Which rooms a room may use; `session` and `cli` sit on top.
const EDGES: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("ir", &["source"]),
    ("syntax", &["source"]),
    ("facts", &["source", "ir"]),
    ("lower", &["source", "syntax", "ir", "facts"]),
    ("discover", &["source"]),
    ("project", &["source", "ir", "facts", "lower"]),
    ("analysis", &["source", "ir", "facts", "project"]),
    ("fix", &["source", "ir", "syntax", "facts", "project", "analysis"]),
    ("report", &["source", "fix"]),
    ("rules", &["source", "project", "analysis", "fix", "report"]),
    ("suppress", &["source", "facts", "rules", "report"]),
    ("config", &["source", "fix", "rules", "report"]),
    (
        "session",
        &[
            "source", "ir", "syntax", "facts", "lower", "discover", "project", "analysis", "fix", "rules",
            "suppress", "config", "report",
        ],
    ),
    (
        "lsp",
        &[
            "source", "ir", "config", "discover", "project", "analysis", "fix", "rules", "suppress",
            "report", "session",
        ],
    ),
    (
        "cli",
        &[
            "source", "config", "discover", "project", "analysis", "fix", "rules", "suppress", "report",
            "session", "lsp",
        ],
    ),
];

/// Rooms that may read files or the environment.
const OUTSIDE_WORLD: &[&str] = &["cli", "config", "discover", "lsp", "main"];

const SECTIONS: [&str; 7] = [
    "What it does",
    "Why it costs",
    "Bad",
    "Good",
    "Fix safety",
    "What it cannot see",
    "References",
];

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let mut wrong = String::new();
    for source in sources() {
        let room = source.room();
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == room) else {
            let _ = writeln!(
                wrong,
                "{}: no edges are listed for the room `{room}`",
                source.path
            );
            continue;
        };
        for used in source.rooms_used() {
            if used != room && !allowed.contains(&used.as_str()) {
                let _ = writeln!(wrong, "{}: `{room}` may not use `{used}`", source.path);
            }
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn allowed_edges_make_no_circle() {
    let mut open: BTreeMap<&str, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(r, used)| (*r, used.iter().copied().collect()))
        .collect();
    while !open.is_empty() {
        let free: Vec<&str> = open
            .iter()
            .filter(|(_, used)| used.is_empty())
            .map(|(r, _)| *r)
            .collect();
        assert!(!free.is_empty(), "a circle among {:?}", open.keys());
        for room in free {
            open.remove(room);
            for used in open.values_mut() {
                used.remove(room);
            }
        }
    }
}

#[test]
fn one_room_names_the_parser() {
    for source in sources() {
        if !source.path.starts_with("src/syntax/python") {
            assert!(
                !source.code.contains("ruff_"),
                "{} names the parser's crate",
                source.path
            );
        }
    }
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    for source in sources() {
        assert!(
            source.text.starts_with("//!"),
            "{} does not begin with `//!`",
            source.path
        );
        let module = |rule: &rules::Rule| format!("src/rules/{}.rs", rule.name.replace('-', "_"));
        let limit = if rules::all().iter().any(|r| module(r) == source.path) {
            200
        } else {
            600
        };
        let lines = source.text.lines().count();
        assert!(
            lines < limit,
            "{} has {lines} lines; split it below {limit}",
            source.path
        );
    }
}

#[test]
fn the_core_does_not_touch_the_outside_world() {
    for source in sources() {
        if source.is_test() {
            continue;
        }
        if !matches!(source.room(), "cli" | "main") {
            for word in ["println!", "print!(", "eprint", "dbg!"] {
                assert!(!source.code.contains(word), "{} prints", source.path);
            }
        }
        if !OUTSIDE_WORLD.contains(&source.room()) {
            for word in ["std::fs", "std::env", "std::net", "std::process"] {
                assert!(!source.code.contains(word), "{} uses {word}", source.path);
            }
        }
    }
}

#[test]
fn cards_and_registry_agree() {
    let mut cards: BTreeSet<String> = BTreeSet::new();
    for path in files_under(&root().join("rules"), "md") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "README" {
            continue;
        }
        let card = Card::read(&path);
        let rule = rules::all().iter().find(|r| r.name == name);
        let rule = rule.unwrap_or_else(|| panic!("no rule is registered for {}", path.display()));
        assert_eq!(card.get("name"), rule.name);
        assert_eq!(card.get("code"), rule.code);
        assert_eq!(card.get("group"), rule.group);
        assert_eq!(
            card.get("group"),
            path.parent().unwrap().file_name().unwrap().to_string_lossy()
        );
        assert_eq!(card.get("severity"), rule.severity.as_str());
        assert_eq!(card.get("preview"), rule.preview.to_string());
        assert_eq!(rule.card, card.text, "{name} is registered with another card");
        cards.insert(name);
    }
    let registered: BTreeSet<String> = rules::all().iter().map(|r| r.name.to_owned()).collect();
    assert_eq!(registered, cards);
}

#[test]
fn rules_have_one_name_and_one_code_and_stand_in_order() {
    let codes: Vec<&str> = rules::all().iter().map(|r| r.code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    for (i, rule) in rules::all().iter().enumerate() {
        assert!(
            codes[..i].iter().all(|c| *c != rule.code),
            "{} is taken twice",
            rule.code
        );
        let digits = rule.code.strip_prefix("DJP").unwrap();
        assert!(
            digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()),
            "{}",
            rule.code
        );
        assert!(
            rule.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{}",
            rule.name
        );
        let module = root().join(format!("src/rules/{}.rs", rule.name.replace('-', "_")));
        assert!(module.is_file(), "{} has no module of its name", rule.name);
    }
}

#[test]
fn cards_have_one_shape() {
    for rule in rules::all() {
        let card = Card::parse(rule.card);
        let keys: Vec<&str> = card.front.iter().map(|(k, _)| k.as_str()).collect();
        let expected = [
            "name", "code", "group", "severity", "fix", "since", "preview", "django",
        ];
        assert_eq!(keys, expected, "{}", rule.name);
        assert!(
            ["none", "safe", "unsafe", "display"].contains(&card.get("fix").as_str()),
            "{}",
            rule.name
        );
        let mut headings = rule
            .card
            .lines()
            .filter_map(|l| l.strip_prefix("# ").or(l.strip_prefix("## ")));
        assert_eq!(headings.next(), Some(rule.name));
        let fences = rule.card.lines().filter(|l| l.starts_with("```")).count() / 2;
        assert!((2..=10).contains(&fences), "{} has {fences} examples", rule.name);
        let sections: Vec<&str> = rule.card.lines().filter_map(|l| l.strip_prefix("## ")).collect();
        assert_eq!(sections, SECTIONS, "{}", rule.name);
        let (bad, rest) = rule
            .card
            .split_once("## Bad")
            .unwrap()
            .1
            .split_once("## Good")
            .unwrap();
        assert!(
            bad.contains(&format!("# error: [{}]", rule.name)),
            "{} shows no finding of its own",
            rule.name
        );
        assert!(
            !rest.contains("# error:"),
            "{} has a finding under Good",
            rule.name
        );
        assert!(rest.contains("https://"), "{} has no reference", rule.name);
    }
}

#[test]
fn readme_lists_every_rule() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for rule in rules::all() {
        let row = format!("| {} | `{}` |", rule.code, rule.name);
        assert!(readme.contains(&row), "README.md has no row `{row} …`");
    }
    let rows = readme.lines().filter(|l| l.starts_with("| DJP")).count();
    assert_eq!(
        rows,
        rules::all().len(),
        "README.md lists rules that are not registered"
    );
}

#[test]
fn no_file_names_a_machine() {
    // Put together at run time, so that this file does not hold them.
    let homes = ["home", "Users", "root", "work"].map(|dir| format!("/{dir}/"));
    for entry in ignore::WalkBuilder::new(root())
        .hidden(false)
        .filter_entry(|e| e.file_name() != ".git")
        .build()
    {
        let path = entry.unwrap().into_path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for home in &homes {
            let found = text
                .match_indices(home.as_str())
                .find(|(at, _)| starts_a_path(&text[..*at]));
            if let Some((at, _)) = found {
                let line = text[..at].lines().count();
                panic!("{}:{line} holds an absolute path", path.display());
            }
        }
    }
}

/// Whether a path may begin after `before`: not in the middle of one, nor of an address.
fn starts_a_path(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*' | '}' | '>'))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_under(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(|e| e.unwrap().into_path());
    let mut found: Vec<PathBuf> = entries
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    found.sort();
    found
}

/// One file under `src`.
struct Source {
    /// From the root of the repository.
    path: String,
    text: String,
    /// The text without comments and without what stands behind `#[cfg(test)]`.
    code: String,
}

fn sources() -> Vec<Source> {
    files_under(&root().join("src"), "rs")
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let (product, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            let code = product
                .lines()
                .filter(|l| !l.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Source { path, text, code }
        })
        .collect()
}

impl Source {
    fn room(&self) -> &str {
        let name = self.path.strip_prefix("src/").unwrap();
        name.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Rooms named after `crate::`, alone or in braces, and by `super::` out of the room.
    fn rooms_used(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let rest = &self.code[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(list) => used.extend(top_names(list)),
                None => used.extend(first_name(rest)),
            }
        }
        let depth = self.path.matches('/').count();
        let out = "super::".repeat(depth);
        for (at, _) in self.code.match_indices(&out) {
            used.extend(first_name(&self.code[at + out.len()..]));
        }
        used.retain(|name| name != "super");
        used
    }
}

/// The names at the top level of `a::{b, c}, d}`.
fn top_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    let mut fresh = true;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && c.is_alphabetic() => {
                names.extend(first_name(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

struct Card {
    text: String,
    front: Vec<(String, String)>,
}

impl Card {
    fn read(path: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    fn parse(text: &str) -> Self {
        let front = text
            .strip_prefix("---\n")
            .unwrap()
            .split_once("\n---\n")
            .unwrap()
            .0;
        let pairs = front.lines().map(|l| l.split_once(": ").unwrap());
        let front = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Self {
            text: text.to_owned(),
            front,
        }
    }

    fn get(&self, key: &str) -> String {
        self.front
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.clone())
            .unwrap()
    }
}
