//! Reads the front matter of a rule card at compile time; a bad value does not compile.

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
