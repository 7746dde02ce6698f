//! Workflow commands of GitHub Actions, which become annotations of the changed lines.
//!
//! A step shows ten annotations of each level, so the gravest come first. Values are escaped as `command.ts` of
//! actions/toolkit does.

use super::diagnostic::Severity;
use super::place::{Place, in_checkout};
use super::{View, escape};

/// All findings, each on a line of its own.
pub(super) fn render(view: &View<'_>) -> String {
    let mut found: Vec<_> = view.diagnostics.iter().collect();
    found.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let mut out = String::new();
    for diagnostic in found {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let title = format!("djperf ({} {})", diagnostic.code, diagnostic.rule);
        let at = Place::of(view.sources, diagnostic.site());
        let mut properties = vec![
            ("title", property(&title)),
            ("file", property(&in_checkout(view, at.path))),
            ("line", at.start.line.to_string()),
            ("endLine", at.end.line.to_string()),
        ];
        // Columns of spans over several lines are refused.
        if at.start.line == at.end.line {
            properties.push(("col", at.start.column.to_string()));
            properties.push(("endColumn", at.end.column.to_string()));
        }
        let properties: Vec<String> = properties
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        out.push_str(&format!(
            "::{command} {}::{}\n",
            properties.join(","),
            data(&diagnostic.told())
        ));
    }
    out
}

fn data(text: &str) -> String {
    escape::value(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::diagnostic::Severity;
    use crate::report::json::tests::{diagnostic, sources, view};

    #[test]
    fn values_are_escaped_and_the_gravest_comes_first() {
        let text = "é = Order.objects.all(\n)\n";
        let sources = sources(&[("a,b:c%0A.py", text)]);
        let mut long = diagnostic(text, "Order.objects.all(\n)");
        long.help = None;
        let mut grave = diagnostic(text, "Order");
        grave.severity = Severity::Error;
        grave.message = "100 %, a::b".into();
        let mut view = view(&sources, &[]);
        let found = [long, grave];
        view.diagnostics = &found;
        view.below = "srv".into();
        assert_eq!(
            render(&view),
            "::error title=djperf (DJP101 related-access-in-loop),file=srv/a%2Cb%3Ac%250A.py,line=1,endLine=1,col=5,endColumn=10::100 %25, a::b%0Ahelp: add `.select_related(\"customer\")`\n\
             ::warning title=djperf (DJP101 related-access-in-loop),file=srv/a%2Cb%3Ac%250A.py,line=1,endLine=2::`order.customer` runs one query per row\n"
        );
    }
}
