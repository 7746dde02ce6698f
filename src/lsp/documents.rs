//! What is open in the editor: texts, versions, edits of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{Position, Range, Uri};
use serde_json::Value;

use super::position::{Encoding, Paper};
use crate::source::LineIndex;

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// As the client writes it.
    pub uri: Uri,
    pub version: i32,
    text: String,
    /// Never the same twice, even if the document is closed and opened again.
    pub stamp: u64,
    /// The text that counts for findings, with its stamp: the last one, or the last that was saved.
    pub counted: (Arc<str>, u64),
    /// The text is behind `counted` while edits come in.
    behind: bool,
    /// An edit could not be understood: what the editor shows is not known until it sends the whole text.
    pub lost: bool,
}

impl Document {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Has the text as it is now count.
    pub fn count(&mut self) -> bool {
        if !self.behind {
            return false;
        }
        self.behind = false;
        self.counted = (Arc::from(self.text.as_str()), self.stamp);
        true
    }
}

/// All open documents, by path.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<PathBuf, Document>,
    stamp: u64,
}

impl Documents {
    pub fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Document)> {
        self.open.iter()
    }

    /// The URI of a file, as the client writes it if it has it open.
    pub fn uri(&self, path: &Path) -> Uri {
        match self.open.get(path) {
            Some(document) => document.uri.clone(),
            None => super::uri::of(path),
        }
    }

    pub fn open(&mut self, path: PathBuf, uri: Uri, version: i32, text: String) {
        self.stamp += 1;
        let document = Document {
            uri,
            version,
            stamp: self.stamp,
            counted: (Arc::from(text.as_str()), self.stamp),
            text,
            behind: false,
            lost: false,
        };
        self.open.insert(path, document);
    }

    /// False if it was not open.
    pub fn close(&mut self, path: &Path) -> bool {
        self.open.remove(path).is_some()
    }

    /// Makes edits in their order. None if the document is not open, else whether all of them were understood.
    pub fn change(
        &mut self,
        path: &Path,
        version: Option<i32>,
        edits: &[Value],
        encoding: Encoding,
    ) -> Option<bool> {
        let document = self.open.get_mut(path)?;
        self.stamp += 1;
        document.stamp = self.stamp;
        document.version = version.unwrap_or(document.version + 1);
        document.behind = true;
        for edit in edits {
            match edit.get("text").and_then(Value::as_str) {
                Some(text) => match edit.get("range").filter(|range| !range.is_null()) {
                    None => {
                        text.clone_into(&mut document.text);
                        document.lost = false;
                    }
                    Some(range) => replace(&mut document.text, read_range(range), text, encoding),
                },
                None => document.lost = true,
            }
        }
        Some(!document.lost)
    }

    /// Has the last text of a document count; false if it does already.
    pub fn count(&mut self, path: &Path) -> bool {
        self.open.get_mut(path).is_some_and(Document::count)
    }
}

fn replace(text: &mut String, range: Range, with: &str, encoding: Encoding) {
    let lines = LineIndex::new(text);
    let paper = Paper {
        text,
        lines: &lines,
        encoding,
    };
    let span = paper.span(range);
    text.replace_range(span.start as usize..span.end as usize, with);
}

/// A range whose numbers may be anything.
pub(super) fn read_range(value: &Value) -> Range {
    let number = |path: &str| {
        let number = value.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
        // Saturates: negative numbers are 0, and none is too large.
        number as u32
    };
    Range {
        start: Position {
            line: number("/start/line"),
            character: number("/start/character"),
        },
        end: Position {
            line: number("/end/line"),
            character: number("/end/character"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gen_lsp_types::Uri;
    use serde_json::{Value, json};

    use super::{Documents, Encoding};

    fn edited(text: &str, edits: &[Value]) -> (String, bool) {
        let mut documents = Documents::default();
        let path = PathBuf::from("/a.py");
        documents.open(path.clone(), Uri::from("file:///a.py"), 1, text.to_owned());
        let understood = documents.change(&path, Some(2), edits, Encoding::Utf16).unwrap();
        (documents.get(&path).unwrap().text().to_owned(), understood)
    }

    fn at(start: (i64, i64), end: (i64, i64), text: &str) -> Value {
        json!({"range": {"start": {"line": start.0, "character": start.1},
            "end": {"line": end.0, "character": end.1}}, "text": text})
    }

    #[test]
    fn edits_are_made_one_after_another() {
        let edits = [
            at((0, 1), (0, 1), "𝄞"),
            at((0, 3), (1, 0), ""),
            json!({"text": "x"}),
            at((0, 1), (0, 1), "y"),
        ];
        assert_eq!(edited("ab\ncd", &edits[..1]).0, "a𝄞b\ncd");
        assert_eq!(edited("ab\ncd", &edits[..2]).0, "a𝄞cd");
        assert_eq!(edited("ab\ncd", &edits), ("xy".to_owned(), true));
    }

    #[test]
    fn wrong_positions_are_moved_into_the_text() {
        assert_eq!(edited("ab\n", &[at((-3, -1), (0, 1), "")]).0, "b\n");
        assert_eq!(edited("ab\n", &[at((0, 99), (7, 7), "c")]).0, "abc");
        assert_eq!(
            edited("ab\n", &[at((0, 2), (0, 1), "")]).0,
            "a\n",
            "turned around"
        );
        assert_eq!(edited("ab", &[at((9_999_999_999, 0), (0, 0), "")]).0, "");
    }

    #[test]
    fn what_is_not_understood_loses_the_document_until_it_is_sent_again() {
        assert_eq!(edited("ab", &[json!({"range": 1})]), ("ab".to_owned(), false));
        assert_eq!(
            edited("ab", &[json!(null), json!({"text": "new"})]),
            ("new".to_owned(), true)
        );
    }

    #[test]
    fn stamps_never_come_again() {
        let mut documents = Documents::default();
        let path = PathBuf::from("/a.py");
        documents.open(path.clone(), Uri::from("file:///a.py"), 1, "a".to_owned());
        let first = documents.get(&path).unwrap().stamp;
        assert!(documents.close(&path) && !documents.close(&path));
        documents.open(path.clone(), Uri::from("file:///a.py"), 1, "b".to_owned());
        assert_ne!(documents.get(&path).unwrap().stamp, first);
        assert_eq!(
            documents.change(&PathBuf::from("/b.py"), None, &[], Encoding::Utf16),
            None
        );
    }
}
