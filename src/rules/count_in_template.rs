//! DJP410: a template counts rows with a query although it loads them, or loads them only to count them.

use crate::analysis::occurrences::{Occurrence, Occurrences, Role, Tail};
use crate::fix::template::{self, Read};
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, fixes, query_in_template_condition, templates};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for file in cx.project.django_templates() {
        let found = Occurrences::of(cx.project, file);
        let mut told: Vec<&Occurrence<'_>> = Vec::new();
        // What keeps a value for a condition and all behind it serves its counts as well.
        let guards = query_in_template_condition::guards(cx, file, &found);
        let kept = |read: &Occurrence<'_>| {
            guards
                .iter()
                .any(|guard| guard.first.same_value(read) && guard.whole.contains(read.site.span))
        };
        for read in found
            .all
            .iter()
            .filter(|read| cx.asks().runs_once(read.site) && !kept(read))
        {
            let finding = match read.tail {
                Tail::Count => beside(cx, rule, &found, read, &told),
                Tail::Length => alone(cx, rule, &found, read),
                Tail::Rows | Tail::Exists => None,
            };
            if finding.is_some() {
                told.push(read);
            }
            out.extend(finding);
        }
    }
}

/// The rows are loaded in any case.
fn beside(
    cx: &Context<'_>,
    rule: &Rule,
    found: &Occurrences<'_>,
    count: &Occurrence<'_>,
    told: &[&Occurrence<'_>],
) -> Option<Diagnostic> {
    let rows = found.all.iter().find(|rows| {
        let guarded = matches!(count.role, Role::Test(condition) if rows.is_under(condition));
        // A queryset in a variable keeps its rows: counting them afterwards is free.
        let costs = rows.all || count.is_before(rows);
        rows.tail == Tail::Rows
            && rows.role == Role::Iter
            && rows.same_value(count)
            && rows.surrounds(count)
            && costs
            && !guarded
            && cx.asks().runs_once(rows.site)
    })?;
    // One `{% with %}` serves all counts of a related set.
    if rows.all && told.iter().any(|old| old.same_value(count)) {
        return None;
    }
    let name = count.name();
    let message = format!("`{name}` is counted with a query, and its rows are loaded all the same");
    let (help, fix) = if rows.all {
        let help = format!(
            "keep the rows, `{{% with … %}}` around both, and count them with `|length`: `{name}.all` is a new queryset each time"
        );
        (help, Err("the two places may be far apart"))
    } else {
        let help = format!("use `{name}|length`: it loads the rows that the loop then has");
        (help, template::counted(cx.desk(), Read::of(count, false)))
    };
    let mut finding = templates::finding(cx, rule, count, &[rows], message, help);
    fixes::offer(&mut finding, fix);
    Some(finding)
}

/// Rows of a new queryset that nothing else can use.
fn alone(
    cx: &Context<'_>,
    rule: &Rule,
    found: &Occurrences<'_>,
    length: &Occurrence<'_>,
) -> Option<Diagnostic> {
    let shared =
        |read: &Occurrence<'_>| read.site != length.site && read.same_value(length) && read.together(length);
    if !length.all || found.all.iter().any(shared) {
        return None;
    }
    let name = length.name();
    let message = format!("all rows of `{name}` are loaded to be counted");
    let help = format!("use `{name}.count`, which the database answers with a number");
    let mut finding = templates::finding(cx, rule, length, &[], message, help);
    finding.queries = None;
    fixes::offer(&mut finding, template::asked(cx.desk(), Read::of(length, true)));
    Some(finding)
}
