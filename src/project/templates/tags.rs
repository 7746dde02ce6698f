//! Tags and filters that the project registers, by library and name.
//!
//! Reads decorators and calls of `register`; what a registered function does is not its business. Libraries of
//! packages are unknown.

use rustc_hash::FxHashMap;

use super::super::hints::walk::each_statement;
use super::super::{Def, FuncId, Part, Project, common_components};
use super::table::{self, Registers};
use crate::facts::Dialect;
use crate::ir::{Call, Const, Expr, ExprKind, StmtKind};
use crate::source::{FileId, Sym};

/// A tag that the project registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagDef {
    /// What is called; for [`TagKind::Custom`] the function that compiles the tag.
    pub func: FuncId,
    pub kind: TagKind,
    /// The first argument is the context.
    pub takes_context: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// The result is printed or stored.
    Simple,
    /// As `Simple`, with the rendered content as an argument.
    SimpleBlock,
    /// The result is the context of the named template; none when the name is computed.
    Inclusion(Option<Sym>),
    Custom,
}

/// All libraries of the project.
#[derive(Debug, Default)]
pub(in crate::project) struct Libraries {
    by_name: FxHashMap<Sym, Vec<FileId>>,
    /// Usable without `{% load %}`.
    builtins: Vec<FileId>,
    /// Global in Jinja templates.
    jinja: Vec<FileId>,
    files: FxHashMap<FileId, Library>,
}

/// What one module registers.
#[derive(Debug, Default)]
struct Library {
    tags: FxHashMap<Sym, TagDef>,
    filters: FxHashMap<Sym, FuncId>,
    /// Registered with a Jinja library.
    jinja: bool,
}

const DIRECTORY: &str = "templatetags";
const MAX_DEPTH: u32 = 16;

impl Project {
    /// The tag that `name` means in a template: the library loaded last decides, then the builtins of settings.
    pub fn template_tag(&self, template: FileId, name: Sym) -> Option<TagDef> {
        self.libraries_of(template)
            .find_map(|library| library.tags.get(&name).copied())
    }

    /// The function of a filter, as for [`Self::template_tag`].
    pub fn template_filter(&self, template: FileId, name: Sym) -> Option<FuncId> {
        self.libraries_of(template)
            .find_map(|library| library.filters.get(&name).copied())
    }

    fn libraries_of(&self, template: FileId) -> impl Iterator<Item = &Library> {
        let libraries = &self.templates.libraries;
        let here = self.file(template);
        let facts = here.facts.template.as_deref();
        let is_jinja = facts.is_some_and(|facts| facts.dialect == Dialect::Jinja);
        let loaded: &[Sym] = facts.map_or(&[], |facts| &facts.libraries);
        let loaded = loaded.iter().rev().filter_map(move |name| {
            let files = libraries.by_name.get(name)?.iter().copied();
            self.nearest(files, template, |file| *file)
        });
        let global = if is_jinja {
            &libraries.jinja
        } else {
            &libraries.builtins
        };
        let mut global: Vec<FileId> = global.clone();
        let shared = |file: &FileId| common_components(&here.path, &self.file(*file).path);
        global.sort_by_key(|file| std::cmp::Reverse(shared(file)));
        loaded.chain(global).filter_map(|file| libraries.files.get(&file))
    }
}

impl Libraries {
    pub(super) fn new(project: &Project) -> Self {
        let mut found = Self::default();
        for id in project.file_ids() {
            let file = project.file(id);
            if !matches!(file.part, Part::Source | Part::Command) {
                continue;
            }
            let library = Library::read(project, id);
            if library.tags.is_empty() && library.filters.is_empty() {
                continue;
            }
            if library.jinja {
                found.jinja.push(id);
            }
            if let Some(name) = library_name(&file.path) {
                found.by_name.entry(Sym::new(&name)).or_default().push(id);
            }
            found.files.insert(id, library);
        }
        for settings in &project.hints.sites {
            for engine in &settings.engines {
                let module = |path: Sym| match project.dotted(settings.file, path.as_str()) {
                    Some(Def::Module(file)) => Some(file),
                    _ => None,
                };
                for (name, path) in &engine.libraries {
                    found.by_name.entry(*name).or_default().extend(module(*path));
                }
                for file in engine.builtins.iter().filter_map(|path| module(*path)) {
                    if !found.builtins.contains(&file) {
                        found.builtins.push(file);
                    }
                }
            }
        }
        found
    }
}

/// `shop/templatetags/a/b.py` is loaded as `a.b`.
fn library_name(path: &str) -> Option<String> {
    let (_, below) = path.rsplit_once(&format!("/{DIRECTORY}/")).or_else(|| {
        path.strip_prefix(DIRECTORY)
            .and_then(|rest| rest.strip_prefix('/'))
            .map(|rest| ("", rest))
    })?;
    let stem = below.strip_suffix(".py")?;
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    (stem != "__init__").then(|| stem.replace('/', "."))
}

impl Library {
    fn read(project: &Project, file: FileId) -> Self {
        let mut library = Self::default();
        let facts = &project.file(file).facts;
        for (n, routine) in facts.functions.iter().enumerate().skip(1) {
            if routine.class.is_some() || routine.parent.is_some_and(|parent| parent.0 != 0) {
                continue;
            }
            let func = project.func_id(file, crate::ir::FuncIdx(n as u32));
            for decorator in &routine.decorators {
                let found = match &decorator.kind {
                    ExprKind::Call(call) => Registration::of(project, file, &call.func, Some(call)),
                    _ => Registration::of(project, file, decorator, None),
                };
                if let Some(found) = found {
                    library.add(&found, found.name(0).unwrap_or(routine.name), func);
                }
            }
        }
        let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
        each_statement(body, &mut |stmt| match &stmt.kind {
            StmtKind::Expr(expr) => library.add_call(project, file, expr),
            StmtKind::Assign { value, .. } => library.add_call(project, file, value),
            _ => {}
        });
        library
    }

    /// `register.filter("name", func)`, `register.simple_tag(func, name="x")`, `register.inclusion_tag("t.html")(func)`
    fn add_call(&mut self, project: &Project, file: FileId, expr: &Expr) {
        let ExprKind::Call(call) = &expr.kind else { return };
        if let ExprKind::Call(inner) = &call.func.kind {
            let registration = Registration::of(project, file, &inner.func, Some(inner));
            let target = call
                .positional(0)
                .and_then(|value| function(project, file, value));
            if let (Some(found), Some((func, own))) = (registration, target) {
                self.add(&found, found.name(0).unwrap_or(own), func);
            }
            return;
        }
        let Some(found) = Registration::of(project, file, &call.func, Some(call)) else {
            return;
        };
        let by_keyword = ["func", "filter_func", "compile_function", "f"].map(|name| call.keyword(name));
        let values = [call.positional(0), call.positional(1)].into_iter();
        let targets = values.chain(by_keyword).flatten();
        for value in targets {
            if let Some((func, own)) = function(project, file, value) {
                self.add(&found, found.name(0).unwrap_or(own), func);
                return;
            }
        }
    }

    fn add(&mut self, found: &Registration<'_>, name: Sym, func: FuncId) {
        self.jinja |= found.dialect == Dialect::Jinja;
        let kind = match found.registers {
            Registers::Filter => {
                self.filters.insert(name, func);
                return;
            }
            Registers::Simple => TagKind::Simple,
            Registers::SimpleBlock => TagKind::SimpleBlock,
            Registers::Inclusion => TagKind::Inclusion(found.template()),
            Registers::Custom => TagKind::Custom,
        };
        let tag = TagDef {
            func,
            kind,
            takes_context: found.takes_context(),
        };
        self.tags.insert(name, tag);
    }
}

/// A call or mention of a method of a library.
struct Registration<'a> {
    registers: Registers,
    dialect: Dialect,
    call: Option<&'a Call>,
}

impl<'a> Registration<'a> {
    fn of(project: &Project, file: FileId, func: &Expr, call: Option<&'a Call>) -> Option<Self> {
        let ExprKind::Attr(attr) = &func.kind else {
            return None;
        };
        Some(Self {
            registers: table::registers(attr.name.as_str())?,
            dialect: library(project, file, &attr.base, MAX_DEPTH)?,
            call,
        })
    }

    /// The name that is given, by keyword or as the `at`-th argument.
    fn name(&self, at: usize) -> Option<Sym> {
        let call = self.call?;
        let by_position = match self.registers {
            Registers::Inclusion => None,
            _ => call.positional(at),
        };
        call.keyword("name").or(by_position).and_then(Expr::as_str)
    }

    fn template(&self) -> Option<Sym> {
        let call = self.call?;
        let value = call.keyword("filename").or(call.positional(0))?;
        match &value.kind {
            // `get_template("x.html")`
            ExprKind::Call(inner) => inner.positional(0)?.as_str(),
            _ => value.as_str(),
        }
    }

    fn takes_context(&self) -> bool {
        let second = match self.registers {
            // `simple_tag(func, takes_context)` is written by keyword, `inclusion_tag(file, func, takes_context)` too.
            Registers::Custom | Registers::Filter => return false,
            _ => self.call.and_then(|call| call.keyword("takes_context")),
        };
        second.is_some_and(|value| matches!(value.kind, ExprKind::Const(Const::True)))
    }
}

/// The language whose tags the object of an expression collects; none when it is no library.
fn library(project: &Project, file: FileId, expr: &Expr, depth: u32) -> Option<Dialect> {
    let depth = depth.checked_sub(1)?;
    if let ExprKind::Call(call) = &expr.kind {
        return library(project, file, &call.func, depth);
    }
    match project.resolve_expr(file, expr)? {
        Def::External(dotted) => table::library(dotted.as_str()),
        Def::Class(class) => project
            .external_bases(class)
            .find_map(|base| table::library(base.as_str())),
        Def::Assign(from, idx) => {
            let assign = &project.file(from).facts.assigns[idx as usize];
            library(project, from, assign.value.as_deref()?, depth)
        }
        _ => None,
    }
}

/// The project's function that an expression names, and its own name.
fn function(project: &Project, file: FileId, expr: &Expr) -> Option<(FuncId, Sym)> {
    let func = match &expr.kind {
        ExprKind::Lambda(idx) => project.func_id(file, *idx),
        // `stringfilter(func)`
        ExprKind::Call(call) => return function(project, file, call.positional(0)?),
        _ => match project.resolve_expr(file, expr)? {
            Def::Func(func) => func,
            _ => return None,
        },
    };
    Some((func, project.routine(func).name))
}
