//! Template text to trees, in Django's language and in Jinja's: which tags stand in which, with exact places.
//! Does not know what tags do, which tags a project adds, or where templates lie.

pub mod django;
pub mod jinja;
mod nest;
#[cfg(test)]
mod tests;

use crate::source::Span;

/// A piece of the text and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pub text: &'a str,
    pub span: Span,
}

impl<'a> Word<'a> {
    pub(crate) fn new(text: &'a str, start: usize) -> Self {
        Self {
            text,
            span: Span::new(start as u32, (start + text.len()) as u32),
        }
    }

    /// The part between two offsets into the word; empty when they are no such offsets.
    pub(crate) fn part(self, from: usize, to: usize) -> Self {
        Self::new(
            self.text.get(from..to).unwrap_or(""),
            self.span.start as usize + from,
        )
    }

    pub(crate) fn trim(self) -> Self {
        let from = self.text.len() - self.text.trim_start().len();
        self.part(from, from + self.text.trim().len())
    }

    /// What stands before `offset`, and what from it on.
    pub(crate) fn split_at(self, offset: usize) -> (Self, Self) {
        (self.part(0, offset), self.part(offset, self.text.len()))
    }
}

/// A place in a template that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    pub message: String,
    pub span: Span,
}

impl TemplateError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
        }
    }
}

/// The tree of one template. Text between tags is not kept.
#[derive(Debug, Default)]
pub struct Template<'a> {
    pub nodes: Vec<Node<'a>>,
    /// `{# … #}`, braces included.
    pub comments: Vec<Span>,
    pub errors: Vec<TemplateError>,
}

#[derive(Debug)]
pub enum Node<'a> {
    Print(Print<'a>),
    Tag(Tag<'a>),
    Block(Block<'a>),
}

/// `{{ inner }}`
#[derive(Clone, Copy, Debug)]
pub struct Print<'a> {
    pub span: Span,
    pub inner: Word<'a>,
}

/// `{% name rest %}`
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    pub span: Span,
    pub name: Word<'a>,
    pub rest: Word<'a>,
}

/// A tag with what stands between it and its end: `{% if a %}…{% else %}…{% endif %}` has two parts.
#[derive(Debug)]
pub struct Block<'a> {
    pub span: Span,
    /// Never empty; the first part's tag names the block.
    pub parts: Vec<Part<'a>>,
}

#[derive(Debug)]
pub struct Part<'a> {
    pub tag: Tag<'a>,
    pub body: Vec<Node<'a>>,
}

/// Finds the ends of tags, and remembers where it looked in vain, so that no text is searched twice.
#[derive(Default)]
struct Seek {
    /// For each mark: nothing was found from one offset to another.
    vain: [(usize, usize); 3],
}

impl Seek {
    /// The first place of `mark` from `from` on, before `end`. One `slot` is for one mark.
    fn find(&mut self, slot: usize, text: &str, mark: &str, from: usize, end: usize) -> Option<usize> {
        let (start, stop) = self.vain[slot];
        if start <= from && end <= stop {
            return None;
        }
        let found = text.get(from..end)?.find(mark);
        if found.is_none() {
            self.vain[slot] = (from, end);
        }
        found.map(|at| from + at)
    }
}
