//! `DJANGO_SETTINGS_MODULE` as configuration files of test runners and plugins tell it.

use std::path::{Path, PathBuf};

const FILES: [&str; 5] = ["pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", "mypy.ini"];
const KEYS: [&str; 2] = ["DJANGO_SETTINGS_MODULE", "django_settings_module"];
const MAX_BYTES: u64 = 1024 * 1024;

/// The values in the configuration files of all roots and of their direct subdirectories with a
/// `manage.py`, each once.
pub(super) fn names(roots: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for root in roots {
        let mut dirs = vec![root.clone()];
        dirs.extend(sites(root));
        for file in dirs
            .iter()
            .flat_map(|dir| FILES.iter().map(move |name| dir.join(name)))
        {
            let small = std::fs::metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
            let text = if small {
                std::fs::read_to_string(&file).unwrap_or_default()
            } else {
                String::new()
            };
            for name in in_text(&text) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn sites(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let mut dirs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|dir| dir.join("manage.py").is_file())
        .collect();
    dirs.sort();
    dirs
}

/// All `DJANGO_SETTINGS_MODULE = "x.y"` of a text, whatever the format around them.
fn in_text(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        let key = key.trim().trim_start_matches("D:").trim_matches(['"', '\'']);
        if !KEYS.iter().any(|known| key.ends_with(known)) {
            continue;
        }
        let value = value.trim().trim_matches(['=', ' ', '"', '\'']);
        let name: String = value
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            .collect();
        if !name.is_empty() {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn formats() {
        assert_eq!(
            in_text("[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = \"a.settings\"\n"),
            ["a.settings"]
        );
        assert_eq!(
            in_text("[pytest]\nDJANGO_SETTINGS_MODULE=b.settings # x\n"),
            ["b.settings"]
        );
        assert_eq!(
            in_text("[tool.django-stubs]\ndjango_settings_module = 'c'\n"),
            ["c"]
        );
        assert_eq!(in_text("# nothing\nOTHER = 1"), Vec::<String>::new());
    }
}
