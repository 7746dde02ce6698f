//! What the rules about caches share: a finding that is about no model.

use crate::report::diagnostic::{Diagnostic, Label, Role};
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
        severity: severity(cx, rule, std::iter::once(*place)),
        help: Some(help),
        endpoints: endpoints(cx, &labels),
        labels,
        ..rule.finding(*place, message)
    })
}
