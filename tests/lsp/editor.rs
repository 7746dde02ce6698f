//! A small editor: starts the server, sends messages, waits for answers, and applies edits as editors do.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Far more than anything takes, on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Editor {
    pub child: Child,
    pub input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// What came and was not waited for yet.
    heard: VecDeque<Value>,
    next: i64,
    /// What `workspace/configuration` is answered with; nothing leaves it unanswered.
    pub settings: Option<Value>,
    /// The answer to `initialize`.
    pub server: Value,
}

/// What a client can do, with the given things on top.
pub fn capabilities(more: Value) -> Value {
    let mut all = json!({
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true, "dataSupport": true},
            "codeAction": {"isPreferredSupport": true, "dataSupport": true},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
        },
        "workspace": {
            "applyEdit": true,
            "workspaceEdit": {"documentChanges": true, "resourceOperations": ["create"]},
        },
    });
    merge(&mut all, more);
    all
}

/// Those of clients that ask for diagnostics.
pub fn pulling() -> Value {
    json!({"textDocument": {"diagnostic": {"relatedInformation": true}}})
}

/// Those of clients that ask for diagnostics, and again when they are told to.
pub fn refreshing() -> Value {
    let mut all = pulling();
    all["workspace"]["diagnostics"]["refreshSupport"] = true.into();
    all
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A server without a word said yet.
pub fn start() -> Editor {
    let mut child = Command::new(env!("CARGO_BIN_EXE_djperf"))
        .args(["server", "--no-cache"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (sender, messages) = channel();
    std::thread::spawn(move || {
        while let Some(message) = read(&mut output) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    Editor {
        input: child.stdin.take(),
        child,
        messages,
        heard: VecDeque::new(),
        next: 0,
        settings: Some(Value::Null),
        server: Value::Null,
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some((_, number)) => length = number.parse().unwrap(),
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// An editor that has opened a folder.
pub fn open(folder: &Path, more: Value) -> Editor {
    open_with(json!({
        "processId": std::process::id(),
        "workspaceFolders": [{"uri": uri(folder), "name": "it"}],
        "capabilities": capabilities(more),
    }))
}

pub fn open_with(params: Value) -> Editor {
    let mut editor = start();
    editor.server = editor.ask("initialize", params);
    editor.tell("initialized", json!({}));
    editor
}

impl Editor {
    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and does not wait; its number.
    pub fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Whether the answer to a request has come before that to the last one that was waited for.
    pub fn has_answer(&self, id: i64) -> bool {
        let mut heard = self.heard.iter();
        heard.any(|message| message.get("id") == Some(&json!(id)) && message.get("method").is_none())
    }

    /// The answer to a request, whole.
    #[track_caller]
    pub fn end(&mut self, id: i64) -> Value {
        self.wait("an answer", |message| {
            message.get("id") == Some(&json!(id)) && message.get("method").is_none()
        })
    }

    /// The result of a request.
    #[track_caller]
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        let answer = self.end(id);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code of the error that a request ends in.
    #[track_caller]
    pub fn ask_in_vain(&mut self, method: &str, params: Value) -> i64 {
        let id = self.begin(method, params);
        let answer = self.end(id);
        answer["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    /// The next message that is meant, also among those that came before.
    #[track_caller]
    pub fn wait(&mut self, what: &str, meant: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&meant) {
            return self.heard.remove(at).unwrap();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(message) => {
                    self.reply(&message);
                    if meant(&message) {
                        return message;
                    }
                    self.heard.push_back(message);
                }
                Err(RecvTimeoutError::Timeout) => panic!("waited for {what} in vain: {:#?}", self.heard),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the server has ended before {what}: {:#?}", self.heard)
                }
            }
        }
    }

    #[track_caller]
    pub fn wait_for(&mut self, method: &str) -> Value {
        self.wait(method, |message| message["method"] == method)["params"].clone()
    }

    /// Everything that came so far with a method, forgotten then.
    pub fn came(&mut self, method: &str) -> Vec<Value> {
        while let Ok(message) = self.messages.try_recv() {
            self.reply(&message);
            self.heard.push_back(message);
        }
        let (meant, others) = self
            .heard
            .drain(..)
            .partition(|message| message["method"] == method);
        self.heard = others;
        meant.into()
    }

    fn reply(&mut self, message: &Value) {
        let (Some(id), Some(method)) = (message.get("id"), message.get("method")) else {
            return;
        };
        let result = match method.as_str().unwrap() {
            "workspace/configuration" => {
                let Some(settings) = self.settings.clone() else {
                    return;
                };
                let items = message["params"]["items"].as_array().unwrap().len();
                vec![settings; items].into()
            }
            "workspace/applyEdit" => json!({"applied": true}),
            _ => Value::Null,
        };
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
        self.send(&answer);
    }

    pub fn opens(&mut self, path: &Path, version: i64, text: &str) {
        let language = if path.extension().unwrap() == "py" {
            "python"
        } else {
            "django-html"
        };
        let document = json!({"uri": uri(path), "languageId": language, "version": version, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    pub fn opens_file(&mut self, path: &Path) -> String {
        let text = fs::read_to_string(path).unwrap();
        self.opens(path, 1, &text);
        text
    }

    pub fn types(&mut self, path: &Path, version: i64, text: &str) {
        self.changes(path, version, json!([{"text": text}]));
    }

    pub fn changes(&mut self, path: &Path, version: i64, edits: Value) {
        let document = json!({"uri": uri(path), "version": version});
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": edits}),
        );
    }

    pub fn saves(&mut self, path: &Path) {
        self.tell("textDocument/didSave", document(path));
    }

    pub fn closes(&mut self, path: &Path) {
        self.tell("textDocument/didClose", document(path));
    }

    /// The next diagnostics that are pushed for a version of a file.
    #[track_caller]
    pub fn pushed(&mut self, path: &Path, version: i64) -> Vec<Value> {
        let uri = uri(path);
        let message = self.wait(&format!("diagnostics of version {version}"), |message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
                && message["params"]["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// The diagnostics of a file, asked for.
    #[track_caller]
    pub fn pulled(&mut self, path: &Path) -> Vec<Value> {
        let report = self.ask("textDocument/diagnostic", document(path));
        assert_eq!(report["kind"], "full", "{report}");
        report["items"].as_array().unwrap().clone()
    }

    /// The actions for a range.
    #[track_caller]
    pub fn actions(&mut self, path: &Path, range: &Value, only: Option<&str>) -> Vec<Value> {
        let mut params = document(path);
        params["range"] = range.clone();
        params["context"] = json!({"diagnostics": []});
        if let Some(only) = only {
            params["context"]["only"] = json!([only]);
        }
        self.ask("textDocument/codeAction", params)
            .as_array()
            .unwrap()
            .clone()
    }

    #[track_caller]
    pub fn hovers(&mut self, path: &Path, position: &Value) -> Value {
        let mut params = document(path);
        params["position"] = position.clone();
        self.ask("textDocument/hover", params)
    }

    /// Ends it as editors do; the exit code.
    pub fn quits(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.ended()
    }

    /// The exit code, once it has ended.
    pub fn ended(mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            // Nothing tells that a process ends, but for waiting without an end.
            std::thread::yield_now();
        }
        self.child.kill().unwrap();
        panic!("the server does not end");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn document(path: &Path) -> Value {
    json!({"textDocument": {"uri": uri(path)}})
}

/// The codes of diagnostics.
pub fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|d| d["code"].as_str().unwrap()).collect()
}

/// The range of a part of a text, in UTF-16.
#[track_caller]
pub fn range_of(text: &str, part: &str) -> Value {
    let at = text.find(part).unwrap_or_else(|| panic!("no {part:?}"));
    json!({"start": position(text, at), "end": position(text, at + part.len())})
}

pub fn position(text: &str, at: usize) -> Value {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    json!({
        "line": text[..at].matches('\n').count(),
        "character": text[start..at].encode_utf16().count(),
    })
}

fn offset(text: &str, position: &Value) -> usize {
    let line = position["line"].as_u64().unwrap() as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut left = position["character"].as_u64().unwrap() as usize;
    let mut at = start;
    for c in text[start..].chars() {
        if left == 0 {
            break;
        }
        left -= c.len_utf16();
        at += c.len_utf8();
    }
    at
}

/// A text after the edits of the protocol.
pub fn edited(text: &str, edits: &Value) -> String {
    let mut all: Vec<(usize, usize, &str)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (
                offset(text, &range["start"]),
                offset(text, &range["end"]),
                edit["newText"].as_str().unwrap(),
            )
        })
        .collect();
    all.sort();
    let mut out = text.to_owned();
    for (start, end, new) in all.into_iter().rev() {
        out.replace_range(start..end, new);
    }
    out
}

/// The edits of one document in a workspace edit, with the version that they are for.
#[track_caller]
pub fn edits_of(edit: &Value, path: &Path) -> (Value, Value) {
    let uri = uri(path);
    let changes = edit["documentChanges"].as_array().unwrap();
    let of_file = |change: &&Value| change["textDocument"]["uri"] == uri.as_str();
    let change = changes
        .iter()
        .find(of_file)
        .unwrap_or_else(|| panic!("no edit of {uri}: {edit}"));
    (change["edits"].clone(), change["textDocument"]["version"].clone())
}

#[track_caller]
pub fn titled<'v>(actions: &'v [Value], part: &str) -> &'v Value {
    let has = |action: &&Value| action["title"].as_str().unwrap().contains(part);
    actions
        .iter()
        .find(has)
        .unwrap_or_else(|| panic!("no {part:?} in {actions:#?}"))
}

pub const MODELS: &str = "from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE)
";

/// One query a row, and a fix for it; and one that is safe.
pub const VIEWS: &str = "from django.shortcuts import render

from shop.models import Book


def names(request):
    return [book.author.name for book in Book.objects.all()]


def ids(request):
    return [book.author.id for book in Book.objects.filter(title=\"𝄞\")]


def page(request):
    return render(request, \"shop/page.html\", {\"books\": Book.objects.order_by(\"title\")})
";

pub const PAGE: &str = "{% for book in books %}{{ book.author.name }}{% endfor %}\n";

/// A project of three files that matter.
pub struct Shop {
    pub dir: TempDir,
    pub models: PathBuf,
    pub views: PathBuf,
    pub page: PathBuf,
}

pub fn shop() -> Shop {
    let dir = crate::support::empty();
    put_shop(dir.path());
    let at = |name: &str| dir.path().join(name);
    Shop {
        models: at("shop/models.py"),
        views: at("shop/views.py"),
        page: at("shop/templates/shop/page.html"),
        dir,
    }
}

pub fn put_shop(dir: &Path) {
    for (path, text) in [
        (
            "manage.py",
            "import os\n\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"settings\")\n",
        ),
        (
            "settings.py",
            "INSTALLED_APPS = [\"shop\"]\nTEMPLATES = [{\"BACKEND\": \"django.template.backends.django.DjangoTemplates\", \"APP_DIRS\": True}]\nROOT_URLCONF = \"urls\"\n",
        ),
        (
            "urls.py",
            "from django.urls import path\n\nfrom shop import views\n\nurlpatterns = [path(\"names/\", views.names), path(\"page/\", views.page)]\n",
        ),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/views.py", VIEWS),
        ("shop/templates/shop/page.html", PAGE),
    ] {
        crate::support::write(dir, path, text);
    }
}
