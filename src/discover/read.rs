//! Reads the files that the walk found. One bad file costs a note, never the run.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::Overlay;
use super::decode::decode;
use super::paths::display;
use crate::source::SourceFile;

/// Larger files are generated data.
pub(super) const MAX_BYTES: u64 = 10 * 1024 * 1024;

pub(super) struct ReadFile {
    pub absolute: PathBuf,
    pub root: PathBuf,
    pub source: SourceFile,
}

/// Reads each `(file, root)` in parallel; the second part says what was left out and why.
pub(super) fn read_all(
    candidates: Vec<(PathBuf, PathBuf)>,
    cwd: &Path,
    overlay: &Overlay,
) -> (Vec<ReadFile>, Vec<String>) {
    candidates.into_par_iter().partition_map(|(absolute, root)| {
        let path = display(cwd, &absolute);
        let text = match overlay.get(&absolute) {
            Some(text) => Ok(Arc::clone(text)),
            None => read_text(&absolute).map(Arc::from),
        };
        match text {
            Ok(text) => {
                let source = SourceFile::new(path, text);
                rayon::iter::Either::Left(ReadFile {
                    absolute,
                    root,
                    source,
                })
            }
            Err(reason) => rayon::iter::Either::Right(format!("{path}: skipped: {reason}")),
        }
    })
}

/// The text of one file, or why it cannot be had.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    decode(read_bytes(path)?)
}

/// The bytes of one file, or why they cannot be had.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or(0) + 1);
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("larger than 10 MB".to_owned());
    }
    Ok(bytes)
}
