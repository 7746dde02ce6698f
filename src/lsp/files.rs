//! Which files matter to the server, and where projects lie in a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::discover::{TEMPLATE_ENDINGS, decode, project_root, read_bytes};

/// How far below a folder projects are looked for, and in how many directories.
const DEPTH: usize = 3;
const MOST_DIRS: usize = 2000;

/// Names of files with djperf's settings.
const SETTINGS: [&str; 3] = ["djperf.toml", ".djperf.toml", "pyproject.toml"];

fn ending(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default()
}

/// Whether findings can be in a file, or come from it: Python, and what may be a template.
pub(super) fn is_code(path: &Path) -> bool {
    let ending = ending(path);
    ending == "py" || TEMPLATE_ENDINGS.contains(&ending)
}

/// Whether a file may hold settings of djperf.
pub(super) fn is_settings(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| SETTINGS.contains(&name))
}

/// Whether a change of a file on disk can change what is found.
pub(super) fn matters(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    is_code(path)
        || is_settings(path)
        || matches!(name, ".gitignore" | ".ignore")
        || matches!(ending(path), "toml" | "cfg" | "ini" | "env" | "json")
}

/// Globs of the files that matter, for clients that watch them.
pub(super) fn globs() -> [String; 3] {
    [
        format!("**/*.{{py,{}}}", TEMPLATE_ENDINGS.join(",")),
        "**/{djperf,.djperf,pyproject}.toml".to_owned(),
        "**/{.gitignore,.ignore}".to_owned(),
    ]
}

/// The text of a file on disk, as it is analysed.
pub(super) fn text(path: &Path) -> Option<String> {
    decode(read_bytes(path).ok()?).ok()
}

/// The root of the project around a file; none where it would be any directory at all.
pub(super) fn root_of(file: &Path, folders: &[PathBuf], text: &str) -> Option<PathBuf> {
    let packages = ["site-packages", "dist-packages"];
    if file
        .components()
        .any(|part| packages.iter().any(|name| part.as_os_str() == *name))
    {
        return None;
    }
    let root = project_root(file, false);
    let known = is_marked(&root) || folders.iter().any(|folder| file.starts_with(folder));
    (known || text.contains("django")).then_some(root)
}

fn is_marked(root: &Path) -> bool {
    [".git", "manage.py", "pyproject.toml", "setup.py", "setup.cfg"]
        .iter()
        .any(|name| root.join(name).exists())
}

/// The roots of the Django projects in a folder, or around it, as far as their `manage.py` tells.
pub(super) fn roots_in(folder: &Path) -> BTreeSet<PathBuf> {
    let own = project_root(folder, true);
    let around = folder.ancestors().take_while(|dir| dir.starts_with(&own));
    if around.clone().any(|dir| dir.join("manage.py").is_file()) {
        return BTreeSet::from([own]);
    }
    let mut roots = BTreeSet::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    let mut seen = 0;
    while let Some((dir, depth)) = open.pop() {
        seen += 1;
        if dir.join("manage.py").is_file() {
            roots.insert(project_root(&dir, true));
            continue;
        }
        if depth == DEPTH || seen > MOST_DIRS {
            continue;
        }
        let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
        let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        open.extend(dirs.filter_map(|entry| {
            let name = entry.file_name();
            let skipped = name.to_string_lossy().starts_with('.') || name == "node_modules" || name == "venv";
            (!skipped).then(|| (entry.path(), depth + 1))
        }));
    }
    roots
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{root_of, roots_in};

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn projects_in_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        touch(&at("one/manage.py"));
        touch(&at("group/two/manage.py"));
        touch(&at("node_modules/x/manage.py"));
        touch(&at("a/b/c/d/manage.py"));
        let roots: Vec<_> = roots_in(dir.path()).into_iter().collect();
        assert_eq!(roots, [at("group/two"), at("one")]);
        fs::create_dir(at(".git")).unwrap();
        assert_eq!(
            roots_in(dir.path()).into_iter().collect::<Vec<_>>(),
            [at("")],
            "one repository"
        );
        assert_eq!(
            roots_in(&at("one")).into_iter().collect::<Vec<_>>(),
            [at("")],
            "a part of one"
        );
    }

    #[test]
    fn a_file_somewhere_is_no_project() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notes/a.py");
        touch(&file);
        assert_eq!(root_of(&file, &[], "x = 1"), None);
        assert!(root_of(&file, &[], "import django").is_some());
        assert!(root_of(&file, &[dir.path().to_path_buf()], "x = 1").is_some());
        let package = dir.path().join("lib/site-packages/django/db.py");
        assert_eq!(root_of(&package, &[], "import django"), None, "somebody else's");
        touch(&dir.path().join("manage.py"));
        assert_eq!(root_of(&file, &[], "x = 1").as_deref(), Some(dir.path()));
    }
}
