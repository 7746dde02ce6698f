//! `class Meta` of models: which one governs a model, and its options.
//!
//! Follows `ModelBase.__new__` and `Options.contribute_to_class` of Django: a model without a `Meta` of its own has that
//! of the first abstract model among its bases, and one that derives from another's has what that sets. Indexes and
//! constraints are read by `indexes`.

use crate::facts::AssignFacts;
use crate::ir::{Const, Expr, ExprKind};
use crate::source::Sym;

use super::models::Meta;
use super::{ClassId, ClassRef, Member, Project};

/// The `Meta` written in the body of a class.
pub(super) fn own(project: &Project, id: ClassId) -> Option<ClassId> {
    match project.class(id).members.get(&Sym::new("Meta"))? {
        Member::Class(meta) => Some(*meta),
        _ => None,
    }
}

pub(super) fn is_abstract(project: &Project, id: ClassId) -> bool {
    own(project, id).is_some_and(|meta| {
        project.class_facts(meta).assigns.iter().any(|a| {
            a.name == "abstract"
                && a.value
                    .as_ref()
                    .is_some_and(|v| matches!(v.kind, ExprKind::Const(Const::True)))
        })
    })
}

/// Which `Meta` a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Governing {
    None,
    Class(ClassId),
    /// A base that is not at hand comes first, and may have one.
    Outside,
}

pub(super) fn governing(project: &Project, id: ClassId) -> Governing {
    if let Some(own) = own(project, id) {
        return Governing::Class(own);
    }
    for base in project.class(id).mro.iter().skip(1) {
        match base {
            // Only abstract models keep theirs as an attribute.
            ClassRef::Known(base) if is_abstract(project, *base) => {
                return own(project, *base).map_or(Governing::None, Governing::Class);
            }
            ClassRef::Known(_) => {}
            ClassRef::External(name) if is_harmless(*name) => {}
            ClassRef::External(_) => return Governing::Outside,
        }
    }
    match project.class(id).bases.is_empty() && project.class(id).open {
        true => Governing::Outside,
        false => Governing::None,
    }
}

/// Bases outside the project that bring no `Meta`: Django's are declared in stubs where they do.
fn is_harmless(dotted: Sym) -> bool {
    super::bases::is_model_base(dotted.as_str())
        || dotted.as_str().starts_with("django.")
        || dotted.as_str().starts_with("builtins.")
}

/// What sets an option of a `Meta`.
pub(super) enum Setting<'p> {
    Absent,
    /// The class whose body sets it, and the assignments that count: the last plain one and what is added to it.
    Assigns(ClassId, Vec<&'p AssignFacts>),
    /// A base that is not at hand may set it.
    Outside,
}

pub(super) fn option<'p>(project: &'p Project, meta: ClassId, name: &str) -> Setting<'p> {
    for base in &project.class(meta).mro {
        match base {
            ClassRef::Known(class) => {
                let all = project.class_facts(*class).assigns.iter();
                let all: Vec<&AssignFacts> = all.filter(|a| a.name == *name && a.value.is_some()).collect();
                if let Some(first) = all
                    .iter()
                    .rposition(|a| !a.augmented)
                    .or(all.len().checked_sub(1))
                {
                    let added = project.class_facts(*class).added.iter();
                    let added = added.filter(|a| a.name == *name && a.span.start > all[first].span.start);
                    return Setting::Assigns(*class, all[first..].iter().copied().chain(added).collect());
                }
            }
            ClassRef::External(name) if is_harmless(*name) => {}
            ClassRef::External(_) => return Setting::Outside,
        }
    }
    let class = project.class(meta);
    let written = project.class_facts(meta).bases.len();
    match class.open && class.bases.len() < written {
        true => Setting::Outside,
        false => Setting::Absent,
    }
}

/// The options of a model that matter to queries; `is_model` tells its bases from other classes.
pub(super) fn read(project: &Project, id: ClassId, is_model: &[bool]) -> Meta {
    let mut meta = Meta {
        managed: true,
        ..Meta::default()
    };
    let own = own(project, id);
    if let Governing::Class(class) = governing(project, id) {
        for base in project.class(class).mro.iter().rev() {
            if let ClassRef::Known(base) = base {
                let here = own == Some(class) && *base == class;
                for assign in &project.class_facts(*base).assigns {
                    set(&mut meta, assign, here);
                }
            }
        }
    }
    if !meta.abstract_ {
        inherit_order(project, id, is_model, &mut meta, 8);
    }
    meta
}

/// A concrete first parent gives `ordering` and `get_latest_by`, unless the child's `Meta` has its own.
fn inherit_order(project: &Project, id: ClassId, is_model: &[bool], meta: &mut Meta, depth: u32) {
    let mut bases = project
        .class(id)
        .mro
        .iter()
        .skip(1)
        .filter_map(|base| match base {
            ClassRef::Known(base) if is_model[base.0 as usize] => Some(*base),
            _ => None,
        });
    let Some(parent) = bases.next().filter(|parent| !is_abstract(project, *parent)) else {
        return;
    };
    let has = |name: &str| match governing(project, id) {
        Governing::Class(class) => !matches!(option(project, class, name), Setting::Absent),
        _ => false,
    };
    let (ordering, latest) = (has("ordering"), has("get_latest_by"));
    if depth == 0 || ordering && latest {
        return;
    }
    let mut inherited = Meta::default();
    if let Governing::Class(class) = governing(project, parent) {
        for base in project.class(class).mro.iter().rev() {
            if let ClassRef::Known(base) = base {
                for assign in &project.class_facts(*base).assigns {
                    set(&mut inherited, assign, false);
                }
            }
        }
    }
    inherit_order(project, parent, is_model, &mut inherited, depth - 1);
    if !ordering {
        meta.ordering = inherited.ordering;
        meta.ordered |= inherited.ordered;
    }
    if !latest {
        meta.get_latest_by = inherited.get_latest_by;
    }
}

fn set(meta: &mut Meta, assign: &AssignFacts, own: bool) {
    let Some(value) = &assign.value else { return };
    let truth = matches!(value.kind, ExprKind::Const(Const::True));
    match assign.name.as_str() {
        "abstract" if own => meta.abstract_ = truth,
        "proxy" if own => meta.proxy = truth,
        "managed" => meta.managed = !matches!(value.kind, ExprKind::Const(Const::False)),
        "app_label" => meta.app_label = value.as_str(),
        "db_table" => meta.db_table = value.as_str(),
        "ordering" => {
            meta.ordering = strings(value);
            meta.ordered = !matches!(&value.kind, ExprKind::List(v) | ExprKind::Tuple(v) if v.is_empty());
        }
        "order_with_respect_to" => {
            meta.ordered = true;
            meta.order_with_respect_to = value.as_str();
        }
        "get_latest_by" => meta.get_latest_by = strings(value),
        "default_related_name" => meta.default_related_name = value.as_str(),
        "default_manager_name" => meta.default_manager_name = value.as_str(),
        "base_manager_name" => meta.base_manager_name = value.as_str(),
        _ => {}
    }
}

fn strings(value: &Expr) -> Vec<Sym> {
    match &value.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
            items.iter().filter_map(Expr::as_str).collect()
        }
        _ => value.as_str().into_iter().collect(),
    }
}
