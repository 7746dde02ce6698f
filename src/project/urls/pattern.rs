//! Routes as people read them: regular expressions lose their anchors, groups keep their names.

use super::table::Syntax;

/// What `route` adds to the path of its parent.
pub(super) fn readable(route: &str, syntax: Syntax) -> String {
    match syntax {
        Syntax::Path => route.to_owned(),
        Syntax::Regex => regex(route),
    }
}

/// `^orders/(?P<pk>\d+)/$` → `orders/<pk>/`
fn regex(route: &str) -> String {
    let mut out = String::new();
    let mut chars = route.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '^' | '$' => {}
            // `/?`: what may be absent is written as present.
            '?' | '*' | '+' => {}
            '\\' => match chars.next() {
                Some('A' | 'Z' | 'b') | None => {}
                Some(c) if c.is_alphanumeric() => out.push('…'),
                Some(c) => out.push(c),
            },
            '(' => out.push_str(&group(&mut chars)),
            c => out.push(c),
        }
    }
    out
}

/// The rest of a group, without what it matches.
fn group(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    let mut depth = 1_u32;
    let mut in_set = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                text.push(c);
                text.extend(chars.next());
                continue;
            }
            '[' => in_set = true,
            ']' => in_set = false,
            '(' if !in_set => depth += 1,
            ')' if !in_set => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        text.push(c);
    }
    while chars.next_if(|c| matches!(c, '?' | '*' | '+')).is_some() {}
    let name = text.strip_prefix("?P<").and_then(|rest| rest.split_once('>'));
    match name {
        Some((name, _)) => format!("<{name}>"),
        None if text.starts_with("?:") => regex(&text[2..]),
        None if text.starts_with('?') => String::new(),
        None => "<…>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_readable() {
        for (route, read) in [
            (r"^orders/(?P<pk>\d+)/$", "orders/<pk>/"),
            (r"^(?P<slug>[\w-]+(?:x|y)*[)])/edit/?$", "<slug>/edit/"),
            (r"^a/(\d+)/b\.html\Z", "a/<…>/b.html"),
            (r"(?:api/)?v\d/", "api/v…/"),
            (r"^broken(", "broken<…>"),
        ] {
            assert_eq!(readable(route, Syntax::Regex), read);
        }
        assert_eq!(readable("a/<int:pk>/", Syntax::Path), "a/<int:pk>/");
    }
}
