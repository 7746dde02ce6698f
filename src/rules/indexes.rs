//! What the rules about indexes share: where a finding stands, its evidence, and how an index is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::advice::{Advice, Serves};
use crate::analysis::conditions::Given;
use crate::analysis::heat::Heat;
use crate::analysis::workload::{Predicate, Sorted};
use crate::fix::index::{self, NewIndex};
use crate::fix::{Fix, Refusal};
use crate::project::{ModelId, Project};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role, Severity};
use crate::source::{Site, Sym};

use super::findings::{MAX_LABELS, endpoints};
use super::wording::list;
use super::{Context, Rule, fixes};

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

/// `filtered by `status` and sorted by `-created``.
fn asked(advice: &Advice) -> String {
    let mut filtered = BTreeSet::new();
    let mut sorted = BTreeSet::new();
    if advice.serves == Serves::Generic {
        filtered.extend(advice.columns.iter().map(|(field, _)| *field));
    }
    for one in &advice.uses {
        let of = |name: Sym| advice.columns.iter().any(|(field, _)| *field == name);
        for term in one.equal.iter().chain(&one.range).filter(|t| of(t.field)) {
            filtered.insert(term.field);
        }
        if let Sorted::By(fields) = &one.sorted {
            sorted.extend(fields.iter().map(|(f, _)| *f).filter(|f| of(*f)));
        }
    }
    let named = |keep: &BTreeSet<Sym>| -> Vec<String> {
        advice
            .columns
            .iter()
            .filter(|(f, _)| keep.contains(f))
            .map(column)
            .collect()
    };
    sorted.retain(|field| !filtered.contains(field));
    if let Some((field, given)) = advice.condition {
        return format!("filtered by `{field}={}`", literal(given));
    }
    if advice.serves == Serves::Order {
        let all = advice.columns.iter().map(column).collect::<Vec<_>>();
        return format!("sorted by {} and cut", list(&all));
    }
    match (filtered.is_empty(), sorted.is_empty()) {
        (false, true) => format!("filtered by {}", list(&named(&filtered))),
        (true, _) => format!("sorted by {} and cut", list(&named(&sorted))),
        (false, false) => format!(
            "filtered by {} and sorted by {}",
            list(&named(&filtered)),
            list(&named(&sorted))
        ),
    }
}

/// What one query asks, as a label says it.
fn said(one: &Predicate) -> String {
    let fields: Vec<String> = one.terms().map(|t| t.field.to_string()).collect();
    let sorted = match &one.sorted {
        Sorted::By(fields) => fields.iter().map(column).collect(),
        _ => Vec::new(),
    };
    let place = match one.heat {
        Heat::Command => ", in a command",
        Heat::Task => ", in a background job",
        Heat::Offered => ", when a user asks for it",
        _ => "",
    };
    let often = if one.repeated {
        ", once per iteration of a loop"
    } else {
        ""
    };
    match (fields.is_empty(), sorted.is_empty()) {
        (true, true) => format!("read here{place}{often}"),
        (true, false) => format!("sorted by {}{place}{often}", list(&sorted)),
        (false, true) => format!("filtered by {}{place}{often}", list(&fields)),
        (false, false) => format!(
            "filtered by {}, sorted by {}{place}{often}",
            list(&fields),
            list(&sorted)
        ),
    }
}

/// `-created`.
pub fn column((field, descending): &(Sym, bool)) -> String {
    if *descending {
        format!("-{field}")
    } else {
        field.to_string()
    }
}

fn literal(given: Given) -> &'static str {
    match given {
        Given::Truth(false) => "False",
        Given::Truth(true) => "True",
        Given::None => "None",
        _ => "…",
    }
}

/// The columns as a declaration writes them.
pub fn columns(advice: &Advice) -> Vec<String> {
    advice.columns.iter().map(column).collect()
}

/// `field=value` of a partial index.
pub fn condition(advice: &Advice) -> Option<String> {
    let (field, given) = advice.condition?;
    Some(format!("{field}={}", literal(given)))
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

/// The declaration of an index as Python, with a placeholder where it needs a name and without one elsewhere.
pub fn declaration(advice: &Advice) -> String {
    let fields: Vec<String> = advice
        .columns
        .iter()
        .map(|c| format!("\"{}\"", column(c)))
        .collect();
    let fields = fields.join(", ");
    match advice.condition {
        Some((field, given)) => format!(
            "models.Index(fields=[{fields}], condition=models.Q({field}={}), name=\"…\")",
            literal(given)
        ),
        None => format!("models.Index(fields=[{fields}])"),
    }
}
