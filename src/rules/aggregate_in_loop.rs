//! DJP105: a related set is counted, tested or picked from for each row, where one annotation would do.

use crate::report::diagnostic::Diagnostic;

use super::findings::{finding, group};
use super::{Context, Rule, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for group in group(cx, |j| {
        j.repeated && !j.loaded && j.load.access.set().is_some_and(|s| s.aggregate)
    }) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        let mut ops: Vec<String> = group
            .judged
            .iter()
            .filter_map(|j| j.load.access.set())
            .map(|s| format!("{}()", s.op))
            .collect();
        ops.sort();
        ops.dedup();
        let message = format!(
            "each `{model}` row runs {} on {}",
            wording::list(&ops),
            wording::list(&paths)
        );
        let name = paths.first().map_or("", String::as_str);
        let help = match ops.first().map(String::as_str) {
            Some("count()" | "acount()") => format!(
                "annotate the queryset once: `.annotate({name}_count=Count(\"{name}\", distinct=True))`"
            ),
            Some("exists()" | "aexists()" | "contains()") => {
                format!("annotate the queryset once with `Exists(…)` over `{name}`, or prefetch `{name}`")
            }
            _ => {
                format!("annotate the queryset once with a `Subquery(…)` over `{name}`, or prefetch `{name}`")
            }
        };
        let mut found = finding(cx, rule, &group, paths.clone(), message, help);
        found.queries = Some(wording::formula(cx.project, &group));
        out.push(found);
    }
}
