//! The small language that every front end is lowered to: routines that loop, call and read attributes.
//!
//! Plain data with byte spans; it knows neither the parser that made it nor what names mean.
//! Python, templates, serializers and admin classes all end here, so that one engine follows them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::{Span, Sym};

/// Index of a function (also a lambda or the module body) in its file's facts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FuncIdx(pub u32);

/// Index of a class in its file's facts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ClassIdx(pub u32);

/// Index of an import in its file's facts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ImportIdx(pub u32);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expr {
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ExprKind {
    Name(Sym),
    Attr(Box<Attr>),
    Call(Box<Call>),
    Index(Box<(Expr, Expr)>),
    Slice(Box<Slice>),
    Const(Const),
    /// The texts and interpolated expressions of an f-string in order, or the parts of `"…" % x` made text.
    FString(Vec<Expr>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    Dict(Vec<DictItem>),
    Comp(Box<Comp>),
    /// A lambda; its function's body is one `Return`.
    Lambda(FuncIdx),
    /// `then if test else orelse`.
    IfElse(Box<IfElse>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Compare(Box<Compare>),
    Binary(Box<Binary>),
    /// `-x`, `+x`, `~x`.
    Unary(Box<Expr>),
    Starred(Box<Expr>),
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    YieldFrom(Box<Expr>),
    Walrus(Box<(Expr, Expr)>),
    /// A variable of a template's context.
    Var(Sym),
    /// `base.name` in a template: item, attribute or index.
    Lookup(Box<Lookup>),
    /// `value|name:arg` in a template.
    Filter(Box<Filter>),
    /// What the parser could not make sense of.
    Invalid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attr {
    pub base: Expr,
    pub name: Sym,
    pub name_span: Span,
}

/// A step of a template's variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lookup {
    pub base: Expr,
    /// Digits are an index.
    pub name: Sym,
    pub name_span: Span,
    /// The result is called when it can be: Django templates do, Jinja does not.
    pub calls: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Filter {
    pub value: Expr,
    pub name: Sym,
    pub name_span: Span,
    pub args: Vec<Arg>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    pub func: Expr,
    pub args: Vec<Arg>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arg {
    pub kind: ArgKind,
    pub value: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ArgKind {
    Positional,
    Keyword(Sym),
    /// `*value`
    Star,
    /// `**value`
    DoubleStar,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slice {
    pub base: Expr,
    pub lower: Option<Expr>,
    pub upper: Option<Expr>,
    pub step: Option<Expr>,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum Const {
    None,
    True,
    False,
    Int(i64),
    /// Text of at most 200 bytes; longer text is `Other`.
    Str(Sym),
    /// Floats, bytes, long text, `...`.
    Other,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DictItem {
    /// Absent for `**value`.
    pub key: Option<Expr>,
    pub value: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CompKind {
    List,
    Set,
    Generator,
    Dict,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comp {
    pub kind: CompKind,
    /// The element, or the key of a dict comprehension.
    pub element: Expr,
    /// The value of a dict comprehension.
    pub value: Option<Expr>,
    pub clauses: Vec<CompFor>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompFor {
    pub target: Expr,
    pub iter: Expr,
    pub ifs: Vec<Expr>,
    pub is_async: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IfElse {
    pub test: Expr,
    pub then: Expr,
    pub orelse: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CmpOp {
    Eq,
    NotEq,
    Is,
    IsNot,
    In,
    NotIn,
    Order,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compare {
    pub left: Expr,
    pub rest: Vec<(CmpOp, Expr)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum BinOp {
    BitOr,
    BitAnd,
    BitXor,
    Add,
    Sub,
    Mul,
    Mod,
    Other,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Binary {
    pub op: BinOp,
    pub left: Expr,
    pub right: Expr,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stmt {
    pub span: Span,
    pub kind: StmtKind,
}

impl Stmt {
    /// The blocks of statements inside, in the order of the source; not those of nested functions and classes.
    pub fn blocks(&self) -> Vec<&[Stmt]> {
        match &self.kind {
            StmtKind::If { body, orelse, .. }
            | StmtKind::For { body, orelse, .. }
            | StmtKind::While { body, orelse, .. } => vec![body, orelse],
            StmtKind::With { body, .. } => vec![body],
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                let mut blocks: Vec<&[Stmt]> = vec![body];
                blocks.extend(handlers.iter().map(|handler| handler.body.as_slice()));
                blocks.extend([orelse.as_slice(), finally.as_slice()]);
                blocks
            }
            StmtKind::Match { cases, .. } => cases.iter().map(|case| case.body.as_slice()).collect(),
            StmtKind::Template(part) => match &**part {
                TemplateStmt::Scope(body) | TemplateStmt::Tag { body, .. } => vec![body],
                TemplateStmt::Cached(fragment) => vec![&fragment.body],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StmtKind {
    Expr(Expr),
    Assign {
        targets: Vec<Expr>,
        value: Arc<Expr>,
    },
    AugAssign {
        target: Expr,
        op: BinOp,
        value: Arc<Expr>,
    },
    AnnAssign {
        target: Expr,
        annotation: Expr,
        value: Option<Arc<Expr>>,
    },
    Return(Option<Expr>),
    Raise(Vec<Expr>),
    Assert(Vec<Expr>),
    Delete(Vec<Expr>),
    /// `elif` is an `If` alone in `orelse`.
    If {
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    For {
        target: Expr,
        iter: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
        is_async: bool,
    },
    While {
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    With {
        items: Vec<WithItem>,
        body: Vec<Stmt>,
        is_async: bool,
    },
    Try {
        body: Vec<Stmt>,
        handlers: Vec<Handler>,
        orelse: Vec<Stmt>,
        finally: Vec<Stmt>,
    },
    Match {
        subject: Expr,
        cases: Vec<Case>,
    },
    Def(FuncIdx),
    Class(ClassIdx),
    Import(ImportIdx),
    Break,
    Continue,
    /// A part of a template; see [`TemplateStmt`].
    Template(Box<TemplateStmt>),
}

/// What templates do that functions do not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TemplateStmt {
    /// Names bound inside are forgotten at its end: `{% with %}`.
    Scope(Vec<Stmt>),
    /// Rendered seldom: `{% cache %}`.
    Cached(Fragment),
    /// Output that depends on the request, with no variable to tell it.
    Ambient(Ambient),
    /// `{% extends template %}`: the rest of the routine is not rendered, the parent is.
    Extends(Expr),
    /// Where a block stands; its body, possibly a descendant's, is rendered there.
    Block(Sym),
    /// `{{ block.super }}`
    BlockSuper,
    Include {
        template: Expr,
        with: Vec<(Sym, Expr)>,
        only: bool,
    },
    /// `{% name args as target %}`, for tags that are not built in.
    Tag {
        name: Sym,
        name_span: Span,
        args: Vec<Arg>,
        target: Option<Sym>,
        /// What stands between the tag and its `{% endname %}`, which some tags render.
        body: Vec<Stmt>,
    },
    /// `{% regroup source by attribute as target %}`
    Regroup { source: Expr, by: Vec<Sym>, target: Sym },
}

/// `{% cache timeout name vary … %}body{% endcache %}`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fragment {
    /// The opening tag.
    pub tag: Span,
    pub name: Sym,
    pub vary: Vec<Expr>,
    pub body: Vec<Stmt>,
}

/// What built-in tags print without being given it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Ambient {
    /// The token of the visitor's cookie: `{% csrf_token %}`.
    CsrfToken,
    /// Texts in the active language: `{% translate %}`, `{% get_current_language %}`.
    Language,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithItem {
    pub context: Expr,
    pub target: Option<Expr>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handler {
    /// The exception classes named by `except`.
    pub types: Option<Expr>,
    pub name: Option<Sym>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Names the pattern binds.
    pub captures: Vec<Sym>,
    pub guard: Option<Expr>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ParamKind {
    PositionalOnly,
    Regular,
    KeywordOnly,
    /// `*args`
    Args,
    /// `**kwargs`
    Kwargs,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Param {
    pub name: Sym,
    pub kind: ParamKind,
    pub annotation: Option<Expr>,
    pub default: Option<Expr>,
}

/// A function, method, lambda or module body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routine {
    pub name: Sym,
    /// Dotted from the module: `Order.total`, `view.<locals>.helper`; the module body is `<module>`.
    pub qualname: Sym,
    /// The class that holds it directly.
    pub class: Option<ClassIdx>,
    /// The function that holds it directly, for closures.
    pub parent: Option<FuncIdx>,
    pub params: Vec<Param>,
    pub returns: Option<Expr>,
    pub decorators: Vec<Expr>,
    pub body: Vec<Stmt>,
    pub is_async: bool,
    /// Has a `yield` of its own.
    pub is_generator: bool,
    pub span: Span,
    pub name_span: Span,
}

impl Expr {
    pub fn new(span: Span, kind: ExprKind) -> Self {
        Self { span, kind }
    }

    pub fn as_str(&self) -> Option<Sym> {
        match self.kind {
            ExprKind::Const(Const::Str(s)) => Some(s),
            _ => None,
        }
    }

    /// `c` of `c` and of `a.b.c`.
    pub fn last_name(&self) -> Option<Sym> {
        match &self.kind {
            ExprKind::Name(name) => Some(*name),
            ExprKind::Attr(attr) => Some(attr.name),
            _ => None,
        }
    }

    /// A plain name of Python or of a template's context.
    pub fn as_variable(&self) -> Option<Sym> {
        match self.kind {
            ExprKind::Name(s) | ExprKind::Var(s) => Some(s),
            _ => None,
        }
    }

    /// The plain name `name` of Python.
    pub fn is_name(&self, name: Sym) -> bool {
        self.as_name() == Some(name)
    }

    pub fn as_name(&self) -> Option<Sym> {
        match self.kind {
            ExprKind::Name(s) => Some(s),
            _ => None,
        }
    }
}

impl Call {
    /// The value of a keyword argument.
    pub fn keyword(&self, name: &str) -> Option<&Expr> {
        self.args.iter().find_map(|a| match a.kind {
            ArgKind::Keyword(k) if k == *name => Some(&a.value),
            _ => None,
        })
    }

    /// The n-th positional argument, if no `*args` stands before it.
    pub fn positional(&self, n: usize) -> Option<&Expr> {
        let mut seen = 0;
        for arg in &self.args {
            match arg.kind {
                ArgKind::Star => return None,
                ArgKind::Positional if seen == n => return Some(&arg.value),
                ArgKind::Positional => seen += 1,
                _ => {}
            }
        }
        None
    }
}
