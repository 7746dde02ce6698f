//! DJP111: rows are prefetched one by one in a loop.

use crate::analysis::event::Access;
use crate::report::diagnostic::Diagnostic;

use super::findings::{finding, group};
use super::{Context, Rule, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for mut group in group(cx, |j| j.repeated && j.load.access == Access::Prefetch) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        if let Some(first) = group.judged.first() {
            group.place = first.load.site;
        }
        let message = format!(
            "{} is prefetched for one `{model}` row at a time",
            wording::list(&paths)
        );
        let help =
            "collect the rows and call `prefetch_related_objects(rows, …)` once, or prefetch on the queryset"
                .to_owned();
        out.push(finding(cx, rule, &group, paths.clone(), message, help));
    }
}
