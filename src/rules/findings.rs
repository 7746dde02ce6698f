//! From events to findings: one finding per rule and place to change, all its relations in it.

mod events;
mod evidence;

use std::cell::OnceCell;

use crate::analysis::Analysis;
use crate::analysis::event::Access;
use crate::analysis::judge::{self, Judged};
use crate::fix::Trees;
use crate::project::{Part, Project};
use crate::report::diagnostic::Diagnostic;
use crate::source::{Site, SourceSet};

use super::{Context, Rule};

pub(super) use events::{Group, eval_finding, finding, group, severity};
pub(super) use evidence::{MAX_LABELS, endpoints, load_labels, loop_label};

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
