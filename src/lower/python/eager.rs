//! Literal lookup paths: what the file says it loads ahead, whoever it is said to.
//! Knows the names of the calls and attributes that take such paths, not what they mean.

use crate::ir::{Arg, ArgKind, Expr, ExprKind};
use crate::source::Sym;

/// Adds the paths given to a call of `callee`.
pub(super) fn of_call(callee: Sym, args: &[Arg], paths: &mut Vec<Sym>) {
    match callee.as_str() {
        "extend" | "append" | "add" => {
            for arg in args {
                paths.extend(arg.value.as_str().filter(|text| is_path(text.as_str())));
                of_paths(&arg.value, paths);
            }
        }
        "select_related" | "prefetch_related" => of_args(args, 0, paths),
        "prefetch_related_objects" | "aprefetch_related_objects" => of_args(args, 1, paths),
        "Prefetch" => {
            let lookup = args.iter().enumerate().find_map(|(n, arg)| match arg.kind {
                ArgKind::Positional if n == 0 => Some(&arg.value),
                ArgKind::Keyword(name) if name == "lookup" => Some(&arg.value),
                _ => None,
            });
            paths.extend(lookup.and_then(Expr::as_str));
        }
        helper if helper.contains("prefetch") => of_args(args, 0, paths),
        _ => {}
    }
}

/// Adds the paths of a list assigned to `name`.
pub(super) fn of_assign(name: Sym, value: &Expr, paths: &mut Vec<Sym>) {
    if matches!(
        name.as_str(),
        "list_select_related"
            | "select_related"
            | "prefetch_related"
            | "prefetch_related_fields"
            | "select_related_fields"
    ) {
        of_list(value, paths);
    } else {
        of_paths(value, paths);
    }
}

/// Adds the items of a list that can only be lookup paths, whatever the list is for.
fn of_paths(value: &Expr, paths: &mut Vec<Sym>) {
    if let ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) = &value.kind {
        paths.extend(
            items
                .iter()
                .filter_map(Expr::as_str)
                .filter(|text| is_path(text.as_str())),
        );
    }
}

/// `a__b`: identifiers joined by double underscores.
fn is_path(text: &str) -> bool {
    let mut parts = 0;
    let plain = text.split("__").all(|part| {
        parts += 1;
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    plain && parts > 1
}

fn of_args(args: &[Arg], skip: usize, paths: &mut Vec<Sym>) {
    let placed = args
        .iter()
        .filter(|arg| matches!(arg.kind, ArgKind::Positional | ArgKind::Star));
    for arg in placed.skip(skip) {
        paths.extend(arg.value.as_str());
        of_list(&arg.value, paths);
    }
}

fn of_list(value: &Expr, paths: &mut Vec<Sym>) {
    if let ExprKind::List(items) | ExprKind::Tuple(items) = &value.kind {
        paths.extend(items.iter().filter_map(Expr::as_str));
    }
}
