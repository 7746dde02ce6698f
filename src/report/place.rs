//! Where something is, in the ways that formats count.

use std::borrow::Cow;

use super::View;
use crate::source::{Position, Site, SourceFile, SourceSet};

/// A span as a reader names it; the end is exclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// From where djperf was started.
    pub path: &'a str,
    pub start: Position,
    pub end: Position,
}

impl<'a> Place<'a> {
    /// Columns count characters.
    pub(super) fn of(sources: &'a SourceSet, site: Site) -> Self {
        let file = sources.get(site.file);
        Self {
            path: &file.path,
            start: file.position(site.span.start),
            end: file.position(site.span.end),
        }
    }

    /// Columns count bytes of UTF-8.
    pub(super) fn in_bytes(sources: &'a SourceSet, site: Site) -> Self {
        let file = sources.get(site.file);
        Self {
            path: &file.path,
            start: byte_position(file, site.span.start),
            end: byte_position(file, site.span.end),
        }
    }
}

fn byte_position(file: &SourceFile, offset: u32) -> Position {
    let line = file.lines().line_of(offset);
    let (start, _) = file.lines().line_range(&file.text, line);
    Position {
        line,
        column: offset - start + 1,
    }
}

/// A path from the root of the checkout, as CI systems want it.
pub(super) fn in_checkout<'a>(view: &View<'_>, path: &'a str) -> Cow<'a, str> {
    if view.below.is_empty() {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = view.below.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Place, in_checkout};
    use crate::report::json::tests::{sources, span_of, view};
    use crate::source::{FileId, Site};

    #[test]
    fn bytes_and_characters_differ() {
        let text = "x\né = ð.all()\n";
        let sources = sources(&[("a.py", text)]);
        let site = Site::new(FileId(0), span_of(text, "all()"));
        let columns = |place: Place<'_>| (place.start.line, place.start.column, place.end.column);
        assert_eq!(columns(Place::of(&sources, site)), (2, 7, 12));
        assert_eq!(columns(Place::in_bytes(&sources, site)), (2, 9, 14));
    }

    #[test]
    fn paths_start_at_the_root_of_the_checkout() {
        let sources = sources(&[]);
        let mut view = view(&sources, &[]);
        assert_eq!(in_checkout(&view, "../a.py"), "../a.py");
        view.below = "srv/web".into();
        assert_eq!(in_checkout(&view, "a/b.py"), "srv/web/a/b.py");
        assert_eq!(in_checkout(&view, "../lib/a.py"), "srv/lib/a.py");
        assert_eq!(in_checkout(&view, "../../../a.py"), "../a.py");
    }
}
