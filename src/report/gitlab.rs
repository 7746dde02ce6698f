//! GitLab's Code Quality report, a list of issues as Code Climate had them.

use serde_json::{Value, json};

use super::diagnostic::Severity;
use super::place::{Place, in_checkout};
use super::{View, fingerprints, json};

/// All findings as one list.
pub(super) fn render(view: &View<'_>) -> String {
    let prints = fingerprints(view.sources, view.diagnostics);
    let issues: Vec<Value> = view
        .diagnostics
        .iter()
        .zip(prints)
        .map(|(diagnostic, print)| {
            let at = Place::of(view.sources, diagnostic.site());
            json!({
                "description": format!("{} {}: {}", diagnostic.code, diagnostic.rule, diagnostic.message),
                "check_name": diagnostic.code,
                "fingerprint": print,
                "severity": severity(diagnostic.severity),
                "location": {
                    "path": in_checkout(view, at.path),
                    "positions": {
                        "begin": {"line": at.start.line, "column": at.start.column},
                        "end": {"line": at.end.line, "column": at.end.column},
                    },
                },
            })
        })
        .collect();
    json::pretty(&issues.into())
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::render;
    use crate::report::json::tests::{diagnostic, sources, view};

    #[test]
    fn twins_have_fingerprints_of_their_own_that_no_line_above_changes() {
        let prints = |text: &str| -> Vec<String> {
            let sources = sources(&[("a.py", text)]);
            let found = [diagnostic(text, "y"), diagnostic(text, "y")];
            let issues: Vec<Value> = serde_json::from_str(&render(&view(&sources, &found))).unwrap();
            assert_eq!(issues[0]["location"]["path"], "a.py");
            issues
                .iter()
                .map(|issue| issue["fingerprint"].as_str().unwrap().to_owned())
                .collect()
        };
        let first = prints("x = y\n");
        assert_ne!(first[0], first[1]);
        assert_eq!(first, prints("# more\n\nx = y\n"));
    }
}
