//! Which expression stands at a place of a file, and in which code.
//!
//! It knows no values. Strings, numbers, keywords and the rest of a text are no expressions that anybody asks about.

use crate::ir::{ClassIdx, Expr, ExprKind, FuncIdx, Stmt};
use crate::project::{ClassId, FuncId, Part, Project};
use crate::source::{FileId, Span, Sym};

use super::walk;

/// An expression that somebody points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    pub file: FileId,
    /// The expression, and before it the call that it is the name of.
    pub spans: Vec<Span>,
    pub code: Code,
    /// It is the attribute of another expression.
    pub of: Option<(Span, Sym)>,
}

/// The code that an expression belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Function(FuncId),
    /// A value in the body of a class, by its index among the class's assignments.
    Attribute(ClassId, u32),
    Template(FileId),
}

/// The innermost expression at a byte offset that names something.
pub fn at(project: &Project, file: FileId, offset: u32) -> Option<Pointed> {
    let known = project.file(file);
    let facts = &known.facts;
    if known.part == Part::Template {
        let blocks = project.blocks(file).iter().flat_map(|block| &block.body);
        let body = facts
            .functions
            .iter()
            .flat_map(|routine| &routine.body)
            .chain(blocks);
        return in_body(body, offset)?.pointed(file, Code::Template(file));
    }
    let around = facts.functions.iter().enumerate().skip(1);
    let inner = around
        .filter(|(_, routine)| holds(routine.span, offset))
        .min_by_key(|(_, routine)| routine.span.end - routine.span.start);
    if let Some((idx, routine)) = inner {
        let code = Code::Function(project.func_id(file, FuncIdx(idx as u32)));
        return in_body(routine.body.iter(), offset)?.pointed(file, code);
    }
    let classes = facts.classes.iter().enumerate();
    let inner = classes
        .filter(|(_, class)| holds(class.span, offset))
        .min_by_key(|(_, class)| class.span.end - class.span.start);
    if let Some((idx, class)) = inner {
        let found = class.assigns.iter().enumerate().find(|(_, assign)| {
            assign
                .value
                .as_ref()
                .is_some_and(|value| holds(value.span, offset))
        });
        let (at, assign) = found?;
        let code = Code::Attribute(project.class_id(file, ClassIdx(idx as u32)), at as u32);
        return in_expression(assign.value.as_ref()?, offset)?.pointed(file, code);
    }
    let code = Code::Function(project.func_id(file, FuncIdx(0)));
    in_body(facts.functions.first()?.body.iter(), offset)?.pointed(file, code)
}

fn holds(span: Span, offset: u32) -> bool {
    span.start <= offset && offset < span.end
}

fn in_body<'p>(body: impl Iterator<Item = &'p Stmt>, offset: u32) -> Option<Chain> {
    let mut found = Chain::new(offset);
    for stmt in body {
        walk::expressions(stmt, &mut |e| found.visit(e));
    }
    Some(found)
}

fn in_expression(expr: &Expr, offset: u32) -> Option<Chain> {
    let mut found = Chain::new(offset);
    walk::expression(expr, &mut |e| found.visit(e));
    Some(found)
}

/// The expressions around an offset, as far as they are named there.
struct Chain {
    offset: u32,
    /// The innermost expression so far: its span, and whether the offset is where it is named.
    inner: Option<(Span, bool)>,
    /// Calls around the offset, each with the span of what it calls.
    calls: Vec<(Span, Span)>,
    of: Option<(Span, Sym)>,
}

impl Chain {
    const fn new(offset: u32) -> Self {
        Self {
            offset,
            inner: None,
            calls: Vec::new(),
            of: None,
        }
    }

    fn visit(&mut self, expr: &Expr) {
        if !holds(expr.span, self.offset) {
            return;
        }
        let named = match &expr.kind {
            ExprKind::Name(_) | ExprKind::Var(_) => true,
            ExprKind::Attr(attr) => holds(attr.name_span, self.offset),
            ExprKind::Lookup(lookup) => holds(lookup.name_span, self.offset),
            ExprKind::Filter(filter) => holds(filter.name_span, self.offset),
            ExprKind::Index(_) | ExprKind::Slice(_) => true,
            ExprKind::Call(call) => {
                self.calls.push((call.func.span, expr.span));
                false
            }
            _ => false,
        };
        let len = |span: Span| span.end - span.start;
        if self.inner.is_none_or(|(span, _)| len(expr.span) <= len(span)) {
            self.inner = Some((expr.span, named));
            self.of = match &expr.kind {
                ExprKind::Attr(attr) => Some((attr.base.span, attr.name)),
                ExprKind::Lookup(lookup) => Some((lookup.base.span, lookup.name)),
                _ => None,
            };
        }
    }

    fn pointed(self, file: FileId, code: Code) -> Option<Pointed> {
        let (inner, named) = self.inner?;
        let call = self.calls.iter().find(|(func, _)| *func == inner);
        named.then(|| Pointed {
            file,
            spans: call.map(|(_, call)| *call).into_iter().chain([inner]).collect(),
            code,
            of: self.of,
        })
    }
}
