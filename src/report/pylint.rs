//! Lines as pylint prints them: `path:line: [CODE] message`.

use super::place::Place;
use super::{View, escape_line};

/// All findings, each on a line of its own.
pub(super) fn render(view: &View<'_>) -> String {
    let mut out = String::new();
    for diagnostic in view.diagnostics {
        let at = Place::of(view.sources, diagnostic.site());
        out.push_str(&format!(
            "{}:{}: [{}] {}\n",
            escape_line(at.path),
            at.start.line,
            diagnostic.code,
            escape_line(&diagnostic.message),
        ));
    }
    out
}
