//! What the rules about templates share.

use crate::analysis::occurrences::Occurrence;
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::Site;

use super::findings::{MAX_LABELS, endpoints, severity};
use super::{Context, Rule};

/// A finding at the first of several reads of a template.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    first: &Occurrence<'_>,
    others: &[&Occurrence<'_>],
    message: String,
    help: String,
) -> Diagnostic {
    let label = |site: Site, role: Role, message: &str| Label {
        site,
        role,
        message: message.into(),
    };
    let mut labels = vec![label(first.site, Role::Access, "one query here")];
    for other in others {
        labels.push(label(other.site, Role::Access, "another one here"));
    }
    let asks = cx.asks();
    let known: Vec<Site> = asks.at(first.site).iter().map(|ask| ask.at).collect();
    labels.extend(
        known
            .into_iter()
            .filter(|site| !cx.project.is_template(*site))
            .map(|site| label(site, Role::Queryset, "this query")),
    );
    labels.truncate(MAX_LABELS);
    let model = asks.at(first.site).first().map(|ask| ask.model);
    Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, [first.site].into_iter()),
        certainty: Certainty::Certain,
        message,
        help: Some(help),
        file: first.site.file,
        span: first.site.span,
        model: model.map(|model| cx.project.model(model).label.to_string()),
        relations: Vec::new(),
        fields: Vec::new(),
        queries: Some(Queries {
            before: format!("{}", 1 + others.len()),
            after: "1".into(),
        }),
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    }
}
