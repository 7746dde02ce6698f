//! Jinja's template language: tags, expressions and what stands in which.
//! Does not know what the tags do, nor the extensions of an environment but for `trans`.

mod expr;
mod lexer;
mod reader;
mod token;

pub use expr::{Argument, Comparison, Expr, ExprKind, Operator};
pub use reader::{Parameter, Reader};

use super::Template;
use super::nest::{BlockTag, nest};

const fn block(name: &'static str, middles: &'static [&'static str], end: &'static str) -> BlockTag {
    BlockTag { name, middles, end }
}

const BLOCKS: &[BlockTag] = &[
    block("if", &["elif", "else"], "endif"),
    block("for", &["else"], "endfor"),
    block("block", &[], "endblock"),
    block("macro", &[], "endmacro"),
    block("call", &[], "endcall"),
    block("filter", &[], "endfilter"),
    block("with", &[], "endwith"),
    block("autoescape", &[], "endautoescape"),
    block("trans", &["pluralize"], "endtrans"),
    // The lexer takes whole ones away; its end is known so that a lone one is told.
    block("raw", &[], "endraw"),
];

/// Parses what can be parsed; never fails.
pub fn parse(text: &str) -> Template<'_> {
    let mut lexed = lexer::lex(text);
    let nodes = nest(lexed.items, BLOCKS, &mut lexed.errors);
    lexed.errors.sort_by_key(|error| error.span);
    Template {
        nodes,
        comments: lexed.comments,
        errors: lexed.errors,
    }
}
