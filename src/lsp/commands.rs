//! Commands that the client may run on the server.

use std::fmt::Write;

use gen_lsp_types::{ExecuteCommandParams, MessageType};
use lsp_server::ErrorCode;
use serde_json::{Value, json};

use super::client::Question;
use super::projects::Standing;
use super::server::{Answer, Server, read};
use super::settings::Level;
use super::{explain, uri};

pub(super) const EXPLAIN: &str = "djperf.explain";
/// An argument behind the code: the answer is shown too. Clients that show it themselves leave it out.
pub(super) const SHOW: &str = "show";
const AUTOFIX: &str = "djperf.applyAutofix";
const DEBUG: &str = "djperf.debugInformation";

/// All of them.
pub(super) const NAMES: [&str; 3] = [AUTOFIX, EXPLAIN, DEBUG];

impl Server {
    pub(super) fn execute(&mut self, params: &Value) -> Answer {
        let params: ExecuteCommandParams = read(params)?;
        let mut arguments = params.arguments.unwrap_or_default().into_iter();
        let (first, second) = (arguments.next(), arguments.next());
        match params.command.as_str() {
            EXPLAIN => {
                let word = first.as_ref().and_then(Value::as_str).unwrap_or_default();
                let rule = explain::rule(word.trim());
                let rule =
                    rule.ok_or_else(|| (ErrorCode::InvalidParams, format!("unknown rule `{word}`")))?;
                if second.as_ref().and_then(Value::as_str) == Some(SHOW) {
                    let message = format!("{} ({}): {}", rule.name, rule.code, explain::summary(rule));
                    self.notify(
                        "window/showMessage",
                        json!({"type": MessageType::Info, "message": message}),
                    );
                }
                Ok(Some(explain::card(rule).into()))
            }
            AUTOFIX => self.apply_autofix(&first.unwrap_or_default()),
            DEBUG => Ok(Some(self.debug_information().into())),
            other => Err((ErrorCode::InvalidParams, format!("unknown command `{other}`"))),
        }
    }

    /// Makes all safe fixes of a document, which is named by its URI or as `{"uri", "version"}`.
    fn apply_autofix(&mut self, argument: &Value) -> Answer {
        let uri = argument.as_str().or_else(|| argument.get("uri")?.as_str());
        let path = uri.and_then(|uri| uri::path(&uri.into()));
        let path = path.ok_or_else(|| {
            (
                ErrorCode::InvalidParams,
                "the URI of a file is missing".to_owned(),
            )
        })?;
        let version = argument.get("version").and_then(Value::as_i64);
        let known = self
            .documents
            .get(&path)
            .map(|document| i64::from(document.version));
        if version.is_some() && version != known {
            return Err((
                ErrorCode::ContentModified,
                "the text has changed since".to_owned(),
            ));
        }
        if !self.client.applies_edits {
            return Err((ErrorCode::RequestFailed, "the client makes no edits".to_owned()));
        }
        match self.fix_all(&path) {
            Some(edit) => {
                let params = json!({"label": "djperf: fix all auto-fixable problems", "edit": edit});
                self.ask("workspace/applyEdit", params, Question::Edit);
            }
            None => self.log(Level::Info, "there is nothing to fix"),
        }
        Ok(Some(Value::Null))
    }

    /// What a report of a bug should have.
    fn debug_information(&self) -> String {
        let positions = json!(self.client.encoding.kind());
        let mut out = format!(
            "djperf {}\nclient: {}\npositions: {}\ndiagnostics: {}\n",
            env!("CARGO_PKG_VERSION"),
            self.client.name,
            positions.as_str().unwrap_or_default(),
            if self.client.pulls { "pulled" } else { "pushed" },
        );
        let _ = writeln!(out, "documents: {}", self.documents.iter().count());
        for folder in &self.folders {
            let _ = writeln!(out, "folder: {}", folder.display());
        }
        for (root, project) in self.projects.iter() {
            let _ = writeln!(out, "project: {}", root.display());
            let state = match &project.standing {
                Standing::Opening => "being read".to_owned(),
                Standing::Nothing(reason) => reason.clone(),
                Standing::Ready if project.is_pending() => "being brought up to date".to_owned(),
                Standing::Ready => "up to date".to_owned(),
            };
            let _ = writeln!(out, "  {state}");
            if let Some(outcome) = project.snapshot.outcome() {
                let (python, templates) = (outcome.python_files, outcome.templates);
                let found = outcome.diagnostics.len() + outcome.elsewhere.len();
                let _ = writeln!(
                    out,
                    "  {python} Python files, {templates} templates, {} models, {found} findings",
                    outcome.models
                );
                for (phase, time) in &outcome.timings {
                    let _ = writeln!(out, "  {phase}: {} ms", time.as_millis());
                }
                for note in &outcome.notes {
                    let _ = writeln!(out, "  {note}");
                }
            }
        }
        let _ = writeln!(out, "settings: {:#?}", self.configured.all);
        out
    }
}
