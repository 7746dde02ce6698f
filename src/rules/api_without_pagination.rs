//! DJP514: a list of an API that answers with all rows of a table that grows.

use crate::analysis::listed::whole_tables;
use crate::project::settings::{SettingsModule, Value, needs_page_size};
use crate::report::diagnostic::{Diagnostic, Label, Role};
use crate::source::Site;

use super::findings::reportable;
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut served = cx.project.settings().of_servers().peekable();
    if served.peek().is_none() {
        return;
    }
    let places: Option<Vec<Site>> = served.map(unpaged).collect();
    let Some(place) = places.and_then(|places| places.first().copied()) else {
        return;
    };
    for listed in whole_tables(cx.project) {
        if !reportable(cx.project, listed.site) {
            continue;
        }
        let model = cx.project.model(listed.model);
        let facts = cx.project.class_facts(listed.class);
        let name = Site::new(cx.project.class(listed.class).file, facts.name_span);
        out.push(Diagnostic {
            help: Some("set `pagination_class` here, or `DEFAULT_PAGINATION_CLASS` and `PAGE_SIZE` for all lists; clients have to follow the pages then".into()),
            model: Some(model.label.to_string()),
            endpoints: vec![listed.pattern.to_string()],
            labels: vec![
                Label { site: name, role: Role::Queryset, message: "this list".into() },
                Label { site: listed.site, role: Role::Queryset, message: "all rows".into() },
                Label { site: place, role: Role::Setting, message: "no pages by default".into() },
            ],
            ..rule.finding(name, format!("`{}` answers `{}` with every `{}` there is: neither the view nor the settings page it", facts.name, listed.pattern, model.name))
        });
    }
}

/// Where a settings module says, or leaves out, that lists of REST framework have pages; none if they may have some.
fn unpaged(module: &SettingsModule) -> Option<Site> {
    let Some(setting) = module.get("REST_FRAMEWORK") else {
        return module.lacks("REST_FRAMEWORK").then_some(module.anchor);
    };
    let Some(Value::Dict(options)) = module.certain("REST_FRAMEWORK") else {
        return None;
    };
    let off = |key: &str| match options.get(key) {
        Some(entry) => !entry.sometimes && entry.value == Value::None,
        None => options.is_closed(),
    };
    let class = options
        .get("DEFAULT_PAGINATION_CLASS")
        .filter(|entry| !entry.sometimes);
    let sized = class
        .and_then(|entry| entry.value.as_str())
        .is_some_and(needs_page_size);
    (off("DEFAULT_PAGINATION_CLASS") || sized && off("PAGE_SIZE")).then_some(setting.site)
}
