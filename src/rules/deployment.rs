//! What the rules about settings share: which modules count, their databases and caches, and how findings look.

use crate::project::Part;
use crate::project::hints::Database;
use crate::project::settings::{Dict, Entry, Role as ModuleRole, Setting, SettingsModule, Value};
use crate::report::diagnostic::{Diagnostic, Label, Role};
use crate::source::Site;

use super::{Context, Rule};

/// Modules that a server may run with. One that nobody calls production and that runs on SQLite is for trying things.
pub(super) fn serving<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'a SettingsModule> {
    let modules = cx.project.settings().of_servers();
    modules.filter(|module| {
        let all = databases(module);
        let only_sqlite = !all.is_empty() && all.iter().all(|d| d.kind == Some(Database::Sqlite));
        module.role == ModuleRole::Production || !only_sqlite
    })
}

/// An entry of `DATABASES`.
pub(super) struct Served<'a> {
    pub alias: &'static str,
    pub dict: &'a Dict,
    pub kind: Option<Database>,
    /// The engine is written down, and not only a default.
    pub certain: bool,
    pub engine: Option<&'static str>,
}

/// The databases of a module, on each way.
pub(super) fn databases(module: &SettingsModule) -> Vec<Served<'_>> {
    let mut all = Vec::new();
    for (alias, dict) in entries(module, "DATABASES") {
        let (engine, certain) = dict
            .get("ENGINE")
            .map_or((None, false), |entry| engine(&entry.value));
        all.push(Served {
            alias,
            dict,
            kind: engine.and_then(Database::of_engine),
            certain,
            engine,
        });
    }
    all
}

/// The engine that a value names on all ways that are known, and whether it is written down on all.
fn engine(value: &Value) -> (Option<&'static str>, bool) {
    let mut found = None;
    let mut certain = true;
    for way in value.ways() {
        let named = match way {
            Value::Unknown(unknown) => {
                certain = false;
                unknown.default.as_deref().and_then(Value::as_str)
            }
            known => known.as_str(),
        };
        match (found, named) {
            (Some(one), Some(other)) if one != other => return (None, false),
            _ => found = found.or(named),
        }
    }
    (found, certain)
}

/// The dicts in a dict of dicts by alias, as `DATABASES` and `CACHES` are, on each way.
pub(super) fn entries<'a>(module: &'a SettingsModule, name: &str) -> Vec<(&'static str, &'a Dict)> {
    let Some(setting) = module.get(name) else {
        return Vec::new();
    };
    let mut all: Vec<(&'static str, &Dict)> = Vec::new();
    for way in setting.value.ways() {
        let Value::Dict(aliases) = way else { continue };
        for entry in &aliases.entries {
            for way in entry.value.ways() {
                if let Value::Dict(dict) = way {
                    all.push((entry.key.as_str(), dict));
                }
            }
        }
    }
    all
}

/// The one cache called `default`, if that is certain.
pub(super) fn default_cache(module: &SettingsModule) -> Option<(&Setting, &Dict)> {
    let setting = module.get("CACHES").filter(|setting| setting.certain)?;
    let entry = setting.value.as_dict()?.get("default")?;
    Some((setting, entry.value.as_dict()?))
}

/// The entry of a dict, if it is there on all ways.
pub(super) fn entry<'a>(dict: &'a Dict, key: &str) -> Option<&'a Entry> {
    dict.get(key).filter(|entry| !entry.sometimes)
}

/// Whether a dict certainly has no such key.
pub(super) fn lacks(dict: &Dict, key: &str) -> bool {
    dict.is_closed() && dict.get(key).is_none()
}

/// Whether a connection goes to PgBouncer, by its name or its port.
pub(super) fn pooler(dict: &Dict) -> Option<&Entry> {
    let port = dict.get("PORT").filter(|entry| match &entry.value {
        Value::Int(port) => *port == 6432,
        value => value.as_str() == Some("6432"),
    });
    let host = dict
        .get("HOST")
        .filter(|entry| entry.value.as_str().is_some_and(|host| host.contains("bouncer")));
    host.or(port)
}

/// Whether requests may be answered under ASGI.
pub(super) fn is_async(module: &SettingsModule) -> bool {
    let apps = module.get("INSTALLED_APPS").map(|setting| &*setting.value);
    let apps = apps
        .and_then(Value::as_list)
        .map(|list| &list.items[..])
        .unwrap_or_default();
    module.get("ASGI_APPLICATION").is_some()
        || apps
            .iter()
            .filter_map(|item| item.value.as_str())
            .any(|app| matches!(app.split('.').next(), Some("daphne" | "channels" | "uvicorn")))
}

/// Adds a finding about a place in settings, once whatever the number of modules that take it over.
pub(super) fn report(
    cx: &Context<'_>,
    rule: &Rule,
    module: &SettingsModule,
    site: Site,
    (message, help): (String, &str),
    out: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let told = out
        .iter()
        .any(|d| d.code == rule.code && d.file == site.file && d.span == site.span);
    if told
        || matches!(
            cx.project.file(site.file).part,
            Part::Test | Part::Stub | Part::Package
        )
    {
        return None;
    }
    let mut labels = vec![Label {
        site,
        role: Role::Setting,
        message: "this setting".into(),
    }];
    if module.file != site.file {
        labels.push(Label {
            site: module.anchor,
            role: Role::Setting,
            message: format!("`{}` takes it over", module.name),
        });
    }
    out.push(Diagnostic {
        help: Some(help.to_owned()),
        labels,
        ..rule.finding(site, message)
    });
    Some(out.len() - 1)
}

/// As [`report`], with the finding to add to.
pub(super) fn found<'o>(
    cx: &Context<'_>,
    rule: &Rule,
    module: &SettingsModule,
    site: Site,
    words: (String, &str),
    out: &'o mut Vec<Diagnostic>,
) -> Option<&'o mut Diagnostic> {
    let at = report(cx, rule, module, site, words, out)?;
    out.get_mut(at)
}
