//! Jinja's tags without a body, macros and their calls, and the tags of extensions.

use super::super::build;
use super::Jinja;
use crate::ir::{FuncIdx, Param, ParamKind, Stmt, StmtKind, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::jinja::{Parameter, Reader};
use crate::syntax::template::{Part, Tag, TemplateError};

impl Jinja<'_> {
    pub(super) fn tag(&mut self, tag: &Tag<'_>, out: &mut Vec<Stmt>) -> Result<(), TemplateError> {
        let span = tag.span;
        let mut reader = Reader::new(tag.rest);
        match tag.name.text {
            "set" => self.set(tag, out)?,
            "extends" => {
                let parent = self.whole(tag.rest)?;
                let parent = self.lower.extends(span, parent);
                out.push(parent);
            }
            "include" => {
                let template = reader.expression()?;
                let template = self.expr(&template);
                if reader.takes("ignore") {
                    reader.takes("missing");
                }
                let only = reader.takes("without");
                let include = self.lower.include(span, template, Vec::new(), only);
                out.push(include);
            }
            "import" => {
                reader.expression()?;
                if reader.takes("as") {
                    out.push(build::forget(span, reader.name()?));
                }
            }
            "from" => {
                reader.expression()?;
                if !reader.takes("import") {
                    return reader.finish();
                }
                loop {
                    let name = reader.name()?;
                    let bound = if reader.takes("as") { reader.name()? } else { name };
                    out.push(build::forget(span, bound));
                    if !reader.takes(",") || reader.is_done() {
                        break;
                    }
                }
            }
            "do" => {
                let value = self.whole(tag.rest)?;
                out.push(build::eval(span, value));
            }
            "break" | "continue" => {
                let kind = match tag.name.text {
                    "break" => StmtKind::Break,
                    _ => StmtKind::Continue,
                };
                out.push(Stmt { span, kind });
            }
            "debug" => {}
            _ => self.unknown_tag(span, tag, Vec::new(), out),
        }
        Ok(())
    }

    fn set(&mut self, tag: &Tag<'_>, out: &mut Vec<Stmt>) -> Result<(), TemplateError> {
        let mut reader = Reader::new(tag.rest);
        let target = reader.target()?;
        if !reader.takes("=") {
            return reader.finish();
        }
        let value = reader.tuple()?;
        reader.finish()?;
        let value = self.expr(&value);
        out.push(match self.target(&target) {
            Some(target) => build::bind(tag.span, target, value),
            None => build::eval(tag.span, value),
        });
        Ok(())
    }

    /// `a = 1, b = 2`; words without a value are left out.
    pub(super) fn assignments(
        &mut self,
        reader: &mut Reader<'_>,
        span: Span,
        out: &mut Vec<Stmt>,
    ) -> Result<(), TemplateError> {
        while !reader.is_done() {
            let target = reader.name()?;
            if reader.takes("=") {
                let value = reader.expression()?;
                let value = self.expr(&value);
                out.push(build::bind(span, build::target(target), value));
            }
            reader.takes(",");
        }
        Ok(())
    }

    /// A macro is a function of the file, defined where it stands.
    pub(super) fn definition(&mut self, part: &Part<'_>, out: &mut Vec<Stmt>) -> Result<(), TemplateError> {
        let mut reader = Reader::new(part.tag.rest);
        let name = reader.name()?;
        let index = self.declared(name.span);
        let read = reader.parameters();
        let body = self.nodes(&part.body);
        let (parameters, wrong) = match read {
            Ok(parameters) => (parameters, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let params = parameters.iter().map(|parameter| self.parameter(parameter));
        let params = params.collect();
        if let Some(index) = index {
            let routine = &mut self.lower.facts.functions[index.0 as usize];
            (routine.params, routine.body) = (params, body);
            out.push(Stmt {
                span: part.tag.span,
                kind: StmtKind::Def(index),
            });
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The function of the macro whose name stands there.
    fn declared(&self, name_span: Span) -> Option<FuncIdx> {
        let functions = &self.lower.facts.functions;
        let at = functions.partition_point(|routine| routine.name_span < name_span);
        let found = functions.get(at).filter(|routine| routine.name_span == name_span);
        found.map(|_| FuncIdx(at as u32))
    }

    fn parameter(&mut self, parameter: &Parameter<'_>) -> Param {
        Param {
            name: Sym::new(parameter.name.text),
            kind: ParamKind::Regular,
            annotation: None,
            default: parameter.default.as_ref().map(|default| self.expr(default)),
        }
    }

    /// `{% call(params) macro(…) %}body{% endcall %}`: the macro may render the body, with what it likes.
    pub(super) fn call_block(
        &mut self,
        span: Span,
        part: &Part<'_>,
        out: &mut Vec<Stmt>,
    ) -> Result<(), TemplateError> {
        let mut reader = Reader::new(part.tag.rest);
        let mut body = Vec::new();
        let read = self.call_head(&mut reader, part.tag.span, &mut body, out);
        body.extend(self.nodes(&part.body));
        out.push(build::part(span, TemplateStmt::Scope(body)));
        read
    }

    fn call_head(
        &mut self,
        reader: &mut Reader<'_>,
        span: Span,
        body: &mut Vec<Stmt>,
        out: &mut Vec<Stmt>,
    ) -> Result<(), TemplateError> {
        if reader.sees_parenthesis() {
            for parameter in reader.parameters()? {
                body.push(build::forget(span, parameter.name));
            }
        }
        let call = reader.expression()?;
        reader.finish()?;
        let call = self.expr(&call);
        out.push(build::print(span, call));
        Ok(())
    }

    /// A tag of an extension. What it does with its words nobody knows here.
    pub(super) fn unknown_tag(&mut self, span: Span, tag: &Tag<'_>, body: Vec<Stmt>, out: &mut Vec<Stmt>) {
        let mut reader = Reader::new(tag.rest);
        let mut args = Vec::new();
        let mut target = None;
        while !reader.is_done() {
            if reader.takes("as") {
                target = reader.name().ok();
            } else if let Ok(argument) = reader.argument() {
                args.push(self.argument(&argument));
            } else {
                break;
            }
            reader.takes(",");
        }
        let tag = TemplateStmt::Tag {
            name: Sym::new(tag.name.text),
            name_span: tag.name.span,
            args,
            target: target.map(|name| Sym::new(name.text)),
            body,
        };
        out.push(build::part(span, tag));
    }
}
