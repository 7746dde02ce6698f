//! Diagnostics of open documents for clients that do not ask for them, and the call to ask again for those that do.

use std::path::{Path, PathBuf};

use gen_lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};
use serde_json::{Value, json};

use super::client::Question;
use super::findings::result_id;
use super::server::Server;
use super::snapshot::Page;

/// What can be said of a file now.
pub(super) enum Known<'s> {
    /// Its findings, none if it is no file of a project.
    Page(Option<Page<'s>>),
    /// It is being looked at.
    Pending,
}

impl Server {
    /// What is known of a file as the editor shows it.
    pub(super) fn known(&self, path: &Path) -> Known<'_> {
        if !super::files::is_code(path) || !self.configured.of(path).enable {
            return Known::Page(None);
        }
        let Some((_, project)) = self.projects.of(path) else {
            return if self.ready {
                Known::Page(None)
            } else {
                Known::Pending
            };
        };
        let fresh = match self.documents.get(path) {
            Some(document) if document.lost => return Known::Page(None),
            Some(document) => {
                // What was typed or saved last may not count yet.
                // Early findings are for those who learn when there are more.
                let early = !self.client.pulls || self.client.refreshes_diagnostics;
                let snapshot = &project.snapshot;
                let stamp = if early {
                    snapshot.stamp(path)
                } else {
                    snapshot.settled_stamp(path)
                };
                !self.typed.contains(path) && stamp == Some(document.counted.1)
            }
            None => !project.is_pending(),
        };
        if !fresh {
            return Known::Pending;
        }
        Known::Page(project.snapshot.page(path))
    }

    /// The diagnostics of a file; none while they are not known.
    pub(super) fn diagnostics(&self, path: &Path) -> Option<Vec<Diagnostic>> {
        match self.known(path) {
            Known::Page(page) => Some(page.map_or_else(Vec::new, |page| self.teller().all(&page))),
            Known::Pending => None,
        }
    }

    /// Findings may be others than those that the client knows.
    pub(super) fn findings_changed(&mut self) {
        if self.client.pulls {
            self.refresh();
        } else {
            self.push();
        }
    }

    fn push(&mut self) {
        let open: Vec<(PathBuf, Uri, i32)> = self
            .documents
            .iter()
            .map(|(path, document)| (path.clone(), document.uri.clone(), document.version))
            .collect();
        for (path, uri, version) in open {
            let Some(diagnostics) = self.diagnostics(&path) else {
                continue;
            };
            let told = (version, result_id(&diagnostics));
            let nothing =
                diagnostics.is_empty() && !self.told.contains_key(&path) && !super::files::is_code(&path);
            if nothing || self.told.get(&path) == Some(&told) {
                continue;
            }
            self.publish(&uri, Some(version), &diagnostics);
            self.told.insert(path, told);
        }
    }

    pub(super) fn publish(&self, uri: &Uri, version: Option<i32>, diagnostics: &[Diagnostic]) {
        let params = PublishDiagnosticsParams {
            uri: uri.clone(),
            version: version.filter(|_| self.client.versions),
            diagnostics: diagnostics.to_vec(),
        };
        self.notify("textDocument/publishDiagnostics", json!(params));
    }

    /// Asks the client to ask again, if anything that it was told is not so any more.
    fn refresh(&mut self) {
        if !self.client.refreshes_diagnostics {
            return;
        }
        let stale = |(path, (_, result)): (&PathBuf, &(i32, String))| {
            let now = self.diagnostics(path);
            now.is_some_and(|now| result_id(&now) != *result)
        };
        if self.told.iter().any(stale) {
            // They are asked for again, all of them.
            self.told.clear();
            let method = "workspace/diagnostic/refresh";
            self.ask(method, Value::Null, Question::Other(method));
        }
    }
}
