//! What single settings modules say about templates, applications and URLs.
//!
//! Reads literals, names across settings modules, and paths made of `__file__`. Branches count as taken, and what
//! cannot be read is left out. Which settings are in use is not known here.

use rustc_hash::FxHashMap;

use super::lists;
use super::paths::{TemplateDir, of_expr};
use super::walk::each_statement;
use crate::facts::{AssignFacts, Binding, Dialect, FileFacts, ImportKind};
use crate::ir::{BinOp, Call, Const, Expr, ExprKind, StmtKind};
use crate::project::modules::{ModuleIndex, Resolved};
use crate::project::templates::table;
use crate::source::{FileId, Sym};

/// One settings module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub file: FileId,
    /// Entries of `INSTALLED_APPS` that this module writes itself.
    pub apps: Vec<Sym>,
    /// All of them could be read.
    pub apps_complete: bool,
    pub engines: Vec<Engine>,
    pub root_urlconf: Option<Sym>,
}

/// One entry of `TEMPLATES`, or what a module adds to one of another module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engine {
    pub dialect: Dialect,
    pub dirs: Vec<TemplateDir>,
    pub context_processors: Vec<Sym>,
    /// Modules whose tags need no `{% load %}`.
    pub builtins: Vec<Sym>,
    /// Name for `{% load %}` → module.
    pub libraries: Vec<(Sym, Sym)>,
}

/// The facts of all files that may be settings, and how names travel between them.
pub(super) struct Env<'a> {
    facts: FxHashMap<FileId, &'a FileFacts>,
    pub index: &'a ModuleIndex,
}

/// Names are followed through this many expressions.
pub(super) const MAX_DEPTH: u32 = 24;

const NAMES: [&str; 4] = ["TEMPLATES", "TEMPLATE_DIRS", "ROOT_URLCONF", "INSTALLED_APPS"];

/// All modules that assign one of the settings that matter here, ordered as given.
pub(super) fn gather(files: &[(FileId, &FileFacts)], index: &ModuleIndex) -> Vec<Settings> {
    let env = Env::new(files, index);
    let mentions = |facts: &FileFacts| {
        let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
        let mut found = facts
            .assigns
            .iter()
            .any(|assign| NAMES.contains(&assign.name.as_str()));
        each_statement(body, &mut |stmt| {
            found |= change(&stmt.kind).is_some_and(|change| change.path.root == "TEMPLATES");
        });
        found
    };
    files
        .iter()
        .filter(|(_, facts)| mentions(facts))
        .map(|(file, facts)| env.settings(*file, facts))
        .collect()
}

impl<'a> Env<'a> {
    pub fn new(files: &[(FileId, &'a FileFacts)], index: &'a ModuleIndex) -> Self {
        Self {
            facts: files.iter().copied().collect(),
            index,
        }
    }

    fn settings(&self, file: FileId, facts: &'a FileFacts) -> Settings {
        let apps = lists::evaluate(facts, "INSTALLED_APPS");
        let assigned = |name: &'static str| {
            facts
                .assigns
                .iter()
                .filter(move |assign| assign.name == *name)
                .filter_map(|assign| assign.value.as_deref())
        };
        let mut engines: Vec<Engine> = assigned("TEMPLATES")
            .flat_map(|value| self.engines(file, value, MAX_DEPTH))
            .collect();
        let dirs: Vec<TemplateDir> = assigned("TEMPLATE_DIRS")
            .flat_map(|value| self.dirs(file, value, MAX_DEPTH))
            .collect();
        if !dirs.is_empty() {
            engines.push(Engine {
                dirs,
                ..Engine::default()
            });
        }
        self.add_changes(file, facts, &mut engines);
        Settings {
            file,
            apps: apps.items,
            apps_complete: apps.complete,
            engines,
            root_urlconf: assigned("ROOT_URLCONF").filter_map(Expr::as_str).next_back(),
        }
    }

    /// `TEMPLATES[0]["DIRS"] += […]` and calls of `append`, `insert` and `extend`.
    fn add_changes(&self, file: FileId, facts: &'a FileFacts, engines: &mut Vec<Engine>) {
        let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
        let mut changes: Vec<Change<'a>> = Vec::new();
        each_statement(body, &mut |stmt| changes.extend(change(&stmt.kind)));
        for change in changes.iter().filter(|c| c.path.root == "TEMPLATES") {
            let [ExprKind::Const(Const::Int(at)), keys @ ..] = &change.path.keys[..] else {
                continue;
            };
            let at = usize::try_from(*at).unwrap_or(0);
            if engines.get(at).is_none() {
                engines.push(Engine::default());
            }
            let at = at.min(engines.len() - 1);
            let names: Vec<&str> = keys
                .iter()
                .filter_map(|key| match key {
                    ExprKind::Const(Const::Str(name)) => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            let single = Expr::new(change.value.span, ExprKind::List(vec![change.value.clone()]));
            let value = if change.is_item { &single } else { change.value };
            match names[..] {
                [key] => self.set(&mut engines[at], file, key, value, MAX_DEPTH),
                ["OPTIONS", key] => self.set_option(&mut engines[at], file, key, value, MAX_DEPTH),
                _ => {}
            }
        }
    }

    fn engines(&self, file: FileId, value: &Expr, depth: u32) -> Vec<Engine> {
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items
                .iter()
                .flat_map(|item| self.engines(file, item, depth))
                .collect(),
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                let mut engines = self.engines(file, &binary.left, depth);
                engines.extend(self.engines(file, &binary.right, depth));
                engines
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => {
                let values = self.values(file, value);
                let mut found = values
                    .into_iter()
                    .map(|(file, value)| self.engines(file, value, depth));
                found.find(|engines| !engines.is_empty()).unwrap_or_default()
            }
            ExprKind::Starred(inner) => self.engines(file, inner, depth),
            ExprKind::Dict(items) => {
                let mut engine = Engine::default();
                for item in items {
                    if let Some(key) = item.key.as_ref().and_then(Expr::as_str) {
                        self.set(&mut engine, file, key.as_str(), &item.value, depth);
                    }
                }
                vec![engine]
            }
            _ => Vec::new(),
        }
    }

    fn set(&self, engine: &mut Engine, file: FileId, key: &str, value: &Expr, depth: u32) {
        match key {
            "BACKEND" => {
                if let Some(backend) = value.as_str() {
                    engine.dialect = table::backend(backend.as_str());
                }
            }
            "DIRS" => engine.dirs.extend(self.dirs(file, value, depth)),
            "OPTIONS" => {
                for (file, key, value) in self.items(file, value, depth) {
                    self.set_option(engine, file, key.as_str(), value, depth);
                }
            }
            _ => {}
        }
    }

    fn set_option(&self, engine: &mut Engine, file: FileId, key: &str, value: &Expr, depth: u32) {
        match key {
            "context_processors" => engine.context_processors.extend(self.strings(file, value, depth)),
            "builtins" => engine.builtins.extend(self.strings(file, value, depth)),
            "libraries" => {
                let items = self.items(file, value, depth).into_iter();
                let named = items.filter_map(|(_, name, value)| Some((name, value.as_str()?)));
                engine.libraries.extend(named);
            }
            _ => {}
        }
    }

    /// The items of a dict with literal keys, by name as well.
    fn items<'e>(&'e self, file: FileId, value: &'e Expr, depth: u32) -> Vec<(FileId, Sym, &'e Expr)> {
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        match &value.kind {
            ExprKind::Dict(items) => items
                .iter()
                .flat_map(|item| match &item.key {
                    Some(key) => key
                        .as_str()
                        .map(|key| (file, key, &item.value))
                        .into_iter()
                        .collect(),
                    None => self.items(file, &item.value, depth),
                })
                .collect(),
            ExprKind::Name(_) | ExprKind::Attr(_) => self
                .values(file, value)
                .into_iter()
                .flat_map(|(file, value)| self.items(file, value, depth))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn dirs(&self, file: FileId, value: &Expr, depth: u32) -> Vec<TemplateDir> {
        self.flat(file, value, depth, &|file, item| of_expr(self, file, item))
    }

    fn strings(&self, file: FileId, value: &Expr, depth: u32) -> Vec<Sym> {
        self.flat(file, value, depth, &|_, item| item.as_str())
    }

    /// The items of a list that can be read, by name and put together as well.
    fn flat<T>(
        &self,
        file: FileId,
        value: &Expr,
        depth: u32,
        read: &dyn Fn(FileId, &Expr) -> Option<T>,
    ) -> Vec<T> {
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => items
                .iter()
                .flat_map(|item| match &item.kind {
                    ExprKind::Starred(inner) => self.flat(file, inner, depth, read),
                    _ => read(file, item).into_iter().collect(),
                })
                .collect(),
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                let mut all = self.flat(file, &binary.left, depth, read);
                all.extend(self.flat(file, &binary.right, depth, read));
                all
            }
            ExprKind::IfElse(choice) => {
                let mut all = self.flat(file, &choice.then, depth, read);
                all.extend(self.flat(file, &choice.orelse, depth, read));
                all
            }
            ExprKind::Call(call) if call.args.len() == 1 => {
                let copies = ["list", "tuple"];
                match call.func.as_name() {
                    Some(name) if copies.contains(&name.as_str()) => {
                        self.flat(file, &call.args[0].value, depth, read)
                    }
                    _ => Vec::new(),
                }
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => self
                .values(file, value)
                .into_iter()
                .rev()
                .flat_map(|(file, value)| self.flat(file, value, depth, read))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What a name or `module.name` of a settings module may hold, latest assignment first.
    pub(super) fn values(&self, file: FileId, expr: &Expr) -> Vec<(FileId, &'a Expr)> {
        match &expr.kind {
            ExprKind::Name(name) => self.named(file, *name, 8),
            ExprKind::Attr(attr) => match attr.base.as_name().and_then(|base| self.module(file, base)) {
                Some(module) => self.named(module, attr.name, 8),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn named(&self, file: FileId, name: Sym, hops: u32) -> Vec<(FileId, &'a Expr)> {
        let Some((facts, hops)) = self.facts.get(&file).copied().zip(hops.checked_sub(1)) else {
            return Vec::new();
        };
        let of_name = |assign: &&'a AssignFacts| assign.name == name;
        let own: Vec<(FileId, &'a Expr)> = facts
            .assigns
            .iter()
            .filter(of_name)
            .rev()
            .filter_map(|assign| Some((file, assign.value.as_deref()?)))
            .collect();
        if !own.is_empty() {
            return own;
        }
        for import in facts.imports.iter().rev() {
            let wanted = match import.kind {
                ImportKind::From { name: from, bound } if bound == name => from,
                ImportKind::Star => name,
                _ => continue,
            };
            if let Resolved::File(from) = self.index.resolve(file, import.level, import.module.as_str())
                && from != file
            {
                let found = self.named(from, wanted, hops);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    fn module(&self, file: FileId, bound: Sym) -> Option<FileId> {
        let facts = self.facts.get(&file)?;
        let (_, binding) = facts.bindings.iter().rev().find(|(name, _)| *name == bound)?;
        let Binding::Import(idx) = binding else {
            return None;
        };
        let import = &facts.imports[idx.0 as usize];
        let module = match import.kind {
            ImportKind::Module { .. } => import.module,
            ImportKind::From { name, .. } if import.module.as_str().is_empty() => name,
            ImportKind::From { name, .. } => import.module.dot(name.as_str()),
            ImportKind::Star => return None,
        };
        match self.index.resolve(file, import.level, module.as_str()) {
            Resolved::File(found) => Some(found),
            _ => None,
        }
    }
}

/// `NAME[0]["key"]`
struct Path<'a> {
    root: Sym,
    keys: Vec<&'a ExprKind>,
}

struct Change<'a> {
    path: Path<'a>,
    value: &'a Expr,
    /// One item is added, not a list.
    is_item: bool,
}

fn change(stmt: &StmtKind) -> Option<Change<'_>> {
    match stmt {
        StmtKind::Assign { targets, value } => Some(Change {
            path: index_path(targets.first()?)?,
            value,
            is_item: false,
        }),
        StmtKind::AugAssign { target, value, .. } => Some(Change {
            path: index_path(target)?,
            value,
            is_item: false,
        }),
        StmtKind::Expr(Expr {
            kind: ExprKind::Call(call),
            ..
        }) => method_change(call),
        _ => None,
    }
}

fn method_change(call: &Call) -> Option<Change<'_>> {
    let ExprKind::Attr(method) = &call.func.kind else {
        return None;
    };
    let (value, is_item) = match method.name.as_str() {
        "append" => (call.positional(0)?, true),
        "insert" => (call.positional(1)?, true),
        "extend" => (call.positional(0)?, false),
        _ => return None,
    };
    Some(Change {
        path: index_path(&method.base)?,
        value,
        is_item,
    })
}

fn index_path(expr: &Expr) -> Option<Path<'_>> {
    let mut keys = Vec::new();
    let mut at = expr;
    while let ExprKind::Index(parts) = &at.kind {
        keys.push(&parts.1.kind);
        at = &parts.0;
    }
    keys.reverse();
    (!keys.is_empty()).then_some(Path {
        root: at.as_name()?,
        keys,
    })
}
