//! The order of middleware: a spec for each constraint, and the fix over many orders.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use djperf::config::{Config, Sources};
use djperf::fix::Safety;
use djperf::project::middleware::{Asks, Harm, constraints};
use djperf::session::{self, Outcome, Request};

const DOCUMENT: &str = include_str!("specs/middleware-constraints.md");
const RULES: [&str; 2] = ["middleware-order", "slow-middleware-order"];

/// A project with these files, and what the rules about the order of middleware find in it.
struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    fn new<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let dir = tempfile::Builder::new().prefix("middleware").tempdir().unwrap();
        let own = [
            (
                "manage.py",
                "import os\n\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"settings\")\n",
            ),
            ("shop/__init__.py", ""),
            (
                "shop/models.py",
                "from django.db import models\n\n\nclass Book(models.Model):\n    pass\n",
            ),
        ];
        std::fs::create_dir(dir.path().join("shop")).unwrap();
        for (path, text) in own.into_iter().chain(files) {
            std::fs::write(dir.path().join(path), text).unwrap();
        }
        Self { dir }
    }

    fn request(&self) -> Request {
        let path: &Path = self.dir.path();
        let mut config = Config::load(Sources {
            start: path,
            isolated: true,
            overrides: &[],
        })
        .unwrap();
        config.select = RULES.map(Into::into).into();
        config.preview = true;
        Request {
            cwd: path.to_owned(),
            paths: vec![path.to_owned()],
            config,
            threads: Some(1),
            overlay: Default::default(),
        }
    }

    fn check(&self) -> Outcome {
        session::check(&self.request()).unwrap()
    }

    /// The files that change once all fixes are made.
    fn fixed(&self) -> BTreeMap<String, String> {
        let fixing = session::fix(&self.request(), Safety::Unsafe).unwrap();
        assert_eq!(fixing.outcome.notes, Vec::<String>::new());
        let changes = fixing.changes.iter();
        changes
            .map(|c| (c.rewrite.path.clone(), c.new.to_string()))
            .collect()
    }
}

/// What findings say of constraints.
fn said(outcome: &Outcome) -> String {
    let found = outcome.diagnostics.iter();
    let all = found.flat_map(|d| {
        let labels = d.labels.iter().map(|l| l.message.clone());
        labels.chain([d.message.clone()])
    });
    all.collect::<Vec<_>>().join("\n")
}

/// Heading → subheading → path → text.
fn specs() -> BTreeMap<&'static str, BTreeMap<&'static str, BTreeMap<&'static str, String>>> {
    let mut found: BTreeMap<_, BTreeMap<_, BTreeMap<_, String>>> = BTreeMap::new();
    let (mut id, mut part, mut path) = ("", "", "");
    let mut lines = DOCUMENT.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            (id, part) = (heading, "");
        } else if let Some(heading) = line.strip_prefix("### ") {
            part = heading;
        } else if let Some(named) = line.strip_prefix('`').and_then(|l| l.strip_suffix("`:")) {
            path = named;
        } else if line.starts_with("```") {
            let code = lines.by_ref().take_while(|l| !l.starts_with("```"));
            let code: String = code.map(|l| format!("{l}\n")).collect();
            found
                .entry(id)
                .or_default()
                .entry(part)
                .or_default()
                .insert(path, code);
        }
    }
    found
}

#[test]
fn every_constraint_has_a_list_that_breaks_it_and_one_that_keeps_it() {
    let specs = specs();
    let mut wrong = Vec::new();
    for constraint in constraints() {
        let id = &*constraint.id;
        let Some(parts) = specs.get(id) else {
            wrong.push(format!("{id}: no heading"));
            continue;
        };
        let shared = parts.get("").cloned().unwrap_or_default();
        let told = |part: &str| {
            let files = parts.get(part)?;
            let files = shared.iter().chain(files).map(|(path, text)| (*path, &**text));
            Some(said(&Project::new(files).check()).contains(&constraint.why))
        };
        let silent = constraint.harm == Harm::Style || constraint.asks == Asks::Free;
        let parts = match (silent, constraint.asks) {
            (_, Asks::Free) => vec![("In any place", false)],
            (true, _) => vec![("Broken, and never reported", false), ("Kept", false)],
            _ => vec![("Broken", true), ("Kept", false)],
        };
        for (part, expected) in parts {
            if told(part) != Some(expected) {
                wrong.push(format!("{id}, {part}: {:?}", told(part)));
            }
        }
    }
    let ids: BTreeSet<&str> = constraints().iter().map(|c| &*c.id).collect();
    wrong.extend(
        specs
            .keys()
            .filter(|id| !ids.contains(*id))
            .map(|id| format!("{id}: no constraint")),
    );
    assert_eq!(wrong, Vec::<String>::new());
}

/// Entries in an order that works, two of them of the project.
const ENTRIES: [&str; 15] = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "shop.middleware.TimingMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "shop.middleware.CountMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
];
const FETCH: &str = "django.middleware.cache.FetchFromCacheMiddleware";

/// SplitMix64: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// A list in some order, laid out in one of several ways, and the comment of each entry.
fn settings(numbers: &mut Numbers, turn: usize) -> (String, BTreeMap<String, String>) {
    let mut entries: Vec<&str> = ENTRIES.to_vec();
    entries[14] = FETCH;
    entries[0] = if turn.is_multiple_of(2) {
        ENTRIES[0]
    } else {
        "shop.middleware.FirstMiddleware"
    };
    if turn.is_multiple_of(2) {
        entries[13] = ENTRIES[14];
    }
    for at in (1..entries.len()).rev() {
        entries.swap(at, numbers.below(at + 1));
    }
    let mut comments = BTreeMap::new();
    let head = "SECURE_SSL_REDIRECT = True\nINSTALLED_APPS = [\"shop\"]\n";
    let layout = turn % 4;
    let body = match layout {
        3 => {
            let quoted: Vec<String> = entries.iter().map(|e| format!("'{e}'")).collect();
            quoted
                .chunks(2)
                .map(|pair| format!("    {},\n", pair.join(", ")))
                .collect::<String>()
        }
        _ => {
            let last = entries.len() - 1;
            let line = |(at, entry): (usize, &&str)| {
                let mut text = String::new();
                if numbers.below(4) == 0 {
                    comments.insert((*entry).to_owned(), format!("# above {at}"));
                    text.push_str(&format!("    # above {at}\n"));
                }
                let comma = if layout == 2 && at == last { "" } else { "," };
                let behind = if numbers.below(4) == 0 {
                    format!("  # of {entry}")
                } else {
                    String::new()
                };
                text.push_str(&format!("    \"{entry}\"{comma}{behind}\n"));
                text
            };
            entries.iter().enumerate().map(line).collect::<String>()
        }
    };
    let (open, close) = if layout == 1 { ('(', ')') } else { ('[', ']') };
    (format!("{head}MIDDLEWARE = {open}\n{body}{close}\n"), comments)
}

#[test]
fn two_hundred_orders_are_put_right() {
    let mut numbers = Numbers(20_260_501);
    // Each list is a settings module of its own.
    let names: Vec<String> = (0..200).map(|turn| format!("settings_{turn:03}.py")).collect();
    let lists: Vec<_> = (0..200).map(|turn| settings(&mut numbers, turn)).collect();
    let texts = lists.iter().map(|(text, _)| &**text);
    let project = Project::new(names.iter().map(|name| &**name).zip(texts.clone()));
    let outcome = project.check();
    let wrong: BTreeSet<&str> = outcome
        .diagnostics
        .iter()
        .map(|d| &*outcome.sources.get(d.file).path)
        .collect();
    assert!(wrong.len() > 190, "{}", wrong.len());
    let fixed = project.fixed();
    assert_eq!(fixed.keys().map(|path| &**path).collect::<BTreeSet<_>>(), wrong);
    let again = Project::new(names.iter().map(|name| &**name).zip(texts).map(|(name, text)| {
        let text = fixed.get(name).map_or(text, |new| &**new);
        (name, text)
    }));
    let left = again.check();
    assert!(left.diagnostics.is_empty(), "{}", said(&left));
    assert!(again.fixed().is_empty());
    for (name, (text, comments)) in names.iter().zip(&lists) {
        let Some(fixed) = fixed.get(name) else { continue };
        let sorted = |text: &str| {
            let mut words: Vec<String> = text
                .split([',', '\n', '#'])
                .map(|w| w.trim().to_owned())
                .collect();
            words.retain(|word| !word.is_empty());
            words.sort();
            words
        };
        assert_eq!(sorted(text), sorted(fixed));
        let lines: Vec<&str> = fixed.lines().collect();
        for (entry, comment) in comments {
            let at = lines
                .iter()
                .position(|line| line.contains(&format!("\"{entry}\"")))
                .unwrap();
            assert_eq!(lines[at - 1].trim(), comment, "{text}\nbecame\n{fixed}");
        }
        for line in lines.iter().filter(|line| line.contains("  # of ")) {
            let (code, entry) = line.split_once("  # of ").unwrap();
            assert!(code.contains(entry), "{line}");
        }
        let ends = |text: &str| {
            text.trim_end()
                .trim_end_matches([')', ']'])
                .trim_end()
                .ends_with(',')
        };
        if !text.contains("  # of ") {
            assert_eq!(ends(text), ends(fixed), "{text}\nbecame\n{fixed}");
        }
    }
}
