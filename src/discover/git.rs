//! Other states of the project's files, as its Git repository keeps them.
//!
//! Asks the `git` program, and only for what is in the repository: no command used here reads a file of the working
//! tree, so none runs filters, hooks or monitors that the repository asks for. Nothing is fetched and nothing written.
//! What git says is bytes of strangers.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use sha1::{Digest, Sha1};

use super::decode::decode;
use super::paths::normalize;
use super::{read, walk};

/// Why the repository cannot tell. Worded with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    #[error("`git` cannot be started: {0}; `--since` and `--staged` need it")]
    NoProgram(String),
    #[error("{path} is in no Git repository that can be read: {reason}")]
    NoRepository { path: String, reason: String },
    #[error("the paths lie in several Git repositories; check one at a time")]
    Several,
    #[error("`{0}` is no name of a commit")]
    BadName(String),
    #[error(
        "unknown revision `{name}`: check the name, or fetch it first, as with `git fetch origin {branch}`{shallow}"
    )]
    Unknown {
        name: String,
        branch: String,
        shallow: &'static str,
    },
    #[error("HEAD has no commit yet; use `--staged`")]
    NoHead,
    #[error("`{name}` and HEAD have no commit in common{shallow}")]
    NoBase { name: String, shallow: &'static str },
    #[error("`git {command}` failed: {reason}")]
    Failed { command: String, reason: String },
    #[error("{path} as of that commit is not in this clone; fetch the repository without `--filter`")]
    Missing { path: String },
}

const CUT_OFF: &str = "; this clone has only the newest commits: fetch more with `git fetch --unshallow`, or \
     `fetch-depth: 0` where a workflow checks the code out";

/// One version of the files that djperf reads: absolute path → object name.
pub type Files = BTreeMap<PathBuf, String>;

/// The repository around a path.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Its working tree, named as the path was.
    top: PathBuf,
}

impl Repository {
    /// The one repository around all paths, which are absolute.
    pub fn around(paths: &[PathBuf]) -> Result<Self, GitError> {
        let mut found: Option<Self> = None;
        for path in paths {
            let dir = match path.parent() {
                Some(parent) if !path.is_dir() => parent,
                _ => path,
            };
            let up = asked(git(dir).args(["rev-parse", "--show-cdup"])).map_err(|error| match error {
                GitError::Failed { reason, .. } => GitError::NoRepository {
                    path: path.display().to_string(),
                    reason,
                },
                other => other,
            })?;
            let top = normalize(dir, &path_of(up.trim_ascii_end()));
            match &found {
                Some(other) if other.top != top => return Err(GitError::Several),
                _ => found = Some(Self { top }),
            }
        }
        found.ok_or(GitError::Several)
    }

    /// The directory of its working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The last commit that HEAD and `name` have in common.
    pub fn merge_base(&self, name: &str) -> Result<String, GitError> {
        if name.is_empty() || name.starts_with('-') || name.contains(['\0', '\n']) {
            return Err(GitError::BadName(name.to_owned()));
        }
        let shallow = || if self.is_shallow() { CUT_OFF } else { "" };
        let head = self.commit("HEAD").ok_or(GitError::NoHead)?;
        let commit = self.commit(name).ok_or_else(|| GitError::Unknown {
            name: name.to_owned(),
            branch: name.strip_prefix("origin/").unwrap_or(name).to_owned(),
            shallow: shallow(),
        })?;
        let base = asked(git(&self.top).args(["merge-base", &head, &commit])).ok();
        base.and_then(|base| word(&base)).ok_or_else(|| GitError::NoBase {
            name: name.to_owned(),
            shallow: shallow(),
        })
    }

    /// The object name of a commit; nothing if there is none of that name.
    pub fn commit(&self, name: &str) -> Option<String> {
        let mut command = git(&self.top);
        command.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
        command.arg(format!("{name}^{{commit}}"));
        word(&asked(&mut command).ok()?)
    }

    fn is_shallow(&self) -> bool {
        asked(git(&self.top).args(["rev-parse", "--is-shallow-repository"]))
            .is_ok_and(|said| said.trim_ascii() == b"true")
    }

    /// The files of a commit.
    pub fn files_of(&self, commit: &str) -> Result<Files, GitError> {
        let listed = asked(git(&self.top).args(["ls-tree", "-r", "-z", "--full-tree", commit]))?;
        // `MODE blob NAME\tPATH`
        let entries = listed.split(|byte| *byte == 0).filter_map(|entry| {
            let (about, path) = split(entry, b'\t')?;
            let mut about = about.split(|byte| *byte == b' ');
            let mode = about.next()?;
            Some((self.file(mode, path)?, word(about.nth(1)?)?))
        });
        Ok(entries.collect())
    }

    /// The files of the index; those that a sparse checkout left out are apart.
    pub fn staged(&self) -> Result<(Files, Files), GitError> {
        let listed = asked(git(&self.top).args(["ls-files", "-t", "--stage", "-z", "--full-name"]))?;
        let (mut files, mut sparse) = (Files::new(), Files::new());
        for entry in listed.split(|byte| *byte == 0) {
            // `TAG MODE NAME STAGE\tPATH`
            let Some((about, path)) = split(entry, b'\t') else {
                continue;
            };
            let about: Vec<&[u8]> = about.split(|byte| *byte == b' ').collect();
            let [tag, mode, name, _] = about[..] else { continue };
            if let (Some(path), Some(name)) = (self.file(mode, path), word(name)) {
                let kind = if tag == b"S" { &mut sparse } else { &mut files };
                kind.insert(path, name);
            }
        }
        Ok((files, sparse))
    }

    /// Files on disk that the index does not know, ignored ones apart.
    pub fn untracked(&self) -> Result<Vec<PathBuf>, GitError> {
        let listed =
            asked(git(&self.top).args(["ls-files", "--others", "--exclude-standard", "-z", "--full-name"]))?;
        let paths = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.filter_map(|path| self.file(b"100644", path)).collect())
    }

    /// The path of an entry that is a regular file which djperf may read.
    fn file(&self, mode: &[u8], path: &[u8]) -> Option<PathBuf> {
        let path = path_of(path);
        let inside = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        let wanted = mode.starts_with(b"100") && inside && walk::is_readable(&path);
        wanted.then(|| self.top.join(path))
    }

    /// The texts of some objects; what cannot be read as text is left out, as on disk.
    pub fn texts(&self, wanted: &Files) -> Result<BTreeMap<PathBuf, Arc<str>>, GitError> {
        let mut texts = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(texts);
        }
        let mut names = String::new();
        for name in wanted.values() {
            names.push_str(name);
            names.push('\n');
        }
        let said = told(git(&self.top).args(["cat-file", "--batch"]), names.into_bytes())?;
        let mut rest = &said[..];
        for path in wanted.keys() {
            // `NAME blob SIZE\n`, then so many bytes and a line break; or `NAME missing\n`.
            let missing = || GitError::Missing {
                path: path.display().to_string(),
            };
            let (head, behind) = split(rest, b'\n').ok_or_else(missing)?;
            let size = std::str::from_utf8(head)
                .ok()
                .and_then(|head| head.split(' ').nth(2)?.parse::<usize>().ok())
                .ok_or_else(missing)?;
            let bytes = behind.get(..size).ok_or_else(missing)?;
            rest = behind.get(size + 1..).unwrap_or_default();
            if size as u64 <= read::MAX_BYTES
                && let Ok(text) = decode(bytes.to_vec())
            {
                texts.insert(path.clone(), text.into());
            }
        }
        Ok(texts)
    }
}

/// Whether a file on disk has the bytes of an object. Objects with names of another kind are taken for different.
pub fn same_on_disk(path: &Path, name: &str) -> bool {
    let Ok(bytes) = read::read_bytes(path) else {
        return false;
    };
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(&bytes);
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    hex == name
}

/// The text of a file on disk.
pub fn text_on_disk(path: &Path) -> Option<String> {
    read::read_text(path).ok()
}

/// A call of git that neither writes nor asks anybody.
fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args([
            "--no-pager",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(["-c", "protocol.allow=never"])
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    // A hook is started with these; they are relative to the top of the working tree, which is found without them.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    if let Some(index) = std::env::var_os("GIT_INDEX_FILE") {
        command.env("GIT_INDEX_FILE", dir.join(index));
    }
    command
}

fn asked(command: &mut Command) -> Result<Vec<u8>, GitError> {
    let output = command
        .output()
        .map_err(|error| GitError::NoProgram(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(command, &output.stderr))
}

/// As [`asked`], with an input that git reads while it answers.
fn told(command: &mut Command, input: Vec<u8>) -> Result<Vec<u8>, GitError> {
    let no_program = |error: std::io::Error| GitError::NoProgram(error.to_string());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(no_program)?;
    let stdin = child.stdin.take();
    let writer = std::thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // Git ends early only when it fails, which its status tells.
            let _ = stdin.write_all(&input);
        }
    });
    let mut said = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut said).map_err(no_program)?;
    }
    let _ = writer.join();
    let status = child.wait().map_err(no_program)?;
    if status.success() {
        Ok(said)
    } else {
        Err(failed(command, &[]))
    }
}

fn failed(command: &Command, stderr: &[u8]) -> GitError {
    let words = command.get_args().skip(9);
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let said = String::from_utf8_lossy(stderr);
    let reason = said.lines().next().unwrap_or("no reason given");
    GitError::Failed {
        command: words.join(" "),
        reason: reason.strip_prefix("fatal: ").unwrap_or(reason).to_owned(),
    }
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|byte| *byte == at)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

/// An object name, alone on its line.
fn word(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.then(|| text.to_owned())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec()).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from(String::from_utf8_lossy(bytes).into_owned()).into()
}

#[cfg(test)]
mod tests;
