//! DJP309: a migration builds an index while nobody can write to its table.

use crate::analysis::locks;
use crate::fix::index;
use crate::report::diagnostic::Diagnostic;

use super::{Context, Rule, fixes, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for found in locks::locking(cx.project) {
        if !indexes::concurrently(cx, found.table) {
            continue;
        }
        let name = cx.project.model(found.table).name;
        let message = format!("writes to `{name}` wait until this index is built");
        let mut diagnostic = indexes::diagnostic(cx, rule, found.table, found.site, message, &[]);
        diagnostic.labels[0].message = "this operation".into();
        diagnostic.fields = found.fields.iter().map(|field| field.to_string()).collect();
        diagnostic.help =
            Some("build it with `AddIndexConcurrently`, in a migration with `atomic = False`".into());
        fixes::offer(&mut diagnostic, index::concurrent(&cx.desk(), found.site));
        out.push(diagnostic);
    }
}
