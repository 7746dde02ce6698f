//! Fixes that change the read as well as the queryset.

use crate::analysis::event::Eval;
use crate::analysis::judge::Judged;
use crate::analysis::value::Query;
use crate::fix::eager::{Target, Wanted};
use crate::fix::{Desk, Fix, Refusal, annotated, batched, columns, gathered, hoisted, keyed};

use crate::source::{Site, Sym};

use super::findings::Group;
use super::{Context, fixes};

impl<'a> Context<'a> {
    pub(super) fn desk(&self) -> Desk<'_, 'a> {
        Desk {
            project: self.project,
            analysis: self.analysis,
            trees: &self.trees,
        }
    }
}

/// Asks what the group asks of its sets once, with the rows.
pub(super) fn annotate(cx: &Context<'_>, group: &Group<'_, '_>) -> Result<Fix, Refusal> {
    at_place(cx, group, &group.judged, |target, judged| {
        annotated::fix(cx.desk(), target, judged)
    })
}

/// Prefetches the sets that some loads of a group read, as they read them, and the plain paths with them.
pub(super) fn gather(
    cx: &Context<'_>,
    group: &Group<'_, '_>,
    judged: &[&Judged<'_>],
    plain: &Wanted,
) -> Result<Fix, Refusal> {
    let kept = |relation: &str| {
        cx.judged.iter().any(|other| {
            let own = judged.iter().any(|j| std::ptr::eq(*j, other));
            other.place == group.place && !own && other.path.first().is_some_and(|name| *name == *relation)
        })
    };
    at_place(cx, group, judged, |target, judged| {
        gathered::fix(cx.desk(), target, judged, plain, &kept)
    })
}

/// Loads the columns that the group reads with the rows.
pub(super) fn load_columns(cx: &Context<'_>, group: &Group<'_, '_>) -> Result<Fix, Refusal> {
    if group.judged.iter().any(|j| j.path.len() != 1) {
        return Err("the column belongs to another row");
    }
    let names: Vec<Sym> = group.judged.iter().map(|j| j.load.attr).collect();
    let queries: Vec<&Query> = group.judged.iter().filter_map(|j| j.query.as_deref()).collect();
    if queries.is_empty() {
        return Err("the column is left out elsewhere");
    }
    let target = Target {
        site: group.place,
        model: group.model,
        queries: &queries,
        prefetched: fixes::prefetched(cx, group),
        helper: fixes::helper(cx, group),
    };
    columns::fix(cx.project, &cx.trees, target, &names)
}

/// Prefetches with the rows what the call at a place prefetches for one of them.
pub(super) fn batch(cx: &Context<'_>, group: &Group<'_, '_>, call: Site) -> Result<Fix, Refusal> {
    at_place(cx, group, &group.judged, |target, _| {
        batched::fix(cx.desk(), target, call)
    })
}

/// Runs a query before the loop that it does not depend on.
pub(super) fn hoist(cx: &Context<'_>, eval: &Eval) -> Result<Fix, Refusal> {
    hoisted::fix(cx.desk(), eval)
}

/// Asks about the rows that refer to those of the loop once, with the rows of the loop.
pub(super) fn answer(cx: &Context<'_>, eval: &Eval) -> Result<Fix, Refusal> {
    keyed::fix(cx.desk(), eval)
}

fn at_place(
    cx: &Context<'_>,
    group: &Group<'_, '_>,
    judged: &[&Judged<'_>],
    make: impl FnOnce(Target<'_>, &[&Judged<'_>]) -> Result<Fix, Refusal>,
) -> Result<Fix, Refusal> {
    let here = |j: &&&Judged<'_>| j.load.site.file == group.place.file && j.load.calls.is_empty();
    if !judged.iter().all(|j| here(&j)) {
        return Err("the rows are read in another function");
    }
    // A read that several querysets reach cannot be changed for one of them.
    let shared = cx.judged.iter().any(|other| {
        let same_read = judged.iter().any(|own| own.load.site == other.load.site);
        same_read && (other.place, other.model) != (group.place, group.model)
    });
    let several = cx
        .judged
        .iter()
        .any(|other| other.place == group.place && other.model != group.model);
    if shared || several {
        return Err("rows of several querysets are read there");
    }
    let queries: Vec<&Query> = group.judged.iter().filter_map(|j| j.query.as_deref()).collect();
    let target = Target {
        site: group.place,
        model: group.model,
        queries: &queries,
        prefetched: fixes::prefetched(cx, group),
        helper: fixes::helper(cx, group),
    };
    make(target, judged)
}
