//! Views of REST framework that answer with all rows of a table: routed lists that say nothing of pages.
//!
//! Reads what classes declare. A view that narrows its rows in code, or that takes anything from a base that is not
//! known, is left out; which pagination holds by default is not known here.

use crate::ir::{Expr, ExprKind};
use crate::project::urls::{Endpoint, ViewRef};
use crate::project::{ClassId, ClassRef, Def, Member, ModelId, Part, Project};
use crate::source::{FileId, Site, Sym};

use super::{advice, rest_framework};

/// A list of all rows.
pub struct Listed {
    pub class: ClassId,
    pub model: ModelId,
    /// As a reader would write it.
    pub pattern: Sym,
    /// The queryset that the class declares.
    pub site: Site,
}

/// The lists over tables whose rows pile up, each view once, in the order of their patterns.
pub fn whole_tables(project: &Project) -> Vec<Listed> {
    let mut out: Vec<Listed> = Vec::new();
    for endpoint in project.endpoints() {
        if let Some(listed) = listed(project, endpoint)
            && out.iter().all(|known| known.class != listed.class)
            && advice::piles_up(project, listed.model)
        {
            out.push(listed);
        }
    }
    out
}

fn listed(project: &Project, endpoint: &Endpoint) -> Option<Listed> {
    let ViewRef::Class(class) = endpoint.view else {
        return None;
    };
    let lists = rest_framework::lists();
    let answers = |(method, action): &(Sym, Sym)| *method == "get" && *action == "list";
    let by_keyword = endpoint
        .as_view
        .as_ref()
        .is_some_and(|view| !view.call.args.is_empty());
    let routed = endpoint.actions.is_empty() && !by_keyword || endpoint.actions.iter().any(answers);
    let own = project.file(project.class(class).file).part == Part::Source;
    if !routed || !own || !project.derives_from(class, &[&lists.base]) || !is_known(project, class) {
        return None;
    }
    let narrowed = lists.narrowing.iter().any(|name| {
        let member = project.class_member(class, Sym::new(name));
        member.is_some_and(|(holder, _)| !project.is_stub(project.class(holder).file))
    });
    let (holder, Member::Assign(idx)) = project.class_member(class, Sym::new("queryset"))? else {
        return None;
    };
    let file = project.class(holder).file;
    let value = project.class_facts(holder).assigns[idx as usize]
        .value
        .as_deref()?;
    let model = all_rows(project, file, value)?;
    (!narrowed).then_some(Listed {
        class,
        model,
        pattern: endpoint.pattern,
        site: Site::new(file, value.span),
    })
}

/// All bases are the project's own or REST framework's.
fn is_known(project: &Project, class: ClassId) -> bool {
    let class = project.class(class);
    !class.open
        && class.mro.iter().all(|base| match base {
            ClassRef::Known(_) => true,
            ClassRef::External(name) => {
                matches!(name.as_str().split('.').next(), Some("rest_framework" | "object"))
            }
        })
}

/// The model whose rows a queryset has, all of them or those with some property: no slice, nothing of one user.
fn all_rows(project: &Project, file: FileId, expr: &Expr) -> Option<ModelId> {
    match &expr.kind {
        ExprKind::Call(call) => {
            let ExprKind::Attr(attr) = &call.func.kind else {
                return None;
            };
            let whole = [
                "all",
                "select_related",
                "prefetch_related",
                "order_by",
                "only",
                "defer",
                "annotate",
                "distinct",
            ];
            match whole.contains(&attr.name.as_str()) {
                true => all_rows(project, file, &attr.base),
                false => None,
            }
        }
        ExprKind::Attr(attr) if attr.name == "objects" => match project.resolve_expr(file, &attr.base)? {
            Def::Class(class) => project.model_of_class(class),
            _ => None,
        },
        _ => None,
    }
}
