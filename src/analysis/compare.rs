//! Comparisons whose result is known: with `None`, truth values and texts.

use crate::ir::{CmpOp, Const, Expr, ExprKind};
use crate::source::Sym;

use super::frame::Frame;
use super::value::{Kind, Value};

impl<'p> Frame<'_, 'p> {
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
