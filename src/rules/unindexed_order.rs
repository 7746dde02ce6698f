//! DJP302: rows are sorted and cut by a column that no index has in order.

use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    indexes::check(cx, rule, out);
}
