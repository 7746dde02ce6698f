//! DJP303: rows are found or sorted by several columns, and no index has them together.

use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    indexes::check(cx, rule, out);
}
