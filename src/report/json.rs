//! The versioned JSON document; `schema.json` beside this file describes it.

use serde_json::{Map, Value, json};

use super::diagnostic::{Diagnostic, Label};
use super::place::Place;
use super::{View, card_url, escape, fingerprints, fixable};
use crate::fix::Fix;
use crate::source::{Site, SourceSet};

/// The JSON Schema of the document, draft 2020-12.
pub const SCHEMA: &str = include_str!("schema.json");

/// Raised when a reader of the older document would misread the newer one.
pub const VERSION: u32 = 1;

/// The whole document, pretty-printed, with a final line break.
pub fn render(view: &View<'_>) -> String {
    pretty(&json!({
        "version": VERSION,
        "diagnostics": findings(view).collect::<Vec<Value>>(),
        "summary": summary(view),
        "coverage": coverage(view),
    }))
}

/// An element of `diagnostics` a line, and nothing else.
pub fn lines(view: &View<'_>) -> String {
    findings(view).map(|finding| line(&finding)).collect()
}

fn findings(view: &View<'_>) -> impl Iterator<Item = Value> {
    let prints = fingerprints(view.sources, view.diagnostics);
    let pairs = view.diagnostics.iter().zip(prints);
    pairs.map(|(diagnostic, print)| finding(view.sources, diagnostic, print))
}

/// The `summary` object.
pub fn summary(view: &View<'_>) -> Value {
    json!({
        "files": view.files,
        "templates": view.templates,
        "models": view.models,
        "findings": view.diagnostics.len(),
        "fixable": fixable(view).all(),
        "fixed": view.fixed,
        "suppressed": view.suppressed,
        "baselined": view.baselined,
        "unchanged": view.unchanged,
        "duration_ms": view.duration.as_millis() as u64,
    })
}

/// A value as text with a final line break; harmless where it is printed.
pub fn pretty(value: &Value) -> String {
    escape::json(&format!("{value:#}\n"))
}

/// A value as one line, harmless as well.
pub(super) fn line(value: &Value) -> String {
    escape::json(&format!("{value}\n"))
}

fn coverage(view: &View<'_>) -> Value {
    let mut map: Map<String, Value> = view
        .tallies
        .iter()
        .map(|tally| {
            (
                tally.name.to_owned(),
                json!({"seen": tally.seen, "resolved": tally.resolved}),
            )
        })
        .collect();
    map.insert("unknown".to_owned(), json!(view.unknown));
    Value::Object(map)
}

fn finding(sources: &SourceSet, diagnostic: &Diagnostic, fingerprint: String) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("rule", diagnostic.rule.into());
    put("code", diagnostic.code.into());
    put("group", diagnostic.group.into());
    put("severity", diagnostic.severity.as_str().into());
    put("certainty", diagnostic.certainty.as_str().into());
    put("message", diagnostic.message.as_str().into());
    put("help", json!(diagnostic.help));
    put("url", card_url(diagnostic.rule).into());
    for (key, value) in place(sources, diagnostic.site()) {
        put(key, value);
    }
    put("model", json!(diagnostic.model));
    put("relations", json!(diagnostic.relations));
    put("fields", json!(diagnostic.fields));
    put(
        "queries",
        match &diagnostic.queries {
            Some(queries) => json!({"before": queries.before, "after": queries.after}),
            None => Value::Null,
        },
    );
    put("endpoints", json!(diagnostic.endpoints));
    put(
        "labels",
        diagnostic.labels.iter().map(|l| label(sources, l)).collect(),
    );
    put(
        "fix",
        match &diagnostic.fix {
            Some(found) => fix(sources, found),
            None => Value::Null,
        },
    );
    put("fingerprint", fingerprint.into());
    Value::Object(map)
}

fn fix(sources: &SourceSet, fix: &Fix) -> Value {
    let mut edits: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            let mut map = Map::new();
            for (key, value) in place(sources, Site::new(edit.file, edit.span)) {
                map.insert(key.to_owned(), value);
            }
            map.insert("content".to_owned(), edit.content.as_str().into());
            Value::Object(map)
        })
        .collect();
    edits.extend(fix.migrations.iter().map(|migration| {
        json!({
            "path": migration.path(sources),
            "line": 1, "column": 1, "end_line": 1, "end_column": 1,
            "content": migration.text(),
        })
    }));
    json!({
        "safety": fix.safety.as_str(),
        "title": fix.title,
        "edits": edits,
    })
}

fn label(sources: &SourceSet, label: &Label) -> Value {
    let mut map = Map::new();
    map.insert("role".to_owned(), label.role.as_str().into());
    for (key, value) in place(sources, label.site) {
        map.insert(key.to_owned(), value);
    }
    map.insert("message".to_owned(), label.message.as_str().into());
    Value::Object(map)
}

fn place(sources: &SourceSet, site: Site) -> [(&'static str, Value); 5] {
    let place = Place::of(sources, site);
    [
        ("path", place.path.into()),
        ("line", place.start.line.into()),
        ("column", place.start.column.into()),
        ("end_line", place.end.line.into()),
        ("end_column", place.end.column.into()),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use serde_json::Value;

    use super::{SCHEMA, View, render};
    use crate::fix::{Edit, Fix, Safety};
    use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role, Severity};
    use crate::report::{RuleView, Style, TallyView};
    use crate::source::{FileId, Site, SourceFile, SourceSet, Span};

    static NOTHING: BTreeMap<String, u64> = BTreeMap::new();

    pub fn sources(files: &[(&str, &str)]) -> SourceSet {
        SourceSet::new(
            files
                .iter()
                .map(|(p, t)| SourceFile::new((*p).into(), (*t).into()))
                .collect(),
        )
    }

    pub fn span_of(text: &str, part: &str) -> Span {
        let start = text.find(part).unwrap();
        Span::new(start as u32, (start + part.len()) as u32)
    }

    pub fn diagnostic(text: &str, part: &str) -> Diagnostic {
        Diagnostic {
            rule: "related-access-in-loop",
            code: "DJP101",
            group: "n-plus-one",
            severity: Severity::Warning,
            certainty: Certainty::Certain,
            message: "`order.customer` runs one query per row".into(),
            help: Some("add `.select_related(\"customer\")`".into()),
            file: FileId(0),
            span: span_of(text, part),
            model: Some("shop.Order".into()),
            relations: vec!["customer".into()],
            fields: Vec::new(),
            queries: Some(Queries {
                before: "1 + N".into(),
                after: "1".into(),
            }),
            endpoints: Vec::new(),
            labels: vec![Label {
                site: Site::new(FileId(0), span_of(text, part)),
                role: Role::Queryset,
                message: "fetched here".into(),
            }],
            fix: None,
        }
    }

    pub fn view<'a>(sources: &'a SourceSet, diagnostics: &'a [Diagnostic]) -> View<'a> {
        View {
            sources,
            diagnostics,
            files: sources.len(),
            templates: 0,
            models: 2,
            suppressed: 1,
            baselined: 0,
            unchanged: 0,
            fixed: 0,
            applicable: Safety::Safe,
            duration: Duration::from_millis(7),
            tallies: vec![TallyView {
                name: "relations",
                seen: 4,
                resolved: 3,
            }],
            unknown: &NOTHING,
            rules: vec![RuleView {
                name: "related-access-in-loop",
                code: "DJP101",
                group: "n-plus-one",
                severity: Severity::Warning,
                preview: false,
                summary: "Finds reads. They cost.".into(),
                card: "\n# related-access-in-loop\n\nFinds reads.\n",
            }],
            below: String::new(),
            style: Style::PLAIN,
        }
    }

    /// A fix of `part` of the first file.
    pub fn fix(safety: Safety, text: &str, part: &str, content: &str) -> Fix {
        Fix {
            safety,
            title: "change it".into(),
            edits: vec![Edit::replace(Site::new(FileId(0), span_of(text, part)), content)],
            migrations: Vec::new(),
        }
    }

    #[test]
    fn documents_follow_the_schema_and_count_characters() {
        let text = "é = Order.objects.all()\n";
        let sources = sources(&[("shop/views.py", text)]);
        let mut bare = diagnostic(text, "Order");
        (bare.help, bare.model, bare.queries) = (None, None, None);
        bare.labels.clear();
        bare.fix = Some(fix(Safety::Unsafe, text, "all()", "none()"));
        let mut shown = diagnostic(text, "all()");
        shown.fix = Some(fix(Safety::Display, text, "all()", "none()"));
        let findings = [diagnostic(text, "Order.objects.all()"), bare, shown];
        let document: Value = serde_json::from_str(&render(&view(&sources, &findings))).unwrap();
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        assert!(jsonschema::meta::is_valid(&schema));
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");

        let first = &document["diagnostics"][0];
        assert_eq!((&first["column"], &first["end_column"]), (&5.into(), &24.into()));
        assert!(
            first["url"]
                .as_str()
                .unwrap()
                .ends_with("docs/rules/related-access-in-loop.md")
        );
        assert_eq!(document["coverage"]["relations"]["resolved"], 3);
        assert_eq!(
            document["summary"]["fixable"], 1,
            "what is only shown does not count"
        );
        assert_eq!(document["diagnostics"][1]["fix"]["edits"][0]["column"], 19);

        let mut broken = document.clone();
        broken["diagnostics"][0]["line"] = 0.into();
        assert!(!validator.is_valid(&broken));
        broken = document.clone();
        broken["diagnostics"][0]["surprise"] = true.into();
        assert!(!validator.is_valid(&broken));
        let empty = serde_json::from_str(&render(&view(&sources, &[]))).unwrap();
        assert!(validator.is_valid(&empty));
    }
}
