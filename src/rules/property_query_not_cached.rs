//! DJP414: a property or method runs a query, and a template reads it several times on the same row.

use std::collections::BTreeMap;

use crate::analysis::asked;
use crate::analysis::occurrences::{Occurrence, Occurrences};
use crate::fix::cached_property;
use crate::project::{FuncId, Part};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::{Site, Sym};

use super::findings::{MAX_LABELS, endpoints, severity};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut worst: BTreeMap<FuncId, (Vec<Site>, Vec<Sym>)> = BTreeMap::new();
    for file in cx.project.django_templates() {
        let found = Occurrences::of(cx.project, file);
        for read in &found.all {
            for length in 2..=read.steps.len() {
                let Some((func, site)) = queries(cx, read, length) else {
                    continue;
                };
                let reads: Vec<Site> = found
                    .all
                    .iter()
                    .filter(|other| read.shares(other, length) && read.together(other))
                    .map(|other| place(other, length))
                    .collect();
                let known = worst.entry(func).or_default();
                if reads.contains(&site) && reads.len() > known.0.len() {
                    *known = (reads, read.path.iter().take(length).copied().collect());
                }
            }
        }
    }
    for (func, (reads, path)) in worst {
        if reads.len() > 1 {
            out.push(finding(cx, rule, func, &reads, &path));
        }
    }
}

/// The place of the first steps of a read.
fn place(read: &Occurrence<'_>, length: usize) -> Site {
    Site::new(read.site.file, read.steps[length - 1].span)
}

/// What the first steps of a read call, if that runs a query whose answer is not in memory.
fn queries(cx: &Context<'_>, read: &Occurrence<'_>, length: usize) -> Option<(FuncId, Site)> {
    let site = place(read, length);
    let func = asked::called(cx.analysis, site)?;
    let (file, _) = cx.project.func(func);
    let asks = cx.asks().at(site);
    let body = cx.project.routine(func).span;
    let inside = |at: Site| at.file == file && body.contains(at.span);
    let runs = asks.iter().any(|ask| ask.through.is_some_and(inside))
        && asks.iter().all(|ask| !ask.free && !ask.remembered);
    (runs && cx.project.file(file).part == Part::Source).then_some((func, site))
}

fn finding(cx: &Context<'_>, rule: &Rule, func: FuncId, reads: &[Site], path: &[Sym]) -> Diagnostic {
    let path: Vec<&str> = path.iter().map(|step| step.as_str()).collect();
    let (file, _) = cx.project.func(func);
    let routine = cx.project.routine(func);
    let is_property = !routine.decorators.is_empty();
    let site = Site::new(file, routine.name_span);
    let mut labels: Vec<Label> = reads
        .iter()
        .map(|site| Label {
            site: *site,
            role: Role::Access,
            message: "one query here".into(),
        })
        .collect();
    let asks = reads.iter().flat_map(|read| cx.asks().at(*read));
    if let Some(ask) = asks.into_iter().find(|ask| ask.through.is_some()) {
        labels.push(Label {
            site: ask.at,
            role: Role::Queryset,
            message: "this query".into(),
        });
    }
    labels.truncate(MAX_LABELS);
    let name = routine.name;
    // Code that reads it as well may do so again after a change of what it asks for.
    let only_shown = is_property && !asked::is_read_in_code(cx.project, func);
    let help = if only_shown {
        "make it a `cached_property`: the row keeps the answer from the first read on".to_owned()
    } else {
        format!(
            "read it once: `{{% with {name}={} %}}` around these places",
            path.join(".")
        )
    };
    let mut found = Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, [site].into_iter()),
        certainty: Certainty::Likely,
        message: format!(
            "`{name}` runs a query, and a template reads it {} times on the same row",
            reads.len()
        ),
        help: Some(help),
        file,
        span: routine.name_span,
        model: None,
        relations: Vec::new(),
        fields: Vec::new(),
        queries: Some(Queries {
            before: reads.len().to_string(),
            after: "1".into(),
        }),
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    };
    if only_shown {
        fixes::offer(&mut found, cached_property::fix(cx.desk(), func));
    }
    found
}
