//! Which comments of a template are kept: those that may speak to an analyser.
//! What they say is not read here.

use crate::facts::Comment;
use crate::source::Span;

/// Comments that mention `noqa` or `djperf` in any case, without their braces: `# … `.
pub(super) fn kept(text: &str, comments: &[Span]) -> Vec<Comment> {
    let mut kept = Vec::new();
    for span in comments {
        let (start, end) = (span.start as usize, span.end as usize);
        let Some(inner) = text.get(start + 1..end.saturating_sub(2)) else {
            continue;
        };
        let lower = inner.to_ascii_lowercase();
        if lower.contains("noqa") || lower.contains("djperf") {
            let blank = |b: &u8| matches!(b, b' ' | b'\t' | 0x0c);
            let breaks = |b: &u8| matches!(b, b'\n' | b'\r');
            let mut before = text.as_bytes()[..start].iter().rev().skip_while(|b| blank(b));
            let mut after = text.as_bytes()[end..].iter().skip_while(|b| blank(b));
            kept.push(Comment {
                span: Span::new(span.start + 1, span.end - 2),
                own_line: before.next().is_none_or(breaks) && after.next().is_none_or(breaks),
            });
        }
    }
    kept
}
