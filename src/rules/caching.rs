//! What the rules about caches share: a finding that is about no model.

use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role};
use crate::source::Site;

use super::findings::{endpoints, severity};
use super::{Context, Rule};

/// A finding at the first of its places.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    places: &[(Site, Role, &str)],
    message: String,
    help: String,
) -> Option<Diagnostic> {
    let (place, ..) = places.first()?;
    let mut labels: Vec<Label> = Vec::new();
    for (site, role, message) in places {
        if labels.iter().all(|l| l.site != *site) {
            labels.push(Label {
                site: *site,
                role: *role,
                message: (*message).into(),
            });
        }
    }
    Some(Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, std::iter::once(*place)),
        certainty: Certainty::Certain,
        message,
        help: Some(help),
        file: place.file,
        span: place.span,
        model: None,
        relations: Vec::new(),
        fields: Vec::new(),
        queries: None,
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    })
}
