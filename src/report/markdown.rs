//! A table in GitHub's flavour of Markdown, for summaries of jobs and for comments.
//!
//! What is quoted in messages becomes code; of all else from a project no character means anything to Markdown or HTML.

use super::place::{Place, in_checkout};
use super::{View, escape_line};

const HEAD: &str = "| place | rule | finding |\n| --- | --- | --- |\n";

/// All findings, under a line that counts them.
pub(super) fn render(view: &View<'_>) -> String {
    at_most(view, usize::MAX)
}

/// As many findings as fit into a number of bytes, and how many did not. Harmless where it is printed.
pub fn summary(view: &View<'_>, bytes: usize) -> String {
    super::escape::printed(&at_most(view, bytes))
}

fn at_most(view: &View<'_>, bytes: usize) -> String {
    let found = view.diagnostics.len();
    let mut out = match found {
        0 => "**djperf** found no problems.\n".to_owned(),
        1 => "**djperf** found 1 problem.\n".to_owned(),
        n => format!("**djperf** found {n} problems.\n"),
    };
    if found == 0 {
        return out;
    }
    out.push('\n');
    out.push_str(HEAD);
    for (shown, diagnostic) in view.diagnostics.iter().enumerate() {
        let at = Place::of(view.sources, diagnostic.site());
        let place = format!(
            "{}:{}:{}",
            in_checkout(view, at.path),
            at.start.line,
            at.start.column
        );
        let help = diagnostic
            .help
            .as_deref()
            .map(|help| format!("<br>{}", prose(help)));
        let row = format!(
            "| {} | {} {} | {}{} |\n",
            code(&escape_line(&place)),
            diagnostic.code,
            diagnostic.rule,
            prose(&diagnostic.message),
            help.unwrap_or_default(),
        );
        if out.len() + row.len() > bytes {
            out.push_str(&format!("\n… and {} more.\n", found - shown));
            return out;
        }
        out.push_str(&row);
    }
    out
}

/// A message: what stands between backticks is code.
fn prose(text: &str) -> String {
    let text = escape_line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len() - 1;
    let mut out = String::new();
    for (i, piece) in pieces.iter().enumerate() {
        match i % 2 {
            1 if i < last => out.push_str(&code(piece)),
            1 => out.push_str(&entities(&format!("`{piece}"))),
            _ => out.push_str(&entities(piece)),
        }
    }
    out
}

/// A code span; one that holds pipes or backslashes would break a table, and not every reader knows that tags in it are none.
fn code(text: &str) -> String {
    let plain = !text.is_empty() && text.trim() == text && !text.contains(['`', '|', '\\', '<', '>', '&']);
    if plain {
        format!("`{text}`")
    } else {
        format!("<code>{}</code>", entities(text))
    }
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation()
            && !matches!(
                c,
                '.' | ',' | ';' | '-' | '/' | '(' | ')' | '\'' | '"' | '?' | '%' | '='
            )
        {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{code, prose, render, summary};
    use crate::report::json::tests::{diagnostic, sources, view};

    #[test]
    fn findings_are_rows_and_quoted_words_are_code() {
        let text = "x = 1\n";
        let sources = sources(&[("a|b.py", text)]);
        let found = [diagnostic(text, "1")];
        assert_eq!(
            render(&view(&sources, &found)),
            "**djperf** found 1 problem.\n\n| place | rule | finding |\n| --- | --- | --- |\n\
             | <code>a&#124;b.py&#58;1&#58;5</code> | DJP101 related-access-in-loop | `order.customer` runs one query per row<br>add `.select_related(\"customer\")` |\n"
        );
        assert_eq!(render(&view(&sources, &[])), "**djperf** found no problems.\n");
    }

    #[test]
    fn characters_mean_nothing() {
        assert_eq!(
            prose("<b> *x* [a](b) `c` `d"),
            "&#60;b&#62; &#42;x&#42; &#91;a&#93;(b) `c` &#96;d"
        );
        assert_eq!(code("a`\\"), "<code>a&#96;&#92;</code>");
        assert_eq!(code("<script>"), "<code>&#60;script&#62;</code>");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let text = "x = 1\n";
        let sources = sources(&[("a.py", text)]);
        let found = vec![diagnostic(text, "1"); 5];
        let view = view(&sources, &found);
        let whole = render(&view);
        let cut = summary(&view, whole.len() - 1);
        assert!(cut.ends_with("\n\n… and 1 more.\n"), "{cut}");
        assert_eq!(summary(&view, whole.len()), whole);
    }
}
