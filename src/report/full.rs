//! Findings with the source around them, for people.

use std::fmt;

use miette::{Diagnostic as Shown, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use rustc_hash::FxHashMap;

use super::diagnostic::{Certainty, Diagnostic, Severity};
use super::snippet::Snippet;
use super::{View, escape_line, escape_text, fixable, patch};
use crate::source::{FileId, Span};

/// What the output may look like.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// In columns.
    pub width: usize,
}

impl Style {
    /// For files and pipes.
    pub const PLAIN: Self = Self {
        color: false,
        width: 100,
    };
}

/// All findings, each followed by an empty line.
pub fn render(view: &View<'_>) -> String {
    let style = view.style;
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .without_syntax_highlighting();
    let fixable = fixable(view);
    let mut snippets = FxHashMap::default();
    let mut out = String::new();
    for diagnostic in view.diagnostics {
        out.push_str(&header(diagnostic, fixable.has(diagnostic), style.color));
        let groups = by_file(diagnostic);
        for (file, _) in &groups {
            snippets
                .entry(*file)
                .or_insert_with(|| Snippet::new(view.sources.get(*file)));
        }
        let last = groups.len() - 1;
        for (i, (file, places)) in groups.iter().enumerate() {
            let snippet = &snippets[file];
            let labels = places.iter().map(|p| p.shown(snippet)).collect();
            let help = (i == last).then(|| advice(diagnostic)).flatten();
            let part = Part {
                snippet,
                labels,
                help,
                severity: diagnostic.severity,
            };
            let mut text = String::new();
            if handler.render_report(&mut text, &part).is_ok() {
                out.push_str(text.split_once('\n').map_or("", |(_, rest)| rest));
            }
        }
        if let Some(fix) = &diagnostic.fix {
            out.push_str(&patch::preview(view.sources, diagnostic.file, fix, style.color));
        }
        out.push('\n');
    }
    out
}

fn header(diagnostic: &Diagnostic, fixable: bool, color: bool) -> String {
    let severity = diagnostic.severity.as_str();
    let (code, rule) = (diagnostic.code, diagnostic.rule);
    let message = escape_line(&diagnostic.message);
    let mark = if fixable { " [*]" } else { "" };
    if !color {
        return format!("{severity}[{code} {rule}]{mark}: {message}\n");
    }
    let paint = match diagnostic.severity {
        Severity::Error => 31,
        Severity::Warning => 33,
        Severity::Info => 36,
    };
    format!("\u{1b}[1;{paint}m{severity}[{code} {rule}]{mark}\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m\n")
}

/// Endpoints shown for one finding.
const MAX_ENDPOINTS: usize = 3;

/// The help, what the change is worth, and how sure djperf is.
fn advice(diagnostic: &Diagnostic) -> Option<String> {
    let mut lines: Vec<String> = diagnostic.help.iter().cloned().collect();
    if let Some(queries) = &diagnostic.queries {
        lines.push(format!(
            "queries: {} now, {} with the change",
            queries.before, queries.after
        ));
    }
    if !diagnostic.endpoints.is_empty() {
        let shown: Vec<&str> = diagnostic
            .endpoints
            .iter()
            .take(MAX_ENDPOINTS)
            .map(String::as_str)
            .collect();
        let more = match diagnostic.endpoints.len().saturating_sub(MAX_ENDPOINTS) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        lines.push(format!("endpoints: {}{more}", shown.join(", ")));
    }
    if diagnostic.certainty == Certainty::Likely && !lines.is_empty() {
        lines.push(
            "likely, not certain: it depends on a condition, or on how a caller fetched the rows".to_owned(),
        );
    }
    (!lines.is_empty()).then(|| escape_text(&lines.join("\n")).into_owned())
}

struct Place<'a> {
    span: Span,
    message: Option<&'a str>,
    primary: bool,
}

impl Place<'_> {
    fn shown(&self, snippet: &Snippet) -> LabeledSpan {
        let at = snippet.locate(self.span);
        let span = (at.start as usize, (at.end - at.start) as usize);
        let message = self.message.map(|m| escape_line(m).into_owned());
        if self.primary {
            LabeledSpan::new_primary_with_span(message, span)
        } else {
            LabeledSpan::new_with_span(message, span)
        }
    }
}

/// The primary file first, then the others in the order of the evidence.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<Place<'_>>)> {
    let is_primary = |file, span| file == diagnostic.file && span == diagnostic.span;
    let mut groups: Vec<(FileId, Vec<Place<'_>>)> = vec![(diagnostic.file, Vec::new())];
    if !diagnostic
        .labels
        .iter()
        .any(|l| is_primary(l.site.file, l.site.span))
    {
        groups[0].1.push(Place {
            span: diagnostic.span,
            message: None,
            primary: true,
        });
    }
    for label in &diagnostic.labels {
        let file = label.site.file;
        let place = Place {
            span: label.site.span,
            message: Some(&label.message).filter(|m| !m.is_empty()).map(String::as_str),
            primary: is_primary(file, label.site.span),
        };
        match groups.iter_mut().find(|(id, _)| *id == file) {
            Some((_, places)) => places.push(place),
            None => groups.push((file, vec![place])),
        }
    }
    groups
}

/// One file's share of a finding. Its text is empty: the header is ours.
struct Part<'a> {
    snippet: &'a Snippet,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    severity: Severity,
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Part<'_> {}

impl Shown for Part<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.snippet)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests;
