//! Values and conditions to expressions. Knows no tag.

use super::super::build;
use super::Django;
use crate::ir::{Arg, ArgKind, CmpOp, Compare, Const, Expr, ExprKind, Filter, Lookup};
use crate::source::{Span, Sym};
use crate::syntax::template::Word;
use crate::syntax::template::django::{Argument, ArgumentKind, Comparison, Condition, Value, keyword, value};

/// `{{ block.super }}`
pub(super) fn is_block_super(value: &Value<'_>) -> bool {
    match &value.base.kind {
        ArgumentKind::Variable(parts) => {
            matches!(&parts[..], [block, base] if block.text == "block" && base.text == "super")
        }
        _ => false,
    }
}

impl<'a> Django<'a, '_> {
    /// A word that has to be a value.
    pub(super) fn word(&mut self, word: Word<'a>) -> Option<Expr> {
        match value(word) {
            Ok(read) => Some(self.value(&read)),
            Err(error) => {
                self.lower.error(error);
                None
            }
        }
    }

    /// A word that may be a value, or `name=value`; nothing is said if it is neither.
    pub(super) fn argument_value(&mut self, word: Word<'a>) -> Option<Expr> {
        let word = keyword(word).map_or(word, |(_, value)| value);
        value(word).ok().map(|read| self.value(&read))
    }

    pub(super) fn value(&mut self, value: &Value<'a>) -> Expr {
        let mut expr = self.argument(&value.base);
        for call in &value.filters {
            let args = call.argument.iter().map(|argument| Arg {
                kind: ArgKind::Positional,
                value: self.argument(argument),
            });
            let args = args.collect();
            let filter = Filter {
                value: expr,
                name: Sym::new(call.name.text),
                name_span: call.name.span,
                args,
            };
            expr = Expr::new(
                Span::new(value.span.start, call.span.end),
                ExprKind::Filter(Box::new(filter)),
            );
        }
        expr
    }

    pub(super) fn argument(&mut self, argument: &Argument<'a>) -> Expr {
        let span = argument.span;
        let constant = |value| Expr::new(span, ExprKind::Const(value));
        match &argument.kind {
            ArgumentKind::Text(text) => build::text(*text, span),
            ArgumentKind::Int(int) => constant(Const::Int(*int)),
            ArgumentKind::Number => constant(Const::Other),
            ArgumentKind::Variable(parts) => match &parts[..] {
                [one] if one.text == "True" => constant(Const::True),
                [one] if one.text == "False" => constant(Const::False),
                [one] if one.text == "None" => constant(Const::None),
                [root, steps @ ..] if parts.iter().all(|part| !part.text.is_empty()) => {
                    let mut expr = self.lower.variable(*root);
                    for step in steps {
                        let lookup = Lookup {
                            base: expr,
                            name: Sym::new(step.text),
                            name_span: step.span,
                            calls: true,
                        };
                        expr = Expr::new(root.span.cover(step.span), ExprKind::Lookup(Box::new(lookup)));
                    }
                    expr
                }
                _ => Expr::new(span, ExprKind::Invalid),
            },
        }
    }

    pub(super) fn condition(&mut self, condition: &Condition<'a>) -> Expr {
        let kind = match condition {
            Condition::Value(value) => return self.value(value),
            Condition::Or(all) => ExprKind::Or(all.iter().map(|one| self.condition(one)).collect()),
            Condition::And(all) => ExprKind::And(all.iter().map(|one| self.condition(one)).collect()),
            Condition::Not(inner) => ExprKind::Not(Box::new(self.condition(inner))),
            Condition::Compare(left, rest) => {
                let left = self.condition(left);
                let rest = rest.iter().map(|(op, right)| {
                    let op = match op {
                        Comparison::Eq => CmpOp::Eq,
                        Comparison::NotEq => CmpOp::NotEq,
                        Comparison::Is => CmpOp::Is,
                        Comparison::IsNot => CmpOp::IsNot,
                        Comparison::In => CmpOp::In,
                        Comparison::NotIn => CmpOp::NotIn,
                        Comparison::Order => CmpOp::Order,
                    };
                    (op, self.condition(right))
                });
                let rest = rest.collect();
                ExprKind::Compare(Box::new(Compare { left, rest }))
            }
        };
        Expr::new(condition_span(condition), kind)
    }
}

/// From the first value to the last.
fn condition_span(condition: &Condition<'_>) -> Span {
    match condition {
        Condition::Value(value) => value.span,
        Condition::Not(inner) => condition_span(inner),
        Condition::Or(all) | Condition::And(all) => {
            let spans = all.iter().map(condition_span);
            spans.reduce(Span::cover).unwrap_or_default()
        }
        Condition::Compare(left, rest) => {
            let last = rest.last().map(|(_, right)| right);
            last.map_or_else(
                || condition_span(left),
                |last| condition_span(left).cover(condition_span(last)),
            )
        }
    }
}
