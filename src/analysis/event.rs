//! Events: the queries that running the code would cause. Nothing else leaves the interpreter.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::{FileId, Site, Sym};

use super::tables::Served;
use super::value::{Base, Deps, Live, Origin, Query, Row};

/// How an attribute of a row is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Access {
    /// A single related row.
    One,
    /// A set of related rows.
    Set(SetAccess),
    /// A column that may be deferred.
    Column,
    /// Only the key of a related row, which the foreign key column already holds.
    Key,
    /// `prefetch_related_objects` on one row.
    Prefetch,
}

/// How a related set is evaluated.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SetAccess {
    /// The method that runs the query: `iterate`, `count`, `exists`, `get` …
    pub op: Sym,
    /// The first method before it that a prefetch cannot serve.
    pub change: Option<Sym>,
    pub served: Served,
    pub aggregate: bool,
    /// The related set expression.
    pub site: Site,
}

/// Reading an attribute of a row.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Its lives are resolved: `Many`, `Single`, `Stored` or `Slot`.
    pub row: Row,
    pub attr: Sym,
    pub access: Access,
    pub site: Site,
    /// Call sites from the outermost to the access.
    pub calls: Vec<Site>,
    /// The loop over the row.
    pub around: Option<Site>,
    /// Stands under a condition inside a called function.
    pub conditional: bool,
    /// Once some hop to the row is repeated: how many of the innermost calls lie inside that loop, and
    /// the hop, counted from the end of the path.
    pub inner: Option<(usize, usize)>,
}

impl Load {
    /// The innermost calls, those between the loop over a related set and the access.
    pub fn calls_inside(&self) -> &[Site] {
        let count = self
            .inner
            .map_or(self.calls.len(), |(n, _)| n.min(self.calls.len()));
        &self.calls[self.calls.len() - count..]
    }

    /// Whether it can be about a place to change in a file.
    pub fn leads_through(&self, file: FileId) -> bool {
        let row = &self.row;
        let made = match &row.origin {
            Origin::Query(query) => is_made_in(query, file),
            _ => false,
        };
        made || self.site.file == file || row.steps.iter().any(|step| step.site.file == file)
    }

    /// Notes in which frame the row became one of many.
    pub fn mark_inner(&mut self) {
        let steps = &self.row.steps;
        let from_end = if self.row.live == Live::Many {
            steps.len() + 1
        } else {
            match steps.iter().position(|s| s.many && s.live == Live::Many) {
                Some(first) => steps.len() - first,
                None => return,
            }
        };
        if self.inner.is_none_or(|(_, hop)| hop != from_end) {
            self.inner = Some((self.calls.len(), from_end));
        }
    }
}

/// Evaluating a queryset.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Eval {
    pub query: Arc<Query>,
    pub op: Sym,
    pub served: Served,
    pub aggregate: bool,
    pub site: Site,
    pub calls: Vec<Site>,
    /// What its arguments depend on, in terms of the function that reports it.
    pub deps: Deps,
    pub conditional: bool,
    /// The innermost loop around it, and whether the query depends on one.
    pub around: Option<Around>,
}

impl Eval {
    /// Whether it can be about a place to change in a file.
    pub fn leads_through(&self, file: FileId) -> bool {
        self.site.file == file || is_made_in(&self.query, file)
    }

    /// The expression to change: where the queryset is built, or where one that was built before the loop runs.
    pub fn place(&self) -> Site {
        let before = self.around.is_some() && self.query.born.is_none() && self.calls.is_empty();
        if before { self.site } else { self.query.site }
    }
}

/// A loop around a query.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Around {
    pub site: Site,
    /// The query's arguments depend on the loop.
    pub keyed: bool,
    /// Rows of a queryset are iterated; otherwise something else of unknown length.
    pub rows: bool,
    /// The loop changes rows, so that running the query again may give something else.
    pub writes: bool,
}

/// A queryset, or one of those that prefetch for it, is built in a file.
fn is_made_in(query: &Query, file: FileId) -> bool {
    let mut inner = query.plan.prefetch.iter().filter_map(|p| p.query.as_deref());
    query.site.file == file || inner.any(|query| is_made_in(query, file))
}

/// Whether a row comes out of an argument of the running function.
pub fn row_has_slot(row: &Row) -> bool {
    match &row.origin {
        Origin::Slot(_) => true,
        Origin::Query(query) => query_has_slot(query),
        Origin::Elsewhere | Origin::New => false,
    }
}

/// Whether a queryset starts from an argument of the running function.
pub fn query_has_slot(query: &Query) -> bool {
    match &query.base {
        Base::Slot(_) => true,
        Base::Related(row, _) => row_has_slot(row),
        Base::Model | Base::Unknown => false,
    }
}

/// Whether any hop to the row, or its origin, is repeated.
pub fn is_many(row: &Row) -> bool {
    row.live == Live::Many || row.steps.iter().any(|s| s.live == Live::Many)
}
