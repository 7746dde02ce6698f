//! Logging commands of Azure Pipelines.
//!
//! Values are escaped as `Command.cs` of microsoft/azure-pipelines-agent reads them.

use super::diagnostic::Severity;
use super::place::{Place, in_checkout};
use super::{View, escape};

/// All findings, each on a line of its own.
pub(super) fn render(view: &View<'_>) -> String {
    let mut out = String::new();
    for diagnostic in view.diagnostics {
        let kind = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Info => "warning",
        };
        let at = Place::of(view.sources, diagnostic.site());
        out.push_str(&format!(
            "##vso[task.logissue type={kind};sourcepath={};linenumber={};columnnumber={};code={};]{}\n",
            property(&in_checkout(view, at.path)),
            at.start.line,
            at.start.column,
            diagnostic.code,
            data(&diagnostic.told()),
        ));
    }
    out
}

fn data(text: &str) -> String {
    escape::value(text)
        .replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(';', "%3B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::json::tests::{diagnostic, sources, view};

    #[test]
    fn values_are_escaped() {
        let text = "x = 1\n";
        let sources = sources(&[("a;b]%0A.py", text)]);
        let mut found = diagnostic(text, "1");
        found.message = "a]; 5 %".into();
        assert_eq!(
            render(&view(&sources, &[found])),
            "##vso[task.logissue type=warning;sourcepath=a%3Bb%5D%AZP250A.py;linenumber=1;columnnumber=5;code=DJP101;]a]; 5 %AZP25%0Ahelp: add `.select_related(\"customer\")`\n"
        );
    }
}
