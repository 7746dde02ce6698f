//! What only the held project can tell, asked on its worker.
//!
//! A handler names a file, its stamp and what it wants to know; the answer is made on the worker, from a project that is
//! up to date with that stamp, and leaves through the server.

use std::path::Path;

use gen_lsp_types::Range;
use lsp_server::{ErrorCode, RequestId};
use serde_json::{Value, json};

use super::Event;
use super::explain;
use super::position::{Encoding, Paper};
use super::server::{Answer, Server};
use super::uri;
use super::worker::guard;
use crate::ir::FuncIdx;
use crate::session::insight::{self, Cost};
use crate::session::{Held, Stop};
use crate::source::{FileId, Site, Span};

/// A question about one file of a held project, with the editor's text of it; nothing if there is nothing to be said.
/// Places in the project are not those of the editor: see [`Held::inward`].
pub(super) type Look = Box<dyn FnOnce(&Held<'_>, FileId, Paper<'_>, &Stop) -> Option<Value> + Send>;

impl Server {
    /// The project of a file answers a request, as soon as it is up to date; `nothing` does when it is too late.
    pub(super) fn look_or_wait(
        &mut self,
        id: &RequestId,
        path: &Path,
        look: Look,
        late: bool,
        nothing: Option<Answer>,
    ) -> Option<Answer> {
        match self.look(id, path, look) {
            true => Some(Ok(None)),
            false if late => nothing,
            false => None,
        }
    }

    /// Asks the project of a file. False if the worker has not seen its last text, or there is no project.
    fn look(&mut self, id: &RequestId, path: &Path, look: Look) -> bool {
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
        project.worker.ask(Box::new(move |held, stop| {
            let shown = guard(|| {
                let (held, stamps) = held?;
                let same = stamps.texts.get(&path).copied() == stamp;
                same.then(|| at(held, &path, (encoding, stop), look))?
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

fn at(held: &Held<'_>, path: &Path, (encoding, stop): (Encoding, &Stop), look: Look) -> Option<Value> {
    let files = &held.outcome.files;
    let file = FileId(files.iter().position(|info| info.absolute == path)? as u32);
    let source = held.outcome.sources.get(file);
    let paper = Paper {
        text: &source.text,
        lines: source.lines(),
        encoding,
    };
    look(held, file, paper, stop)
}

/// What is shown under the pointer where nothing was found: what an expression holds; on the name of a view what it costs,
/// and the URL patterns that lead to it.
pub(super) fn hover(offset: u32, markdown: bool) -> Look {
    Box::new(move |held, file, paper, _| {
        let at = held.inward(file, offset);
        let (span, text) = match insight::expression_at(held, file, at) {
            Some(shown) => (shown.span, shown.markdown),
            None => of_name(held, file, at)?,
        };
        Some(json!({
            "contents": contents(&text, markdown),
            "range": paper.range(outer(held, file, span)),
        }))
    })
}

/// What the queries of views, serializers and admin classes are, over their names.
pub(super) fn lenses() -> Look {
    Box::new(|held, file, paper, stop| {
        let costs = insight::costs(held, file, stop)?;
        let lens = |cost: &Cost| {
            json!({
                "range": paper.range(outer(held, file, cost.span)),
                // A command without a name is a text that leads nowhere.
                "command": {"title": cost.title, "command": ""},
            })
        };
        Some(costs.iter().map(lens).collect())
    })
}

/// The same behind the names.
pub(super) fn hints(range: Range, markdown: bool) -> Look {
    Box::new(move |held, file, paper, stop| {
        let wanted = paper.span(range);
        let costs = insight::costs(held, file, stop)?;
        let hints = costs.iter().filter_map(|cost| {
            let span = outer(held, file, cost.span);
            wanted.contains(span).then(|| {
                json!({
                    "position": paper.position(span.end),
                    "label": cost.title,
                    "paddingLeft": true,
                    "tooltip": contents(&cost.markdown, markdown),
                })
            })
        });
        Some(hints.collect())
    })
}

/// The places that feed a variable of a template.
pub(super) fn feeders(offset: u32) -> Look {
    Box::new(move |held, file, paper, _| {
        let sites = insight::feeders(held, file, held.inward(file, offset));
        let places = sites.into_iter().filter_map(|site| {
            let info = held.outcome.files.get(site.file.0 as usize)?;
            let source = held.outcome.sources.get(site.file);
            let there = Paper {
                text: &source.text,
                lines: source.lines(),
                encoding: paper.encoding,
            };
            let range = there.range(outer(held, site.file, site.span));
            Some(json!({"uri": uri::of(&info.absolute), "range": range}))
        });
        Some(places.collect())
    })
}

/// A text as clients show it under the pointer.
pub(super) fn contents(text: &str, markdown: bool) -> Value {
    if markdown {
        json!({"kind": "markdown", "value": text})
    } else {
        json!({"kind": "plaintext", "value": explain::unmarked(text)})
    }
}

/// A place of the project in the editor's text.
fn outer(held: &Held<'_>, file: FileId, span: Span) -> Span {
    Span::new(held.outward(file, span.start), held.outward(file, span.end))
}

/// What is known of the function or class whose name is at an offset.
fn of_name(held: &Held<'_>, file: FileId, offset: u32) -> Option<(Span, String)> {
    let facts = &held.project.file(file).facts;
    let functions = (0..).zip(&facts.functions).skip(1);
    let functions = functions.map(|(n, f)| (f.name_span, f.span, Some(FuncIdx(n))));
    let classes = facts.classes.iter().map(|c| (c.name_span, c.span, None));
    let at = Span::new(offset, offset);
    let (name, whole, func) = functions.chain(classes).find(|(name, ..)| name.contains(at))?;
    let cost = func.and_then(|idx| insight::cost_of(held, held.project.func_id(file, idx)));
    let mut parts: Vec<String> = cost
        .map(|cost| format!("**{}**\n\n{}", cost.title, cost.markdown))
        .into_iter()
        .collect();
    let endpoints = held.project.endpoints_at(Site::new(file, whole));
    let mut patterns: Vec<String> = endpoints
        .iter()
        .map(|e| explain::code(e.pattern.as_str()))
        .collect();
    patterns.sort();
    patterns.dedup();
    if !patterns.is_empty() {
        parts.push(format!("Runs for: {}", patterns.join(", ")));
    }
    (!parts.is_empty()).then(|| (name, parts.join("\n\n")))
}
