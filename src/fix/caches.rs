//! Repairs of code that uses the cache: the right test for a missing key, and a default that waits.

use crate::analysis::caches::{Form, Test};
use crate::source::{Site, Span};

use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety};

/// `if value` becomes `if value is not None`.
pub fn compare_with_none(desk: Desk<'_, '_>, test: Test) -> Result<Fix, Refusal> {
    let Test { site, form } = test;
    let text = desk.trees.text(site.file);
    let tested = &text[site.span.start as usize..site.span.end as usize];
    let (span, content) = match form {
        Form::Plain => (Span::new(site.span.end, site.span.end), " is not None".to_owned()),
        Form::Negated => {
            let name = tested.trim_start_matches("not").trim_start();
            let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !plain {
                return Err("the test is not that of a variable");
            }
            (site.span, format!("{name} is None"))
        }
        Form::Walrus => {
            let closed = text[..site.span.start as usize].ends_with('(')
                && text[site.span.end as usize..].starts_with(')');
            if closed {
                let end = site.span.end + 1;
                (Span::new(end, end), " is not None".to_owned())
            } else {
                (site.span, format!("({tested}) is not None"))
            }
        }
        Form::Other => return Err("the value itself is used there"),
    };
    Fix::in_file(
        Safety::Unsafe,
        "compare with `None`".into(),
        site.file,
        vec![(span, content)],
    )
}

/// A default of `get_or_set` becomes a callable.
pub fn defer(desk: Desk<'_, '_>, default: Site) -> Result<Fix, Refusal> {
    let module = desk.trees.get(default.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(default.file);
    let written = &text[default.span.start as usize..default.span.end as usize];
    Scope::around(&module, default.span).ok_or("the call stands outside of functions")?;
    if ["await ", "yield ", ":="]
        .iter()
        .any(|word| written.contains(word))
    {
        return Err("a lambda cannot hold it");
    }
    let start = default.span.start;
    let called = written
        .strip_suffix("()")
        .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let edit = if called {
        (Span::new(default.span.end - 2, default.span.end), String::new())
    } else {
        (Span::new(start, start), "lambda: ".to_owned())
    };
    Fix::in_file(
        Safety::Safe,
        "compute it only when the key is missing".into(),
        default.file,
        vec![edit],
    )
}
