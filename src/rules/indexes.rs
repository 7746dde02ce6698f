//! What the rules about indexes share: which advice each reports, where a finding stands, and its evidence.

mod wording;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::advice::{Advice, Serves};
use crate::analysis::heat::Heat;
use crate::analysis::workload::Predicate;
use crate::fix::index::{self, NewIndex};
use crate::fix::{Fix, Refusal};
use crate::project::{ModelId, Project};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role, Severity};
use crate::source::Site;

use super::findings::{MAX_LABELS, endpoints};
use super::{Context, Rule, fixes};
use wording::{asked, literal, said};

pub use wording::{column, columns, condition, declaration};

/// More suggestions for a table are in the shortlist only.
const MAX_OF_TABLE: usize = 4;

/// Findings for all advice that a rule reports.
pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut told: BTreeMap<ModelId, usize> = BTreeMap::new();
    let shown = |advice: &&Advice| advice.sure || cx.preview;
    for advice in cx.workload().missing.iter().filter(shown) {
        let told = told.entry(advice.table).or_default();
        *told += 1;
        if *told <= MAX_OF_TABLE && rule_of(advice) == rule.name {
            let mut found = finding(cx, rule, advice);
            fixes::offer(&mut found, add(cx, advice));
            out.push(found);
        }
    }
}

fn finding(cx: &Context<'_>, rule: &Rule, advice: &Advice) -> Diagnostic {
    let project = cx.project;
    let name = project.model(advice.table).name;
    let asked = asked(advice);
    let places: BTreeSet<Site> = advice.uses.iter().map(Predicate::written).collect();
    let times = match places.len() {
        0 => "through its generic relations".to_owned(),
        1 => "in one place".to_owned(),
        n => format!("in {n} places"),
    };
    let lacks = match advice.serves {
        Serves::Filter => "no index begins with it",
        Serves::Order => "no index has that order",
        Serves::Both | Serves::Generic => "no index serves that",
        Serves::Few => "an index over only those rows would be small",
    };
    let found = diagnostic(
        cx,
        rule,
        advice.table,
        place(project, advice),
        format!("`{name}` is {asked} {times}, and {lacks}"),
        &advice.uses,
    );
    Diagnostic {
        severity: if advice.sure {
            found.severity
        } else {
            found.severity.min(Severity::Info)
        },
        certainty: if advice.sure {
            Certainty::Certain
        } else {
            Certainty::Likely
        },
        fields: advice.columns.iter().map(column).collect(),
        help: Some(format!(
            "add `{}` to the indexes of `{name}`",
            declaration(advice)
        )),
        ..found
    }
}

/// The index in `Meta`, and the migration.
fn add(cx: &Context<'_>, advice: &Advice) -> Result<Fix, Refusal> {
    let condition = advice
        .condition
        .map(|(field, given)| (field, literal(given).to_owned()));
    let new = NewIndex {
        condition: condition.into_iter().collect(),
        ..NewIndex::over(advice.table, advice.columns.clone())
    };
    index::add(&cx.desk(), &new, concurrently(cx, advice.table))
}

/// Migrations of a table may build its indexes concurrently.
pub(super) fn concurrently(cx: &Context<'_>, table: ModelId) -> bool {
    cx.project.builds_concurrently(cx.project.model(table).site.file)
}

/// A finding about a table, with the queries that are evidence for it.
pub(super) fn diagnostic(
    cx: &Context<'_>,
    rule: &Rule,
    table: ModelId,
    place: Site,
    message: String,
    uses: &[Predicate],
) -> Diagnostic {
    let project = cx.project;
    let mut labels = vec![Label {
        site: place,
        role: Role::Model,
        message: "this table".into(),
    }];
    for one in uses {
        let mut push = |site: Site, message: String| {
            if labels.len() <= MAX_LABELS && labels.iter().all(|l| l.site != site) {
                labels.push(Label {
                    site,
                    role: Role::Queryset,
                    message,
                });
            }
        };
        push(one.written(), said(one));
    }
    let commands_only = !uses.is_empty() && uses.iter().all(|p| p.heat <= Heat::Command);
    Diagnostic {
        severity: if commands_only {
            rule.severity.min(Severity::Info)
        } else {
            rule.severity
        },
        model: Some(project.model(table).label.to_string()),
        endpoints: endpoints(cx, &labels),
        labels,
        ..rule.finding(place, message)
    }
}

/// Where an index is missing: the field of an index over one column, else the name of the model.
fn place(project: &Project, advice: &Advice) -> Site {
    let model = project.model(advice.table);
    if let [(field, _)] = advice.columns[..]
        && let Some(site) = project.field_site(advice.table, field)
    {
        return site;
    }
    model.site
}

/// The rule that reports it.
pub fn rule_of(advice: &Advice) -> &'static str {
    match advice.serves {
        Serves::Filter | Serves::Few => "unindexed-filter",
        Serves::Order => "unindexed-order",
        Serves::Both => "missing-composite-index",
        Serves::Generic => "generic-foreign-key-without-index",
    }
}
