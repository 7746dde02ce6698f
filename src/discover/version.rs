//! The series of Django that a project asks for, as its requirements and lock files tell it.
//!
//! Reads versions, not environments: what is installed may be older, and what no file mentions is unknown.

use std::path::{Path, PathBuf};

/// Lock files and pinned requirements first: they say more than ranges do.
const FILES: [&str; 8] = [
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile",
];
/// A directory of further requirements, `base.txt` first.
const DIRECTORY: &str = "requirements";
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// The newest series there is: what a requirement without an upper bound installs.
const NEWEST: (u16, u16) = (6, 0);

/// How far above a `manage.py` its requirements are looked for.
const MAX_LEVELS: usize = 4;

/// The newest series that requirements allow: those in the directory of each `manage.py` or the nearest one
/// above it that has some; of several projects the oldest. Without a `manage.py`, those of the roots.
pub(super) fn django<'a>(roots: &'a [PathBuf], files: impl Iterator<Item = &'a Path>) -> Option<(u16, u16)> {
    homes(roots, files)
        .into_iter()
        .filter_map(|home| home.ancestors().take(MAX_LEVELS).find_map(in_dir))
        .min()
}

/// The directories of each `manage.py`, else the roots.
fn homes<'a>(roots: &'a [PathBuf], files: impl Iterator<Item = &'a Path>) -> Vec<&'a Path> {
    let mut homes: Vec<&Path> = files
        .filter(|file| file.ends_with("manage.py"))
        .filter_map(Path::parent)
        .collect();
    if homes.is_empty() {
        homes = roots.iter().map(PathBuf::as_path).collect();
    }
    homes.dedup();
    homes
}

/// Whether requirements or lock files name one of some distributions.
pub(super) fn asks_for<'a>(
    roots: &'a [PathBuf],
    files: impl Iterator<Item = &'a Path>,
    packages: &[&str],
) -> bool {
    homes(roots, files).into_iter().any(|home| {
        home.ancestors()
            .take(MAX_LEVELS)
            .any(|dir| names_one(dir, packages))
    })
}

fn names_one(dir: &Path, packages: &[&str]) -> bool {
    files(dir)
        .iter()
        .filter_map(|file| text_of(file))
        .any(|text| mentions(&text, packages))
}

/// A distribution by its whole name, outside of comments.
fn mentions(text: &str, packages: &[&str]) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .any(|line| {
            let lower = line.to_ascii_lowercase();
            lower
                .split(|c: char| !part_of_name(c))
                .any(|word| packages.contains(&word))
        })
}

/// What a file of tolerable size holds.
fn text_of(path: &Path) -> Option<String> {
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
    small.then(|| std::fs::read_to_string(path).ok()).flatten()
}

fn in_dir(dir: &Path) -> Option<(u16, u16)> {
    files(dir).iter().find_map(|file| in_text(&text_of(file)?))
}

/// The files of a directory that may name versions, most telling first.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = FILES.iter().map(|name| dir.join(name)).collect();
    let entries = std::fs::read_dir(dir.join(DIRECTORY))
        .into_iter()
        .flatten()
        .flatten();
    let mut more: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    more.sort_by_key(|path| (!path.ends_with("base.txt"), path.clone()));
    files.append(&mut more);
    files
}

/// The newest series that a file allows, whatever its format.
fn in_text(text: &str) -> Option<(u16, u16)> {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        // [[package]] / name = "django" / version = "5.2.1"; "django": { … "version": "==5.2.1"
        let bare: String = line
            .chars()
            .filter(|c| !matches!(c, '"' | '\'' | ' ' | ',' | '{'))
            .collect::<String>()
            .to_ascii_lowercase();
        if matches!(bare.as_str(), "name=django" | "django:") {
            let version = lines.clone().take(12).find_map(|next| {
                let next = next.trim().trim_start_matches('"');
                next.strip_prefix("version").and_then(first_version)
            });
            if version.is_some() {
                return version;
            }
        }
        if let Some(found) = requirement(line) {
            return Some(found);
        }
    }
    None
}

/// `Django>=4.2,<5.3`, `"django~=5.1"`, `django = "^4.2"`, `django==5.2.1`.
fn requirement(line: &str) -> Option<(u16, u16)> {
    let lower = line.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find("django") {
        let start = from + at;
        from = start + "django".len();
        let before = lower[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=')) {
            continue;
        }
        let rest = lower[from..].trim_start_matches(['"', '\'']);
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let rest = rest.trim_start();
        if !rest.starts_with(['=', '<', '>', '~', '^', '!', '(']) {
            continue;
        }
        let spec = rest.split([';', '#']).next().unwrap_or_default();
        if let Some(found) = newest(spec) {
            return Some(found);
        }
    }
    None
}

/// The newest series that a list of conditions allows.
fn newest(spec: &str) -> Option<(u16, u16)> {
    let mut found = None;
    for part in spec.split(',') {
        let part = part.trim_matches([' ', '"', '\'', '(', ')', ']', '=', '}']);
        let exact = spec.contains("==") && !part.starts_with(['<', '>', '~', '^', '!']);
        let Some((major, minor)) = first_version(part) else {
            break;
        };
        let allowed = if part.starts_with("<=") {
            (major, minor)
        } else if part.starts_with('<') {
            before((major, minor))
        } else if part.starts_with('^') || part.starts_with("~=") && part.matches('.').count() < 2 {
            (major, u16::MAX)
        } else if part.starts_with('~') || exact {
            (major, minor)
        } else if part.starts_with('>') {
            NEWEST
        } else if part.starts_with('!') {
            continue;
        } else {
            (major, minor)
        };
        let allowed = allowed.min(NEWEST);
        found = Some(found.map_or(allowed, |old: (u16, u16)| old.min(allowed)));
    }
    found
}

/// The last series before a version.
fn before((major, minor): (u16, u16)) -> (u16, u16) {
    match minor {
        0 => (major.saturating_sub(1), u16::MAX),
        _ => (major, minor - 1),
    }
}

/// The first `5.2` or `5` of a text.
fn first_version(text: &str) -> Option<(u16, u16)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[start..].split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let dotted = text[start..]
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('.');
    let minor = parts
        .next()
        .filter(|_| dotted)
        .and_then(|p| p.parse().ok())
        .unwrap_or(0);
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::{in_text, mentions};

    #[test]
    fn distributions_by_their_whole_names() {
        let asks = |text: &str| mentions(text, &["psycopg2", "psycopg"]);
        assert!(asks("Django\npsycopg[binary]>=3 ; python_version > '3'\n"));
        assert!(asks("install_requires=['Psycopg2==2.9']"));
        assert!(asks("[[package]]\nname = \"psycopg\"\n"));
        assert!(!asks("# psycopg\npsycopg-pool==3\nmypsycopg2\n"));
    }

    #[test]
    fn formats() {
        let cases: &[(&str, Option<(u16, u16)>)] = &[
            ("Django==4.2.11\n", Some((4, 2))),
            ("# Django==3.2\ndjango~=5.1.0\n", Some((5, 1))),
            ("Django>=4.2\n", Some((6, 0))),
            ("Django>=4.2,<5.0\n", Some((4, u16::MAX))),
            (
                "django[argon2] >= 4.2, < 5.2 ; python_version > '3'\n",
                Some((5, 1)),
            ),
            ("dependencies = [\n  \"Django>=4.2,<6\",\n]", Some((5, u16::MAX))),
            (
                "[tool.poetry.dependencies]\ndjango = \"^4.2\"\n",
                Some((4, u16::MAX)),
            ),
            (
                "[[package]]\nname = \"django\"\nversion = \"5.2.1\"\n",
                Some((5, 2)),
            ),
            (
                "\"django\": {\n \"hashes\": [],\n \"version\": \"==4.1.7\"\n}",
                Some((4, 1)),
            ),
            ("django-filter==24.3\ndjangorestframework==3.15\n", None),
            ("Framework :: Django :: 5.0\n", None),
            ("django\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(in_text(text), *expected, "{text}");
        }
    }
}
