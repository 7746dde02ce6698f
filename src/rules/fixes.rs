//! Fixes that several rules offer.

use std::collections::BTreeMap;

use crate::analysis::event::Access;
use crate::analysis::judge::Judged;
use crate::analysis::value::{Origin, Query};
use crate::fix::declare::{self, Use};
use crate::fix::eager::{self, Target, Wanted};
use crate::fix::{Fix, Refusal};
use crate::report::diagnostic::Diagnostic;
use crate::source::Sym;

use super::findings::Group;
use super::{Context, wording};

/// Sets within sets that a fix prefetches.
const MAX_SETS: usize = 3;

/// Loads the paths where the rows of the group are fetched.
pub(super) fn eager(cx: &Context<'_>, group: &Group<'_, '_>, wanted: &Wanted) -> Result<Fix, Refusal> {
    if group.judged.iter().any(|j| j.rounds() > 1) {
        return Err("the code recurses, and eager loading covers only the levels that it names");
    }
    if group.judged.iter().any(|j| j.sets(cx.project) > MAX_SETS) {
        return Err("the path leads through many sets: load them where their rows are needed");
    }
    if declare::is_place(cx.project, group.place) {
        return declare::fix(cx.project, &cx.trees, group.place, group.model, &uses(cx, group));
    }
    if let Some(reason) = declare::refusal(cx.project, group.place) {
        return Err(reason);
    }
    if let Some(fix) = declare::register(cx.project, &cx.trees, group.place, group.model, wanted) {
        let offered = group
            .judged
            .iter()
            .filter_map(|j| j.query.as_ref())
            .any(|query| !query.choices_of.is_empty());
        return if offered {
            Err("the choices are those of an admin class that is not written")
        } else {
            fix
        };
    }
    let other = cx
        .judged
        .iter()
        .any(|j| j.repeated && j.place == group.place && j.model != group.model);
    if other {
        return Err("rows of several models are fetched there");
    }
    let queries: Vec<&Query> = group.judged.iter().filter_map(|j| j.query.as_deref()).collect();
    let target = Target {
        site: group.place,
        model: group.model,
        queries: &queries,
        prefetched: prefetched(cx, group),
        helper: helper(cx, group),
    };
    eager::fix(cx.project, &cx.trees, target, wanted)
}

/// A declaration stands for the rows that a page shows and for the choices of its form: each by itself.
fn uses<'j>(cx: &'j Context<'_>, group: &Group<'_, 'j>) -> Vec<Use<'j>> {
    let mut rows = Vec::new();
    let mut choices: BTreeMap<Sym, Vec<&Judged<'_>>> = BTreeMap::new();
    for judged in &group.judged {
        match offered(judged) {
            [] => rows.push(*judged),
            fields => fields
                .iter()
                .for_each(|field| choices.entry(*field).or_default().push(judged)),
        }
    }
    let mut uses: Vec<Use<'_>> = Vec::new();
    if !rows.is_empty() {
        uses.push(Use {
            kept: kept(cx, group),
            ..one_use(cx, group, Vec::new(), rows)
        });
    }
    for (field, judged) in choices {
        let new = one_use(cx, group, vec![field], judged);
        match uses
            .iter_mut()
            .find(|one| !one.fields.is_empty() && one.wanted == new.wanted)
        {
            Some(one) => one.fields.push(field),
            None => uses.push(new),
        }
    }
    uses
}

fn one_use<'j>(
    cx: &Context<'_>,
    group: &Group<'_, '_>,
    fields: Vec<Sym>,
    judged: Vec<&'j Judged<'_>>,
) -> Use<'j> {
    let queries = judged.iter().filter_map(|j| j.query.as_deref()).collect();
    let part = Group {
        place: group.place,
        model: group.model,
        judged,
    };
    Use {
        fields,
        wanted: wording::lookups(cx.project, &part, &part.paths()),
        kept: Vec::new(),
        queries,
    }
}

/// What a framework joins by itself, of all that is read.
fn kept(cx: &Context<'_>, group: &Group<'_, '_>) -> Vec<String> {
    let joined = |j: &&Judged<'_>| {
        let same = j.place == group.place && j.model == group.model;
        let automatic = j.query.as_ref().is_some_and(|q| q.plan.select_all);
        same && j.loaded && automatic && j.load.access == Access::One && offered(j).is_empty()
    };
    let part = Group {
        place: group.place,
        model: group.model,
        judged: cx.judged.iter().filter(joined).collect(),
    };
    wording::lookups(cx.project, &part, &part.paths()).select
}

/// The form fields that offer the rows of a load.
fn offered<'j>(judged: &'j Judged<'_>) -> &'j [Sym] {
    judged.query.as_ref().map_or(&[], |query| &query.choices_of)
}

/// No function that shows the rows holds the place: others may take them from there as well.
pub(super) fn helper(cx: &Context<'_>, group: &Group<'_, '_>) -> bool {
    group.judged.iter().all(|j| {
        let (file, _) = cx.project.func(j.func);
        file != group.place.file || !cx.project.routine(j.func).span.contains(group.place.span)
    })
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
