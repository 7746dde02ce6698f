//! Expressions and annotations.
//! Knows nothing of the statements they stand in; lambdas become functions through `decls`.

use crate::ir::{
    Arg, ArgKind, Attr, BinOp, Binary, Call, CmpOp, Comp, CompFor, CompKind, Compare, Const, DictItem, Expr,
    ExprKind, IfElse, Slice,
};
use crate::source::Sym;
use crate::syntax::python::{Ranged, ast, parse_annotation};

use super::{Lower, MAX_LEVEL, eager, sql};

/// Longest text that is kept.
const MAX_TEXT: usize = 200;

impl Lower {
    pub(super) fn expr(&mut self, node: &ast::Expr) -> Expr {
        let span = self.span(node.range());
        if self.level >= MAX_LEVEL {
            return Expr::new(span, ExprKind::Invalid);
        }
        self.level += 1;
        let kind = self.kind(node);
        self.level -= 1;
        Expr::new(span, kind)
    }

    pub(super) fn exprs<'a>(&mut self, nodes: impl IntoIterator<Item = &'a ast::Expr>) -> Vec<Expr> {
        nodes.into_iter().map(|node| self.expr(node)).collect()
    }

    pub(super) fn maybe(&mut self, node: Option<&ast::Expr>) -> Option<Expr> {
        node.map(|node| self.expr(node))
    }

    fn boxed(&mut self, node: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(node))
    }

    fn kind(&mut self, node: &ast::Expr) -> ExprKind {
        match node {
            ast::Expr::Name(name) if name.id.is_empty() => ExprKind::Invalid,
            ast::Expr::Name(name) => ExprKind::Name(Sym::new(&name.id)),
            ast::Expr::Attribute(attribute) => self.attribute(attribute),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::Subscript(subscript) => self.subscript(subscript),
            ast::Expr::StringLiteral(string) => {
                let text = string.value.to_str();
                let kept = literal_text(text);
                if kept == Const::Other && sql::is_about_indexes(text) {
                    let span = self.span(string.range);
                    self.facts.index_sql.push((span, text.into()));
                }
                ExprKind::Const(kept)
            }
            ast::Expr::NumberLiteral(number) => ExprKind::Const(match &number.value {
                ast::Number::Int(int) => int.as_i64().map_or(Const::Other, Const::Int),
                _ => Const::Other,
            }),
            ast::Expr::BooleanLiteral(boolean) => {
                ExprKind::Const(if boolean.value { Const::True } else { Const::False })
            }
            ast::Expr::NoneLiteral(_) => ExprKind::Const(Const::None),
            ast::Expr::BytesLiteral(_) | ast::Expr::EllipsisLiteral(_) => ExprKind::Const(Const::Other),
            ast::Expr::FString(string) => {
                let mut parts = Vec::new();
                for part in string.value.iter() {
                    match part {
                        ast::FStringPart::Literal(literal) => {
                            parts.push(Expr::new(
                                self.span(literal.range),
                                ExprKind::Const(literal_text(&literal.value)),
                            ));
                        }
                        ast::FStringPart::FString(part) => self.interpolations(&part.elements, &mut parts),
                    }
                }
                ExprKind::FString(parts)
            }
            ast::Expr::TString(string) => {
                let mut parts = Vec::new();
                for part in string.value.iter() {
                    self.interpolations(&part.elements, &mut parts);
                }
                ExprKind::FString(parts)
            }
            ast::Expr::List(list) => ExprKind::List(self.exprs(&list.elts)),
            ast::Expr::Tuple(tuple) => ExprKind::Tuple(self.exprs(&tuple.elts)),
            ast::Expr::Set(set) => ExprKind::Set(self.exprs(&set.elts)),
            ast::Expr::Dict(dict) => self.dict(dict),
            ast::Expr::ListComp(c) => self.comp(CompKind::List, &c.elt, None, &c.generators),
            ast::Expr::SetComp(c) => self.comp(CompKind::Set, &c.elt, None, &c.generators),
            ast::Expr::Generator(c) => self.comp(CompKind::Generator, &c.elt, None, &c.generators),
            ast::Expr::DictComp(c) => {
                let (element, value) = match c.key.as_deref() {
                    Some(key) => (key, Some(&*c.value)),
                    None => (&*c.value, None),
                };
                self.comp(CompKind::Dict, element, value, &c.generators)
            }
            ast::Expr::Lambda(lambda) => ExprKind::Lambda(self.lambda(lambda)),
            ast::Expr::If(choice) => self.choice(choice),
            ast::Expr::BoolOp(operation) => self.boolean(operation),
            ast::Expr::Compare(comparison) => self.comparison(comparison),
            ast::Expr::BinOp(operation) => self.binary(operation),
            ast::Expr::UnaryOp(operation) => {
                let operand = self.boxed(&operation.operand);
                match operation.op {
                    ast::UnaryOp::Not => ExprKind::Not(operand),
                    _ => ExprKind::Unary(operand),
                }
            }
            ast::Expr::Starred(starred) => ExprKind::Starred(self.boxed(&starred.value)),
            ast::Expr::Await(awaited) => ExprKind::Await(self.boxed(&awaited.value)),
            ast::Expr::Yield(yielded) => {
                self.yields = true;
                ExprKind::Yield(yielded.value.as_deref().map(|value| self.boxed(value)))
            }
            ast::Expr::YieldFrom(yielded) => {
                self.yields = true;
                ExprKind::YieldFrom(self.boxed(&yielded.value))
            }
            ast::Expr::Named(named) => {
                ExprKind::Walrus(Box::new((self.expr(&named.target), self.expr(&named.value))))
            }
            ast::Expr::Slice(slice) => {
                let bounds = [&slice.lower, &slice.upper, &slice.step];
                ExprKind::Tuple(self.exprs(bounds.into_iter().flatten().map(|bound| &**bound)))
            }
            ast::Expr::IpyEscapeCommand(_) => ExprKind::Invalid,
        }
    }

    fn attribute(&mut self, node: &ast::ExprAttribute) -> ExprKind {
        if node.attr.id.is_empty() {
            return ExprKind::Invalid;
        }
        ExprKind::Attr(Box::new(Attr {
            base: self.expr(&node.value),
            name: Sym::new(&node.attr.id),
            name_span: self.span(node.attr.range),
        }))
    }

    fn call(&mut self, node: &ast::ExprCall) -> ExprKind {
        let func = self.expr(&node.func);
        let args = node
            .arguments
            .iter_source_order()
            .map(|arg| self.arg(arg))
            .collect::<Vec<_>>();
        if let Some(callee) = func.last_name() {
            eager::of_call(callee, &args, &mut self.facts.eager_paths);
        }
        ExprKind::Call(Box::new(Call { func, args }))
    }

    fn arg(&mut self, node: ast::ArgOrKeyword<'_>) -> Arg {
        let (kind, value) = match node {
            ast::ArgOrKeyword::Arg(ast::Expr::Starred(starred)) => (ArgKind::Star, &*starred.value),
            ast::ArgOrKeyword::Arg(value) => (ArgKind::Positional, value),
            ast::ArgOrKeyword::Keyword(keyword) => match &keyword.arg {
                Some(name) => (ArgKind::Keyword(Sym::new(&name.id)), &keyword.value),
                None => (ArgKind::DoubleStar, &keyword.value),
            },
        };
        Arg {
            kind,
            value: self.expr(value),
        }
    }

    fn subscript(&mut self, node: &ast::ExprSubscript) -> ExprKind {
        let base = self.expr(&node.value);
        match &*node.slice {
            ast::Expr::Slice(slice) => ExprKind::Slice(Box::new(Slice {
                base,
                lower: self.maybe(slice.lower.as_deref()),
                upper: self.maybe(slice.upper.as_deref()),
                step: self.maybe(slice.step.as_deref()),
            })),
            index => ExprKind::Index(Box::new((base, self.expr(index)))),
        }
    }

    fn interpolations(&mut self, elements: &ast::InterpolatedStringElements, parts: &mut Vec<Expr>) {
        if self.level >= MAX_LEVEL {
            return;
        }
        self.level += 1;
        for element in elements {
            match element {
                ast::InterpolatedStringElement::Literal(text) => {
                    parts.push(Expr::new(
                        self.span(text.range),
                        ExprKind::Const(literal_text(&text.value)),
                    ));
                }
                ast::InterpolatedStringElement::Interpolation(element) => {
                    parts.push(self.expr(&element.expression));
                    if let Some(format) = &element.format_spec {
                        self.interpolations(&format.elements, parts);
                    }
                }
            }
        }
        self.level -= 1;
    }

    fn dict(&mut self, node: &ast::ExprDict) -> ExprKind {
        let items = node.items.iter();
        ExprKind::Dict(
            items
                .map(|item| DictItem {
                    key: self.maybe(item.key.as_ref()),
                    value: self.expr(&item.value),
                })
                .collect(),
        )
    }

    fn comp(
        &mut self,
        kind: CompKind,
        element: &ast::Expr,
        value: Option<&ast::Expr>,
        generators: &[ast::Comprehension],
    ) -> ExprKind {
        let clauses = generators
            .iter()
            .map(|clause| CompFor {
                target: self.expr(&clause.target),
                iter: self.expr(&clause.iter),
                ifs: self.exprs(&clause.ifs),
                is_async: clause.is_async,
            })
            .collect();
        let element = self.expr(element);
        let value = self.maybe(value);
        ExprKind::Comp(Box::new(Comp {
            kind,
            element,
            value,
            clauses,
        }))
    }

    fn choice(&mut self, node: &ast::ExprIf) -> ExprKind {
        ExprKind::IfElse(Box::new(IfElse {
            test: self.expr(&node.test),
            then: self.expr(&node.body),
            orelse: self.expr(&node.orelse),
        }))
    }

    fn boolean(&mut self, node: &ast::ExprBoolOp) -> ExprKind {
        let mut values = Vec::with_capacity(node.values.len());
        self.operands(node, &mut values);
        match node.op {
            ast::BoolOp::And => ExprKind::And(values),
            ast::BoolOp::Or => ExprKind::Or(values),
        }
    }

    fn operands(&mut self, node: &ast::ExprBoolOp, values: &mut Vec<Expr>) {
        for value in &node.values {
            match value {
                ast::Expr::BoolOp(inner) if inner.op == node.op && self.level < MAX_LEVEL => {
                    self.level += 1;
                    self.operands(inner, values);
                    self.level -= 1;
                }
                _ => values.push(self.expr(value)),
            }
        }
    }

    fn comparison(&mut self, node: &ast::ExprCompare) -> ExprKind {
        let left = self.expr(&node.left);
        let rest = node.ops.iter().zip(&node.comparators);
        let rest = rest
            .map(|(op, right)| (comparison(*op), self.expr(right)))
            .collect();
        ExprKind::Compare(Box::new(Compare { left, rest }))
    }

    fn binary(&mut self, node: &ast::ExprBinOp) -> ExprKind {
        ExprKind::Binary(Box::new(Binary {
            op: operator(node.op),
            left: self.expr(&node.left),
            right: self.expr(&node.right),
        }))
    }

    /// An expression that names types: strings in it are types too.
    pub(super) fn annotation(&mut self, node: &ast::Expr) -> Expr {
        let span = self.span(node.range());
        if self.level >= MAX_LEVEL {
            return Expr::new(span, ExprKind::Invalid);
        }
        self.level += 1;
        let lowered = match node {
            ast::Expr::StringLiteral(string) => self.forward(string),
            ast::Expr::Subscript(subscript) => self.generic(subscript),
            ast::Expr::BinOp(operation) => {
                let left = self.annotation(&operation.left);
                let right = self.annotation(&operation.right);
                let op = operator(operation.op);
                Expr::new(span, ExprKind::Binary(Box::new(Binary { op, left, right })))
            }
            ast::Expr::Tuple(tuple) => {
                let items = tuple.elts.iter().map(|item| self.annotation(item)).collect();
                Expr::new(span, ExprKind::Tuple(items))
            }
            ast::Expr::List(list) => {
                let items = list.elts.iter().map(|item| self.annotation(item)).collect();
                Expr::new(span, ExprKind::List(items))
            }
            _ => self.expr(node),
        };
        self.level -= 1;
        lowered
    }

    fn generic(&mut self, node: &ast::ExprSubscript) -> Expr {
        let base = self.expr(&node.value);
        let slice = &*node.slice;
        let index = match base.last_name().map(Sym::as_str) {
            Some("Literal") => self.expr(slice),
            Some("Annotated") => match slice {
                ast::Expr::Tuple(tuple) => {
                    let items = tuple.elts.iter().enumerate();
                    let items = items.map(|(n, item)| {
                        if n == 0 {
                            self.annotation(item)
                        } else {
                            self.expr(item)
                        }
                    });
                    let items = items.collect();
                    Expr::new(self.span(slice.range()), ExprKind::Tuple(items))
                }
                _ => self.annotation(slice),
            },
            _ => self.annotation(slice),
        };
        Expr::new(self.span(node.range), ExprKind::Index(Box::new((base, index))))
    }

    fn forward(&mut self, node: &ast::ExprStringLiteral) -> Expr {
        let span = self.span(node.range);
        let Some(parsed) = parse_annotation(node.value.to_str()) else {
            return Expr::new(span, ExprKind::Const(literal_text(node.value.to_str())));
        };
        let outer = self.pinned.replace(span);
        let lowered = self.annotation(&parsed);
        self.pinned = outer;
        lowered
    }

    pub(super) fn maybe_annotation(&mut self, node: Option<&ast::Expr>) -> Option<Expr> {
        node.map(|node| self.annotation(node))
    }
}

pub(super) fn operator(op: ast::Operator) -> BinOp {
    match op {
        ast::Operator::BitOr => BinOp::BitOr,
        ast::Operator::BitAnd => BinOp::BitAnd,
        ast::Operator::BitXor => BinOp::BitXor,
        ast::Operator::Add => BinOp::Add,
        ast::Operator::Sub => BinOp::Sub,
        ast::Operator::Mult => BinOp::Mul,
        ast::Operator::Mod => BinOp::Mod,
        _ => BinOp::Other,
    }
}

fn comparison(op: ast::CmpOp) -> CmpOp {
    match op {
        ast::CmpOp::Eq => CmpOp::Eq,
        ast::CmpOp::NotEq => CmpOp::NotEq,
        ast::CmpOp::Is => CmpOp::Is,
        ast::CmpOp::IsNot => CmpOp::IsNot,
        ast::CmpOp::In => CmpOp::In,
        ast::CmpOp::NotIn => CmpOp::NotIn,
        ast::CmpOp::Lt | ast::CmpOp::LtE | ast::CmpOp::Gt | ast::CmpOp::GtE => CmpOp::Order,
    }
}

fn literal_text(value: &str) -> Const {
    if value.len() <= MAX_TEXT {
        Const::Str(Sym::new(value))
    } else {
        Const::Other
    }
}
