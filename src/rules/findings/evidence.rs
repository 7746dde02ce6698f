//! What a finding shows: its places and what each has to do with it, and the addresses that come there.

use std::collections::BTreeSet;

use crate::analysis::event::Eval;
use crate::analysis::judge::{self, Judged};
use crate::project::Project;
use crate::report::diagnostic::{Label, Role};
use crate::source::{Site, Span};

use super::super::Context;

/// Accesses shown as evidence; more are counted, not shown.
pub(in crate::rules) const MAX_LABELS: usize = 8;

/// The patterns of the views in which the places of some evidence stand.
pub(in crate::rules) fn endpoints(cx: &Context<'_>, labels: &[Label]) -> Vec<String> {
    let all: BTreeSet<String> = labels
        .iter()
        .flat_map(|label| cx.project.endpoints_at(label.site))
        .map(|endpoint| endpoint.pattern.to_string())
        .collect();
    all.into_iter().collect()
}

/// Queryset, loop, calls and accesses, each place once.
pub(in crate::rules) fn load_labels(mut judged: Vec<&Judged<'_>>, place: Site) -> Vec<Label> {
    judged.sort_by(|a, b| judge::nearer(a.load, b.load));
    let mut labels = vec![Label {
        site: place,
        role: Role::Queryset,
        message: "these rows are fetched here".into(),
    }];
    let mut push = |site: Site, role: Role, message: String| {
        if labels.len() < MAX_LABELS + 1 && labels.iter().all(|l| l.site != site) {
            labels.push(Label { site, role, message });
        }
    };
    let mut shown = BTreeSet::new();
    for one in judged {
        let load = one.load;
        let path = load.row.path();
        let name = if path.is_empty() {
            load.attr.to_string()
        } else {
            format!("{path}__{}", load.attr)
        };
        if !shown.insert((name.clone(), load.site)) {
            continue;
        }
        if let Some(around) = load.around {
            push(around, Role::Loop, "one iteration per row".into());
        }
        for call in one.calls {
            push(*call, Role::Call, "called from here".into());
        }
        push(
            load.site,
            Role::Access,
            format!("`{}` is read here for each row", load.attr),
        );
    }
    labels
}

/// What to say at a loop, or at what a framework goes over.
pub(in crate::rules) fn loop_label(project: &Project, site: Site) -> &'static str {
    let facts = &project.file(site.file).facts;
    let declared = |name: Span, whole: Span| name == site.span || whole == site.span;
    let class = facts.classes.iter().any(|c| declared(c.name_span, c.span));
    let function = facts
        .functions
        .iter()
        .skip(1)
        .any(|f| declared(f.name_span, f.span));
    if class || function {
        "runs once for each row that this gives to the framework"
    } else {
        "runs once per iteration of this loop"
    }
}

/// Query, loop, calls and the place where it runs, each place once.
pub(super) fn eval_labels(project: &Project, eval: &Eval) -> Vec<Label> {
    let mut labels = vec![Label {
        site: eval.place(),
        role: Role::Queryset,
        message: "this query".into(),
    }];
    let mut push = |site: Site, role: Role, message: &str| {
        if labels.len() < MAX_LABELS && labels.iter().all(|l| l.site != site) {
            labels.push(Label {
                site,
                role,
                message: message.into(),
            });
        }
    };
    if let Some(around) = eval.around {
        push(around.site, Role::Loop, loop_label(project, around.site));
    }
    for call in &eval.calls {
        push(*call, Role::Call, "called from here");
    }
    push(eval.site, Role::Access, "it runs here");
    labels
}
