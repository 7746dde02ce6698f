//! Findings as they are reported: those of rules that are on, adjusted, without those that comments answer.

use crate::analysis::Analysis;
use crate::config::Nested;
use crate::discover::{FileInfo, FileKind};
use crate::project::{Part, Project, Target};
use crate::report::diagnostic::Diagnostic;
use crate::source::{FileId, SourceSet};

use super::answered::Answers;
use super::{Coverage, Outcome, Request, Tally};

/// A project that was analysed.
pub(super) struct State<'a> {
    pub request: &'a Request,
    pub nested: &'a Nested,
    pub project: &'a Project,
    pub analysis: &'a Analysis,
    pub sources: &'a SourceSet,
    pub infos: &'a [FileInfo],
}

impl State<'_> {
    /// What is known of the project. Sources, files, roots and times are left to the caller.
    pub(super) fn outcome(&self, found: Vec<Diagnostic>) -> Outcome {
        let templates = self.infos.iter().filter(|i| i.kind == FileKind::Template).count();
        let models = self.project.models().iter();
        let mut outcome = Outcome {
            python_files: self.infos.len() - templates,
            templates,
            models: models
                .filter(|m| !matches!(m.part, Part::Stub | Part::Package))
                .count(),
            coverage: coverage(self.project, self.analysis),
            ..Outcome::default()
        };
        let mut answers = Answers::new(self.project, self.sources);
        for diagnostic in found {
            self.take(diagnostic, &mut answers, &mut outcome);
        }
        let comments = (self.infos, self.analysis);
        for diagnostic in answers.findings(&self.request.config, self.nested, comments, None) {
            self.take(diagnostic, &mut answers, &mut outcome);
        }
        outcome.reveals.clone_from(&self.analysis.reveals);
        let failed = self.analysis.failed.iter();
        outcome
            .notes
            .extend(failed.map(|name| format!("internal error while analysing {name}; please report it")));
        outcome.diagnostics.sort_by(|a, b| {
            let key = |d: &Diagnostic| (self.sources.get(d.file).path.clone(), d.span, d.code);
            key(a).cmp(&key(b))
        });
        outcome
    }

    /// The findings in one file, of all that was found in the project.
    pub(super) fn of_file(&self, file: FileId, found: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut outcome = Outcome::default();
        let mut answers = Answers::new(self.project, self.sources);
        let touches = |one: &&Diagnostic| one.file == file || one.labels.iter().any(|l| l.site.file == file);
        for diagnostic in found.iter().filter(touches) {
            self.take(diagnostic.clone(), &mut answers, &mut outcome);
        }
        let comments = (self.infos, self.analysis);
        for diagnostic in answers.findings(&self.request.config, self.nested, comments, Some(file)) {
            self.take(diagnostic, &mut answers, &mut outcome);
        }
        let mut found = outcome.diagnostics;
        found.retain(|diagnostic| diagnostic.file == file);
        found.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
        found
    }

    fn take(&self, diagnostic: Diagnostic, answers: &mut Answers<'_>, outcome: &mut Outcome) {
        let in_scope = |file: FileId| self.infos.get(file.0 as usize).is_some_and(|i| i.in_scope);
        let asked_for = in_scope(diagnostic.file) || diagnostic.labels.iter().any(|l| in_scope(l.site.file));
        let Some(info) = self.infos.get(diagnostic.file.0 as usize) else {
            return;
        };
        let local = self.nested.of(&info.absolute);
        let Some(rule) = local.rules.iter().find(|r| r.code == diagnostic.code) else {
            return;
        };
        let answered = answers.answer(rule, &diagnostic);
        let path = local.config.seen_from_root(&self.request.cwd, &info.absolute);
        if local.per_file.covers(rule, &path) {
            return;
        }
        if answered {
            outcome.suppressed += usize::from(asked_for);
            return;
        }
        let diagnostic = local.config.adjusted(rule, diagnostic);
        if asked_for {
            outcome.diagnostics.push(diagnostic);
        } else {
            outcome.elsewhere.push(diagnostic);
        }
    }
}

fn coverage(project: &Project, analysis: &Analysis) -> Coverage {
    let mut out = Coverage::default();
    let mut relations = Tally::default();
    for relation in project.relations() {
        let owner = project.model(relation.owner);
        if matches!(
            owner.part,
            Part::Stub | Part::Package | Part::Test | Part::Migration
        ) {
            continue;
        }
        relations.seen += 1;
        match &relation.target {
            Target::Unknown(reason) => {
                *out.unknown
                    .entry(format!("relation {}.{}: {reason}", owner.label, relation.name))
                    .or_default() += 1
            }
            Target::Model(_) | Target::Any => relations.known += 1,
        }
    }
    let counts = &analysis.counts;
    out.tallies.insert("relations", relations);
    out.tallies.insert(
        "loops",
        Tally {
            seen: counts.loops,
            known: counts.loops_typed,
        },
    );
    out.tallies.insert(
        "loops_over_rows",
        Tally {
            seen: counts.loops,
            known: counts.loops_over_rows,
        },
    );
    let templates = project
        .file_ids()
        .filter(|f| project.file(*f).part == Part::Template)
        .count() as u64;
    let (fields, fields_known) = counts.serializer_fields;
    let (views, views_known) = counts.view_querysets;
    for (name, seen, known) in [
        ("templates", templates, counts.templates_rendered),
        ("serializer_fields", fields, fields_known),
        ("view_querysets", views, views_known),
    ] {
        out.tallies.insert(name, Tally { seen, known });
    }
    if counts.renders_unknown > 0 {
        out.unknown.insert(
            "template whose name is computed or lies outside".into(),
            counts.renders_unknown,
        );
    }
    for (name, count) in &counts.outside {
        *out.unknown.entry(format!("call of {name}")).or_default() += count;
    }
    out
}
