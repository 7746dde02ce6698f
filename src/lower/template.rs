//! Lowers a template to facts: one routine, its blocks, and what it loads.
//!
//! Knows the built-in tags and how their arguments bind names; does not know which project tags, filters or
//! templates exist.

mod build;
mod comments;
mod django;
mod hidden;
mod jinja;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::facts::{BlockFacts, Dialect, FileFacts, SyntaxError, TemplateFacts};
use crate::ir::{Expr, ExprKind, FuncIdx, Param, Routine, Stmt, StmtKind, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::{self, TemplateError, Word};

/// Parses a template and extracts its facts. Never fails: what cannot be parsed is in `errors`.
pub fn extract(text: &str, dialect: Dialect) -> FileFacts {
    let end = u32::try_from(text.len());
    let mut lower = Lower::new(Span::new(0, end.unwrap_or(u32::MAX)), dialect);
    if end.is_err() {
        lower.error(TemplateError {
            message: "file is too large to analyse".into(),
            span: Span::default(),
        });
        return lower.finish();
    }
    let (parse, nodes): (fn(&str) -> template::Template<'_>, Front) = match dialect {
        Dialect::Django => (template::django::parse, django::lower),
        Dialect::Jinja => (template::jinja::parse, jinja::lower),
    };
    let tree = parse(text);
    lower.facts.comments = comments::kept(text, &tree.comments);
    lower.template.hidden = hidden::find(text, &tree.nodes);
    let body = nodes(&mut lower, &tree.nodes);
    lower.facts.functions[0].body = body;
    for error in tree.errors {
        lower.error(error);
    }
    lower.finish()
}

type Front = fn(&mut Lower, &[template::Node<'_>]) -> Vec<Stmt>;

impl From<TemplateError> for SyntaxError {
    fn from(error: TemplateError) -> Self {
        Self {
            message: error.message,
            span: error.span,
        }
    }
}

/// The facts of one template, as far as they have been read.
struct Lower {
    facts: FileFacts,
    template: TemplateFacts,
    names: BTreeSet<Sym>,
}

impl Lower {
    fn new(span: Span, dialect: Dialect) -> Self {
        let mut lower = Self {
            facts: FileFacts::default(),
            template: TemplateFacts {
                dialect,
                ..TemplateFacts::default()
            },
            names: BTreeSet::new(),
        };
        let name = Sym::new("<template>");
        lower.routine(name, Vec::new(), span, Span::default());
        lower
    }

    fn finish(mut self) -> FileFacts {
        self.template.names = self.names.into_iter().collect();
        self.facts.template = Some(Box::new(self.template));
        self.facts.errors.sort_by_key(|error| error.span);
        self.facts
    }

    /// A function of the file, without a body yet.
    fn routine(&mut self, name: Sym, params: Vec<Param>, span: Span, name_span: Span) -> FuncIdx {
        self.facts.functions.push(Routine {
            name,
            qualname: name,
            class: None,
            parent: None,
            params,
            returns: None,
            decorators: Vec::new(),
            body: Vec::new(),
            is_async: false,
            is_generator: false,
            span,
            name_span,
        });
        FuncIdx(self.facts.functions.len() as u32 - 1)
    }

    fn error(&mut self, error: TemplateError) {
        self.facts.errors.push(error.into());
    }

    fn wrong(&mut self, span: Span, message: &str) {
        self.facts.errors.push(SyntaxError {
            message: message.into(),
            span,
        });
    }

    /// A variable of the context.
    fn variable(&mut self, name: Word<'_>) -> Expr {
        let sym = Sym::new(name.text);
        self.names.insert(sym);
        Expr::new(name.span, ExprKind::Var(sym))
    }

    /// Room for a block's body; asked for before those of the blocks inside it.
    fn declare_block(&mut self, name: Sym, name_span: Span) -> usize {
        self.template.blocks.push(BlockFacts {
            name,
            name_span,
            body: Vec::new(),
        });
        self.template.blocks.len() - 1
    }

    fn extends(&mut self, span: Span, parent: Expr) -> Stmt {
        match parent.as_str() {
            Some(name) => self.template.extends = Some(name),
            None => self.template.dynamic = true,
        }
        build::part(span, TemplateStmt::Extends(parent))
    }

    fn include(&mut self, span: Span, template: Expr, with: Vec<(Sym, Expr)>, only: bool) -> Stmt {
        match template.as_str() {
            Some(name) => self.template.includes.push(name),
            None => self.template.dynamic = true,
        }
        build::part(span, TemplateStmt::Include { template, with, only })
    }
}

/// `if`, with every further branch in the `else` of the one before, but for absurdly many.
fn branches(branches: Vec<(Span, Expr, Vec<Stmt>)>, mut orelse: Vec<Stmt>) -> Vec<Stmt> {
    /// Longest `elif` chain that is nested; what follows stands side by side in the last `else`.
    const MAX_NESTED: usize = 100;
    let mut beside = Vec::new();
    for (n, (span, test, body)) in branches.into_iter().enumerate().rev() {
        if n < MAX_NESTED && !beside.is_empty() {
            beside.reverse();
            beside.append(&mut orelse);
            orelse = std::mem::take(&mut beside);
        }
        let mut statement = Stmt {
            span,
            kind: StmtKind::If {
                test,
                body,
                orelse: Vec::new(),
            },
        };
        if n >= MAX_NESTED {
            beside.push(statement);
            continue;
        }
        if let StmtKind::If { orelse: place, .. } = &mut statement.kind {
            *place = std::mem::take(&mut orelse);
        }
        orelse = vec![statement];
    }
    orelse
}
