//! Lookup paths: which attribute of which model each name on the way is.
//!
//! Knows the two forms of a path: in accessors, as `prefetch_related` takes it, and in query names, as lookups and
//! `select_related` do. What a path loads is not its business.

use crate::source::Sym;

use super::{ModelAttr, ModelId, Project};

/// One name of a path.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    /// The model that has the attribute; `None` behind a name that leads nowhere.
    pub model: Option<ModelId>,
    /// In accessors.
    pub name: Sym,
    pub attr: Option<ModelAttr>,
    /// The model at the other end.
    pub target: Option<ModelId>,
}

impl Project {
    /// The hops of a path in accessors.
    pub fn hops(
        &self,
        model: ModelId,
        accessors: impl IntoIterator<Item = Sym>,
    ) -> impl Iterator<Item = Hop> {
        self.walk(model, accessors, |_, name| name)
    }

    /// The hops of a lookup, `a__b`, in query names or accessors.
    pub fn lookup_hops<'p>(&'p self, model: ModelId, lookup: &'p str) -> impl Iterator<Item = Hop> + 'p {
        let names = lookup.split("__").map(Sym::new);
        self.walk(model, names, |at, name| self.accessor_for(at, name))
    }

    /// A path in query names, from one in accessors.
    pub fn query_path(&self, model: ModelId, accessors: &str) -> String {
        let hops = self.hops(model, accessors.split("__").map(Sym::new));
        joined(hops.map(|hop| hop.model.map_or(hop.name, |at| self.query_name_for(at, hop.name))))
    }

    /// A path in accessors, from a lookup.
    pub fn accessor_path(&self, model: ModelId, lookup: &str) -> String {
        joined(self.lookup_hops(model, lookup).map(|hop| hop.name))
    }

    fn walk(
        &self,
        model: ModelId,
        names: impl IntoIterator<Item = Sym>,
        accessor: impl Fn(ModelId, Sym) -> Sym,
    ) -> impl Iterator<Item = Hop> {
        let mut at = Some(model);
        names.into_iter().map(move |name| {
            let model = at;
            let name = model.map_or(name, |model| accessor(model, name));
            let attr = model.and_then(|model| self.model_attr(model, name));
            at = attr.and_then(|attr| self.attr_target(attr));
            Hop {
                model,
                name,
                attr,
                target: at,
            }
        })
    }
}

fn joined(names: impl Iterator<Item = Sym>) -> String {
    names.map(Sym::as_str).collect::<Vec<_>>().join("__")
}
