//! Statements, in whatever scope they stand.
//! What they declare there is recorded by `decls`.

use std::sync::Arc;

use crate::ir::{Case, Expr, ExprKind, Handler, Stmt, StmtKind, WithItem};
use crate::source::Sym;
use crate::syntax::python::ast;

use super::expr::operator;
use super::{Lower, MAX_LEVEL};

/// Longest `elif` chain that is nested; what follows stands side by side in the last `else`.
const MAX_ELIFS: usize = 200;

impl Lower {
    pub(super) fn block(&mut self, nodes: &[ast::Stmt]) -> Vec<Stmt> {
        if self.level >= MAX_LEVEL {
            return Vec::new();
        }
        self.level += 1;
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            self.statement(node, &mut out);
        }
        self.level -= 1;
        out
    }

    fn statement(&mut self, node: &ast::Stmt, out: &mut Vec<Stmt>) {
        let (range, kind) = match node {
            ast::Stmt::FunctionDef(def) => (def.range, StmtKind::Def(self.function_def(def))),
            ast::Stmt::ClassDef(class) => (class.range, StmtKind::Class(self.class_def(class))),
            ast::Stmt::Expr(statement) => match &*statement.value {
                ast::Expr::StringLiteral(_) => return,
                value => {
                    let value = self.expr(value);
                    self.note_export_call(&value);
                    self.declare_added(&value);
                    (statement.range, StmtKind::Expr(value))
                }
            },
            ast::Stmt::Assign(assign) => (assign.range, self.assign(assign)),
            ast::Stmt::AugAssign(assign) => (assign.range, self.aug_assign(assign)),
            ast::Stmt::AnnAssign(assign) => (assign.range, self.ann_assign(assign)),
            ast::Stmt::TypeAlias(alias) => (alias.range, self.type_alias(alias)),
            ast::Stmt::Return(statement) => (
                statement.range,
                StmtKind::Return(self.maybe(statement.value.as_deref())),
            ),
            ast::Stmt::Raise(raise) => {
                let parts = raise.exc.iter().chain(&raise.cause).map(|part| &**part);
                (raise.range, StmtKind::Raise(self.exprs(parts)))
            }
            ast::Stmt::Assert(assert) => {
                let parts = std::iter::once(&assert.test)
                    .chain(&assert.msg)
                    .map(|part| &**part);
                (assert.range, StmtKind::Assert(self.exprs(parts)))
            }
            ast::Stmt::Delete(delete) => (delete.range, StmtKind::Delete(self.exprs(&delete.targets))),
            ast::Stmt::If(choice) => (choice.range, self.choose(choice)),
            ast::Stmt::For(each) => (each.range, self.for_each(each)),
            ast::Stmt::While(repeat) => {
                let test = self.expr(&repeat.test);
                let body = self.block(&repeat.body);
                (
                    repeat.range,
                    StmtKind::While {
                        test,
                        body,
                        orelse: self.block(&repeat.orelse),
                    },
                )
            }
            ast::Stmt::With(with) => (with.range, self.with(with)),
            ast::Stmt::Try(attempt) => (attempt.range, self.attempt(attempt)),
            ast::Stmt::Match(choice) => (choice.range, self.match_cases(choice)),
            ast::Stmt::Import(import) => return self.import(import, out),
            ast::Stmt::ImportFrom(import) => return self.import_from(import, out),
            ast::Stmt::Break(leave) => (leave.range, StmtKind::Break),
            ast::Stmt::Continue(skip) => (skip.range, StmtKind::Continue),
            ast::Stmt::Global(_)
            | ast::Stmt::Nonlocal(_)
            | ast::Stmt::Pass(_)
            | ast::Stmt::IpyEscapeCommand(_) => return,
        };
        out.push(Stmt {
            span: self.span(range),
            kind,
        });
    }

    fn assign(&mut self, node: &ast::StmtAssign) -> StmtKind {
        let value = Arc::new(self.expr(&node.value));
        let targets = self.exprs(&node.targets);
        let span = self.span(node.range);
        for name in targets.iter().filter_map(Expr::as_name) {
            self.declare_assign(name, Some(&value), None, false, span);
        }
        StmtKind::Assign { targets, value }
    }

    fn aug_assign(&mut self, node: &ast::StmtAugAssign) -> StmtKind {
        let value = Arc::new(self.expr(&node.value));
        let target = self.expr(&node.target);
        if let Some(name) = target.as_name() {
            self.declare_assign(name, Some(&value), None, true, self.span(node.range));
        }
        StmtKind::AugAssign {
            target,
            op: operator(node.op),
            value,
        }
    }

    fn ann_assign(&mut self, node: &ast::StmtAnnAssign) -> StmtKind {
        let value = node.value.as_deref().map(|value| Arc::new(self.expr(value)));
        let target = self.expr(&node.target);
        let annotation = self.annotation(&node.annotation);
        if let Some(name) = target.as_name() {
            let span = self.span(node.range);
            self.declare_assign(name, value.as_ref(), Some(&annotation), false, span);
        }
        StmtKind::AnnAssign {
            target,
            annotation,
            value,
        }
    }

    fn type_alias(&mut self, node: &ast::StmtTypeAlias) -> StmtKind {
        let target = self.expr(&node.name);
        let value = Arc::new(self.annotation(&node.value));
        if let Some(name) = target.as_name() {
            self.declare_assign(name, Some(&value), None, false, self.span(node.range));
        }
        StmtKind::Assign {
            targets: vec![target],
            value,
        }
    }

    fn choose(&mut self, node: &ast::StmtIf) -> StmtKind {
        let test = self.expr(&node.test);
        let body = self.guarded(&test, &node.body);
        let mut branches = Vec::with_capacity(node.elif_else_clauses.len());
        let mut last = Vec::new();
        for clause in &node.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    let test = self.expr(test);
                    let body = self.guarded(&test, &clause.body);
                    branches.push((self.span(clause.range), test, body));
                }
                None => last = self.block(&clause.body),
            }
        }
        let mut orelse = last;
        let mut count = branches.len();
        for (span, test, body) in branches.into_iter().rev() {
            count -= 1;
            if count < MAX_ELIFS {
                orelse = vec![Stmt {
                    span,
                    kind: StmtKind::If { test, body, orelse },
                }];
            } else {
                orelse.insert(
                    0,
                    Stmt {
                        span,
                        kind: StmtKind::If {
                            test,
                            body,
                            orelse: Vec::new(),
                        },
                    },
                );
            }
        }
        StmtKind::If { test, body, orelse }
    }

    /// The block behind `if test:`.
    fn guarded(&mut self, test: &Expr, body: &[ast::Stmt]) -> Vec<Stmt> {
        let outer = self.type_checking;
        self.type_checking |= match &test.kind {
            ExprKind::Name(name) => *name == "TYPE_CHECKING",
            ExprKind::Attr(attr) => attr.name == "TYPE_CHECKING",
            _ => false,
        };
        let body = self.block(body);
        self.type_checking = outer;
        body
    }

    fn for_each(&mut self, node: &ast::StmtFor) -> StmtKind {
        StmtKind::For {
            iter: self.expr(&node.iter),
            target: self.expr(&node.target),
            body: self.block(&node.body),
            orelse: self.block(&node.orelse),
            is_async: node.is_async,
        }
    }

    fn with(&mut self, node: &ast::StmtWith) -> StmtKind {
        let items = node
            .items
            .iter()
            .map(|item| WithItem {
                context: self.expr(&item.context_expr),
                target: self.maybe(item.optional_vars.as_deref()),
            })
            .collect();
        StmtKind::With {
            items,
            body: self.block(&node.body),
            is_async: node.is_async,
        }
    }

    fn attempt(&mut self, node: &ast::StmtTry) -> StmtKind {
        let body = self.block(&node.body);
        let handlers = node
            .handlers
            .iter()
            .map(|ast::ExceptHandler::ExceptHandler(handler)| Handler {
                types: self.maybe(handler.type_.as_deref()),
                name: handler.name.as_ref().map(|name| Sym::new(&name.id)),
                body: self.block(&handler.body),
            })
            .collect();
        StmtKind::Try {
            body,
            handlers,
            orelse: self.block(&node.orelse),
            finally: self.block(&node.finalbody),
        }
    }

    fn match_cases(&mut self, node: &ast::StmtMatch) -> StmtKind {
        let subject = self.expr(&node.subject);
        let cases = node
            .cases
            .iter()
            .map(|case| {
                let mut captures = Vec::new();
                captured(&case.pattern, 0, &mut captures);
                Case {
                    captures,
                    guard: self.maybe(case.guard.as_deref()),
                    body: self.block(&case.body),
                }
            })
            .collect();
        StmtKind::Match { subject, cases }
    }
}

/// Names that a pattern binds, each once.
fn captured(pattern: &ast::Pattern, level: u32, names: &mut Vec<Sym>) {
    if level >= MAX_LEVEL {
        return;
    }
    let mut inside = |inner: &ast::Pattern| captured(inner, level + 1, names);
    let bound = match pattern {
        ast::Pattern::MatchValue(_) | ast::Pattern::MatchSingleton(_) => None,
        ast::Pattern::MatchStar(star) => star.name.as_ref(),
        ast::Pattern::MatchAs(named) => {
            named.pattern.iter().for_each(|inner| inside(inner));
            named.name.as_ref()
        }
        ast::Pattern::MatchSequence(sequence) => {
            sequence.patterns.iter().for_each(inside);
            None
        }
        ast::Pattern::MatchOr(choice) => {
            choice.patterns.iter().for_each(inside);
            None
        }
        ast::Pattern::MatchMapping(mapping) => {
            mapping.patterns.iter().for_each(inside);
            mapping.rest.as_ref()
        }
        ast::Pattern::MatchClass(class) => {
            class.arguments.patterns.iter().for_each(&mut inside);
            class
                .arguments
                .keywords
                .iter()
                .for_each(|keyword| inside(&keyword.pattern));
            None
        }
    };
    if let Some(name) = bound.map(|name| Sym::new(&name.id))
        && !names.contains(&name)
    {
        names.push(name);
    }
}
