//! DJP104: a query for one key runs in a loop over the keys.

use crate::analysis::value::Base;
use crate::report::diagnostic::Diagnostic;

use super::findings::{eval_finding, reportable};
use super::{Context, Rule, fixes, rewrites};

/// What library code calls the rows that a form field prints.
const CHOICES: &str = "<choices>";

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for (eval, _) in &cx.analysis.evals {
        let Some(around) = eval.around else { continue };
        let place = eval.place();
        let fits = around.keyed
            && !eval.query.batched
            && !eval.conditional
            && reportable(cx.project, place)
            && reportable(cx.project, around.site);
        if !fits || !seen.insert(place) {
            continue;
        }
        let model = cx.project.model(eval.query.model).name;
        let is_choices = eval.query.change.is_some_and(|change| change == CHOICES);
        let message = if is_choices {
            format!("the choices of `{model}` are fetched again for each row")
        } else {
            format!("one `{model}` query for each iteration of the loop")
        };
        let help = match (&eval.query.base, eval.op.as_str()) {
            _ if is_choices => {
                "give the fields a queryset that is evaluated once, or show them without a list of choices: `autocomplete_fields`, `readonly_fields`, a search widget".to_owned()
            }
            (Base::Model, "get" | "aget" | "first" | "afirst") => {
                format!("fetch all rows before the loop with one `{model}.objects.filter(…__in=…)` or `in_bulk(…)` and look them up in memory")
            }
            (_, "count" | "exists" | "acount" | "aexists" | "aggregate") => {
                "compute the values for all keys before the loop with one grouped query: `.values(key).annotate(…)`".to_owned()
            }
            _ => "fetch the rows of all keys before the loop with one `…__in` query and group them in memory".to_owned(),
        };
        let asks = matches!(eval.op.as_str(), "count" | "exists" | "acount" | "aexists");
        let mut found = eval_finding(cx, rule, eval, message, help);
        if asks && !is_choices {
            fixes::offer(&mut found, rewrites::answer(cx, eval));
        }
        out.push(found);
    }
}
