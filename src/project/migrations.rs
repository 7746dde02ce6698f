//! The migrations of an application: which there are, how they follow each other, and the state they lead to.
//!
//! Follows "Migrations" of Django's documentation and `django/db/migrations/loader.py`, as far as literals go. What
//! a database has applied is not known: squashed migrations stand for those they replace.

mod state;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::ClassFacts;
use crate::ir::ExprKind;
use crate::source::{FileId, Sym};

use super::modules::{DirId, Resolved};
use super::settings::{SettingsModule, Value};
use super::{ModelId, Part, Project};

pub use state::{ModelState, State, argument};

/// Why nothing can be said about the migrations of an application.
pub type Reason = &'static str;

/// The migrations of one application, those that a squashed one replaces left out.
#[derive(Debug)]
pub struct Migrations {
    pub app: Sym,
    /// Each behind all that it depends on.
    pub steps: Vec<Step>,
}

/// One migration.
#[derive(Debug, Clone)]
pub struct Step {
    pub file: FileId,
    /// The name of its module.
    pub name: Sym,
    /// Those of the same application that come before it.
    before: Vec<Sym>,
}

impl Migrations {
    /// The migration that the next one follows.
    pub fn leaf(&self) -> Result<&Step, Reason> {
        let inner: FxHashSet<Sym> = self.steps.iter().flat_map(|step| &step.before).copied().collect();
        let leaves: Vec<&Step> = self
            .steps
            .iter()
            .filter(|step| !inner.contains(&step.name))
            .collect();
        match leaves[..] {
            [leaf] => Ok(leaf),
            [] => Err("the app has no migrations"),
            _ => {
                let names: Vec<&str> = leaves.iter().map(|step| step.name.as_str()).collect();
                let names = names.join(", ");
                let reason = format!("the app has several leaf migrations ({names}): merge them first");
                Err(Sym::new(&reason).as_str())
            }
        }
    }

    /// The number of the migration behind one of that name.
    pub fn next_number(name: &str) -> u32 {
        // As `MigrationAutodetector.parse_number`: what `0001_squashed_0004_x` ends with counts.
        let digits = |text: &str| -> Option<u32> {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        };
        let squashed = name
            .rmatch_indices("_squashed_")
            .find_map(|(at, word)| digits(&name[at + word.len()..]));
        squashed
            .or_else(|| digits(name))
            .map_or(1, |n| n.saturating_add(1))
    }
}

impl Project {
    /// The migrations of the application that a model belongs to.
    pub fn migrations(&self, model: ModelId) -> Result<Migrations, Reason> {
        let app = self.model(model).app_label;
        let dir = self.migrations_dir(model)?;
        let files = self.modules.files_in(dir);
        let mut found: Vec<(Step, Vec<Sym>)> = Vec::new();
        for file in files {
            let name = self.modules.stem(file);
            if name.as_str().starts_with(['_', '~']) {
                continue;
            }
            let classes = &self.file(file).facts.classes;
            let Some(class) = classes.iter().find(|class| class.name == "Migration") else {
                continue;
            };
            found.push(self.step(app, file, name, class)?);
        }
        let later: Vec<(Sym, Sym)> = found
            .iter()
            .flat_map(|(step, _)| {
                let class = self.migration_class(step.file);
                let targets = class.into_iter().flat_map(|class| pairs(class, "run_before"));
                targets
                    .flatten()
                    .filter(|(label, _)| *label == app)
                    .map(|(_, name)| (name, step.name))
                    .collect::<Vec<_>>()
            })
            .collect();
        for (step, _) in &mut found {
            let own = later.iter().filter(|(name, _)| *name == step.name);
            step.before.extend(own.map(|(_, before)| *before));
        }
        let steps = ordered(squashed(found))?;
        if steps.is_empty() {
            return Err("the app has no migrations");
        }
        Ok(Migrations { app, steps })
    }

    /// The class that a migration file declares.
    fn migration_class(&self, file: FileId) -> Option<&ClassFacts> {
        let classes = &self.file(file).facts.classes;
        classes.iter().find(|class| class.name == "Migration")
    }

    /// A migration, and those that it replaces.
    fn step(
        &self,
        app: Sym,
        file: FileId,
        name: Sym,
        class: &ClassFacts,
    ) -> Result<(Step, Vec<Sym>), Reason> {
        const UNREADABLE: Reason = "the dependencies of its migrations cannot be read";
        let own = |name: &str| -> Result<Vec<Sym>, Reason> {
            let mut names = Vec::new();
            for (label, name) in pairs(class, name).ok_or(UNREADABLE)? {
                if label == app {
                    names.push(name);
                }
            }
            Ok(names)
        };
        let before = own("dependencies")?;
        Ok((Step { file, name, before }, own("replaces")?))
    }

    /// The directory with the migrations of a model's application.
    fn migrations_dir(&self, model: ModelId) -> Result<DirId, Reason> {
        const NONE: Reason = "the app has no migrations";
        const COMPUTED: Reason = "MIGRATION_MODULES is computed";
        let model = self.model(model);
        if !matches!(model.part, Part::Source | Part::Command) {
            return Err("the model is not the project's own");
        }
        let file = model.site.file;
        let usual = || {
            let package = self.app_package(file, model.app_label);
            let package = package.ok_or("where the migrations of its app lie is not known")?;
            self.modules.dir_in(package, "migrations").ok_or(NONE)
        };
        let named = |module: Sym| self.package_dir(file, module);
        let (moved, certain) = self.migration_module(file, model.app_label);
        if moved == Moved::No {
            return usual();
        }
        if !certain && let Ok(usual) = usual() {
            return match moved {
                Moved::To(module) if named(module).is_some_and(|dir| dir != usual) => Err(COMPUTED),
                _ => Ok(usual),
            };
        }
        match moved {
            Moved::To(module) => named(module).ok_or("MIGRATION_MODULES names a package that is not there"),
            Moved::Nowhere | Moved::No => Err(NONE),
            Moved::Unknown => Err(COMPUTED),
        }
    }

    /// The package of the application with that label, as seen from one of its files.
    fn app_package(&self, file: FileId, label: Sym) -> Option<DirId> {
        let labelled = |dir: &DirId| {
            let path = self.modules.dir_path(*dir);
            let last = path.rsplit('/').next().unwrap_or_default();
            let init = self.modules.file_in(*dir, "__init__");
            let module = init.map_or_else(|| last.to_owned(), |init| self.modules.module_name(init));
            self.hints.label(&module) == label
        };
        let above = self.modules.dirs_above(file).find(labelled);
        above.or_else(|| {
            let apps = &self.hints.installed_apps;
            let entry = apps.iter().find(|app| self.hints.label(app.as_str()) == label)?;
            self.package_dir(file, *entry)
        })
    }

    fn package_dir(&self, near: FileId, package: Sym) -> Option<DirId> {
        match self.modules.resolve(near, 0, package.as_str()) {
            Resolved::File(init) if self.modules.stem(init) == "__init__" => Some(self.modules.dir_of(init)),
            Resolved::Namespace(dir) => Some(dir),
            _ => None,
        }
    }

    /// What `MIGRATION_MODULES` says about an application, and whether it does so on all ways through the settings.
    fn migration_module(&self, near: FileId, label: Sym) -> (Moved, bool) {
        let site = self.modules.site_of(near);
        let settings = self.settings();
        let is_default = |module: &&SettingsModule| self.hints.default_settings.contains(&module.file);
        let here = |module: &&SettingsModule| self.modules.site_of(module.file) == site;
        let any = settings
            .modules
            .iter()
            .filter(here)
            .any(|module| is_default(&module));
        let modules = settings.modules.iter().filter(here);
        let read = modules.filter(|module| {
            if any {
                is_default(module)
            } else {
                module.role.may_serve()
            }
        });
        for setting in read.filter_map(|module| module.get("MIGRATION_MODULES")) {
            for way in setting.value.ways() {
                let certain = setting.certain && setting.value.ways().len() == 1;
                let Some(dict) = way.as_dict() else {
                    return (Moved::Unknown, certain);
                };
                let moved = match dict
                    .get(label.as_str())
                    .map(|entry| (&entry.value, entry.sometimes))
                {
                    Some((Value::None, sometimes)) => (Moved::Nowhere, !sometimes),
                    Some((Value::Str(module), sometimes)) => (Moved::To(*module), !sometimes),
                    Some((_, sometimes)) => (Moved::Unknown, !sometimes),
                    None if dict.is_closed() => continue,
                    None => (Moved::Unknown, true),
                };
                return (moved.0, moved.1 && certain);
            }
        }
        (Moved::No, true)
    }
}

/// Where settings put the migrations of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    No,
    /// The application has none.
    Nowhere,
    To(Sym),
    Unknown,
}

/// The pairs of application and name in a list of a migration; `swappable_dependency(…)` names none. Nothing if
/// the list cannot be read.
fn pairs(class: &ClassFacts, name: &str) -> Option<Vec<(Sym, Sym)>> {
    let Some(assign) = class.assigns.iter().rfind(|assign| assign.name == *name) else {
        return Some(Vec::new());
    };
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = &assign.value.as_deref()?.kind else {
        return None;
    };
    let mut out = Vec::new();
    for item in items {
        match &item.kind {
            ExprKind::Tuple(pair) | ExprKind::List(pair) => {
                let [label, name] = &pair[..] else { return None };
                out.push((label.as_str()?, name.as_str()?));
            }
            ExprKind::Call(call) if call.func.last_name()? == "swappable_dependency" => {}
            _ => return None,
        }
    }
    Some(out)
}

/// Squashed migrations in place of those they replace.
fn squashed(found: Vec<(Step, Vec<Sym>)>) -> Vec<Step> {
    let mut stands_for: FxHashMap<Sym, Sym> = FxHashMap::default();
    for (step, replaces) in &found {
        stands_for.extend(replaces.iter().map(|name| (*name, step.name)));
    }
    let now = |name: Sym| {
        let mut at = name;
        for _ in 0..found.len() {
            match stands_for.get(&at) {
                Some(next) => at = *next,
                None => break,
            }
        }
        at
    };
    let mut out = Vec::new();
    for (step, _) in &found {
        if stands_for.contains_key(&step.name) {
            continue;
        }
        let mut before: Vec<Sym> = step.before.iter().map(|name| now(*name)).collect();
        before.retain(|name| *name != step.name);
        out.push(Step {
            before,
            ..step.clone()
        });
    }
    out
}

/// Each behind those it depends on; of several that may come next, the one whose name comes first.
fn ordered(steps: Vec<Step>) -> Result<Vec<Step>, Reason> {
    let mut open = steps;
    open.sort_by_key(|step| step.name.as_str());
    let mut done: FxHashSet<Sym> = FxHashSet::default();
    let mut out = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let next = open
            .iter()
            .position(|step| step.before.iter().all(|name| done.contains(name)))
            .ok_or("a migration depends on one that is not there")?;
        let step = open.remove(next);
        done.insert(step.name);
        out.push(step);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
