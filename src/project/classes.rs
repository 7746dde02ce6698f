//! Classes across files: bases, method resolution order, members.

use rustc_hash::FxHashMap;

use crate::facts::ClassFacts;
use crate::ir::{Expr, ExprKind};
use crate::source::{FileId, Sym};

use super::{Class, ClassId, Def, FuncId, Project};

/// A base class: known, or known only by its dotted path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClassRef {
    Known(ClassId),
    External(Sym),
}

/// What a class body binds a name to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Member {
    Method(FuncId),
    Class(ClassId),
    /// Index into the class's `assigns`.
    Assign(u32),
}

impl Project {
    /// The first class in the method resolution order that binds `name`, and to what.
    pub fn class_member(&self, class: ClassId, name: Sym) -> Option<(ClassId, Member)> {
        self.member_after(class, None, name)
    }

    /// As [`Self::class_member`], but only classes after `after` in the order: what `super()` sees.
    pub fn member_after(
        &self,
        class: ClassId,
        after: Option<ClassId>,
        name: Sym,
    ) -> Option<(ClassId, Member)> {
        let mut open = after.is_none();
        for base in &self.class(class).mro {
            let ClassRef::Known(id) = base else { continue };
            if open && let Some(member) = self.class(*id).members.get(&name) {
                return Some((*id, *member));
            }
            open |= Some(*id) == after;
        }
        None
    }

    /// Whether a class has `dotted` among its bases, directly or not.
    pub fn derives_from(&self, class: ClassId, dotted: &[&str]) -> bool {
        self.class(class).mro.iter().any(|base| match base {
            ClassRef::External(name) => dotted.contains(&name.as_str()),
            ClassRef::Known(id) => dotted.contains(&self.class(*id).dotted.as_str()),
        })
    }

    /// The dotted paths of all bases outside the project.
    pub fn external_bases(&self, class: ClassId) -> impl Iterator<Item = Sym> + '_ {
        self.class(class).mro.iter().filter_map(|base| match base {
            ClassRef::External(name) => Some(*name),
            ClassRef::Known(_) => None,
        })
    }

    pub fn is_subclass(&self, class: ClassId, of: ClassId) -> bool {
        self.class(class).mro.contains(&ClassRef::Known(of))
    }

    /// The classes that an expression in base position stands for: several for `from_queryset`.
    pub(super) fn base_refs(
        &self,
        file: FileId,
        holder: &ClassFacts,
        expr: &Expr,
        depth: u32,
    ) -> Vec<ClassRef> {
        if depth == 0 {
            return Vec::new();
        }
        match &expr.kind {
            ExprKind::Index(parts) => self.base_refs(file, holder, &parts.0, depth),
            ExprKind::IfElse(choice) => self.base_refs(file, holder, &choice.then, depth),
            ExprKind::Call(call) => self.call_base_refs(file, holder, call, depth),
            ExprKind::Starred(inner) => self.base_refs(file, holder, inner, depth),
            _ => {
                let local = expr
                    .as_name()
                    .and_then(|name| self.enclosing_class(file, holder, name));
                let def = local.map(Def::Class).or_else(|| self.resolve_expr(file, expr));
                self.def_refs(def, holder, depth)
            }
        }
    }

    fn def_refs(&self, def: Option<Def>, holder: &ClassFacts, depth: u32) -> Vec<ClassRef> {
        match def {
            Some(Def::Class(id)) => vec![ClassRef::Known(id)],
            Some(Def::External(name)) => self.outside_refs(name),
            Some(Def::Assign(from, idx)) => {
                let assign = &self.file(from).facts.assigns[idx as usize];
                match &assign.value {
                    Some(value) => self.base_refs(from, holder, value, depth - 1),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// A class outside the project; where its name tells its kind, also the library knowledge of that kind.
    fn outside_refs(&self, name: Sym) -> Vec<ClassRef> {
        let known = super::bases::stands_for(name.as_str()).and_then(|dotted| self.class_by_dotted(dotted));
        [ClassRef::External(name)]
            .into_iter()
            .chain(known.map(ClassRef::Known))
            .collect()
    }

    fn call_base_refs(
        &self,
        file: FileId,
        holder: &ClassFacts,
        call: &crate::ir::Call,
        depth: u32,
    ) -> Vec<ClassRef> {
        let (name, receiver) = match &call.func.kind {
            ExprKind::Attr(attr) => (attr.name, Some(&attr.base)),
            ExprKind::Name(name) => (*name, None),
            _ => return Vec::new(),
        };
        let arg = |n: usize| call.positional(n);
        match (name.as_str(), receiver) {
            ("from_queryset", Some(base)) => {
                let mut refs = self.base_refs(file, holder, base, depth - 1);
                if let Some(queryset) = arg(0) {
                    refs.extend(self.base_refs(file, holder, queryset, depth - 1));
                }
                refs
            }
            ("as_manager", Some(base)) => self.base_refs(file, holder, base, depth - 1),
            ("with_metaclass", _) => call
                .args
                .iter()
                .skip(1)
                .flat_map(|a| self.base_refs(file, holder, &a.value, depth - 1))
                .collect(),
            ("get_user_model", _) => self.user_class(file).into_iter().map(ClassRef::Known).collect(),
            _ => match (arg(0).and_then(Expr::as_str), arg(1).and_then(Expr::as_str)) {
                (Some(module), Some(class)) => self
                    .class_by_tail(module.as_str(), class, file)
                    .into_iter()
                    .map(ClassRef::Known)
                    .collect(),
                _ => Vec::new(),
            },
        }
    }

    fn enclosing_class(&self, file: FileId, holder: &ClassFacts, name: Sym) -> Option<ClassId> {
        let outer = holder.parent_class?;
        let facts = &self.file(file).facts.classes[outer.0 as usize];
        let found = facts.classes.iter().find(|(bound, _)| *bound == name)?;
        Some(self.class_id(file, found.1))
    }

    /// The class that `get_user_model()` returns.
    pub fn user_class(&self, near: FileId) -> Option<ClassId> {
        match self.user_model(near) {
            Some(model) => Some(self.model(model).class),
            None => self.user_class_by_name(near),
        }
    }

    /// The class named by `AUTH_USER_MODEL`, while models are not known yet: by its app and name.
    fn user_class_by_name(&self, near: FileId) -> Option<ClassId> {
        let label = self.user_label(near);
        let (app, name) = label.split_once('.')?;
        let found = self.classes_by_name.get(&Sym::new(name))?;
        found.iter().copied().find(|c| {
            let file = self.file(self.class(*c).file);
            let of_app = file
                .module
                .as_str()
                .split('.')
                .any(|part| part.eq_ignore_ascii_case(app));
            of_app && !matches!(file.part, super::Part::Test | super::Part::Migration)
        })
    }

    pub(super) fn build_members(&self, file: FileId, facts: &ClassFacts) -> FxHashMap<Sym, Member> {
        let mut members = FxHashMap::default();
        for (i, assign) in facts.assigns.iter().enumerate() {
            if assign.value.is_some() || !members.contains_key(&assign.name) {
                members.insert(assign.name, Member::Assign(i as u32));
            }
        }
        for (name, idx) in &facts.classes {
            members.insert(*name, Member::Class(self.class_id(file, *idx)));
        }
        for (name, idx) in &facts.methods {
            let routine = &self.file(file).facts.functions[idx.0 as usize];
            let accessor = routine.decorators.iter().any(
                |d| matches!(&d.kind, ExprKind::Attr(a) if matches!(a.name.as_str(), "setter" | "deleter")),
            );
            if !accessor {
                members.insert(*name, Member::Method(self.func_id(file, *idx)));
            }
        }
        members
    }
}

/// C3 linearisation; falls back to depth-first order when the bases contradict each other.
/// Cyclic inheritance ends in the classes seen so far.
pub(super) fn linearise(
    classes: &[Class],
    id: ClassId,
    memo: &mut FxHashMap<ClassId, Vec<ClassRef>>,
    depth: u32,
) -> Vec<ClassRef> {
    if let Some(done) = memo.get(&id) {
        return done.clone();
    }
    if depth == 0 {
        return vec![ClassRef::Known(id)];
    }
    memo.insert(id, vec![ClassRef::Known(id)]);
    let bases = &classes[id.0 as usize].bases;
    let mut sequences: Vec<Vec<ClassRef>> = bases
        .iter()
        .map(|base| match base {
            ClassRef::Known(b) => linearise(classes, *b, memo, depth - 1),
            external => vec![*external],
        })
        .collect();
    sequences.push(bases.clone());
    let mut order = vec![ClassRef::Known(id)];
    loop {
        sequences.retain(|s| !s.is_empty());
        let Some(head) = sequences
            .iter()
            .map(|s| s[0])
            .find(|head| !sequences.iter().any(|s| s[1..].contains(head)))
            .or_else(|| sequences.first().map(|s| s[0]))
        else {
            break;
        };
        if !order.contains(&head) {
            order.push(head);
        }
        for s in &mut sequences {
            s.retain(|c| *c != head);
        }
    }
    memo.insert(id, order.clone());
    order
}
