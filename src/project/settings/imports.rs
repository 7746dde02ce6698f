//! How settings travel between modules: imports, star imports and `include()`.

use std::sync::Arc;

use super::Setting;
use super::eval::Run;
use super::value::{Value, Why};
use crate::facts::{Binding, ImportFacts, ImportKind};
use crate::ir::{Stmt, StmtKind};
use crate::project::modules::Resolved;
use crate::source::{FileId, Site, Sym};

impl<'a> Run<'_, 'a> {
    /// A `try` that imports nothing but modules of the project, so that it does not fail.
    pub(super) fn only_imports_here(&self, body: &[Stmt]) -> bool {
        let Some(facts) = self.all.facts.get(&self.file) else {
            return false;
        };
        body.iter().all(|stmt| match stmt.kind {
            StmtKind::Import(idx) => facts.imports.get(idx.0 as usize).is_some_and(|import| {
                matches!(
                    self.all
                        .index
                        .resolve(self.file, import.level, import.module.as_str()),
                    Resolved::File(_)
                )
            }),
            _ => false,
        })
    }

    pub(super) fn import(&mut self, import: &'a ImportFacts) {
        if import.type_checking {
            return;
        }
        let site = self.site(import.span);
        let found = self
            .all
            .index
            .resolve(self.file, import.level, import.module.as_str());
        match import.kind {
            ImportKind::Star => match found {
                Resolved::File(file) if self.all.facts.contains_key(&file) => self.star(file, site),
                _ => self.may_change(site, Why::Outside(dotted(import))),
            },
            ImportKind::Module { bound, aliased } => {
                let value = match found {
                    Resolved::File(file) if aliased || bound == import.module => Why::Module(file),
                    _ => Why::Outside(if aliased { import.module } else { bound }),
                };
                self.bind(bound, Value::unknown(value, site), site);
            }
            ImportKind::From { name, bound } => {
                let value = match found {
                    Resolved::File(file) => self.member(file, name, site),
                    Resolved::Namespace(_) | Resolved::External => None,
                };
                let value = value.unwrap_or_else(|| {
                    let path = dotted(import).dot(name.as_str());
                    let below = match import.module.as_str() {
                        "" => name,
                        module => Sym::new(module).dot(name.as_str()),
                    };
                    match self.all.index.resolve(self.file, import.level, below.as_str()) {
                        Resolved::File(file) => Value::unknown(Why::Module(file), site),
                        _ => Value::unknown(Why::Outside(path), site),
                    }
                });
                self.bind(bound, value, site);
            }
        }
    }

    /// `name` of a module, if the module gives it a value.
    pub fn member(&mut self, file: FileId, name: Sym, site: Site) -> Option<Value> {
        let facts = self.all.facts.get(&file).copied()?;
        let bindings = facts.bindings.iter();
        let binding = bindings.rev().find(|(known, _)| *known == name).map(|(_, b)| *b);
        let has_star = || facts.imports.iter().any(|i| i.kind == ImportKind::Star);
        match binding {
            Some(Binding::Class(_) | Binding::Func(_)) => {
                let dotted = Sym::new(&self.all.index.module_name(file)).dot(name.as_str());
                return Some(Value::unknown(Why::Outside(dotted), site));
            }
            Some(_) => {}
            None if has_star() => {}
            None => return None,
        }
        let state = self.all.module(file)?;
        state.names.get(&name).map(|setting| (*setting.value).clone())
    }

    fn star(&mut self, file: FileId, site: Site) {
        if !self.state.parents.contains(&file) {
            self.state.parents.push(file);
        }
        self.state.from.get_or_insert(site);
        let Some(state) = self.all.module(file) else {
            return self.may_change(site, Why::Module(file));
        };
        let exports = self.all.facts.get(&file).and_then(|facts| facts.exports.as_ref());
        for (name, setting) in &state.names {
            let public = match exports {
                Some(all) => all.contains(name),
                None => !name.as_str().starts_with('_'),
            };
            if public {
                let value = setting.clone();
                let new = match self.state.names.get(name) {
                    Some(old) if !value.certain => Setting {
                        value: Arc::new(old.value.join(&value.value)),
                        site: value.site,
                        certain: old.certain,
                    },
                    _ => value,
                };
                self.state.names.insert(*name, new);
            }
        }
        for known in &state.overrides {
            self.may_change(known.site, known.why.clone());
        }
    }

    /// `include("components/*.py")`: the files run here.
    pub fn include(&mut self, pattern: &str, site: Site) {
        let files = self.matching(pattern);
        if files.is_empty() {
            return self.may_change(site, Why::Outside(Sym::new(pattern)));
        }
        for file in files {
            let Some(facts) = self.all.facts.get(&file).copied() else {
                continue;
            };
            if self.including.contains(&file) || file == self.file {
                continue;
            }
            if !self.state.parents.contains(&file) {
                self.state.parents.push(file);
            }
            self.state.from.get_or_insert(site);
            self.including.push(file);
            let here = std::mem::replace(&mut self.file, file);
            self.file_body(facts);
            self.file = here;
            self.including.pop();
        }
    }

    /// The files that a pattern of `include()` names, in the order of their paths.
    fn matching(&self, pattern: &str) -> Vec<FileId> {
        let index = self.all.index;
        let here = index.dir_path(index.dir_of(self.file));
        let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
        for part in pattern.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        let wanted = parts.join("/");
        let mut found: Vec<(String, FileId)> = self
            .all
            .facts
            .keys()
            .map(|file| {
                let dir = index.dir_path(index.dir_of(*file));
                let slash = if dir.is_empty() { "" } else { "/" };
                (format!("{dir}{slash}{}.py", index.stem(*file)), *file)
            })
            .filter(|(path, _)| globs(&wanted, path))
            .collect();
        found.sort();
        found.into_iter().map(|(_, file)| file).collect()
    }
}

/// The module of an import as it is written.
fn dotted(import: &ImportFacts) -> Sym {
    let dots = ".".repeat(import.level as usize);
    Sym::new(&format!("{dots}{}", import.module))
}

/// `*` stands for anything within one name.
fn globs(pattern: &str, path: &str) -> bool {
    let (wanted, parts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == parts.len()
        && wanted
            .iter()
            .zip(parts)
            .all(|(wanted, part)| match wanted.split_once('*') {
                Some((head, tail)) => {
                    part.len() >= head.len() + tail.len() && part.starts_with(head) && part.ends_with(tail)
                }
                None => *wanted == part,
            })
}
