//! DJP507: sessions that are written by every request.

use crate::project::settings::{SessionsKeep, Value, sessions_keep};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{found, serving};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        let (Some(setting), Some(Value::Bool(true))) = (
            module.get("SESSION_SAVE_EVERY_REQUEST"),
            module.certain("SESSION_SAVE_EVERY_REQUEST"),
        ) else {
            continue;
        };
        let engine = module.get("SESSION_ENGINE").map(|setting| &*setting.value);
        let engine = match engine {
            None if module.overrides.is_empty() => Some(SessionsKeep::Database),
            None => None,
            Some(written) => written.as_str().and_then(sessions_keep),
        };
        let cost = match engine {
            Some(SessionsKeep::Database) => "an `UPDATE`, and a `SELECT` where nothing else has read it",
            Some(SessionsKeep::DatabaseAndCache) => "an `UPDATE` and a write to the cache",
            None => continue,
        };
        let message = format!("every request of a visitor with a session saves it, changed or not: {cost}");
        let help = "leave it out, and set `request.session.modified = True` in the requests that have to put off the end of a session";
        found(cx, rule, module, setting.site, (message, help), out);
    }
}
