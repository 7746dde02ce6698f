//! Suppresses what was found, where it was found: comments go into the files, and nothing else changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fixing::Change;
use super::{Outcome, Request, SessionError, Sieve, check};
use crate::discover::{FileKind, Rewrite};
use crate::fix::{self, Edit, Trees};
use crate::lower;
use crate::report::diagnostic::Diagnostic;
use crate::rules;
use crate::source::{FileId, Site, SourceFile, SourceSet};
use crate::suppress::{Addition, Page, Suppressions, additions};
use crate::syntax::python::{Module, Ranged, TokenKind, span};

/// What suppressing comes to.
#[derive(Debug)]
pub struct Added {
    /// Ordered by path; nothing of it is on disk yet.
    pub changes: Vec<Change>,
    /// Findings that are suppressed then.
    pub suppressed: usize,
    /// Findings that remain, and files that stay as they are, with the reasons.
    pub notes: Vec<String>,
}

/// Makes a comment for each finding of `outcome`, in memory, and keeps those that work.
pub fn add_suppressions(
    request: &Request,
    outcome: &Outcome,
    sieve: &Sieve,
    reason: &str,
) -> Result<Added, SessionError> {
    let mut wanted: BTreeMap<FileId, Vec<Addition>> = BTreeMap::new();
    for diagnostic in &outcome.diagnostics {
        if let Some(addition) = addition(&outcome.sources, diagnostic) {
            wanted.entry(diagnostic.file).or_default().push(addition);
        }
    }
    let mut notes = Vec::new();
    let mut changes = Vec::new();
    let mut next = request.clone();
    for (file, wanted) in wanted {
        let source = outcome.sources.get(file);
        let Some(info) = outcome.files.get(file.0 as usize) else {
            continue;
        };
        let template = info.kind == FileKind::Template;
        let changed = match with_comments(&outcome.sources, file, (template, &wanted, reason)) {
            Ok(text) => text,
            Err(why) => {
                notes.push(format!("{}: left as it is: {why}", source.path));
                continue;
            }
        };
        let texts = (&*source.text, changed.as_str());
        match Rewrite::new(source.path.clone(), &info.absolute, &outcome.roots, texts) {
            Ok(rewrite) => {
                let new: Arc<str> = changed.into();
                next.overlay.insert(info.absolute.clone(), Arc::clone(&new));
                changes.push(Change {
                    old: Arc::clone(&source.text),
                    new,
                    rewrite,
                });
            }
            Err(why) => notes.push(format!("{}: left as it is: {why}", source.path)),
        }
    }
    let mut after = check(&next)?;
    sieve.apply(&mut after);
    for diagnostic in after.diagnostics.iter().filter(|d| d.group != "tool") {
        let source = after.sources.get(diagnostic.file);
        let line = source.position(diagnostic.span.start).line;
        notes.push(format!(
            "{}:{line}: {} is not suppressed",
            source.path, diagnostic.code
        ));
    }
    changes.sort_by(|a, b| a.rewrite.path.cmp(&b.rewrite.path));
    let of_code = |outcome: &Outcome| outcome.diagnostics.iter().filter(|d| d.group != "tool").count();
    Ok(Added {
        changes,
        suppressed: of_code(outcome).saturating_sub(of_code(&after)),
        notes,
    })
}

/// The text of a finding's file with a comment that suppresses it, or why there is none.
pub fn suppressed(sources: &SourceSet, diagnostic: &Diagnostic) -> Result<String, &'static str> {
    let source = sources.get(diagnostic.file);
    let wanted = addition(sources, diagnostic).ok_or("it is not about code")?;
    let template = !source.path.ends_with(".py");
    with_comments(sources, diagnostic.file, (template, &[wanted], ""))
}

/// What suppresses a finding; nothing for those about djperf's own comments.
fn addition(sources: &SourceSet, diagnostic: &Diagnostic) -> Option<Addition> {
    let rule = rules::all().iter().find(|rule| rule.code == diagnostic.code)?;
    let lines = sources.get(diagnostic.file).lines();
    (rule.group != "tool").then(|| Addition {
        rule,
        first: lines.line_of(diagnostic.span.start),
        last: lines.line_of(diagnostic.span.end),
    })
}

/// The text of a file with comments, or why it has to stay as it is.
fn with_comments(
    sources: &SourceSet,
    file: FileId,
    (template, wanted, reason): (bool, &[Addition], &str),
) -> Result<String, &'static str> {
    let source = sources.get(file);
    let trees = Trees::new(sources);
    if !trees.editable(file) {
        return Err("it has a syntax error");
    }
    let closed = match trees.get(file) {
        Some(module) => closed_lines(source, &module),
        None => Vec::new(),
    };
    let facts = if template {
        lower::template::extract(&source.text, crate::facts::Dialect::Django)
    } else {
        lower::python::extract(&source.text, lower::python::Depth { bodies: false })
    };
    let suppressions = Suppressions::parse(&source.text, &facts.comments, source.lines());
    let page = Page {
        text: &source.text,
        lines: source.lines(),
        suppressions: &suppressions,
        template,
        closed: &|line| closed.binary_search(&line).is_ok(),
        reason,
    };
    let edits: Vec<Edit> = additions(page, wanted)
        .into_iter()
        .map(|(span, content)| Edit::replace(Site::new(file, span), content))
        .collect();
    let text = fix::edited(&source.text, &edits).ok_or("the comments would overlap")?;
    if !fix::still_parses(&source.path, &source.text, &text) {
        return Err("it would not parse any more");
    }
    Ok(text)
}

/// Lines whose end is in a string or behind a backslash, ascending.
fn closed_lines(source: &SourceFile, module: &Module) -> Vec<u32> {
    let lines = source.lines();
    let mut closed = Vec::new();
    let mut open = Vec::new();
    let mut comments = Vec::new();
    for token in module.tokens().iter() {
        let place = span(token.range());
        let (first, last) = (lines.line_of(place.start), lines.line_of(place.end));
        match token.kind() {
            TokenKind::String => closed.extend(first..last),
            TokenKind::FStringStart | TokenKind::TStringStart => open.push(first),
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                closed.extend(open.pop().unwrap_or(last)..last);
            }
            TokenKind::Comment => comments.push(first),
            _ => {}
        }
    }
    closed.extend((1..=lines.line_count()).filter(|line| {
        let (start, end) = lines.line_range(&source.text, *line);
        let text = source.text.get(start as usize..end as usize).unwrap_or("");
        text.trim_end_matches(['\r', '\n']).ends_with('\\') && !comments.contains(line)
    }));
    closed.sort_unstable();
    closed.dedup();
    closed
}
