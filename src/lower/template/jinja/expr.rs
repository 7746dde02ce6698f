//! Jinja's expressions to those of the IR. Knows no tag.

use super::super::build;
use super::Jinja;
use crate::ir::{
    Arg, ArgKind, Attr, BinOp, Binary, Call, CmpOp, Compare, Const, DictItem, Expr, ExprKind, Filter, IfElse,
    Lookup, Slice,
};
use crate::source::Sym;
use crate::syntax::template::jinja::{self as syntax, Argument, Comparison, Operator};

impl Jinja<'_> {
    pub(super) fn expr(&mut self, expr: &syntax::Expr<'_>) -> Expr {
        let kind = match &expr.kind {
            syntax::ExprKind::Name(name) => return self.lower.variable(*name),
            syntax::ExprKind::Text(text) => return build::text(*text, expr.span),
            syntax::ExprKind::Int(int) => ExprKind::Const(Const::Int(*int)),
            syntax::ExprKind::Other => ExprKind::Const(Const::Other),
            syntax::ExprKind::True => ExprKind::Const(Const::True),
            syntax::ExprKind::False => ExprKind::Const(Const::False),
            syntax::ExprKind::None => ExprKind::Const(Const::None),
            syntax::ExprKind::List(items) => ExprKind::List(self.exprs(items)),
            syntax::ExprKind::Tuple(items) => ExprKind::Tuple(self.exprs(items)),
            syntax::ExprKind::Dict(items) => {
                let items = items.iter().map(|(key, value)| DictItem {
                    key: Some(self.expr(key)),
                    value: self.expr(value),
                });
                ExprKind::Dict(items.collect())
            }
            syntax::ExprKind::Attr(base, name) => ExprKind::Lookup(Box::new(Lookup {
                base: self.expr(base),
                name: Sym::new(name.text),
                name_span: name.span,
                calls: false,
            })),
            syntax::ExprKind::Index(base, index) => {
                ExprKind::Index(Box::new((self.expr(base), self.expr(index))))
            }
            syntax::ExprKind::Slice(base, parts) => {
                let base = self.expr(base);
                let [lower, upper, step] = &**parts;
                let mut part = |part: &Option<syntax::Expr<'_>>| part.as_ref().map(|part| self.expr(part));
                ExprKind::Slice(Box::new(Slice {
                    base,
                    lower: part(lower),
                    upper: part(upper),
                    step: part(step),
                }))
            }
            syntax::ExprKind::Call(func, args) => {
                let func = self.callee(func);
                let args = self.arguments(args);
                ExprKind::Call(Box::new(Call { func, args }))
            }
            syntax::ExprKind::Filter(value, name, args) => ExprKind::Filter(Box::new(Filter {
                value: self.expr(value),
                name: Sym::new(name.text),
                name_span: name.span,
                args: self.arguments(args),
            })),
            syntax::ExprKind::Test(value, name, args) => {
                let left = self.expr(value);
                let op = if name.text == "in" { CmpOp::In } else { CmpOp::Is };
                let mut rest: Vec<(CmpOp, Expr)> = self
                    .arguments(args)
                    .into_iter()
                    .map(|arg| (op, arg.value))
                    .collect();
                if rest.is_empty() {
                    let tested = if name.text == "none" {
                        Const::None
                    } else {
                        Const::Other
                    };
                    rest.push((op, Expr::new(name.span, ExprKind::Const(tested))));
                }
                ExprKind::Compare(Box::new(Compare { left, rest }))
            }
            syntax::ExprKind::Not(inner) => ExprKind::Not(Box::new(self.expr(inner))),
            syntax::ExprKind::Unary(inner) => ExprKind::Unary(Box::new(self.expr(inner))),
            syntax::ExprKind::And(all) => ExprKind::And(self.exprs(all)),
            syntax::ExprKind::Or(all) => ExprKind::Or(self.exprs(all)),
            syntax::ExprKind::Concat(all) => ExprKind::FString(self.exprs(all)),
            syntax::ExprKind::Compare(left, rest) => {
                let left = self.expr(left);
                let rest = rest.iter().map(|(op, right)| {
                    let op = match op {
                        Comparison::Eq => CmpOp::Eq,
                        Comparison::NotEq => CmpOp::NotEq,
                        Comparison::In => CmpOp::In,
                        Comparison::NotIn => CmpOp::NotIn,
                        Comparison::Order => CmpOp::Order,
                    };
                    (op, self.expr(right))
                });
                let rest = rest.collect();
                ExprKind::Compare(Box::new(Compare { left, rest }))
            }
            syntax::ExprKind::Binary(op, left, right) => ExprKind::Binary(Box::new(Binary {
                op: match op {
                    Operator::Add => BinOp::Add,
                    Operator::Sub => BinOp::Sub,
                    Operator::Mod => BinOp::Mod,
                    Operator::Other => BinOp::Other,
                },
                left: self.expr(left),
                right: self.expr(right),
            })),
            syntax::ExprKind::IfElse(parts) => {
                let (then, test, orelse) = &**parts;
                let test = self.expr(test);
                let then = self.expr(then);
                let orelse = match orelse {
                    Some(orelse) => self.expr(orelse),
                    None => Expr::new(expr.span, ExprKind::Const(Const::None)),
                };
                ExprKind::IfElse(Box::new(IfElse { test, then, orelse }))
            }
        };
        Expr::new(expr.span, kind)
    }

    fn exprs(&mut self, all: &[syntax::Expr<'_>]) -> Vec<Expr> {
        all.iter().map(|one| self.expr(one)).collect()
    }

    /// What is called: a macro of this file by its name.
    fn callee(&mut self, func: &syntax::Expr<'_>) -> Expr {
        if let syntax::ExprKind::Name(name) = &func.kind {
            let sym = Sym::new(name.text);
            if self.macros.contains(&sym) {
                return Expr::new(name.span, ExprKind::Name(sym));
            }
        }
        self.expr(func)
    }

    fn arguments(&mut self, args: &[Argument<'_>]) -> Vec<Arg> {
        args.iter().map(|arg| self.argument(arg)).collect()
    }

    pub(super) fn argument(&mut self, arg: &Argument<'_>) -> Arg {
        let (kind, value) = match arg {
            Argument::Positional(value) => (ArgKind::Positional, value),
            Argument::Keyword(name, value) => (ArgKind::Keyword(Sym::new(name.text)), value),
            Argument::Star(value) => (ArgKind::Star, value),
            Argument::DoubleStar(value) => (ArgKind::DoubleStar, value),
        };
        Arg {
            kind,
            value: self.expr(value),
        }
    }

    /// What `for` and `set` bind.
    pub(super) fn target(&mut self, target: &syntax::Expr<'_>) -> Option<Expr> {
        let kind = match &target.kind {
            syntax::ExprKind::Name(name) => return Some(build::target(*name)),
            syntax::ExprKind::Tuple(items) => {
                let items: Option<Vec<Expr>> = items.iter().map(|item| self.target(item)).collect();
                ExprKind::Tuple(items?)
            }
            syntax::ExprKind::Attr(base, name) => ExprKind::Attr(Box::new(Attr {
                base: self.expr(base),
                name: Sym::new(name.text),
                name_span: name.span,
            })),
            _ => return None,
        };
        Some(Expr::new(target.span, kind))
    }
}
