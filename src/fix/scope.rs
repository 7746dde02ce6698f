//! The names of one function: where each is bound, and where it is read.
//!
//! Knows Python's scopes as far as a rewrite has to: what is bound in a nested function or lambda counts as bound
//! here too, so that a name that looks free is free. It knows no values.

use rustc_hash::FxHashSet;

use crate::source::Span;
use crate::syntax::python::ast::find_node::covering_node;
use crate::syntax::python::ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_node};
use crate::syntax::python::ast::{AnyNodeRef, Expr, ExprContext, ExprName};
use crate::syntax::python::{Module, Ranged, TextRange, span};

/// How a name gets its value.
#[derive(Clone, Copy)]
pub(super) enum How<'t> {
    Parameter,
    /// `name = value`, nothing else in the statement.
    Assigned(&'t Expr),
    /// By a `for` statement.
    Loop,
    /// By a comprehension, for itself only.
    Comprehension,
    Other,
}

#[derive(Clone, Copy)]
pub(super) struct Bound<'t> {
    pub name: &'t str,
    pub at: Span,
    pub how: How<'t>,
    /// The innermost compound statement around it.
    pub block: Span,
}

/// A function and its names.
pub(super) struct Scope<'t> {
    pub span: Span,
    pub bound: Vec<Bound<'t>>,
    pub used: Vec<&'t ExprName>,
    /// Names whose values are changed in place.
    pub mutated: FxHashSet<&'t str>,
}

/// Methods that change a list, set or dict.
const MUTATORS: [&str; 14] = [
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "popitem",
    "clear",
    "sort",
    "reverse",
    "add",
    "discard",
    "update",
    "setdefault",
    "appendleft",
];

impl<'t> Scope<'t> {
    /// The innermost function around a place.
    pub fn around(module: &'t Module, at: Span) -> Option<Self> {
        let whole = module.syntax();
        let range = TextRange::new(at.start.into(), at.end.into());
        if !whole.range().contains_range(range) {
            return None;
        }
        let covering = covering_node(AnyNodeRef::from(whole), range);
        let function = covering
            .ancestors()
            .find(|node| matches!(node, AnyNodeRef::StmtFunctionDef(_)))?;
        let mut reader = Reader::default();
        walk_node(&mut reader, function);
        Some(Self {
            span: span(function.range()),
            bound: reader.bound,
            used: reader.used,
            mutated: reader.mutated,
        })
    }

    /// No function: the names of the module hold.
    pub fn empty() -> Self {
        Self {
            span: Span::default(),
            bound: Vec::new(),
            used: Vec::new(),
            mutated: FxHashSet::default(),
        }
    }

    pub fn bindings<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Bound<'t>> + 's {
        self.bound.iter().filter(move |bound| bound.name == name)
    }

    pub fn binds(&self, name: &str) -> bool {
        self.bindings(name).next().is_some()
    }

    pub fn uses<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'t ExprName> + 's {
        self.used
            .iter()
            .copied()
            .filter(move |used| used.id.as_str() == name)
    }
}

#[derive(Default)]
struct Reader<'t> {
    bound: Vec<Bound<'t>>,
    used: Vec<&'t ExprName>,
    mutated: FxHashSet<&'t str>,
    /// Compound statements around the current node.
    blocks: Vec<Span>,
    /// Functions, lambdas and classes inside the function.
    inner: u32,
    /// Comprehensions around the current node.
    comprehensions: u32,
    /// Targets of `for` statements.
    targets: Vec<Span>,
    /// Names that have been noted with more than their place.
    noted: FxHashSet<TextRange>,
}

impl<'t> Reader<'t> {
    fn bind(&mut self, name: &'t str, at: TextRange, how: How<'t>) {
        let how = if self.inner > 1 { How::Other } else { how };
        self.bound.push(Bound {
            name,
            at: span(at),
            how,
            block: self.blocks.last().copied().unwrap_or_default(),
        });
    }

    fn assign(&mut self, target: &'t Expr, how: How<'t>) {
        if let Expr::Name(name) = target {
            self.noted.insert(name.range());
            self.bind(name.id.as_str(), name.range(), how);
        }
    }

    fn store(&mut self, name: &'t ExprName) {
        if self.noted.contains(&name.range()) {
            return;
        }
        let at = span(name.range());
        let how = if self.targets.iter().any(|target| target.contains(at)) {
            How::Loop
        } else if self.comprehensions > 0 && name.ctx == ExprContext::Store {
            How::Comprehension
        } else {
            How::Other
        };
        self.bind(name.id.as_str(), name.range(), how);
    }
}

impl<'t> SourceOrderVisitor<'t> for Reader<'t> {
    fn enter_node(&mut self, node: AnyNodeRef<'t>) -> TraversalSignal {
        if is_block(node) {
            self.blocks.push(span(node.range()));
        }
        match node {
            AnyNodeRef::StmtFunctionDef(function) => {
                if self.inner > 0 {
                    self.bind(function.name.as_str(), function.name.range(), How::Other);
                }
                self.inner += 1;
            }
            AnyNodeRef::StmtClassDef(class) => {
                self.bind(class.name.as_str(), class.name.range(), How::Other);
                self.inner += 1;
            }
            AnyNodeRef::ExprLambda(_) => self.inner += 1,
            AnyNodeRef::ExprListComp(_)
            | AnyNodeRef::ExprSetComp(_)
            | AnyNodeRef::ExprDictComp(_)
            | AnyNodeRef::ExprGenerator(_) => self.comprehensions += 1,
            AnyNodeRef::StmtFor(each) => self.targets.push(span(each.target.range())),
            AnyNodeRef::StmtAssign(assign) => {
                if let [target] = &assign.targets[..] {
                    self.assign(target, How::Assigned(&assign.value));
                }
            }
            AnyNodeRef::StmtAnnAssign(assign) => match &assign.value {
                Some(value) => self.assign(&assign.target, How::Assigned(value)),
                None => self.assign(&assign.target, How::Other),
            },
            AnyNodeRef::ExprCall(call) => {
                if let Expr::Attribute(method) = &*call.func
                    && let Expr::Name(name) = &*method.value
                    && MUTATORS.contains(&method.attr.as_str())
                {
                    self.mutated.insert(name.id.as_str());
                }
            }
            AnyNodeRef::ExprSubscript(item) => {
                if let Expr::Name(name) = &*item.value
                    && item.ctx != ExprContext::Load
                {
                    self.mutated.insert(name.id.as_str());
                }
            }
            AnyNodeRef::ExprNamed(named) => self.assign(&named.target, How::Other),
            AnyNodeRef::Parameter(parameter) => {
                self.bind(parameter.name.as_str(), parameter.name.range(), How::Parameter);
            }
            AnyNodeRef::Alias(alias) => {
                let name = match &alias.asname {
                    Some(name) => name.as_str(),
                    None => alias.name.as_str().split('.').next().unwrap_or_default(),
                };
                self.bind(name, alias.range(), How::Other);
            }
            AnyNodeRef::ExceptHandlerExceptHandler(handler) => {
                if let Some(name) = &handler.name {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::PatternMatchAs(pattern) => {
                if let Some(name) = &pattern.name {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::PatternMatchStar(pattern) => {
                if let Some(name) = &pattern.name {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::PatternMatchMapping(pattern) => {
                if let Some(name) = &pattern.rest {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::StmtGlobal(names) => {
                for name in &names.names {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::StmtNonlocal(names) => {
                for name in &names.names {
                    self.bind(name.as_str(), name.range(), How::Other);
                }
            }
            AnyNodeRef::ExprName(name) => match name.ctx {
                ExprContext::Load => self.used.push(name),
                _ => self.store(name),
            },
            _ => {}
        }
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'t>) {
        if is_block(node) {
            self.blocks.pop();
        }
        match node {
            AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_) | AnyNodeRef::ExprLambda(_) => {
                self.inner -= 1;
            }
            AnyNodeRef::ExprListComp(_)
            | AnyNodeRef::ExprSetComp(_)
            | AnyNodeRef::ExprDictComp(_)
            | AnyNodeRef::ExprGenerator(_) => self.comprehensions -= 1,
            _ => {}
        }
    }
}

/// Statements with statements in them; each clause of an `if` counts for itself.
fn is_block(node: AnyNodeRef<'_>) -> bool {
    matches!(
        node,
        AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtIf(_)
            | AnyNodeRef::ElifElseClause(_)
            | AnyNodeRef::StmtFor(_)
            | AnyNodeRef::StmtWhile(_)
            | AnyNodeRef::StmtTry(_)
            | AnyNodeRef::ExceptHandlerExceptHandler(_)
            | AnyNodeRef::StmtWith(_)
            | AnyNodeRef::StmtMatch(_)
            | AnyNodeRef::MatchCase(_)
    )
}
