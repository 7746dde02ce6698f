//! Joins: what a name holds when the code before it had several ways to go, and when that is too much to hold.

use std::sync::Arc;

use super::value::{Kind, Size, Value};

const MAX_UNION: usize = 4;
/// Values in values that a variable may hold; code that nests a value in itself doubles it at each step.
const MAX_PARTS: usize = 2_000;

impl Value {
    /// What a name holds after two branches.
    pub fn join(self, other: Self) -> Self {
        let deps = self.deps.and(other.deps);
        if self.kind == other.kind {
            return Self {
                kind: self.kind,
                deps,
            };
        }
        if self.kind == Kind::Opaque || other.kind == Kind::Opaque {
            return Self {
                kind: Kind::Opaque,
                deps,
            };
        }
        let (this, other) = (self.settled(), other.settled());
        match (&this.kind, &other.kind) {
            (Kind::Truth(_), _) if !other.interesting() => return Self::scalar(deps),
            (_, Kind::Truth(_)) if !this.interesting() => return Self::scalar(deps),
            (Kind::Unknown | Kind::None | Kind::Scalar | Kind::Truth(_), _)
                if other.interesting() || !this.informative() =>
            {
                return other.unsure().with(deps);
            }
            (_, Kind::Unknown | Kind::None | Kind::Scalar | Kind::Truth(_)) => {
                return this.unsure().with(deps);
            }
            (Kind::Query(a), Kind::Query(b)) => {
                if let Some(both) = a.merge(b) {
                    return Self {
                        kind: Kind::Query(Arc::new(both)),
                        deps,
                    };
                }
            }
            (Kind::Coll(a), Kind::Coll(b)) => {
                let size = if a.size == b.size { a.size } else { Size::Unknown };
                return Self::coll(a.elem.clone().join(b.elem.clone()), size).with(deps);
            }
            (Kind::Dict(a), Kind::Dict(b)) => return a.merge(b).with(deps),
            _ => {}
        }
        let mut all: Vec<Value> = Vec::new();
        for value in this.alternatives().iter().chain(other.alternatives()) {
            let merged = all.iter_mut().find_map(|old| match (&old.kind, &value.kind) {
                (a, b) if a == b => Some(()),
                (Kind::Query(a), Kind::Query(b)) => {
                    let both = a.merge(b)?;
                    old.kind = Kind::Query(Arc::new(both));
                    Some(())
                }
                _ => None,
            });
            if merged.is_none() {
                all.push(value.clone());
            }
        }
        all.truncate(MAX_UNION);
        if all.len() == 1 {
            return all.remove(0).with(deps);
        }
        Self {
            kind: Kind::Union(all.into()),
            deps,
        }
    }

    /// What came out of a cache is nothing known once something else may be there instead.
    fn settled(self) -> Self {
        match self.kind {
            Kind::Cached(_) => Self::unknown(self.deps),
            _ => self,
        }
    }

    /// The value, which may be none after all.
    fn unsure(self) -> Self {
        match &self.kind {
            Kind::Row(row) if row.sure => {
                let mut row = (**row).clone();
                row.sure = false;
                Self {
                    kind: Kind::Row(Arc::new(row)),
                    deps: self.deps,
                }
            }
            _ => self,
        }
    }

    /// The value, unless it has grown beyond all use.
    pub fn bounded(self) -> Self {
        let mut left = MAX_PARTS;
        if self.fits(&mut left) {
            self
        } else {
            Self {
                kind: Kind::Unknown,
                deps: self.deps,
            }
        }
    }

    fn fits(&self, left: &mut usize) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match &self.kind {
            Kind::Tuple(items) | Kind::Union(items) => items.iter().all(|v| v.fits(left)),
            Kind::Coll(coll) => coll.elem.fits(left),
            Kind::Dict(dict) => {
                dict.key.fits(left) && dict.value.fits(left) && dict.items.iter().all(|(_, v)| v.fits(left))
            }
            Kind::Object(object) => object.attrs.iter().all(|(_, v)| v.fits(left)),
            Kind::Bound(bound) => bound.receiver.fits(left),
            Kind::Func(func) => {
                func.args.iter().all(|v| v.fits(left))
                    && func
                        .captured
                        .iter()
                        .flat_map(|vars| vars.iter())
                        .all(|(_, v)| v.fits(left))
            }
            Kind::Method(method) => method.0.fits(left),
            _ => true,
        }
    }

    fn informative(&self) -> bool {
        !matches!(self.kind, Kind::Unknown | Kind::None)
    }
}
