//! Path arithmetic: absolute, relative and `/`-separated forms. Asks the disk only to see through links.

use std::path::{Component, Path, PathBuf};

/// `path` seen from `base`, without `.` and `..`.
pub(super) fn normalize(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// `path` made absolute; below `cwd` when it is the same place under another name.
pub fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let plain = normalize(cwd, path);
    if plain.starts_with(cwd) {
        return plain;
    }
    let seen = plain.canonicalize().ok().zip(cwd.canonicalize().ok());
    match seen
        .as_ref()
        .and_then(|(real, real_cwd)| real.strip_prefix(real_cwd).ok())
    {
        Some(rest) => normalize(cwd, rest),
        None => plain,
    }
}

/// `/`-separated text of a path.
pub(super) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace('\\', "/")
    }
}

/// `path` relative to `base`, with `../` where it lies outside; both absolute.
pub fn display(base: &Path, path: &Path) -> String {
    if let Ok(rest) = path.strip_prefix(base) {
        return slashed(rest);
    }
    let shared = base
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    if shared == 0 {
        return slashed(path);
    }
    let mut out = PathBuf::new();
    for _ in base.components().skip(shared) {
        out.push("..");
    }
    out.extend(path.components().skip(shared));
    slashed(&out)
}

/// The deepest directory above all of `dirs`.
pub(super) fn common_ancestor(dirs: &[PathBuf]) -> PathBuf {
    let Some((first, rest)) = dirs.split_first() else {
        return PathBuf::new();
    };
    let holds_all = |dir: &&Path| rest.iter().all(|other| other.starts_with(dir));
    first
        .ancestors()
        .find(holds_all)
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// Sorted, without those that lie inside another.
pub(super) fn outermost(mut dirs: Vec<PathBuf>) -> Vec<PathBuf> {
    dirs.sort();
    dirs.dedup();
    let mut kept: Vec<PathBuf> = Vec::new();
    for dir in dirs {
        if !kept.iter().any(|outer| dir.starts_with(outer)) {
            kept.push(dir);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_climbs_out_of_the_base() {
        assert_eq!(display(Path::new("/a/b"), Path::new("/a/b/c/d.py")), "c/d.py");
        assert_eq!(display(Path::new("/a/b"), Path::new("/a/x/d.py")), "../x/d.py");
        assert_eq!(display(Path::new("/a/b"), Path::new("/z.py")), "../../z.py");
    }

    #[test]
    fn normalize_removes_dots() {
        assert_eq!(
            normalize(Path::new("/a/b"), Path::new("./../c/.")),
            PathBuf::from("/a/c")
        );
    }

    #[test]
    fn outermost_drops_nested() {
        let dirs = ["/a/b", "/a", "/a-b", "/c"].map(PathBuf::from).to_vec();
        assert_eq!(outermost(dirs), ["/a", "/a-b", "/c"].map(PathBuf::from));
    }
}
