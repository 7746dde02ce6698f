//! DJP306: an index over a flag holds every row, and finds the few that have it no better than a smaller one.

use crate::analysis::advice;
use crate::analysis::conditions::Given;
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for found in advice::flags(cx.project, &cx.workload().predicates) {
        let name = cx.project.model(found.table).name;
        let field = found.field;
        let message =
            format!("the index of `{name}` on `{field}` holds every row, and `{field}` has but two values");
        let mut diagnostic = indexes::diagnostic(cx, rule, found.table, found.site, message, &found.uses);
        diagnostic.labels[0].message = "this index".into();
        diagnostic.fields = vec![field.to_string()];
        diagnostic.help = Some(match found.asked {
            Some(Given::Truth(value)) => {
                let value = if value { "True" } else { "False" };
                format!(
                    "index only the rows that are asked for: `models.Index(fields=[\"{field}\"], condition=models.Q({field}={value}), name=…)`; if those are most rows, no index helps"
                )
            }
            _ => format!(
                "if queries ask for the rarer value, index only those rows, by a `condition`; if none asks for `{field}` alone, drop it"
            ),
        });
        out.push(diagnostic);
    }
}
