//! A text from standard input that counts instead of a file: what an editor has not saved yet.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::CliError;
use super::args::Check;
use crate::discover::{self, Overlay};

/// A file, and the text that counts for it.
pub(super) type Given = (PathBuf, String);

/// The paths to report on, and the text where `-` is one of them.
pub(super) fn paths(check: &Check) -> Result<(Vec<PathBuf>, Option<Given>), CliError> {
    let dash = Path::new("-");
    let mut paths = check.paths.clone();
    let given = paths.iter().filter(|path| path.as_path() == dash).count();
    let Some(name) = &check.stdin_filename else {
        return match given {
            0 => Ok((paths, None)),
            _ => Err(CliError::Usage(
                "`-` needs `--stdin-filename`, the file that the text is of".to_owned(),
            )),
        };
    };
    if given != 1 {
        return Err(CliError::Usage(
            "`--stdin-filename` needs `-` as a path, once".to_owned(),
        ));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::Usage(format!("cannot read standard input: {error}")))?;
    let text = discover::decode(bytes)
        .map_err(|reason| CliError::Usage(format!("cannot read standard input: {reason}")))?;
    for path in &mut paths {
        if path.as_path() == dash {
            path.clone_from(name);
        }
    }
    Ok((paths, Some((name.clone(), text))))
}

/// Lays the text over the disk.
pub(super) fn lay(overlay: &mut Overlay, cwd: &Path, given: Option<Given>) {
    if let Some((name, text)) = given {
        overlay.insert(discover::absolute(cwd, &name), text.into());
    }
}
