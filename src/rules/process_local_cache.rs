//! DJP505: a cache that each process has for itself.

use crate::project::settings::{CacheKeeps, Reason, Role as ModuleRole, SettingsModule, Value, cache_keeps};
use crate::report::diagnostic::{Diagnostic, Label, Role};
use crate::source::Site;

use super::deployment::{default_cache, found, serving};
use super::{Context, Rule};

/// Pages that `cache_page` keeps grow old by themselves, in each process for itself.
const USES: [&str; 1] = ["django.core.cache"];
const MIDDLEWARE: &str = "django.middleware.cache.";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        let named = matches!(module.reason, Reason::Named(_)) || module.role == ModuleRole::Production;
        if !module.overrides.is_empty() || !named {
            continue;
        }
        let Some((site, dummy)) = local(module) else {
            continue;
        };
        let Some(used) = used(cx, module) else { continue };
        let message = match dummy {
            true => "the cache keeps nothing, and the project uses it".to_owned(),
            false => "the cache is one for each process, of 300 entries: each worker fills its own, and what one deletes the others still serve".to_owned(),
        };
        let help = "set `CACHES` to a cache that all processes share: `django.core.cache.backends.redis.RedisCache`, or Memcached";
        if let Some(found) = found(cx, rule, module, site, (message, help), out) {
            found.labels.push(Label {
                site: used,
                role: Role::Access,
                message: "the cache is used here".into(),
            });
        }
    }
}

/// Where a module takes a cache of single processes, and whether that is one that keeps nothing.
fn local(module: &SettingsModule) -> Option<(Site, bool)> {
    if module.lacks("CACHES") {
        return Some((module.anchor, false));
    }
    let (_, cache) = default_cache(module)?;
    let backend = cache.get("BACKEND")?;
    match cache_keeps(backend.value.as_str()?)? {
        CacheKeeps::Process => Some((backend.site, false)),
        CacheKeeps::Nothing => Some((backend.site, true)),
        CacheKeeps::Shared => None,
    }
}

/// A place where the project uses the cache.
fn used(cx: &Context<'_>, module: &SettingsModule) -> Option<Site> {
    if let Some(Value::List(list)) = module.certain("MIDDLEWARE") {
        let found = list.texts().find(|(name, _)| name.starts_with(MIDDLEWARE));
        if let Some((_, item)) = found {
            return Some(item.site);
        }
    }
    cx.project.import_from(module.file, &USES, &[])
}
