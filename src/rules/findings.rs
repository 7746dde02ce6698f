//! From events to findings: one finding per rule and place to change, all its relations in it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::Analysis;
use crate::analysis::event::{Access, Eval};
use crate::analysis::judge::{self, Judged};
use crate::fix::Trees;
use crate::project::{ModelId, Part, Project};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role, Severity};
use crate::source::{Site, SourceSet, Span};

use super::{Context, Rule};

/// Accesses shown as evidence; more are counted, not shown.
pub(super) const MAX_LABELS: usize = 8;

/// All findings of the given rules, sorted by place; with `preview` those that rest on less evidence too.
pub fn collect(
    project: &Project,
    analysis: &Analysis,
    sources: &SourceSet,
    rules: &[&'static Rule],
    preview: bool,
) -> Vec<Diagnostic> {
    let judged = analysis
        .loads
        .iter()
        .filter_map(|(load, func)| judge::judge(project, load, *func))
        .filter(|j| {
            reportable(project, j.place)
                && reportable(project, j.load.site)
                && traceable(project, j)
                && leads(project, j)
        })
        .collect();
    let cx = Context {
        project,
        analysis,
        sources,
        judged,
        preview,
        trees: Trees::new(sources),
        workload: OnceCell::new(),
        asks: OnceCell::new(),
    };
    let mut out = Vec::new();
    for rule in rules {
        super::run(rule, &cx, &mut out);
    }
    out.sort_by(|a, b| {
        (a.file, a.span, a.code, &a.relations, &a.message).cmp(&(
            b.file,
            b.span,
            b.code,
            &b.relations,
            &b.message,
        ))
    });
    out.dedup();
    out
}

/// A chain of calls that a reader can follow; long ones with conditions on the way are too often other cases.
/// Templates and declarations show where they lead; only calls of functions count.
fn traceable(project: &Project, judged: &Judged<'_>) -> bool {
    let calls = judged.calls.iter().filter(|c| project.is_chain(**c)).count();
    calls <= if judged.load.conditional { 2 } else { 5 }
}

/// The path can be followed from the model; one that mixes alternatives of a union cannot.
fn leads(project: &Project, judged: &Judged<'_>) -> bool {
    let to_attr = |name: &str| {
        let query = judged.query.as_ref();
        query.is_some_and(|q| {
            q.plan
                .prefetch
                .iter()
                .any(|p| p.has_to_attr && p.to.as_str().ends_with(name))
        })
    };
    if judged.load.access == Access::Prefetch {
        return true;
    }
    // Two rounds say that code recurses, and further ones nothing more.
    if judged.rounds() > 2 {
        return false;
    }
    project
        .hops(judged.model, judged.path.iter().copied())
        .all(|hop| hop.attr.is_some() || to_attr(hop.name.as_str()))
}

/// Library code, stubs and code left out of the analysis are no places to change.
pub(super) fn reportable(project: &Project, site: Site) -> bool {
    !matches!(project.file(site.file).part, Part::Stub | Part::Package)
}

/// All loads that one finding is about.
pub(super) struct Group<'a, 'j> {
    pub place: Site,
    pub model: ModelId,
    pub judged: Vec<&'j Judged<'a>>,
}

impl<'a, 'j> Group<'a, 'j> {
    /// The relation paths, without those that another one passes through.
    pub fn paths(&self) -> Vec<String> {
        let all: BTreeSet<String> = self.judged.iter().map(|j| j.lookup()).collect();
        all.iter()
            .filter(|p| !all.iter().any(|longer| longer.starts_with(&format!("{p}__"))))
            .cloned()
            .collect()
    }

    pub fn certainty(&self) -> Certainty {
        if self.judged.iter().any(|j| !j.load.conditional && !j.open) {
            Certainty::Certain
        } else {
            Certainty::Likely
        }
    }
}

/// Groups loads by place and model.
pub(super) fn group<'a, 'j>(cx: &'j Context<'a>, keep: impl Fn(&Judged<'a>) -> bool) -> Vec<Group<'a, 'j>> {
    let mut groups: BTreeMap<(Site, ModelId), Vec<&'j Judged<'a>>> = BTreeMap::new();
    for judged in cx.judged.iter().filter(|j| keep(j)) {
        groups
            .entry((judged.place, judged.model))
            .or_default()
            .push(judged);
    }
    groups
        .into_iter()
        .map(|((place, model), judged)| Group { place, model, judged })
        .collect()
}

/// The finding for a group of loads.
pub(super) fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    group: &Group<'_, '_>,
    relations: Vec<String>,
    message: String,
    help: String,
) -> Diagnostic {
    let branches = group.judged.len() > 1 && group.judged.iter().any(|j| j.load.conditional);
    let message = if branches {
        format!("{message}, depending on the branch taken")
    } else {
        message
    };
    let labels = load_labels(group.judged.clone(), group.place);
    Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, group.judged.iter().map(|j| j.load.site)),
        certainty: group.certainty(),
        message,
        help: Some(help),
        file: group.place.file,
        span: group.place.span,
        model: Some(cx.project.model(group.model).label.to_string()),
        relations,
        fields: Vec::new(),
        queries: None,
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    }
}

/// The patterns of the views in which the places of some evidence stand.
pub(super) fn endpoints(cx: &Context<'_>, labels: &[Label]) -> Vec<String> {
    let all: BTreeSet<String> = labels
        .iter()
        .flat_map(|label| cx.project.endpoints_at(label.site))
        .map(|endpoint| endpoint.pattern.to_string())
        .collect();
    all.into_iter().collect()
}

/// Findings that are reached by management commands only are of less weight than those in requests.
pub(super) fn severity(cx: &Context<'_>, rule: &Rule, mut sites: impl Iterator<Item = Site>) -> Severity {
    let commands_only = sites.all(|s| cx.project.file(s.file).part == Part::Command);
    if commands_only {
        rule.severity.min(Severity::Info)
    } else {
        rule.severity
    }
}

/// Queryset, loop, calls and accesses, each place once.
pub(super) fn load_labels(mut judged: Vec<&Judged<'_>>, place: Site) -> Vec<Label> {
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
pub(super) fn loop_label(project: &Project, site: Site) -> &'static str {
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

/// The finding for one evaluation in a loop.
pub(super) fn eval_finding(
    cx: &Context<'_>,
    rule: &Rule,
    eval: &Eval,
    message: String,
    help: String,
) -> Diagnostic {
    let place = eval.place();
    let mut labels = vec![Label {
        site: place,
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
        push(around.site, Role::Loop, loop_label(cx.project, around.site));
    }
    for call in &eval.calls {
        push(*call, Role::Call, "called from here");
    }
    push(eval.site, Role::Access, "it runs here");
    Diagnostic {
        rule: rule.name,
        code: rule.code,
        group: rule.group,
        severity: severity(cx, rule, [place].into_iter().chain(eval.around.map(|a| a.site))),
        certainty: if eval.conditional {
            Certainty::Likely
        } else {
            Certainty::Certain
        },
        message,
        help: Some(help),
        file: place.file,
        span: place.span,
        model: Some(cx.project.model(eval.query.model).label.to_string()),
        relations: Vec::new(),
        fields: Vec::new(),
        queries: Some(Queries {
            before: "N".into(),
            after: "1".into(),
        }),
        endpoints: endpoints(cx, &labels),
        labels,
        fix: None,
    }
}
