//! DJP107: a column left out by `only()` or `defer()` is read for each row.

use crate::analysis::event::Access;
use crate::report::diagnostic::Diagnostic;

use super::findings::{finding, group};
use super::{Context, Rule, fixes, rewrites, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for group in group(cx, |j| j.repeated && j.load.access == Access::Column) {
        let mut fields: Vec<String> = group.judged.iter().map(|j| j.load.attr.to_string()).collect();
        fields.sort();
        fields.dedup();
        let model = cx.project.model(group.model).name;
        let message = format!(
            "each `{model}` row loads the deferred {} with a query of its own",
            wording::list(&fields)
        );
        let help = format!(
            "load {} with the row: name it in `only()`, or drop it from `defer()`",
            wording::list(&fields)
        );
        let mut found = finding(cx, rule, &group, Vec::new(), message, help);
        found.queries = Some(wording::formula(cx.project, &group));
        found.fields = fields;
        fixes::offer(&mut found, rewrites::load_columns(cx, &group));
        out.push(found);
    }
}
