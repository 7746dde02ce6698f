//! Bytes of a Python file to text: byte order mark, PEP 263 coding line, UTF-8.
//!
//! Knows the single-byte codings that occur in old projects; every other coding is accepted only
//! where the bytes are UTF-8 as well.

/// The text of a file without its byte order mark, or why there is none.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let rest = String::from_utf8(bytes[3..].to_vec());
        return rest.map_err(|_| "not UTF-8 behind a byte order mark".to_owned());
    }
    let coding = coding(&bytes).map(|name| name.to_ascii_lowercase().replace('_', "-"));
    match coding.as_deref() {
        Some("latin-1" | "latin1" | "l1" | "iso-8859-1" | "iso8859-1") => {
            return Ok(bytes.iter().map(|byte| char::from(*byte)).collect());
        }
        Some("cp1252" | "windows-1252" | "1252") => return Ok(bytes.iter().map(|b| cp1252(*b)).collect()),
        _ => {}
    }
    String::from_utf8(bytes).map_err(|_| match coding.as_deref() {
        None => "not UTF-8 and no coding line".to_owned(),
        Some("utf-8" | "utf8") => "not UTF-8 though its coding line says so".to_owned(),
        Some("ascii" | "us-ascii") => "not ASCII though its coding line says so".to_owned(),
        Some(name) => format!("unknown coding `{}`", name.escape_debug()),
    })
}

/// The coding named in a comment on the first or second line.
fn coding(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    for _ in 0..2 {
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.strip_prefix(b"\r\n").or(after.get(1..)).unwrap_or(after);
        match line.trim_ascii_start() {
            [] => {}
            comment @ [b'#', ..] => {
                if let Some(name) = coding_in_comment(comment) {
                    return Some(name);
                }
            }
            _ => return None,
        }
    }
    None
}

/// `coding[:=]\s*([-\w.]+)` in a comment.
fn coding_in_comment(comment: &[u8]) -> Option<String> {
    const WORD: &[u8] = b"coding";
    let starts = comment
        .windows(WORD.len())
        .enumerate()
        .filter(|(_, window)| *window == WORD);
    for (at, _) in starts {
        let Some((b':' | b'=', rest)) = comment[at + WORD.len()..].split_first() else {
            continue;
        };
        let rest = rest.trim_ascii_start();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let name: Vec<u8> = rest.iter().copied().take_while(is_name).collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

fn cp1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn text(bytes: &[u8]) -> Result<String, String> {
        decode(bytes.to_vec())
    }

    #[test]
    fn utf8_with_and_without_mark() {
        assert_eq!(text("é = 1\r\n".as_bytes()).unwrap(), "é = 1\r\n");
        assert_eq!(text(b"\xef\xbb\xbfa = 1\n").unwrap(), "a = 1\n");
        assert_eq!(text(b"").unwrap(), "");
        assert_eq!(text(b"a\0b").unwrap(), "a\0b");
        assert_eq!(
            text(b"\xef\xbb\xbf\xff").unwrap_err(),
            "not UTF-8 behind a byte order mark"
        );
    }

    #[test]
    fn coding_lines() {
        assert_eq!(
            text(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n").unwrap(),
            "# -*- coding: latin-1 -*-\nx = 'é'\n"
        );
        assert_eq!(
            text(b"#!/usr/bin/python\r\n# vim: set fileencoding=cp1252 :\r\n'\x80'")
                .unwrap()
                .chars()
                .rev()
                .nth(1),
            Some('€')
        );
        assert_eq!(
            text(b"\n# coding=iso_8859_1\n\xfc").unwrap(),
            "\n# coding=iso_8859_1\nü"
        );
        assert!(
            text(b"\n\n# coding=latin-1\n\xfc").is_err(),
            "the third line does not count"
        );
        assert!(
            text(b"x = 1\n# coding=latin-1\n\xfc").is_err(),
            "code on the first line ends the search"
        );
        assert_eq!(
            text(b"# coding: koi8-r\n\xfc").unwrap_err(),
            "unknown coding `koi8-r`"
        );
        assert_eq!(text(b"# coding: koi8-r\nx").unwrap(), "# coding: koi8-r\nx");
        assert_eq!(text(b"x = '\xff'").unwrap_err(), "not UTF-8 and no coding line");
    }
}
