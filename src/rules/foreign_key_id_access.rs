//! DJP108: `row.fk.id` loads a row for a value that `row.fk_id` holds already.

use crate::analysis::event::Access;
use crate::analysis::judge::Judged;
use crate::fix::{Edit, Fix, Safety, key_column};
use crate::project::models::ModelAttr;
use crate::project::{FuncId, ModelId};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::Sym;

use super::findings::{load_labels, severity};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut first_reads = rustc_hash::FxHashSet::default();
    for judged in cx.judged.iter().filter(|j| wasteful(cx, j)) {
        let site = judged.load.site;
        let name = judged.load.attr;
        if !seen.insert(site) || !first_reads.insert(in_hand(judged)) {
            continue;
        }
        let model = cx.project.model(judged.load.row.model);
        let mut labels = if judged.repeated {
            load_labels(vec![judged], judged.place)
        } else {
            Vec::new()
        };
        labels.retain(|l| l.site != site);
        labels.insert(
            0,
            Label {
                site,
                role: Role::Access,
                message: format!("`{name}` is loaded only for its key"),
            },
        );
        out.push(Diagnostic {
            rule: rule.name,
            code: rule.code,
            group: rule.group,
            severity: severity(cx, rule, [site].into_iter()),
            certainty: if judged.open {
                Certainty::Likely
            } else {
                Certainty::Certain
            },
            message: format!("reading the key of `{name}` through the related row loads that row"),
            help: Some(format!(
                "use `{name}_id`: the key is a column of `{}`",
                model.name
            )),
            file: site.file,
            span: site.span,
            model: Some(model.label.to_string()),
            relations: vec![name.to_string()],
            fields: Vec::new(),
            queries: Some(if judged.repeated {
                Queries {
                    before: "N".into(),
                    after: "0".into(),
                }
            } else {
                Queries {
                    before: "1".into(),
                    after: "0".into(),
                }
            }),
            endpoints: Vec::new(),
            labels,
            fix: fix(cx, judged),
        });
    }
}

/// A row is loaded for a key that is there already.
fn wasteful(cx: &Context<'_>, judged: &Judged<'_>) -> bool {
    judged.load.access == Access::Key
        && !judged.loaded
        && (judged.repeated || !judged.load.row.shared)
        && !loaded_anyway(cx, judged)
}

/// Reads with the same answer share the related row: the first of them loads it.
fn in_hand(judged: &Judged<'_>) -> (FuncId, ModelId, String, Sym) {
    let row = &judged.load.row;
    (judged.func, row.model, row.path(), judged.load.attr)
}

/// The column instead of the relation, wherever the function reads this key: otherwise the next read would load
/// the row. Null keys differ (`None.id` is an error), and so may rows that others pass to the function.
fn fix(cx: &Context<'_>, first: &Judged<'_>) -> Option<Fix> {
    let name = first.load.attr;
    let column = format!("{name}_id");
    let model = first.load.row.model;
    let Some(ModelAttr::Attname(rel)) = cx.project.model_attr(model, Sym::new(&column)) else {
        return None;
    };
    let relation = cx.project.relation(rel);
    if relation.name != name {
        return None;
    }
    let reads = cx
        .judged
        .iter()
        .filter(|j| wasteful(cx, j) && in_hand(j) == in_hand(first));
    let mut safety = if relation.null {
        Safety::Unsafe
    } else {
        Safety::Safe
    };
    let mut edits: Vec<Edit> = Vec::new();
    for read in reads {
        edits.push(key_column(&cx.trees, read.load.site, name.as_str())?);
        if read.open || !read.load.calls.is_empty() {
            safety = Safety::Unsafe;
        }
    }
    edits.sort();
    edits.dedup();
    Some(Fix {
        safety,
        title: format!("use `{column}`"),
        edits,
        migrations: Vec::new(),
    })
}

/// The same function reads more of the related row, so that it is in memory anyway.
fn loaded_anyway(cx: &Context<'_>, key: &Judged<'_>) -> bool {
    cx.judged.iter().any(|other| {
        other.load.access == Access::One
            && other.func == key.func
            && other.load.attr == key.load.attr
            && other.load.row.model == key.load.row.model
            && other.load.row.path() == key.load.row.path()
    })
}
