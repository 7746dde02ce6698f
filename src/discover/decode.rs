//! Bytes of a Python file to text and back: byte order mark, PEP 263 coding line, UTF-8.
//!
//! Knows the single-byte codings that occur in old projects; every other coding is accepted only
//! where the bytes are UTF-8 as well.

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What the bytes of a file mean.
#[derive(Debug, PartialEq, Eq)]
enum Coding {
    /// UTF-8 behind a byte order mark.
    Marked,
    Utf8,
    Latin1,
    Cp1252,
    /// Read as UTF-8 for want of better knowledge.
    Other(String),
}

impl Coding {
    fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(MARK) {
            return Self::Marked;
        }
        let Some(name) = coding(bytes).map(|name| name.to_ascii_lowercase().replace('_', "-")) else {
            return Self::Utf8;
        };
        match name.as_str() {
            "latin-1" | "latin1" | "l1" | "iso-8859-1" | "iso8859-1" => Self::Latin1,
            "cp1252" | "windows-1252" | "1252" => Self::Cp1252,
            _ => Self::Other(name),
        }
    }
}

/// The text of a file without its byte order mark, or why there is none.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    match Coding::of(&bytes) {
        Coding::Marked => String::from_utf8(bytes[MARK.len()..].to_vec())
            .map_err(|_| "not UTF-8 behind a byte order mark".to_owned()),
        Coding::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Coding::Cp1252 => Ok(bytes.iter().map(|byte| cp1252(*byte)).collect()),
        Coding::Utf8 => String::from_utf8(bytes).map_err(|_| "not UTF-8 and no coding line".to_owned()),
        Coding::Other(name) => String::from_utf8(bytes).map_err(|_| match name.as_str() {
            "utf-8" | "utf8" => "not UTF-8 though its coding line says so".to_owned(),
            "ascii" | "us-ascii" => "not ASCII though its coding line says so".to_owned(),
            name => format!("unknown coding `{}`", name.escape_debug()),
        }),
    }
}

/// A new text of a file in the coding of its old bytes, byte order mark included; or why that cannot be.
pub(super) fn encode(old: &[u8], new: &str) -> Result<Vec<u8>, String> {
    let bytes = match Coding::of(old) {
        Coding::Marked => [MARK, new.as_bytes()].concat(),
        Coding::Utf8 => new.as_bytes().to_vec(),
        Coding::Latin1 => each_char(new, |c| u8::try_from(u32::from(c)).ok())?,
        Coding::Cp1252 => each_char(new, |c| (0..=255).find(|byte| cp1252(*byte) == c))?,
        Coding::Other(name) => {
            let foreign = |bytes: &[u8]| bytes.iter().filter(|byte| !byte.is_ascii()).count();
            if !matches!(name.as_str(), "utf-8" | "utf8") && foreign(new.as_bytes()) > foreign(old) {
                return Err(format!(
                    "cannot be written in the coding `{}`",
                    name.escape_debug()
                ));
            }
            new.as_bytes().to_vec()
        }
    };
    match decode(bytes.clone()) {
        Ok(text) if text == new => Ok(bytes),
        _ => Err("cannot be written in the coding of the file".to_owned()),
    }
}

fn each_char(text: &str, byte: impl Fn(char) -> Option<u8>) -> Result<Vec<u8>, String> {
    let missing = |c: char| {
        format!(
            "`{}` cannot be written in the coding of the file",
            c.escape_debug()
        )
    };
    text.chars().map(|c| byte(c).ok_or_else(|| missing(c))).collect()
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
    use super::{decode, encode};

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

    #[test]
    fn new_text_is_written_as_the_old_one_was() {
        let back = |old: &[u8], change: &str| encode(old, &(text(old).unwrap() + change));
        for (old, added) in [
            (&b"\xef\xbb\xbfx = 1\n"[..], &b"\xc3\xa9"[..]),
            ("x = 'ö'\r\n".as_bytes(), b"\xc3\xa9"),
            (b"# coding: utf8\nx\n", b"\xc3\xa9"),
            (b"# coding: latin-1\nx = '\xe4\x81'\n", b"\xe9"),
            (b"# coding: cp1252\nx = '\x80\x81'\n", b"\xe9"),
        ] {
            assert_eq!(back(old, "é").unwrap(), [old, added].concat());
            assert_eq!(back(old, "").unwrap(), old);
        }
        assert!(back(b"# coding: latin-1\nx\n", "€").unwrap_err().contains('€'));
        assert!(back(b"# coding: cp1252\nx\n", "Ж").is_err());
        assert!(
            back(b"# coding: koi8-r\nx\n", "Ж")
                .unwrap_err()
                .contains("koi8-r")
        );
        assert!(back(b"# coding: ascii\nx\n", "é").is_err());
        let koi = "# coding: koi8-r\nx = 'Ж'\n".as_bytes();
        assert_eq!(back(koi, "y").unwrap(), [koi, b"y"].concat());
        assert!(
            encode(b"x\n", "# coding: latin-1\n\u{e9}").is_err(),
            "another coding line would change the meaning of the bytes"
        );
    }
}
