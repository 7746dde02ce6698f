//! Which comments of a file are kept: those that may speak to an analyser.
//! What they say is not read here.

use crate::facts::Comment;
use crate::syntax::python::{Ranged, TokenKind, Tokens, span};

/// Comments that mention `noqa` or `djperf` in any case.
pub(super) fn kept(text: &str, tokens: &Tokens) -> Vec<Comment> {
    let mut comments = Vec::new();
    for token in tokens.iter().filter(|token| token.kind() == TokenKind::Comment) {
        let span = span(token.range());
        let (start, end) = (span.start as usize, span.end as usize);
        let Some(comment) = text.as_bytes().get(start..end) else {
            continue;
        };
        if mentions(comment, b"noqa") || mentions(comment, b"djperf") {
            let before = text.as_bytes()[..start]
                .iter()
                .rev()
                .take_while(|b| !matches!(b, b'\n' | b'\r'));
            let own_line = before.into_iter().all(|b| matches!(b, b' ' | b'\t' | 0x0c));
            comments.push(Comment { span, own_line });
        }
    }
    comments
}

fn mentions(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}
