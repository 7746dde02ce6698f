//! `{% cache %}` around a part of a template, with the library that brings the tag.
//!
//! The tags stand directly around the part, so that the page stays the same. How old a page may be is for somebody
//! to decide.

use crate::source::{FileId, Span};
use crate::syntax::template::django::{parse, words};
use crate::syntax::template::{Node, Tag};

use super::{Desk, Fix, Refusal, Safety};

/// How long a fragment is kept in the proposal, in seconds.
const TIMEOUT: u32 = 300;

/// Keeps what a part of a template prints under a name.
pub fn fix(desk: Desk<'_, '_>, file: FileId, part: Span, name: &str) -> Result<Fix, Refusal> {
    let text = desk.trees.text(file);
    let open = format!("{{% cache {TIMEOUT} {name} %}}");
    let mut edits = vec![
        (Span::new(part.start, part.start), open.clone()),
        (Span::new(part.end, part.end), "{% endcache %}".to_owned()),
    ];
    let facts = desk.project.file(file).facts.template.as_deref();
    if !facts.is_some_and(|facts| facts.libraries.iter().any(|library| library == "cache")) {
        edits.extend(library(text));
    }
    Fix::in_file(Safety::Display, format!("keep it with `{open}`"), file, edits)
}

/// The edit that loads the library: in the first `{% load %}`, else behind `{% extends %}`
/// or at the beginning.
fn library(text: &str) -> Option<(Span, String)> {
    let tree = parse(text);
    let tags = tree.nodes.iter().filter_map(|node| match node {
        Node::Tag(tag) => Some(tag),
        _ => None,
    });
    let tags: Vec<&Tag<'_>> = tags.collect();
    let plain = |tag: &&&Tag<'_>| {
        let libraries = words(tag.rest);
        tag.name.text == "load" && !libraries.is_empty() && libraries.iter().all(|word| word.text != "from")
    };
    if let Some(load) = tags.iter().find(plain) {
        let end = words(load.rest).last()?.span.end;
        return Some((Span::new(end, end), " cache".into()));
    }
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let load = "{% load cache %}";
    Some(match tags.iter().find(|tag| tag.name.text == "extends") {
        Some(extends) => {
            let end = extends.span.end;
            (Span::new(end, end), format!("{line_break}{load}"))
        }
        None => (Span::new(0, 0), format!("{load}{line_break}")),
    })
}

#[cfg(test)]
mod tests {
    use super::library;

    #[test]
    fn the_library_is_loaded_where_others_are() {
        for (text, want) in [
            ("{% load i18n static %}\n<p>", "{% load i18n static cache %}\n<p>"),
            ("{%load a%}{% load b %}", "{%load a cache%}{% load b %}"),
            (
                "{% load x from a %}\n{% load b %}",
                "{% load x from a %}\n{% load b cache %}",
            ),
            (
                "{# c #}\n{% extends 'a.html' %}\n{% block a %}{% load b %}{% endblock %}",
                "{# c #}\n{% extends 'a.html' %}\n{% load cache %}\n{% block a %}{% load b %}{% endblock %}",
            ),
            ("{% extends a %}\r\n", "{% extends a %}\r\n{% load cache %}\r\n"),
            ("<p>", "{% load cache %}\n<p>"),
        ] {
            let (span, content) = library(text).unwrap();
            let mut new = text.to_owned();
            new.replace_range(span.start as usize..span.end as usize, &content);
            assert_eq!(new, want);
        }
    }
}
