//! Files that djperf keeps for itself: bytes with a checksum, replaced in one step.
//!
//! Readers see an old file or a new one, however many write at the same time. Knows nothing of what the bytes mean.

use std::fs::DirEntry;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

/// The last bytes of every file, behind the checksum.
const MAGIC: &[u8; 8] = b"\x00djperf\x01";
/// Its text makes backup tools leave the directory alone, see <https://bford.info/cachedir/>.
const TAG: (&str, &str) = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache of djperf.\n",
);

/// Files that were not written for so long are of no use any more, in days.
const KEPT: u64 = 30;

/// Reads a file back. An error tells why what is there cannot be used.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let whole = bytes
        .len()
        .checked_sub(MAGIC.len() + 4)
        .filter(|len| bytes[len + 4..] == *MAGIC && bytes[*len..len + 4] == sum(&bytes[..*len]));
    let Some(len) = whole else {
        return Err("it is damaged".to_owned());
    };
    bytes.truncate(len);
    Ok(Some(bytes))
}

/// Writes a file anew; `top` is the directory above it that is marked as a cache.
pub fn write(path: &Path, top: &Path, payload: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(top);
    std::fs::create_dir_all(dir)?;
    let tag = top.join(TAG.0);
    if !tag.exists() {
        std::fs::write(tag, TAG.1)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(payload)?;
    file.write_all(&sum(payload))?;
    file.write_all(MAGIC)?;
    file.persist(path)?;
    prune(top);
    Ok(())
}

/// Removes what was written long ago, by this version or another. What cannot be removed stays.
fn prune(top: &Path) {
    let entries = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    let old = |entry: &DirEntry| {
        let written = entry.metadata().and_then(|file| file.modified());
        let age = written.ok().and_then(|time| time.elapsed().ok());
        age.is_some_and(|age| age > Duration::from_secs(KEPT * 24 * 60 * 60))
    };
    for version in entries(top).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        for file in entries(&version.path()).filter(old) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

fn sum(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_le_bytes()
}

/// Removes a directory that is marked as a cache of djperf, if there is one. An error tells why it stays.
pub fn remove(top: &Path) -> Result<bool, String> {
    if !top.exists() {
        return Ok(false);
    }
    let marked = std::fs::read_to_string(top.join(TAG.0)).is_ok_and(|text| text == TAG.1);
    if !marked {
        return Err(format!("it is no cache of djperf: no {} says so", TAG.0));
    }
    std::fs::remove_dir_all(top).map_err(|error| error.to_string())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::time::{Duration, SystemTime};

    use super::{read, remove, write};

    #[test]
    fn what_is_written_is_read_and_what_is_old_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("cache");
        let (old, new) = (top.join("0.0/old"), top.join("0.1/new"));
        assert_eq!(read(&old), Ok(None));
        write(&old, &top, b"some").unwrap();
        assert_eq!(read(&old), Ok(Some(b"some".to_vec())));
        let days = |n: u64| SystemTime::now() - Duration::from_secs(n * 24 * 60 * 60);
        let age = |n| {
            let file = File::options().write(true).open(&old).unwrap();
            file.set_times(FileTimes::new().set_modified(days(n))).unwrap();
        };
        age(29);
        write(&new, &top, b"more").unwrap();
        assert!(old.exists());
        age(31);
        write(&new, &top, b"more").unwrap();
        assert!(!old.exists() && new.exists());
        assert_eq!(remove(&top), Ok(true));
        assert_eq!(remove(&top), Ok(false));
        assert!(remove(dir.path()).is_err() && dir.path().exists());
    }
}
