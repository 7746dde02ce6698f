//! What is shown under the pointer: a finding with its cost and its rule, or a rule that a comment names.

use gen_lsp_types::HoverParams;
use lsp_server::RequestId;
use serde_json::{Value, json};

use super::push::Known;
use super::server::{Answer, Server, read};
use super::snapshot::Page;
use super::waiting::Want;
use super::{explain, shown, uri};
use crate::report::diagnostic::Role;
use crate::source::Span;

impl Server {
    pub(super) fn hover(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: HoverParams = read(params)?;
        self.answer_or_wait(id, Want::Hover(params))
    }

    pub(super) fn try_hover(&mut self, id: &RequestId, params: &HoverParams, late: bool) -> Option<Answer> {
        let nothing = Some(Ok(Some(Value::Null)));
        let at = &params.text_document_position_params;
        let Some(path) = uri::path(&at.text_document.uri) else {
            return nothing;
        };
        if !self.configured.of(&path).hover {
            return nothing;
        }
        let page = match self.known(&path) {
            Known::Page(Some(page)) => page,
            Known::Pending if !late => return None,
            _ => return nothing,
        };
        let paper = self.teller().paper(&page, page.file);
        let offset = paper.offset(at.position);
        if let Some((span, text)) = under(&page, offset) {
            let contents = shown::contents(&text, self.client.markdown);
            return Some(Ok(Some(
                json!({"contents": contents, "range": paper.range(span)}),
            )));
        }
        let look = shown::hover(offset, self.client.markdown);
        self.look_or_wait(id, &path, look, late, nothing)
    }
}

/// What is to be said about an offset of a page, and where that stands.
fn under(page: &Page<'_>, offset: u32) -> Option<(Span, String)> {
    let at = Span::new(offset, offset);
    if let Some(found) = named(&page.source().text, offset) {
        return Some(found);
    }
    let found: Vec<_> = page.diagnostics.iter().filter(|d| d.span.contains(at)).collect();
    // Of those around each other, the innermost is meant.
    let span = found
        .iter()
        .map(|d| d.span)
        .min_by_key(|span| span.end - span.start);
    if let Some(span) = span {
        let same = found.iter().filter(|d| d.span == span);
        let texts: Vec<String> = same.map(|d| explain::finding(d)).collect();
        return Some((span, texts.join("\n---\n\n")));
    }
    page.diagnostics.iter().find_map(|d| {
        let label = d.labels.iter().find(|label| {
            label.role == Role::Access && label.site.file == page.file && label.site.span.contains(at)
        })?;
        Some((label.site.span, explain::finding(d)))
    })
}

/// The rule whose code stands at an offset, in a comment.
fn named(text: &str, offset: u32) -> Option<(Span, String)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let at = offset as usize;
    let before = text.get(..at)?.trim_end_matches(word).len();
    let after = at + text.get(at..)?.find(|c| !word(c)).unwrap_or(text.len() - at);
    let line = text[..before].rfind('\n').map_or(0, |at| at + 1);
    let comment = text[line..before].contains('#');
    let rule = explain::rule(text.get(before..after)?).filter(|_| comment)?;
    Some((Span::new(before as u32, after as u32), explain::card(rule)))
}
