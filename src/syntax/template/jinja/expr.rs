//! The tree of Jinja's expressions. Does not know how they are read.

use crate::source::Span;
use crate::syntax::template::Word;

#[derive(Clone, Debug)]
pub struct Expr<'a> {
    pub span: Span,
    pub kind: ExprKind<'a>,
}

#[derive(Clone, Debug)]
pub enum ExprKind<'a> {
    Name(Word<'a>),
    /// What stands between the quotes, with its escapes.
    Text(Word<'a>),
    Int(i64),
    /// Another number, or texts beside each other.
    Other,
    True,
    False,
    None,
    List(Vec<Expr<'a>>),
    Tuple(Vec<Expr<'a>>),
    Dict(Vec<(Expr<'a>, Expr<'a>)>),
    Attr(Box<Expr<'a>>, Word<'a>),
    Index(Box<Expr<'a>>, Box<Expr<'a>>),
    /// Lower, upper and step.
    Slice(Box<Expr<'a>>, Box<[Option<Expr<'a>>; 3]>),
    Call(Box<Expr<'a>>, Vec<Argument<'a>>),
    Filter(Box<Expr<'a>>, Word<'a>, Vec<Argument<'a>>),
    /// `value is name arguments`
    Test(Box<Expr<'a>>, Word<'a>, Vec<Argument<'a>>),
    Not(Box<Expr<'a>>),
    Unary(Box<Expr<'a>>),
    And(Vec<Expr<'a>>),
    Or(Vec<Expr<'a>>),
    /// `a ~ b`
    Concat(Vec<Expr<'a>>),
    Compare(Box<Expr<'a>>, Vec<(Comparison, Expr<'a>)>),
    Binary(Operator, Box<Expr<'a>>, Box<Expr<'a>>),
    /// `then if test else orelse`, in this order.
    IfElse(Box<(Expr<'a>, Expr<'a>, Option<Expr<'a>>)>),
}

#[derive(Clone, Debug)]
pub enum Argument<'a> {
    Positional(Expr<'a>),
    Keyword(Word<'a>, Expr<'a>),
    Star(Expr<'a>),
    DoubleStar(Expr<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    NotEq,
    In,
    NotIn,
    /// `<`, `<=`, `>`, `>=`
    Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Sub,
    Mod,
    /// `*`, `/`, `//`, `**`
    Other,
}
