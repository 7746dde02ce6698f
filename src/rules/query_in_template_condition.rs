//! DJP409: a condition of a template runs a query, and what it guards runs it again.

use crate::analysis::asked;
use crate::analysis::heat;
use crate::analysis::occurrences::{Occurrence, Occurrences, Role, Tail};
use crate::fix::template::{self, Read};
use crate::report::diagnostic::Diagnostic;
use crate::source::{FileId, Site, Span};

use super::{Context, Rule, fixes, templates};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.django_templates() {
        let found = Occurrences::of(cx.project, file);
        for guard in guards(cx, file, &found) {
            out.push(finding(cx, rule, file, &found, &guard));
        }
    }
}

/// A condition that queries what stands behind it again.
pub(super) struct Guard<'o, 'p> {
    pub first: &'o Occurrence<'p>,
    again: Vec<&'o Occurrence<'p>>,
    /// The outermost condition, with its branches.
    pub whole: Span,
    condition: u32,
}

/// The conditions of a template to change, each value once.
pub(super) fn guards<'o, 'p>(
    cx: &Context<'_>,
    file: FileId,
    found: &'o Occurrences<'p>,
) -> Vec<Guard<'o, 'p>> {
    let mut guards: Vec<Guard<'o, 'p>> = Vec::new();
    if heat::is_page_for_once(cx.project, file) {
        return guards;
    }
    for first in &found.all {
        let Role::Test(condition) = first.role else {
            continue;
        };
        let whole = found.condition(condition);
        // One change around the outermost condition serves those inside of it.
        let known = |old: &Guard<'_, '_>| {
            old.first.same_value(first)
                && (whole.contains(old.first.site.span) || first.is_under(old.condition))
        };
        if guards.iter().any(known) || !runs(cx, first) || may_be_loaded(cx, found, first, whole) {
            continue;
        }
        let reads = found.all.iter();
        let again: Vec<&Occurrence<'_>> = reads
            .filter(|read| first.is_before(read) && read.is_under(condition))
            .filter(|read| repeats(cx, first, read, condition) && runs(cx, read))
            .collect();
        if !again.is_empty() {
            guards.push(Guard {
                first,
                again,
                whole,
                condition,
            });
        }
    }
    guards
}

fn finding(
    cx: &Context<'_>,
    rule: &Rule,
    file: FileId,
    found: &Occurrences<'_>,
    guard: &Guard<'_, '_>,
) -> Diagnostic {
    let (first, whole) = (guard.first, guard.whole);
    let name = first.name();
    let message = format!("the condition queries `{name}`, and what it guards queries it again");
    let inside = |read: &&Occurrence<'_>| read.same_value(first) && whole.contains(read.site.span);
    let reads = found.all.iter().filter(inside);
    let reads: Vec<Read<'_>> = reads.map(|read| Read::of(read, is_new(cx, read))).collect();
    let (help, fix) = template::keep(cx.desk(), file, whole, &reads);
    let mut finding = templates::finding(cx, rule, first, &guard.again, message, help);
    fixes::offer(&mut finding, fix);
    finding
}

/// A query of its own that no loop repeats: for rows of a loop, a prefetch is the better change.
fn runs(cx: &Context<'_>, read: &Occurrence<'_>) -> bool {
    cx.asks().runs_once(read.site)
}

/// Each read makes a queryset of its own: `….all`, and methods that return one.
fn is_new(cx: &Context<'_>, read: &Occurrence<'_>) -> bool {
    let end = read.steps.get(read.path.len().saturating_sub(1));
    let site = end.map(|step| Site::new(read.site.file, step.span));
    read.all || site.is_some_and(|site| asked::called(cx.analysis, site).is_some())
}

/// Another part of the page may have left the rows in the queryset before. Blocks are rendered in the order of the
/// parent, which is not known here.
fn may_be_loaded(cx: &Context<'_>, found: &Occurrences<'_>, first: &Occurrence<'_>, whole: Span) -> bool {
    found.all.iter().any(|read| {
        read.tail == Tail::Rows
            && read.same_value(first)
            && !whole.contains(read.site.span)
            && !is_new(cx, read)
            && (read.body != first.body || read.is_before(first))
    })
}

/// The second read asks again what the first one has asked, in the same rendering.
fn repeats(cx: &Context<'_>, first: &Occurrence<'_>, read: &Occurrence<'_>, condition: u32) -> bool {
    let asks = |tail: Tail| matches!(tail, Tail::Count | Tail::Exists);
    // An object that has its rows keeps them; `all()` and methods make new ones.
    let makes = |read: &Occurrence<'_>| {
        let last = read.steps.last().map(|step| Site::new(read.site.file, step.span));
        read.all || last.is_some_and(|site| asked::called(cx.analysis, site).is_some())
    };
    let fresh = makes(read) || makes(first) || asks(first.tail);
    // Rows that are only shown on a further condition are no reason to load them for this one.
    let used = asks(read.tail) || !asks(first.tail) || read.follows_at_once(first, condition);
    let whole = read.role != Role::Part;
    read.same_value(first) && read.together(first) && fresh && used && whole
}
