//! DJP512: options that Django's own Redis cache hands on to redis-py, which does not know them.

use crate::fix::{Safety, entry};
use crate::project::settings::{Dict, Value};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{entries, found};
use super::wording::list;
use super::{Context, Rule, fixes};

const BACKEND: &str = "django.core.cache.backends.redis.RedisCache";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in &cx.project.settings().modules {
        for (_, cache) in entries(module, "CACHES") {
            let backend = cache.get("BACKEND").and_then(|entry| entry.value.as_str());
            let Some(options) = cache.get("OPTIONS").filter(|_| backend == Some(BACKEND)) else {
                continue;
            };
            let Value::Dict(dict) = &options.value else {
                continue;
            };
            let wrong = invalid(dict);
            let Some(first) = wrong.first() else { continue };
            let names: Vec<String> = wrong.iter().map(|entry| entry.key.to_string()).collect();
            let message = format!(
                "Django's own Redis cache takes no option {}: the first cache command raises `TypeError`",
                list(&names)
            );
            let help = "drop it, or use the backend of django-redis, `django_redis.cache.RedisCache`, whose option it is";
            if let Some(found) = found(cx, rule, module, first.key_site, (message, help), out) {
                let gone = match (wrong.len(), dict.entries.len()) {
                    // What a comment in them says stays.
                    (1, 1) => entry::drop(&cx.trees, options, Safety::Unsafe)
                        .or_else(|_| entry::drop(&cx.trees, first, Safety::Unsafe)),
                    (1, _) => entry::drop(&cx.trees, first, Safety::Unsafe),
                    _ => Err("there are several"),
                };
                fixes::offer(found, gone);
            }
        }
    }
}

/// redis-py's arguments are in lower case; those of django-redis are not.
fn invalid(options: &Dict) -> Vec<&crate::project::settings::Entry> {
    let is_upper = |text: &str| text.chars().any(char::is_alphabetic) && text == text.to_uppercase();
    let all = options.entries.iter();
    all.filter(|entry| is_upper(entry.key.as_str())).collect()
}
