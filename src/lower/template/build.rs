//! Pieces of the IR that both languages make. Knows neither of them.

use std::sync::Arc;

use crate::ir::{Const, Expr, ExprKind, Stmt, StmtKind, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::Word;

/// Longest text that is kept.
const MAX_TEXT: usize = 200;

pub(super) fn part(span: Span, part: TemplateStmt) -> Stmt {
    Stmt {
        span,
        kind: StmtKind::Template(Box::new(part)),
    }
}

pub(super) fn eval(span: Span, value: Expr) -> Stmt {
    Stmt {
        span,
        kind: StmtKind::Expr(value),
    }
}

/// The values made text.
pub(super) fn text_of(span: Span, values: Vec<Expr>) -> Expr {
    Expr::new(span, ExprKind::FString(values))
}

pub(super) fn print(span: Span, value: Expr) -> Stmt {
    eval(span, text_of(value.span, vec![value]))
}

/// A place that a value is bound to.
pub(super) fn target(name: Word<'_>) -> Expr {
    Expr::new(name.span, ExprKind::Name(Sym::new(name.text)))
}

pub(super) fn bind(span: Span, target: Expr, value: Expr) -> Stmt {
    Stmt {
        span,
        kind: StmtKind::Assign {
            targets: vec![target],
            value: Arc::new(value),
        },
    }
}

/// Binds a name to something nobody knows.
pub(super) fn forget(span: Span, name: Word<'_>) -> Stmt {
    bind(span, target(name), Expr::new(name.span, ExprKind::Invalid))
}

/// Statements that run or do not.
pub(super) fn maybe(span: Span, body: Vec<Stmt>) -> Stmt {
    Stmt {
        span,
        kind: StmtKind::If {
            test: Expr::new(span, ExprKind::Const(Const::Other)),
            body,
            orelse: Vec::new(),
        },
    }
}

/// A loop, whose variables end with it.
pub(super) fn repeat(span: Span, target: Expr, iter: Expr, body: Vec<Stmt>) -> Stmt {
    let each = Stmt {
        span,
        kind: StmtKind::For {
            target,
            iter,
            body,
            orelse: Vec::new(),
            is_async: false,
        },
    };
    part(span, TemplateStmt::Scope(vec![each]))
}

/// The constant that is written between quotes.
pub(super) fn text(written: Word<'_>, span: Span) -> Expr {
    let value = if written.text.len() > MAX_TEXT {
        Const::Other
    } else if written.text.contains('\\') {
        Const::Str(Sym::new(&unescaped(written.text)))
    } else {
        Const::Str(Sym::new(written.text))
    };
    Expr::new(span, ExprKind::Const(value))
}

/// Takes the backslash away before quotes and backslashes, as `unescape_string_literal` does.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&escaped @ ('\\' | '"' | '\'')) if c == '\\' => {
                out.push(escaped);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}
