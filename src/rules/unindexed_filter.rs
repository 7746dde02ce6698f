//! DJP301: rows are found by a column that no index begins with.

use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    indexes::check(cx, rule, out);
}
