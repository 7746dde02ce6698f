//! Messages as bytes: headers, lengths, JSON. What is malformed is told, and reading goes on behind it.

use std::io::{BufRead, Read, Write};

use crossbeam_channel::{Receiver, Sender};
use lsp_server::{Message, RequestId};
use serde_json::Value;

use super::Event;

/// Longer messages are no messages.
const MAX_BYTES: u64 = 256 << 20;
/// A header line that is longer is none.
const MAX_HEADER: u64 = 4 << 10;
const LENGTH: &[u8] = b"content-length:";

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    Message(Message),
    /// With the id of the request, if it has one that can be read.
    Malformed(Option<RequestId>, String),
    /// Nothing comes any more.
    End,
}

/// Reads until the end, and tells everything.
pub(super) fn listen(mut input: impl BufRead, events: &Sender<Event>) {
    loop {
        let heard = hear(&mut input);
        let end = matches!(heard, Heard::End);
        if events.send(Event::Heard(heard)).is_err() || end {
            return;
        }
    }
}

fn hear(input: &mut impl BufRead) -> Heard {
    let length = match header(input) {
        Ok(Some(length)) => length,
        Ok(None) => return Heard::End,
        Err(reason) => return Heard::Malformed(None, reason),
    };
    let mut body = Vec::new();
    match input.by_ref().take(length).read_to_end(&mut body) {
        Ok(read) if read as u64 == length => parse(&body),
        _ => Heard::End,
    }
}

/// The length of the body that follows; none at the end of the input.
fn header(input: &mut impl BufRead) -> Result<Option<u64>, String> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        let text = line.trim_ascii().to_ascii_lowercase();
        if text.is_empty() {
            match length {
                Some(length) => return Ok(Some(length)),
                // Blank lines between messages.
                None => continue,
            }
        }
        // After a body that was longer than its header said, the next header does not begin its line.
        let at = text.windows(LENGTH.len()).rposition(|part| part == LENGTH);
        if let Some(at) = at {
            let number = text[at + LENGTH.len()..].trim_ascii();
            let number = std::str::from_utf8(number)
                .ok()
                .and_then(|n| n.parse::<u64>().ok());
            match number {
                Some(number) if number <= MAX_BYTES => length = Some(number),
                _ => return Err("a header has no length that can be read".to_owned()),
            }
        } else if length.is_none() && !text.starts_with(b"content-type:") {
            return Err("what stands before a message is no header".to_owned());
        }
    }
}

fn parse(body: &[u8]) -> Heard {
    match serde_json::from_slice::<Message>(body) {
        Ok(message) => Heard::Message(message),
        Err(_) => match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let id = value.get("id").cloned();
                let id = id.and_then(|id| serde_json::from_value(id).ok());
                Heard::Malformed(id, "not a message of JSON-RPC".to_owned())
            }
            Err(error) => Heard::Malformed(None, format!("not JSON: {error}")),
        },
    }
}

/// Writes messages until nobody sends or reads them any more.
pub(super) fn write_all(mut output: impl Write, messages: &Receiver<Message>) {
    for message in messages {
        if message.write(&mut output).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Heard, hear};

    fn message(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    /// The methods of what is heard; `-` for what is malformed.
    fn methods(bytes: &str) -> Vec<String> {
        let mut input = Cursor::new(bytes.as_bytes().to_vec());
        let mut all = Vec::new();
        loop {
            match hear(&mut input) {
                Heard::Message(lsp_server::Message::Notification(it)) => all.push(it.method),
                Heard::Message(lsp_server::Message::Request(it)) => all.push(it.method),
                Heard::Message(lsp_server::Message::Response(_)) => all.push("=".to_owned()),
                Heard::Malformed(..) => all.push("-".to_owned()),
                Heard::End => return all,
            }
        }
    }

    #[test]
    fn reading_goes_on_behind_what_is_malformed() {
        let good = message(r#"{"jsonrpc":"2.0","method":"good"}"#);
        for (what, bad) in [
            ("no JSON", message("{nope")),
            ("no object", message("[1, 2]")),
            ("no method", message(r#"{"id": 7}"#)),
            ("not UTF-8 by its length", message("\"é\"").replace(": 4", ": 3")),
            ("too short", message(r#"{"method":"cut"}"#).replace(": 16", ": 9")),
            ("no length", "Content-Length: many\r\n\r\n".to_owned()),
            ("negative", "Content-Length: -5\r\n\r\n".to_owned()),
            (
                "far too long",
                "Content-Length: 99999999999999\r\n\r\n".to_owned(),
            ),
            ("no header", "hello\r\n".to_owned()),
        ] {
            let heard = methods(&format!("{good}{bad}{good}"));
            assert_eq!(heard.first().map(String::as_str), Some("good"), "{what}");
            assert_eq!(
                heard.last().map(String::as_str),
                Some("good"),
                "{what}: {heard:?}"
            );
            assert!(
                heard.len() >= 3 && heard[1..heard.len() - 1].iter().all(|m| m == "-"),
                "{what}: {heard:?}"
            );
        }
        assert_eq!(
            methods(&format!("{good}{}", &good[..good.len() - 3])),
            ["good"],
            "cut off"
        );
    }

    #[test]
    fn headers_may_be_written_in_other_ways() {
        let body = r#"{"jsonrpc":"2.0","id":"a","method":"it","params":null}"#;
        let length = body.len();
        for header in [
            format!("content-length:{length}\r\n\r\n"),
            format!(
                "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
            ),
            format!("Content-Length: {length}\nContent-Type: x\n\n"),
        ] {
            assert_eq!(methods(&format!("{header}{body}")), ["it"], "{header:?}");
        }
    }
}
