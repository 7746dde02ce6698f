//! What a settings module is for: production, development, tests, or to be taken over by others.
//!
//! Told by names, by `DEBUG`, by who imports a module and which entry points name it. What nothing tells may run
//! anywhere.

use std::fmt;

use serde::Deserialize;

use super::table;
use super::walk;
use super::{SettingsModule, Value};
use crate::facts::{FileFacts, ImportKind};
use crate::project::Project;
use crate::project::modules::{ModuleIndex, Resolved};
use crate::source::{FileId, Sym};

/// What a settings module is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Production,
    /// Nothing tells; it may run in production as well.
    Open,
    Development,
    Test,
    /// Others take it over.
    Base,
}

/// Why a module has its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A word in its name.
    Word(Sym),
    /// `DEBUG` is true.
    Debug,
    /// The module that takes it over.
    TakenOver(Sym),
    /// The entry point that names it.
    Named(Sym),
    Nothing,
}

impl Role {
    /// Whether a server may answer the requests of users with it.
    pub fn may_serve(self) -> bool {
        matches!(self, Self::Production | Self::Open)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Open => "any",
            Self::Development => "development",
            Self::Test => "test",
            Self::Base => "base",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "its name says `{word}`"),
            Self::Debug => write!(f, "`DEBUG` is true"),
            Self::TakenOver(by) => write!(f, "`{by}` takes it over"),
            Self::Named(by) => write!(f, "`{by}.py` names it"),
            Self::Nothing => write!(f, "nothing tells what it is for"),
        }
    }
}

const ENTRIES: [&str; 4] = ["wsgi", "asgi", "manage", "celery"];

/// Entry points and the settings modules that they name, in that order of trust.
pub(super) fn named(files: &[(FileId, &FileFacts)], index: &ModuleIndex) -> Vec<(Sym, FileId)> {
    let mut found = Vec::new();
    for entry in ENTRIES {
        for (file, facts) in files {
            if index.stem(*file) == entry
                && let Some(name) = walk::settings_module(facts)
                && let Resolved::File(settings) = index.resolve(*file, 0, name.as_str())
            {
                found.push((Sym::new(entry), settings));
            }
        }
    }
    found
}

/// Sets the roles of all modules.
pub(super) fn tell(modules: &mut [SettingsModule], project: &Project, named: &[(Sym, FileId)]) {
    let entry = |file: FileId| {
        named
            .iter()
            .find(|(_, settings)| *settings == file)
            .map(|(by, _)| *by)
    };
    for module in modules.iter_mut() {
        let word = by_name(&project.file(module.file).path, module.class);
        let debug = matches!(module.certain("DEBUG"), Some(Value::Bool(true)));
        let server = entry(module.file).filter(|by| *by != "celery" && module.class.is_none());
        (module.role, module.reason) = match word {
            Some((role @ (Role::Test | Role::Production), word)) => (role, Reason::Word(word)),
            Some((Role::Development, word)) if server.is_none() || debug => {
                (Role::Development, Reason::Word(word))
            }
            Some((Role::Base, word)) if server.is_none() => (Role::Base, Reason::Word(word)),
            _ if debug => (Role::Development, Reason::Debug),
            _ => match server {
                Some(by) => (Role::Open, Reason::Named(by)),
                None => (Role::Open, Reason::Nothing),
            },
        };
    }
    // What a module that may serve takes over does not serve itself, nor does what that takes over.
    let takers: Vec<(Sym, Role, Vec<FileId>)> = modules
        .iter()
        .filter(|module| module.role.may_serve() || module.role == Role::Base)
        .map(|module| {
            let mut parents = module.parents.clone();
            parents.extend(lost_parent(modules, project, module.file));
            (module.name, module.role, parents)
        })
        .collect();
    for module in modules.iter_mut() {
        let by = takers
            .iter()
            .find(|(name, _, parents)| *name != module.name && parents.contains(&module.file));
        let below = module.class.is_some();
        if let Some((by, ..)) = by
            && !below
            && module.role != Role::Test
            && !matches!((module.role, &module.reason), (Role::Production, Reason::Word(_)))
        {
            module.role = Role::Base;
            module.reason = Reason::TakenOver(*by);
        }
    }
}

/// The settings that a module means which takes over everything from a neighbour that is not there: deployments copy
/// such files to where the neighbour is.
fn lost_parent(modules: &[SettingsModule], project: &Project, file: FileId) -> Option<FileId> {
    let lost = project.file(file).facts.imports.iter().find(|import| {
        let found = project
            .modules
            .resolve(file, import.level, import.module.as_str());
        import.kind == ImportKind::Star && import.level > 0 && !matches!(found, Resolved::File(_))
    })?;
    let mut named = modules
        .iter()
        .map(|module| module.file)
        .filter(|other| *other != file && project.modules.stem(*other) == lost.module);
    named.next().filter(|first| named.all(|other| other == *first))
}

/// The first word that tells something: in the name of the class, of the file, of its directory.
fn by_name(path: &str, class: Option<Sym>) -> Option<(Role, Sym)> {
    let path = path.strip_suffix(".py").unwrap_or(path);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    let (stem, dirs) = parts.split_last()?;
    let mut names: Vec<String> = Vec::new();
    names.extend(class.map(|class| class.as_str().to_owned()));
    names.push((*stem).to_owned());
    names.extend(dirs.last().map(|dir| (*dir).to_owned()));
    let tests = dirs.iter().find(|dir| table::role(dir) == Some(Role::Test));
    if let Some(dir) = tests {
        return Some((Role::Test, Sym::new(dir)));
    }
    names.iter().find_map(|name| {
        let words = words(name);
        let of = |wanted: Role| {
            let word = words.iter().find(|word| table::role(word) == Some(wanted))?;
            Some((wanted, Sym::new(word)))
        };
        [Role::Test, Role::Production, Role::Development, Role::Base]
            .into_iter()
            .find_map(of)
    })
}

/// `test_local` → `test_local`, `test`, `local`; `ProductionEu` → `productioneu`, `production`, `eu`.
fn words(name: &str) -> Vec<String> {
    let mut all = vec![name.to_lowercase()];
    let mut word = String::new();
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            all.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    all.push(word);
    all.retain(|word| !word.is_empty());
    all
}
