//! DJP307: the two columns of a generic foreign key have no index together.

use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    indexes::check(cx, rule, out);
}
