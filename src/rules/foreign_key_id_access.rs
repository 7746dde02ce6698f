//! DJP108: `row.fk.id` loads a row for a value that `row.fk_id` holds already.

use crate::analysis::event::Access;
use crate::analysis::judge::Judged;
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};

use super::findings::{load_labels, severity};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut first_reads = rustc_hash::FxHashSet::default();
    for judged in cx.judged.iter().filter(|j| {
        j.load.access == Access::Key
            && !j.loaded
            && (j.repeated || !j.load.row.shared)
            && !loaded_anyway(cx, j)
    }) {
        let site = judged.load.site;
        let name = judged.load.attr;
        let in_hand = (judged.func, judged.load.row.model, judged.load.row.path(), name);
        if !seen.insert(site) || !first_reads.insert(in_hand) {
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
            fix: None,
        });
    }
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
