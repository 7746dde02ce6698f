//! Texts with room in them: what is typed into one function leaves the places of all others as they are.
//!
//! Behind each function that stands in no other one follows a line of blanks, which means nothing in Python and nothing to
//! its reader. An edit makes the room behind it smaller or larger. Places of the padded text are *inner* ones here, places
//! in the text of the editor *outer* ones; both are byte offsets.

use std::sync::Arc;

use crate::facts::FileFacts;
use crate::source::Span;

/// Blanks behind each function at first; as much can be typed into it before all places have to change.
const ROOM: u32 = 256;

/// One line of blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    /// Where it starts in the outer text.
    outer: u32,
    /// Where it starts in the inner text.
    inner: u32,
    len: u32,
}

/// One text of an editor.
#[derive(Debug, Clone)]
pub(super) struct Padded {
    outer: Arc<str>,
    inner: Arc<str>,
    gaps: Vec<Gap>,
}

/// Text that was taken out, and how much was put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edit {
    start: usize,
    old_end: usize,
    new_end: usize,
}

impl Padded {
    /// A text without room in it.
    pub(super) fn plain(text: Arc<str>) -> Self {
        Self {
            inner: text.clone(),
            outer: text,
            gaps: Vec::new(),
        }
    }

    /// A text with room behind its functions; `facts` are those of the text.
    pub(super) fn with_room(text: Arc<str>, facts: &FileFacts) -> Self {
        if !facts.errors.is_empty() || facts.template.is_some() {
            return Self::plain(text);
        }
        let outermost = facts.functions.iter().skip(1).filter(|f| f.parent.is_none());
        let mut ends: Vec<usize> = outermost
            .filter(|f| f.name != "<lambda>")
            .filter_map(|f| line_end(&text, f.span.end as usize))
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let mut gaps = Vec::with_capacity(ends.len());
        for end in ends {
            gaps.push(Gap {
                outer: end as u32,
                inner: end as u32 + gaps.len() as u32 * ROOM,
                len: ROOM,
            });
        }
        Self::of(text, gaps)
    }

    fn of(outer: Arc<str>, gaps: Vec<Gap>) -> Self {
        let room: usize = gaps.iter().map(|gap| gap.len as usize).sum();
        let mut inner = String::with_capacity(outer.len() + room);
        let mut at = 0;
        for gap in &gaps {
            inner.push_str(&outer[at..gap.outer as usize]);
            inner.extend(std::iter::repeat_n(' ', gap.len as usize - 1));
            inner.push('\n');
            at = gap.outer as usize;
        }
        inner.push_str(&outer[at..]);
        Self {
            inner: inner.into(),
            outer,
            gaps,
        }
    }

    /// The same text after an edit that leaves the places behind the next gap as they are. None if the edit touches
    /// several functions, or there is not enough room.
    pub(super) fn edited(&self, text: &Arc<str>) -> Option<Self> {
        let edit = Edit::between(&self.outer, text);
        let mut next = self
            .gaps
            .partition_point(|gap| (gap.outer as usize) < edit.old_end);
        // What is typed at the start of the line behind a gap belongs there.
        if self
            .gaps
            .get(next)
            .is_some_and(|gap| gap.outer as usize == edit.old_end)
            && !text[..edit.new_end].ends_with('\n')
        {
            next += 1;
        }
        let before = next.checked_sub(1).map(|n| self.gaps[n].outer as usize);
        if before.is_some_and(|before| before > edit.start) {
            return None;
        }
        let mut gaps = self.gaps.clone();
        let grown = edit.new_end as i64 - edit.old_end as i64;
        let moved = |at: u32| u32::try_from(i64::from(at) + grown).ok();
        if let Some(gap) = gaps.get_mut(next) {
            gap.inner = moved(gap.inner)?;
            let len = i64::from(gap.len) - grown;
            gap.len = u32::try_from(len).ok().filter(|len| *len > 0)?;
        }
        for gap in &mut gaps[next..] {
            gap.outer = moved(gap.outer)?;
        }
        Some(Self::of(text.clone(), gaps))
    }

    pub(super) fn has_room(&self) -> bool {
        !self.gaps.is_empty()
    }

    pub(super) fn outer(&self) -> &Arc<str> {
        &self.outer
    }

    pub(super) fn inner(&self) -> &Arc<str> {
        &self.inner
    }

    /// The place in the inner text of one in the outer text.
    pub(super) fn inward(&self, outer: u32) -> u32 {
        let gaps = self.gaps.partition_point(|gap| gap.outer <= outer);
        match gaps.checked_sub(1).map(|last| self.gaps[last]) {
            Some(gap) => gap.inner + gap.len + (outer - gap.outer),
            None => outer,
        }
    }

    /// The place in the outer text of one in the inner text; of those in a gap where it starts.
    pub(super) fn outward(&self, inner: u32) -> u32 {
        let gaps = self.gaps.partition_point(|gap| gap.inner <= inner);
        match gaps.checked_sub(1).map(|last| self.gaps[last]) {
            Some(gap) => gap.outer + (inner - gap.inner).saturating_sub(gap.len),
            None => inner,
        }
    }

    pub(super) fn span_outward(&self, span: Span) -> Span {
        Span::new(self.outward(span.start), self.outward(span.end))
    }

    /// How places of this text lead to a later one.
    pub(super) fn moves<'p>(&'p self, later: &'p Self) -> Moves<'p> {
        Moves {
            edit: Edit::between(&self.outer, &later.outer),
            from: self,
            to: later,
        }
    }

    /// As [`inward`](Self::inward) for the end of something: before a gap, not behind it.
    fn end_inward(&self, outer: u32) -> u32 {
        let gaps = self.gaps.partition_point(|gap| gap.outer < outer);
        match gaps.checked_sub(1).map(|last| self.gaps[last]) {
            Some(gap) => gap.inner + gap.len + (outer - gap.outer),
            None => outer,
        }
    }
}

/// From one text to a later one.
pub(super) struct Moves<'p> {
    edit: Edit,
    from: &'p Padded,
    to: &'p Padded,
}

impl Moves<'_> {
    /// Where a place is in the later text; none if what is there was edited.
    pub(super) fn span(&self, span: Span) -> Option<Span> {
        let edit = &self.edit;
        let outer = self.from.span_outward(span);
        let (start, end) = (outer.start as usize, outer.end as usize);
        let shift = |at: usize| at - edit.old_end + edit.new_end;
        let (start, end) = if end <= edit.start {
            (start, end)
        } else if start >= edit.old_end {
            (shift(start), shift(end))
        } else {
            return None;
        };
        Some(Span::new(
            self.to.inward(start as u32),
            self.to.end_inward(end as u32),
        ))
    }
}

impl Edit {
    /// What makes one text of another: everything between what both begin and end with.
    fn between(old: &str, new: &str) -> Self {
        let most = old.len().min(new.len());
        let pairs = old.bytes().zip(new.bytes());
        let mut start = pairs.take_while(|(a, b)| a == b).count();
        while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
            start -= 1;
        }
        let pairs = old.bytes().rev().zip(new.bytes().rev());
        let mut same = pairs.take(most - start).take_while(|(a, b)| a == b).count();
        while !old.is_char_boundary(old.len() - same) || !new.is_char_boundary(new.len() - same) {
            same -= 1;
        }
        Self {
            start,
            old_end: old.len() - same,
            new_end: new.len() - same,
        }
    }
}

/// The start of the line behind a place, where nothing but a comment stands before it.
fn line_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let line = &rest[..rest.find('\n')?];
    let blank = line.trim();
    (blank.is_empty() || blank.starts_with('#')).then_some(at + line.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::python::{Depth, extract};

    const TEXT: &str = "def a():\n    return 1\n\n\nclass B:\n    def c(self):\n        return 2  # two\n\n    def d(self): return 3\n\nx = 1\n";

    fn padded(text: &str) -> Padded {
        Padded::with_room(text.into(), &extract(text, Depth { bodies: true }))
    }

    fn spans(text: &Padded) -> Vec<(String, Span)> {
        let facts = extract(text.inner(), Depth { bodies: true });
        let functions = facts.functions.iter();
        functions.map(|f| (f.qualname.to_string(), f.name_span)).collect()
    }

    #[test]
    fn every_function_has_room_behind_it() {
        let text = padded(TEXT);
        assert_eq!(text.inner().len(), TEXT.len() + 3 * ROOM as usize);
        assert_eq!(spans(&text).len(), 4);
    }

    #[test]
    fn places_lead_there_and_back() {
        let text = padded(TEXT);
        for at in 0..=TEXT.len() as u32 {
            assert_eq!(text.outward(text.inward(at)), at);
        }
        for (name, span) in spans(&text).into_iter().skip(1) {
            let outer = text.span_outward(span);
            let last = name.rsplit('.').next().unwrap();
            assert_eq!(&TEXT[outer.start as usize..outer.end as usize], last);
        }
    }

    #[test]
    fn typing_into_a_function_moves_no_other() {
        let text = padded(TEXT);
        for (old, new) in [
            ("return 1", "return 1 + sum(range(3))"),
            ("return 1\n", "return 1\n    # more\n"),
            ("    return 1", "    x = 'ä'\n    return 1"),
            ("return 2 ", "return "),
            ("return 3", "return é"),
        ] {
            let changed: Arc<str> = TEXT.replacen(old, new, 1).into();
            let edited = text.edited(&changed).unwrap();
            assert_eq!(spans(&edited), spans(&text), "{new}");
            assert_eq!(*edited.outer(), changed);
            assert_eq!(
                edited
                    .inner()
                    .replace(&" ".repeat(64), "")
                    .matches("return")
                    .count(),
                3
            );
        }
    }

    #[test]
    fn any_edit_leaves_the_text_what_it_is() {
        let text = padded(TEXT);
        let mut fitting = 0;
        for changed in [
            TEXT.replace("1\n\n\nclass B", "1\n\n\n\nclass B"),
            TEXT.replace("return 1", &"x".repeat(ROOM as usize + 8)),
            TEXT.replace("x = 1", "x = 2"),
            TEXT.replace("return 3\n", "return 3\n    "),
            TEXT.replace("return 1\n\n\nclass B:\n    def c(self):\n", ""),
        ] {
            let changed: Arc<str> = changed.into();
            let Some(edited) = text.edited(&changed) else {
                continue;
            };
            fitting += 1;
            assert_eq!(edited.outer(), &changed);
            let known = padded(&changed);
            let outer = |text: &Padded| -> Vec<(String, Span)> {
                let all = spans(text).into_iter().skip(1);
                all.map(|(name, span)| (name, text.span_outward(span))).collect()
            };
            assert_eq!(outer(&edited), outer(&known), "{changed}");
        }
        assert_eq!(fitting, 3);
    }
}
