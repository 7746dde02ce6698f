//! DJP504: a new connection to the database for every request.

use crate::fix::{Safety, entry};
use crate::project::hints::Database;
use crate::project::settings::{Dict, Value};
use crate::report::diagnostic::{Certainty, Diagnostic};
use crate::source::Site;

use super::deployment::{Served, databases, found, is_async, pooler, serving};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        if is_async(module) {
            continue;
        }
        // Whoever has set it for one way to get a database has thought of it for the others.
        let all = databases(module);
        let decided =
            |served: &Served<'_>| served.dict.get("CONN_MAX_AGE").is_some() && !is_left_out(served.dict);
        if all.iter().any(decided) {
            continue;
        }
        for served in all {
            let (Some(kind), dict) = (served.kind, served.dict) else {
                continue;
            };
            // Engines with a pool of their own say so in their names.
            let pooled = served
                .engine
                .is_some_and(|name| name.contains("pool") || name.contains("gevent"));
            if kind == Database::Sqlite || served.alias != "default" || pooled {
                continue;
            }
            if !is_left_out(dict) || has_pool(dict) || pooler(dict).is_some() {
                continue;
            }
            let message = format!(
                "`DATABASES[\"{}\"]` sets no `CONN_MAX_AGE`: every request opens a connection and closes it again",
                served.alias
            );
            let help = "set `\"CONN_MAX_AGE\": 60` and `\"CONN_HEALTH_CHECKS\": True`, as long as the database takes a connection for each thread of each worker";
            let written = dict.get("ENGINE").map(|entry| entry.site);
            let inside = |site: &Site| site.file == dict.site.file && dict.site.span.contains(site.span);
            let site = written.filter(inside).unwrap_or(dict.site);
            if let Some(found) = found(cx, rule, module, site, (message, help), out) {
                if !served.certain {
                    found.certainty = Certainty::Likely;
                }
                let last = entry::last(&cx.trees, dict).ok_or("it is not written as a plain dict");
                let fix = last
                    .and_then(|last| entry::insert(&cx.trees, last, "CONN_MAX_AGE", "60", Safety::Display));
                fixes::offer(found, fix);
            }
        }
    }
}

/// Nobody has said anything; an age of 0 that is written down is a decision.
fn is_left_out(dict: &Dict) -> bool {
    match dict.get("CONN_MAX_AGE") {
        // `dj_database_url.config()` takes 0 by itself.
        Some(entry) => {
            entry.value == Value::Int(0) && entry.key_site == entry.site && entry.site == dict.site
        }
        None => dict.is_closed(),
    }
}

fn has_pool(dict: &Dict) -> bool {
    match dict.get("OPTIONS").map(|entry| &entry.value) {
        None => false,
        Some(Value::Dict(options)) => options.get("pool").is_some() || !options.is_closed(),
        Some(_) => true,
    }
}
