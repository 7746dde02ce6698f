//! Files, byte spans and line positions.
//!
//! Everything inside djperf speaks of places as a [`FileId`] and a byte [`Span`]; lines and columns
//! exist only at the edge, through [`LineIndex`]. This module knows neither Python nor Django.

mod intern;
mod lines;

pub use intern::Sym;
pub use lines::{LineIndex, Position};

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One file of the analysed tree; an index into [`SourceSet`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// Half-open byte range in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

thread_local! {
    static PLACELESS: Cell<bool> = const { Cell::new(false) };
}

/// Runs code to which all spans look alike when they are serialised: what it writes says nothing of places.
pub fn without_places<T>(run: impl FnOnce() -> T) -> T {
    let outer = PLACELESS.replace(true);
    let result = run();
    PLACELESS.set(outer);
    result
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = if PLACELESS.get() {
            (0, 0)
        } else {
            (self.start, self.end.wrapping_sub(self.start))
        };
        shown.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (start, len) = <(u32, u32)>::deserialize(deserializer)?;
        Ok(Self::new(start, start.wrapping_add(len)))
    }
}

impl Span {
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest span that holds both.
    pub fn cover(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A span in a named file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Site {
    pub file: FileId,
    pub span: Span,
}

impl Site {
    pub const fn new(file: FileId, span: Span) -> Self {
        Self { file, span }
    }
}

/// One source file: where it is and what it says.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the directory djperf was started in, `/`-separated.
    pub path: String,
    /// Decoded text without a byte order mark; spans index into this.
    pub text: Arc<str>,
    lines: OnceLock<LineIndex>,
    /// Functions and classes with their qualified names.
    scopes: Vec<(Span, Sym)>,
}

impl SourceFile {
    pub fn new(path: String, text: Arc<str>) -> Self {
        Self {
            path,
            text,
            lines: OnceLock::new(),
            scopes: Vec::new(),
        }
    }

    /// Qualified name of the innermost function or class around a place; empty at the top of a file, in templates, and
    /// until [`SourceSet::name_scopes`] was called.
    pub fn scope(&self, span: Span) -> &'static str {
        let around = self.scopes.iter().filter(|(scope, _)| scope.contains(span));
        around
            .min_by_key(|(scope, _)| scope.end - scope.start)
            .map_or("", |(_, name)| name.as_str())
    }

    /// Whether the file has a function or class of that qualified name.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|(_, scope)| scope.as_str() == name)
    }

    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }

    /// The text under a span; empty when the span is out of range.
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// 1-based position of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        self.lines().position(&self.text, offset)
    }
}

/// All files of one run, ordered by path.
#[derive(Debug, Default, Clone)]
pub struct SourceSet {
    files: Vec<Arc<SourceFile>>,
}

impl SourceSet {
    pub fn new(files: Vec<SourceFile>) -> Self {
        Self {
            files: files.into_iter().map(Arc::new).collect(),
        }
    }

    /// Adds a file behind all others.
    pub fn push(&mut self, file: SourceFile) -> FileId {
        self.files.push(Arc::new(file));
        FileId(self.files.len() as u32 - 1)
    }

    /// Tells which functions and classes a file has.
    pub fn name_scopes(&mut self, id: FileId, scopes: Vec<(Span, Sym)>) {
        if let Some(file) = Arc::get_mut(&mut self.files[id.0 as usize]) {
            file.scopes = scopes;
        }
    }

    /// Puts another text in the place of a file's; functions and classes have to be told anew.
    pub fn replace(&mut self, id: FileId, text: Arc<str>) {
        let file = &mut self.files[id.0 as usize];
        *file = Arc::new(SourceFile::new(file.path.clone(), text));
    }

    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, f)| (FileId(i as u32), &**f))
    }
}
