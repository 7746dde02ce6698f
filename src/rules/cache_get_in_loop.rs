//! DJP407: a round trip to the cache for each element of a loop.

use std::collections::BTreeMap;

use crate::analysis::caches::{self, CacheFact, Does, Repeated};
use crate::analysis::heat::{self, Heat};
use crate::report::diagnostic::{Certainty, Diagnostic, Role};
use crate::source::Site;

use super::caching::finding;
use super::findings::{MAX_LABELS, loop_label, reportable};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut all: BTreeMap<Site, Vec<&Repeated>> = BTreeMap::new();
    for fact in &cx.analysis.caches {
        if let CacheFact::Repeated(one) = fact
            && heat::of(cx.project, one.around) > Heat::Task
            && reportable(cx.project, one.site)
            && reportable(cx.project, one.around)
            && !can_not_gather(cx, one)
        {
            all.entry(one.site).or_default().push(one);
        }
    }
    let read: Vec<Site> = all
        .values()
        .flatten()
        .filter(|one| one.does == Does::Read)
        .map(|one| one.around)
        .collect();
    let mut told = rustc_hash::FxHashSet::default();
    for repeated in all.values() {
        // What is read in a loop is also filled there: one finding says both.
        let fills = repeated
            .iter()
            .all(|one| one.does == Does::Write && read.contains(&one.around));
        let Some(first) = repeated.first().filter(|_| !fills) else {
            continue;
        };
        // Several keys for one iteration are one thing to change.
        if !told.insert((first.does, first.around, &first.calls)) {
            continue;
        }
        let message = format!(
            "one round trip to the cache for each iteration: `{}` with one key",
            first.name
        );
        let help = match first.does {
            Does::Read => format!(
                "collect the keys before the loop and read them with one `{}`; what is missing is written back with one `set_many`",
                first.many
            ),
            _ => format!(
                "collect them in the loop and send them with one `{}` after it",
                first.many
            ),
        };
        let mut places = vec![(first.site, Role::Access, "one key")];
        for one in repeated {
            places.push((one.around, Role::Loop, loop_label(cx.project, one.around)));
            places.extend(
                one.calls
                    .iter()
                    .map(|call| (*call, Role::Call, "called from here")),
            );
        }
        places.truncate(MAX_LABELS);
        let Some(mut found) = finding(cx, rule, &places, message, help) else {
            continue;
        };
        if repeated.iter().all(|one| one.conditional || !one.rows) {
            found.certainty = Certainty::Likely;
        }
        out.push(found);
    }
}

/// The helper does more than to read, or the loop is what is left of a reading of many keys.
fn can_not_gather(cx: &Context<'_>, one: &Repeated) -> bool {
    !one.calls.is_empty() && caches::does_more(cx.project, one.site)
        || caches::gathers(cx.project, one.around)
}
