//! What the full output looks like, and what must never be in it.

use proptest::prelude::*;

use super::{Style, render};
use crate::report::diagnostic::{Label, Role};
use crate::report::json::tests::{diagnostic, sources, span_of, view};
use crate::source::{FileId, Site, Span};

const VIEWS: &str = "\
def report(request):
    orders = Order.objects.all()
    for order in orders:
\t\tprint(name_of(order))
";

const UTILS: &str = "def name_of(order):\n    return order.customer.name\n";

#[test]
fn header_snippets_of_every_file_and_help() {
    let sources = sources(&[("shop/views.py", VIEWS), ("shop/utils.py", UTILS)]);
    let mut finding = diagnostic(VIEWS, "Order.objects.all()");
    finding.labels.push(Label {
        site: Site::new(FileId(0), span_of(VIEWS, "name_of(order)")),
        role: Role::Call,
        message: "each order is passed here".into(),
    });
    finding.labels.push(Label {
        site: Site::new(FileId(1), span_of(UTILS, "order.customer")),
        role: Role::Access,
        message: "loads `customer`".into(),
    });
    let out = render(&view(&sources, &[finding.clone()]));
    println!("{out}");
    assert!(
        out.starts_with("warning[DJP101 related-access-in-loop]: `order.customer` runs one query per row\n")
    );
    for part in [
        "[shop/views.py:2:14]",
        "[shop/utils.py:2:12]",
        "fetched here",
        "each order is passed here",
        "loads `customer`",
        "  help: add `.select_related(\"customer\")`",
        "queries: 1 + N now, 1 with the change",
    ] {
        assert!(out.contains(part), "{part} is missing from\n{out}");
    }
    assert!(!out.contains('\u{1b}'));
    let found = [finding];
    let mut view = view(&sources, &found);
    view.style = Style {
        color: true,
        width: 100,
    };
    let colored = render(&view);
    assert!(colored.contains("\u{1b}[1;33mwarning[DJP101"));
}

#[test]
fn foreign_control_characters_never_reach_the_terminal() {
    let text = "x = \"\u{1b}]0;owned\u{7}\" + Order.objects.all()\u{202e}\n";
    let sources = sources(&[("a\u{1b}[2J.py", text)]);
    let mut finding = diagnostic(text, "Order.objects.all()");
    finding.message = "about `\u{1b}[31m`".into();
    finding.help = Some("write `\u{9b}1m`".into());
    finding.labels[0].message = "\u{8}here".into();
    let out = render(&view(&sources, &[finding]));
    assert!(
        out.chars()
            .all(|c| c == '\n' || !crate::report::escape::is_unsafe(c)),
        "{out:?}"
    );
    for part in [
        "a\\u{1b}[2J.py:1:",
        "\\u{1b}]0;owned\\u{7}",
        "\\u{8}here",
        "\\u{9b}1m",
    ] {
        assert!(out.contains(part), "{part} is missing from\n{out}");
    }
}

proptest! {
    #[test]
    fn any_text_and_any_spans_are_shown(
        text in "(a|é|漢|\t|\n|\r|\u{1b}| |\u{200d}){0,40}",
        spans in proptest::collection::vec((0u32..60, 0u32..60), 1..5),
    ) {
        let sources = sources(&[("a.py", &text)]);
        let mut finding = diagnostic("x", "x");
        finding.span = Span::new(spans[0].0, spans[0].0 + spans[0].1);
        finding.labels = spans[1..]
            .iter()
            .map(|(start, len)| Label {
                site: Site::new(FileId(0), Span::new(*start, start + len)),
                role: Role::Access,
                message: "here".into(),
            })
            .collect();
        let out = render(&view(&sources, &[finding]));
        prop_assert!(out.contains("help:"));
        let raw = out.contains('\x1b');
        prop_assert!(!raw);
    }
}
