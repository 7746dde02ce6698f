//! The thread that owns the state of the editor: hears messages in their order, answers, and keeps the workers going.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use gen_lsp_types::{MessageType, Uri};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Asked, Client, Question};
use super::configure::Configured;
use super::documents::Documents;
use super::findings::Teller;
use super::position::Encoding;
use super::projects::Projects;
use super::settings::Level;
use super::waiting::Waiting;
use super::wire::Heard;
use super::worker::guard;
use super::{Ended, Event, Options, uri};

/// While messages keep coming in, workers are told what is new this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// Where in its life the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    /// `shutdown` was answered.
    Down,
}

/// Why a request has no result.
pub(super) type Refused = (ErrorCode, String);

/// A result at once; none if it comes later, or a refusal.
pub(super) type Answer = Result<Option<Value>, Refused>;

pub(super) struct Server {
    out: Sender<Message>,
    pub events: Sender<Event>,
    pub options: Options,
    phase: Phase,
    pub client: Client,
    pub asked: Asked,
    pub documents: Documents,
    pub folders: Vec<PathBuf>,
    pub configured: Configured,
    /// Settings are known, so that projects may be read; until when they are waited for.
    pub ready: bool,
    pub ready_by: Option<Instant>,
    pub projects: Projects,
    /// Workers that were started so far.
    pub workers: u64,
    pub waiting: Vec<Waiting>,
    /// Requests that a worker answers.
    pub asking: BTreeSet<RequestId>,
    /// Documents whose last text does not count yet, and since when there are any.
    pub typed: BTreeSet<PathBuf>,
    typed_since: Option<Instant>,
    /// What was told of each open document: version and name of the result.
    pub told: FxHashMap<PathBuf, (i32, String)>,
    /// What was [heard](Self::moves) when all findings were told, to a client that asks for them.
    pub told_all: Option<u64>,
    /// Rises with everything that can make another answer of one: what workers tell, and what the client does.
    pub moves: u64,
    /// Messages that were shown to the user.
    messages: BTreeSet<String>,
}

impl Server {
    pub fn new(out: Sender<Message>, events: Sender<Event>, options: Options) -> Self {
        Self {
            out,
            events,
            options,
            phase: Phase::New,
            client: Client::default(),
            asked: Asked::default(),
            documents: Documents::default(),
            folders: Vec::new(),
            configured: Configured::default(),
            ready: false,
            ready_by: None,
            projects: Projects::default(),
            workers: 0,
            waiting: Vec::new(),
            asking: BTreeSet::new(),
            typed: BTreeSet::new(),
            typed_since: None,
            told: FxHashMap::default(),
            told_all: None,
            moves: 0,
            messages: BTreeSet::new(),
        }
    }

    /// Serves until the client leaves.
    pub fn run(mut self, heard: &Receiver<Event>) -> Ended {
        loop {
            let event = match self.deadline() {
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => heard.recv_deadline(at),
            };
            let ended = match event {
                Ok(event) => self.event(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Ended::Left),
            };
            if let Some(ended) = ended {
                return ended;
            }
            let overdue = self
                .typed_since
                .is_some_and(|since| since.elapsed() >= TELL_EVERY);
            if heard.is_empty() || overdue {
                self.guarded("keeping up", Self::keep_up);
            }
        }
    }

    fn event(&mut self, event: Event) -> Option<Ended> {
        if !matches!(event, Event::Heard(Heard::Message(Message::Request(_)))) {
            self.moves += 1;
        }
        match event {
            Event::Gone | Event::Heard(Heard::End) => {
                let asked = self.phase == Phase::Down;
                return Some(if asked { Ended::Asked } else { Ended::Left });
            }
            Event::Heard(Heard::Malformed(id, reason)) => self.malformed(id, &reason),
            Event::Heard(Heard::Message(Message::Request(request))) => self.request(request),
            Event::Heard(Heard::Message(Message::Response(response))) => self.response(response),
            Event::Heard(Heard::Message(Message::Notification(notification))) => {
                if notification.method == "exit" {
                    let asked = self.phase == Phase::Down;
                    return Some(if asked { Ended::Asked } else { Ended::Left });
                }
                self.notification(notification);
            }
            Event::Shown(id, shown) => self.shown(id, shown),
            Event::Told(root, number, told) => {
                self.guarded("findings", |server| server.hear(&root, number, told));
            }
        }
        None
    }

    /// What does not have to be done for each message of many.
    fn keep_up(&mut self) {
        if self.ready_by.is_some_and(|by| by <= Instant::now()) {
            self.log(
                Level::Warning,
                "the client does not tell its settings: going on without",
            );
            self.get_ready();
        }
        self.typed_since = None;
        for path in std::mem::take(&mut self.typed) {
            if self.documents.count(&path) {
                self.projects
                    .around_mut(&path)
                    .for_each(|project| project.edited(&path));
            }
        }
        self.projects.tell(&self.documents);
        self.answer_waiting();
    }

    /// When to look up without having heard anything.
    fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until);
        waiting.chain(self.ready_by).min()
    }

    fn malformed(&mut self, id: Option<RequestId>, reason: &str) {
        self.log(Level::Error, &format!("a message is ignored: {reason}"));
        if let Some(id) = id {
            self.refuse(id, (ErrorCode::InvalidRequest, reason.to_owned()));
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match (self.phase, method.as_str()) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Running;
                Ok(Some(self.initialize(&params)))
            }
            (Phase::New, _) => Err((
                ErrorCode::ServerNotInitialized,
                format!("`{method}` comes before `initialize`"),
            )),
            (Phase::Down, _) => Err((
                ErrorCode::InvalidRequest,
                format!("`{method}` comes after `shutdown`"),
            )),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::Down;
                self.shut_down();
                Ok(Some(Value::Null))
            }
            (Phase::Running, _) => {
                let dispatched = guard(|| self.dispatch(&id, &method, params));
                dispatched.unwrap_or_else(|message| {
                    self.log(
                        Level::Error,
                        &format!("internal error in `{method}`: {message}; please report it"),
                    );
                    Err((ErrorCode::InternalError, message))
                })
            }
        };
        match answer {
            Ok(Some(result)) => self.answer(id, result),
            Ok(None) => {}
            Err(refused) => self.refuse(id, refused),
        }
    }

    fn dispatch(&mut self, id: &RequestId, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/diagnostic" => self.pull(id, &params),
            "workspace/diagnostic" => self.pull_all(id, &params),
            "textDocument/codeAction" => self.code_actions(id, &params),
            "codeAction/resolve" => self.resolve(params),
            "textDocument/hover" => self.hover(id, &params),
            "textDocument/definition" => self.definition(id, &params),
            "textDocument/codeLens" => self.lenses(id, &params),
            "textDocument/inlayHint" => self.hints(id, &params),
            "workspace/executeCommand" => self.execute(&params),
            "initialize" => Err((ErrorCode::InvalidRequest, "`initialize` comes once".to_owned())),
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not supported"))),
        }
    }

    fn notification(&mut self, notification: Notification) {
        if self.phase != Phase::Running {
            return;
        }
        let Notification { method, params } = notification;
        self.guarded(&method, |server| match method.as_str() {
            "initialized" => server.initialized(),
            "textDocument/didOpen" => server.did_open(&params),
            "textDocument/didChange" => server.did_change(&params),
            "textDocument/didSave" => server.did_save(&params),
            "textDocument/didClose" => server.did_close(&params),
            "workspace/didChangeConfiguration" => server.did_change_configuration(&params),
            "workspace/didChangeWatchedFiles" => server.did_change_watched_files(&params),
            "workspace/didChangeWorkspaceFolders" => server.did_change_folders(&params),
            "workspace/didCreateFiles" | "workspace/didRenameFiles" | "workspace/didDeleteFiles" => {
                server.did_move_files(&params);
            }
            "$/cancelRequest" => server.cancel(&params),
            _ if method.starts_with("$/") || method == "textDocument/willSave" => {}
            _ => server.log(Level::Debug, &format!("`{method}` is not known")),
        });
    }

    fn response(&mut self, response: Response) {
        let question = response
            .id
            .to_string()
            .parse()
            .ok()
            .and_then(|id| self.asked.take(id));
        let Some(question) = question else { return };
        let result = response.response_result.map_err(|error| error.message);
        self.guarded("an answer", |server| match (question, result) {
            (Question::Settings(folders), result) => server.settings_came(&folders, result),
            (Question::Edit, Ok(value)) => {
                if value.get("applied").and_then(Value::as_bool) == Some(false) {
                    let reason = value.get("failureReason").and_then(Value::as_str);
                    let reason = reason.unwrap_or("no reason was given");
                    server.log(
                        Level::Warning,
                        &format!("the editor did not make the change: {reason}"),
                    );
                }
            }
            (Question::Edit, Err(error)) => {
                server.log(
                    Level::Warning,
                    &format!("the editor did not make the change: {error}"),
                );
            }
            (Question::Other(_), Ok(_)) => {}
            (Question::Other(method), Err(error)) => {
                server.log(Level::Debug, &format!("`{method}` was refused: {error}"));
            }
        });
    }

    fn cancel(&mut self, params: &Value) {
        let id = params.get("id").cloned();
        let Some(id) = id.and_then(|id| serde_json::from_value::<RequestId>(id).ok()) else {
            return;
        };
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != id);
        if self.waiting.len() < before || self.asking.remove(&id) {
            self.refuse(id, (ErrorCode::RequestCanceled, "cancelled".to_owned()));
        }
    }

    fn shut_down(&mut self) {
        let waiting = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|waiting| waiting.id);
        for id in waiting.chain(std::mem::take(&mut self.asking)) {
            self.refuse(
                id,
                (ErrorCode::RequestCanceled, "the server shuts down".to_owned()),
            );
        }
        self.projects.retain(|_| false);
    }

    /// Runs what may have a bug; the server goes on.
    fn guarded(&mut self, what: &str, run: impl FnOnce(&mut Self)) {
        if let Err(message) = guard(|| run(self)) {
            self.log(
                Level::Error,
                &format!("internal error in {what}: {message}; please report it"),
            );
        }
    }

    pub fn teller(&self) -> Teller<'_> {
        Teller {
            client: &self.client,
            documents: &self.documents,
        }
    }

    pub fn encoding(&self) -> Encoding {
        self.client.encoding
    }

    /// Notes that a document has a text that does not count yet.
    pub fn note_typed(&mut self, path: PathBuf) {
        self.typed_since.get_or_insert_with(Instant::now);
        self.typed.insert(path);
    }

    pub fn answer(&self, id: RequestId, result: Value) {
        self.send(Message::Response(Response {
            id,
            response_result: Ok(result),
        }));
    }

    pub fn refuse(&self, id: RequestId, (code, message): Refused) {
        let mut response = Response::new_err(id, code as i32, message);
        if let (ErrorCode::ServerCancelled, Err(error)) = (code, &mut response.response_result) {
            error.data = Some(json!({"retriggerRequest": true}));
        }
        self.send(Message::Response(response));
    }

    pub fn send(&self, message: Message) {
        // Nobody reads any more: the end is on its way.
        let _ = self.out.send(message);
    }

    pub fn notify(&self, method: &str, params: Value) {
        let method = method.to_owned();
        self.send(Message::Notification(Notification { method, params }));
    }

    /// Asks the client something; the number of the request.
    pub fn ask(&mut self, method: &str, params: Value, question: Question) -> i32 {
        let id = self.asked.put(question);
        self.send(Message::Request(Request {
            id: id.into(),
            method: method.to_owned(),
            params,
        }));
        id
    }

    /// Tells the client's log, as far as it wants to know.
    pub fn log(&self, level: Level, message: &str) {
        if level > self.configured.all.log {
            return;
        }
        let kind = match level {
            Level::Off => return,
            Level::Error => MessageType::Error,
            Level::Warning => MessageType::Warning,
            Level::Info => MessageType::Info,
            Level::Debug => MessageType::Log,
        };
        self.notify("window/logMessage", json!({"type": kind, "message": message}));
    }

    /// Shows the user something that has to be put right, once.
    pub fn show(&mut self, message: &str) {
        self.log(Level::Error, message);
        if self.messages.insert(message.to_owned()) {
            let kind = MessageType::Warning;
            self.notify(
                "window/showMessage",
                json!({"type": kind, "message": format!("djperf: {message}")}),
            );
        }
    }
}

/// Parameters of a request, as the protocol has them.
pub(super) fn read<T: DeserializeOwned>(params: &Value) -> Result<T, Refused> {
    T::deserialize(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// The file that the parameters of a message are about; none if it is no file.
pub(super) fn path_in(params: &Value) -> Option<PathBuf> {
    uri_in(params).and_then(|uri| uri::path(&uri))
}

/// The document that the parameters of a message are about.
pub(super) fn uri_in(params: &Value) -> Option<Uri> {
    params.pointer("/textDocument/uri")?.as_str().map(Uri::from)
}

/// Whether a path lies in one of some folders.
pub(super) fn within(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}
