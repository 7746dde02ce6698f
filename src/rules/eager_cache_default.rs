//! DJP416: `get_or_set` gets a value that was computed whether the cache has it or not.

use crate::analysis::caches::CacheFact;
use crate::fix::caches;
use crate::report::diagnostic::{Diagnostic, Role};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for fact in &cx.analysis.caches {
        let CacheFact::Eager(eager) = fact else { continue };
        if !reportable(cx.project, eager.default) {
            continue;
        }
        let message = "this query runs on every call, also when the cache has its result".to_owned();
        let help = "give a callable: `get_or_set` calls it only when the key is missing".to_owned();
        let places = [
            (
                eager.default,
                Role::Queryset,
                "computed before the cache is asked",
            ),
            (eager.site, Role::Access, "the cache is asked here"),
        ];
        let Some(mut found) = finding(cx, rule, &places, message, help) else {
            continue;
        };
        fixes::offer(&mut found, caches::defer(cx.desk(), eager.default));
        out.push(found);
    }
}
