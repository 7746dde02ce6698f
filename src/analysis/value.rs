//! What a name can hold, as far as the database is concerned.
//!
//! Values are small, immutable and compared by structure: calls are memoised by the values they get.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::project::{ClassId, FuncId, ModelId};
use crate::source::{FileId, Site, Sym};

use super::conditions::{self, Condition, Filter, Order};
use super::plan::Plan;

pub use super::deps::Deps;

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Value {
    pub kind: Kind,
    pub deps: Deps,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    Unknown,
    /// Something unknown that a caller has passed: not the default.
    Opaque,
    None,
    /// A plain value: number, text, date, truth value.
    Scalar,
    /// A plain value whose truth is known, such as the primary key of a row from the database.
    Truth(bool),
    Str(Sym),
    Class(ClassId),
    /// Something out of a cache, by the call that read it; it may be missing.
    Cached(Site),
    External(Sym),
    Module(FileId),
    Namespace(FileId, Sym),
    Func(Arc<FuncValue>),
    Bound(Arc<Bound>),
    /// A method of a manager, queryset, collection or dict, not yet called.
    Method(Arc<(Value, Sym)>),
    Manager(Arc<Manager>),
    Query(Arc<Query>),
    Row(Arc<Row>),
    Coll(Arc<Coll>),
    Tuple(Arc<[Value]>),
    Dict(Arc<Dict>),
    Object(Arc<Object>),
    Super(Arc<Super>),
    Prefetch(Arc<super::plan::Prefetch>),
    /// `Q(…)`
    Condition(Arc<Condition>),
    /// `F(…)`: a column of the row.
    Field,
    /// One of several.
    Union(Arc<[Value]>),
}

/// A function with the variables it closes over.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct FuncValue {
    pub func: FuncId,
    pub captured: Option<Arc<[(Sym, Value)]>>,
    /// Arguments already given by `partial`.
    pub args: Vec<Value>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Bound {
    pub func: FuncId,
    pub receiver: Value,
    /// The class that defines it.
    pub owner: ClassId,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Super {
    pub receiver: Value,
    pub class: ClassId,
    pub after: ClassId,
}

/// A manager: what its plain queryset is, and where its own methods are.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Manager {
    pub query: Query,
    pub classes: Vec<ClassId>,
}

/// What a queryset starts from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Base {
    /// All rows of the model.
    Model,
    /// The n-th queryset among a call's arguments.
    Slot(u16),
    /// The rows at the other end of a relation of one row.
    Related(Arc<Row>, Sym),
    /// Somewhere the analysis could not follow; its plan is open.
    Unknown,
}

/// What iterating a queryset yields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Mode {
    Rows,
    /// Dicts, tuples or plain values.
    Values,
}

/// A queryset: base, plan and where it was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Query {
    pub model: ModelId,
    pub base: Base,
    pub plan: Arc<Plan>,
    /// The expression that made it, from the manager on.
    pub site: Site,
    pub mode: Mode,
    /// Custom queryset classes whose methods it has.
    pub classes: Vec<ClassId>,
    /// The first method that made it differ from all rows of its base.
    pub change: Option<Sym>,
    pub ordered: bool,
    pub sliced: bool,
    /// A lookup with `__in` or a similar batch: one query for many keys.
    pub batched: bool,
    /// `none()`: never runs.
    pub empty: bool,
    /// The innermost loop around the expression that made the object; its results are kept from then on.
    pub born: Option<u16>,
    /// The object has its rows: counting or indexing it is free.
    pub fetched: bool,
    /// It was put into a cache there, or came out of it.
    pub kept: Option<Site>,
    /// Filtered by primary key: at most one row.
    pub single: bool,
    /// The fields of a form that offer these rows as choices.
    pub choices_of: Vec<Sym>,
    /// What its rows have to fulfil, in the order in which the calls say so.
    pub filters: Arc<Vec<Filter>>,
    pub order: Order,
}

/// How many of a row there are where it is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Live {
    /// Exactly one.
    Single,
    /// One per iteration of that loop of the running function.
    Loop(u16),
    /// One of a collection that is not being iterated.
    Stored,
    /// As many as the caller has.
    Slot,
    /// One per iteration of a loop that is running (only in events).
    Many,
}

/// Where a row came from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Origin {
    Query(Arc<Query>),
    /// The n-th row among a call's arguments.
    Slot(u16),
    /// A single row whose fetch is out of sight, such as the request's user.
    Elsewhere,
    /// Made in memory: nothing of it is in the database yet.
    New,
}

/// One hop from an origin's row.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Step {
    pub name: Sym,
    pub target: ModelId,
    /// Leads to many rows.
    pub many: bool,
    pub live: Live,
    /// The expression that made the hop.
    pub site: Site,
    /// What the manager behind a many-valued hop loads by itself.
    pub plan: Option<Arc<Plan>>,
}

/// A model instance, known by its origin and its path from there.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Row {
    pub model: ModelId,
    pub origin: Origin,
    pub live: Live,
    pub steps: Vec<Step>,
    /// A relation whose other end is already in memory.
    pub known: Option<(Sym, Arc<Row>)>,
    /// What `prefetch_related_objects` loaded later; paths start at the origin.
    pub extra: Option<Arc<Plan>>,
    /// Other code has had it: what that code loaded is not known here.
    pub shared: bool,
    /// Certainly a row, not `None`.
    pub sure: bool,
}

/// How long a collection is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Size {
    /// As long as the code says.
    Bounded,
    /// As many as a query finds.
    Queried,
    Unknown,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Coll {
    pub elem: Value,
    pub size: Size,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Dict {
    pub items: Vec<(Sym, Value)>,
    /// There may be other names.
    pub open: bool,
    /// Names that only some ways through the code add.
    pub maybe: BTreeSet<Sym>,
    pub key: Value,
    pub value: Value,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Object {
    pub class: ClassId,
    pub attrs: Vec<(Sym, Value)>,
}

impl Value {
    pub const UNKNOWN: Self = Self {
        kind: Kind::Unknown,
        deps: Deps::NONE,
    };
    pub const SCALAR: Self = Self {
        kind: Kind::Scalar,
        deps: Deps::NONE,
    };
    pub const NONE: Self = Self {
        kind: Kind::None,
        deps: Deps::NONE,
    };

    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            deps: Deps::NONE,
        }
    }

    pub fn row(row: Row) -> Self {
        Self::new(Kind::Row(Arc::new(row)))
    }

    pub fn query(query: Query) -> Self {
        Self::new(Kind::Query(Arc::new(query)))
    }

    pub fn coll(elem: Value, size: Size) -> Self {
        let deps = elem.deps;
        Self {
            kind: Kind::Coll(Arc::new(Coll { elem, size })),
            deps,
        }
    }

    pub fn unknown(deps: Deps) -> Self {
        Self {
            kind: Kind::Unknown,
            deps,
        }
    }

    pub fn scalar(deps: Deps) -> Self {
        Self {
            kind: Kind::Scalar,
            deps,
        }
    }

    /// The value, or another where nothing is known of it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self.kind {
            Kind::Unknown => other,
            _ => self,
        }
    }

    #[must_use]
    pub fn with(mut self, deps: Deps) -> Self {
        self.deps = self.deps.and(deps);
        self
    }

    /// Holds rows, querysets or managers somewhere.
    pub fn interesting(&self) -> bool {
        match &self.kind {
            Kind::Unknown
            | Kind::Opaque
            | Kind::None
            | Kind::Scalar
            | Kind::Truth(_)
            | Kind::Str(_)
            | Kind::Condition(_)
            | Kind::Field
            | Kind::Cached(_)
            | Kind::External(_)
            | Kind::Module(_)
            | Kind::Namespace(..) => false,
            Kind::Coll(c) => c.elem.interesting(),
            Kind::Tuple(items) | Kind::Union(items) => items.iter().any(Self::interesting),
            Kind::Dict(d) => {
                d.value.interesting() || d.key.interesting() || d.items.iter().any(|(_, v)| v.interesting())
            }
            _ => true,
        }
    }

    /// Worth keeping in an attribute: rows, or a constant that a branch may ask for.
    pub fn tells(&self) -> bool {
        self.interesting()
            || matches!(
                self.kind,
                Kind::Str(_) | Kind::Truth(_) | Kind::None | Kind::Condition(_)
            )
            || matches!(self.kind, Kind::External(dotted) if super::caches::table::client(dotted).is_some())
    }

    /// Certainly not `None`; a row may be the answer of a query that found nothing.
    pub fn exists(&self) -> bool {
        match &self.kind {
            Kind::Str(_)
            | Kind::Class(_)
            | Kind::Query(_)
            | Kind::Manager(_)
            | Kind::Func(_)
            | Kind::Bound(_)
            | Kind::Object(_)
            | Kind::Coll(_)
            | Kind::Dict(_)
            | Kind::Tuple(_) => true,
            Kind::Row(row) => row.sure,
            Kind::Union(all) => all.iter().all(Self::exists),
            _ => false,
        }
    }

    /// All alternatives of a union, or the value itself.
    pub fn alternatives(&self) -> &[Value] {
        match &self.kind {
            Kind::Union(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// As a positional condition it may ask for many keys at once.
    pub fn batches(&self) -> bool {
        match &self.kind {
            Kind::Unknown => true,
            Kind::Condition(condition) => condition.asks_for_many(),
            _ => false,
        }
    }

    /// Whether the value counts as true, where that is certain.
    pub fn truth(&self) -> Option<bool> {
        match &self.kind {
            Kind::Truth(known) => Some(*known),
            Kind::Row(row) if row.sure => Some(true),
            _ => None,
        }
    }
}

impl Query {
    /// All rows of a model, as the expression at `site` asks for them.
    pub fn all(model: ModelId, site: Site) -> Self {
        Self {
            model,
            base: Base::Model,
            plan: Arc::default(),
            site,
            mode: Mode::Rows,
            classes: Vec::new(),
            change: None,
            ordered: false,
            sliced: false,
            batched: false,
            empty: false,
            born: None,
            fetched: false,
            kept: None,
            single: false,
            choices_of: Vec::new(),
            filters: Arc::default(),
            order: Order::Default,
        }
    }

    /// Rows fetched where the analysis did not look: what they have in memory is not known.
    pub fn unseen(model: ModelId, site: Site) -> Self {
        Self {
            base: Base::Unknown,
            plan: Arc::new(Plan {
                open: true,
                ..Plan::default()
            }),
            ..Self::all(model, site)
        }
    }

    /// One queryset for two branches of the same expression: what either loads counts as loaded.
    pub fn merge(&self, other: &Self) -> Option<Self> {
        if self.model != other.model
            || self.base != other.base
            || self.mode != other.mode
            || self.site != other.site
        {
            return None;
        }
        let mut both = self.clone();
        both.plan = Arc::new(self.plan.union(&other.plan));
        both.change = self.change.or(other.change);
        both.ordered |= other.ordered;
        both.sliced |= other.sliced;
        both.batched |= other.batched;
        both.empty &= other.empty;
        both.filters = conditions::merged(&self.filters, &other.filters);
        if both.order != other.order {
            both.order = Order::Unknown;
        }
        for name in &other.choices_of {
            if !both.choices_of.contains(name) {
                both.choices_of.push(*name);
            }
        }
        Some(both)
    }

    /// The queryset that rows remember: what was asked of them no longer matters.
    pub fn unasked(self: &Arc<Self>) -> Arc<Self> {
        if self.filters.is_empty() && self.order == Order::Default {
            return self.clone();
        }
        Arc::new(Self {
            filters: Arc::default(),
            order: Order::Default,
            ..(**self).clone()
        })
    }

    /// All rows of the base, in the order and shape of the relation: what a prefetch can serve.
    pub fn is_plain(&self) -> bool {
        self.change.is_none()
    }
}

impl Dict {
    /// These names and no others.
    pub const fn of(items: Vec<(Sym, Value)>) -> Self {
        Self {
            items,
            open: false,
            maybe: BTreeSet::new(),
            key: Value::UNKNOWN,
            value: Value::UNKNOWN,
        }
    }

    /// Keys and values of a kind.
    pub const fn over(key: Value, value: Value) -> Self {
        Self {
            items: Vec::new(),
            open: true,
            maybe: BTreeSet::new(),
            key,
            value,
        }
    }

    /// `dict[name] = value`.
    pub fn put(&mut self, name: Sym, value: Value) {
        self.maybe.remove(&name);
        match self.items.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.items.push((name, value)),
        }
    }

    pub(super) fn merge(&self, other: &Self) -> Value {
        let names = |dict: &Self| {
            dict.items
                .iter()
                .map(|(name, _)| *name)
                .collect::<BTreeSet<Sym>>()
        };
        let mut maybe: BTreeSet<Sym> = names(self).symmetric_difference(&names(other)).copied().collect();
        maybe.extend(self.maybe.union(&other.maybe));
        let mut items = self.items.clone();
        for (name, value) in &other.items {
            match items.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => *old = old.clone().join(value.clone()),
                None => items.push((*name, value.clone())),
            }
        }
        Value::new(Kind::Dict(Arc::new(Dict {
            items,
            open: self.open || other.open,
            maybe,
            key: self.key.clone().join(other.key.clone()),
            value: self.value.clone().join(other.value.clone()),
        })))
    }
}

/// Attributes of an object that are followed.
const MAX_ATTRS: usize = 24;

impl Object {
    /// The object after `self.name = value`.
    #[must_use]
    pub fn with_attr(&self, name: Sym, value: Value) -> Self {
        let mut attrs = self.attrs.clone();
        match attrs.iter().position(|(n, _)| *n == name) {
            Some(at) => attrs[at].1 = value,
            None if attrs.len() < MAX_ATTRS => attrs.push((name, value)),
            None => {}
        }
        attrs.retain(|(_, v)| v.tells());
        Self {
            class: self.class,
            attrs,
        }
    }
}

impl Row {
    /// One row that is its origin's own.
    pub fn single(model: ModelId, origin: Origin) -> Self {
        Self {
            model,
            origin,
            live: Live::Single,
            steps: Vec::new(),
            known: None,
            extra: None,
            shared: false,
            sure: false,
        }
    }

    /// Lookup path from the origin's rows; empty for the rows themselves.
    pub fn path(&self) -> String {
        join_path(self.steps.iter().map(|s| s.name))
    }
}

/// `a__b__c`.
pub fn join_path(parts: impl Iterator<Item = Sym>) -> String {
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            out.push_str("__");
        }
        out.push_str(part.as_str());
    }
    out
}
