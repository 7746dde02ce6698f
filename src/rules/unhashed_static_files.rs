//! DJP510: static files that WhiteNoise serves under names that browsers cannot keep.

use crate::fix::{Safety, entry};
use crate::project::settings::{Entry, SettingsModule, Value, serves_static};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{found, serving};
use super::{Context, Rule, fixes};

const HASHED: &str = "\"whitenoise.storage.CompressedManifestStaticFilesStorage\"";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        let Some(Value::List(middleware)) = module.certain("MIDDLEWARE") else {
            continue;
        };
        let serves = middleware.texts().find_map(|(name, item)| {
            let serving = serves_static().iter().find(|row| row.middleware == name);
            serving.filter(|_| !item.sometimes).map(|serving| (serving, item))
        });
        let Some((serving, middleware)) = serves else {
            continue;
        };
        if serving.lasting.iter().any(|name| module.get(name).is_some()) {
            continue;
        }
        let (site, written) = match storage(module) {
            Storage::Written(entry) if entry.value.as_str().is_some_and(|name| serving.is_plain(name)) => {
                (entry.site, true)
            }
            Storage::Missing => (middleware.site, false),
            _ => continue,
        };
        let message =
            "WhiteNoise serves static files under unhashed names: browsers ask for each of them again after a minute".to_owned();
        let help = "use `whitenoise.storage.CompressedManifestStaticFilesStorage` for `STORAGES[\"staticfiles\"]`, whose names change with the content, so that files are kept for ever";
        if let Some(found) = found(cx, rule, module, site, (message, help), out)
            && written
        {
            fixes::offer(found, entry::replace(&cx.trees, site, HASHED, Safety::Display));
        }
    }
}

enum Storage<'a> {
    Written(&'a Entry),
    Missing,
    Unknown,
}

fn storage(module: &SettingsModule) -> Storage<'_> {
    if module.get("STATICFILES_STORAGE").is_some() {
        return Storage::Unknown;
    }
    match module.get("STORAGES") {
        None if module.overrides.is_empty() => Storage::Missing,
        None => Storage::Unknown,
        Some(_) => match module.certain("STORAGES") {
            Some(Value::Dict(storages)) => {
                let entry = storages
                    .get("staticfiles")
                    .and_then(|entry| entry.value.as_dict()?.get("BACKEND"));
                entry.map_or(Storage::Unknown, Storage::Written)
            }
            _ => Storage::Unknown,
        },
    }
}
