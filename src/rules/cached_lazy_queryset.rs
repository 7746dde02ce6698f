//! DJP406: a queryset out of the cache is filtered, and so runs a query all the same.

use crate::analysis::caches::CacheFact;
use crate::report::diagnostic::{Diagnostic, Role};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for fact in &cx.analysis.caches {
        let CacheFact::Requery(requery) = fact else {
            continue;
        };
        if !reportable(cx.project, requery.site) || !seen.insert(requery.site) {
            continue;
        }
        let message = format!(
            "`.{}(…)` on rows out of the cache asks the database for them again",
            requery.method
        );
        let help = "keep the rows that are needed, under a key that says which, or choose among the kept rows in memory";
        let places = [
            (requery.site, Role::Queryset, "a new query"),
            (requery.kept, Role::Access, "all rows are put into the cache here"),
        ];
        out.extend(finding(cx, rule, &places, message, help.into()));
    }
}
