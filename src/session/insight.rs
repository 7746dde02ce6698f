//! What an editor shows besides findings: what an expression holds, what a view costs, where a template's rows come from.
//!
//! Everything is asked for one place or one file of a project that is held, and answered as plain data with byte spans.
//! Where nothing is known there is no answer: others answer for strings, numbers and plain names.

mod costs;
mod feeders;
mod formula;
mod hover;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::analysis::{place, probe};
use crate::project::{FuncId, Part};
use crate::source::{FileId, Site, Span};

use super::{Held, STACK, Stop};

/// What is shown of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The expression.
    pub span: Span,
    pub markdown: String,
}

/// What a view, serializer or admin class costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Its name.
    pub span: Span,
    /// A line such as `1 + 2·N queries`.
    pub title: String,
    /// Every query, and what is not known, in Markdown.
    pub markdown: String,
    /// Where the queries run, in their order, each once; in files that the project's own code or templates are in.
    pub places: Vec<Site>,
}

/// What is known of the innermost expression at a byte offset that is a queryset, a manager, a row or rows.
pub fn expression_at(held: &Held<'_>, file: FileId, offset: u32) -> Option<Shown> {
    guarded(|| {
        let pointed = place::at(held.project, file, offset)?;
        let found = probe::probe(held.project, held.analysis, &pointed)?;
        hover::shown(held, &found)
    })
}

/// What the views, serializers and admin classes of a file cost, in the order in which they stand there.
/// None if it was asked to stop before.
pub fn costs(held: &Held<'_>, file: FileId, stop: &Stop) -> Option<Vec<Cost>> {
    guarded(|| costs::of_file(held, file, stop)).or_else(|| (!stop.is_asked()).then(Vec::new))
}

/// What one function costs, whether it answers requests or not.
pub fn cost_of(held: &Held<'_>, func: FuncId) -> Option<Cost> {
    guarded(|| costs::of_function(held, func))
}

/// In a template: the places that feed the variable at a byte offset, or that declare the attribute there.
pub fn feeders(held: &Held<'_>, file: FileId, offset: u32) -> Vec<Site> {
    if held.project.file(file).part != Part::Template {
        return Vec::new();
    }
    guarded(|| feeders::at(held, file, offset)).unwrap_or_default()
}

/// Runs code with a stack for deep expressions. A panic costs the answer.
fn guarded<T: Send>(run: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(run)).ok().flatten());
        thread.ok()?.join().ok().flatten()
    })
}

/// Whether a place lies in a text that the project itself has.
fn is_own(held: &Held<'_>, site: Site) -> bool {
    matches!(
        held.project.file(site.file).part,
        Part::Source | Part::Command | Part::Template
    ) && (site.file.0 as usize) < held.sources.len()
}

/// `shop/views.py:12`, as the editor counts lines.
fn place(held: &Held<'_>, site: Site) -> String {
    let source = held.outcome.sources.get(site.file);
    let start = held.outward(site.file, site.span.start);
    format!("{}:{}", source.path, source.position(start).line)
}
