//! DJP401: a list that is the same for all visitors is queried again for each page.

use std::collections::BTreeMap;

use crate::analysis::event::Eval;
use crate::analysis::occurrences::{Occurrence, Occurrences, Role as Reading};
use crate::analysis::steady::{self, Region};
use crate::analysis::visitors;
use crate::fix::fragment;
use crate::project::FuncId;
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::{FileId, Site, Sym};

use super::findings::{endpoints, severity};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut all: Vec<(FileId, Region<'_>)> = Vec::new();
    if cx.project.all_log_in() {
        return;
    }
    for file in cx.project.django_templates() {
        let regions = steady::regions(cx.project, file);
        if regions.is_empty() {
            continue;
        }
        let found = Occurrences::of(cx.project, file);
        let fits: Vec<Region<'_>> = regions
            .into_iter()
            .filter(|region| is_shared(cx, file, &found, region))
            .collect();
        all.extend(fits.into_iter().map(|region| (file, region)));
    }
    let mut names: BTreeMap<Sym, usize> = BTreeMap::new();
    for (_, region) in &all {
        *names.entry(region.variable).or_default() += 1;
    }
    for (file, region) in &all {
        let unique = names.get(&region.variable) == Some(&1);
        out.push(finding(cx, rule, *file, region, unique));
    }
}

/// The rows come from one query that asks the same for all, wherever the template is rendered, and anybody may see them.
fn is_shared(cx: &Context<'_>, file: FileId, found: &Occurrences<'_>, region: &Region<'_>) -> bool {
    let site = Site::new(file, region.first.span);
    let asks = cx.asks();
    let entries: Vec<&(Eval, FuncId)> = steady::runs(cx.analysis, site).collect();
    asks.runs_once(site)
        && entries
            .iter()
            .all(|(eval, _)| steady::same_for_all(eval) && literal_slice(cx, eval))
        && entries
            .iter()
            .any(|(eval, func)| visitors::is_public(cx.project, eval, *func))
        && entries
            .iter()
            .any(|(eval, _)| stands_beside(cx, found, region, eval))
        && read_nowhere_else(found, region)
        && !(entries.iter().any(|(eval, _)| is_processed(cx, eval)) && is_on_other_parts(cx, file, region))
}

/// What a context processor makes is one object in all parts of a page: whoever reads it first pays for all.
fn is_on_other_parts(cx: &Context<'_>, file: FileId, region: &Region<'_>) -> bool {
    let others = cx.project.django_templates().filter(|other| *other != file);
    let mut facts = others.filter_map(|other| cx.project.file(other).facts.template.as_deref());
    facts.any(|template| template.names.contains(&region.variable))
}

/// A slice with computed bounds is a page of many.
fn literal_slice(cx: &Context<'_>, eval: &Eval) -> bool {
    let site = eval.query.site;
    if !eval.query.sliced {
        return true;
    }
    let text = cx
        .sources
        .get(site.file)
        .text
        .get(site.span.start as usize..site.span.end as usize);
    let bounds = text.and_then(|text| text.trim_end().strip_suffix(']')?.rsplit_once('['));
    bounds.is_some_and(|(_, bounds)| {
        bounds
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | ' ' | '_'))
    })
}

/// Nothing else of the template reads the rows: they would be fetched all the same.
fn read_nowhere_else(found: &Occurrences<'_>, region: &Region<'_>) -> bool {
    let reads = |read: &Occurrence<'_>| !read.is_local() && read.path.first() == Some(&region.variable);
    !found
        .all
        .iter()
        .any(|read| reads(read) && !region.span.contains(read.site.span))
}

/// Not the list that a page is for: a context processor puts it into all pages, the page is one of many, or other rows
/// come before it.
fn stands_beside(cx: &Context<'_>, found: &Occurrences<'_>, region: &Region<'_>, eval: &Eval) -> bool {
    let project = cx.project;
    let many = places(eval)
        .flat_map(|place| project.endpoints_at(*place))
        .any(|endpoint| endpoint.pattern.as_str().contains('<'));
    let loops = found
        .all
        .iter()
        .filter(|read| read.role == Reading::Iter && !read.is_local());
    let before = loops
        .take_while(|read| read.site.span.start < region.span.start)
        .any(|read| read.path.first() != Some(&region.variable));
    let own = ["object_list", "page_obj", "page"].contains(&region.variable.as_str());
    is_processed(cx, eval) || !own && (many || before)
}

fn places(eval: &Eval) -> impl Iterator<Item = &Site> {
    eval.calls.iter().chain([&eval.query.site])
}

/// A context processor makes the rows.
fn is_processed(cx: &Context<'_>, eval: &Eval) -> bool {
    cx.project.context_processors().iter().any(|func| {
        let (file, _) = cx.project.func(*func);
        let body = cx.project.routine(*func).span;
        places(eval).any(|place| place.file == file && body.contains(place.span))
    })
}

fn finding(cx: &Context<'_>, rule: &Rule, file: FileId, region: &Region<'_>, unique: bool) -> Diagnostic {
    let site = Site::new(file, region.first.span);
    let variable = region.variable;
    let mut labels = vec![Label {
        site,
        role: Role::Template,
        message: "queried for each page".into(),
    }];
    let mut model = None;
    for (eval, _) in steady::runs(cx.analysis, site) {
        model = Some(eval.query.model);
        if labels.iter().all(|label| label.site != eval.query.site) {
            labels.push(Label {
                site: eval.query.site,
                role: Role::Queryset,
                message: "the same rows for all visitors".into(),
            });
        }
    }
    labels.truncate(super::findings::MAX_LABELS);
    let mut found = Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, [site].into_iter()),
        certainty: Certainty::Likely,
        message: format!("`{variable}` is the same for all visitors and is queried for each page"),
        help: Some(format!(
            "keep the list for as long as it may be old: `{{% cache 300 {variable} %}}`"
        )),
        file,
        span: site.span,
        model: model.map(|model| cx.project.model(model).label.to_string()),
        relations: Vec::new(),
        fields: Vec::new(),
        queries: Some(Queries {
            before: "1".into(),
            after: "0".into(),
        }),
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    };
    let name = match cx.project.template_name(file) {
        Some(template) if !unique => {
            let stem = template
                .as_str()
                .rsplit('/')
                .next()
                .unwrap_or("")
                .split('.')
                .next()
                .unwrap_or("");
            format!("{stem}_{variable}")
        }
        _ => variable.to_string(),
    };
    fixes::offer(&mut found, fragment::fix(cx.desk(), file, region.span, &name));
    found
}
