//! DJP101: a single related row is loaded for each row of a queryset whose plan lacks it.

use crate::analysis::event::Access;
use crate::report::diagnostic::Diagnostic;

use super::findings::{finding, group};
use super::{Context, Rule, fixes, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for group in group(cx, |j| {
        j.repeated && !j.loaded && j.load.access == Access::One && !j.is_generic(cx.project)
    }) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        let message = format!(
            "each `{model}` row loads {} with a query of its own",
            wording::list(&paths)
        );
        let wanted = wording::lookups(cx.project, &group, &paths);
        let help = format!(
            "add `{}` to {}",
            wanted.calls(),
            wording::target(cx.project, group.place)
        );
        let narrowed = group
            .judged
            .iter()
            .filter_map(|j| j.query.as_ref())
            .any(|q| q.plan.only.is_some());
        let help = if narrowed {
            format!("{help}, and the foreign keys to its `only()`")
        } else {
            help
        };
        let mut found = finding(cx, rule, &group, paths.clone(), message, help);
        found.queries = Some(wording::formula(cx.project, &group));
        fixes::offer(&mut found, fixes::eager(cx, &group, &wanted));
        out.push(found);
    }
}
