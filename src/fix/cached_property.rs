//! `@property` to Django's `@cached_property`, with its import.

use crate::project::FuncId;
use crate::syntax::python::ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};
use crate::syntax::python::{Ranged, span};

use super::imports::Imports;
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety};

/// Keeps what a property returns for as long as its object lives.
pub fn fix(desk: Desk<'_, '_>, func: FuncId) -> Result<Fix, Refusal> {
    let (file, _) = desk.project.func(func);
    let routine = desk.project.routine(func);
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let mut holder = None;
    let at_name = |def: &StmtFunctionDef| span(def.name.range()) == routine.name_span;
    for class in module.body().iter().filter_map(class_of) {
        for def in class
            .body
            .iter()
            .filter_map(function_of)
            .filter(|def| at_name(def))
        {
            holder = Some((class, def));
        }
    }
    let (class, def) = holder.ok_or("the property is not declared in a class of the module")?;
    let [decorator] = &def.decorator_list[..] else {
        return Err("the property has other decorators");
    };
    let plain = matches!(&decorator.expression, Expr::Name(name) if name.id.as_str() == "property");
    if !plain {
        return Err("the property has another decorator");
    }
    let same = |other: &&StmtFunctionDef| other.name.as_str() == def.name.as_str();
    if class.body.iter().filter_map(function_of).filter(same).count() > 1 {
        return Err("the property can be set");
    }
    let scope = Scope::empty();
    let mut imports = Imports::new(desk.project, file, &module, text, &scope);
    let name = imports.named("django.utils.functional", "cached_property")?;
    let mut edits = imports.edits()?;
    edits.push((span(decorator.expression.range()), name.clone()));
    Fix::in_file(Safety::Unsafe, format!("make it a `{name}`"), file, edits)
}

fn class_of(stmt: &Stmt) -> Option<&StmtClassDef> {
    match stmt {
        Stmt::ClassDef(class) => Some(class),
        _ => None,
    }
}

fn function_of(stmt: &Stmt) -> Option<&StmtFunctionDef> {
    match stmt {
        Stmt::FunctionDef(def) => Some(def),
        _ => None,
    }
}
