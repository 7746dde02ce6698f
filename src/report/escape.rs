//! Makes foreign text harmless: to a terminal, no escape sequences and no reordering of what is read; to a CI system that
//! reads what is printed, no commands.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that move the cursor, change how neighbours are shown, or show nothing at all.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Text of one line; line breaks and tabs are escaped too.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// Text of several lines; line feeds stay.
pub fn text(text: &str) -> Cow<'_, str> {
    escape(text, |c| c != '\n' && is_unsafe(c))
}

fn escape(text: &str, bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&bad) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push(&mut out, c, bad(c));
    }
    Cow::Owned(out)
}

/// What people read, printed on a machine that takes some lines for commands: GitHub those that begin with `::` and, as
/// Azure Pipelines does, `##[` and `##vso[` anywhere (`ActionCommand.cs` of actions/runner, `Command.cs` of
/// microsoft/azure-pipelines-agent).
pub fn printed(text: &str) -> String {
    without_command_lines(&without_commands(text, "\\u{5b}"), "\\u{3a}")
}

/// A JSON document that is harmless where it is printed, and means the same.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in without_commands(text, "\\u005b").chars() {
        if c != '\n' && is_unsafe(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// An XML document without commands, which means the same.
pub(super) fn xml(text: &str) -> String {
    without_command_lines(&without_commands(text, "&#91;"), "&#58;")
}

/// A value of a command to a CI system: on one or several lines, and nothing that is a command itself.
pub(super) fn value(text: &str) -> String {
    without_commands(&self::text(text), "\\u{5b}").into_owned()
}

/// The first colon written as `spelled` on lines that begin with `::`.
fn without_command_lines(text: &str, spelled: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start();
        if rest.starts_with("::") {
            out.push_str(&line[..line.len() - rest.len()]);
            out.push_str(spelled);
            out.push_str(&rest[1..]);
        } else {
            out.push_str(line);
        }
    }
    out
}

/// `[` written as `spelled` where it would begin a command.
fn without_commands<'a>(text: &'a str, spelled: &str) -> Cow<'a, str> {
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices('[') {
        let before = &text.as_bytes()[..at];
        let word = before
            .last_chunk()
            .is_some_and(|w: &[u8; 5]| w.eq_ignore_ascii_case(b"##vso"));
        if word || before.ends_with(b"##") {
            out.push_str(&text[done..at]);
            out.push_str(spelled);
            done = at + 1;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Appends a character, or its `\u{…}` form.
pub(super) fn push(out: &mut String, c: char, escaped: bool) {
    if escaped {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::{json, line, printed, text, value, xml};

    #[test]
    fn control_and_reordering_characters_are_spelled_out() {
        assert_eq!(
            line("a\u{1b}[31mb\r\n\u{202e}"),
            r"a\u{1b}[31mb\u{d}\u{a}\u{202e}"
        );
        assert_eq!(text("a\nb\u{9b}2J"), "a\nb\\u{9b}2J");
        assert!(matches!(line("päth/ok.py"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_printed_is_a_command() {
        assert_eq!(
            printed("::error::x\n  ::set\na[::2]\n"),
            "\\u{3a}:error::x\n  \\u{3a}:set\na[::2]\n"
        );
        assert_eq!(
            printed("x ##[add-mask]y ##VSO[z] #[]"),
            "x ##\\u{5b}add-mask]y ##VSO\\u{5b}z] #[]"
        );
        assert_eq!(value("a\n##[b"), "a\n##\\u{5b}b");
        assert_eq!(xml("<a b='##[c'>\n::d</a>"), "<a b='##&#91;c'>\n&#58;:d</a>");
    }

    #[test]
    fn documents_keep_their_meaning() {
        let said = "##[x]\u{9b}2J\u{202e}\u{7f}\n";
        let document = json(&serde_json::to_string(&[said]).unwrap());
        assert!(document.is_ascii() && !document.contains("##["), "{document}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&document).unwrap(), [said]);
    }
}
