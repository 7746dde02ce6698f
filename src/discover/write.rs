//! New texts for files, and new files: encoded as each file was, put in place at once, all of them or none.
//!
//! Knows no reason for a change, and changes nothing that is not what it was when it was read.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::decode::{decode, encode};
use super::read::read_bytes;

/// The bytes of one file, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// As it is reported.
    pub path: String,
    /// The file itself, behind all links.
    pub real: PathBuf,
    /// None where there is no such file yet.
    pub old: Option<Vec<u8>>,
    pub new: Vec<u8>,
    /// The file that lends a new one its permissions.
    like: PathBuf,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write {path}: {reason}")]
pub struct WriteError {
    pub path: String,
    pub reason: String,
}

impl Rewrite {
    /// Prepares the change of a text that was read from a file; or tells why the file has to stay as it is.
    pub fn new(
        path: String,
        absolute: &Path,
        roots: &[PathBuf],
        (old, new): (&str, &str),
    ) -> Result<Self, String> {
        let real = absolute.canonicalize().map_err(|error| error.to_string())?;
        inside(&real, roots)?;
        let bytes = read_bytes(&real)?;
        if decode(bytes.clone()).as_deref() != Ok(old) {
            return Err("it changed since it was read".to_owned());
        }
        let new = encode(&bytes, new)?;
        Ok(Self {
            path,
            like: real.clone(),
            real,
            old: Some(bytes),
            new,
        })
    }

    /// Prepares a new file in a directory that is there, with the permissions of a file `beside` it.
    pub fn create(
        path: String,
        absolute: &Path,
        beside: &Path,
        roots: &[PathBuf],
        text: &str,
    ) -> Result<Self, String> {
        let told = |error: std::io::Error| error.to_string();
        let (Some(dir), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err("it has no directory".to_owned());
        };
        let dir = dir.canonicalize().map_err(told)?;
        inside(&dir, roots)?;
        let real = dir.join(name);
        if is_there(&real) {
            return Err(IN_THE_WAY.to_owned());
        }
        Ok(Self {
            path,
            real,
            old: None,
            new: text.as_bytes().to_vec(),
            like: beside.canonicalize().map_err(told)?,
        })
    }

    fn failed(&self, reason: impl ToString) -> WriteError {
        WriteError {
            path: self.path.clone(),
            reason: format!("{}; no file was changed", reason.to_string()),
        }
    }

    /// The new content in a file beside the old one, with its permissions, safe on the disk.
    fn stage(&self, content: &[u8]) -> Result<NamedTempFile, WriteError> {
        let failed = |error: std::io::Error| self.failed(error);
        let metadata = std::fs::metadata(&self.like).map_err(failed)?;
        if self.old.is_some() && metadata.permissions().readonly() {
            return Err(self.failed("it is read-only"));
        }
        let dir = self
            .real
            .parent()
            .ok_or_else(|| self.failed("it has no directory"))?;
        let mut file = tempfile::Builder::new()
            .prefix(".djperf-")
            .tempfile_in(dir)
            .map_err(failed)?;
        file.write_all(content).map_err(failed)?;
        keep_owner(file.as_file(), &metadata);
        file.as_file()
            .set_permissions(metadata.permissions())
            .map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        Ok(file)
    }

    /// Whether the file still is what it was when the change was prepared.
    fn check(&self) -> Result<(), WriteError> {
        match &self.old {
            Some(old) if read_bytes(&self.real).as_ref() != Ok(old) => {
                Err(self.failed("it changed since it was read"))
            }
            None if is_there(&self.real) => Err(self.failed(IN_THE_WAY)),
            _ => Ok(()),
        }
    }

    /// Puts the staged content in place; a new file takes the place of none.
    fn put(&self, file: NamedTempFile) -> std::io::Result<()> {
        let placed = match self.old {
            Some(_) => file.persist(&self.real),
            None => file.persist_noclobber(&self.real),
        };
        placed.map(drop).map_err(|error| error.error)
    }

    /// Takes back what was put in place.
    fn restore(&self) -> bool {
        match &self.old {
            Some(old) => self.stage(old).is_ok_and(|file| self.put(file).is_ok()),
            None => std::fs::remove_file(&self.real).is_ok(),
        }
    }
}

const IN_THE_WAY: &str = "a file of that name is there already";

/// Something has that name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn inside(real: &Path, roots: &[PathBuf]) -> Result<(), String> {
    let mut roots = roots.iter().filter_map(|root| root.canonicalize().ok());
    if roots.any(|root| real.starts_with(root)) {
        Ok(())
    } else {
        Err("it lies outside of the project".to_owned())
    }
}

/// Puts all new contents in place. When one of them cannot be, the files are left as they were.
pub fn write_all(rewrites: &[Rewrite]) -> Result<(), WriteError> {
    let mut staged = Vec::with_capacity(rewrites.len());
    for rewrite in rewrites {
        let file = rewrite.stage(&rewrite.new)?;
        rewrite.check()?;
        staged.push(file);
    }
    place(rewrites, staged)
}

/// Puts bytes in place of a file, or makes it: all of them or none. The file may lie anywhere.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let failed = |error: std::io::Error| WriteError {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let dir = match real.parent() {
        Some(dir) if dir.as_os_str().is_empty() => Path::new("."),
        Some(dir) => dir,
        None => Path::new("/"),
    };
    let before = match std::fs::metadata(&real) {
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(failed(std::io::Error::other("it is read-only")));
        }
        Ok(metadata) => Some(metadata),
        Err(_) => None,
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".djperf-");
    #[cfg(unix)]
    if before.is_none() {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    if let Some(metadata) = before {
        keep_owner(file.as_file(), &metadata);
        file.as_file()
            .set_permissions(metadata.permissions())
            .map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&real).map(drop).map_err(|error| failed(error.error))
}

fn place(rewrites: &[Rewrite], staged: Vec<NamedTempFile>) -> Result<(), WriteError> {
    for (i, (rewrite, file)) in rewrites.iter().zip(staged).enumerate() {
        let Err(error) = rewrite.put(file) else {
            continue;
        };
        for done in &rewrites[..i] {
            if !done.restore() {
                return Err(WriteError {
                    path: rewrite.path.clone(),
                    reason: format!("{error}; {} was changed already", done.path),
                });
            }
        }
        return Err(rewrite.failed(error));
    }
    Ok(())
}

/// A file of somebody else stays theirs, where that is allowed.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, before: &std::fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let same = file
        .metadata()
        .is_ok_and(|now| now.uid() == before.uid() && now.gid() == before.gid());
    if !same {
        let _ = fchown(file, Some(before.uid()), Some(before.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) {}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::{Rewrite, place, write_all};

    fn disk(files: &[(&str, &str)]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::write(dir.path().join(path), text).unwrap();
        }
        dir
    }

    fn rewrite(dir: &Path, path: &str, old: &str, new: &str) -> Result<Rewrite, String> {
        Rewrite::new(path.into(), &dir.join(path), &[dir.to_path_buf()], (old, new))
    }

    fn read(dir: &Path, path: &str) -> String {
        fs::read_to_string(dir.join(path)).unwrap()
    }

    /// Names in a directory: no temporary file may stay.
    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn contents_are_replaced() {
        let dir = disk(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let all = [
            rewrite(dir.path(), "a.py", "x = 1\n", "x = 2\n").unwrap(),
            rewrite(dir.path(), "b.py", "y = 1\n", "y = 2\n").unwrap(),
        ];
        write_all(&all).unwrap();
        assert_eq!(
            (read(dir.path(), "a.py"), read(dir.path(), "b.py")),
            ("x = 2\n".into(), "y = 2\n".into())
        );
        assert_eq!(names(dir.path()), ["a.py", "b.py"]);
    }

    #[test]
    fn what_changed_meanwhile_or_lies_outside_is_refused() {
        let dir = disk(&[("a.py", "x = 1\n")]);
        let other = disk(&[("c.py", "z = 1\n")]);
        let changed = rewrite(dir.path(), "a.py", "x = 0\n", "x = 2\n");
        assert_eq!(changed.unwrap_err(), "it changed since it was read");
        let outside = Rewrite::new(
            "c.py".into(),
            &other.path().join("c.py"),
            &[dir.path().to_path_buf()],
            ("z = 1\n", ""),
        );
        assert_eq!(outside.unwrap_err(), "it lies outside of the project");
        assert!(rewrite(dir.path(), "gone.py", "", "x").is_err());
    }

    #[test]
    fn one_file_that_cannot_be_written_leaves_all_as_they_were() {
        let dir = disk(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let all = [
            rewrite(dir.path(), "a.py", "x = 1\n", "x = 2\n").unwrap(),
            rewrite(dir.path(), "b.py", "y = 1\n", "y = 2\n").unwrap(),
        ];
        fs::write(dir.path().join("b.py"), "y = 7\n").unwrap();
        let error = write_all(&all).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write b.py: it changed since it was read; no file was changed"
        );
        fs::write(dir.path().join("b.py"), "y = 1\n").unwrap();
        let mut permissions = fs::metadata(dir.path().join("b.py")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(dir.path().join("b.py"), permissions).unwrap();
        let error = write_all(&all).unwrap_err();
        assert_eq!(error.reason, "it is read-only; no file was changed");
        assert_eq!(read(dir.path(), "a.py"), "x = 1\n");
        assert_eq!(names(dir.path()), ["a.py", "b.py"]);
    }

    #[test]
    fn files_already_in_place_are_restored() {
        let dir = disk(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let all = [
            rewrite(dir.path(), "a.py", "x = 1\n", "x = 2\n").unwrap(),
            rewrite(dir.path(), "b.py", "y = 1\n", "y = 2\n").unwrap(),
        ];
        let staged = all.iter().map(|one| one.stage(&one.new).unwrap()).collect();
        fs::remove_file(dir.path().join("b.py")).unwrap();
        fs::create_dir_all(dir.path().join("b.py/in the way")).unwrap();
        let error = place(&all, staged).unwrap_err();
        assert_eq!(error.path, "b.py");
        assert!(error.reason.ends_with("; no file was changed"), "{error}");
        assert_eq!(read(dir.path(), "a.py"), "x = 1\n");
        assert_eq!(names(dir.path()), ["a.py", "b.py"]);
    }

    #[test]
    fn new_files_take_the_place_of_none_and_go_with_the_others() {
        let dir = disk(&[("a.py", "x = 1\n"), ("b.py", "y = 1\n")]);
        let create = |path: &str| {
            let roots = [dir.path().to_path_buf()];
            let (absolute, beside) = (dir.path().join(path), dir.path().join("a.py"));
            Rewrite::create(path.into(), &absolute, &beside, &roots, "new = 1\n")
        };
        assert_eq!(
            create("b.py").unwrap_err(),
            "a file of that name is there already"
        );
        assert!(create("gone/c.py").is_err());
        let other = tempfile::tempdir().unwrap();
        let outside = Rewrite::create(
            "c.py".into(),
            &other.path().join("c.py"),
            &dir.path().join("a.py"),
            &[dir.path().to_path_buf()],
            "",
        );
        assert_eq!(outside.unwrap_err(), "it lies outside of the project");
        let all = [
            create("c.py").unwrap(),
            rewrite(dir.path(), "b.py", "y = 1\n", "y = 2\n").unwrap(),
        ];
        let staged = all.iter().map(|one| one.stage(&one.new).unwrap()).collect();
        fs::remove_file(dir.path().join("b.py")).unwrap();
        fs::create_dir_all(dir.path().join("b.py/in the way")).unwrap();
        let error = place(&all, staged).unwrap_err();
        assert!(error.reason.ends_with("; no file was changed"), "{error}");
        assert_eq!(names(dir.path()), ["a.py", "b.py"], "the new file is gone again");
        fs::write(dir.path().join("c.py"), "mine\n").unwrap();
        let error = write_all(&all[..1]).unwrap_err();
        assert_eq!(
            error.reason,
            "a file of that name is there already; no file was changed"
        );
        let staged = vec![all[0].stage(&all[0].new).unwrap()];
        assert!(place(&all[..1], staged).is_err());
        assert_eq!(read(dir.path(), "c.py"), "mine\n");
        fs::remove_file(dir.path().join("c.py")).unwrap();
        write_all(&all[..1]).unwrap();
        assert_eq!(read(dir.path(), "c.py"), "new = 1\n");
    }

    #[cfg(unix)]
    #[test]
    fn new_files_have_the_mode_of_their_neighbours() {
        use std::os::unix::fs::PermissionsExt;
        let dir = disk(&[("a.py", "x = 1\n")]);
        let (beside, new) = (dir.path().join("a.py"), dir.path().join("b.py"));
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o640)).unwrap();
        let made = Rewrite::create("b.py".into(), &new, &beside, &[dir.path().to_path_buf()], "");
        write_all(&[made.unwrap()]).unwrap();
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o7777, 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn modes_and_links_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let dir = disk(&[("real.py", "x = 1\n")]);
        let (real, link) = (dir.path().join("real.py"), dir.path().join("link.py"));
        fs::set_permissions(&real, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("real.py", &link).unwrap();
        let change = rewrite(dir.path(), "link.py", "x = 1\n", "x = 2\n").unwrap();
        write_all(&[change]).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
        assert_eq!(read(dir.path(), "real.py"), "x = 2\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o755);
    }
}
