//! Jinja's template language to IR: which tag stands for what.
//! Does not know what filters, tests and the tags of extensions do.

mod expr;
mod tag;

use rustc_hash::FxHashSet;

use super::{Lower, branches, build};
use crate::ir::{Const, Expr, ExprKind, Stmt, StmtKind, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::jinja::{self as syntax, Reader};
use crate::syntax::template::{Block, Node, Part, Print, TemplateError, Word};

pub(super) fn lower(lower: &mut Lower, nodes: &[Node<'_>]) -> Vec<Stmt> {
    let mut jinja = Jinja {
        lower,
        macros: FxHashSet::default(),
    };
    jinja.find_macros(nodes);
    jinja.nodes(nodes)
}

/// One walk over the nodes of a template.
struct Jinja<'t> {
    lower: &'t mut Lower,
    /// Macros of this file.
    macros: FxHashSet<Sym>,
}

impl Jinja<'_> {
    /// Declares all macros, so that calls before their definition are known too.
    fn find_macros(&mut self, nodes: &[Node<'_>]) {
        for node in nodes {
            let Node::Block(block) = node else {
                continue;
            };
            for part in &block.parts {
                if part.tag.name.text == "macro"
                    && let Ok(name) = Reader::new(part.tag.rest).name()
                {
                    let sym = Sym::new(name.text);
                    let index = self.lower.routine(sym, Vec::new(), block.span, name.span);
                    self.lower.template.macros.push((sym, index));
                    self.macros.insert(sym);
                }
                self.find_macros(&part.body);
            }
        }
    }

    fn nodes(&mut self, nodes: &[Node<'_>]) -> Vec<Stmt> {
        let mut out = Vec::new();
        for node in nodes {
            let read = match node {
                Node::Print(print) => self.print(print, &mut out),
                Node::Tag(tag) => self.tag(tag, &mut out),
                Node::Block(block) => self.block(block, &mut out),
            };
            if let Err(error) = read {
                self.lower.error(error);
            }
        }
        out
    }

    fn print(&mut self, print: &Print<'_>, out: &mut Vec<Stmt>) -> Result<(), TemplateError> {
        let mut reader = Reader::new(print.inner);
        let read = reader.tuple()?;
        reader.finish()?;
        out.push(match &read.kind {
            syntax::ExprKind::Call(func, args) if args.is_empty() && is_name(func, "super") => {
                build::part(print.span, TemplateStmt::BlockSuper)
            }
            _ => build::print(print.span, self.expr(&read)),
        });
        Ok(())
    }

    /// Reads one expression that is all there is.
    fn whole(&mut self, text: Word<'_>) -> Result<Expr, TemplateError> {
        let mut reader = Reader::new(text);
        let read = reader.tuple()?;
        reader.finish()?;
        Ok(self.expr(&read))
    }

    fn block(&mut self, block: &Block<'_>, out: &mut Vec<Stmt>) -> Result<(), TemplateError> {
        let [first, rest @ ..] = &block.parts[..] else {
            return Ok(());
        };
        let (tag, span) = (&first.tag, block.span);
        let mut reader = Reader::new(tag.rest);
        match tag.name.text {
            "if" => self.choose(block, out),
            "for" => return self.repeat(span, first, rest.first(), out),
            "block" => {
                let body_of = reader.name();
                let Ok(name) = body_of else {
                    out.extend(self.nodes(&first.body));
                    return body_of.map(|_| ());
                };
                let sym = Sym::new(name.text);
                let at = self.lower.declare_block(sym, name.span);
                let body = self.nodes(&first.body);
                self.lower.template.blocks[at].body = body;
                out.push(build::part(span, TemplateStmt::Block(sym)));
            }
            "macro" => return self.definition(first, out),
            "call" => return self.call_block(span, first, out),
            "with" | "trans" => {
                let mut body = Vec::new();
                let read = self.assignments(&mut reader, tag.span, &mut body);
                for (n, part) in block.parts.iter().enumerate() {
                    let inner = self.nodes(&part.body);
                    if n == 0 {
                        body.extend(inner);
                    } else {
                        body.push(build::maybe(part.tag.span, inner));
                    }
                }
                out.push(build::part(span, TemplateStmt::Scope(body)));
                return read;
            }
            "filter" | "autoescape" => {
                let body = self.nodes(&first.body);
                out.push(build::part(span, TemplateStmt::Scope(body)));
            }
            "set" => {
                let target = reader.target();
                out.extend(self.nodes(&first.body));
                let target = self.target(&target?);
                if let Some(target) = target {
                    let text = build::text_of(target.span, Vec::new());
                    out.push(build::bind(tag.span, target, text));
                }
            }
            _ => {
                let bodies = block.parts.iter().flat_map(|part| self.nodes(&part.body));
                let body = bodies.collect();
                self.unknown_tag(span, tag, body, out);
            }
        }
        Ok(())
    }

    fn choose(&mut self, block: &Block<'_>, out: &mut Vec<Stmt>) {
        let mut tests = Vec::new();
        let mut orelse = Vec::new();
        for part in &block.parts {
            if part.tag.name.text == "else" {
                orelse.extend(self.nodes(&part.body));
                continue;
            }
            let test = self.whole(part.tag.rest).unwrap_or_else(|error| {
                self.lower.error(error);
                Expr::new(part.tag.span, ExprKind::Const(Const::Other))
            });
            let span = Span::new(part.tag.span.start, block.span.end);
            tests.push((span, test, self.nodes(&part.body)));
        }
        out.extend(branches(tests, orelse));
    }

    fn repeat(
        &mut self,
        span: Span,
        part: &Part<'_>,
        orelse: Option<&Part<'_>>,
        out: &mut Vec<Stmt>,
    ) -> Result<(), TemplateError> {
        let mut reader = Reader::new(part.tag.rest);
        let read = self.loop_head(&mut reader);
        let mut body = self.nodes(&part.body);
        let read = match read {
            Ok((target, iter, test)) => {
                if let Some(test) = test {
                    let kind = StmtKind::If {
                        test,
                        body,
                        orelse: Vec::new(),
                    };
                    body = vec![Stmt { span, kind }];
                }
                out.push(build::repeat(span, target, iter, body));
                Ok(())
            }
            Err(error) => {
                out.extend(body);
                Err(error)
            }
        };
        if let Some(orelse) = orelse {
            let body = self.nodes(&orelse.body);
            out.push(build::maybe(orelse.tag.span, body));
        }
        read
    }

    /// `target in values if test recursive`
    fn loop_head(&mut self, reader: &mut Reader<'_>) -> Result<(Expr, Expr, Option<Expr>), TemplateError> {
        let target = reader.target()?;
        if !reader.takes("in") {
            reader.finish()?;
        }
        let iter = reader.iterable()?;
        let test = if reader.takes("if") {
            Some(reader.expression()?)
        } else {
            None
        };
        reader.takes("recursive");
        reader.finish()?;
        let target_span = target.span;
        let target = self
            .target(&target)
            .unwrap_or_else(|| Expr::new(target_span, ExprKind::Invalid));
        Ok((target, self.expr(&iter), test.map(|test| self.expr(&test))))
    }
}

fn is_name(expr: &syntax::Expr<'_>, name: &str) -> bool {
    matches!(&expr.kind, syntax::ExprKind::Name(word) if word.text == name)
}
