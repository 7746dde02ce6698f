//! One line a finding: `path:line:column: CODE rule-name message`, with `[*]` before the message of those that a fix
//! answers.

use super::diagnostic::Diagnostic;
use super::place::Place;
use super::{Fixable, View, escape_line, fixable};

/// All findings, each on a line of its own.
pub fn render(view: &View<'_>) -> String {
    let fixable = fixable(view);
    let mut out = String::new();
    for diagnostic in view.diagnostics {
        let at = Place::of(view.sources, diagnostic.site());
        out.push_str(&format!(
            "{}:{}:{}: {}\n",
            escape_line(at.path),
            at.start.line,
            at.start.column,
            said(diagnostic, fixable),
        ));
    }
    out
}

/// A finding without its place.
pub(super) fn said(diagnostic: &Diagnostic, fixable: Fixable) -> String {
    let mark = if fixable.has(diagnostic) { "[*] " } else { "" };
    let message = escape_line(&diagnostic.message);
    format!("{} {} {mark}{message}", diagnostic.code, diagnostic.rule)
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::fix::Safety;
    use crate::report::json::tests::{diagnostic, fix, sources, view};

    #[test]
    fn one_line_each_without_control_characters() {
        let text = "é = Order.objects.all()\n";
        let sources = sources(&[("a\u{1b}[2J\n.py", text)]);
        let mut finding = diagnostic(text, "Order.objects.all()");
        finding.message = "loads\n`customer`\u{7}".into();
        let out = render(&view(&sources, &[finding]));
        assert_eq!(
            out,
            "a\\u{1b}[2J\\u{a}.py:1:5: DJP101 related-access-in-loop loads\\u{a}`customer`\\u{7}\n"
        );
    }

    #[test]
    fn findings_that_would_be_fixed_are_marked() {
        let text = "x = Order.objects.all()\n";
        let sources = sources(&[("a.py", text)]);
        let marked = |safety, applicable| {
            let mut finding = diagnostic(text, "all()");
            finding.fix = Some(fix(safety, text, "all()", "none()"));
            let findings = [finding];
            let mut view = view(&sources, &findings);
            view.applicable = applicable;
            render(&view).contains(" [*] `order.customer`")
        };
        assert!(marked(Safety::Safe, Safety::Safe));
        assert!(!marked(Safety::Unsafe, Safety::Safe));
        assert!(marked(Safety::Unsafe, Safety::Unsafe));
        assert!(!marked(Safety::Display, Safety::Unsafe));
    }
}
