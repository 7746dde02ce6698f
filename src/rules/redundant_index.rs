//! DJP304: an index that another index makes superfluous.

use crate::analysis::advice;
use crate::fix::index;
use crate::project::indexes::{Index, IndexOrigin, Part};
use crate::report::diagnostic::{Diagnostic, Label, Role};

use super::wording::list;
use super::{Context, Rule, fixes, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let found = advice::redundant(cx.project, &cx.workload().predicates);
    for found in found.into_iter().filter(|found| cx.preview || !found.small) {
        let name = cx.project.model(found.table).name;
        let (mine, other) = (fields(found.index), fields(found.by));
        let same = mine.len() == other.len();
        let message = if same {
            format!(
                "the index of `{name}` on {} is there twice: {}",
                list(&mine),
                kind(found.by)
            )
        } else {
            format!(
                "the index of `{name}` on {} is the beginning of another: {} on {}",
                list(&mine),
                kind(found.by),
                list(&other)
            )
        };
        let mut diagnostic = indexes::diagnostic(cx, rule, found.table, found.index.site, message, &[]);
        diagnostic.fields = mine;
        diagnostic.help =
            Some("drop it: it finds no row that the other does not find, and every write keeps both".into());
        diagnostic.labels[0].message = "this index".into();
        if found.by.site != found.index.site {
            diagnostic.labels.push(Label {
                site: found.by.site,
                role: Role::Model,
                message: "this one serves the same queries".into(),
            });
        }
        fixes::offer(
            &mut diagnostic,
            index::remove(
                &cx.desk(),
                found.table,
                found.index.site,
                indexes::concurrently(cx, found.table),
            ),
        );
        out.push(diagnostic);
    }
}

fn fields(index: &Index) -> Vec<String> {
    let name = |part: Part| match part {
        Part::Field(field) => Some(field),
        _ => None,
    };
    index
        .columns
        .iter()
        .filter_map(|c| Some(indexes::column(&(name(c.part)?, c.descending))))
        .collect()
}

fn kind(index: &Index) -> &'static str {
    match index.origin {
        IndexOrigin::PrimaryKey => "the primary key",
        IndexOrigin::UniqueField => "`unique=True`",
        IndexOrigin::DbIndex => "the index of the field itself",
        IndexOrigin::ForeignKey => "Django's own index of the foreign key",
        IndexOrigin::Constraint => "a constraint",
        IndexOrigin::UniqueTogether => "`unique_together`",
        IndexOrigin::IndexTogether => "`index_together`",
        _ => "an index",
    }
}
