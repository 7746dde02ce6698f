//! Reads the front matter of a rule card at compile time, where a bad value does not compile; and finds its prose.

use crate::report::diagnostic::Severity;

use super::Rule;

/// The rule that a card describes.
pub(super) const fn read(card: &'static str) -> Rule {
    Rule {
        name: field(card, "name"),
        code: field(card, "code"),
        group: field(card, "group"),
        severity: severity(field(card, "severity")),
        preview: same(field(card, "preview"), "true"),
        card,
    }
}

const fn severity(text: &str) -> Severity {
    if same(text, "error") {
        Severity::Error
    } else if same(text, "warning") {
        Severity::Warning
    } else if same(text, "info") {
        Severity::Info
    } else {
        panic!("unknown severity in a rule card")
    }
}

/// The value of `key: value` in the front matter.
const fn field(card: &'static str, key: &str) -> &'static str {
    let bytes = card.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let mut end = at;
        while end < bytes.len() && bytes[end] != b'\n' {
            end += 1;
        }
        if starts(bytes, at, key) && bytes[at + key.len()] == b':' {
            let (_, tail) = card.split_at(at + key.len() + 1);
            let (value, _) = tail.split_at(end - at - key.len() - 1);
            return value.trim_ascii();
        }
        at = end + 1;
    }
    panic!("a rule card lacks a field")
}

const fn starts(bytes: &[u8], at: usize, key: &str) -> bool {
    let key = key.as_bytes();
    if at + key.len() >= bytes.len() {
        return false;
    }
    let mut i = 0;
    while i < key.len() {
        if bytes[at + i] != key[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        let mut i = 0;
        while i < a.len() {
            if a[i] != b[i] {
                return false;
            }
            i += 1;
        }
        true
    }
}

/// A card without its front matter, fenced by `---` or `+++`.
pub(super) fn body(card: &str) -> &str {
    let card = card.trim_start_matches('\u{feff}');
    for fence in ["---", "+++"] {
        let Some(rest) = card
            .strip_prefix(fence)
            .filter(|rest| rest.starts_with(['\n', '\r']))
        else {
            continue;
        };
        let mut offset = 0;
        for line in rest.split_inclusive('\n') {
            offset += line.len();
            if line.trim_end() == fence {
                return &rest[offset..];
            }
        }
    }
    card
}

/// The first prose behind the headings, on one line.
pub(super) fn first_paragraph(card: &str) -> String {
    card.lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{body, first_paragraph};

    #[test]
    fn summaries_are_the_first_prose() {
        assert_eq!(first_paragraph("\n# title\n\nOne\ntwo.\n\nthree"), "One two.");
    }

    #[test]
    fn front_matter_is_left_out() {
        assert_eq!(
            body("---\nname: x\n---\n# x\n\n---\ntext\n"),
            "# x\n\n---\ntext\n"
        );
        assert_eq!(body("+++\r\nname = 1\r\n+++\r\nbody"), "body");
        assert_eq!(body("# no front matter"), "# no front matter");
        assert_eq!(body("---\nnever closed"), "---\nnever closed");
    }
}
