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

pub(super) fn find(text: &str, nodes: &[Node<'_>]) -> Vec<Hidden> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(OPEN).map(|n| at + n) {
        let inner = start + OPEN.len();
        let Some(end) = text[inner..].find(CLOSE).map(|n| inner + n + CLOSE.len()) else {
            break;
        };
        at = end;
        let body = &text[inner..end - CLOSE.len()];
        let read = READ.iter().any(|mark| body.starts_with(mark));
        if read || !body.contains("{%") && !body.contains("{{") || in_script(&text[..start]) {
            continue;
        }
        let mut hidden = Hidden {
            span: Span::new(start as u32, end as u32),
            work: Vec::new(),
            whole: !["comment", "verbatim", "raw", "{% block ", "{%- block ", "{#"]
                .iter()
                .any(|word| body.contains(word)),
        };
        look(nodes, &mut hidden);
        found.push(hidden);
    }
    found
}

/// Text after which a script or style sheet goes on.
fn in_script(before: &str) -> bool {
    ["script", "style"].iter().any(|name| {
        let open = before.rfind(&format!("<{name}"));
        open.is_some_and(|open| {
            before
                .rfind(&format!("</{name}"))
                .is_none_or(|close| close < open)
        })
    })
}

fn look(nodes: &[Node<'_>], hidden: &mut Hidden) {
    let comment = hidden.span;
    let within = |span: Span| comment.contains(span);
    for node in nodes {
        match node {
            Node::Print(_) => {}
            Node::Tag(tag) => {
                if within(tag.span) && WORK.contains(&tag.name.text) {
                    hidden.work.push(Sym::new(tag.name.text));
                }
            }
            Node::Block(block) => {
                let name = block.parts.first().map_or("", |part| part.tag.name.text);
                if within(block.span) {
                    if WORK.contains(&name) {
                        hidden.work.push(Sym::new(name));
                    }
                } else {
                    let end = block.span.end;
                    let ends = comment.start < end && end <= comment.end;
                    hidden.whole &= !ends && !block.parts.iter().any(|part| within(part.tag.span));
                }
                block.parts.iter().for_each(|part| look(&part.body, hidden));
            }
        }
    }
}
