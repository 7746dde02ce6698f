//! What XML formats share: a document in memory, elements, harmless text.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::ElementWriter;

use super::{escape_line, escape_text};

/// Elements are written to this.
pub(super) type Xml = Writer<Vec<u8>>;

/// A document with the elements that `write` writes.
pub(super) fn document(write: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| write(&mut xml));
    // Memory takes all that is written to it, and what is written is made of strings.
    written.expect("writing to memory does not fail");
    let mut text = String::from_utf8(xml.into_inner()).expect("strings are UTF-8");
    text.push('\n');
    text
}

/// An element with attributes; control characters, which XML cannot hold, are spelled out.
pub(super) fn element(
    xml: &mut Xml,
    name: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    started(xml, name, attributes, |element| {
        element.write_inner_content(content).map(drop)
    })
}

/// An element without content.
pub(super) fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    started(xml, name, attributes, |element| element.write_empty().map(drop))
}

fn started(
    xml: &mut Xml,
    name: &str,
    attributes: &[(&str, &str)],
    finish: impl FnOnce(ElementWriter<'_, Vec<u8>>) -> io::Result<()>,
) -> io::Result<()> {
    let safe: Vec<_> = attributes
        .iter()
        .map(|(key, value)| (*key, escape_line(value)))
        .collect();
    let element = xml.create_element(name);
    finish(element.with_attributes(safe.iter().map(|(key, value)| (*key, &**value))))
}

/// Text of several lines.
pub(super) fn text(xml: &mut Xml, content: &str) -> io::Result<()> {
    xml.write_event(Event::Text(BytesText::new(&escape_text(content))))
}
