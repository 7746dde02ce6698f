//! The only module that names the parser crate: Python text to trees, with recovery.
//! Knows no Django, no project and nothing of what is made from the trees.

mod nesting;

pub use ruff_python_ast as ast;
pub use ruff_python_ast::token::{TokenKind, Tokens};
pub use ruff_text_size::{Ranged, TextRange};

use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked, parse_unchecked_source};

use crate::source::Span;

/// A place the parser could not make sense of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub message: String,
    pub span: Span,
}

/// The tree of one file, with what was wrong in it.
pub struct Module {
    parsed: Parsed<ast::ModModule>,
}

impl Module {
    /// Parses what can be parsed. Fails only for text whose tree would be too deep to walk or too
    /// large to address.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if u32::try_from(text.len()).is_err() {
            return Err(ParseError {
                message: "file is too large to analyse".into(),
                span: Span::default(),
            });
        }
        if let Some(at) = nesting::too_deep(text) {
            return Err(ParseError {
                message: "nesting is too deep to analyse".into(),
                span: Span::new(at, at),
            });
        }
        Ok(Self {
            parsed: parse_unchecked_source(text, ast::PySourceType::Python),
        })
    }

    pub fn body(&self) -> &[ast::Stmt] {
        self.parsed.suite()
    }

    /// The root of the tree.
    pub fn syntax(&self) -> &ast::ModModule {
        self.parsed.syntax()
    }

    pub fn tokens(&self) -> &Tokens {
        self.parsed.tokens()
    }

    /// What is wrong in every Python version; syntax of newer versions is accepted.
    pub fn errors(&self) -> impl Iterator<Item = ParseError> {
        self.parsed.errors().iter().map(|e| ParseError {
            message: e.error.to_string(),
            span: span(e.location),
        })
    }
}

/// Parses the text of a string annotation; nothing if it is not one expression.
pub fn parse_annotation(text: &str) -> Option<ast::Expr> {
    if text.trim().is_empty() || nesting::too_deep(text).is_some() {
        return None;
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::ParenthesizedExpression));
    if parsed.has_invalid_syntax() {
        return None;
    }
    match parsed.into_syntax() {
        ast::Mod::Expression(expression) => Some(*expression.body),
        ast::Mod::Module(_) => None,
    }
}

/// The parser's range in our terms.
pub fn span(range: TextRange) -> Span {
    Span::new(range.start().to_u32(), range.end().to_u32())
}
