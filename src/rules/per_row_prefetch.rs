//! DJP111: rows are prefetched one by one in a loop.

use crate::analysis::event::Access;
use crate::report::diagnostic::Diagnostic;
use crate::source::Site;

use super::findings::{finding, group};
use super::{Context, Rule, fixes, rewrites, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for mut group in group(cx, |j| j.repeated && j.load.access == Access::Prefetch) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        let calls: Vec<Site> = group.judged.iter().map(|j| j.load.site).collect();
        let fix = match calls[..] {
            [only] => rewrites::batch(cx, &group, only),
            _ => Err("rows are prefetched in several places"),
        };
        if let Some(first) = calls.first() {
            group.place = *first;
        }
        let message = format!(
            "{} is prefetched for one `{model}` row at a time",
            wording::list(&paths)
        );
        let help =
            "collect the rows and call `prefetch_related_objects(rows, …)` once, or prefetch on the queryset"
                .to_owned();
        let mut found = finding(cx, rule, &group, paths.clone(), message, help);
        fixes::offer(&mut found, fix);
        out.push(found);
    }
}
