//! Where the project around a path begins. Looks at marker files, not at their content.

use std::path::{Path, PathBuf};

const MARKERS: [&str; 5] = ["manage.py", "pyproject.toml", "setup.py", "setup.cfg", "tox.ini"];
const CLIMB: usize = 6;

/// The directory to read for `path`: its repository; else the highest directory with a project file,
/// at most six above; else the topmost package around it; else the path itself.
pub fn project_root(path: &Path, is_dir: bool) -> PathBuf {
    let start = if is_dir {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    if let Some(repository) = start.ancestors().find(|dir| dir.join(".git").exists()) {
        return repository.to_path_buf();
    }
    let is_project =
        |dir: &&Path| dir.parent().is_some() && MARKERS.iter().any(|marker| dir.join(marker).is_file());
    let highest = start.ancestors().take(CLIMB + 1).filter(is_project).last();
    let packages = start
        .ancestors()
        .take_while(|dir| dir.join("__init__.py").is_file());
    highest.or(packages.last()).unwrap_or(start).to_path_buf()
}

/// The directory that module names below `dir` start from: above the package that `dir` is part of.
pub(super) fn import_base(dir: PathBuf) -> PathBuf {
    let outside = dir
        .ancestors()
        .find(|dir| !dir.join("__init__.py").is_file())
        .map(Path::to_path_buf);
    outside.unwrap_or(dir)
}

/// The nearest directory at or above `path`, inside `root`, that has a `manage.py`.
pub(super) fn site(path: &Path, root: &Path) -> Option<PathBuf> {
    let inside = path.ancestors().take_while(|dir| dir.starts_with(root));
    inside
        .filter(|dir| dir.join("manage.py").is_file())
        .map(Path::to_path_buf)
        .next()
}
