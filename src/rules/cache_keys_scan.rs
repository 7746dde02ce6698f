//! DJP408: a walk through all keys of the cache's server.

use crate::analysis::caches::{self, CacheFact};
use crate::analysis::heat::{self, Heat};
use crate::report::diagnostic::{Diagnostic, Role};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for fact in &cx.analysis.caches {
        let CacheFact::Scan(scan) = fact else { continue };
        // What is emptied now and then, when settings change or a process starts, may take its time.
        let often = !scan.deletes || scan.repeated;
        // What lists keys or reads them needs another design, which depends on what they are for.
        if !scan.deletes && !caches::deletes(cx.project, scan.site) {
            continue;
        }
        let hot = heat::of(cx.project, scan.site) == Heat::Request;
        if !hot || !often || !reportable(cx.project, scan.site) {
            continue;
        }
        let message = if scan.stops {
            format!(
                "`{}` walks through all keys of the server, and every other client waits",
                scan.name
            )
        } else {
            format!(
                "`{}` walks through all keys of the server, however few match",
                scan.name
            )
        };
        let help = "keep a version in the keys and raise it, or keep the keys of a group in a set, and delete those with `delete_many`";
        let places = [(scan.site, Role::Access, "this scan")];
        out.extend(finding(cx, rule, &places, message, help.into()));
    }
}
