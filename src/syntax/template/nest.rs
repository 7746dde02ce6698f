//! Puts tags into the tags that hold them, in time linear in their number and to a bounded depth.
//! Knows blocks only from the table it is given: any other tag holds a body if its `end…` tag follows.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Block, Node, Part, Print, Tag, TemplateError};
use crate::source::Span;

/// Blocks inside blocks; what lies deeper is not read.
pub(super) const MAX_DEPTH: usize = 100;

/// A tag that holds a body.
pub(super) struct BlockTag {
    pub(super) name: &'static str,
    /// Tags that begin another part of it.
    pub(super) middles: &'static [&'static str],
    pub(super) end: &'static str,
}

pub(super) enum Item<'a> {
    Print(Print<'a>),
    Tag(Tag<'a>),
    /// A tag that holds nothing, whatever its name.
    Single(Tag<'a>),
}

enum Role {
    Opens(&'static BlockTag),
    Ends,
    Middle,
    Other,
}

fn role(tag: &Tag<'_>, blocks: &'static [BlockTag]) -> Role {
    let name = tag.name.text;
    for block in blocks {
        if block.name == name {
            return Role::Opens(block);
        }
        if block.end == name {
            return Role::Ends;
        }
    }
    if blocks.iter().any(|block| block.middles.contains(&name)) {
        return Role::Middle;
    }
    Role::Other
}

/// The tree of the items of one template.
pub(super) fn nest<'a>(
    items: Vec<Item<'a>>,
    blocks: &'static [BlockTag],
    errors: &mut Vec<TemplateError>,
) -> Vec<Node<'a>> {
    let holds = holders(&items, blocks);
    let mut nest = Nest {
        frames: Vec::new(),
        root: Vec::new(),
        seen: FxHashSet::default(),
        errors,
    };
    for (item, holds) in items.into_iter().zip(holds) {
        match item {
            Item::Print(print) => nest.push(Node::Print(print)),
            Item::Single(tag) => nest.push(Node::Tag(tag)),
            Item::Tag(tag) => {
                let known = match role(&tag, blocks) {
                    Role::Ends => {
                        nest.end(&tag);
                        continue;
                    }
                    Role::Middle => {
                        nest.middle(tag);
                        continue;
                    }
                    Role::Opens(block) => Some(block),
                    Role::Other if holds => None,
                    Role::Other => {
                        nest.other(tag);
                        continue;
                    }
                };
                if nest.frames.len() >= MAX_DEPTH {
                    nest.errors.push(TemplateError::new(
                        tag.span,
                        "nesting is too deep to analyse; nothing from here on is read",
                    ));
                    nest.frames.iter_mut().for_each(|frame| frame.forgiven = true);
                    break;
                }
                nest.frames.push(Frame {
                    known,
                    parts: Vec::new(),
                    tag,
                    body: Vec::new(),
                    forgiven: false,
                });
            }
        }
    }
    while !nest.frames.is_empty() {
        nest.abandon();
    }
    nest.root
}

/// Which items are tags outside of the table whose end tag follows on the same level.
fn holders(items: &[Item<'_>], blocks: &'static [BlockTag]) -> Vec<bool> {
    let mut holds = vec![false; items.len()];
    let mut levels = vec![Level::default()];
    // How many levels wait for an end tag.
    let mut waiting: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, item) in items.iter().enumerate() {
        let Item::Tag(tag) = item else {
            continue;
        };
        let name = tag.name.text;
        match role(tag, blocks) {
            Role::Opens(block) => {
                *waiting.entry(block.end).or_default() += 1;
                levels.push(Level {
                    end: block.end,
                    ..Level::default()
                });
            }
            Role::Ends if waiting.get(name).is_some_and(|count| *count > 0) => {
                while let Some(level) = levels.pop() {
                    if let Some(count) = waiting.get_mut(level.end) {
                        *count -= 1;
                    }
                    if level.end == name {
                        break;
                    }
                }
            }
            Role::Ends | Role::Middle => {}
            Role::Other => {
                let Some(level) = levels.last_mut() else {
                    continue;
                };
                match name.strip_prefix("end").and_then(|name| level.take(name)) {
                    Some(opener) => holds[opener] = true,
                    None => level.add(name, at),
                }
            }
        }
    }
    holds
}

/// Tags that stand beside each other and may turn out to hold a body.
#[derive(Default)]
struct Level<'a> {
    end: &'static str,
    open: Vec<usize>,
    /// Name → places in `open`, some of them gone, and what stood there.
    by_name: FxHashMap<&'a str, Vec<(usize, usize)>>,
}

impl<'a> Level<'a> {
    fn add(&mut self, name: &'a str, item: usize) {
        self.by_name
            .entry(name)
            .or_default()
            .push((self.open.len(), item));
        self.open.push(item);
    }

    /// The last tag of that name; what came after it lies inside it and holds nothing any more.
    fn take(&mut self, name: &str) -> Option<usize> {
        let places = self.by_name.get_mut(name)?;
        while let Some((place, item)) = places.pop() {
            if self.open.get(place) == Some(&item) {
                self.open.truncate(place);
                return Some(item);
            }
        }
        None
    }
}

/// A block whose end has not come yet.
struct Frame<'a> {
    /// Absent for tags outside of the table.
    known: Option<&'static BlockTag>,
    parts: Vec<Part<'a>>,
    /// Of the part that is being read.
    tag: Tag<'a>,
    body: Vec<Node<'a>>,
    /// Its missing end is not told.
    forgiven: bool,
}

impl<'a> Frame<'a> {
    fn opener(&self) -> &Tag<'a> {
        self.parts.first().map_or(&self.tag, |part| &part.tag)
    }

    fn close(mut self, end: Span) -> Node<'a> {
        let span = self.opener().span.cover(end);
        self.parts.push(Part {
            tag: self.tag,
            body: self.body,
        });
        Node::Block(Block {
            span,
            parts: self.parts,
        })
    }
}

struct Nest<'a, 'e> {
    frames: Vec<Frame<'a>>,
    root: Vec<Node<'a>>,
    /// Names of tags that were taken to hold nothing.
    seen: FxHashSet<&'a str>,
    errors: &'e mut Vec<TemplateError>,
}

impl<'a> Nest<'a, '_> {
    fn push(&mut self, node: Node<'a>) {
        self.frames
            .last_mut()
            .map_or(&mut self.root, |frame| &mut frame.body)
            .push(node);
    }

    fn error(&mut self, span: Span, message: String) {
        self.errors.push(TemplateError::new(span, message));
    }

    /// Closes the innermost block without its end tag.
    fn abandon(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let opener = *frame.opener();
        if !frame.forgiven {
            self.error(
                opener.span,
                format!("`{{% {} %}}` is never closed", opener.name.text),
            );
        }
        let last = match frame.body.last() {
            Some(Node::Print(Print { span, .. }) | Node::Tag(Tag { span, .. })) => *span,
            Some(Node::Block(block)) => block.span,
            None => frame.tag.span,
        };
        let node = frame.close(last);
        self.push(node);
    }

    fn end(&mut self, tag: &Tag<'a>) {
        let name = tag.name.text;
        let closes = |frame: &Frame<'_>| frame.known.is_some_and(|known| known.end == name);
        let Some(at) = self.frames.iter().rposition(closes) else {
            self.error(tag.span, format!("`{{% {name} %}}` closes nothing"));
            return;
        };
        while self.frames.len() > at + 1 {
            self.abandon();
        }
        self.close(tag);
    }

    fn close(&mut self, tag: &Tag<'a>) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let opener = *frame.opener();
        let wanted = opener.rest.text.split(['(', ' ', '\t']).next().unwrap_or("");
        let named = matches!(opener.name.text, "block" | "partialdef" | "macro");
        if named && !tag.rest.text.is_empty() && tag.rest.text != wanted {
            self.error(
                tag.span,
                format!(
                    "`{{% {} {} %}}` closes `{{% {} {wanted} %}}`",
                    tag.name.text, tag.rest.text, opener.name.text
                ),
            );
        }
        let node = frame.close(tag.span);
        self.push(node);
    }

    fn middle(&mut self, tag: Tag<'a>) {
        let name = tag.name.text;
        let Some(frame) = self.frames.last_mut() else {
            return self.astray(tag, "any block");
        };
        let Some(known) = frame.known else {
            return self.push(Node::Tag(tag));
        };
        if !known.middles.contains(&name) {
            return self.astray(tag, known.name);
        }
        let after = frame.tag.name.text;
        let done = Part {
            tag: std::mem::replace(&mut frame.tag, tag),
            body: std::mem::take(&mut frame.body),
        };
        frame.parts.push(done);
        if after == "else" {
            self.error(tag.span, format!("`{{% {name} %}}` comes after `{{% else %}}`"));
        }
    }

    /// A middle tag where nothing takes it. Projects may have tags with the less telling names.
    fn astray(&mut self, tag: Tag<'a>, place: &str) {
        let name = tag.name.text;
        if matches!(name, "else" | "elif") {
            let place = if place == "any block" {
                place.to_owned()
            } else {
                format!("`{{% {place} %}}`")
            };
            self.error(tag.span, format!("`{{% {name} %}}` does not belong to {place}"));
        } else {
            self.push(Node::Tag(tag));
        }
    }

    fn other(&mut self, tag: Tag<'a>) {
        let name = tag.name.text;
        if let Some(opener) = name.strip_prefix("end") {
            let innermost = self.frames.last();
            if innermost.is_some_and(|f| f.known.is_none() && f.opener().name.text == opener) {
                return self.close(&tag);
            }
            if self.seen.contains(opener) {
                self.error(
                    tag.span,
                    format!("`{{% {name} %}}` does not stand where `{{% {opener} %}}` does"),
                );
            }
        }
        self.seen.insert(name);
        self.push(Node::Tag(tag));
    }
}
