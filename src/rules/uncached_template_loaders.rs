//! DJP508: template loaders that are named without the one that keeps compiled templates.

use crate::fix::entry;
use crate::project::settings::{List, SettingsModule, Value};
use crate::project::templates::table::plain_loader;
use crate::report::diagnostic::Diagnostic;

use super::deployment::{entry as certain, found, serving};
use super::{Context, Rule, fixes};

const FILES: &str = "filesystem.Loader";
const APPS: &str = "app_directories.Loader";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in serving(cx) {
        let Some(Value::List(engines)) = module.certain("TEMPLATES") else {
            continue;
        };
        for engine in &engines.items {
            let Some(engine) = engine.value.as_dict() else {
                continue;
            };
            let options = certain(engine, "OPTIONS").and_then(|entry| entry.value.as_dict());
            let Some(loaders) = options.and_then(|options| certain(options, "loaders")) else {
                continue;
            };
            let Value::List(list) = &loaders.value else {
                continue;
            };
            let Some(names) = plain(list).filter(|_| !stand_alone(cx, module)) else {
                continue;
            };
            let message =
                "these template loaders keep nothing: each use of a template reads and compiles its file again".to_owned();
            let help = match &names[..] {
                [FILES] => {
                    "wrap them in `django.template.loaders.cached.Loader`, or leave `loaders` out: Django then does it"
                }
                [FILES, APPS] => {
                    "wrap them in `django.template.loaders.cached.Loader`, or take `loaders` out and set `\"APP_DIRS\": True` beside `OPTIONS`: Django then does it"
                }
                _ => "wrap them in `django.template.loaders.cached.Loader`",
            };
            if let Some(found) = found(cx, rule, module, loaders.site, (message, help), out) {
                let whole = list.items.iter().all(|item| item.list == list.site);
                let fix = match whole {
                    true => entry::cached(&cx.trees, list.site),
                    false => Err("the list is put together elsewhere"),
                };
                fixes::offer(found, fix);
            }
        }
    }
}

/// The names of Django's own loaders, none of which keeps templates; what others do is not known.
fn plain(list: &List) -> Option<Vec<&str>> {
    let name = |value: &Value| match value {
        Value::Str(name) => Some(name.as_str()),
        // `("…filesystem.Loader", [dirs])`: what it does without the directories is not the same.
        Value::List(pair) => pair.items.first().and_then(|item| item.value.as_str()),
        _ => None,
    };
    if list.items.is_empty() || !list.is_certain() {
        return None;
    }
    let names = list.items.iter().map(|item| {
        let name = name(&item.value)?;
        let own = plain_loader(name)?;
        Some(if item.value.as_str().is_some() { own } else { "" })
    });
    names.collect()
}

/// No page has a base, and nobody opens the admin: what a few single files cost does not show.
fn stand_alone(cx: &Context<'_>, module: &SettingsModule) -> bool {
    let mut templates = cx.project.django_templates();
    let alone = templates.all(|file| {
        let template = cx.project.file(file).facts.template.as_deref();
        template.is_none_or(|t| t.extends.is_none() && !t.dynamic)
    });
    let apps = module.get("INSTALLED_APPS").and_then(|apps| apps.value.as_list());
    let admin = apps.is_none_or(|apps| {
        apps.texts()
            .any(|(app, _)| app.starts_with("django.contrib.admin"))
    });
    alone && !admin
}
