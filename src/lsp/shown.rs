//! What only the held project can tell, asked on its worker.
//!
//! A handler names a file, its stamp and what it wants to know; the answer is made on the worker, from a project that is
//! up to date with that stamp, and leaves through the server.

use std::path::Path;

use lsp_server::{ErrorCode, RequestId};
use serde_json::{Value, json};

use super::Event;
use super::position::{Encoding, Paper};
use super::server::Server;
use super::worker::guard;
use crate::session::Held;
use crate::source::{FileId, Span};

/// A question about one file of a held project, with the editor's text of it; nothing if there is nothing to be said.
/// Places in the project are not those of the editor: see [`Held::inward`].
pub(super) type Look = Box<dyn FnOnce(&Held<'_>, FileId, Paper<'_>) -> Option<Value> + Send>;

impl Server {
    /// Asks the project of a file. False if the worker has not seen its last text, or there is no project.
    pub(super) fn look(&mut self, id: &RequestId, path: &Path, look: Look) -> bool {
        let stamp = self.documents.get(path).map(|document| document.counted.1);
        let Some((_, project)) = self.projects.of(path) else {
            return false;
        };
        if project.snapshot.settled_stamp(path) != stamp {
            return false;
        }
        let (events, path, encoding, of) = (
            self.events.clone(),
            path.to_path_buf(),
            self.encoding(),
            id.clone(),
        );
        project.worker.ask(Box::new(move |held| {
            let shown = guard(|| {
                let (held, stamps) = held?;
                let same = stamps.texts.get(&path).copied() == stamp;
                same.then(|| at(held, &path, encoding, look))?
            });
            // Whoever does not listen any more does not miss it.
            let _ = events.send(Event::Shown(of, shown.map(Option::unwrap_or_default)));
        }));
        self.asking.insert(id.clone());
        true
    }

    /// A worker has answered a request.
    pub(super) fn shown(&mut self, id: RequestId, shown: Result<Value, String>) {
        if !self.asking.remove(&id) {
            return;
        }
        match shown {
            Ok(value) => self.answer(id, value),
            Err(message) => self.refuse(id, (ErrorCode::InternalError, message)),
        }
    }
}

fn at(held: &Held<'_>, path: &Path, encoding: Encoding, look: Look) -> Option<Value> {
    let files = &held.outcome.files;
    let file = FileId(files.iter().position(|info| info.absolute == path)? as u32);
    let source = held.outcome.sources.get(file);
    let paper = Paper {
        text: &source.text,
        lines: source.lines(),
        encoding,
    };
    look(held, file, paper)
}

/// What is shown under the pointer where nothing was found: the URL patterns that lead to a view, on its name.
pub(super) fn hover(offset: u32, markdown: bool) -> Look {
    Box::new(move |held, file, paper| {
        let facts = &held.project.file(file).facts;
        let functions = facts.functions.iter().skip(1).map(|f| (f.name_span, f.span));
        let names = functions.chain(facts.classes.iter().map(|c| (c.name_span, c.span)));
        let offset = held.inward(file, offset);
        let at = Span::new(offset, offset);
        let (name, whole) = names.into_iter().find(|(name, _)| name.contains(at))?;
        let endpoints = held.project.endpoints_at(crate::source::Site::new(file, whole));
        let mut patterns: Vec<String> = endpoints
            .iter()
            .map(|e| super::explain::code(e.pattern.as_str()))
            .collect();
        patterns.sort();
        patterns.dedup();
        let kind = if markdown { "markdown" } else { "plaintext" };
        (!patterns.is_empty()).then(|| {
            let name = Span::new(held.outward(file, name.start), held.outward(file, name.end));
            json!({
                "contents": {"kind": kind, "value": format!("Runs for: {}", patterns.join(", "))},
                "range": paper.range(name),
            })
        })
    })
}
