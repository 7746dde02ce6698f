//! A JUnit report: a suite for each file, a failed test for each finding, one that passes where there is none.
//!
//! Valid against `junit-10.xsd` of Jenkins' xUnit plugin. Readers compare runs by the names of tests, so these hold no
//! line numbers.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::place::Place;
use super::xml::{document, element, empty, text};
use super::{View, escape_line};

/// All findings as one document.
pub(super) fn render(view: &View<'_>) -> String {
    document(|xml| {
        let found = view.diagnostics.len();
        element(
            xml,
            "testsuites",
            &counts("djperf", found.max(1), found).borrowed(),
            |xml| {
                if found == 0 {
                    return element(xml, "testsuite", &counts("djperf", 1, 0).borrowed(), |xml| {
                        let attributes = [("name", "no findings"), ("classname", "djperf"), ("time", "0")];
                        empty(xml, "testcase", &attributes)
                    });
                }
                for group in view.diagnostics.chunk_by(|a, b| a.file == b.file) {
                    let path = &view.sources.get(group[0].file).path;
                    let mut twins: BTreeMap<&str, usize> = BTreeMap::new();
                    element(
                        xml,
                        "testsuite",
                        &counts(path, group.len(), group.len()).borrowed(),
                        |xml| {
                            for diagnostic in group {
                                let twin = twins.entry(diagnostic.code).or_default();
                                *twin += 1;
                                let attributes = [
                                    ("name", &*name(diagnostic, *twin)),
                                    ("classname", path),
                                    ("time", "0"),
                                ];
                                element(xml, "testcase", &attributes, |xml| {
                                    let attributes = [
                                        ("message", &*diagnostic.message),
                                        ("type", diagnostic.severity.as_str()),
                                    ];
                                    element(xml, "failure", &attributes, |xml| {
                                        text(xml, &told(view, diagnostic))
                                    })
                                })?;
                            }
                            Ok(())
                        },
                    )?;
                }
                Ok(())
            },
        )
    })
}

fn name(diagnostic: &Diagnostic, twin: usize) -> String {
    let name = format!("{} {}", diagnostic.code, diagnostic.rule);
    if twin > 1 {
        format!("{name} ({twin})")
    } else {
        name
    }
}

/// The evidence as lines that name places.
fn told(view: &View<'_>, diagnostic: &Diagnostic) -> String {
    let line = |site, message: &str| {
        let at = Place::of(view.sources, site);
        format!(
            "{}:{}:{}: {message}",
            escape_line(at.path),
            at.start.line,
            at.start.column
        )
    };
    let mut lines = vec![line(diagnostic.site(), &diagnostic.told())];
    lines.extend(
        diagnostic
            .labels
            .iter()
            .map(|label| line(label.site, &label.message)),
    );
    lines.join("\n")
}

/// Attributes of a suite.
struct Counts<'a>(&'a str, [String; 2]);

fn counts(name: &str, tests: usize, failures: usize) -> Counts<'_> {
    Counts(name, [tests, failures].map(|n| n.to_string()))
}

impl Counts<'_> {
    fn borrowed(&self) -> [(&'static str, &str); 5] {
        let Self(name, [tests, failures]) = self;
        [
            ("name", name),
            ("tests", tests),
            ("failures", failures),
            ("errors", "0"),
            ("time", "0"),
        ]
    }
}
