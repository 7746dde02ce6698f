//! What a project says about its Django set-up: settings modules, installed apps, labels, user model.
//!
//! Reads facts only. Settings are not evaluated: lists that are put together from literals and names
//! of the same file are understood, the rest is marked as missing.

mod database;
mod lists;
mod paths;
mod sites;
mod visitors;
pub(super) mod walk;

pub use database::Database;
pub(super) use database::chosen;
pub use paths::TemplateDir;
pub use sites::{Engine, Settings};

use std::collections::BTreeMap;

use crate::facts::{ClassFacts, FileFacts};
use crate::project::modules::{ModuleIndex, Resolved};
use crate::source::{FileId, Sym};

/// The set-up of a project, as far as its files tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DjangoHints {
    /// Entries of all settings modules, each once, in order of appearance.
    pub installed_apps: Vec<Sym>,
    /// Some entries of `INSTALLED_APPS` could not be read.
    pub apps_incomplete: bool,
    /// Module path of an application → its label, for applications with an `AppConfig`.
    pub app_labels: BTreeMap<Sym, Sym>,
    /// `app.Model`.
    pub auth_user_model: Option<Sym>,
    /// Every literal `AUTH_USER_MODEL` with the settings module that assigns it.
    pub user_models: Vec<(FileId, Sym)>,
    /// Files that assign settings, ordered by file; see `default_settings` for those in use.
    pub settings_modules: Vec<FileId>,
    /// The files that `manage.py` and configuration files name, most trusted first.
    pub default_settings: Vec<FileId>,
    /// Directories that settings or `manage.py` add to `sys.path`; for [`ModuleIndex::add_root`].
    pub import_roots: Vec<String>,
    /// A middleware chooses among several languages.
    pub several_languages: bool,
    /// A middleware asks all visitors to log in.
    pub all_log_in: bool,
    /// A middleware keeps pages.
    pub pages_cached: bool,
    /// What settings modules say about templates and URLs, ordered by file.
    pub sites: Vec<Settings>,
    /// Some file imports Django.
    pub is_django: bool,
    /// The newest series of Django that the project asks for, where its requirements can be read.
    pub django_version: Option<(u16, u16)>,
    /// Where settings or requirements tell it.
    pub database: Option<Database>,
    /// By the settings module that names it; a tree may hold several Django projects.
    pub databases: Vec<(FileId, Database)>,
}

impl DjangoHints {
    /// Gathers hints from `files`; `settings_names` are the settings modules named by configuration files.
    pub fn gather<'a>(
        files: impl Iterator<Item = (FileId, &'a FileFacts)>,
        index: &ModuleIndex,
        settings_names: &[String],
    ) -> Self {
        let files: Vec<(FileId, &FileFacts)> = files.collect();
        let mut hints = Self {
            sites: sites::gather(&files, index),
            ..Self::default()
        };
        hints.databases = database::gather(&files, index);
        hints.database = chosen(hints.databases.iter().map(|(_, database)| *database));
        let mut configs = Vec::new();
        let mut user_models = Vec::new();
        let mut named = Vec::new();
        let mut visitors = visitors::Visitors::default();
        for (file, facts) in files {
            hints.is_django |= facts.imports.iter().any(|import| {
                let module = import.module.as_str();
                import.level == 0 && (module == "django" || module.starts_with("django."))
            });
            configs.extend(facts.classes.iter().filter_map(|class| app_config(file, class)));
            let is_settings = is_settings(facts);
            if is_settings {
                hints.settings_modules.push(file);
                visitors.read(facts);
                hints.add_apps(facts);
                user_models.extend(user_model(facts).map(|model| (file, model)));
            }
            if is_settings || is_entry_point(index, file) {
                named.extend(walk::settings_module(facts).map(|name| (file, name)));
                hints.add_import_roots(walk::path_entries(facts), file, index);
            }
        }
        hints.several_languages = visitors.several_languages();
        hints.all_log_in = visitors.log_in;
        hints.pages_cached = visitors.cached;
        hints.default_settings = default_settings(&named, settings_names, index);
        let preferred = hints
            .default_settings
            .iter()
            .find_map(|wanted| model_of(&user_models, *wanted));
        hints.auth_user_model = preferred.or(user_models.first().map(|(_, model)| *model));
        hints.user_models = user_models;
        hints.add_labels(configs, index);
        hints
    }

    /// Whether some engine of templates has a context processor of that dotted path.
    pub fn has_context_processor(&self, path: &str) -> bool {
        let engines = self.sites.iter().flat_map(|settings| &settings.engines);
        engines
            .flat_map(|engine| &engine.context_processors)
            .any(|processor| processor == path)
    }

    /// The label of the application in the package `module`: declared, or the last part of its name.
    pub fn label(&self, module: &str) -> Sym {
        let last = module.rsplit('.').next().unwrap_or(module);
        self.app_labels
            .get(&Sym::new(module))
            .copied()
            .unwrap_or_else(|| Sym::new(last))
    }

    /// Whether the application that holds a models module may be installed; it may when that cannot be told.
    pub fn may_install(&self, models_module: &str) -> bool {
        let app = models_module.split(".models").next().unwrap_or(models_module);
        let names = |entry: &Sym| {
            entry
                .as_str()
                .strip_prefix(app)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.apps_incomplete || self.installed_apps.is_empty() || self.installed_apps.iter().any(names)
    }

    fn add_apps(&mut self, facts: &FileFacts) {
        let list = lists::evaluate(facts, "INSTALLED_APPS");
        self.apps_incomplete |= !list.complete;
        for app in list.items {
            if !self.installed_apps.contains(&app) {
                self.installed_apps.push(app);
            }
        }
    }

    fn add_import_roots(&mut self, entries: Vec<String>, file: FileId, index: &ModuleIndex) {
        for entry in entries {
            let Some(dir) = index.dir_near(file, &entry) else {
                continue;
            };
            let path = index.dir_path(dir);
            if !path.is_empty() && !self.import_roots.contains(&path) {
                self.import_roots.push(path);
            }
        }
    }

    fn add_labels(&mut self, configs: Vec<AppConfig>, index: &ModuleIndex) {
        let mut chosen: BTreeMap<Sym, (bool, Sym)> = BTreeMap::new();
        for config in configs {
            let path = format!("{}.{}", index.module_name(config.file), config.class);
            let is_installed = self.installed_apps.iter().any(|app| *app == *path.as_str());
            let entry = chosen.entry(config.name).or_insert((is_installed, config.label));
            if is_installed && !entry.0 {
                *entry = (true, config.label);
            }
        }
        self.app_labels = chosen
            .into_iter()
            .map(|(name, (_, label))| (name, label))
            .collect();
    }
}

struct AppConfig {
    file: FileId,
    class: Sym,
    name: Sym,
    label: Sym,
}

fn app_config(file: FileId, class: &ClassFacts) -> Option<AppConfig> {
    let is_config = class.bases.iter().any(|base| {
        base.last_name()
            .is_some_and(|name| name.as_str().ends_with("AppConfig"))
    });
    if !is_config {
        return None;
    }
    let literal = |wanted: &str| {
        let assigns = class.assigns.iter().rev().filter(|assign| assign.name == *wanted);
        assigns
            .filter_map(|assign| assign.value.as_ref()?.as_str())
            .next()
    };
    let name = literal("name")?;
    let last = name.as_str().rsplit('.').next().unwrap_or_default();
    Some(AppConfig {
        file,
        class: class.name,
        name,
        label: literal("label").unwrap_or_else(|| Sym::new(last)),
    })
}

pub(super) fn is_settings(facts: &FileFacts) -> bool {
    let assigns = |name: &str| {
        facts
            .assigns
            .iter()
            .any(|assign| assign.name == *name && assign.value.is_some())
    };
    assigns("INSTALLED_APPS")
        || (assigns("MIDDLEWARE") || assigns("MIDDLEWARE_CLASSES")) && assigns("DATABASES")
}

fn user_model(facts: &FileFacts) -> Option<Sym> {
    let assigns = facts
        .assigns
        .iter()
        .rev()
        .filter(|assign| assign.name == "AUTH_USER_MODEL");
    assigns
        .filter_map(|assign| assign.value.as_ref()?.as_str())
        .next()
}

fn model_of(user_models: &[(FileId, Sym)], wanted: FileId) -> Option<Sym> {
    user_models
        .iter()
        .find(|(file, _)| *file == wanted)
        .map(|(_, model)| *model)
}

fn is_entry_point(index: &ModuleIndex, file: FileId) -> bool {
    matches!(index.stem(file).as_str(), "manage" | "wsgi" | "asgi" | "celery")
}

fn default_settings(named: &[(FileId, Sym)], configured: &[String], index: &ModuleIndex) -> Vec<FileId> {
    let from_manage = |(file, _): &(FileId, Sym)| index.stem(*file) == "manage";
    let (manage, others) = named.iter().copied().partition::<Vec<_>, _>(from_manage);
    let in_code = manage
        .into_iter()
        .chain(others)
        .map(|(file, name)| index.resolve(file, 0, name.as_str()));
    let in_configuration = configured.iter().map(|name| index.resolve_absolute(name));
    let mut files = Vec::new();
    for found in in_code.chain(in_configuration) {
        if let Resolved::File(file) = found
            && !files.contains(&file)
        {
            files.push(file);
        }
    }
    files
}

#[cfg(test)]
mod tests;
