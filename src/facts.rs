//! What one file says, and nothing it does not say.
//!
//! Facts are a pure function of the bytes of one file: they hold no ids of other files and know no
//! Django. The syntax tree is gone once they are made.

mod outline;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ir::{ClassIdx, Expr, FuncIdx, ImportIdx, Routine, Stmt};
use crate::source::{Span, Sym};

pub use outline::{Outline, Pieces};

/// All facts of one Python file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// Index 0 is the module body.
    pub functions: Vec<Routine>,
    pub classes: Vec<ClassFacts>,
    pub imports: Vec<ImportFacts>,
    /// What names the module binds, in source order, conditional blocks included.
    pub bindings: Vec<(Sym, Binding)>,
    /// Module-level assignments.
    pub assigns: Vec<AssignFacts>,
    /// `__all__`, when it is a plain list of strings.
    pub exports: Option<Vec<Sym>>,
    /// Comments that mention `noqa` or `djperf`.
    pub comments: Vec<Comment>,
    /// Literal lookup paths given to `select_related`, `prefetch_related`, `Prefetch` or
    /// `prefetch_related_objects` anywhere in the file.
    pub eager_paths: Vec<Sym>,
    /// Texts longer than constants may be that hold `CREATE INDEX` or `DROP INDEX`, by place.
    pub index_sql: Vec<(Span, Box<str>)>,
    /// Set for templates; their routine is function 0.
    pub template: Option<Box<TemplateFacts>>,
    pub errors: Vec<SyntaxError>,
}

/// What a template declares besides its body.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TemplateFacts {
    /// `{% block name %}…{% endblock %}`, nested ones included, in source order.
    pub blocks: Vec<BlockFacts>,
    /// `{% load a b %}` and the libraries of `{% load x from a %}`.
    pub libraries: Vec<Sym>,
    /// `{% extends "name" %}`
    pub extends: Option<Sym>,
    /// Literal names of included templates.
    pub includes: Vec<Sym>,
    /// Some template is included or extended by a name that is not literal, or a tag gets the whole context.
    pub dynamic: bool,
    /// Context variables that the template mentions itself, sorted.
    pub names: Vec<Sym>,
    pub dialect: Dialect,
    /// HTML comments with tags or variables in them.
    pub hidden: Vec<Hidden>,
    /// Jinja macros, as functions of this file.
    pub macros: Vec<(Sym, FuncIdx)>,
}

/// An HTML comment that the template renders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hidden {
    pub span: Span,
    /// Tags in it that do something whatever their arguments are: loops and inclusions.
    pub work: Vec<Sym>,
    /// No tag reaches into it or out of it, and nothing in it ends a comment of the template.
    pub whole: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    #[default]
    Django,
    Jinja,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlockFacts {
    pub name: Sym,
    pub name_span: Span,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binding {
    Class(ClassIdx),
    Func(FuncIdx),
    Import(ImportIdx),
    /// Index into [`FileFacts::assigns`].
    Assign(u32),
}

/// `name = value` at module or class level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AssignFacts {
    pub name: Sym,
    /// Absent for a bare annotation.
    pub value: Option<Arc<Expr>>,
    pub annotation: Option<Expr>,
    /// `name += value`.
    pub augmented: bool,
    /// The whole statement.
    pub span: Span,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClassFacts {
    pub name: Sym,
    /// Dotted from the module: `Order.Meta`.
    pub qualname: Sym,
    pub bases: Vec<Expr>,
    pub keywords: Vec<(Sym, Expr)>,
    pub decorators: Vec<Expr>,
    /// Class attributes in source order, conditional blocks included.
    pub assigns: Vec<AssignFacts>,
    /// What `name.append(…)`, `name.insert(…)` and `name.extend(…)` in the body add, as augmented assignments.
    pub added: Vec<AssignFacts>,
    pub methods: Vec<(Sym, FuncIdx)>,
    pub classes: Vec<(Sym, ClassIdx)>,
    /// `self.name = …` in the methods of this class: the attribute and the method that stores it.
    pub self_attrs: Vec<(Sym, FuncIdx)>,
    /// The class or function that holds it.
    pub parent_class: Option<ClassIdx>,
    pub parent_func: Option<FuncIdx>,
    pub span: Span,
    pub name_span: Span,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportFacts {
    pub kind: ImportKind,
    /// Leading dots.
    pub level: u32,
    /// Dotted module text; empty for `from . import x`.
    pub module: Sym,
    /// Stands under `if TYPE_CHECKING:`.
    pub type_checking: bool,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportKind {
    /// `import a.b` binds `a`; `import a.b as c` binds `c` to the module `a.b`.
    Module { bound: Sym, aliased: bool },
    /// `from m import name as bound`.
    From { name: Sym, bound: Sym },
    /// `from m import *`.
    Star,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comment {
    /// Of the `#…` text.
    pub span: Span,
    /// Nothing but white space stands before it on its line.
    pub own_line: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyntaxError {
    pub message: String,
    pub span: Span,
}
