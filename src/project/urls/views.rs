//! What stands as the view of a pattern: functions, `as_view()`, and either of them in decorators.

use super::super::{Def, Project};
use super::table;
use super::{AsView, ViewRef};
use crate::ir::{Call, Expr, ExprKind};
use crate::source::{FileId, Sym};

/// A view with what `as_view` was given.
#[derive(Debug)]
pub(super) struct Seen {
    pub view: ViewRef,
    pub as_view: Option<AsView>,
    pub actions: Vec<(Sym, Sym)>,
}

impl Seen {
    fn plain(view: ViewRef) -> Self {
        Self {
            view,
            as_view: None,
            actions: Vec::new(),
        }
    }
}

const MAX_DEPTH: u32 = 12;

/// The view that an expression at module level of `file` stands for.
pub(super) fn view(project: &Project, file: FileId, expr: &Expr) -> Seen {
    find(project, file, expr, MAX_DEPTH).unwrap_or_else(|| Seen::plain(ViewRef::Other))
}

fn find(project: &Project, file: FileId, expr: &Expr, depth: u32) -> Option<Seen> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Attr(_) => match project.resolve_expr(file, expr)? {
            Def::Func(func) => Some(Seen::plain(ViewRef::Func(func))),
            Def::Assign(from, idx) => {
                let value = project.file(from).facts.assigns[idx as usize].value.as_deref()?;
                find(project, from, value, depth)
            }
            Def::External(dotted) => Some(Seen::plain(ViewRef::External(dotted))),
            _ => None,
        },
        // A view named by text, as Django before 1.10 allowed.
        ExprKind::Const(_) => match project.dotted(file, expr.as_str()?.as_str())? {
            Def::Func(func) => Some(Seen::plain(ViewRef::Func(func))),
            _ => None,
        },
        ExprKind::Call(call) => called(project, file, call, depth),
        _ => None,
    }
}

fn called(project: &Project, file: FileId, call: &Call, depth: u32) -> Option<Seen> {
    if let ExprKind::Attr(attr) = &call.func.kind
        && table::is_as_view(attr.name.as_str())
    {
        let view = class(project, file, &attr.base, depth)?;
        let actions = call.positional(0).or(call.keyword("actions"));
        return Some(Seen {
            view,
            actions: actions.map(literal_pairs).unwrap_or_default(),
            as_view: Some(AsView {
                file,
                call: call.clone(),
            }),
        });
    }
    // `LatestEntries()`: instances of feeds and wizards are called.
    if let Some(Def::Class(class)) = project.resolve_expr(file, &call.func) {
        return Some(Seen::plain(ViewRef::Class(class)));
    }
    // `login_required(view)`, `cache_page(60)(View.as_view())`
    let inner = |arg: &Expr| find(project, file, arg, depth);
    let known = |seen: &Seen| seen.as_view.is_some() || !matches!(seen.view, ViewRef::External(_));
    call.args.iter().filter_map(|arg| inner(&arg.value)).find(known)
}

/// The class that `as_view` is called on.
pub(super) fn class(project: &Project, file: FileId, expr: &Expr, depth: u32) -> Option<ViewRef> {
    let depth = depth.checked_sub(1)?;
    match project.resolve_expr(file, expr)? {
        Def::Class(class) => Some(ViewRef::Class(class)),
        Def::External(dotted) => Some(ViewRef::External(dotted)),
        Def::Assign(from, idx) => {
            let value = project.file(from).facts.assigns[idx as usize].value.as_deref()?;
            class(project, from, value, depth)
        }
        _ => None,
    }
}

/// `{"get": "list"}`
fn literal_pairs(expr: &Expr) -> Vec<(Sym, Sym)> {
    let ExprKind::Dict(items) = &expr.kind else {
        return Vec::new();
    };
    let pair = |item: &crate::ir::DictItem| Some((item.key.as_ref()?.as_str()?, item.value.as_str()?));
    items.iter().filter_map(pair).collect()
}
