//! Text to prints, tags and comments. What `{% comment %}` and `{% verbatim %}` hold is left out.
//! Knows no other tag.

use crate::source::Span;
use crate::syntax::template::nest::Item;
use crate::syntax::template::{Print, Seek, Tag, TemplateError, Word};

pub(super) struct Lexed<'a> {
    pub(super) items: Vec<Item<'a>>,
    pub(super) comments: Vec<Span>,
    pub(super) errors: Vec<TemplateError>,
}

/// What runs until a tag ends it.
struct Silent<'a> {
    tag: Tag<'a>,
    /// The whole content of the tag that ends it.
    end: String,
    /// Nothing inside it is read, not even comments.
    verbatim: bool,
}

/// Reads as `tag_re` in `django/template/base.py` does: a tag begins at the first `{{`, `{%` or `{#` that has
/// its end on the same line.
pub(super) fn lex(text: &str) -> Lexed<'_> {
    let mut lexed = Lexed {
        items: Vec::new(),
        comments: Vec::new(),
        errors: Vec::new(),
    };
    let mut silent: Option<Silent<'_>> = None;
    let mut seek = Seek::default();
    let mut line_end = 0;
    let mut at = 0;
    while let Some(brace) = text[at..].find('{').map(|found| at + found) {
        let (slot, mark) = match text.as_bytes().get(brace + 1) {
            Some(b'%') => (0, "%}"),
            Some(b'{') => (1, "}}"),
            Some(b'#') => (2, "#}"),
            _ => {
                at = brace + 1;
                continue;
            }
        };
        if line_end <= brace {
            line_end = text[brace..].find('\n').map_or(text.len(), |found| brace + found);
        }
        let Some(close) = seek.find(slot, text, mark, brace + 2, line_end) else {
            at = brace + 1;
            continue;
        };
        at = close + 2;
        let span = Span::new(brace as u32, at as u32);
        let inner = Word::new(&text[brace + 2..close], brace + 2).trim();
        if let Some(current) = &silent {
            if slot == 0 && inner.text == current.end {
                silent = None;
            } else if slot == 2 && !current.verbatim {
                lexed.comments.push(span);
            }
            continue;
        }
        match slot {
            0 => {
                let end = inner.text.find(char::is_whitespace).unwrap_or(inner.text.len());
                let (name, rest) = inner.split_at(end);
                let rest = rest.trim();
                let tag = Tag { span, name, rest };
                match name.text {
                    "" => lexed
                        .errors
                        .push(TemplateError::new(span, "this tag has no name")),
                    "comment" => {
                        silent = Some(Silent {
                            tag,
                            end: "endcomment".into(),
                            verbatim: false,
                        });
                    }
                    "verbatim" => {
                        silent = Some(Silent {
                            tag,
                            end: format!("end{}", inner.text),
                            verbatim: true,
                        });
                    }
                    _ => lexed.items.push(Item::Tag(tag)),
                }
            }
            1 => lexed.items.push(Item::Print(Print { span, inner })),
            _ => lexed.comments.push(span),
        }
    }
    if let Some(Silent { tag, .. }) = silent {
        lexed.errors.push(TemplateError::new(
            tag.span,
            format!("`{{% {} %}}` is never closed", tag.name.text),
        ));
    }
    lexed
}
