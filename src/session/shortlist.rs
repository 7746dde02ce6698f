//! The indexes that tables lack, in printable form.

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::analysis::advice::Advice;
use crate::analysis::heat::Heat;
use crate::analysis::workload::{Predicate, Sorted};
use crate::project::indexes::Part;
use crate::project::{ModelId, Project};
use crate::report::indexes::{Shortlist, SuggestionView, TableView, UseView};
use crate::rules::{self, Workload};
use crate::source::SourceSet;

/// All tables with their suggestions, those with the most useful ones first.
pub(super) fn of(project: &Project, analysis: &Analysis, sources: &SourceSet) -> Shortlist {
    let workload = Workload::of(project, analysis);
    let mut tables: BTreeMap<ModelId, Vec<SuggestionView>> = BTreeMap::new();
    for advice in &workload.missing {
        let found = suggestion(sources, advice);
        tables.entry(advice.table).or_default().push(found);
    }
    let mut models: Vec<TableView> = tables
        .into_iter()
        .map(|(table, suggestions)| view(project, sources, table, suggestions))
        .collect();
    models.sort_by_cached_key(|m| {
        let best = m.suggestions.iter().map(|s| s.score).max();
        (std::cmp::Reverse(best), m.model.clone())
    });
    Shortlist { models }
}

fn view(
    project: &Project,
    sources: &SourceSet,
    table: ModelId,
    suggestions: Vec<SuggestionView>,
) -> TableView {
    let model = project.model(table);
    let source = sources.get(model.site.file);
    let existing = project.indexes(table).iter().map(|index| {
        let column = |part: Part| match part {
            Part::Field(field) => field.to_string(),
            Part::Function { name, field } => format!("{name}({field})"),
            Part::Other => "(expression)".to_owned(),
        };
        index.columns.iter().map(|c| column(c.part)).collect()
    });
    TableView {
        model: model.label.to_string(),
        table: project.db_table(table).to_string(),
        path: source.path.clone(),
        line: source.position(model.site.span.start).line,
        suggestions,
        existing: existing.collect(),
    }
}

fn suggestion(sources: &SourceSet, advice: &Advice) -> SuggestionView {
    SuggestionView {
        rule: rules::rule_of(advice),
        fields: rules::columns(advice),
        condition: rules::condition(advice),
        declaration: rules::declaration(advice),
        score: advice.score,
        uses: advice.uses.iter().map(|one| used(sources, one)).collect(),
    }
}

fn used(sources: &SourceSet, one: &Predicate) -> UseView {
    let site = one.written();
    let source = sources.get(site.file);
    let position = source.position(site.span.start);
    UseView {
        path: source.path.clone(),
        line: position.line,
        column: position.column,
        op: one.op.map(|op| op.to_string()),
        context: match one.heat {
            Heat::Test => "test",
            Heat::Offered => "offered",
            Heat::Command => "command",
            Heat::Task => "task",
            Heat::Request => "request",
        },
        in_loop: one.repeated,
        filters: one.terms().map(|term| term.field.to_string()).collect(),
        order: match &one.sorted {
            Sorted::By(fields) => fields.iter().map(rules::column).collect(),
            _ => Vec::new(),
        },
        limited: one.limited,
    }
}
