//! Diagnostics for clients that ask for them: of one document, or of everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gen_lsp_types::{PreviousResultId, WorkspaceDiagnosticParams};
use lsp_server::{ErrorCode, RequestId};
use serde_json::{Value, json};

use super::findings::result_id;
use super::projects::Standing;
use super::push::Known;
use super::server::{Answer, Refused, Server, path_in, read, within};
use super::uri;
use super::waiting::Want;

impl Server {
    pub(super) fn pull(&mut self, id: &RequestId, params: &Value) -> Answer {
        self.answer_or_wait(id, Want::Diagnostics(params.clone()))
    }

    pub(super) fn try_pull(&mut self, params: &Value, late: bool) -> Option<Answer> {
        let Some(path) = path_in(params) else {
            return Some(Ok(Some(json!({"kind": "full", "items": []}))));
        };
        let Some(diagnostics) = self.diagnostics(&path) else {
            return late.then(|| Err(again()));
        };
        let result = result_id(&diagnostics);
        let version = self.documents.get(&path).map_or(0, |document| document.version);
        self.told.insert(path, (version, result.clone()));
        if params.get("previousResultId").and_then(Value::as_str) == Some(&result) {
            return Some(Ok(Some(json!({"kind": "unchanged", "resultId": result}))));
        }
        let report = json!({"kind": "full", "resultId": result, "items": diagnostics});
        Some(Ok(Some(report)))
    }

    pub(super) fn pull_all(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: WorkspaceDiagnosticParams = read(params)?;
        self.answer_or_wait(id, Want::AllDiagnostics(params.previous_result_ids))
    }

    /// A client that knows everything already hears when something is new: it would only ask again.
    pub(super) fn try_pull_all(&mut self, previous: &[PreviousResultId], late: bool) -> Option<Answer> {
        let pending = self
            .projects
            .iter()
            .any(|(_, project)| project.is_pending() && (project.standing == Standing::Opening || !late));
        // What was just typed may not have come to a worker yet.
        let typed = self
            .documents
            .iter()
            .any(|(path, _)| matches!(self.known(path), Known::Pending));
        if pending || typed || !self.ready {
            return late.then(|| Err(again()));
        }
        let known: BTreeMap<PathBuf, &PreviousResultId> = previous
            .iter()
            .filter_map(|previous| Some((uri::path(&previous.uri)?, previous)))
            .collect();
        let mut paths: BTreeSet<&Path> = known.keys().map(PathBuf::as_path).collect();
        for (root, project) in self.projects.iter() {
            let found = project.snapshot.found_in().into_iter();
            let own = found.filter(|path| self.projects.of(path).is_some_and(|(of, _)| of == root));
            paths
                .extend(own.filter(|path| within(path, &self.folders) || self.documents.get(path).is_some()));
        }
        // Who knows of no findings may also be new.
        let mut news = previous.is_empty() && self.told_all != Some(self.moves);
        let mut items = Vec::new();
        for path in paths {
            let Some(diagnostics) = self.diagnostics(path) else {
                continue;
            };
            let previous = known.get(path);
            let result = result_id(&diagnostics);
            let uri = previous.map_or_else(|| self.documents.uri(path), |previous| previous.uri.clone());
            let version = self.documents.get(path).map(|document| document.version);
            let report = if previous.is_some_and(|previous| previous.value == result) {
                json!({"kind": "unchanged", "uri": uri, "version": version, "resultId": result})
            } else {
                news = true;
                json!({"kind": "full", "uri": uri, "version": version, "resultId": result, "items": diagnostics})
            };
            items.push(report);
        }
        news.then(|| {
            self.told_all = Some(self.moves);
            Ok(Some(json!({"items": items})))
        })
    }
}

/// Clients that know this ask once more.
fn again() -> Refused {
    (
        ErrorCode::ServerCancelled,
        "the project is still being read".to_owned(),
    )
}
