//! DJP407: a round trip to the cache for each element of a loop.

use crate::analysis::caches::{CacheFact, Does, Repeated};
use crate::report::diagnostic::{Certainty, Diagnostic, Role};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let all: Vec<&Repeated> = cx
        .analysis
        .caches
        .iter()
        .filter_map(|fact| match fact {
            CacheFact::Repeated(one) => Some(one),
            _ => None,
        })
        .collect();
    let mut seen = rustc_hash::FxHashSet::default();
    for one in &all {
        let fits = reportable(cx.project, one.site) && reportable(cx.project, one.around);
        // What is read in a loop is also filled there: one finding says both.
        let fills = one.does == Does::Write
            && all.iter().any(|other| other.does == Does::Read && other.around == one.around);
        if !fits || fills || !seen.insert((one.around, one.does)) {
            continue;
        }
        let message = format!("one round trip to the cache for each iteration: `{}` with one key", one.name);
        let help = match one.does {
            Does::Read => format!(
                "collect the keys before the loop and read them with one `{}`; what is missing is written back with one `set_many`",
                one.many
            ),
            _ => format!("collect them in the loop and send them with one `{}` after it", one.many),
        };
        let mut places = vec![
            (one.site, Role::Access, "one key"),
            (one.around, Role::Loop, "runs once per iteration of this loop"),
        ];
        places.extend(one.calls.iter().map(|call| (*call, Role::Call, "called from here")));
        let Some(mut found) = finding(cx, rule, &places, message, help) else {
            continue;
        };
        if one.conditional || !one.rows {
            found.certainty = Certainty::Likely;
        }
        out.push(found);
    }
}
