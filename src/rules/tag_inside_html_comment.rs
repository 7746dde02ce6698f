//! DJP413: tags in an HTML comment, which run and are sent all the same.

use rustc_hash::FxHashMap;

use crate::fix::hidden;
use crate::report::diagnostic::{Diagnostic, Role};
use crate::source::{FileId, Site};

use super::caching::finding;
use super::findings::reportable;
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let queries = queries(cx);
    for file in cx.project.file_ids() {
        let Some(template) = &cx.project.file(file).facts.template else {
            continue;
        };
        for hidden in &template.hidden {
            let place = Site::new(file, hidden.span);
            let within = |site: &&Site| hidden.span.contains(site.span);
            let query = queries.get(&file).and_then(|all| all.iter().find(within));
            if hidden.work.is_empty() && query.is_none() || !reportable(cx.project, place) {
                continue;
            }
            let message = match (query, hidden.work.first()) {
                (Some(_), _) => "what stands in this HTML comment is rendered, and runs queries".to_owned(),
                (None, Some(tag)) => format!("`{{% {tag} %}}` in this HTML comment is rendered and sent"),
                (None, None) => continue,
            };
            let help = "make it a comment of the template, `{% comment %}…{% endcomment %}`, or delete it";
            let mut places = vec![(place, Role::Template, "a browser does not show it")];
            places.extend(query.map(|site| (*site, Role::Access, "a query runs here")));
            let Some(mut found) = finding(cx, rule, &places, message, help.into()) else {
                continue;
            };
            fixes::offer(&mut found, hidden::comment_out(cx.desk(), file, hidden));
            out.push(found);
        }
    }
}

/// Where templates run queries.
fn queries(cx: &Context<'_>) -> FxHashMap<FileId, Vec<Site>> {
    let mut found: FxHashMap<FileId, Vec<Site>> = FxHashMap::default();
    let uses = cx.analysis.uses.iter().filter(|one| one.op.is_some());
    let loads = cx.analysis.loads.iter().map(|(load, _)| load.site);
    for site in uses.map(|one| one.site).chain(loads) {
        if cx.project.is_template(site) {
            found.entry(site.file).or_default().push(site);
        }
    }
    found
}
