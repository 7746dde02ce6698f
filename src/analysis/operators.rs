//! Operators: what sums and unions of rows are, and comparisons whose answer is known.

use std::sync::Arc;

use crate::ir::{BinOp, CmpOp, Const, Expr, ExprKind};
use crate::source::{Span, Sym};

use super::conditions::{Condition, Filter};
use super::frame::Frame;
use super::value::{Kind, Query, Size, Value};

/// Longer texts are no names of anything.
pub(super) const MAX_TEXT: usize = 200;

impl<'p> Frame<'_, 'p> {
    /// Binary operators: `|` and `+` keep rows, `%` formats text.
    pub fn combine(&mut self, op: BinOp, left: Value, right: Value, span: Span) -> Value {
        let deps = left.deps.and(right.deps);
        match op {
            BinOp::BitOr | BinOp::BitAnd | BinOp::BitXor => match (&left.kind, &right.kind) {
                (Kind::Query(a), Kind::Query(b)) if a.empty && !b.empty && op == BinOp::BitOr => {
                    // The rows are those of `b`; the expression to change begins with `a`.
                    let query = Query {
                        site: a.site,
                        born: a.born,
                        ..(**b).clone()
                    };
                    Value::query(query).with(deps)
                }
                (Kind::Query(a), Kind::Query(b)) if b.empty && !a.empty && op == BinOp::BitOr => {
                    left.with(deps)
                }
                (Kind::Query(query), _) | (_, Kind::Query(query)) => {
                    let mut query = (**query).clone();
                    query.empty = false;
                    query.filters = either(&left, &right);
                    query.change = query.change.or(Some(Sym::new("|")));
                    Value::query(query).with(deps)
                }
                (Kind::Condition(a), Kind::Condition(b)) => {
                    Value::new(Kind::Condition(Arc::new(Condition::combined(op, a, b)))).with(deps)
                }
                (Kind::Dict(_), Kind::Dict(_)) => left.join(right),
                (Kind::Coll(_), Kind::Coll(_)) => left.join(right),
                _ => Value::scalar(deps),
            },
            BinOp::Add => match (&left.kind, &right.kind) {
                (Kind::Coll(a), Kind::Coll(b)) => {
                    let size = if a.size == Size::Bounded && b.size == Size::Bounded {
                        Size::Bounded
                    } else {
                        Size::Unknown
                    };
                    Value::coll(a.elem.clone().join(b.elem.clone()), size).with(deps)
                }
                (Kind::Coll(_), _) => left.with(deps),
                (_, Kind::Coll(_)) => right.with(deps),
                (Kind::Str(a), Kind::Str(b)) if a.as_str().len() + b.as_str().len() <= MAX_TEXT => Value {
                    kind: Kind::Str(Sym::new(&format!("{a}{b}"))),
                    deps,
                },
                (Kind::Tuple(a), Kind::Tuple(b)) => Value {
                    kind: Kind::Tuple(a.iter().chain(b.iter()).cloned().collect()),
                    deps,
                },
                _ => Value::scalar(deps),
            },
            BinOp::Mod => {
                for part in right.alternatives() {
                    match &part.kind {
                        Kind::Tuple(items) => {
                            for item in items.iter() {
                                self.text_of(item, span);
                            }
                        }
                        _ => self.text_of(part, span),
                    }
                }
                Value::scalar(deps)
            }
            BinOp::Sub if matches!(left.kind, Kind::Coll(_)) => left.with(deps),
            _ if left.kind == Kind::Field || right.kind == Kind::Field => Value::new(Kind::Field).with(deps),
            _ => Value::scalar(deps),
        }
    }

    /// An attribute or a parameter: no variable that a loop may change before the next pass.
    pub(super) fn is_given(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Attr(_) => true,
            ExprKind::Name(name) => self
                .project
                .routine(self.func)
                .params
                .iter()
                .any(|p| p.name == *name),
            _ => false,
        }
    }

    /// What comparing a known value with a constant gives.
    pub(super) fn compared(&mut self, op: CmpOp, left: &Value, right: &'p Expr) -> Option<bool> {
        let equal = match (op, &left.kind, &right.kind) {
            (CmpOp::Is | CmpOp::IsNot, Kind::None, ExprKind::Const(Const::None)) => true,
            (CmpOp::Is | CmpOp::IsNot, kind, ExprKind::Const(Const::None)) => match kind {
                _ if left.exists() => false,
                _ => return None,
            },
            (CmpOp::Is | CmpOp::IsNot, kind, ExprKind::Const(flag @ (Const::True | Const::False))) => {
                match kind {
                    Kind::Truth(known) => *known == (*flag == Const::True),
                    Kind::Func(_) | Kind::Bound(_) | Kind::Tuple(_) | Kind::Dict(_) | Kind::None => false,
                    _ => return None,
                }
            }
            (CmpOp::Eq | CmpOp::NotEq, Kind::Str(text), ExprKind::Const(Const::Str(other))) => text == other,
            (
                CmpOp::In | CmpOp::NotIn,
                Kind::Str(text),
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items),
            ) => {
                let texts: Option<Vec<Sym>> = items.iter().map(Expr::as_str).collect();
                texts?.contains(text)
            }
            _ => return None,
        };
        Some(equal == matches!(op, CmpOp::Is | CmpOp::Eq | CmpOp::In))
    }
}

/// The filters of a combined queryset: which rows fulfil which of them is not followed.
fn either(a: &Value, b: &Value) -> Arc<Vec<Filter>> {
    let filters = |value: &Value| match &value.kind {
        Kind::Query(query) => query.filters.to_vec(),
        _ => Vec::new(),
    };
    let sometimes = |filter: Filter| Filter {
        sometimes: true,
        ..filter
    };
    Arc::new(filters(a).into_iter().chain(filters(b)).map(sometimes).collect())
}
