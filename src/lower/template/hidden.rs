//! HTML comments that hold template tags: a browser does not show them, and the template renders them all the same.
//!
//! Comments that a browser, a mail program or a server reads are none: `<!--[if …]>`, `<!--#include …>`, `<!--esi`, nor is
//! what stands in a script.

use crate::facts::Hidden;
use crate::source::{Span, Sym};
use crate::syntax::template::Node;

const OPEN: &str = "<!--";
const CLOSE: &str = "-->";
/// What follows the opening of a comment that is read by somebody.
const READ: [&str; 6] = ["[", "<!", "#", "esi", ">", "!"];
/// Tags whose work shows in the output, however plain their arguments are.
const WORK: [&str; 2] = ["for", "include"];

/// Words in a comment that make it no comment of the template when its marks are replaced.
const ENDS: [&str; 6] = ["comment", "verbatim", "raw", "{% block ", "{%- block ", "{#"];

/// What the tags of a template say about comments, in the order of the text.
#[derive(Default)]
struct Tags {
    work: Vec<(Span, Sym)>,
    /// Where tags of blocks stand, and from where to where their block goes.
    edges: Vec<(u32, Span)>,
}

pub(super) fn find(text: &str, nodes: &[Node<'_>]) -> Vec<Hidden> {
    let mut found = Vec::new();
    if !text.contains(OPEN) {
        return found;
    }
    let mut tags = Tags::default();
    tags.collect(nodes);
    tags.work.sort_by_key(|(span, _)| span.start);
    tags.edges.sort_by_key(|(at, _)| *at);
    let mut scripts = Scripts::default();
    let mut at = 0;
    while let Some(start) = text[at..].find(OPEN).map(|n| at + n) {
        let inner = start + OPEN.len();
        let Some(end) = text[inner..].find(CLOSE).map(|n| inner + n + CLOSE.len()) else {
            break;
        };
        at = end;
        let body = &text[inner..end - CLOSE.len()];
        let read = READ.iter().any(|mark| body.starts_with(mark));
        let plain = !body.contains("{%") && !body.contains("{{");
        if read || plain || scripts.hold(text, start) {
            continue;
        }
        let span = Span::new(start as u32, end as u32);
        found.push(Hidden {
            span,
            work: tags.work_in(span),
            whole: !ENDS.iter().any(|word| body.contains(word)) && tags.whole(span),
        });
    }
    found
}

impl Tags {
    fn collect(&mut self, nodes: &[Node<'_>]) {
        for node in nodes {
            match node {
                Node::Print(_) => {}
                Node::Tag(tag) => self.note(tag.name.text, tag.span),
                Node::Block(block) => {
                    let name = block.parts.first().map_or("", |part| part.tag.name.text);
                    self.note(name, block.span);
                    self.edges.push((block.span.end.saturating_sub(1), block.span));
                    for part in &block.parts {
                        self.edges.push((part.tag.span.start, block.span));
                        self.collect(&part.body);
                    }
                }
            }
        }
    }

    fn note(&mut self, name: &str, span: Span) {
        if WORK.contains(&name) {
            self.work.push((span, Sym::new(name)));
        }
    }

    fn work_in(&self, comment: Span) -> Vec<Sym> {
        let from = self.work.partition_point(|(span, _)| span.start < comment.start);
        let inside = self.work[from..]
            .iter()
            .take_while(|(span, _)| span.start < comment.end);
        inside
            .filter(|(span, _)| comment.contains(*span))
            .map(|(_, name)| *name)
            .collect()
    }

    /// No block has a tag inside and another outside.
    fn whole(&self, comment: Span) -> bool {
        let from = self.edges.partition_point(|(at, _)| *at < comment.start);
        let mut inside = self.edges[from..].iter().take_while(|(at, _)| *at < comment.end);
        inside.all(|(_, block)| comment.contains(*block))
    }
}

/// Scripts and style sheets, found from the beginning to the end of the text.
#[derive(Default)]
struct Scripts {
    start: usize,
    end: usize,
    /// There are no more.
    done: bool,
}

impl Scripts {
    /// Whether a place lies in one; places come in the order of the text.
    fn hold(&mut self, text: &str, place: usize) -> bool {
        while !self.done && self.end <= place {
            let Some(at) = text[self.end..].find("<s").map(|n| self.end + n) else {
                self.done = true;
                return false;
            };
            let mut names = ["script", "style"].into_iter();
            let Some(name) = names.find(|name| text[at + 1..].starts_with(name)) else {
                self.end = at + 2;
                continue;
            };
            self.start = at;
            let close = text[self.start..].find(&format!("</{name}"));
            self.end = close.map_or(text.len(), |n| self.start + n + 1);
        }
        !self.done && self.start <= place && place < self.end
    }
}
