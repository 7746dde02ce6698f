//! What changes outside of the editor: files on disk, and the process that started the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::Sender;
use serde_json::Value;

use super::server::Server;
use super::{Event, files, uri};

/// How often the client's process is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Tells when the process of the client is gone, even if something else holds its pipes.
pub(super) fn process(id: Option<&Value>, events: &Sender<Event>) {
    let id = id.and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    let Some(id) = id.filter(|id| *id > 0) else { return };
    let events = events.clone();
    // Without such a thread the end of the input has to do.
    let _ = std::thread::Builder::new().spawn(move || {
        while runs(id) {
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = events.send(Event::Gone);
    });
}

#[cfg(unix)]
fn runs(id: i32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = Pid::from_raw(id) else { return true };
    !matches!(test_kill_process(pid), Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn runs(_: i32) -> bool {
    true
}

impl Server {
    pub(super) fn did_change_watched_files(&mut self, params: &Value) {
        let changes = params.get("changes").and_then(Value::as_array);
        let changes = changes.map_or(&[][..], Vec::as_slice).iter();
        let paths: Vec<PathBuf> = changes
            .filter_map(|change| uri::path(&change.get("uri")?.as_str()?.into()))
            .collect();
        self.changed_on_disk(&paths);
    }

    /// Files were created, renamed or deleted in the editor.
    pub(super) fn did_move_files(&mut self, params: &Value) {
        let moved = params.get("files").and_then(Value::as_array);
        let moved = moved.map_or(&[][..], Vec::as_slice).iter();
        let paths: Vec<PathBuf> = moved
            .flat_map(|file| ["uri", "oldUri", "newUri"].map(|key| file.get(key)))
            .flatten()
            .filter_map(|value| uri::path(&value.as_str()?.into()))
            .collect();
        self.changed_on_disk(&paths);
    }

    pub(super) fn changed_on_disk(&mut self, paths: &[PathBuf]) {
        for path in paths {
            // Directories that come or go have no ending; what is inside may matter.
            if !files::matters(path) && path.extension().is_some() {
                continue;
            }
            let settings = files::is_settings(path);
            for project in self.projects.around_mut(path) {
                let hope = settings || (project.is_nothing() && mentions_django(path));
                project.changed_on_disk(hope);
                if settings {
                    let recipe = project.recipe.clone();
                    project.changed_settings(recipe);
                }
            }
        }
    }
}

/// Whether a file can make a Django project of what was none.
fn mentions_django(path: &Path) -> bool {
    let python = path.extension().is_some_and(|ending| ending == "py");
    python && files::text(path).is_some_and(|text| text.contains("django"))
}
