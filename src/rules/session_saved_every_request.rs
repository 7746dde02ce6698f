//! DJP507: sessions that are written by every request.

use crate::project::settings::Value;
use crate::report::diagnostic::Diagnostic;

use super::deployment::{found, serving};
use super::{Context, Rule};

const QUERIES: &str = "an `UPDATE`, and a `SELECT` where nothing else has read it";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        let (Some(setting), Some(Value::Bool(true))) = (
            module.get("SESSION_SAVE_EVERY_REQUEST"),
            module.certain("SESSION_SAVE_EVERY_REQUEST"),
        ) else {
            continue;
        };
        let engine = module.get("SESSION_ENGINE").map(|setting| &*setting.value);
        let cost = match engine.map(Value::as_str) {
            None if module.overrides.is_empty() => QUERIES,
            Some(Some("django.contrib.sessions.backends.db")) => QUERIES,
            Some(Some("django.contrib.sessions.backends.cached_db")) => {
                "an `UPDATE` and a write to the cache"
            }
            _ => continue,
        };
        let message = format!("every request of a visitor with a session saves it, changed or not: {cost}");
        let help = "leave it out, and set `request.session.modified = True` in the requests that have to put off the end of a session";
        found(cx, rule, module, setting.site, (message, help), out);
    }
}
