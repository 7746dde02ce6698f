//! Python syntax tree → facts and IR of one file.
//!
//! Walks each tree once. Knows the language, not the framework: of Django it knows only the names of
//! the calls that take lookup paths, because those paths are kept as a fact of the file.

mod comments;
mod decls;
mod eager;
mod expr;
mod sql;
mod stmt;
#[cfg(test)]
mod tests;

use crate::facts::{FileFacts, SyntaxError};
use crate::ir::{ClassIdx, FuncIdx, Routine};
use crate::source::{Span, Sym};
use crate::syntax::python::{Module, ParseError, TextRange, span};

/// How much of a file to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Keep statement bodies; without them only declarations are kept.
    pub bodies: bool,
}

/// Levels of expressions and blocks that are followed; what lies deeper becomes `Invalid`.
const MAX_LEVEL: u32 = 2000;

/// Parses `text` and extracts its facts. Never fails: what cannot be parsed is in `errors`.
///
/// Recursion is bounded, but wants a stack of some tens of megabytes for hostile input.
pub fn extract(text: &str, depth: Depth) -> FileFacts {
    let mut lower = Lower::new(text, depth);
    match Module::parse(text) {
        Ok(module) => {
            let body = lower.block(module.body());
            if depth.bodies {
                lower.facts.functions[0].body = body;
            }
            lower.facts.comments = comments::kept(text, module.tokens());
            lower.facts.errors = module.errors().map(SyntaxError::from).collect();
        }
        Err(error) => lower.facts.errors.push(error.into()),
    }
    lower.finish()
}

impl From<ParseError> for SyntaxError {
    fn from(error: ParseError) -> Self {
        Self {
            message: error.message,
            span: error.span,
        }
    }
}

/// Whose block is being lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Module,
    Class(ClassIdx),
    Function,
}

/// The state of one walk.
struct Lower {
    depth: Depth,
    facts: FileFacts,
    scope: Scope,
    /// The function around the current place.
    function: Option<FuncIdx>,
    /// Text before the qualified name of what is declared here: `Order.`, `view.<locals>.`.
    prefix: String,
    type_checking: bool,
    /// The current function has had a `yield`.
    yields: bool,
    /// Set inside string annotations, whose parts have no place of their own.
    pinned: Option<Span>,
    level: u32,
    exports: decls::Exports,
}

impl Lower {
    fn new(text: &str, depth: Depth) -> Self {
        let name = Sym::new("<module>");
        let module = Routine {
            name,
            qualname: name,
            class: None,
            parent: None,
            params: Vec::new(),
            returns: None,
            decorators: Vec::new(),
            body: Vec::new(),
            is_async: false,
            is_generator: false,
            span: Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX)),
            name_span: Span::default(),
        };
        Self {
            depth,
            facts: FileFacts {
                functions: vec![module],
                ..FileFacts::default()
            },
            scope: Scope::Module,
            function: None,
            prefix: String::new(),
            type_checking: false,
            yields: false,
            pinned: None,
            level: 0,
            exports: decls::Exports::default(),
        }
    }

    fn finish(mut self) -> FileFacts {
        self.facts.eager_paths.sort_unstable();
        self.facts.eager_paths.dedup();
        self.facts.exports = self.exports.names();
        self.facts
    }

    fn span(&self, range: TextRange) -> Span {
        self.pinned.unwrap_or_else(|| span(range))
    }

    /// The qualified name of `name` declared here.
    fn qualify(&mut self, name: &str) -> Sym {
        let length = self.prefix.len();
        self.prefix.push_str(name);
        let qualname = Sym::new(&self.prefix);
        self.prefix.truncate(length);
        qualname
    }
}
