//! Findings as diagnostics of the protocol.

use std::hash::Hasher;

use gen_lsp_types as lsp;
use rustc_hash::FxHasher;
use serde_json::json;

use super::client::Client;
use super::documents::Documents;
use super::position::Paper;
use super::snapshot::Page;
use crate::fix::Safety;
use crate::report::card_url;
use crate::report::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Site};

/// What the server calls itself in diagnostics.
pub(super) const SOURCE: &str = "djperf";

/// Turns findings of one page into diagnostics.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub client: &'a Client,
    pub documents: &'a Documents,
}

impl<'a> Teller<'a> {
    pub fn paper<'s>(&self, page: &Page<'s>, file: FileId) -> Paper<'s> {
        let source = page.sources.get(file);
        Paper {
            text: &source.text,
            lines: source.lines(),
            encoding: self.client.encoding,
        }
    }

    pub fn location(&self, page: &Page<'_>, site: Site) -> lsp::Location {
        lsp::Location {
            uri: self.documents.uri(&page.path_of(site.file)),
            range: self.paper(page, site.file).range(site.span),
        }
    }

    pub fn all(&self, page: &Page<'_>) -> Vec<lsp::Diagnostic> {
        page.diagnostics.iter().map(|d| self.one(page, d)).collect()
    }

    pub fn one(&self, page: &Page<'_>, diagnostic: &Diagnostic) -> lsp::Diagnostic {
        let others = diagnostic.labels.iter().filter(|l| l.site != diagnostic.site());
        let related = others.map(|label| lsp::DiagnosticRelatedInformation {
            location: self.location(page, label.site),
            message: label.message.clone(),
        });
        let related: Vec<_> = if self.client.related {
            related.collect()
        } else {
            Vec::new()
        };
        lsp::Diagnostic {
            range: self.paper(page, diagnostic.file).range(diagnostic.span),
            severity: Some(severity(diagnostic.severity)),
            code: Some(lsp::Code::String(diagnostic.code.to_owned())),
            code_description: page_of(diagnostic.rule)
                .filter(|_| self.client.code_description)
                .map(|href| lsp::CodeDescription { href: href.into() }),
            source: Some(SOURCE.to_owned()),
            message: lsp::Message::String(diagnostic.told()),
            tags: None,
            related_information: (!related.is_empty()).then_some(related),
            data: self.client.data.then(|| data(diagnostic)),
        }
    }
}

/// What clients may want to know of a finding.
fn data(diagnostic: &Diagnostic) -> serde_json::Value {
    let fix = diagnostic.fix.as_ref();
    json!({
        "rule": diagnostic.rule,
        "certainty": diagnostic.certainty.as_str(),
        "queries": diagnostic.queries.as_ref().map(|q| json!({"before": q.before, "after": q.after})),
        "fix": fix.filter(|fix| fix.safety > Safety::Display).map(|fix| {
            json!({"title": fix.title, "safety": fix.safety.as_str()})
        }),
    })
}

/// The address of a rule's page, if it has one.
pub(super) fn page_of(rule: &str) -> Option<String> {
    Some(card_url(rule)).filter(|url| url.contains("://"))
}

fn severity(severity: Severity) -> lsp::DiagnosticSeverity {
    match severity {
        Severity::Error => lsp::DiagnosticSeverity::Error,
        Severity::Warning => lsp::DiagnosticSeverity::Warning,
        Severity::Info => lsp::DiagnosticSeverity::Information,
    }
}

/// A name for a list of diagnostics that no other list has.
pub(super) fn result_id(diagnostics: &[lsp::Diagnostic]) -> String {
    let mut hasher = FxHasher::default();
    hasher.write(serde_json::to_string(diagnostics).unwrap_or_default().as_bytes());
    format!("{:016x}-{}", hasher.finish(), diagnostics.len())
}
