//! DJP402: a cached fragment prints what belongs to one visitor, and does not vary on it.

use crate::analysis::ambient::{self, Leak, Of, Reading};
use crate::report::diagnostic::{Diagnostic, Label, Role};

use super::findings::{MAX_LABELS, severity};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.django_templates() {
        for leak in ambient::leaks(cx.project, file) {
            if let Some(first) = leak.readings.first() {
                out.push(finding(cx, rule, &leak, first));
            }
        }
    }
}

fn finding(cx: &Context<'_>, rule: &Rule, leak: &Leak, first: &Reading) -> Diagnostic {
    let site = leak.site;
    let readings = &leak.readings;
    let mut all: Vec<Of> = readings.iter().map(|reading| reading.of).collect();
    all.sort_unstable();
    all.dedup();
    let phrases: Vec<&str> = all.iter().map(|of| of.phrase()).collect();
    let what = match &phrases[..] {
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => phrases.concat(),
    };
    let mut labels = Vec::new();
    for reading in readings {
        for include in &reading.includes {
            let message = "by way of this include".into();
            labels.push(Label {
                site: *include,
                role: Role::Template,
                message,
            });
        }
        let message = format!("depends on {}", reading.of.phrase());
        labels.push(Label {
            site: reading.site,
            role: Role::Access,
            message,
        });
    }
    let mut seen = std::collections::BTreeSet::new();
    labels.retain(|label| seen.insert(label.site));
    labels.truncate(MAX_LABELS);
    let endpoints = super::findings::endpoints(cx, &labels);
    Diagnostic {
        severity: severity(cx, rule, [site].into_iter()),
        help: Some(help(first.of)),
        endpoints,
        labels,
        ..rule.finding(
            site,
            format!(
                "the fragment `{}` depends on {what} and is kept for everybody",
                leak.name
            ),
        )
    }
}

fn help(of: Of) -> String {
    match of {
        Of::User | Of::Permissions | Of::Messages | Of::Session => {
            "take this part out of the fragment, or vary on the visitor: `{% cache … request.user.pk %}`".into()
        }
        Of::CsrfToken => {
            "take the form out of the fragment: a kept token belongs to another visitor, whose cookie does not match"
                .into()
        }
        Of::Request => "take this part out of the fragment, or vary on what it reads".into(),
        Of::Language => {
            "vary on the language: `{% get_current_language as LANGUAGE_CODE %}`, then `{% cache … LANGUAGE_CODE %}`"
                .into()
        }
    }
}
