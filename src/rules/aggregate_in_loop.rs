//! DJP105: a related set is counted, tested or picked from for each row, where one annotation would do.

use crate::analysis::tables::Served;
use crate::fix::eager::Wanted;
use crate::fix::{Fix, Safety};
use crate::report::diagnostic::Diagnostic;

use super::findings::{Group, finding, group};
use super::{Context, Rule, fixes, rewrites, wording};

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
        let mut found = finding(
            cx,
            rule,
            &group,
            paths.clone(),
            message,
            help(cx, &group, &paths, &ops),
        );
        found.queries = Some(wording::formula(cx.project, &group));
        offer(cx, &group, &paths, &mut found);
        out.push(found);
    }
}

/// A prefetch where the rows are read anyway, else annotations; a prefetch for the sake of numbers alone is a
/// matter of taste.
fn offer(cx: &Context<'_>, group: &Group<'_, '_>, paths: &[String], found: &mut Diagnostic) {
    let plain = Wanted {
        prefetch: paths.to_vec(),
        ..Wanted::default()
    };
    let served = group
        .judged
        .iter()
        .all(|j| j.load.access.set().is_some_and(|s| s.served == Served::Served));
    let read_too = paths.iter().all(|path| read_too(cx, group, path));
    if served && read_too {
        fixes::offer(found, fixes::eager(cx, group, &plain));
        return;
    }
    let annotated = rewrites::annotate(cx, group);
    let failed = annotated.is_err();
    if annotated.is_ok()
        && let Some(queries) = &mut found.queries
    {
        queries.after = "1".into();
    }
    fixes::offer(found, annotated);
    if failed
        && served
        && let Ok(fix) = fixes::eager(cx, group, &plain)
    {
        found.fix = Some(Fix {
            safety: Safety::Display,
            ..fix
        });
    }
}

/// The rows of the set are needed as well.
fn read_too(cx: &Context<'_>, group: &Group<'_, '_>, path: &str) -> bool {
    cx.judged.iter().any(|j| {
        j.place == group.place && j.lookup() == path && j.load.access.set().is_some_and(|s| !s.aggregate)
    })
}

/// An annotation gives one value per row; a prefetch serves sets that are not narrowed before they are counted.
fn help(cx: &Context<'_>, group: &Group<'_, '_>, paths: &[String], ops: &[String]) -> String {
    let name = paths.first().map_or("", String::as_str);
    let narrowed = group
        .judged
        .iter()
        .filter_map(|j| j.load.access.set())
        .any(|s| s.change.is_some());
    let read_too = read_too(cx, group, name);
    if group.judged.iter().any(|j| j.path.len() > 1) {
        let (head, tail) = name.split_once("__").unwrap_or((name, name));
        return format!(
            "fetch `{head}` with `Prefetch(\"{head}\", queryset=…)` and annotate that queryset with what is asked of `{tail}`"
        );
    }
    if read_too && !narrowed {
        let wanted = Wanted {
            prefetch: paths.to_vec(),
            ..Wanted::default()
        };
        return format!(
            "add `{}`: the rows are read as well, and a prefetch serves both",
            wanted.calls()
        );
    }
    let prefetch = if narrowed {
        String::new()
    } else {
        format!(", or prefetch `{name}`")
    };
    match ops.first().map(String::as_str) {
        Some("count()" | "acount()") if !narrowed => {
            let class = cx.project.model(group.model).class;
            let plain = format!("{name}_count");
            let taken = cx
                .project
                .class_member(class, crate::source::Sym::new(&plain))
                .is_some();
            let column = if taken { format!("num_{name}") } else { plain };
            format!(
                "annotate the queryset once: `.annotate({column}=Count(\"{name}\", distinct=True))`{prefetch}"
            )
        }
        Some("exists()" | "aexists()" | "contains()") => {
            format!("annotate the queryset once with `Exists(…)` over `{name}`{prefetch}")
        }
        _ => format!("annotate the queryset once with a `Subquery(…)` over `{name}`{prefetch}"),
    }
}
