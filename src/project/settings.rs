//! What the settings modules of a project hold, worked out without running them.
//!
//! Each module is evaluated as it would be where a server answers requests: a `DEBUG` that the environment decides is
//! taken to be false in conditions. What the text does not tell is unknown, with the reason and the place. What a
//! setting means is not known here.

mod calls;
mod change;
mod class;
mod eval;
mod expr;
mod imports;
mod roles;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::facts::{FileFacts, ImportKind};
use crate::source::{FileId, Site, Sym};

use super::hints::{is_settings, walk};
use super::modules::{ModuleIndex, Resolved};
use super::{Part, Project};
use eval::{Evaluator, State};
pub use roles::{Reason, Role};
pub use table::{
    CacheKeeps, SessionsKeep, Static, cache_keeps, default as default_of, knows_visitors, needs_page_size,
    serves_static, sessions_keep, since, tool_cost,
};
pub use value::{Dict, Entry, Item, List, Unknown, Value, Why};

/// All settings modules of a project, in the order of their files.
#[derive(Debug, Default)]
pub struct Settings {
    pub modules: Vec<SettingsModule>,
}

/// A module, or a class of django-configurations, that can be `DJANGO_SETTINGS_MODULE`.
#[derive(Debug)]
pub struct SettingsModule {
    pub file: FileId,
    /// The class of django-configurations.
    pub class: Option<Sym>,
    /// `config.settings.production`, with the class behind it.
    pub name: Sym,
    pub role: Role,
    pub reason: Reason,
    /// Names in capitals.
    pub values: BTreeMap<Sym, Setting>,
    /// Places where more settings may come in that are not known.
    pub overrides: Vec<Override>,
    /// Modules whose settings it takes over.
    pub parents: Vec<FileId>,
    /// Where it is best spoken of as a whole.
    pub anchor: Site,
}

/// What a name holds at the end of a settings module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: Arc<Value>,
    /// The value of the last assignment.
    pub site: Site,
    /// It is set on all ways.
    pub certain: bool,
}

/// A place where settings come from somewhere that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub site: Site,
    pub why: Why,
}

impl Settings {
    /// The modules that a server may run with.
    pub fn of_servers(&self) -> impl Iterator<Item = &SettingsModule> {
        self.modules.iter().filter(|module| module.role.may_serve())
    }
}

impl SettingsModule {
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.values.get(&Sym::new(name))
    }

    /// The value of a setting that is set on all ways.
    pub fn certain(&self, name: &str) -> Option<&Value> {
        let setting = self.get(name).filter(|setting| setting.certain);
        setting.map(|setting| &*setting.value)
    }

    /// Whether a setting is certainly not set, so that Django's default holds.
    pub fn lacks(&self, name: &str) -> bool {
        self.is_whole() && self.get(name).is_none()
    }

    /// Nothing else may set more. A module without applications is a part of settings, or makes them in a way of its own.
    fn is_whole(&self) -> bool {
        self.overrides.is_empty() && self.get("INSTALLED_APPS").is_some()
    }

    /// A true or false setting, as the text or Django's default tells it.
    pub fn flag(&self, name: &str, default: bool) -> Option<bool> {
        match self.get(name) {
            Some(setting) if setting.certain => match &*setting.value {
                Value::Bool(truth) => Some(*truth),
                _ => None,
            },
            Some(_) => None,
            None => self.is_whole().then_some(default),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(Some(name)) => write!(f, "the environment decides (`{name}`)"),
            Self::Environment(None) => write!(f, "the environment decides"),
            Self::Outside(name) => write!(f, "`{name}` is not followed"),
            Self::Module(_) => write!(f, "it is a module, or part of a circle of imports"),
            Self::Call(name) => write!(f, "the result of `{name}` is not followed"),
            Self::Name(name) => write!(f, "nothing assigns `{name}` here"),
            Self::Computed => write!(f, "it is computed"),
            Self::Literal => write!(f, "a float, bytes, or a long text"),
            Self::Loop => write!(f, "it changes in a loop"),
            Self::TooMany => write!(f, "there are too many ways or parts"),
        }
    }
}

impl Project {
    /// The settings modules of the project.
    pub fn settings(&self) -> &Settings {
        self.settings.get_or_init(|| evaluate(self))
    }

    /// The first import of a name from one of some modules in code of the same Django project, tests left out.
    pub fn import_from(&self, near: FileId, modules: &[&str], except: &[&str]) -> Option<Site> {
        let site = self.modules.site_of(near);
        let own = |id: &FileId| {
            matches!(self.file(*id).part, Part::Source | Part::Command) && self.modules.site_of(*id) == site
        };
        self.file_ids().filter(own).find_map(|id| {
            let imports = self.file(id).facts.imports.iter();
            let mut fitting = imports.filter(|import| match import.kind {
                ImportKind::From { name, .. } => {
                    modules.contains(&import.module.as_str()) && !except.contains(&name.as_str())
                }
                _ => false,
            });
            fitting.next().map(|import| Site::new(id, import.span))
        })
    }
}

fn evaluate(project: &Project) -> Settings {
    let own = |id: &FileId| matches!(project.file(*id).part, Part::Source | Part::Command | Part::Test);
    let files: Vec<(FileId, &FileFacts)> = project
        .file_ids()
        .filter(own)
        .map(|id| (id, &project.file(id).facts))
        .collect();
    let named = roles::named(&files, &project.modules);
    let mut all = Evaluator::new(files.iter().copied(), &project.modules, Some(false));
    let mut modules = Vec::new();
    let mut named_files: Vec<FileId> = named.iter().map(|(_, file)| *file).collect();
    named_files.extend(&project.hints.default_settings);
    for file in candidates(&files, &project.modules, &named_files) {
        let classes = all.configurations(file);
        if classes.is_empty()
            && let Some(state) = all.module(file)
        {
            modules.push(module(project, file, None, &state));
        }
        for (class, state) in classes {
            modules.push(module(project, file, Some(class), &state));
        }
    }
    roles::tell(&mut modules, project, &named);
    Settings { modules }
}

/// Files that can be named as settings, in order.
fn candidates(files: &[(FileId, &FileFacts)], index: &ModuleIndex, named: &[FileId]) -> Vec<FileId> {
    let mut found: FxHashSet<FileId> = named.iter().copied().collect();
    for (file, facts) in files {
        let from = |package: &str| facts.imports.iter().any(|import| import.module == *package);
        if is_settings(facts) || from("split_settings.tools") || from("configurations") && class::any(facts) {
            found.insert(*file);
        }
    }
    loop {
        let before = found.len();
        for (file, facts) in files {
            let takes_over = facts.imports.iter().any(|import| {
                import.kind == ImportKind::Star
                    && matches!(
                        index.resolve(*file, import.level, import.module.as_str()),
                        Resolved::File(from) if from != *file && found.contains(&from)
                    )
            });
            if takes_over {
                found.insert(*file);
            }
        }
        if found.len() == before {
            break;
        }
    }
    let known = files.iter().map(|(file, _)| *file);
    known.filter(|file| found.contains(file)).collect()
}

fn module(project: &Project, file: FileId, class: Option<Sym>, state: &State) -> SettingsModule {
    let is_setting = |name: &Sym| {
        let text = name.as_str();
        text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.contains(|c: char| c.is_lowercase())
    };
    let values: BTreeMap<Sym, Setting> = state
        .names
        .iter()
        .filter(|(name, _)| is_setting(name))
        .map(|(name, setting)| (*name, setting.clone()))
        .collect();
    let dotted = project.file(file).module;
    let facts = &project.file(file).facts;
    let at_class = class.and_then(|class| facts.classes.iter().find(|c| c.name == class));
    let apps = facts
        .assigns
        .iter()
        .find(|assign| assign.name == "INSTALLED_APPS");
    let first = facts.assigns.first();
    let anchor = match (
        at_class,
        state.from.filter(|site| site.file == file),
        apps.or(first),
    ) {
        (Some(class), ..) => Site::new(file, class.name_span),
        (None, Some(site), _) => site,
        (None, None, Some(assign)) => Site::new(file, assign.span),
        (None, None, None) => Site::new(file, Default::default()),
    };
    SettingsModule {
        file,
        class,
        name: class.map_or(dotted, |class| dotted.dot(class.as_str())),
        role: Role::Open,
        reason: Reason::Nothing,
        values,
        overrides: state.overrides.clone(),
        parents: state.parents.clone(),
        anchor,
    }
}
