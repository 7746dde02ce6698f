//! DJP102: a related set is read for each row of a queryset that does not prefetch it.

use crate::analysis::event::{Access, SetAccess};
use crate::analysis::judge::Judged;
use crate::analysis::tables::Served;
use crate::fix::eager::Wanted;
use crate::report::diagnostic::Diagnostic;
use crate::source::Sym;

use super::findings::{Group, finding, group};
use super::{Context, Rule, fixes, rewrites, wording};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let wanted = |set: &SetAccess| !set.aggregate;
    let reads = |j: &Judged<'_>| match &j.load.access {
        Access::Set(set) => wanted(set),
        Access::One => j.is_generic(cx.project),
        _ => false,
    };
    for group in group(cx, |j| j.repeated && !j.loaded && reads(j)) {
        let paths = group.paths();
        let model = cx.project.model(group.model).name;
        let message = format!("each `{model}` row queries {} again", wording::list(&paths));
        let plain: Vec<String> = paths
            .iter()
            .filter(|p| unserved(&group, p).is_none())
            .cloned()
            .collect();
        let wanted = wording::lookups(cx.project, &group, &plain);
        let help = help(cx, &group, &paths, &wanted);
        let mut found = finding(cx, rule, &group, paths.clone(), message, help);
        found.queries = Some(wording::formula(cx.project, &group));
        let fix = if plain.len() == paths.len() {
            fixes::eager(cx, &group, &wanted)
        } else {
            let odd = |j: &&&Judged<'_>| !plain.contains(&j.lookup()) && paths.contains(&j.lookup());
            let odd: Vec<&Judged<'_>> = group.judged.iter().filter(odd).copied().collect();
            rewrites::gather(cx, &group, &odd, &wanted)
        };
        fixes::offer(&mut found, fix);
        out.push(found);
    }
}

/// What to add for the paths that a plain prefetch serves, and what for those read through a method it does not.
fn help(cx: &Context<'_>, group: &Group<'_, '_>, paths: &[String], wanted: &Wanted) -> String {
    let mut parts = Vec::new();
    if *wanted != Wanted::default() {
        parts.push(format!(
            "add `{}` to {}",
            wanted.calls(),
            wording::target(cx.project, group.place)
        ));
    }
    for path in paths {
        if let Some(method) = unserved(group, path) {
            parts.push(format!(
                "fetch `{path}` with `Prefetch(\"{path}\", queryset=…, to_attr=\"…\")`, since a plain prefetch does not serve `.{method}()`"
            ));
        }
    }
    parts.join("; ")
}

/// The method that a prefetch of the path would not serve.
fn unserved(group: &Group<'_, '_>, path: &str) -> Option<Sym> {
    group
        .judged
        .iter()
        .filter(|j| j.lookup() == path)
        .filter_map(|j| j.load.access.set())
        .find_map(|s| match s.served {
            Served::Query => s.change.or(Some(s.op)),
            _ => None,
        })
}
