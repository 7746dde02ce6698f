//! SARIF 2.1.0, for code scanning.
//!
//! What GitHub reads of it: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.
//! Fingerprints have a name of our own: the action that uploads adds GitHub's own, and warns of any other under that name.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::diagnostic::{Certainty, Diagnostic, Label, Severity};
use super::place::{Place, in_checkout};
use super::{RuleView, View, fingerprints, json};
use crate::fix::{Fix, Safety};
use crate::source::Site;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where the project is at home; empty as long as it has no address.
const HOMEPAGE: &str = env!("CARGO_PKG_HOMEPAGE");
/// GitHub cuts longer descriptions.
const MAX_DESCRIPTION: usize = 1024;

/// All findings as one log with one run.
pub(super) fn render(view: &View<'_>) -> String {
    let rules: Vec<&RuleView> = view
        .rules
        .iter()
        .filter(|rule| view.diagnostics.iter().any(|d| d.code == rule.code))
        .collect();
    let prints = fingerprints(view.sources, view.diagnostics);
    let results: Vec<Value> = view
        .diagnostics
        .iter()
        .zip(prints)
        .map(|(diagnostic, print)| result(view, &rules, diagnostic, &print))
        .collect();
    let mut driver = json!({
        "name": "djperf",
        "fullName": format!("djperf {VERSION}"),
        "semanticVersion": VERSION,
        "rules": rules.iter().map(|r| rule(r)).collect::<Vec<_>>(),
    });
    if !HOMEPAGE.is_empty() {
        driver["informationUri"] = HOMEPAGE.into();
    }
    json::pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "automationDetails": {"id": "djperf/"},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(rule: &RuleView) -> Value {
    let problem = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    };
    let card = rule.card.trim();
    json!({
        "id": rule.code,
        "name": pascal(rule.name),
        "shortDescription": {"text": first_sentence(&rule.summary)},
        "fullDescription": {"text": cut(&rule.summary)},
        "help": {"text": card, "markdown": card},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "tags": ["django", "performance", rule.group],
            "precision": if rule.preview { "medium" } else { "high" },
            "problem.severity": problem,
        },
    })
}

fn result(view: &View<'_>, rules: &[&RuleView], diagnostic: &Diagnostic, print: &str) -> Value {
    let mut value = json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic.severity),
        "message": {"text": without_links(&diagnostic.told())},
        "locations": [{"physicalLocation": physical(view, diagnostic.site())}],
        "partialFingerprints": {"djperf/v1": print},
        "properties": {
            "rule": diagnostic.rule,
            "certainty": diagnostic.certainty.as_str(),
            "precision": match diagnostic.certainty {
                Certainty::Certain => "high",
                Certainty::Likely => "medium",
            },
            "model": diagnostic.model,
            "relations": diagnostic.relations,
            "fields": diagnostic.fields,
            "endpoints": diagnostic.endpoints,
            "queries": diagnostic.queries.as_ref().map(|q| json!({"before": q.before, "after": q.after})),
        },
    });
    if let Some(at) = rules.iter().position(|rule| rule.code == diagnostic.code) {
        value["ruleIndex"] = at.into();
    }
    if !diagnostic.labels.is_empty() {
        let steps: Vec<Value> = diagnostic.labels.iter().map(|label| step(view, label)).collect();
        value["codeFlows"] = json!([{"threadFlows": [{"locations": steps}]}]);
    }
    if let Some(fix) = diagnostic.fix.as_ref().filter(|fix| fix.safety > Safety::Display) {
        value["fixes"] = json!([change(view, fix)]);
    }
    value
}

fn step(view: &View<'_>, label: &Label) -> Value {
    let message = match &*label.message {
        "" => label.role.as_str(),
        message => message,
    };
    json!({"location": {
        "physicalLocation": physical(view, label.site),
        "message": {"text": without_links(message)},
    }})
}

fn change(view: &View<'_>, fix: &Fix) -> Value {
    let title = match fix.safety {
        Safety::Unsafe => format!("{} (unsafe)", fix.title),
        Safety::Safe | Safety::Display => fix.title.clone(),
    };
    let changed = fix.edits.chunk_by(|a, b| a.file == b.file).map(|edits| {
        let replaced = edits.iter().map(|edit| {
            let at = Place::of(view.sources, Site::new(edit.file, edit.span));
            json!({"deletedRegion": region(at), "insertedContent": {"text": edit.content}})
        });
        json!({
            "artifactLocation": {"uri": uri(view, &view.sources.get(edits[0].file).path)},
            "replacements": replaced.collect::<Vec<_>>(),
        })
    });
    let created = fix.migrations.iter().map(|migration| {
        json!({
            "artifactLocation": {"uri": uri(view, &migration.path(view.sources))},
            "replacements": [{
                "deletedRegion": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
                "insertedContent": {"text": migration.text()},
            }],
        })
    });
    json!({
        "description": {"text": without_links(&title)},
        "artifactChanges": changed.chain(created).collect::<Vec<_>>(),
    })
}

fn physical(view: &View<'_>, site: Site) -> Value {
    let at = Place::of(view.sources, site);
    json!({"artifactLocation": {"uri": uri(view, at.path)}, "region": region(at)})
}

fn region(at: Place<'_>) -> Value {
    json!({
        "startLine": at.start.line,
        "startColumn": at.start.column,
        "endLine": at.end.line,
        "endColumn": at.end.column,
    })
}

/// A reference that is relative to the root of the checkout.
fn uri(view: &View<'_>, path: &str) -> String {
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(&in_checkout(view, path), UNRESERVED).to_string()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// `[text](target)` in a message would be a link.
fn without_links(text: &str) -> String {
    if text.contains("](") {
        text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
    } else {
        text.to_owned()
    }
}

/// `related-access-in-loop` → `RelatedAccessInLoop`, as names of rules are written in SARIF.
fn pascal(name: &str) -> String {
    name.split('-')
        .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
        .collect()
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |at| &text[..=at])
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_DESCRIPTION)]
}
