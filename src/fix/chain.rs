//! Chains of calls as tokens: `Order.objects.filter(…).order_by(…)[:10]`, link by link.
//!
//! Knows where links begin and end and what their arguments look like; not what they mean.

use crate::source::Span;
use crate::syntax::python::ast::find_node::covering_node;
use crate::syntax::python::ast::{self, AnyNodeRef, Expr};
use crate::syntax::python::{Module, Ranged, TextRange, span};

/// One step of a chain: `.name`, `.name(…)` or `[…]`.
#[derive(Clone, Copy)]
pub(super) struct Link<'t> {
    /// The attribute; `None` for a subscript and for a call of what stands before it.
    pub name: Option<&'t str>,
    /// From the dot or bracket to the end, arguments included.
    pub span: Span,
    pub arguments: Option<&'t ast::Arguments>,
}

/// An expression taken apart.
pub(super) struct Chain<'t> {
    pub root: &'t Expr,
    pub links: Vec<Link<'t>>,
}

/// An expression with the nodes around it, outermost first.
pub(super) struct Found<'t> {
    pub expr: &'t Expr,
    pub around: Vec<AnyNodeRef<'t>>,
}

/// The expression that has exactly this span.
pub(super) fn find(module: &Module, wanted: Span) -> Option<Found<'_>> {
    let range = TextRange::new(wanted.start.into(), wanted.end.into());
    let whole = module.syntax();
    if !whole.range().contains_range(range) {
        return None;
    }
    let covering = covering_node(AnyNodeRef::from(whole), range);
    let mut around: Vec<AnyNodeRef<'_>> = covering.ancestors().collect();
    around.reverse();
    // The outermost of several nodes with the same range that is an expression.
    let at = around
        .iter()
        .position(|node| node.range() == range && node.as_expr_ref().is_some())?;
    let expr = expression(around[at], &around, at)?;
    around.truncate(at);
    Some(Found { expr, around })
}

/// The expression behind a node, which its parent holds.
fn expression<'t>(node: AnyNodeRef<'t>, around: &[AnyNodeRef<'t>], at: usize) -> Option<&'t Expr> {
    let mut finder = Finder {
        range: node.range(),
        found: None,
    };
    let parent = around.get(at.checked_sub(1)?)?;
    ast::visitor::source_order::walk_node(&mut finder, *parent);
    finder.found
}

struct Finder<'t> {
    range: TextRange,
    found: Option<&'t Expr>,
}

impl<'t> ast::visitor::source_order::SourceOrderVisitor<'t> for Finder<'t> {
    fn visit_expr(&mut self, expr: &'t Expr) {
        if self.found.is_some() {
            return;
        }
        if expr.range() == self.range {
            self.found = Some(expr);
        } else if expr.range().contains_range(self.range) {
            ast::visitor::source_order::walk_expr(self, expr);
        }
    }
}

impl<'t> Chain<'t> {
    /// Ends in this name: `Prefetch`, `models.Prefetch`.
    pub fn is_named(&self, name: &str) -> bool {
        match (self.links.last(), self.root) {
            (Some(link), _) => link.name == Some(name),
            (None, Expr::Name(root)) => root.id.as_str() == name,
            (None, _) => false,
        }
    }

    pub fn of(expr: &'t Expr) -> Self {
        let mut links = Vec::new();
        let mut at = expr;
        loop {
            let end = span(at.range()).end;
            match at {
                Expr::Call(call) => match &*call.func {
                    Expr::Attribute(attribute) => {
                        links.push(Link {
                            name: Some(attribute.attr.as_str()),
                            span: Span::new(after(&attribute.value), end),
                            arguments: Some(&call.arguments),
                        });
                        at = &attribute.value;
                    }
                    func if links.is_empty() || !matches!(func, Expr::Name(_)) => {
                        links.push(Link {
                            name: None,
                            span: Span::new(after(func), end),
                            arguments: Some(&call.arguments),
                        });
                        at = func;
                    }
                    _ => break,
                },
                Expr::Attribute(attribute) => {
                    links.push(Link {
                        name: Some(attribute.attr.as_str()),
                        span: Span::new(after(&attribute.value), end),
                        arguments: None,
                    });
                    at = &attribute.value;
                }
                Expr::Subscript(subscript) => {
                    links.push(Link {
                        name: None,
                        span: Span::new(after(&subscript.value), end),
                        arguments: None,
                    });
                    at = &subscript.value;
                }
                _ => break,
            }
        }
        links.reverse();
        Self { root: at, links }
    }
}

fn after(expr: &Expr) -> u32 {
    span(expr.range()).end
}

/// The texts of arguments that are all plain strings.
pub(super) fn strings(arguments: &ast::Arguments) -> Vec<Option<&str>> {
    arguments
        .args
        .iter()
        .map(|arg| match arg {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            _ => None,
        })
        .collect()
}

/// The innermost function around a place.
pub(super) fn routine(module: &Module, at: Span) -> Option<Span> {
    let found = find(module, at)?;
    let node = found
        .around
        .iter()
        .rev()
        .find(|node| matches!(node, AnyNodeRef::StmtFunctionDef(_)))?;
    Some(span(node.range()))
}

/// Whether the function around a place imports a name for itself.
pub(super) fn imports(module: &Module, at: Span, name: &str) -> bool {
    let Some(found) = find(module, at) else {
        return false;
    };
    let mut finder = Imports { name, found: false };
    let functions = found.around.iter().filter_map(|node| match node {
        AnyNodeRef::StmtFunctionDef(function) => Some(*function),
        _ => None,
    });
    for function in functions {
        ast::visitor::source_order::SourceOrderVisitor::visit_body(&mut finder, &function.body);
    }
    finder.found
}

struct Imports<'n> {
    name: &'n str,
    found: bool,
}

impl<'t> ast::visitor::source_order::SourceOrderVisitor<'t> for Imports<'_> {
    fn visit_alias(&mut self, alias: &'t ast::Alias) {
        let bound = alias.asname.as_ref().unwrap_or(&alias.name);
        self.found |= bound.as_str() == self.name;
    }
}

/// The function that has exactly this span.
pub(super) fn function(module: &Module, wanted: Span) -> Option<&ast::StmtFunctionDef> {
    let range = TextRange::new(wanted.start.into(), wanted.end.into());
    let whole = module.syntax();
    if !whole.range().contains_range(range) {
        return None;
    }
    let covering = covering_node(AnyNodeRef::from(whole), range);
    covering.ancestors().find_map(|node| match node {
        AnyNodeRef::StmtFunctionDef(function) if function.range() == range => Some(function),
        _ => None,
    })
}
