//! DJP103: a prefetched relation is read in a way that goes back to the database.

use crate::analysis::judge::Judged;
use crate::analysis::tables::Served;
use crate::fix::eager::Wanted;
use crate::project::{ModelAttr, Project};
use crate::report::diagnostic::Diagnostic;

use super::findings::{finding, group};
use super::{Context, Rule, fixes, rewrites, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for group in group(cx, |j| {
        j.repeated && j.loaded && !opaque(j) && goes_back(cx.project, j)
    }) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        let mut methods: Vec<String> = group
            .judged
            .iter()
            .filter_map(|j| j.load.access.set())
            .map(|s| format!("{}()", s.change.unwrap_or(s.op)))
            .collect();
        methods.sort();
        methods.dedup();
        let message = format!(
            "{} on the prefetched {} queries again for each `{model}` row",
            wording::list(&methods),
            wording::list(&paths)
        );
        let name = paths.first().map_or("", String::as_str);
        let help = format!(
            "filter in Python over `.all()`, or prefetch what is needed with `Prefetch(\"{name}\", queryset=…, to_attr=\"…\")`"
        );
        let mut found = finding(cx, rule, &group, paths.clone(), message, help);
        fixes::offer(
            &mut found,
            rewrites::gather(cx, &group, &group.judged, &Wanted::default()),
        );
        out.push(found);
    }
}

/// The plan could not be read in full: a prefetch may or may not be there.
fn opaque(judged: &Judged<'_>) -> bool {
    judged.open || judged.query.as_ref().is_none_or(|q| q.plan.open)
}

fn goes_back(project: &Project, judged: &Judged<'_>) -> bool {
    let Some(set) = judged.load.access.set() else {
        return false;
    };
    match set.served {
        Served::Served => false,
        Served::Query => true,
        Served::ServedIfOrdered => {
            let target = match judged.last_attr(project) {
                Some(attr @ (ModelAttr::Forward(_) | ModelAttr::Reverse(_))) => project.attr_target(attr),
                _ => None,
            };
            !judged.loaded_ordered && target.is_some_and(|t| !project.is_ordered(t))
        }
    }
}
