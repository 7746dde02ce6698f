//! DJP306: few rows have a flag, and nothing but a scan finds them.

use crate::analysis::advice::Serves;
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    indexes::check(cx, rule, Serves::Few, out);
}
