//! New texts as edits for the editor: only for texts that it still shows, and as few changes as it takes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gen_lsp_types as lsp;
use serde_json::{Value, json};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::position::Paper;
use super::server::Server;
use super::snapshot::Page;
use super::{files, uri};
use crate::fix::{self, Applied, Fix, Trees};
use crate::source::{FileId, LineIndex, Span};

/// What several files become.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Old and new text.
    pub texts: BTreeMap<PathBuf, (String, String)>,
    /// Files that are not there yet.
    pub created: BTreeMap<PathBuf, String>,
}

impl Outlook {
    /// What fixes make of the files of a page, as far as they fit together; none if nothing changes.
    pub fn of(page: &Page<'_>, fixes: &[&Fix]) -> Option<Self> {
        let trees = Trees::new(page.sources);
        let applied = fix::apply(&trees, fixes);
        if applied.taken.is_empty() || !stands(page, &applied) {
            return None;
        }
        let mut outlook = Self::default();
        for (file, new) in applied.texts {
            let old = page.sources.get(file).text.to_string();
            outlook.texts.insert(page.path_of(file), (old, new));
        }
        for migration in applied.migrations {
            let path = crate::discover::absolute(page.cwd, migration.path(page.sources).as_ref());
            outlook.created.insert(path, migration.text());
        }
        Some(outlook)
    }

    /// What a new text makes of one file.
    pub fn one(page: &Page<'_>, file: FileId, new: String) -> Self {
        let old = page.sources.get(file).text.to_string();
        Self {
            texts: BTreeMap::from([(page.path_of(file), (old, new))]),
            created: BTreeMap::new(),
        }
    }
}

/// Whether all texts still are what they are.
fn stands(page: &Page<'_>, applied: &Applied) -> bool {
    let texts = applied.texts.iter().all(|(file, new)| {
        let source = page.sources.get(*file);
        fix::still_parses(&source.path, &source.text, new)
    });
    texts
        && applied
            .migrations
            .iter()
            .all(|migration| fix::parses(&migration.text()))
}

impl Server {
    /// The edit of the protocol; none if a text is not any more what was analysed, or the client cannot do it.
    pub(super) fn workspace_edit(&self, outlook: &Outlook) -> Option<Value> {
        let creates = self.client.document_changes && self.client.creates_files;
        if !creates && !outlook.created.is_empty() {
            return None;
        }
        let mut changes = Vec::new();
        let mut plain = serde_json::Map::new();
        for (path, (old, new)) in &outlook.texts {
            let document = self.documents.get(path);
            let same = match document {
                Some(document) => !document.lost && document.text() == old,
                None => files::text(path).as_ref() == Some(old),
            };
            if !same {
                return None;
            }
            let lines = LineIndex::new(old);
            let paper = Paper {
                text: old,
                lines: &lines,
                encoding: self.client.encoding,
            };
            let edits: Vec<lsp::TextEdit> = changed(old, new)
                .into_iter()
                .map(|(span, new_text)| lsp::TextEdit {
                    range: paper.range(span),
                    new_text,
                })
                .collect();
            let uri = self.documents.uri(path);
            let version = document.map(|document| document.version);
            changes.push(json!({"textDocument": {"uri": uri, "version": version}, "edits": edits}));
            plain.insert(uri.0, json!(edits));
        }
        for (path, text) in &outlook.created {
            if path.exists() || self.documents.get(path).is_some() {
                return None;
            }
            let uri = uri::of(path);
            let start = lsp::Position {
                line: 0,
                character: 0,
            };
            let edit = lsp::TextEdit {
                range: lsp::Range { start, end: start },
                new_text: text.clone(),
            };
            changes.push(json!({"kind": "create", "uri": uri, "options": {"overwrite": false, "ignoreIfExists": false}}));
            changes.push(json!({"textDocument": {"uri": uri, "version": null}, "edits": [edit]}));
        }
        Some(if self.client.document_changes {
            json!({"documentChanges": changes})
        } else {
            json!({"changes": plain})
        })
    }
}

/// The spans of an old text that change, with what takes their place.
fn changed(old: &str, new: &str) -> Vec<(Span, String)> {
    let (before, after): (Vec<&str>, Vec<&str>) = (pieces(old), pieces(new));
    let offsets = |pieces: &[&str]| {
        let mut at = 0;
        let mut all = vec![0];
        all.extend(pieces.iter().map(|piece| {
            at += piece.len();
            at
        }));
        all
    };
    let (starts, new_starts) = (offsets(&before), offsets(&after));
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let mut out = Vec::new();
    for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
        let (from, to) = (op.old_range(), op.new_range());
        let span = Span::new(starts[from.start] as u32, starts[from.end] as u32);
        let text = &new[new_starts[to.start]..new_starts[to.end]];
        out.push((span, text.to_owned()));
    }
    out
}

/// Words, blanks and signs: changes are shown by them, and never within a word or a line break.
fn pieces(text: &str) -> Vec<&str> {
    #[derive(PartialEq)]
    enum Kind {
        Word,
        Blank,
        Sign,
    }
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            Kind::Word
        } else if c == ' ' || c == '\t' {
            Kind::Blank
        } else {
            Kind::Sign
        }
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let joined = match chars.peek() {
            Some((_, next)) if c == '\r' => *next == '\n',
            Some((_, next)) => kind(c) != Kind::Sign && kind(c) == kind(*next),
            None => false,
        };
        if !joined {
            out.push(&text[start..end]);
            start = end;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{changed, pieces};

    fn apply(old: &str, new: &str) -> String {
        let mut out = old.to_owned();
        for (span, text) in changed(old, new).into_iter().rev() {
            out.replace_range(span.start as usize..span.end as usize, &text);
        }
        out
    }

    #[test]
    fn edits_make_the_new_text() {
        for (old, new) in [
            ("", "a\n"),
            ("a\n", ""),
            (
                "x = Book.objects.all()\n",
                "x = Book.objects.select_related(\"author\").all()\n",
            ),
            ("é\r\nb\r\n", "é\r\nc\r\nb\r\n"),
            ("a b c", "c b a"),
            ("same", "same"),
        ] {
            assert_eq!(apply(old, new), new);
        }
    }

    #[test]
    fn little_is_replaced() {
        let edits = changed(
            "x = Book.objects.all()\n",
            "x = Book.objects.select_related(\"author\").all()\n",
        );
        assert!(edits.iter().all(|(span, _)| span.start == span.end), "{edits:?}");
        assert!(changed("a\r\nb\r\n", "a\r\nb\r\n").is_empty());
        assert_eq!(pieces("ab  c(\r\n"), ["ab", "  ", "c", "(", "\r\n"]);
    }
}
