//! DJP509: what helps while developing, in the settings of a server.

use crate::fix::{Safety, entry};
use crate::project::settings::{Role, SettingsModule, Value, tool_cost};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{found, serving};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx).filter(|module| module.role == Role::Production) {
        debug(cx, rule, module, out);
        let Some(Value::List(middleware)) = module.certain("MIDDLEWARE") else {
            continue;
        };
        for (name, item) in middleware.texts().filter(|(_, item)| !item.sometimes) {
            let Some(cost) = tool_cost(name) else {
                continue;
            };
            let words = (
                format!("{cost}, in the settings for production too"),
                "add it in the settings for development only",
            );
            found(cx, rule, module, item.site, words, out);
        }
    }
}

fn debug(cx: &Context<'_>, rule: &Rule, module: &SettingsModule, out: &mut Vec<Diagnostic>) {
    let (Some(setting), Some(Value::Bool(true)), true) = (
        module.get("DEBUG"),
        module.certain("DEBUG"),
        module.overrides.is_empty(),
    ) else {
        return;
    };
    let message = format!(
        "`DEBUG` is true in `{}`: each connection keeps the text of its last 9,000 queries, and errors show the settings to everybody",
        module.name
    );
    let help = "set `DEBUG = False`";
    if let Some(found) = found(cx, rule, module, setting.site, (message, help), out) {
        fixes::offer(
            found,
            entry::replace(&cx.trees, setting.site, "False", Safety::Unsafe),
        );
    }
}
