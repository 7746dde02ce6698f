//! The documents of reviewdog: one with all findings, or one line a finding.
//!
//! `proto/rdf/reviewdog.proto` of reviewdog/reviewdog defines them: columns count bytes of UTF-8. A suggestion is shown by
//! itself, so only fixes of one piece are suggested.

use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Severity};
use super::place::Place;
use super::{View, json};
use crate::fix::{Edit, Safety};
use crate::source::{Site, SourceSet};

/// All findings as one document.
pub(super) fn render(view: &View<'_>) -> String {
    let found: Vec<Value> = view
        .diagnostics
        .iter()
        .map(|d| finding(view.sources, d))
        .collect();
    let gravest = view.diagnostics.iter().map(|d| d.severity).max();
    json::pretty(&json!({
        "source": {"name": "djperf"},
        "severity": severity(gravest.unwrap_or(Severity::Warning)),
        "diagnostics": found,
    }))
}

/// All findings, each on a line of its own.
pub(super) fn lines(view: &View<'_>) -> String {
    let line = |diagnostic: &Diagnostic| {
        let mut value = finding(view.sources, diagnostic);
        value["source"] = json!({"name": "djperf"});
        json::line(&value)
    };
    view.diagnostics.iter().map(line).collect()
}

fn finding(sources: &SourceSet, diagnostic: &Diagnostic) -> Value {
    let mut value = json!({
        "message": diagnostic.told(),
        "location": location(sources, diagnostic.site()),
        "severity": severity(diagnostic.severity),
        "code": {"value": diagnostic.code},
    });
    if let Some(edit) = suggestion(diagnostic) {
        let place = location(sources, Site::new(edit.file, edit.span));
        value["suggestions"] = json!([{"range": place["range"], "text": edit.content}]);
    }
    if !diagnostic.labels.is_empty() {
        let related = diagnostic
            .labels
            .iter()
            .map(|label| json!({"message": label.message, "location": location(sources, label.site)}));
        value["related_locations"] = related.collect();
    }
    value
}

/// The one edit of a fix that may be made, in the file of the finding.
fn suggestion(diagnostic: &Diagnostic) -> Option<&Edit> {
    let fix = diagnostic.fix.as_ref()?;
    let whole = fix.safety.reaches(Safety::Unsafe) && fix.migrations.is_empty();
    match &fix.edits[..] {
        [edit] if whole && edit.file == diagnostic.file => Some(edit),
        _ => None,
    }
}

fn location(sources: &SourceSet, site: Site) -> Value {
    let at = Place::in_bytes(sources, site);
    json!({
        "path": at.path,
        "range": {
            "start": {"line": at.start.line, "column": at.start.column},
            "end": {"line": at.end.line, "column": at.end.column},
        },
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info => "INFO",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{lines, render};
    use crate::fix::{Edit, Safety};
    use crate::report::json::tests::{diagnostic, fix, sources, view};
    use crate::source::FileId;

    #[test]
    fn fixes_of_one_piece_are_suggested_in_bytes() {
        let text = "é = Order.objects.all()\n";
        let sources = sources(&[("a.py", text)]);
        let with = |safety, more: bool| {
            let mut found = diagnostic(text, "Order");
            let mut fix = fix(safety, text, "all()", "none()");
            fix.edits.extend(more.then(|| Edit::insert(FileId(0), 0, "x")));
            found.fix = Some(fix);
            found
        };
        let found = [
            with(Safety::Unsafe, false),
            with(Safety::Safe, true),
            with(Safety::Display, false),
        ];
        let view = view(&sources, &found);
        let document: Value = serde_json::from_str(&render(&view)).unwrap();
        let of = |i: usize| &document["diagnostics"][i];
        assert_eq!(
            of(0)["location"]["range"]["start"],
            json!({"line": 1, "column": 6})
        );
        assert_eq!(
            of(0)["suggestions"],
            json!([{"range": {"start": {"line": 1, "column": 20}, "end": {"line": 1, "column": 25}}, "text": "none()"}])
        );
        assert!(of(1)["suggestions"].is_null() && of(2)["suggestions"].is_null());
        assert_eq!(of(0)["related_locations"][0]["message"], "fetched here");

        let lines = lines(&view);
        let mut line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(line["source"]["name"], "djperf");
        line.as_object_mut().unwrap().remove("source");
        assert_eq!((lines.lines().count(), &line), (3, of(0)));
    }
}
