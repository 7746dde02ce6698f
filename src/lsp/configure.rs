//! Start, settings and folders: what the client says about itself, and which projects follow from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gen_lsp_types as lsp;
use serde_json::{Value, json};

use super::client::{Client, Question, folders};
use super::projects::{Project, Standing};
use super::server::{Server, within};
use super::settings::{Level, Settings};
use super::worker::{Recipe, Worker};
use super::{commands, files, uri};

/// How long the client may take to tell its settings.
const SETTINGS_WAIT: Duration = Duration::from_secs(3);
/// The section of the client's settings.
const SECTION: &str = "djperf";

/// Settings for everything, and for folders of their own.
#[derive(Debug, Default)]
pub(super) struct Configured {
    pub all: Settings,
    of: BTreeMap<PathBuf, Settings>,
}

/// Directories take files with them.
fn any_file() -> lsp::FileOperationRegistrationOptions {
    let pattern = lsp::FileOperationPattern {
        glob: "**/*".to_owned(),
        ..Default::default()
    };
    let scheme = Some("file".to_owned());
    lsp::FileOperationRegistrationOptions {
        filters: vec![lsp::FileOperationFilter { scheme, pattern }],
    }
}

impl Configured {
    /// The settings for a path.
    pub fn of(&self, path: &Path) -> &Settings {
        let around = self.of.iter().filter(|(folder, _)| path.starts_with(folder));
        let nearest = around.max_by_key(|(folder, _)| folder.components().count());
        nearest.map_or(&self.all, |(_, settings)| settings)
    }
}

impl Server {
    pub(super) fn initialize(&mut self, params: &Value) -> Value {
        self.client = Client::read(params);
        self.folders = folders(params);
        if let Some(options) = params.get("initializationOptions") {
            let (settings, wrong) = Settings::read(options);
            self.configured.all = settings;
            self.tell_wrong(&wrong);
        }
        super::watch::process(params.get("processId"), &self.events);
        let result = lsp::InitializeResult {
            capabilities: self.capabilities(),
            server_info: Some(lsp::ServerInfo {
                name: "djperf".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        };
        json!(result)
    }

    fn capabilities(&self) -> lsp::ServerCapabilities {
        let kinds =
            ["quickfix", "source.fixAll.djperf"].map(|kind| lsp::CodeActionKind::from(kind.to_owned()));
        lsp::ServerCapabilities {
            position_encoding: Some(self.client.encoding.kind()),
            text_document_sync: Some(
                lsp::TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(lsp::TextDocumentSyncKind::Incremental),
                    save: Some(
                        lsp::SaveOptions {
                            include_text: Some(false),
                        }
                        .into(),
                    ),
                    ..Default::default()
                }
                .into(),
            ),
            diagnostic_provider: self.client.pulls.then(|| {
                lsp::DiagnosticOptions {
                    identifier: Some("djperf".to_owned()),
                    inter_file_dependencies: true,
                    workspace_diagnostics: true,
                    ..Default::default()
                }
                .into()
            }),
            code_action_provider: Some(
                lsp::CodeActionOptions {
                    code_action_kinds: Some(kinds.to_vec()),
                    resolve_provider: Some(true),
                    ..Default::default()
                }
                .into(),
            ),
            hover_provider: Some(true.into()),
            definition_provider: Some(true.into()),
            code_lens_provider: Some(gen_lsp_types::CodeLensOptions::default()),
            inlay_hint_provider: Some(true.into()),
            execute_command_provider: Some(lsp::ExecuteCommandOptions {
                commands: commands::NAMES.map(str::to_owned).to_vec(),
                ..Default::default()
            }),
            workspace: Some(lsp::WorkspaceOptions {
                workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                    supported: Some(true),
                    change_notifications: Some(true.into()),
                }),
                file_operations: Some(lsp::FileOperationOptions {
                    did_create: Some(any_file()),
                    did_rename: Some(any_file()),
                    did_delete: Some(any_file()),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    pub(super) fn initialized(&mut self) {
        let mut registrations = Vec::new();
        if self.client.registers_watchers {
            let watchers = files::globs().map(|glob| json!({"globPattern": glob}));
            registrations.push(json!({
                "id": "djperf-files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": {"watchers": watchers},
            }));
        }
        if self.client.registers_configuration {
            registrations.push(json!({
                "id": "djperf-settings",
                "method": "workspace/didChangeConfiguration",
                "registerOptions": {"section": SECTION},
            }));
        }
        if !registrations.is_empty() {
            let method = "client/registerCapability";
            self.ask(
                method,
                json!({"registrations": registrations}),
                Question::Other("client/registerCapability"),
            );
        }
        let folders: Vec<String> = self.folders.iter().map(|f| f.display().to_string()).collect();
        self.log(
            Level::Info,
            &format!(
                "djperf {} for {}, folders: {}",
                env!("CARGO_PKG_VERSION"),
                self.client.name,
                folders.join(", ")
            ),
        );
        if self.client.configuration {
            self.ask_settings();
            self.ready_by = Some(Instant::now() + SETTINGS_WAIT);
        } else {
            self.get_ready();
        }
    }

    fn ask_settings(&mut self) {
        let mut items = vec![json!({"section": SECTION})];
        let folders = self.folders.clone();
        items.extend(
            folders
                .iter()
                .map(|folder| json!({"scopeUri": uri::of(folder), "section": SECTION})),
        );
        self.ask(
            "workspace/configuration",
            json!({"items": items}),
            Question::Settings(folders),
        );
    }

    /// The client told its settings.
    pub(super) fn settings_came(&mut self, folders: &[PathBuf], result: Result<Value, String>) {
        match result {
            Ok(Value::Array(values)) => {
                let mut values = values.into_iter();
                let first = values.next().filter(|value| !value.is_null());
                if let Some(value) = first {
                    self.take_settings(&value);
                }
                self.configured.of.clear();
                for (folder, value) in folders.iter().zip(values).filter(|(_, value)| !value.is_null()) {
                    let (settings, wrong) = Settings::read(&value);
                    self.tell_wrong(&wrong);
                    self.configured.of.insert(folder.clone(), settings);
                }
            }
            Ok(_) => {}
            Err(error) => self.log(
                Level::Warning,
                &format!("the client does not tell its settings: {error}"),
            ),
        }
        if self.ready {
            self.reconfigure();
        } else {
            self.get_ready();
        }
    }

    fn take_settings(&mut self, value: &Value) {
        let (settings, wrong) = Settings::read(value);
        self.configured.all = settings;
        self.tell_wrong(&wrong);
    }

    fn tell_wrong(&self, wrong: &[String]) {
        wrong.iter().for_each(|text| self.log(Level::Warning, text));
    }

    pub(super) fn did_change_configuration(&mut self, params: &Value) {
        let settings = params.get("settings").filter(|value| !value.is_null());
        match settings {
            // Clients that send everything they have, whosever it is.
            Some(Value::Object(all))
                if !all.is_empty() && (all.contains_key(SECTION) || !self.client.configuration) =>
            {
                let value = all.get(SECTION).unwrap_or(&params["settings"]);
                self.take_settings(value);
                self.reconfigure();
            }
            _ if self.client.configuration => self.ask_settings(),
            _ => {}
        }
    }

    /// Settings are known: reads the projects that are there.
    pub(super) fn get_ready(&mut self) {
        self.ready = true;
        self.ready_by = None;
        self.find_projects();
    }

    /// Starts what is missing: the projects of all folders, and those of open documents.
    pub(super) fn find_projects(&mut self) {
        for folder in self.folders.clone() {
            if self.configured.of(&folder).enable {
                for root in files::roots_in(&folder) {
                    self.start(root);
                }
            }
        }
        let open: Vec<PathBuf> = self.documents.iter().map(|(path, _)| path.clone()).collect();
        for path in open {
            self.start_around(&path);
        }
    }

    /// Starts the project around an open document.
    pub(super) fn start_around(&mut self, path: &Path) {
        if !self.ready || !files::is_code(path) || !self.configured.of(path).enable {
            return;
        }
        let text = self.documents.get(path).map_or("", |document| document.text());
        if let Some(root) = files::root_of(path, &self.folders, text) {
            self.start(root);
        }
    }

    fn start(&mut self, root: PathBuf) {
        if self.projects.has(&root) {
            return;
        }
        let recipe = self.recipe(&root);
        self.workers += 1;
        match Worker::start(root.clone(), self.workers, recipe.clone(), self.events.clone()) {
            Ok(worker) => {
                self.log(Level::Debug, &format!("project: {}", root.display()));
                self.projects.insert(root, Project::new(recipe, worker));
            }
            Err(error) => self.log(Level::Error, &format!("no thread can be started: {error}")),
        }
    }

    /// How a project is read: what is reported is what lies in the open folders, where they are parts of it.
    fn recipe(&self, root: &Path) -> Recipe {
        let around = self.folders.iter().find(|folder| root.starts_with(folder));
        let inside: Vec<PathBuf> = self
            .folders
            .iter()
            .filter(|folder| folder.starts_with(root))
            .cloned()
            .collect();
        let (cwd, paths, folder) = match (around, &inside[..]) {
            (None, [one]) => (one.clone(), inside.clone(), one.clone()),
            (None, [first, ..]) => (root.to_path_buf(), inside.clone(), first.clone()),
            (Some(folder), _) => (root.to_path_buf(), vec![root.to_path_buf()], folder.clone()),
            (None, []) => (root.to_path_buf(), vec![root.to_path_buf()], root.to_path_buf()),
        };
        Recipe {
            settings: self.configured.of(&folder).clone(),
            cwd,
            paths,
            folder,
            cache: self.options.cache.clone(),
        }
    }

    /// Settings or folders are others.
    fn reconfigure(&mut self) {
        let roots: Vec<PathBuf> = self.projects.iter().map(|(root, _)| root.clone()).collect();
        for root in &roots {
            let recipe = self.recipe(root);
            if let Some(project) = self.projects.get_mut(root)
                && project.recipe != recipe
            {
                project.changed_settings(recipe);
            }
        }
        let off: Vec<&PathBuf> = roots
            .iter()
            .filter(|root| !self.recipe(root).settings.enable)
            .collect();
        self.projects
            .retain(|root| !off.iter().any(|gone| gone.as_path() == root));
        // What was typed under `onSave` may count now.
        let open: Vec<PathBuf> = self.documents.iter().map(|(path, _)| path.clone()).collect();
        for path in open {
            if self.counts_typed(&path) {
                self.note_typed(path);
            }
        }
        self.find_projects();
        self.findings_changed();
    }

    pub(super) fn did_change_folders(&mut self, params: &Value) {
        let listed = |key: &str| {
            let items = params.pointer(&format!("/event/{key}")).and_then(Value::as_array);
            let items = items.map_or(&[][..], Vec::as_slice).iter();
            items
                .filter_map(|folder| uri::path(&folder.get("uri")?.as_str()?.into()))
                .collect::<Vec<PathBuf>>()
        };
        let removed = listed("removed");
        self.folders.retain(|folder| !removed.contains(folder));
        for folder in listed("added") {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
        self.forget_projects();
        if self.client.configuration {
            self.ask_settings();
        } else {
            self.reconfigure();
        }
    }

    /// Lets go of projects that nobody looks at any more.
    pub(super) fn forget_projects(&mut self) {
        let (folders, documents) = (&self.folders, &self.documents);
        self.projects.retain(|root| {
            let open = || documents.iter().any(|(path, _)| path.starts_with(root));
            within(root, folders) || folders.iter().any(|folder| folder.starts_with(root)) || open()
        });
    }

    /// The first reading of a project begins or ends.
    pub(super) fn show_progress(&mut self, root: &Path, begin: bool) {
        let Some(project) = self.projects.get_mut(root) else {
            return;
        };
        if begin {
            if !self.client.progress || project.progress.is_some() {
                return;
            }
            let method = "window/workDoneProgress/create";
            // The number of the request is the token as well: nothing else has it.
            let token = self.asked.put(Question::Other(method));
            project.progress = Some(token);
            let name = root
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            self.send(lsp_server::Message::Request(lsp_server::Request {
                id: token.into(),
                method: method.to_owned(),
                params: json!({"token": token}),
            }));
            let value = json!({"kind": "begin", "title": "djperf", "message": format!("reading {name}"), "cancellable": false});
            self.notify("$/progress", json!({"token": token, "value": value}));
        } else if let Some(token) = project.progress.take() {
            let ready = match &project.standing {
                Standing::Nothing(_) => "no Django project",
                _ => "ready",
            };
            let value = json!({"kind": "end", "message": ready});
            self.notify("$/progress", json!({"token": token, "value": value}));
        }
    }
}
