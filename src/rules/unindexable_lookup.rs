//! DJP305: a lookup that no plain index can answer decides which rows there are.

use crate::analysis::advice::{self, Unserved};
use crate::analysis::heat::Heat;
use crate::analysis::lookups::{self, Class};
use crate::fix::index::{self, NewIndex};
use crate::fix::{Fix, Refusal};
use crate::project::ColumnKind;
use crate::project::hints::Database;
use crate::report::diagnostic::Diagnostic;
use crate::source::Sym;

use super::{Context, Rule, fixes, indexes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for found in advice::unserved(cx.project, &cx.workload().predicates) {
        let Some((compiled, help)) = remedy(cx, &found).filter(|_| cx.preview || is_sure(cx, &found)) else {
            continue;
        };
        let name = cx.project.model(found.table).name;
        let message = format!("`{}__{}` of `{name}` {compiled}", found.field, found.lookup);
        let site = found.uses[0].written();
        let mut diagnostic = indexes::diagnostic(cx, rule, found.table, site, message, &found.uses);
        diagnostic.labels[0].message = "this comparison".into();
        diagnostic.fields = vec![match found.class {
            Class::Folded | Class::FoldedPrefix => format!("Upper({})", found.field),
            _ => found.field.to_string(),
        }];
        diagnostic.help = Some(help);
        if found.class == Class::Folded {
            fixes::offer(&mut diagnostic, upper(cx, &found));
        }
        out.push(diagnostic);
    }
}

/// A request looks rows up by text without its case, on a database where that has an index of its own.
fn is_sure(cx: &Context<'_>, found: &Unserved) -> bool {
    found.class == Class::Folded
        && !lookups::sounds_like_title(found.field)
        && found.uses.iter().any(|p| p.heat == Heat::Request)
        && cx
            .project
            .runs_only_on(cx.project.model(found.table).site.file, Database::PostgreSql)
}

fn database(cx: &Context<'_>, found: &Unserved) -> Option<Database> {
    cx.project.database(cx.project.model(found.table).site.file)
}

/// An index over the expression that the lookup compares.
fn upper(cx: &Context<'_>, found: &Unserved) -> Result<Fix, Refusal> {
    let functions = Sym::new("django.db.models.functions");
    let new = NewIndex {
        expressions: vec![format!("Upper(\"{}\")", found.field)],
        imports: vec![(functions, Sym::new("Upper"))],
        ..NewIndex::over(found.table, Vec::new())
    };
    index::add(&cx.desk(), &new, indexes::concurrently(cx, found.table))
}

/// What becomes of the lookup, and what serves it.
fn remedy(cx: &Context<'_>, found: &Unserved) -> Option<(String, String)> {
    let field = found.field;
    let postgres = matches!(database(cx, found), None | Some(Database::PostgreSql));
    let member = matches!(
        cx.project.column_kind(found.table, field),
        ColumnKind::Array | ColumnKind::Json
    );
    let upper = || format!("is compiled to `UPPER({field})`, which no index has");
    match found.class {
        Class::Member | Class::Infix if postgres && member => Some((
            "looks into every value".into(),
            format!("add `GinIndex(fields=[\"{field}\"], name=…)`"),
        )),
        Class::Folded if postgres => {
            Some((upper(), format!("add `models.Index(Upper(\"{field}\"), name=…)`")))
        }
        Class::FoldedPrefix if postgres => Some((
            upper(),
            format!("add `models.Index(OpClass(Upper(\"{field}\"), name=\"text_pattern_ops\"), name=…)`"),
        )),
        Class::Prefix if postgres => Some((
            "needs an index with a pattern operator class".into(),
            format!("add `models.Index(fields=[\"{field}\"], opclasses=[\"varchar_pattern_ops\"], name=…)`"),
        )),
        Class::FoldedInfix if postgres => Some((
            upper(),
            format!(
                "add `GinIndex(OpClass(Upper(\"{field}\"), name=\"gin_trgm_ops\"), name=…)`, with the extension pg_trgm"
            ),
        )),
        Class::Infix if postgres => Some((
            "looks into every value".into(),
            format!(
                "add `GinIndex(fields=[\"{field}\"], opclasses=[\"gin_trgm_ops\"], name=…)`, with the extension pg_trgm"
            ),
        )),
        Class::Transformed if found.lookup.as_str().starts_with("date") => Some((
            "computes a date for every row, and no index has it".into(),
            format!("compare `{field}` itself with a range: from the start of the day, and before the next"),
        )),
        Class::Transformed => Some((
            "computes a value for every row, and no index has it".into(),
            "store the value in a column of its own, or add an index over the same expression".into(),
        )),
        _ => None,
    }
}
