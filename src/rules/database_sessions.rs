//! DJP506: sessions in the database beside a cache that all processes share.

use crate::fix::{Safety, entry};
use crate::project::settings::{SettingsModule, Value};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{default_cache, found, serving};
use super::{Context, Rule, fixes};

const DATABASE: &str = "django.contrib.sessions.backends.db";
const CACHED: &str = "\"django.contrib.sessions.backends.cached_db\"";
/// Sessions are read where a request asks for its user, by the second of these.
const MIDDLEWARE: [&str; 2] = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
];

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        if !uses_sessions(module) || !has_shared_cache(module) {
            continue;
        }
        let written = module.get("SESSION_ENGINE");
        let site = match written {
            Some(setting) if module.certain("SESSION_ENGINE").and_then(Value::as_str) == Some(DATABASE) => {
                setting.site
            }
            None if module.lacks("SESSION_ENGINE") => match module.get("CACHES") {
                Some(caches) => caches.site,
                None => continue,
            },
            _ => continue,
        };
        let message =
            "sessions are read from the database, one query for each request that asks for the user, although there is a shared cache".to_owned();
        let help = "set `SESSION_ENGINE = \"django.contrib.sessions.backends.cached_db\"`: reads come from the cache, and nothing is lost when it is emptied";
        if let Some(found) = found(cx, rule, module, site, (message, help), out)
            && written.is_some()
        {
            fixes::offer(found, entry::replace(&cx.trees, site, CACHED, Safety::Unsafe));
        }
    }
}

fn uses_sessions(module: &SettingsModule) -> bool {
    match module.certain("MIDDLEWARE") {
        Some(Value::List(list)) => MIDDLEWARE.iter().all(|wanted| {
            list.texts()
                .any(|(name, item)| name == *wanted && !item.sometimes)
        }),
        _ => false,
    }
}

fn has_shared_cache(module: &SettingsModule) -> bool {
    let backend = default_cache(module).and_then(|(_, cache)| cache.get("BACKEND")?.value.as_str());
    backend.is_some_and(|name| {
        let name = name.to_lowercase();
        ["redis", "memcached", "valkey"]
            .iter()
            .any(|word| name.contains(word))
    })
}
