//! Fixture projects, copies of them, and sessions over both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use djperf::config::{Config, Sources};
use djperf::fix::Safety;
use djperf::report::{Style, TallyView, View, json};
use djperf::session::{self, Outcome, Request, SessionError};
use tempfile::TempDir;

pub const PROJECTS: [&str; 3] = ["blog", "press", "shop"];
/// Those whose queries are counted, with n and with 2n rows.
pub const COUNTED: [&str; 2] = ["blog", "shop"];

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A request for `paths`, started in `dir`, with the settings found there.
pub fn request(dir: &Path, paths: &[&str]) -> Request {
    let config = Config::load(Sources {
        start: dir,
        isolated: false,
        overrides: &[],
    });
    Request {
        cwd: dir.to_path_buf(),
        paths: paths.iter().map(PathBuf::from).collect(),
        config: config.unwrap(),
        threads: Some(2),
        overlay: Default::default(),
    }
}

pub fn try_check(dir: &Path) -> Result<Outcome, SessionError> {
    session::check(&request(dir, &["."]))
}

pub fn check(dir: &Path) -> Outcome {
    try_check(dir).unwrap()
}

/// The JSON document of an outcome, as if it had taken no time.
pub fn document(outcome: &Outcome) -> String {
    let tally = |(name, tally): (&&'static str, &session::Tally)| TallyView {
        name,
        seen: tally.seen,
        resolved: tally.known,
    };
    json::render(&View {
        sources: &outcome.sources,
        diagnostics: &outcome.diagnostics,
        files: outcome.python_files,
        templates: outcome.templates,
        models: outcome.models,
        suppressed: outcome.suppressed,
        baselined: 0,
        unchanged: 0,
        fixed: 0,
        applicable: Safety::Safe,
        duration: Duration::ZERO,
        tallies: outcome.coverage.tallies.iter().map(tally).collect(),
        unknown: &outcome.coverage.unknown,
        rules: Vec::new(),
        below: String::new(),
        style: Style::PLAIN,
    })
}

/// The relative paths below `dir`, ordered, directories left out.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name() {
                Some(name) if name == "__pycache__" => {}
                _ if path.is_dir() => open.push(path),
                _ => found.push(path.strip_prefix(dir).unwrap().to_path_buf()),
            }
        }
    }
    found.sort();
    found
}

pub fn python_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = files_below(dir);
    found.retain(|path| path.extension().is_some_and(|e| e == "py"));
    found
}

/// A project of its own with the files of a fixture.
pub fn copy(name: &str) -> TempDir {
    let from = fixture(name);
    let dir = empty();
    for path in files_below(&from) {
        write(dir.path(), &path, fs::read(from.join(&path)).unwrap());
    }
    dir
}

/// A directory that nothing above belongs to.
pub fn empty() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    dir
}

pub fn write(dir: &Path, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
