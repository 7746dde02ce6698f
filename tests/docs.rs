//! The pages under `docs/`: those that are generated say what the cards and the settings say, and all links lead
//! somewhere. `DJPERF_BLESS=1 cargo test --test docs` writes them.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "docs/links.rs"]
mod links;
#[path = "docs/pages.rs"]
mod pages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use djperf::config::{Config, Sources};
use djperf::rules;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All pages in Markdown that users read, from the root of the repository.
fn markdown() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["docs", "editors"]
        .iter()
        .flat_map(|folder| {
            let own = |entry: &walkdir::DirEntry| entry.file_name() != "node_modules";
            walkdir::WalkDir::new(root().join(folder))
                .into_iter()
                .filter_entry(own)
        })
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| path.strip_prefix(root()).unwrap().to_path_buf())
        .collect();
    found.extend(
        [
            "README.md",
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "rules/README.md",
        ]
        .map(PathBuf::from),
    );
    found.sort();
    found
}

#[test]
fn generated_pages_are_up_to_date() {
    let pages = pages::all();
    let bless = std::env::var_os("DJPERF_BLESS").is_some();
    let known: BTreeSet<&str> = pages.iter().map(|(path, _)| path.as_str()).collect();
    for path in markdown() {
        let name = path.to_string_lossy().replace('\\', "/");
        if name.starts_with("docs/rules/") && !known.contains(name.as_str()) {
            assert!(
                bless,
                "{name} is the page of no rule; `DJPERF_BLESS=1 cargo test --test docs` removes it"
            );
            fs::remove_file(root().join(path)).unwrap();
        }
    }
    for (path, page) in &pages {
        let file = root().join(path);
        if bless {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, page).unwrap();
        }
        let now = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            now == *page,
            "{path} is out of date; `DJPERF_BLESS=1 cargo test --test docs` writes it"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in markdown() {
        wrong.extend(links::broken(root(), &path));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_are_seen_to_be_broken() {
    let dir = tempfile::tempdir().unwrap();
    let page =
        "# One\n\n[a](two.md) [b](#one) [c](#two) `[d](no.md)` <https://x.example>\n\n```\n[e](no.md)\n```\n";
    fs::write(dir.path().join("page.md"), page).unwrap();
    let broken = links::broken(dir.path(), Path::new("page.md"));
    assert_eq!(broken, ["page.md: two.md", "page.md: #two"]);
    fs::write(dir.path().join("two.md"), "").unwrap();
    assert_eq!(links::broken(dir.path(), Path::new("page.md")), ["page.md: #two"]);
}

#[test]
fn the_index_names_every_page() {
    let index = text("docs/README.md");
    for path in markdown() {
        if let Ok(page) = path.strip_prefix("docs") {
            let page = page.to_string_lossy().replace('\\', "/");
            assert!(
                page == "README.md" || index.contains(&format!("]({page})")),
                "{page}"
            );
        }
    }
}

#[test]
fn readme_says_which_rules_are_in_preview() {
    let readme = text("README.md");
    for rule in rules::all() {
        let start = format!("| {} | `{}` |", rule.code, rule.name);
        let row = readme.lines().find(|line| line.starts_with(&start)).unwrap();
        assert_eq!(row.ends_with("(preview) |"), rule.preview, "{row}");
    }
}

#[test]
fn findings_lead_to_pages_of_rules() {
    for rule in rules::all() {
        let url = djperf::report::card_url(rule.name);
        let (_, page) = url.split_at(url.find("docs/").unwrap());
        assert!(text(page).contains(&format!("\n# {}\n", rule.name)), "{url}");
    }
}

#[test]
fn settings_in_the_pages_are_valid() {
    let mut seen = 0;
    for path in markdown().iter().filter(|path| path.starts_with("docs")) {
        for block in links::fences(&text(path), "toml") {
            let above = tempfile::tempdir().unwrap();
            fs::write(above.path().join("djperf.toml"), "").unwrap();
            let dir = tempfile::tempdir_in(above.path()).unwrap();
            let name = if block.contains("[tool.djperf") {
                "pyproject.toml"
            } else {
                "djperf.toml"
            };
            fs::write(dir.path().join(name), &block).unwrap();
            let config = Config::load(Sources {
                start: dir.path(),
                isolated: false,
                overrides: &[],
            });
            let valid = config.and_then(|config| {
                assert!(
                    config.origin.is_some(),
                    "{} has no settings:\n{block}",
                    path.display()
                );
                config.validate()
            });
            assert!(
                valid.is_ok(),
                "{}: {}\n{block}",
                path.display(),
                valid.unwrap_err()
            );
            seen += 1;
        }
    }
    assert!(
        seen > rules::all().len(),
        "only {seen} blocks of settings were found"
    );
}
