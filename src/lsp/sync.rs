//! Documents that are opened, edited, saved and closed.

use std::path::Path;

use serde_json::Value;

use super::server::{Server, path_in, uri_in};
use super::settings::{Level, Run};

impl Server {
    pub(super) fn did_open(&mut self, params: &Value) {
        let text = params.pointer("/textDocument/text").and_then(Value::as_str);
        let (Some(path), Some(uri), Some(text)) = (path_in(params), uri_in(params), text) else {
            return;
        };
        let version = version_in(params).unwrap_or(0);
        self.documents.open(path.clone(), uri, version, text.to_owned());
        self.told.remove(&path);
        self.start_around(&path);
        self.projects
            .around_mut(&path)
            .for_each(|project| project.edited(&path));
    }

    pub(super) fn did_change(&mut self, params: &Value) {
        let Some(path) = path_in(params) else { return };
        let edits = params.get("contentChanges").and_then(Value::as_array);
        let edits = edits.map_or(&[][..], Vec::as_slice);
        let encoding = self.encoding();
        match self.documents.change(&path, version_in(params), edits, encoding) {
            None => self.log(Level::Debug, "a document was edited that is not open"),
            Some(false) => self.log(
                Level::Error,
                "an edit is not understood: the document is left alone until it is sent as a whole",
            ),
            Some(true) if self.counts_typed(&path) => self.note_typed(path),
            Some(true) => {}
        }
    }

    /// Whether what is typed into a document counts before it is saved.
    pub(super) fn counts_typed(&self, path: &Path) -> bool {
        self.configured.of(path).run == Run::OnType
    }

    pub(super) fn did_save(&mut self, params: &Value) {
        let Some(path) = path_in(params) else { return };
        if self.documents.get(&path).is_some() {
            self.note_typed(path.clone());
        }
        // Clients that watch files tell by themselves.
        if !self.client.registers_watchers {
            self.changed_on_disk(&[path]);
        }
    }

    pub(super) fn did_close(&mut self, params: &Value) {
        let Some(path) = path_in(params) else { return };
        let Some(uri) = self.documents.get(&path).map(|document| document.uri.clone()) else {
            return;
        };
        self.documents.close(&path);
        self.typed.remove(&path);
        self.told.remove(&path);
        self.projects
            .around_mut(&path)
            .for_each(|project| project.edited(&path));
        self.forget_projects();
        if !self.client.pulls {
            self.publish(&uri, None, &[]);
        }
    }
}

fn version_in(params: &Value) -> Option<i32> {
    let version = params.pointer("/textDocument/version")?.as_i64()?;
    i32::try_from(version).ok()
}
