//! Runs the cards in `rules/` and the documents in `tests/specs/`: each heading with code blocks is one
//! Django project, and what djperf finds in it must equal the `# error:` and `# revealed:` comments.
//!
//! `rules/README.md` tells the notation. Filter by name: `cargo test --test specs -- related-access`.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use djperf::config::{Config, Sources};
use djperf::fix::Safety;
use djperf::session::{self, Outcome, Request};
use libtest_mimic::{Arguments, Failed, Trial};

const SETTINGS: &str = "\
INSTALLED_APPS = [\"django.contrib.auth\", \"django.contrib.contenttypes\", \"shop\"]
DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \":memory:\"}}
";

/// Groups of rules that have documents of their own: how the names of those begin, and the group.
const APART: [(&str, &[&str]); 5] = [
    ("indexes", &["indexes"]),
    ("middleware", MIDDLEWARE),
    ("slow-middleware", MIDDLEWARE),
    ("query-in-middleware", MIDDLEWARE),
    ("settings", &["settings"]),
];
/// Of the rules about settings, those about middleware run by themselves.
const MIDDLEWARE: &[&str] = &["middleware-order", "slow-middleware-order", "query-in-middleware"];
/// Rules whose fields come in an order.
const INDEX_RULES: [&str; 4] = [
    "unindexed-filter",
    "unindexed-order",
    "missing-composite-index",
    "generic-foreign-key-without-index",
];

const MANAGE: &str = "\
import os
import sys

if __name__ == \"__main__\":
    os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"settings\")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = markdown_under(&root.join("rules"));
    documents.extend(markdown_under(&root.join("tests/specs")));
    let readme = root.join("rules/README.md");
    let bookshop = read(&readme)
        .into_iter()
        .find_map(|s| s.files.get("shop/models.py").cloned())
        .unwrap();
    let mut trials = Vec::new();
    for document in documents.iter().filter(|d| **d != readme) {
        let stem = document.file_stem().unwrap().to_string_lossy().into_owned();
        let below = document.strip_prefix(root).unwrap();
        let begins = |word: &str| below.iter().any(|part| part.to_string_lossy().starts_with(word));
        let apart = APART
            .iter()
            .find(|(word, _)| begins(word))
            .map(|(_, group)| *group);
        for mut section in read(document) {
            section.apart = apart;
            let bookshop = bookshop.clone();
            let name = std::iter::once(&stem)
                .chain(&section.headings)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("::");
            trials.push(Trial::test(name, move || section.run(&bookshop)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Every Markdown file below a directory, in order.
fn markdown_under(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    found.sort();
    found
}

/// A heading with code blocks.
#[derive(Debug, Default, Clone)]
struct Section {
    /// The headings above it and its own, without the document's title.
    headings: Vec<String>,
    /// Path → text.
    files: BTreeMap<String, String>,
    /// Path → text once all fixes are made.
    fixed: BTreeMap<String, String>,
    /// Something is wrong with the document here.
    flaw: Option<String>,
    /// What is said by such a group is told in documents of their own, and nothing else there.
    apart: Option<&'static [&'static str]>,
}

/// The innermost headings with code blocks; the blocks of a heading with subheadings are given to each of them.
fn read(document: &Path) -> Vec<Section> {
    let text = std::fs::read_to_string(document).unwrap();
    let mut sections: Vec<(usize, Section)> = vec![(0, Section::default())];
    let mut path: Option<String> = None;
    let mut becomes: Option<String> = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code: String = lines
                .by_ref()
                .take_while(|l| l.trim_end() != "```")
                .fold(String::new(), |all, l| all + l + "\n");
            if let Some(file) = becomes.take() {
                sections.last_mut().unwrap().1.fixed.insert(file, code);
                continue;
            }
            let file = path.take().or(match language.trim() {
                "py" => Some("shop/views.py".into()),
                "toml" => Some("djperf.toml".into()),
                _ => None,
            });
            if let Some(file) = file {
                let section = &mut sections.last_mut().unwrap().1;
                if section.files.insert(file.clone(), code).is_some() {
                    section.flaw = Some(format!("two blocks for {file}"));
                }
            }
        } else if line.starts_with('#') {
            let level = line.len() - line.trim_start_matches('#').len();
            let heading = line.trim_start_matches('#').trim().to_owned();
            sections.push((
                level,
                Section {
                    headings: vec![heading],
                    ..Section::default()
                },
            ));
        } else if let Some(named) = line
            .strip_prefix('`')
            .and_then(|l| l.trim_end().strip_suffix("` becomes:"))
        {
            becomes = Some(named.to_owned());
        } else if let Some(named) = line
            .strip_prefix('`')
            .and_then(|l| l.trim_end().strip_suffix("`:"))
        {
            path = Some(named.to_owned());
        }
    }
    nested(&sections)
}

fn nested(sections: &[(usize, Section)]) -> Vec<Section> {
    let mut out = Vec::new();
    let mut above: Vec<(usize, Section)> = Vec::new();
    for (i, (level, section)) in sections.iter().enumerate() {
        above.retain(|(l, _)| l < level);
        let mut whole = Section::default();
        for (depth, part) in above.iter().map(|(l, s)| (*l, s)).chain([(*level, section)]) {
            if depth > 1 {
                whole.headings.extend(part.headings.iter().cloned());
            }
            whole.files.extend(part.files.clone());
            whole.fixed.extend(part.fixed.clone());
            whole.flaw = whole.flaw.or(part.flaw.clone());
        }
        let innermost = sections.get(i + 1).is_none_or(|(next, _)| next <= level);
        if innermost && !section.files.is_empty() {
            out.push(whole);
        }
        above.push((*level, section.clone()));
    }
    out
}

/// What a comment asks for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Expected {
    rule: String,
    /// Relation paths or fields, when the comment tells them.
    names: Option<Vec<String>>,
}

impl Expected {
    /// Relation paths in any order; the fields of an index in theirs.
    fn says(&self, names: Option<&[String]>) -> bool {
        let (Some(names), Some(own)) = (names, &self.names) else {
            return true;
        };
        if INDEX_RULES.iter().any(|rule| self.rule == *rule) {
            return own == names;
        }
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        sorted(own) == sorted(names)
    }
}

impl Section {
    fn run(&self, bookshop: &str) -> Result<(), Failed> {
        if let Some(flaw) = &self.flaw {
            return Err(flaw.into());
        }
        let dir = tempfile::Builder::new().prefix("spec").tempdir().unwrap();
        self.write(dir.path(), bookshop);
        let overrides = [];
        let isolated = !self.files.contains_key("djperf.toml");
        let mut config = Config::load(Sources {
            start: dir.path(),
            isolated,
            overrides: &overrides,
        })?;
        config.preview |= isolated;
        match self.apart {
            Some(rules) => config.select = rules.iter().map(|rule| (*rule).to_owned()).collect(),
            None => config.ignore.extend(["indexes", "settings"].map(str::to_owned)),
        }
        let request = Request {
            cwd: dir.path().to_owned(),
            paths: vec![dir.path().to_owned()],
            config,
            threads: Some(1),
            overlay: Default::default(),
        };
        let outcome = session::check(&request)?;
        let mut report = String::new();
        for note in outcome.notes.iter().filter(|n| n.contains("internal error")) {
            let _ = writeln!(report, "{note}");
        }
        for (path, text) in &self.files {
            self.compare_errors(path, text, &outcome, &mut report);
            compare_reveals(path, text, &outcome, &mut report);
        }
        for d in outcome
            .diagnostics
            .iter()
            .filter(|d| !self.files.contains_key(&outcome.sources.get(d.file).path))
        {
            let file = outcome.sources.get(d.file);
            let _ = writeln!(
                report,
                "surplus in {}:{}: [{}] {}",
                file.path,
                file.position(d.span.start).line,
                d.rule,
                d.message
            );
        }
        if !self.fixed.is_empty() {
            self.compare_fixed(&request, &mut report)?;
        }
        if report.is_empty() {
            Ok(())
        } else {
            Err(format!("\n{report}").into())
        }
    }

    /// What the files become must be what the section says, and nothing else may change.
    fn compare_fixed(&self, request: &Request, report: &mut String) -> Result<(), Failed> {
        let fixing = session::fix(request, Safety::Unsafe)?;
        let mut changed: BTreeMap<&str, String> = BTreeMap::new();
        for change in &fixing.changes {
            changed.insert(&change.rewrite.path, without_expectations(&change.new));
        }
        for (path, text) in &self.fixed {
            let wanted = without_expectations(text);
            match changed.remove(path.as_str()) {
                Some(found) if found == wanted => {}
                Some(found) => {
                    let _ = writeln!(report, "{path} became\n{found}\nand not\n{wanted}");
                }
                None if self
                    .files
                    .get(path)
                    .is_some_and(|text| without_expectations(text) == wanted) => {}
                None => {
                    let _ = writeln!(report, "{path} was not changed");
                }
            }
        }
        for (path, found) in changed {
            let _ = writeln!(report, "{path} became\n{found}");
        }
        for note in &fixing.outcome.notes {
            let _ = writeln!(report, "{note}");
        }
        Ok(())
    }

    fn write(&self, dir: &Path, bookshop: &str) {
        let mut files: BTreeMap<String, &str> = BTreeMap::from([
            ("manage.py".into(), MANAGE),
            ("settings.py".into(), SETTINGS),
            ("shop/__init__.py".into(), ""),
        ]);
        if !self.files.keys().any(|path| path.starts_with("shop/models")) {
            files.insert("shop/models.py".into(), bookshop);
        }
        for path in self.files.keys() {
            if let Some(package) = path.strip_suffix("models.py") {
                files.insert(format!("{package}__init__.py"), "");
            }
            if let Some((app, _)) = path.split_once("/migrations/") {
                files.insert(format!("{app}/migrations/__init__.py"), "");
            }
        }
        files.extend(
            self.files
                .iter()
                .map(|(path, text)| (path.clone(), text.as_str())),
        );
        for (path, text) in files {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn compare_errors(&self, path: &str, text: &str, outcome: &Outcome, report: &mut String) {
        let mut found: BTreeMap<u32, Vec<(Expected, String)>> = BTreeMap::new();
        for d in &outcome.diagnostics {
            let file = outcome.sources.get(d.file);
            if file.path == path {
                let names = if d.relations.is_empty() {
                    d.fields.clone()
                } else {
                    d.relations.clone()
                };
                let line = file.position(d.span.start).line;
                let evidence = d.labels.iter().map(|l| {
                    let file = outcome.sources.get(l.site.file);
                    format!(
                        "\n        {}:{} {}",
                        file.path,
                        file.position(l.site.span.start).line,
                        l.message
                    )
                });
                let told = format!(
                    "[{}] {}: {}{}",
                    d.rule,
                    names.join(", "),
                    d.message,
                    evidence.collect::<String>()
                );
                found.entry(line).or_default().push((
                    Expected {
                        rule: d.rule.into(),
                        names: Some(names),
                    },
                    told,
                ));
            }
        }
        for (i, line) in text.lines().enumerate() {
            let number = i as u32 + 1;
            let here = found.entry(number).or_default();
            for expected in expected_errors(line) {
                let met = here
                    .iter()
                    .position(|(f, _)| f.rule == expected.rule && f.says(expected.names.as_deref()));
                match met {
                    Some(at) => drop(here.remove(at)),
                    None => {
                        let names = expected.names.unwrap_or_default().join(", ");
                        let _ = writeln!(
                            report,
                            "missing in {path}:{number}: [{}] {names}\n    {}",
                            expected.rule,
                            line.trim()
                        );
                    }
                }
            }
        }
        for (line, left) in found {
            for (_, told) in left {
                let code = text.lines().nth(line as usize - 1).unwrap_or_default().trim();
                let _ = writeln!(report, "surplus in {path}:{line}: {told}\n    {code}");
            }
        }
    }
}

/// A text without the comments that say what is found in it.
fn without_expectations(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let code = line.split("  # error: ").next().unwrap_or(line);
        code.split("  # revealed: ").next().unwrap_or(code).to_owned() + "\n"
    });
    lines.collect()
}

fn expected_errors(line: &str) -> Vec<Expected> {
    let Some((_, comment)) = line.split_once("# error: ") else {
        return Vec::new();
    };
    // In a template the comment ends with `#}`, and the line may go on.
    let comment = comment.split("#}").next().unwrap_or(comment);
    let parts = comment.split('[').skip(1);
    parts
        .map(|part| {
            let (rule, names) = part.split_once(']').unwrap_or((part, ""));
            let names: Vec<String> = names
                .split(',')
                .map(|n| n.trim().to_owned())
                .filter(|n| !n.is_empty())
                .collect();
            Expected {
                rule: rule.into(),
                names: (!names.is_empty()).then_some(names),
            }
        })
        .collect()
}

fn compare_reveals(path: &str, text: &str, outcome: &Outcome, report: &mut String) {
    let mut seen: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (site, shown) in &outcome.reveals {
        let file = outcome.sources.get(site.file);
        if file.path == path {
            seen.entry(file.position(site.span.start).line)
                .or_default()
                .push(shown);
        }
    }
    for (i, line) in text.lines().enumerate() {
        let expected = line
            .split_once("# revealed: ")
            .map(|(_, t)| t.split("  #").next().unwrap_or(t).trim());
        let found = seen.remove(&(i as u32 + 1)).unwrap_or_default().join(" / ");
        if expected.is_some_and(|e| e != found) || expected.is_none() && !found.is_empty() {
            let wanted = expected.unwrap_or("no comment");
            let _ = writeln!(
                report,
                "revealed in {path}:{}:\n    {}\n    expected {wanted}\n    found    {found}",
                i + 1,
                line.trim()
            );
        }
    }
}
