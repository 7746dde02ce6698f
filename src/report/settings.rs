//! The settings modules of a project and what they hold, as text or as JSON.

use serde::Serialize;

use super::escape_line;

/// All settings modules.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SettingsView {
    pub modules: Vec<ModuleView>,
}

/// One settings module, or class of django-configurations.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleView {
    /// `config.settings.production`.
    pub name: String,
    pub path: String,
    /// `production`, `any`, `development`, `test` or `base`.
    pub role: String,
    /// Why it has that role.
    pub reason: String,
    /// The modules that it takes over.
    pub parents: Vec<String>,
    /// Where settings come in that are not read.
    pub overrides: Vec<UnknownView>,
    /// Ordered by name.
    pub settings: Vec<SettingView>,
}

/// One setting of one module.
#[derive(Debug, Clone, Serialize)]
pub struct SettingView {
    pub name: String,
    /// As Python would write it; `…` is what is unknown or secret.
    pub value: String,
    pub path: String,
    pub line: u32,
    /// It is set on all ways through the settings.
    pub certain: bool,
    /// Its parts that are unknown.
    pub unknown: Vec<UnknownView>,
}

/// Something unknown.
#[derive(Debug, Clone, Serialize)]
pub struct UnknownView {
    /// The part of the setting; empty for the whole.
    pub part: String,
    pub why: String,
    pub path: String,
    pub line: u32,
}

/// The settings as a versioned document.
pub fn json(view: &SettingsView) -> String {
    super::json::pretty(&serde_json::json!({"version": super::json::VERSION, "modules": view.modules}))
}

/// All modules, with what stayed unknown.
pub fn text(view: &SettingsView) -> String {
    if view.modules.is_empty() {
        return "No settings module was found.\n".to_owned();
    }
    let mut out = String::new();
    for module in &view.modules {
        if !out.is_empty() {
            out.push('\n');
        }
        head(&mut out, module);
        if !module.parents.is_empty() {
            let parents = module.parents.join(", ");
            out.push_str(&format!("  takes over {}\n", escape_line(&parents)));
        }
        for other in &module.overrides {
            out.push_str(&format!("  may change at {}\n", line(other)));
        }
        let unknown: Vec<_> = module.settings.iter().filter(|s| !s.unknown.is_empty()).collect();
        let count = module.settings.len();
        out.push_str(&format!(
            "  {count} {}, {} of them not wholly known\n",
            if count == 1 { "setting" } else { "settings" },
            unknown.len()
        ));
        for setting in unknown {
            for part in &setting.unknown {
                let name = format!("{}{}", setting.name, part.part);
                let name = escape_line(&name);
                out.push_str(&format!("    {name}  {}\n", line(part)));
            }
        }
    }
    out
}

/// One setting in each module.
pub fn one(view: &SettingsView, name: &str, default: Option<&str>) -> String {
    let mut out = String::new();
    for module in &view.modules {
        head(&mut out, module);
        match module.settings.iter().find(|setting| setting.name == name) {
            Some(setting) => {
                let place = format!("{}:{}", setting.path, setting.line);
                let sometimes = if setting.certain {
                    ""
                } else {
                    ", on some ways only"
                };
                out.push_str(&format!(
                    "  {}  ({}{sometimes})\n",
                    escape_line(&setting.value),
                    escape_line(&place)
                ));
                for part in &setting.unknown {
                    let part_name = if part.part.is_empty() { name } else { &part.part };
                    out.push_str(&format!("    {}  {}\n", escape_line(part_name), line(part)));
                }
            }
            None => match default {
                Some(default) => out.push_str(&format!("  not set; Django takes {default}\n")),
                None => out.push_str("  not set\n"),
            },
        }
    }
    out
}

fn head(out: &mut String, module: &ModuleView) {
    out.push_str(&format!(
        "{}  {}: {}  {}\n",
        escape_line(&module.name),
        module.role,
        escape_line(&module.reason),
        escape_line(&module.path)
    ));
}

fn line(unknown: &UnknownView) -> String {
    let said = format!("{}:{}  {}", unknown.path, unknown.line, unknown.why);
    escape_line(&said).into_owned()
}
