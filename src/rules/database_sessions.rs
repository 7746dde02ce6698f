//! DJP506: sessions in the database beside a cache that all processes share.

use crate::fix::{Safety, entry};
use crate::project::settings::{
    CacheKeeps, SessionsKeep, SettingsModule, Value, cache_keeps, knows_visitors, sessions_keep,
};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{default_cache, found, serving};
use super::{Context, Rule, fixes};

const CACHED: &str = "\"django.contrib.sessions.backends.cached_db\"";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        if !uses_sessions(module) || !has_shared_cache(module) {
            continue;
        }
        let written = module.get("SESSION_ENGINE");
        let site = match written {
            Some(setting) if keeps(module) == Some(SessionsKeep::Database) => setting.site,
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

/// Where the engine that is certain keeps sessions.
fn keeps(module: &SettingsModule) -> Option<SessionsKeep> {
    let engine = module.certain("SESSION_ENGINE").and_then(Value::as_str);
    engine.and_then(sessions_keep)
}

fn uses_sessions(module: &SettingsModule) -> bool {
    match module.certain("MIDDLEWARE") {
        Some(Value::List(list)) => {
            knows_visitors(|wanted| list.texts().any(|(name, item)| name == wanted && !item.sometimes))
        }
        _ => false,
    }
}

fn has_shared_cache(module: &SettingsModule) -> bool {
    let backend = default_cache(module).and_then(|(_, cache)| cache.get("BACKEND")?.value.as_str());
    backend.and_then(cache_keeps) == Some(CacheKeeps::Shared)
}
