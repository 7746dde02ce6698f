//! DJP402: a cached fragment prints what belongs to one visitor, and does not vary on it.

use crate::analysis::ambient::{self, Of, Reading};
use crate::facts::Dialect;
use crate::ir::{Expr, ExprKind, Fragment, Stmt, StmtKind, TemplateStmt};
use crate::project::Project;
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role};
use crate::source::{FileId, Site};

use super::findings::{MAX_LABELS, severity};
use super::{Context, Rule, templates};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in templates::files(cx.project, Dialect::Django) {
        for fragment in fragments(cx.project, file) {
            let mut readings = ambient::readings(cx.project, file, &fragment.body);
            readings.retain(|reading| shown(cx.project, reading.of) && !varies(fragment, reading.of));
            if let Some(first) = readings.first() {
                out.push(finding(
                    cx,
                    rule,
                    Site::new(file, fragment.tag),
                    fragment,
                    first,
                    &readings,
                ));
            }
        }
    }
}

fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    site: Site,
    fragment: &Fragment,
    first: &Reading,
    readings: &[Reading],
) -> Diagnostic {
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
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, [site].into_iter()),
        certainty: Certainty::Certain,
        message: format!(
            "the fragment `{}` depends on {what} and is kept for everybody",
            fragment.name
        ),
        help: Some(help(first.of)),
        file: site.file,
        span: site.span,
        model: None,
        relations: Vec::new(),
        fields: Vec::new(),
        queries: None,
        endpoints,
        labels,
        fix: None,
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

/// What is no difference in this project is not told.
fn shown(project: &Project, of: Of) -> bool {
    match of {
        Of::Language => project.hints.several_languages,
        Of::Messages => project
            .hints
            .has_context_processor("django.contrib.messages.context_processors.messages"),
        _ => true,
    }
}

/// Whether the keys of a fragment may tell apart what the reading does.
fn varies(fragment: &Fragment, of: Of) -> bool {
    fragment.vary.iter().any(|key| match (&key.kind, root(key)) {
        (ExprKind::Const(_), _) => false,
        (_, Some(found)) => found == of || of != Of::Language && of != Of::Request && is_personal(found),
        // What a variable of the view holds is not known.
        (_, None) => true,
    })
}

fn root(key: &Expr) -> Option<Of> {
    match &key.kind {
        ExprKind::Filter(filter) => root(&filter.value),
        _ => ambient::of_path(key),
    }
}

fn is_personal(of: Of) -> bool {
    matches!(of, Of::User | Of::Session)
}

/// The `{% cache %}` tags of a template, where it is Django's.
fn fragments(project: &Project, file: FileId) -> Vec<&Fragment> {
    let mut found = Vec::new();
    let facts = &project.file(file).facts;
    let Some(template) = &facts.template else {
        return found;
    };
    if !template.libraries.iter().any(|library| library == "cache") {
        return found;
    }
    for routine in &facts.functions {
        collect(&routine.body, &mut found);
    }
    for block in &template.blocks {
        collect(&block.body, &mut found);
    }
    found
}

fn collect<'p>(body: &'p [Stmt], found: &mut Vec<&'p Fragment>) {
    for stmt in body {
        if let StmtKind::Template(part) = &stmt.kind
            && let TemplateStmt::Cached(fragment) = &**part
        {
            found.push(fragment);
        }
        for inner in stmt.blocks() {
            collect(inner, found);
        }
    }
}
