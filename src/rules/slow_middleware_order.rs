//! DJP502: an order of middleware that works, and costs more than another.

use crate::project::middleware::Harm;
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, middleware};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    middleware::check(cx, rule, &[Harm::Perf], out);
}
