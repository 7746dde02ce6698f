//! DJP409: a condition of a template runs a query, and what it guards runs it again.

use crate::analysis::asked;
use crate::analysis::occurrences::{Occurrence, Occurrences, Role, Tail};
use crate::fix::template::{self, Read};
use crate::report::diagnostic::Diagnostic;
use crate::source::Site;

use super::{Context, Rule, fixes, templates};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.django_templates() {
        let found = Occurrences::of(cx.project, file);
        let mut told: Vec<&Occurrence<'_>> = Vec::new();
        for first in &found.all {
            let Role::Test(condition) = first.role else {
                continue;
            };
            let whole = found.condition(condition);
            let inside = |site: Site| whole.contains(site.span);
            if told.iter().any(|old| old.same_value(first) && inside(old.site)) || !runs(cx, first) {
                continue;
            }
            let again: Vec<&Occurrence<'_>> = found
                .all
                .iter()
                .filter(|read| first.is_before(read) && read.is_under(condition))
                .filter(|read| repeats(cx, first, read, condition) && runs(cx, read))
                .collect();
            if again.is_empty() {
                continue;
            }
            told.push(first);
            let name = first.name();
            let message = format!("the condition queries `{name}`, and what it guards queries it again");
            let reads: Vec<Read<'_>> = found
                .all
                .iter()
                .filter(|read| read.same_value(first) && inside(read.site))
                .map(|read| Read::of(read))
                .collect();
            let (help, fix) = template::keep(cx.desk(), file, whole, &reads);
            let mut finding = templates::finding(cx, rule, first, &again, message, help);
            fixes::offer(&mut finding, fix);
            out.push(finding);
        }
    }
}

/// A query of its own that no loop repeats: for rows of a loop, a prefetch is the better change.
fn runs(cx: &Context<'_>, read: &Occurrence<'_>) -> bool {
    cx.asks().runs_once(read.site)
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
