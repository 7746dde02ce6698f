//! DJP308: a row is made unless it is there, and nothing keeps two of them from being made.

use rustc_hash::FxHashSet;

use crate::analysis::advice;
use crate::fix::index;
use crate::report::diagnostic::Diagnostic;

use super::wording::list;
use super::{Context, Rule, fixes, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = FxHashSet::default();
    for one in advice::racing(cx.project, &cx.workload().predicates) {
        let site = one.written();
        if !seen.insert(site) {
            continue;
        }
        let name = cx.project.model(one.table).name;
        let fields: Vec<String> = one.equal.iter().map(|t| t.field.to_string()).collect();
        let op = one.op.map_or("get_or_create", |op| op.as_str());
        let message = format!(
            "`{op}()` looks for `{name}` by {}, which no unique constraint covers: two requests make two rows",
            list(&fields)
        );
        let mut found = indexes::diagnostic(cx, rule, one.table, site, message, &[]);
        found.labels[0].message = "this call".into();
        found.help = Some(format!(
            "add `models.UniqueConstraint(fields=[{}], name=…)` to the constraints of `{name}`, once there are no duplicates",
            fields
                .iter()
                .map(|f| format!("\"{f}\""))
                .collect::<Vec<_>>()
                .join(", ")
        ));
        found.fields = fields;
        let columns: Vec<_> = one.equal.iter().map(|t| t.field).collect();
        fixes::offer(&mut found, index::unique(&cx.desk(), one.table, &columns));
        out.push(found);
    }
}
