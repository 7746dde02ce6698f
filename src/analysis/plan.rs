//! Plans: what a queryset will load, and whether a path is loaded.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::project::{ModelAttr, ModelId, Project};
use crate::source::Sym;

use super::value::Query;

/// What a queryset loads besides its own rows. Paths are in accessor names, joined by `__`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    pub select: Vec<Sym>,
    pub prefetch: Vec<Prefetch>,
    /// Set by `only()`.
    pub only: Option<Vec<Sym>>,
    pub defer: Vec<Sym>,
    /// Names that `annotate()` adds to each row.
    pub annotations: Vec<Sym>,
    /// Something was added that could not be read: absence of a path proves nothing.
    pub open: bool,
    /// `select_related()` without arguments: every non-null foreign key.
    pub select_all: bool,
    /// An earlier plan was cleared by `select_related(None)` / `prefetch_related(None)`.
    pub cleared_select: bool,
    pub cleared_prefetch: bool,
}

/// One `prefetch_related` lookup.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Prefetch {
    /// The relation path.
    pub lookup: Sym,
    /// The path under which the rows are found: ends in `to_attr` when there is one.
    pub to: Sym,
    pub has_to_attr: bool,
    pub query: Option<Arc<Query>>,
}

impl Plan {
    /// What either plan loads.
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        extend(&mut both.select, &other.select);
        for prefetch in &other.prefetch {
            if !both.prefetch.contains(prefetch) {
                both.prefetch.push(prefetch.clone());
            }
        }
        both.only = match (&self.only, &other.only) {
            (Some(a), Some(b)) => {
                let mut all = a.clone();
                extend(&mut all, b);
                Some(all)
            }
            _ => None,
        };
        both.defer.retain(|f| other.defer.contains(f));
        extend(&mut both.annotations, &other.annotations);
        both.open |= other.open;
        both.select_all |= other.select_all;
        both
    }

    /// This plan, then what `later` adds to it.
    pub fn then(&self, later: &Self) -> Self {
        let mut all = self.clone();
        if later.cleared_select {
            all.select.clear();
            all.select_all = false;
        }
        if later.cleared_prefetch {
            all.prefetch.clear();
        }
        extend(&mut all.select, &later.select);
        all.prefetch.extend(later.prefetch.iter().cloned());
        if later.only.is_some() {
            all.only.clone_from(&later.only);
        }
        extend(&mut all.defer, &later.defer);
        extend(&mut all.annotations, &later.annotations);
        all.open |= later.open;
        all.select_all |= later.select_all;
        all
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether rows of `model` fetched with this plan have `path` in memory.
    pub fn loads(&self, project: &Project, model: ModelId, path: &[Sym]) -> bool {
        if self.open || path.is_empty() {
            return true;
        }
        let full = super::value::join_path(path.iter().copied());
        if self.select.iter().any(|s| goes_through(s.as_str(), &full)) {
            return true;
        }
        if self.select_all && non_null_chain(project, model, path) {
            return true;
        }
        for prefetch in &self.prefetch {
            if goes_through(prefetch.to.as_str(), &full) {
                return true;
            }
            let Some(rest) = rest_of(&full, prefetch.to.as_str()) else {
                continue;
            };
            let depth = path.len() - rest.split("__").count();
            let Some(query) = &prefetch.query else { continue };
            if query.plan.loads(project, query.model, &path[depth..]) {
                return true;
            }
        }
        false
    }

    /// Whether a prefetch of exactly this path has an ordered queryset of its own.
    pub fn prefetch_is_ordered(&self, path: &[Sym]) -> bool {
        let full = super::value::join_path(path.iter().copied());
        self.prefetch
            .iter()
            .any(|p| p.to == *full.as_str() && p.query.as_ref().is_some_and(|q| q.ordered))
    }

    /// Whether a column is left out by `only()` or `defer()`.
    pub fn defers(&self, project: &Project, model: ModelId, column: Sym) -> bool {
        if self.open {
            return false;
        }
        let pk = |name: Sym| matches!(project.model_attr(model, name), Some(ModelAttr::Pk));
        if let Some(only) = &self.only {
            let foreign = column.as_str().strip_suffix("_id");
            let kept = |name: &Sym| {
                let head = name.as_str().split("__").next();
                *name == column
                    || head == Some(column.as_str())
                    || name.as_str().strip_suffix("_id") == Some(column.as_str())
                    || foreign.is_some() && head == foreign
            };
            return !pk(column) && !only.iter().any(kept) && !only.is_empty();
        }
        self.defer.contains(&column)
            || column
                .as_str()
                .strip_suffix("_id")
                .is_some_and(|c| self.defer.contains(&Sym::new(c)))
    }
}

fn extend(into: &mut Vec<Sym>, more: &[Sym]) {
    for item in more {
        if !into.contains(item) {
            into.push(*item);
        }
    }
}

/// `loaded` is `wanted` or goes on from it: everything on the way is loaded.
fn goes_through(loaded: &str, wanted: &str) -> bool {
    loaded == wanted || rest_of(loaded, wanted).is_some()
}

fn rest_of<'a>(path: &'a str, head: &str) -> Option<&'a str> {
    path.strip_prefix(head)?.strip_prefix("__")
}

fn non_null_chain(project: &Project, model: ModelId, path: &[Sym]) -> bool {
    project
        .hops(model, path.iter().copied())
        .all(|hop| match hop.attr {
            Some(ModelAttr::Forward(rel)) => {
                let relation = project.relation(rel);
                hop.target.is_some() && relation.kind.single() && !relation.null
            }
            _ => false,
        })
}
