//! DJP504: a new connection to the database for every request.

use crate::fix::{Safety, entry};
use crate::project::hints::Database;
use crate::project::settings::{Dict, Value, Why, since};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role};
use crate::source::Site;

use super::deployment::{Served, databases, found, is_async, pooler, serving};
use super::findings::MAX_LABELS;
use super::{Context, Rule, fixes};

const SECONDS: &str = "60";
const CAPACITY: &str = "as long as the database takes a connection for each thread of each worker";

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
        let defaults = all.iter().filter(|served| served.alias == "default").count();
        for served in all.iter().filter(|served| served.alias == "default") {
            if !opens_each_time(served) {
                continue;
            }
            let dict = served.dict;
            let place = match defaults {
                1 => "`DATABASES[\"default\"]`".to_owned(),
                n => format!("one of {n} ways to set `DATABASES[\"default\"]`"),
            };
            let message = format!(
                "{place} has no `CONN_MAX_AGE`: every request that asks the database opens a connection and closes it again"
            );
            let called = dict.get("CONN_MAX_AGE").is_some();
            let help = help(cx, called);
            let written = dict.get("ENGINE").map(|entry| entry.site);
            let inside = |site: &Site| site.file == dict.site.file && dict.site.span.contains(site.span);
            let site = written.filter(inside).unwrap_or(dict.site);
            if let Some(found) = found(cx, rule, module, site, (message, &help), out) {
                if !served.certain || defaults > 1 {
                    found.certainty = Certainty::Likely;
                }
                found.labels.extend(others(&all, dict));
                found.labels.truncate(MAX_LABELS);
                let fix = if called {
                    entry::argument(&cx.trees, dict.site, "conn_max_age", SECONDS, Safety::Display)
                } else {
                    let last = entry::last(&cx.trees, dict).ok_or("it is not written as a plain dict");
                    last.and_then(|last| {
                        entry::insert(&cx.trees, last, "CONN_MAX_AGE", SECONDS, Safety::Display)
                    })
                };
                fixes::offer(found, fix);
            }
        }
    }
}

/// A server that is asked for a connection each time, by nobody's decision.
fn opens_each_time(served: &Served<'_>) -> bool {
    // Engines with a pool of their own say so in their names.
    let pooled = served
        .engine
        .is_some_and(|name| name.contains("pool") || name.contains("gevent"));
    let server = served.kind.is_some_and(|kind| kind != Database::Sqlite);
    let dict = served.dict;
    server && !pooled && is_left_out(dict) && !has_pool(dict) && pooler(dict).is_none()
}

/// What to write, as entries or as arguments of the call that reads a URL.
fn help(cx: &Context<'_>, called: bool) -> String {
    let version = cx.project.hints.django_version;
    let checks = since("CONN_HEALTH_CHECKS").is_none_or(|since| version.is_none_or(|known| known >= since));
    let set = match (called, checks) {
        (true, true) => "call it with `conn_max_age=60` and `conn_health_checks=True`",
        (true, false) => "call it with `conn_max_age=60`",
        (false, true) => "set `\"CONN_MAX_AGE\": 60` and `\"CONN_HEALTH_CHECKS\": True`",
        (false, false) => "set `\"CONN_MAX_AGE\": 60`",
    };
    let idle = match checks {
        true => "",
        false => " and keeps it open for longer than that",
    };
    format!("{set}, {CAPACITY}{idle}")
}

/// Other databases that lack it, and URLs that may set it.
fn others(all: &[Served<'_>], dict: &Dict) -> Vec<Label> {
    let others = all.iter().filter(|other| other.dict.site != dict.site);
    let said = others.filter_map(|other| {
        let from_url = other
            .dict
            .open
            .as_ref()
            .is_some_and(|open| matches!(open.why, Why::Environment(_)) && open.site == other.dict.site);
        let message = if other.alias == "default" && from_url && other.kind != Some(Database::Sqlite) {
            "this way has none either, unless the URL ends in `?conn_max_age=60`".to_owned()
        } else if opens_each_time(other) {
            format!("`{}` has none either", other.alias)
        } else {
            return None;
        };
        Some(Label {
            site: other.dict.site,
            role: Role::Setting,
            message,
        })
    });
    let mut labels: Vec<Label> = Vec::new();
    for label in said {
        if labels.iter().all(|known| known.site != label.site) {
            labels.push(label);
        }
    }
    labels
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
