//! New texts for files: encoded as each file was, put in place at once, all of them or none.
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
    pub old: Vec<u8>,
    pub new: Vec<u8>,
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
        let inside = roots
            .iter()
            .filter_map(|root| root.canonicalize().ok())
            .any(|root| real.starts_with(root));
        if !inside {
            return Err("it lies outside of the project".to_owned());
        }
        let bytes = read_bytes(&real)?;
        if decode(bytes.clone()).as_deref() != Ok(old) {
            return Err("it changed since it was read".to_owned());
        }
        let new = encode(&bytes, new)?;
        Ok(Self {
            path,
            real,
            old: bytes,
            new,
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
        let metadata = std::fs::metadata(&self.real).map_err(failed)?;
        if metadata.permissions().readonly() {
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
}

/// Puts all new contents in place. When one of them cannot be, the files are left as they were.
pub fn write_all(rewrites: &[Rewrite]) -> Result<(), WriteError> {
    let mut staged = Vec::with_capacity(rewrites.len());
    for rewrite in rewrites {
        let file = rewrite.stage(&rewrite.new)?;
        if read_bytes(&rewrite.real).as_ref() != Ok(&rewrite.old) {
            return Err(rewrite.failed("it changed since it was read"));
        }
        staged.push(file);
    }
    place(rewrites, staged)
}

fn place(rewrites: &[Rewrite], staged: Vec<NamedTempFile>) -> Result<(), WriteError> {
    for (i, (rewrite, file)) in rewrites.iter().zip(staged).enumerate() {
        let Err(error) = file.persist(&rewrite.real) else {
            continue;
        };
        for done in &rewrites[..i] {
            let restored = done
                .stage(&done.old)
                .is_ok_and(|file| file.persist(&done.real).is_ok());
            if !restored {
                return Err(WriteError {
                    path: rewrite.path.clone(),
                    reason: format!("{}; {} was changed already", error.error, done.path),
                });
            }
        }
        return Err(rewrite.failed(error.error));
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
