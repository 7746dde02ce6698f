//! Fixes that several rules offer.

use crate::analysis::judge::Judged;
use crate::analysis::value::{Origin, Query};
use crate::fix::eager::{self, Target, Wanted};
use crate::fix::{Fix, Refusal};
use crate::report::diagnostic::Diagnostic;

use super::Context;
use super::findings::Group;

/// Sets within sets that a fix prefetches.
const MAX_SETS: usize = 3;

/// Loads the paths where the rows of the group are fetched.
pub(super) fn eager(cx: &Context<'_>, group: &Group<'_, '_>, wanted: &Wanted) -> Result<Fix, Refusal> {
    let other = cx
        .judged
        .iter()
        .any(|j| j.repeated && j.place == group.place && j.model != group.model);
    if other {
        return Err("rows of several models are fetched there");
    }
    if group.judged.iter().any(|j| j.rounds() > 1) {
        return Err("the code recurses, and eager loading covers only the levels that it names");
    }
    if group.judged.iter().any(|j| j.sets(cx.project) > MAX_SETS) {
        return Err("the path leads through many sets: load them where their rows are needed");
    }
    let queries: Vec<&Query> = group.judged.iter().filter_map(|j| j.query.as_deref()).collect();
    let target = Target {
        site: group.place,
        model: group.model,
        queries: &queries,
        prefetched: prefetched(cx, group),
    };
    eager::fix(cx.project, &cx.trees, target, wanted)
}

/// The place reads a related set that is in memory for some caller, may be for one that is not seen, or should be
/// for another finding.
pub(super) fn prefetched(cx: &Context<'_>, group: &Group<'_, '_>) -> bool {
    let step = |j: &Judged<'_>| {
        j.load
            .row
            .steps
            .iter()
            .find(|s| s.site == group.place)
            .map(|s| s.name)
    };
    let unseen = group.judged.iter().any(|j| {
        let open = matches!(j.load.row.origin, Origin::Slot(_) | Origin::Elsewhere);
        open && step(j).is_some_and(|name| cx.project.eager_loads_somewhere(name.as_str(), ""))
    });
    unseen
        || cx.judged.iter().any(|j| {
            let reads = j.load.access.set().is_some_and(|set| set.site == group.place);
            let wanted = j.repeated && !j.loaded && j.place != group.place;
            reads && j.loaded || wanted && step(j).is_some()
        })
}

/// Gives the finding its fix, or says in its help why there is none.
pub(super) fn offer(found: &mut Diagnostic, fix: Result<Fix, Refusal>) {
    match (fix, &mut found.help) {
        (Ok(fix), _) => found.fix = Some(fix),
        (Err(reason), Some(help)) => help.push_str(&format!(" (not done automatically: {reason})")),
        (Err(_), None) => {}
    }
}
