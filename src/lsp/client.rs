//! What the client can do, as it says when it starts; and the numbers of what is asked of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::position::Encoding;
use super::uri;

/// Capabilities that matter here. Whatever cannot be read counts as missing.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    pub name: String,
    pub encoding: Encoding,
    /// It asks for diagnostics.
    pub pulls: bool,
    pub refreshes_diagnostics: bool,
    pub refreshes_lenses: bool,
    pub refreshes_hints: bool,
    pub related: bool,
    pub code_description: bool,
    pub data: bool,
    pub versions: bool,
    pub document_changes: bool,
    pub creates_files: bool,
    /// Edits of code actions may come later.
    pub resolves: bool,
    pub preferred: bool,
    pub applies_edits: bool,
    pub markdown: bool,
    pub progress: bool,
    pub configuration: bool,
    pub registers_configuration: bool,
    pub registers_watchers: bool,
}

impl Client {
    /// Of the parameters of `initialize`.
    pub fn read(params: &Value) -> Self {
        let at = |path: &str| params.pointer(&format!("/capabilities/{path}"));
        let has = |path: &str| at(path).is_some_and(|value| value.is_object());
        let is = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let lists = |path: &str, item: &str| {
            let items = at(path).and_then(Value::as_array);
            items.is_some_and(|items| items.iter().any(|it| it.as_str() == Some(item)))
        };
        let texts = |path: &str| {
            let items = at(path).and_then(Value::as_array);
            items
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .filter_map(Value::as_str)
        };
        let pulls = has("textDocument/diagnostic");
        let of_kind = |name: &str| {
            let pulled = pulls && is(&format!("textDocument/diagnostic/{name}"));
            pulled || is(&format!("textDocument/publishDiagnostics/{name}"))
        };
        let name = params.pointer("/clientInfo/name").and_then(Value::as_str);
        Self {
            name: name.unwrap_or("unknown").to_owned(),
            encoding: Encoding::choose(texts("general/positionEncodings")),
            pulls,
            refreshes_lenses: is("workspace/codeLens/refreshSupport"),
            refreshes_hints: is("workspace/inlayHint/refreshSupport"),
            refreshes_diagnostics: is("workspace/diagnostics/refreshSupport"),
            related: of_kind("relatedInformation"),
            code_description: of_kind("codeDescriptionSupport"),
            data: of_kind("dataSupport"),
            versions: is("textDocument/publishDiagnostics/versionSupport"),
            document_changes: is("workspace/workspaceEdit/documentChanges"),
            creates_files: lists("workspace/workspaceEdit/resourceOperations", "create"),
            resolves: lists("textDocument/codeAction/resolveSupport/properties", "edit")
                && is("textDocument/codeAction/dataSupport"),
            preferred: is("textDocument/codeAction/isPreferredSupport"),
            applies_edits: is("workspace/applyEdit"),
            markdown: lists("textDocument/hover/contentFormat", "markdown"),
            progress: is("window/workDoneProgress"),
            configuration: is("workspace/configuration"),
            registers_configuration: is("workspace/didChangeConfiguration/dynamicRegistration"),
            registers_watchers: is("workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}

/// The folders that are open: those of the workspace, else the root of old clients.
pub(super) fn folders(params: &Value) -> Vec<PathBuf> {
    let path = |value: &Value| uri::path(&value.as_str()?.into());
    let listed = params.get("workspaceFolders").and_then(Value::as_array);
    if let Some(listed) = listed.filter(|listed| !listed.is_empty()) {
        return listed
            .iter()
            .filter_map(|folder| path(folder.get("uri")?))
            .collect();
    }
    let root = params.get("rootUri").and_then(path);
    let plain = || {
        let path = PathBuf::from(params.get("rootPath")?.as_str()?);
        path.is_absolute().then_some(path)
    };
    root.or_else(plain).into_iter().collect()
}

/// What was asked of the client, by the number of the request.
#[derive(Debug, Default)]
pub(super) struct Asked {
    next: i32,
    open: BTreeMap<i32, Question>,
}

/// A request whose answer matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// The settings, of all folders and of these.
    Settings(Vec<PathBuf>),
    /// Whether an edit was made.
    Edit,
    /// Nothing but whether it went wrong.
    Other(&'static str),
}

impl Asked {
    pub fn put(&mut self, question: Question) -> i32 {
        self.next += 1;
        self.open.insert(self.next, question);
        self.next
    }

    pub fn take(&mut self, id: i32) -> Option<Question> {
        self.open.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::{Client, Encoding, folders};

    #[test]
    fn strange_capabilities_are_none() {
        for value in [
            json!(null),
            json!([]),
            json!({"capabilities": 1}),
            json!({"capabilities": {"textDocument": []}}),
        ] {
            let client = Client::read(&value);
            assert!(!client.pulls && !client.resolves, "{value}");
            assert_eq!(client.encoding, Encoding::Utf16);
        }
        let client = Client::read(
            &json!({"capabilities": {"textDocument": {"diagnostic": {}}, "general": {"positionEncodings": [1, "utf-8"]}}}),
        );
        assert!(client.pulls && client.encoding == Encoding::Utf8);
    }

    #[cfg(unix)]
    #[test]
    fn folders_come_before_roots() {
        let both = json!({"workspaceFolders": [{"uri": "file:///a", "name": "a"}, {"uri": "x:y"}, {}], "rootUri": "file:///b"});
        assert_eq!(folders(&both), [PathBuf::from("/a")]);
        assert_eq!(
            folders(&json!({"workspaceFolders": null, "rootUri": "file:///b"})),
            [PathBuf::from("/b")]
        );
        assert_eq!(
            folders(&json!({"rootUri": null, "rootPath": "/c"})),
            [PathBuf::from("/c")]
        );
        assert_eq!(folders(&Value::Null), Vec::<PathBuf>::new());
    }
}
