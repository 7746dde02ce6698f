//! Entries of settings: taken out of a dict, put into one, or given another value.
//!
//! Works on the places that evaluated settings remember; what does not look as expected there is left alone.

use super::layout::{BREAKS, dropped_line};
use super::{Edit, Fix, Refusal, Safety, Trees};
use crate::project::settings::{Dict, Entry, Value};
use crate::source::{Site, Span};
use crate::syntax::python::{Ranged, TokenKind, span};

/// Takes an entry out of the dict literal that it stands in.
pub fn drop(trees: &Trees<'_>, entry: &Entry, safety: Safety) -> Result<Fix, Refusal> {
    let text = trees.text(entry.site.file);
    let (key, value) = (entry.key_site.span, entry.site.span);
    is_pair(trees, entry)?;
    let own = Span::new(key.start, value.end);
    let rest = &text[value.end as usize..];
    let comma = value.end + u32::from(rest.starts_with(','));
    let module = trees.get(entry.site.file).ok_or("the file has syntax errors")?;
    let torn = module
        .tokens()
        .iter()
        .any(|token| token.kind() == TokenKind::Comment && own.contains(span(token.range())));
    if torn {
        return Err("a comment stands in it");
    }
    let edit = |span| Edit::replace(Site::new(entry.site.file, span), "");
    let gone = match dropped_line(&module, text, Span::new(own.start, comma)) {
        Some(lines) => lines,
        None => {
            let behind = &text[comma as usize..];
            let line_end = behind.split(BREAKS).next().unwrap_or_default();
            if line_end.trim_start().starts_with('#') {
                return Err("a comment stands on its line");
            }
            if comma > value.end {
                let space = behind.len() - behind.trim_start_matches(' ').len();
                Span::new(own.start, comma + space as u32)
            } else {
                // The last one takes the comma before it along.
                let before = text[..own.start as usize].trim_end_matches(' ');
                let start = before.strip_suffix(',').unwrap_or(before).len();
                Span::new(start as u32, own.end)
            }
        }
    };
    Ok(Fix {
        safety,
        title: format!("Drop `{}`", entry.key),
        edits: vec![edit(gone)],
        migrations: Vec::new(),
    })
}

/// Puts `"key": value` behind an entry of a dict literal.
pub fn insert(
    trees: &Trees<'_>,
    behind: &Entry,
    key: &str,
    value: &str,
    safety: Safety,
) -> Result<Fix, Refusal> {
    is_pair(trees, behind)?;
    let text = trees.text(behind.site.file);
    let (start, end) = (behind.key_site.span.start as usize, behind.site.span.end as usize);
    let quote = &text[start..=start];
    let line_start = text[..start].rfind(BREAKS).map_or(0, |at| at + 1);
    let indent = &text[line_start..start];
    let has_comma = text[end..].starts_with(',');
    let own_line = indent.chars().all(|c| c == ' ' || c == '\t');
    let pair = format!("{quote}{key}{quote}: {value}");
    let (at, content) = match (own_line && line_start > 0, has_comma) {
        (true, true) => {
            // Behind a comment on the same line.
            let line = text[end + 1..].split(BREAKS).next().unwrap_or_default();
            if !(line.trim().is_empty() || line.trim_start().starts_with('#')) {
                (end + 1, format!(" {pair},"))
            } else {
                (end + 1 + line.len(), format!("\n{indent}{pair},"))
            }
        }
        (true, false) => return Err("no comma follows the entry"),
        (false, _) => (end, format!(", {pair}")),
    };
    Ok(Fix {
        safety,
        title: format!("Add `{pair}`"),
        edits: vec![Edit::insert(behind.site.file, at as u32, content)],
        migrations: Vec::new(),
    })
}

/// Gives a call one more argument by name.
pub fn argument(
    trees: &Trees<'_>,
    call: Site,
    name: &str,
    value: &str,
    safety: Safety,
) -> Result<Fix, Refusal> {
    let text = trees.text(call.file);
    let old = &text[call.span.start as usize..call.span.end as usize];
    let inner = old.strip_suffix(')').ok_or("it is not written as a call")?;
    if inner.contains(BREAKS) {
        return Err("the call goes over several lines");
    }
    let kept = inner.trim_end();
    let separator = match kept.chars().next_back() {
        Some('(') => "",
        Some(',') => " ",
        _ => ", ",
    };
    let at = call.span.start + kept.len() as u32;
    let argument = format!("{name}={value}");
    Ok(Fix {
        safety,
        title: format!("Add `{argument}`"),
        edits: vec![Edit::insert(call.file, at, format!("{separator}{argument}"))],
        migrations: Vec::new(),
    })
}

/// Writes another text in place of a value.
pub fn replace(trees: &Trees<'_>, site: Site, value: &str, safety: Safety) -> Result<Fix, Refusal> {
    let text = trees.text(site.file);
    let old = &text[site.span.start as usize..site.span.end as usize];
    let quote = old.chars().next().filter(|c| matches!(c, '"' | '\''));
    let content = match (quote, value.strip_prefix('"').and_then(|v| v.strip_suffix('"'))) {
        (Some(quote), Some(inner)) => format!("{quote}{inner}{quote}"),
        (None, Some(_)) => return Err("it is not written as a plain text"),
        _ => value.to_owned(),
    };
    Ok(Fix {
        safety,
        title: format!("Write `{content}`"),
        edits: vec![Edit::replace(site, content)],
        migrations: Vec::new(),
    })
}

/// Wraps a list of loaders in the one that keeps what they found.
pub fn cached(trees: &Trees<'_>, list: Site) -> Result<Fix, Refusal> {
    let text = trees.text(list.file);
    let old = &text[list.span.start as usize..list.span.end as usize];
    if !old.starts_with(['[', '(']) {
        return Err("the list is put together elsewhere");
    }
    let quote = old.chars().find(|c| matches!(c, '"' | '\'')).unwrap_or('"');
    Ok(Fix {
        safety: Safety::Unsafe,
        title: "Wrap the loaders in `cached.Loader`".into(),
        edits: vec![
            Edit::insert(
                list.file,
                list.span.start,
                format!("[({quote}django.template.loaders.cached.Loader{quote}, "),
            ),
            Edit::insert(list.file, list.span.end, ")]"),
        ],
        migrations: Vec::new(),
    })
}

/// The entry that new ones go behind: the last written in the literal itself.
pub fn last<'d>(trees: &Trees<'_>, dict: &'d Dict) -> Option<&'d Entry> {
    dict.entries.iter().rfind(|entry| {
        dict.site.file == entry.site.file
            && dict.site.span.contains(entry.site.span)
            && !matches!(entry.value, Value::Dict(_) | Value::List(_))
            && is_pair(trees, entry).is_ok()
    })
}

/// Only `key: value` with a text for a key is touched.
fn is_pair(trees: &Trees<'_>, entry: &Entry) -> Result<(), Refusal> {
    const SHAPE: Refusal = "it is not written as an entry of a dict";
    let text = trees.text(entry.site.file);
    let (key, value) = (entry.key_site.span, entry.site.span);
    if entry.key_site.file != entry.site.file || key.end > value.start || text.len() < value.end as usize {
        return Err(SHAPE);
    }
    let between = &text[key.end as usize..value.start as usize];
    let quoted = text[key.start as usize..].starts_with(['"', '\'']);
    (quoted && between.trim() == ":").then_some(()).ok_or(SHAPE)
}
