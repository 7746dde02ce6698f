//! DJP517: a pool of connections beside persistent ones, which Django refuses.

use crate::fix::{Safety, entry};
use crate::project::hints::Database;
use crate::project::settings::{Value, since};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{databases, entry as certain, found};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let version = cx.project.hints.django_version;
    if version < since("OPTIONS.pool") && version.is_some() {
        return;
    }
    for module in &cx.project.settings().modules {
        for served in databases(module) {
            let Some(options) = certain(served.dict, "OPTIONS").and_then(|entry| entry.value.as_dict())
            else {
                continue;
            };
            let pools = certain(options, "pool").is_some_and(|entry| entry.value.truth() == Some(true));
            let Some(age) = certain(served.dict, "CONN_MAX_AGE") else {
                continue;
            };
            let persistent = match age.value {
                Value::Int(age) => age != 0,
                Value::None => true,
                _ => false,
            };
            if !pools || !persistent || served.kind != Some(Database::PostgreSql) {
                continue;
            }
            let message = "a pool of connections and persistent connections exclude each other: the first query raises `ImproperlyConfigured`".to_owned();
            let help = "drop `CONN_MAX_AGE`: the pool keeps connections open by itself";
            if let Some(found) = found(cx, rule, module, age.site, (message, help), out) {
                fixes::offer(found, entry::drop(&cx.trees, age, Safety::Unsafe));
            }
        }
    }
}
