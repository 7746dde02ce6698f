//! DJP404: an empty result in the cache is taken for a missing one.

use crate::analysis::caches::{self, CacheFact, Falsy};
use crate::fix::caches as cached;
use crate::report::diagnostic::{Diagnostic, Role};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for fact in &cx.analysis.caches {
        let CacheFact::Fill(fill) = fact else { continue };
        let (test, falsy) = (fill.test, fill.falsy);
        if !reportable(cx.project, test.site) || !seen.insert(test.site) {
            continue;
        }
        // It is asked for once in a process, or may be new in a way that nothing tells the cache of.
        if caches::is_remembered(cx.project, test.site)
            || falsy == Falsy::Empty && caches::is_written_in_bulk(cx.project, fill.value)
        {
            continue;
        }
        let what = match falsy {
            Falsy::Empty => "an empty result",
            Falsy::Number => "a count of zero",
            Falsy::Flag => "`False`",
            Falsy::Missing => "`None`",
        };
        let message = format!("{what} is computed again each time, though it is in the cache");
        let help = match falsy {
            Falsy::Missing => {
                "tell a missing key from a kept `None`: read with a default of your own, `MISSING = object()`, and compare with `is MISSING`"
            }
            _ => "compare with `None`: only a missing key gives that",
        };
        let places = [
            (test.site, Role::Access, "true for a value that is not empty only"),
            (fill.read, Role::Access, "it is read here"),
            (fill.value, Role::Access, "this may be empty"),
        ];
        let Some(mut found) = finding(cx, rule, &places, message, help.into()) else {
            continue;
        };
        if falsy != Falsy::Missing {
            fixes::offer(&mut found, cached::compare_with_none(cx.desk(), test));
        }
        out.push(found);
    }
}
