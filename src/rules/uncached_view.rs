//! DJP403: everybody gets the same answer, and each of them has the database asked for it.

use crate::analysis::shared::{self, Kind, Shared};
use crate::fix::cache_page;
use crate::report::diagnostic::{Certainty, Diagnostic, Role};
use crate::source::Site;

use super::caching::finding;
use super::findings::{MAX_LABELS, reportable};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for page in shared::pages(cx.project, cx.analysis) {
        // A page of each row is rarely asked for twice before it is old.
        let one_page = page.kind != Kind::Function || !page.pattern.as_str().contains(['<', '(', '{']);
        if one_page {
            out.extend(told(cx, rule, &page));
        }
    }
}

fn told(cx: &Context<'_>, rule: &Rule, page: &Shared<'_>) -> Option<Diagnostic> {
    // Search engines read maps seldom, and they are long.
    let (what, seconds) = match page.kind {
        Kind::Feed => ("this feed", "600"),
        Kind::Sitemap => ("this sitemap", "3600"),
        Kind::Function => ("this answer", "60"),
    };
    let message = format!("{what} is the same for all visitors, and its rows are queried for each of them");
    let help = format!(
        "keep it for as long as it may be old: `cache_page({seconds})(…)`; or answer with 304 by `condition(…)`"
    );
    let mut places: Vec<(Site, Role, &str)> = vec![(page.view, Role::Access, "nothing keeps the answer")];
    let queries = page.runs.iter().map(|eval| eval.query.site);
    places.extend(
        queries
            .filter(|site| reportable(cx.project, *site))
            .map(|site| (site, Role::Queryset, "queried for each visitor")),
    );
    places.truncate(MAX_LABELS);
    let mut found = finding(cx, rule, &places, message, help)?;
    found.certainty = Certainty::Likely;
    found.endpoints = vec![page.pattern.to_string()];
    fixes::offer(&mut found, cache_page::fix(cx.desk(), page.view, seconds));
    Some(found)
}
