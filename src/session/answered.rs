//! Which findings comments answer, and which comments answer nothing.

use rustc_hash::FxHashMap;

use crate::analysis::Analysis;
use crate::config::{Config, Nested, nearest};
use crate::discover::FileInfo;
use crate::project::{Part, Project};
use crate::report::diagnostic::Diagnostic;
use crate::rules::{self, Rule, unknown_rule_in_suppression, unused_suppression};
use crate::source::{FileId, Site, SourceSet};
use crate::suppress::Suppressions;

/// The comments of a run, each file's read once.
pub(super) struct Answers<'a> {
    project: &'a Project,
    sources: &'a SourceSet,
    read: FxHashMap<FileId, Suppressions>,
}

impl<'a> Answers<'a> {
    pub(super) fn new(project: &'a Project, sources: &'a SourceSet) -> Self {
        Self {
            project,
            sources,
            read: FxHashMap::default(),
        }
    }

    fn of(&mut self, file: FileId) -> &mut Suppressions {
        let source = self.sources.get(file);
        let comments = &self.project.file(file).facts.comments;
        self.read
            .entry(file)
            .or_insert_with(|| Suppressions::parse(&source.text, comments, source.lines()))
    }

    /// Whether a comment answers the finding; all that do count as used.
    pub(super) fn answer(&mut self, rule: &Rule, diagnostic: &Diagnostic) -> bool {
        let lines = |site: Site| {
            let lines = self.sources.get(site.file).lines();
            (lines.line_of(site.span.start), lines.line_of(site.span.end))
        };
        let primary = lines(Site::new(diagnostic.file, diagnostic.span));
        let evidence: Vec<(FileId, u32)> = diagnostic
            .labels
            .iter()
            .map(|label| (label.site.file, lines(label.site).0))
            .collect();
        let mut answered = self.of(diagnostic.file).answer(rule, primary);
        for (file, line) in evidence {
            answered |= self.of(file).answer_evidence(rule, line);
        }
        answered
    }

    /// Findings about the comments themselves, of all files or of one, once all others have been answered.
    pub(super) fn findings(
        &mut self,
        config: &Config,
        nested: &Nested,
        (infos, analysis): (&[FileInfo], &Analysis),
        only: Option<FileId>,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let project = self.project;
        let files = project
            .file_ids()
            .filter(|file| only.is_none_or(|only| only == *file));
        for file in files {
            let facts = &project.file(file).facts;
            let analysed = match project.file(file).part {
                Part::Stub | Part::Package => false,
                Part::Test => config.include_tests,
                Part::Migration => config.include_migrations,
                Part::Template => analysis.rendered.contains_key(&file),
                _ => true,
            };
            let Some(info) = infos.get(file.0 as usize) else {
                continue;
            };
            if facts.comments.is_empty() || !analysed {
                continue;
            }
            let on = &nested.of(&info.absolute).rules;
            // Without preview some of these are not told, however well a comment answers them.
            let told = |rule: &Rule| config.preview || rule.group != "indexes";
            let judged =
                |rule: &Rule| on.iter().any(|r| r.code == rule.code) && rule.group != "tool" && told(rule);
            let all = config.preview && on.len() == rules::all().len();
            let named = |name: &str| on.iter().copied().find(|rule| rule.name == name);
            let source = self.sources.get(file);
            let suppressions = self.of(file);
            let whole = facts.errors.is_empty() && analysis.failed.is_empty();
            if let Some(rule) = named("unused-suppression").filter(|_| whole) {
                let idle = suppressions.idle(&source.text, source.lines(), rules::all(), (&judged, all));
                let about = idle.into_iter();
                found.extend(about.map(|idle| {
                    let site = Site::new(file, idle.span);
                    unused_suppression::finding(rule, site, &idle.words, idle.removal)
                }));
            }
            if let Some(rule) = named("unknown-rule-in-suppression") {
                for stranger in suppressions.strangers(rules::all()) {
                    let known = rules::all().iter().flat_map(|rule| [rule.code, rule.name]);
                    let near = nearest(&stranger.word, known);
                    let site = Site::new(file, stranger.span);
                    found.push(unknown_rule_in_suppression::finding(
                        rule,
                        site,
                        &stranger.word,
                        near,
                    ));
                }
            }
        }
        found
    }
}
