//! Imports that a rewrite needs: found under the name the file has for them, or added once, where they belong.
//!
//! Only plain imports at the top of a file count and change. A class of the project is imported from a module that
//! the file imports from already, so that no circle of modules comes to be.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::{ClassId, Def, Project};
use crate::source::{FileId, Span, Sym};
use crate::syntax::python::ast::visitor::source_order::{SourceOrderVisitor, walk_expr};
use crate::syntax::python::ast::{Alias, Expr, Stmt, StmtImportFrom};
use crate::syntax::python::{Module, Ranged, span};

use super::Refusal;
use super::layout::{self, Style};
use super::scope::Scope;

const ORM: &str = "django.db.models";

/// The imports of one file, and what is to be added to them.
pub(super) struct Imports<'a> {
    project: &'a Project,
    file: FileId,
    module: &'a Module,
    text: &'a str,
    /// The function in which the names are used.
    scope: &'a Scope<'a>,
    wanted: BTreeMap<Source, BTreeSet<String>>,
}

/// The module of a `from … import`, as it is written.
type Source = (u32, String);

impl<'a> Imports<'a> {
    pub fn new(
        project: &'a Project,
        file: FileId,
        module: &'a Module,
        text: &'a str,
        scope: &'a Scope<'a>,
    ) -> Self {
        Self {
            project,
            file,
            module,
            text,
            scope,
            wanted: BTreeMap::new(),
        }
    }

    /// What to write for a name of `django.db.models`.
    pub fn orm(&mut self, name: &str) -> Result<String, Refusal> {
        let mut whole = None;
        for import in self.top() {
            for alias in &import.names {
                let bound = bound(alias);
                if self.scope.binds(bound) {
                    continue;
                }
                if is_from(import, 0, ORM) && alias.name.as_str() == name {
                    return Ok(bound.to_owned());
                }
                if is_from(import, 0, "django.db") && alias.name.as_str() == "models" {
                    whole = Some(bound);
                }
            }
        }
        let named = self.top().any(|import| is_from(import, 0, ORM));
        if let Some(models) = whole.filter(|_| !named) {
            return Ok(format!("{models}.{name}"));
        }
        if self.taken(name) {
            return Err("a name that would have to be imported means something else here");
        }
        self.wanted
            .entry((0, ORM.to_owned()))
            .or_default()
            .insert(name.to_owned());
        Ok(name.to_owned())
    }

    /// What to write for a part of a model's declaration: `models.Index` where the file has `models`.
    pub fn model_part(&mut self, name: &str) -> Result<String, Refusal> {
        const HOLDERS: [&str; 2] = ["django.db", "django.contrib.gis.db"];
        let models = self.top().find_map(|import| {
            let holds = HOLDERS.iter().any(|module| is_from(import, 0, module));
            let alias = import
                .names
                .iter()
                .find(|alias| alias.name.as_str() == "models")?;
            holds.then(|| bound(alias))
        });
        match models {
            Some(models) => Ok(format!("{models}.{name}")),
            None => self.orm(name),
        }
    }

    /// What to write for a name of a module of a library.
    pub fn named(&mut self, module: &str, name: &str) -> Result<String, Refusal> {
        let (package, last) = module.rsplit_once('.').unwrap_or(("", module));
        for import in self.top() {
            for alias in &import.names {
                if is_from(import, 0, module) && alias.name.as_str() == name {
                    return Ok(bound(alias).to_owned());
                }
                if is_from(import, 0, package) && alias.name.as_str() == last {
                    return Ok(format!("{}.{name}", bound(alias)));
                }
            }
        }
        if self.taken(name) {
            return Err("a name that would have to be imported means something else here");
        }
        let source = (0, module.to_owned());
        self.wanted.entry(source).or_default().insert(name.to_owned());
        Ok(name.to_owned())
    }

    /// What to write for a class of the project.
    pub fn class(&mut self, class: ClassId) -> Result<String, Refusal> {
        const UNKNOWN: Refusal = "the model is not imported at the top of the file";
        let facts = self.project.class_facts(class);
        let name = facts.name;
        let nested = facts.parent_class.is_some() || facts.parent_func.is_some();
        if nested || self.scope.binds(name.as_str()) {
            return Err(UNKNOWN);
        }
        if self.project.lookup(self.file, name) == Some(Def::Class(class)) {
            let here = self.project.class(class).file == self.file;
            let plain = self
                .top()
                .any(|import| import.names.iter().any(|alias| bound(alias) == name.as_str()));
            return if here || plain {
                Ok(name.to_string())
            } else {
                Err(UNKNOWN)
            };
        }
        if self.taken(name.as_str()) {
            return Err(UNKNOWN);
        }
        let mut source = None;
        for import in self.top() {
            for alias in &import.names {
                let bound = bound(alias);
                let held = self.project.lookup(self.file, Sym::new(bound));
                if let Some(Def::Module(module)) = held
                    && self.project.lookup(module, name) == Some(Def::Class(class))
                    && !self.scope.binds(bound)
                {
                    return Ok(format!("{bound}.{name}"));
                }
            }
            let from = import.module.as_ref().map_or("", |m| m.as_str());
            let module = self
                .project
                .import_module(self.file, import.level, Sym::new(from));
            if let Def::Module(module) = module
                && module != self.file
                && self.project.lookup(module, name) == Some(Def::Class(class))
                && import.names.iter().all(|alias| alias.name.as_str() != "*")
                && !self.imported_by(module)
            {
                source = source.or(Some((import.level, from.to_owned())));
            }
        }
        let source = source.ok_or(UNKNOWN)?;
        self.wanted.entry(source).or_default().insert(name.to_string());
        Ok(name.to_string())
    }

    /// The edits that add what is missing.
    pub fn edits(self) -> Result<Vec<(Span, String)>, Refusal> {
        let mut out = Vec::new();
        for ((level, module), names) in &self.wanted {
            let standing: Vec<&StmtImportFrom> = self
                .top()
                .filter(|import| is_from(import, *level, module))
                .collect();
            let single = standing.len() > 1 && standing.iter().all(|import| import.names.len() == 1);
            match standing.last() {
                Some(import) if !single => out.extend(self.merged(import, names)),
                _ => out.push(self.line(*level, module, names)?),
            }
        }
        out.sort();
        Ok(out)
    }

    /// Imports that always run when the module is loaded.
    fn top(&self) -> impl Iterator<Item = &'a StmtImportFrom> + use<'a> {
        self.module.body().iter().filter_map(|stmt| match stmt {
            Stmt::ImportFrom(import) => Some(import),
            _ => None,
        })
    }

    /// The name means something in the file already.
    fn taken(&self, name: &str) -> bool {
        let file = &self.project.file(self.file).facts;
        self.scope.binds(name)
            || file.bindings.iter().any(|(bound, _)| *bound == *name)
            || self.project.lookup(self.file, Sym::new(name)).is_some()
    }

    fn imported_by(&self, other: FileId) -> bool {
        let imports = &self.project.file(other).facts.imports;
        imports.iter().any(|import| {
            self.project.import_module(other, import.level, import.module) == Def::Module(self.file)
        })
    }

    /// Names added to an import that stands there.
    fn merged(&self, import: &StmtImportFrom, names: &BTreeSet<String>) -> Vec<(Span, String)> {
        let keys: Vec<(u8, String)> = import
            .names
            .iter()
            .map(|alias| key(alias.name.as_str()))
            .collect();
        let sorted = keys.is_sorted();
        let at = span(import.range());
        let (Some(first), Some(last)) = (import.names.first(), import.names.last()) else {
            return Vec::new();
        };
        let bracketed = self.text[at.start as usize..at.end as usize].ends_with(')');
        let own_line = bracketed && layout::starts_line(self.text, span(last.range()).start);
        let separator = if own_line {
            format!(",\n{}", layout::indent_of(self.text, span(last.range()).start))
        } else {
            ", ".to_owned()
        };
        let added: usize = names.iter().map(|name| name.chars().count() + 2).sum();
        let too_long = at.end - at.start + added as u32 > Style::of(self.text).width as u32;
        if !bracketed && too_long {
            let part = |alias: &Alias| {
                self.text[alias.range().start().to_usize()..alias.range().end().to_usize()].to_owned()
            };
            let mut all: Vec<((u8, String), String)> = import
                .names
                .iter()
                .map(|alias| (key(alias.name.as_str()), part(alias)))
                .chain(names.iter().map(|name| (key(name), name.clone())))
                .collect();
            if sorted {
                all.sort();
            }
            let lines: String = all.iter().map(|(_, name)| format!("    {name},\n")).collect();
            let names = span(first.range()).cover(span(last.range()));
            return vec![(names, format!("(\n{lines})"))];
        }
        let mut before: BTreeMap<usize, String> = BTreeMap::new();
        for name in names {
            let place = if sorted {
                keys.iter().position(|k| *k > key(name))
            } else {
                None
            };
            before
                .entry(place.unwrap_or(keys.len()))
                .or_default()
                .push_str(&match place {
                    Some(_) => format!("{name}{separator}"),
                    None => format!("{separator}{name}"),
                });
        }
        let insert = |(place, content): (usize, String)| {
            let at = match import.names.get(place) {
                Some(alias) => span(alias.range()).start,
                None => span(last.range()).end,
            };
            (Span::new(at, at), content)
        };
        before.into_iter().map(insert).collect()
    }

    /// A new import, next to others of its package.
    fn line(&self, level: u32, module: &str, names: &BTreeSet<String>) -> Result<(Span, String), Refusal> {
        const NO_PLACE: Refusal = "there is no place for a new import";
        let mut names: Vec<&String> = names.iter().collect();
        names.sort_by_key(|name| key(name));
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        let dots = ".".repeat(level as usize);
        let statement = format!("from {dots}{module} import {}", names.join(", "));
        let package = module.split('.').next().unwrap_or(module);
        let of = |import: &StmtImportFrom| import.module.as_ref().map_or(String::new(), |m| m.to_string());
        let kin: Vec<&StmtImportFrom> = self
            .top()
            .filter(|import| import.level == level && of(import).split('.').next() == Some(package))
            .collect();
        let before = kin.iter().rfind(|import| of(import).as_str() <= module);
        if let Some(import) = before {
            let end = layout::line_end(self.text, span(import.range()).end).ok_or(NO_PLACE)?;
            return Ok((Span::new(end, end), format!("{statement}\n")));
        }
        if let Some(import) = kin.first() {
            let start = span(import.range()).start;
            return Ok((Span::new(start, start), format!("{statement}\n")));
        }
        let own = self.top().find(|import| {
            let from = Sym::new(&of(import));
            let found = self.project.import_module(self.file, import.level, from);
            matches!(found, Def::Module(module) if !self.project.is_stub(module)) || import.level > 0
        });
        if let Some(import) = own {
            let start = span(import.range()).start;
            return Ok((Span::new(start, start), format!("{statement}\n\n")));
        }
        let last = self
            .module
            .body()
            .iter()
            .rfind(|stmt| matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_)));
        let last = last.ok_or(NO_PLACE)?;
        let end = layout::line_end(self.text, span(last.range()).end).ok_or(NO_PLACE)?;
        Ok((Span::new(end, end), format!("{statement}\n")))
    }
}

fn bound(alias: &Alias) -> &str {
    alias.asname.as_ref().unwrap_or(&alias.name).as_str()
}

fn is_from(import: &StmtImportFrom, level: u32, module: &str) -> bool {
    import.level == level && import.module.as_ref().map_or("", |m| m.as_str()) == module
}

/// Constants, classes, functions, each without regard to case: the order of import sorters.
fn key(name: &str) -> (u8, String) {
    let first = name.chars().next();
    let kind = if name.chars().count() > 1 && !name.chars().any(char::is_lowercase) {
        0
    } else if first.is_some_and(char::is_uppercase) {
        1
    } else {
        2
    };
    (kind, name.to_lowercase())
}

/// The edit that takes a name out of its import, when nothing but the place given reads it.
pub(super) fn unused(module: &Module, text: &str, name: &str, at: Span) -> Option<(Span, String)> {
    let mut reads = Reads {
        name,
        at,
        others: false,
    };
    for stmt in module.body() {
        reads.visit_stmt(stmt);
    }
    let named_in_text = text.matches(name).count() > 2;
    if reads.others || named_in_text {
        return None;
    }
    let import = module.body().iter().find_map(|stmt| match stmt {
        Stmt::ImportFrom(import) if import.names.iter().any(|alias| bound(alias) == name) => Some(import),
        _ => None,
    })?;
    let nth = import.names.iter().position(|alias| bound(alias) == name)?;
    let own = span(import.names[nth].range());
    if import.names.len() == 1 {
        let line = layout::dropped_line(module, text, span(import.range()))?;
        return Some((line, String::new()));
    }
    let gone = match (import.names.get(nth + 1), nth.checked_sub(1)) {
        (Some(next), _) => Span::new(own.start, span(next.range()).start),
        (None, Some(before)) => Span::new(span(import.names[before].range()).end, own.end),
        (None, None) => return None,
    };
    Some((gone, String::new()))
}

struct Reads<'n> {
    name: &'n str,
    at: Span,
    others: bool,
}

impl<'t> SourceOrderVisitor<'t> for Reads<'_> {
    fn visit_expr(&mut self, expr: &'t Expr) {
        if let Expr::Name(name) = expr {
            self.others |= name.id.as_str() == self.name && span(name.range()) != self.at;
        }
        walk_expr(self, expr);
    }
}
