//! DJP503: middleware that asks the database on every request.

use std::collections::BTreeMap;

use crate::analysis::asked;
use crate::analysis::{Asked, PerRequest};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::Site;

use super::findings::{MAX_LABELS, reportable};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut all: BTreeMap<Site, Vec<&PerRequest>> = BTreeMap::new();
    for query in &cx.analysis.per_request {
        if reportable(cx.project, query.query.site) && reportable(cx.project, query.named) {
            all.entry(query.defined).or_default().push(query);
        }
    }
    out.extend(all.values().filter_map(|queries| finding(cx, rule, queries)));
}

fn finding(cx: &Context<'_>, rule: &Rule, queries: &[&PerRequest]) -> Option<Diagnostic> {
    let first = queries.first()?;
    let name = cx.sources.get(first.defined.file).slice(first.defined.span);
    let whose = |signed_in: bool| queries.iter().filter(|q| q.signed_in == signed_in).count();
    let said = |count: usize| match count {
        1 => "1 query".to_owned(),
        n => format!("{n} queries"),
    };
    let message = match (whose(false), whose(true)) {
        (anybody, 0) => format!("`{name}` runs {} on every request", said(anybody)),
        (0, users) => format!(
            "`{name}` runs {} on every request, for signed-in users",
            said(users)
        ),
        (anybody, users) => format!(
            "`{name}` runs {} on every request, and {} more for signed-in users",
            said(anybody),
            said(users)
        ),
    };
    let mut labels: Vec<Label> = Vec::new();
    let mut push = |site: Site, role: Role, message: String| {
        if labels.len() < MAX_LABELS && labels.iter().all(|l| l.site != site) {
            labels.push(Label { site, role, message });
        }
    };
    for query in queries {
        let asked = match query.query.asks {
            Asked::Rows(model) => format!("a query for `{}`", cx.project.model(model).name),
            Asked::OfUser(name) => format!("a query for `{name}` of the user"),
        };
        let users = if query.signed_in {
            ", for signed-in users"
        } else {
            ""
        };
        push(query.query.site, Role::Queryset, format!("{asked}{users}"));
        for call in query.query.calls.iter().filter(|call| **call != query.defined) {
            push(*call, Role::Call, "called from here".into());
        }
    }
    push(first.named, Role::Setting, "it is in `MIDDLEWARE` here".into());
    // Where the middleware asks: the query, or the call that leads out of its file.
    let chain = first.query.calls.iter().chain([&first.query.site]);
    let mut own = chain.filter(|site| site.file == first.defined.file && **site != first.defined);
    let place = own.next_back().copied().unwrap_or(first.query.site);
    let waits = asked::is_put_on(cx.project, place, "request");
    // Kept for each of many keys, an answer costs a round trip to the cache as well.
    if !waits && cx.sources.get(place.file).slice(place.span).contains('=') {
        return None;
    }
    Some(Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: rule.severity,
        certainty: Certainty::Certain,
        message,
        help: Some(
            match waits {
                true => "ask where the answer is needed: in a `SimpleLazyObject` on the request, or keep it in the cache",
                false => "keep the answer in the cache, and drop it there when the rows behind it change",
            }
            .into(),
        ),
        file: place.file,
        span: place.span,
        model: match first.query.asks {
            Asked::Rows(model) => Some(cx.project.model(model).label.to_string()),
            Asked::OfUser(_) => None,
        },
        relations: Vec::new(),
        fields: Vec::new(),
        queries: Some(Queries {
            before: queries.len().to_string(),
            after: "0".into(),
        }),
        endpoints: Vec::new(),
        labels,
        fix: None,
    })
}
