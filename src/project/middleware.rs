//! The middleware of settings modules: what each entry of `MIDDLEWARE` is, and which order it asks for.
//!
//! A class of the project counts as the known one that it derives from. What middleware does to requests is not known
//! here, but for what `rules/django/middleware.toml` says.

mod arrange;
mod order;
mod table;

use serde::{Deserialize, Serialize};

use crate::source::{FileId, Site, Sym};

use super::modules::Resolved;
use super::settings::{Item, SettingsModule, Value};
use super::{ClassId, ClassRef, Def, FuncId, Project};

pub use arrange::{Arranged, Plan, arranged};
pub use order::{Breach, breaches, plan};
pub use table::{Asks, Constraint, End, Harm, Known, constraints};

const SETTING: &str = "MIDDLEWARE";

/// One way to read `MIDDLEWARE` of a settings module.
#[derive(Debug)]
pub struct Stack<'p> {
    pub settings: &'p SettingsModule,
    pub entries: Vec<Entry>,
    /// No entries are missing.
    pub complete: bool,
}

/// An entry of `MIDDLEWARE`, from the outermost to the innermost.
#[derive(Debug, Clone)]
pub struct Entry {
    pub path: Sym,
    pub known: Option<&'static Known>,
    /// A class of the project that derives from the known one.
    pub derived: bool,
    pub called: Option<Callee>,
    pub site: Site,
    /// The literal or call in which it is written.
    pub list: Site,
    /// It is there on some ways only.
    pub sometimes: bool,
}

/// What of the project an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Callee {
    Class(ClassId),
    Factory(FuncId),
}

impl Entry {
    /// The name of the class or function.
    pub fn name(&self) -> &'static str {
        let path = self.path.as_str();
        path.rsplit('.').next().unwrap_or(path)
    }
}

impl Project {
    /// The lists of middleware of all settings modules, those of tests left out.
    pub fn stacks(&self) -> Vec<Stack<'_>> {
        let modules = self.settings().modules.iter();
        modules
            .filter(|module| module.role != super::settings::Role::Test)
            .flat_map(|module| {
                let value = module.get(SETTING).map(|setting| &*setting.value);
                let ways = value.map(Value::ways).unwrap_or_default();
                ways.iter().filter_map(|way| {
                    let list = way.as_list()?;
                    Some(Stack {
                        settings: module,
                        entries: list.items.iter().filter_map(|item| self.entry(item)).collect(),
                        complete: list.is_complete() && list.items.iter().all(|i| i.value.as_str().is_some()),
                    })
                })
            })
            .filter(|stack| !stack.entries.is_empty())
            .collect()
    }

    fn entry(&self, item: &Item) -> Option<Entry> {
        let path = Sym::new(item.value.as_str()?);
        let called = self.named(item.site.file, path.as_str());
        let mut derived = false;
        let known = table::known(path.as_str()).or_else(|| match called? {
            Def::External(real) => table::known(real.as_str()),
            Def::Class(class) => {
                let known = self.class(class).mro.iter().find_map(|base| match base {
                    ClassRef::External(name) => table::known(name.as_str()),
                    ClassRef::Known(id) => table::known(self.class(*id).dotted.as_str()),
                });
                derived = known.is_some();
                known
            }
            _ => None,
        });
        Some(Entry {
            path,
            known,
            derived,
            called: match called {
                Some(Def::Class(class)) => Some(Callee::Class(class)),
                Some(Def::Func(func)) => Some(Callee::Factory(func)),
                _ => None,
            },
            site: item.site,
            list: item.list,
            sometimes: item.sometimes,
        })
    }

    /// What a dotted path names, as `import_string` finds it.
    fn named(&self, near: FileId, path: &str) -> Option<Def> {
        let (module, name) = path.rsplit_once('.')?;
        match self.modules.resolve(near, 0, module) {
            Resolved::File(file) => self.module_member(file, Sym::new(name)),
            _ => None,
        }
    }
}
