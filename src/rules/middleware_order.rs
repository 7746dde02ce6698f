//! DJP501: an order of middleware that breaks something.

use crate::project::middleware::Harm;
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, middleware};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    middleware::check(cx, rule, &[Harm::Error, Harm::Security, Harm::Wrong], out);
}
