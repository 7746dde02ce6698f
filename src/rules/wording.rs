//! Phrases and formulas that several rules share.

use crate::analysis::event::Access;
use crate::analysis::judge::Judged;
use crate::fix::eager::Wanted;
use crate::project::{ModelAttr, Project, RelKind};
use crate::report::diagnostic::Queries;
use crate::source::Site;

use super::findings::Group;

/// `` `a` and `b` ``, `` `a`, `b` and `c` ``.
pub(super) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The lookups that serve all loads of a group: `select_related` where one join per row does,
/// `prefetch_related` behind many-valued and generic relations.
pub(super) fn lookups(project: &Project, group: &Group<'_, '_>, paths: &[String]) -> Wanted {
    let mut wanted = Wanted::default();
    for path in paths {
        let by_join = group
            .judged
            .iter()
            .filter(|j| j.lookup() == *path)
            .all(|j| joinable(project, j));
        if by_join {
            wanted.select.push(project.query_path(group.model, path))
        } else {
            wanted.prefetch.push(path.clone())
        }
    }
    wanted
}

/// What to add a call to, said of the place where the rows are fetched.
pub(super) fn target(project: &Project, place: Site) -> String {
    if project.is_template(place) {
        return "the queryset behind this expression, in the view or in a method of the model".into();
    }
    match project.declaration_at(place) {
        Some((class, Some(attribute))) if attribute == "model" => {
            format!("the rows of `{class}`: give it a `queryset` or a `get_queryset()`")
        }
        Some((_, Some(attribute))) => format!("`{attribute}`"),
        Some((class, None)) => format!("the rows of `{class}`, in its `get_queryset()`"),
        None => "this queryset".into(),
    }
}

/// A path of single-valued relations only, with a known target.
fn joinable(project: &Project, judged: &Judged<'_>) -> bool {
    // A join would fetch again, once per row, what a prefetch shares between rows.
    let prefetched = judged.query.as_ref().is_some_and(|query| {
        let path = judged.lookup();
        query
            .plan
            .prefetch
            .iter()
            .any(|p| path.starts_with(&format!("{}__", p.to)))
    });
    if prefetched {
        return false;
    }
    if judged.behind_many(project) || shares_wide_rows(project, judged) {
        return false;
    }
    match judged.last_attr(project) {
        Some(attr @ (ModelAttr::Forward(_) | ModelAttr::Reverse(_))) => {
            project.attr_single(attr) && project.attr_target(attr).is_some()
        }
        _ => false,
    }
}

/// Wide columns from which on a table is not joined to many rows that share its own.
const MANY_WIDE: usize = 3;

/// A foreign key on the path leads to a table with many wide columns: a join would send them again for each row.
fn shares_wide_rows(project: &Project, judged: &Judged<'_>) -> bool {
    project
        .hops(judged.model, judged.path.iter().copied())
        .any(|hop| {
            let shared =
                matches!(hop.attr, Some(ModelAttr::Forward(rel)) if project.relation(rel).kind == RelKind::ForeignKey);
            shared && hop.target.is_some_and(|target| {
                let fields = &project.model(target).fields;
                fields.iter().filter(|field| field.wide).count() >= MANY_WIDE
            })
        })
}

/// Queries as they are, and with every path of the group loaded eagerly.
pub(super) fn formula(project: &Project, group: &Group<'_, '_>) -> Queries {
    let mut per_row = [0_usize; 4];
    let mut counted: Vec<String> = Vec::new();
    let mut prefetched = 0;
    for judged in &group.judged {
        let lookup = judged.lookup();
        if !counted.contains(&lookup) {
            counted.push(lookup);
            per_row[judged.depth.min(3)] += 1;
            let column = judged.load.access == Access::Column;
            prefetched += usize::from(!column && !joinable(project, judged));
        }
    }
    let names = ["N", "N·M", "N·M·K", "N·M·K·L"];
    let mut before = String::from("1");
    for (count, name) in per_row.iter().zip(names) {
        match count {
            0 => {}
            1 => before.push_str(&format!(" + {name}")),
            n => before.push_str(&format!(" + {n}·{name}")),
        }
    }
    let after = if prefetched == 0 {
        "1".into()
    } else {
        format!("{}", 1 + prefetched)
    };
    Queries { before, after }
}
