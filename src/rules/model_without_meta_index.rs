//! DJP310: `index_together`, which Django 5.1 no longer knows.

use crate::analysis::advice;
use crate::project::indexes::IndexOrigin;
use crate::report::diagnostic::Diagnostic;

use super::wording::list;
use super::{Context, Rule, indexes};

/// The release that deprecates it.
const DEPRECATED: (u16, u16) = (4, 2);

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let version = cx.project.hints.django_version;
    if !cx.preview && version.is_some_and(|v| v < DEPRECATED) {
        return;
    }
    for model in cx
        .project
        .models()
        .iter()
        .filter(|m| advice::is_ours(cx.project, m.id))
    {
        for index in cx.project.indexes(model.id) {
            if index.origin != IndexOrigin::IndexTogether {
                continue;
            }
            let fields: Vec<String> = index
                .columns
                .iter()
                .filter_map(|c| Some(c.plain()?.to_string()))
                .collect();
            let message = format!(
                "`index_together` on {} of `{}`: Django 5.1 removed it, and the model cannot be loaded there",
                list(&fields),
                model.name
            );
            let mut found = indexes::diagnostic(cx, rule, model.id, index.site, message, &[]);
            found.help =
                Some("declare it in `Meta.indexes`; `RenameIndex` in the migration keeps the index".into());
            found.fields = fields;
            out.push(found);
        }
    }
}
