//! Fixes that several rules offer.

use crate::analysis::value::Query;
use crate::fix::eager::{self, Target, Wanted};
use crate::fix::{Fix, Refusal};
use crate::report::diagnostic::Diagnostic;

use super::Context;
use super::findings::Group;

/// Loads the paths where the rows of the group are fetched.
pub(super) fn eager(cx: &Context<'_>, group: &Group<'_, '_>, wanted: &Wanted) -> Result<Fix, Refusal> {
    let other = cx
        .judged
        .iter()
        .any(|j| j.place == group.place && j.model != group.model);
    if other {
        return Err("rows of several models are fetched there");
    }
    let queries: Vec<&Query> = group.judged.iter().filter_map(|j| j.query.as_deref()).collect();
    let target = Target {
        site: group.place,
        model: group.model,
        queries: &queries,
    };
    eager::fix(cx.project, &cx.trees, target, wanted)
}

/// Gives the finding its fix, or says in its help why there is none.
pub(super) fn offer(found: &mut Diagnostic, fix: Result<Fix, Refusal>) {
    match (fix, &mut found.help) {
        (Ok(fix), _) => found.fix = Some(fix),
        (Err(reason), Some(help)) => help.push_str(&format!(" (not done automatically: {reason})")),
        (Err(_), None) => {}
    }
}
