//! Lists and constants that class bodies put together from literals and names.

use crate::facts::AssignFacts;
use crate::ir::{BinOp, Call, Const, Expr, ExprKind};
use crate::source::{FileId, Sym};

use crate::project::meta::{self, Setting};
use crate::project::{ClassId, Def, Member, Project};

/// Where names are looked up: in a class body, then in its module.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub file: FileId,
    pub class: Option<ClassId>,
}

impl Scope {
    pub fn of(project: &Project, class: ClassId) -> Self {
        Self {
            file: project.class(class).file,
            class: Some(class),
        }
    }
}

/// How deep names are followed, and how many items there may be.
pub(super) const MAX_DEPTH: u32 = 12;
const MAX_ITEMS: usize = 500;

/// The items of a list, each with the place where its names mean something; false when some cannot be read.
pub(super) fn items<'p>(
    project: &'p Project,
    scope: Scope,
    expr: &'p Expr,
    depth: u32,
    out: &mut Vec<(Scope, &'p Expr)>,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    if out.len() > MAX_ITEMS {
        return false;
    }
    match &expr.kind {
        ExprKind::List(items_) | ExprKind::Tuple(items_) | ExprKind::Set(items_) => {
            let mut whole = true;
            for item in items_ {
                match &item.kind {
                    ExprKind::Starred(inner) => whole &= items(project, scope, inner, depth, out),
                    _ => out.push((scope, item)),
                }
            }
            whole
        }
        ExprKind::Binary(binary) if binary.op == BinOp::Add => {
            let left = items(project, scope, &binary.left, depth, out);
            items(project, scope, &binary.right, depth, out) && left
        }
        // `["gin_trgm_ops"] * 3`: nothing else can be done with a list and a number.
        ExprKind::Binary(binary) if binary.op == BinOp::Mul => {
            match (&binary.left.kind, &binary.right.kind) {
                (ExprKind::List(_), ExprKind::Const(Const::Int(times @ 0..=32))) => (0..*times)
                    .fold(true, |whole, _| {
                        items(project, scope, &binary.left, depth, out) && whole
                    }),
                _ => false,
            }
        }
        ExprKind::Call(call) => match copied(call) {
            Some(inner) => items(project, scope, inner, depth, out),
            None => false,
        },
        ExprKind::Name(_) | ExprKind::Attr(_) => {
            let Some((scope, assigns)) = assigned(project, scope, expr) else {
                return false;
            };
            of_assigns(project, scope, &assigns, depth, out)
        }
        // Either branch: what there is may be there, and something may be missing.
        ExprKind::IfElse(choice) => {
            items(project, scope, &choice.then, depth, out);
            items(project, scope, &choice.orelse, depth, out);
            false
        }
        _ => false,
    }
}

/// The items of a name that is assigned once and added to.
pub(super) fn of_assigns<'p>(
    project: &'p Project,
    scope: Scope,
    assigns: &[&'p AssignFacts],
    depth: u32,
    out: &mut Vec<(Scope, &'p Expr)>,
) -> bool {
    let mut whole = !assigns.is_empty();
    for value in assigns.iter().filter_map(|a| a.value.as_deref()) {
        whole &= items(project, scope, value, depth, out);
    }
    whole
}

/// `x` of `list(x)`, `tuple(x)` and `x.copy()`.
fn copied(call: &Call) -> Option<&Expr> {
    match &call.func.kind {
        ExprKind::Name(name) if ["list", "tuple"].contains(&name.as_str()) && call.args.len() == 1 => {
            call.positional(0)
        }
        ExprKind::Attr(attr) if attr.name == "copy" && call.args.is_empty() => Some(&attr.base),
        _ => None,
    }
}

/// The assignments that a name or an attribute of a class or module stands for, and where they stand.
pub(super) fn assigned<'p>(
    project: &'p Project,
    scope: Scope,
    expr: &Expr,
) -> Option<(Scope, Vec<&'p AssignFacts>)> {
    match &expr.kind {
        ExprKind::Name(name) => {
            if let Some(class) = scope.class {
                let own = last(project.class_facts(class).assigns.iter(), *name);
                if !own.is_empty() {
                    return Some((scope, own));
                }
            }
            of_module(project, project.lookup(scope.file, *name)?)
        }
        ExprKind::Attr(attr) => match project.resolve_expr(scope.file, &attr.base)? {
            Def::Class(class) => match meta::option(project, class, attr.name.as_str()) {
                Setting::Assigns(owner, assigns) => Some((Scope::of(project, owner), assigns)),
                _ => None,
            },
            _ => of_module(project, project.resolve_expr(scope.file, expr)?),
        },
        _ => None,
    }
}

fn of_module(project: &Project, def: Def) -> Option<(Scope, Vec<&AssignFacts>)> {
    let Def::Assign(file, idx) = def else {
        return None;
    };
    let facts = &project.file(file).facts;
    let found = last(facts.assigns.iter(), facts.assigns[idx as usize].name);
    Some((Scope { file, class: None }, found))
}

/// The last plain assignment of a name, and what is added to it.
fn last<'p>(assigns: impl Iterator<Item = &'p AssignFacts>, name: Sym) -> Vec<&'p AssignFacts> {
    let all: Vec<&AssignFacts> = assigns.filter(|a| a.name == name && a.value.is_some()).collect();
    let first = all.iter().rposition(|a| !a.augmented).unwrap_or(0);
    all[first..].to_vec()
}

/// The strings of a list; `None` in place of what is no literal. The outer `None`: no list.
pub(super) fn strings(project: &Project, scope: Scope, expr: &Expr) -> Option<Vec<Option<Sym>>> {
    let mut found = Vec::new();
    let whole = items(project, scope, expr, MAX_DEPTH, &mut found);
    whole.then(|| {
        let texts = found
            .iter()
            .map(|(scope, item)| match constant(project, *scope, item, 4) {
                Some(Const::Str(text)) => Some(text),
                _ => None,
            });
        texts.collect()
    })
}

/// The constant that an expression stands for: a literal, a name for one, or a member of an enumeration.
pub(super) fn constant(project: &Project, scope: Scope, expr: &Expr, depth: u32) -> Option<Const> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Const(Const::Other) => None,
        ExprKind::Const(value) => Some(*value),
        ExprKind::Attr(attr) if attr.name == "value" => constant(project, scope, &attr.base, depth),
        ExprKind::Attr(attr) => match project.resolve_expr(scope.file, &attr.base)? {
            Def::Class(class) => {
                let (owner, member) = project.class_member(class, attr.name)?;
                let Member::Assign(idx) = member else { return None };
                let value = project.class_facts(owner).assigns[idx as usize].value.as_ref()?;
                let scope = Scope::of(project, owner);
                match &value.kind {
                    // `OPEN = "open", "Open"`
                    ExprKind::Tuple(pair) => constant(project, scope, pair.first()?, depth),
                    _ => constant(project, scope, value, depth),
                }
            }
            _ => single(project, scope, expr, depth),
        },
        ExprKind::Name(_) => single(project, scope, expr, depth),
        _ => None,
    }
}

fn single(project: &Project, scope: Scope, expr: &Expr, depth: u32) -> Option<Const> {
    let (scope, assigns) = assigned(project, scope, expr)?;
    match assigns[..] {
        [one] => constant(project, scope, one.value.as_ref()?, depth),
        _ => None,
    }
}
