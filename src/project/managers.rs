//! Managers of models: which attribute is one, and which classes its methods come from.
//!
//! Follows Django's "Managers" page: the first manager of a class is its default one unless
//! `Meta.default_manager_name` says otherwise; abstract bases' managers are inherited.

use crate::ir::{Expr, ExprKind};
use crate::source::{FileId, Sym};

use super::{ClassId, ClassRef, Member, ModelId, Project, bases};

impl Project {
    /// The classes of the manager that `model.name` is; empty for a plain manager, `None` for no manager.
    pub fn manager(&self, model: ModelId, name: Sym) -> Option<Vec<ClassId>> {
        let (owner, member) = self.class_member(self.model(model).class, name)?;
        let Member::Assign(idx) = member else { return None };
        self.manager_assign(owner, idx)
    }

    /// The classes of the model's default manager; `None` when it declares none.
    pub fn default_manager(&self, model: ModelId) -> Option<Vec<ClassId>> {
        self.default_manager_name(model)
            .and_then(|name| self.manager(model, name))
    }

    /// The attribute that holds the default manager, when the code declares one.
    pub fn default_manager_name(&self, model: ModelId) -> Option<Sym> {
        let m = self.model(model);
        if let Some(name) = m.meta.default_manager_name {
            return Some(name);
        }
        self.manager_names(model).first().copied()
    }

    /// All manager attributes, nearest class first.
    pub fn manager_names(&self, model: ModelId) -> Vec<Sym> {
        let mut names = Vec::new();
        for base in &self.class(self.model(model).class).mro {
            let ClassRef::Known(id) = base else { continue };
            for (i, assign) in self.class_facts(*id).assigns.iter().enumerate() {
                if !names.contains(&assign.name) && self.manager_assign(*id, i as u32).is_some() {
                    names.push(assign.name);
                }
            }
        }
        names
    }

    fn manager_assign(&self, owner: ClassId, idx: u32) -> Option<Vec<ClassId>> {
        let facts = self.class_facts(owner);
        let value = facts.assigns.get(idx as usize)?.value.as_ref()?;
        let refs = self.manager_refs(self.class(owner).file, owner, value, 6)?;
        let known: Vec<ClassId> = refs
            .iter()
            .filter_map(|r| match r {
                ClassRef::Known(id) => Some(*id),
                ClassRef::External(_) => None,
            })
            .collect();
        let is_manager = refs.iter().any(|r| match r {
            ClassRef::External(name) => {
                bases::is_manager_base(name.as_str()) || bases::is_queryset_base(name.as_str())
            }
            ClassRef::Known(id) => self.is_manager_class(*id) || self.is_queryset_class(*id),
        });
        is_manager.then_some(known)
    }

    fn manager_refs(&self, file: FileId, owner: ClassId, value: &Expr, depth: u32) -> Option<Vec<ClassRef>> {
        let facts = self.class_facts(owner);
        match &value.kind {
            ExprKind::Call(call) => match &call.func.kind {
                ExprKind::Attr(attr) if attr.name == "as_manager" => {
                    Some(self.base_refs(file, facts, &attr.base, depth))
                }
                ExprKind::Attr(attr) if attr.name == "from_queryset" => None,
                _ => Some(self.base_refs(file, facts, &call.func, depth)),
            },
            ExprKind::Name(_) if depth > 0 => {
                let name = value.as_name()?;
                let idx = facts
                    .assigns
                    .iter()
                    .rposition(|a| a.name == name && a.value.is_some())?;
                self.manager_refs(file, owner, facts.assigns[idx].value.as_ref()?, depth - 1)
            }
            _ => None,
        }
    }

    pub fn is_queryset_class(&self, class: ClassId) -> bool {
        self.external_bases(class)
            .any(|n| bases::is_queryset_base(n.as_str()))
    }

    pub fn is_manager_class(&self, class: ClassId) -> bool {
        self.external_bases(class)
            .any(|n| bases::is_manager_base(n.as_str()))
    }
}
