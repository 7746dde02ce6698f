//! From events to a finding: loads together by place and model, evaluations one by one.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::event::Eval;
use crate::analysis::judge::Judged;
use crate::project::{ModelId, Part};
use crate::report::diagnostic::{Certainty, Diagnostic, Queries, Severity};
use crate::source::Site;

use super::super::{Context, Rule};
use super::evidence::{endpoints, eval_labels, load_labels};

/// All loads that one finding is about.
pub(in crate::rules) struct Group<'a, 'j> {
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
pub(in crate::rules) fn group<'a, 'j>(
    cx: &'j Context<'a>,
    keep: impl Fn(&Judged<'a>) -> bool,
) -> Vec<Group<'a, 'j>> {
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
pub(in crate::rules) fn finding(
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

/// Findings that are reached by management commands only are of less weight than those in requests.
pub(in crate::rules) fn severity(
    cx: &Context<'_>,
    rule: &Rule,
    mut sites: impl Iterator<Item = Site>,
) -> Severity {
    let commands_only = sites.all(|s| cx.project.file(s.file).part == Part::Command);
    if commands_only {
        rule.severity.min(Severity::Info)
    } else {
        rule.severity
    }
}

/// The finding for one evaluation in a loop.
pub(in crate::rules) fn eval_finding(
    cx: &Context<'_>,
    rule: &Rule,
    eval: &Eval,
    message: String,
    help: String,
) -> Diagnostic {
    let place = eval.place();
    let labels = eval_labels(cx.project, eval);
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
