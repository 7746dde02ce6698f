//! What a name means at module level: imports, re-exports, star imports, nested classes.
//!
//! Function-local names are the interpreter's business.

use crate::facts::{Binding, ImportFacts, ImportKind};
use crate::ir::{Expr, ExprKind};
use crate::source::{FileId, Sym};

use super::modules::Resolved;
use super::{ClassId, FuncId, Member, Part, Project};

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Def {
    Class(ClassId),
    Func(FuncId),
    Module(FileId),
    /// A package directory without `__init__.py`, by dotted name as imported from a file.
    Namespace(FileId, Sym),
    /// Something outside the project, by dotted path.
    External(Sym),
    /// Index into the file's module-level assignments.
    Assign(FileId, u32),
}

const MAX_HOPS: u32 = 24;

impl Project {
    /// What `name` means at module level of `file`; builtins are `External("builtins.name")`.
    pub fn lookup(&self, file: FileId, name: Sym) -> Option<Def> {
        if let Some(def) = self.scopes[file.0 as usize].get(&name) {
            return Some(*def);
        }
        self.star_lookup(file, name, MAX_HOPS)
    }

    fn star_lookup(&self, file: FileId, name: Sym, hops: u32) -> Option<Def> {
        if hops == 0 {
            return None;
        }
        for star in self.stars[file.0 as usize].iter().rev() {
            if let Def::Module(from) = star {
                if !self.exports(*from, name) {
                    continue;
                }
                if let Some(def) = self.scopes[from.0 as usize].get(&name) {
                    return Some(*def);
                }
                if let Some(def) = self.star_lookup(*from, name, hops - 1) {
                    return Some(def);
                }
            }
        }
        None
    }

    /// What `from file import *` brings: the names of `__all__` where it can be read, else all public ones.
    fn exports(&self, file: FileId, name: Sym) -> bool {
        match &self.file(file).facts.exports {
            Some(all) => all.contains(&name),
            None => !name.as_str().starts_with('_'),
        }
    }

    /// `module.name`: a binding of the module, else its submodule.
    pub fn module_member(&self, file: FileId, name: Sym) -> Option<Def> {
        self.lookup(file, name).or_else(|| self.submodule(file, name))
    }

    fn submodule(&self, package: FileId, name: Sym) -> Option<Def> {
        let dotted = self.file(package).module.dot(name.as_str());
        if let Some(stub) = self.stub_modules.get(&dotted) {
            return Some(Def::Module(*stub));
        }
        if self.is_library(package) || !self.file(package).path.ends_with("__init__.py") {
            return None;
        }
        match self.modules.resolve(package, 1, name.as_str()) {
            Resolved::File(id) => Some(Def::Module(id)),
            Resolved::Namespace(_) => Some(Def::Namespace(package, dotted)),
            Resolved::External => None,
        }
    }

    /// The module that an import statement of `file` names.
    pub fn import_module(&self, file: FileId, level: u32, module: Sym) -> Def {
        if self.is_library(file) && level > 0 {
            return self.library_module(file, level, module);
        }
        match self.modules.resolve(file, level, module.as_str()) {
            Resolved::File(id) => Def::Module(id),
            Resolved::Namespace(_) => Def::Namespace(file, module),
            Resolved::External => match self.stub_modules.get(&module) {
                Some(stub) if level == 0 => Def::Module(*stub),
                _ => Def::External(module),
            },
        }
    }

    fn is_library(&self, file: FileId) -> bool {
        matches!(self.file(file).part, Part::Stub | Part::Package)
    }

    /// A relative import inside an installed package or a stub.
    fn library_module(&self, file: FileId, level: u32, module: Sym) -> Def {
        let here = self.file(file);
        let mut base = here.module.as_str();
        let up = if here.path.ends_with("__init__.py") {
            level - 1
        } else {
            level
        };
        for _ in 0..up {
            base = base.rsplit_once('.').map_or("", |(head, _)| head);
        }
        let dotted = match (base.is_empty(), module.as_str().is_empty()) {
            (true, _) => module,
            (_, true) => Sym::new(base),
            _ => Sym::new(base).dot(module.as_str()),
        };
        match self.stub_modules.get(&dotted) {
            Some(found) => Def::Module(*found),
            None => Def::External(dotted),
        }
    }

    /// What an import binds.
    pub fn import_target(&self, file: FileId, import: &ImportFacts) -> Option<Def> {
        self.import_target_in(file, import, MAX_HOPS)
    }

    pub(super) fn import_target_in(&self, file: FileId, import: &ImportFacts, hops: u32) -> Option<Def> {
        if hops == 0 {
            return None;
        }
        match import.kind {
            ImportKind::Star => None,
            ImportKind::Module { bound, aliased } => {
                let wanted = if aliased { import.module } else { bound };
                Some(self.import_module(file, 0, wanted))
            }
            ImportKind::From { name, .. } => match self.import_module(file, import.level, import.module) {
                Def::Module(from) => self
                    .raw_member(from, name, hops - 1)
                    .or_else(|| self.submodule_import(file, import, from, name))
                    .or_else(|| Some(Def::External(self.file(from).module.dot(name.as_str())))),
                Def::Namespace(..) | Def::External(_) => {
                    let dotted = if import.module.as_str().is_empty() {
                        name
                    } else {
                        import.module.dot(name.as_str())
                    };
                    Some(self.import_module(file, import.level, dotted))
                }
                other => Some(other),
            },
        }
    }

    fn submodule_import(&self, file: FileId, import: &ImportFacts, from: FileId, name: Sym) -> Option<Def> {
        let path = &self.file(from).path;
        if self.is_library(from) {
            return self.submodule(from, name);
        }
        if !path.ends_with("__init__.py") {
            return None;
        }
        let dotted = if import.module.as_str().is_empty() {
            name
        } else {
            import.module.dot(name.as_str())
        };
        match self.import_module(file, import.level, dotted) {
            found @ Def::Module(_) => Some(found),
            _ => None,
        }
    }

    /// A module member before scopes exist: resolves the binding itself.
    fn raw_member(&self, file: FileId, name: Sym, hops: u32) -> Option<Def> {
        if hops == 0 {
            return None;
        }
        if let Some(def) = self.scopes[file.0 as usize].get(&name) {
            return Some(*def);
        }
        let facts = &self.file(file).facts;
        let mut best: Option<Def> = None;
        for (_, binding) in facts.bindings.iter().filter(|(bound, _)| *bound == name) {
            if let Some(def) = self.binding_def(file, *binding, hops) {
                best = Some(match best {
                    Some(old) if rank(old) > rank(def) => old,
                    _ => def,
                });
            }
        }
        if best.is_some() {
            return best;
        }
        for import in facts.imports.iter().rev() {
            if import.kind == ImportKind::Star
                && let Def::Module(from) = self.import_module(file, import.level, import.module)
                && from != file
                && self.exports(from, name)
                && let Some(def) = self.raw_member(from, name, hops - 1)
            {
                return Some(def);
            }
        }
        None
    }

    pub(super) fn binding_def(&self, file: FileId, binding: Binding, hops: u32) -> Option<Def> {
        match binding {
            Binding::Class(idx) => Some(Def::Class(self.class_id(file, idx))),
            Binding::Func(idx) => Some(Def::Func(self.func_id(file, idx))),
            Binding::Assign(idx) => Some(Def::Assign(file, idx)),
            Binding::Import(idx) => {
                let import = &self.file(file).facts.imports[idx.0 as usize];
                self.import_target_in(file, import, hops)
            }
        }
    }

    /// Resolves every module-level name of a file; run once per file while linking.
    pub(super) fn build_scope(&self, file: FileId) -> rustc_hash::FxHashMap<Sym, Def> {
        let mut scope = rustc_hash::FxHashMap::default();
        for (name, binding) in &self.file(file).facts.bindings {
            if let Some(def) = self.binding_def(file, *binding, MAX_HOPS) {
                match scope.get(name) {
                    Some(old) if rank(*old) > rank(def) => {}
                    _ => {
                        scope.insert(*name, def);
                    }
                }
            }
        }
        scope
    }

    pub(super) fn build_stars(&self, file: FileId) -> Vec<Def> {
        let facts = &self.file(file).facts;
        facts
            .imports
            .iter()
            .filter(|i| i.kind == ImportKind::Star)
            .map(|i| self.import_module(file, i.level, i.module))
            .collect()
    }

    /// `base.name` for things known at module level.
    pub fn def_member(&self, base: Def, name: Sym) -> Option<Def> {
        match base {
            Def::Module(file) => self
                .module_member(file, name)
                .or_else(|| Some(Def::External(self.file(file).module.dot(name.as_str())))),
            Def::Namespace(file, dotted) => Some(self.import_module(file, 0, dotted.dot(name.as_str()))),
            Def::External(dotted) => {
                let dotted = dotted.dot(name.as_str());
                Some(match self.stub_member(dotted) {
                    Some(def) => def,
                    None => Def::External(dotted),
                })
            }
            Def::Class(class) => match self.class_member(class, name) {
                Some((_, Member::Class(inner))) => Some(Def::Class(inner)),
                Some((_, Member::Method(func))) => Some(Def::Func(func)),
                _ => None,
            },
            Def::Func(_) | Def::Assign(..) => None,
        }
    }

    fn stub_member(&self, dotted: Sym) -> Option<Def> {
        if let Some(file) = self.stub_modules.get(&dotted) {
            return Some(Def::Module(*file));
        }
        let (module, name) = dotted.as_str().rsplit_once('.')?;
        let file = self.stub_modules.get(&Sym::new(module))?;
        self.lookup(*file, Sym::new(name))
    }

    /// What an expression made of names and dots means at module level of `file`.
    pub fn resolve_expr(&self, file: FileId, expr: &Expr) -> Option<Def> {
        match &expr.kind {
            ExprKind::Name(name) => self
                .lookup(file, *name)
                .or_else(|| Some(Def::External(Sym::new("builtins").dot(name.as_str())))),
            ExprKind::Attr(attr) => self.def_member(self.resolve_expr(file, &attr.base)?, attr.name),
            ExprKind::Index(parts) => self.resolve_expr(file, &parts.0),
            _ => None,
        }
    }
}

/// Which of several conditional bindings to believe: project code before outside code before plain values.
fn rank(def: Def) -> u8 {
    match def {
        Def::Class(_) | Def::Func(_) | Def::Module(_) => 3,
        Def::Namespace(..) => 2,
        Def::External(_) => 1,
        Def::Assign(..) => 2,
    }
}
