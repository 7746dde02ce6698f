//! DJP106: a query in a loop that gives the same answer in every iteration.

use crate::report::diagnostic::Diagnostic;

use super::findings::{eval_finding, reportable};
use super::{Context, Rule, fixes, rewrites};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for (eval, _) in &cx.analysis.evals {
        let Some(around) = eval.around else { continue };
        let place = eval.place();
        let fits = !around.keyed
            && !around.writes
            && !eval.conditional
            && eval.calls.is_empty()
            && reportable(cx.project, place);
        if !fits || !seen.insert(place) {
            continue;
        }
        let model = cx.project.model(eval.query.model).name;
        let message = format!("this `{model}` query does not depend on the loop but runs in each iteration");
        let help = "run it once before the loop and keep the result in a variable".to_owned();
        let mut found = eval_finding(cx, rule, eval, message, help);
        fixes::offer(&mut found, rewrites::hoist(cx, eval));
        out.push(found);
    }
}
