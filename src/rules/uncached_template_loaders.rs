//! DJP508: template loaders that are named without the one that keeps compiled templates.

use crate::fix::entry;
use crate::project::settings::{List, Value};
use crate::report::diagnostic::Diagnostic;

use super::deployment::{entry as certain, found, serving};
use super::{Context, Rule, fixes};

const OWN: &str = "django.template.loaders.";
const CACHED: &str = "django.template.loaders.cached.Loader";

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
            if !are_plain(list) {
                continue;
            }
            let message =
                "these template loaders keep nothing: each use of a template reads and compiles its file again".to_owned();
            let help = "wrap them in `django.template.loaders.cached.Loader`, or leave `loaders` out: Django then does it";
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

/// Django's own loaders, none of which keeps templates; what others do is not known.
fn are_plain(list: &List) -> bool {
    let name = |value: &Value| match value {
        Value::Str(name) => Some(name.as_str()),
        // `("…filesystem.Loader", [dirs])`
        Value::List(pair) => pair.items.first().and_then(|item| item.value.as_str()),
        _ => None,
    };
    !list.items.is_empty()
        && list.is_certain()
        && list
            .items
            .iter()
            .all(|item| name(&item.value).is_some_and(|name| name.starts_with(OWN) && name != CACHED))
}
