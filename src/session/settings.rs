//! Settings modules in printable form.

use crate::project::Project;
use crate::project::settings::{SettingsModule, Unknown, Value};
use crate::report::settings::{ModuleView, SettingView, SettingsView, UnknownView};
use crate::source::{Site, SourceSet, Sym};

/// Parts of names whose values are nobody else's business.
const SECRETS: [&str; 5] = ["SECRET", "PASSWORD", "TOKEN", "CREDENTIAL", "PRIVATE"];

/// All settings modules.
pub(super) fn of(project: &Project, sources: &SourceSet) -> SettingsView {
    let modules = &project.settings().modules;
    SettingsView {
        modules: modules
            .iter()
            .map(|module| view(project, sources, module))
            .collect(),
    }
}

fn view(project: &Project, sources: &SourceSet, module: &SettingsModule) -> ModuleView {
    let path = |site: Site| sources.get(site.file).path.clone();
    let line = |site: Site| sources.get(site.file).position(site.span.start).line;
    let unknown = |part: &str, unknown: &Unknown| UnknownView {
        part: part.to_owned(),
        why: match &unknown.default {
            Some(default) => format!("{}; otherwise {}", unknown.why, text(default, part)),
            None => unknown.why.to_string(),
        },
        path: path(unknown.site),
        line: line(unknown.site),
    };
    let mut names: Vec<Sym> = module.values.keys().copied().collect();
    names.sort_by_key(|name| name.as_str());
    let settings = names.iter().filter_map(|name| {
        let setting = module.values.get(name)?;
        let mut parts = Vec::new();
        unknowns(&setting.value, String::new(), &mut parts);
        Some(SettingView {
            name: name.to_string(),
            value: text(&setting.value, name.as_str()),
            path: path(setting.site),
            line: line(setting.site),
            certain: setting.certain,
            unknown: parts.iter().map(|(part, found)| unknown(part, found)).collect(),
        })
    });
    ModuleView {
        name: module.name.to_string(),
        path: sources.get(module.file).path.clone(),
        role: module.role.to_string(),
        reason: module.reason.to_string(),
        parents: module
            .parents
            .iter()
            .map(|file| project.file(*file).module.to_string())
            .collect(),
        overrides: module
            .overrides
            .iter()
            .map(|known| UnknownView {
                part: String::new(),
                why: known.why.to_string(),
                path: path(known.site),
                line: line(known.site),
            })
            .collect(),
        settings: settings.collect(),
    }
}

/// The unknown parts of a value, with the way to them.
fn unknowns<'v>(value: &'v Value, part: String, out: &mut Vec<(String, &'v Unknown)>) {
    match value {
        Value::Unknown(unknown) => out.push((part, unknown)),
        Value::List(list) => {
            for (at, item) in list.items.iter().enumerate() {
                unknowns(&item.value, format!("{part}[{at}]"), out);
            }
        }
        Value::Dict(dict) => {
            for entry in &dict.entries {
                unknowns(&entry.value, format!("{part}[\"{}\"]", entry.key), out);
            }
            if let Some(open) = &dict.open {
                out.push((format!("{part}[…]"), open));
            }
        }
        Value::OneOf(ways) => ways.iter().for_each(|way| unknowns(way, part.clone(), out)),
        Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::None => {}
    }
}

/// A value as Python would write it.
fn text(value: &Value, name: &str) -> String {
    let upper = name.to_uppercase();
    if SECRETS.iter().any(|word| upper.contains(word)) && matches!(value, Value::Str(_)) {
        return "…".to_owned();
    }
    match value {
        Value::Str(text) => format!("{:?}", text.as_str()),
        Value::Int(n) => n.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::None => "None".to_owned(),
        Value::List(list) => {
            let items = list.items.iter().map(|item| match (item.gap, item.sometimes) {
                (true, _) => "…".to_owned(),
                (_, true) => format!("{}?", text(&item.value, name)),
                _ => text(&item.value, name),
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::Dict(dict) => {
            let mut items: Vec<String> = dict
                .entries
                .iter()
                .map(|entry| {
                    let sometimes = if entry.sometimes { "?" } else { "" };
                    format!(
                        "{:?}: {}{sometimes}",
                        entry.key.as_str(),
                        text(&entry.value, entry.key.as_str())
                    )
                })
                .collect();
            items.extend(dict.open.as_ref().map(|_| "…".to_owned()));
            format!("{{{}}}", items.join(", "))
        }
        Value::OneOf(ways) => {
            let ways: Vec<String> = ways.iter().map(|way| text(way, name)).collect();
            ways.join(" or ")
        }
        Value::Unknown(unknown) => match &unknown.default {
            Some(default) => format!("… ({} unless told otherwise)", text(default, name)),
            None => "…".to_owned(),
        },
    }
}
