//! Fixes: what to change in which files.
//!
//! A fix is made of edits over byte spans of the text that was analysed; code is never printed anew. This room
//! reads trees and the linked project to find the tokens to change, and puts edits into texts. It knows neither rules
//! nor files on a disk.

pub mod annotated;
mod apply;
mod arguments;
pub mod batched;
pub mod cache_page;
pub mod cached_property;
pub mod caches;
mod chain;
mod code;
pub mod columns;
pub mod declare;
pub mod eager;
pub mod entry;
pub mod fragment;
pub mod gathered;
pub mod hidden;
pub mod hoisted;
mod imports;
pub mod index;
mod key;
pub mod keyed;
mod layout;
mod looped;
mod migration;
mod narrow;
mod narrowed;
pub mod reorder;
mod scope;
pub mod template;
mod trees;
mod words;

pub use apply::{Applied, apply, edited};
pub use key::key_column;
pub use migration::Migration;
pub use trees::{Trees, parses, still_parses};

use crate::analysis::Analysis;
use crate::project::Project;
use crate::source::{FileId, Site, Span};

/// How much a fix may be trusted, weakest promise first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Safety {
    /// Shown, never applied: somebody has to decide something.
    Display,
    /// Same results, other queries: memory and joins change.
    Unsafe,
    /// Same behaviour on every input.
    Safe,
}

impl Safety {
    /// Whether a fix may be made by somebody who asks for fixes of at least the safety `least`.
    pub fn reaches(self, least: Self) -> bool {
        self > Self::Display && self >= least
    }

    /// The name in settings and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// Why there is no fix: a phrase for the reader.
pub type Refusal = &'static str;

/// Text to put in place of a span; an empty span inserts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edit {
    pub file: FileId,
    pub span: Span,
    pub content: String,
}

impl Edit {
    /// Puts `content` at a byte offset.
    pub fn insert(file: FileId, at: u32, content: impl Into<String>) -> Self {
        Self {
            file,
            span: Span::new(at, at),
            content: content.into(),
        }
    }

    /// Puts `content` in place of what is there.
    pub fn replace(site: Site, content: impl Into<String>) -> Self {
        Self {
            file: site.file,
            span: site.span,
            content: content.into(),
        }
    }
}

/// What builders of fixes may ask.
#[derive(Clone, Copy)]
pub struct Desk<'a, 's> {
    pub project: &'a Project,
    pub analysis: &'a Analysis,
    pub trees: &'a Trees<'s>,
}

/// Edits that belong together: all of them are made, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    pub safety: Safety,
    /// What it does, in the imperative: `add .select_related("customer")`.
    pub title: String,
    /// Ordered by file and span; they do not overlap.
    pub edits: Vec<Edit>,
    /// Files to be created besides.
    pub migrations: Vec<Migration>,
}

impl Fix {
    /// A fix in one file; none where two of its edits touch the same text.
    fn in_file(
        safety: Safety,
        title: String,
        file: FileId,
        mut edits: Vec<(Span, String)>,
    ) -> Result<Self, Refusal> {
        edits.sort();
        edits.dedup();
        let apart = edits
            .windows(2)
            .all(|pair| pair[0].0.end <= pair[1].0.start && pair[0].0 != pair[1].0);
        if !apart {
            return Err("the changes would touch the same text");
        }
        let edit = |(span, content)| Edit { file, span, content };
        Ok(Self {
            safety,
            title,
            edits: edits.into_iter().map(edit).collect(),
            migrations: Vec::new(),
        })
    }
}
