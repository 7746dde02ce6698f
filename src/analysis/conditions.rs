//! Conditions: what `filter()`, `exclude()`, `get()` and `Q` compare, as written.
//!
//! Lookups stay text here; which column of which table one means is for whoever knows the model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ir::{ArgKind, BinOp};
use crate::source::{Site, Sym};

use super::call::Args;
use super::orm;
use super::tables::Where;
use super::value::{Kind, Value};

/// More filters of one queryset than this are not told apart.
const MAX_FILTERS: usize = 12;

/// A condition over the columns of a queryset.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Condition {
    Compared(Compared),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Something that cannot be read.
    Unknown,
}

/// `lookup=given`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Compared {
    /// `a__b__gte`, in query names.
    pub lookup: Sym,
    pub given: Given,
}

/// What a column is compared with, as far as that matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Given {
    None,
    Truth(bool),
    Text(Sym),
    /// Another column of the row: `F("name")`.
    Column,
    Other,
}

/// One call that filters a queryset.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Filter {
    pub condition: Arc<Condition>,
    /// The call, from the method's name on.
    pub site: Site,
    /// Only some of the ways through the code filter so.
    pub sometimes: bool,
    /// The others filter by another form of the same condition.
    pub either: bool,
}

/// In which order rows come.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum Order {
    /// That of the model.
    #[default]
    Default,
    /// Lookup paths, `-` in front of descending ones; none: no order at all.
    By(Arc<[Sym]>, Option<Site>),
    /// By the model's `get_latest_by`.
    Latest,
    Unknown,
}

impl Order {
    /// What `order_by()` with these arguments asks for.
    pub fn given(args: &Args, site: Site) -> Self {
        match orm::names(args) {
            (names, true) => Self::By(names.into(), Some(site)),
            _ => Self::Unknown,
        }
    }

    /// The same rows from the other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self {
            Self::By(names, site) => {
                let turned = names.iter().map(|name| match name.as_str().strip_prefix('-') {
                    Some(plain) => Sym::new(plain),
                    None => Sym::new(&format!("-{name}")),
                });
                Self::By(turned.collect(), *site)
            }
            other => other.clone(),
        }
    }
}

impl Condition {
    /// What the arguments of `Q()`, or of a method that filters, say together.
    pub fn of_args(args: &Args, leave_out: &[&str]) -> Self {
        let mut parts = Vec::new();
        for (kind, value) in args {
            match (kind, &value.kind) {
                (ArgKind::Keyword(name), _) if leave_out.contains(&name.as_str()) => {}
                (ArgKind::Keyword(name), _) => parts.push(Self::compared(*name, value)),
                (ArgKind::DoubleStar, Kind::Dict(dict)) if !dict.items.is_empty() => {
                    let always = dict.items.iter().filter(|(name, _)| !dict.maybe.contains(name));
                    parts.extend(always.map(|(name, value)| Self::compared(*name, value)));
                    if dict.open {
                        parts.push(Self::Unknown);
                    }
                }
                (ArgKind::Positional, Kind::Condition(condition)) => parts.push((**condition).clone()),
                _ => parts.push(Self::Unknown),
            }
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => Self::All(parts),
        }
    }

    fn compared(lookup: Sym, value: &Value) -> Self {
        let given = match &value.kind {
            Kind::None => Given::None,
            Kind::Truth(truth) => Given::Truth(*truth),
            Kind::Str(text) => Given::Text(*text),
            Kind::Field => Given::Column,
            _ => Given::Other,
        };
        Self::Compared(Compared { lookup, given })
    }

    /// Compares with several values, goes on behind a key, or compares what is not known.
    pub fn asks_for_many(&self) -> bool {
        match self {
            Self::Compared(one) => {
                let (path, last) = one.lookup.as_str().rsplit_once("__").unwrap_or_default();
                last == "in" || matches!(path, "pk" | "id")
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_many),
            Self::Not(inner) => inner.asks_for_many(),
            Self::Unknown => true,
        }
    }

    /// `a & b`, `a | b`.
    pub fn combined(op: BinOp, a: &Self, b: &Self) -> Self {
        let empty = |c: &Self| matches!(c, Self::All(parts) if parts.is_empty());
        match op {
            _ if empty(a) => b.clone(),
            _ if empty(b) => a.clone(),
            BinOp::BitAnd => Self::All(vec![a.clone(), b.clone()]),
            BinOp::BitOr => Self::Any(vec![a.clone(), b.clone()]),
            _ => Self::Unknown,
        }
    }
}

/// The filters that a call of a method adds: one for each alternative of a `Q` that depends on a branch.
pub fn added(method: Where, args: &Args, site: Site) -> Vec<Filter> {
    const DEFAULTS: &[&str] = &["defaults", "create_defaults"];
    let alternatives = match &args[..] {
        [(ArgKind::Positional, value)] => match &value.kind {
            Kind::Union(all) => all
                .iter()
                .map(|v| vec![(ArgKind::Positional, v.clone())])
                .collect(),
            _ => vec![args.clone()],
        },
        _ => vec![args.clone()],
    };
    let either = alternatives.len() > 1;
    let filter = |condition: Condition, sometimes: bool| {
        (condition != Condition::All(Vec::new())).then(|| Filter {
            condition: Arc::new(match method {
                Where::Keep => condition,
                Where::Drop => Condition::Not(Box::new(condition)),
            }),
            site,
            sometimes: sometimes || either,
            either,
        })
    };
    let whole = |args: &Args| filter(Condition::of_args(args, DEFAULTS), false);
    let mut all: Vec<Filter> = alternatives.iter().filter_map(whole).collect();
    for (kind, value) in args {
        if let (ArgKind::DoubleStar, Kind::Dict(dict)) = (kind, &value.kind) {
            let maybe = dict.items.iter().filter(|(name, _)| dict.maybe.contains(name));
            all.extend(maybe.filter_map(|(name, value)| filter(Condition::compared(*name, value), true)));
        }
    }
    all
}

/// The filters of two ways through the code.
pub fn merged(a: &Arc<Vec<Filter>>, b: &Arc<Vec<Filter>>) -> Arc<Vec<Filter>> {
    if a == b {
        return a.clone();
    }
    let same = |x: &Filter, y: &Filter| x.site == y.site && x.condition == y.condition;
    let mut all: Vec<Filter> = a
        .iter()
        .map(|x| Filter {
            sometimes: !b.iter().any(|y| same(x, y) && !y.sometimes && !x.sometimes),
            ..x.clone()
        })
        .collect();
    let more = b.iter().filter(|y| !a.iter().any(|x| same(x, y)));
    all.extend(more.map(|y| Filter {
        sometimes: true,
        ..y.clone()
    }));
    all.truncate(MAX_FILTERS);
    Arc::new(all)
}

/// The filters of a queryset after some more.
pub fn extended(before: &Arc<Vec<Filter>>, more: &[Filter]) -> Arc<Vec<Filter>> {
    if more.is_empty() {
        return before.clone();
    }
    let mut all = before.to_vec();
    all.extend(more.iter().cloned());
    all.truncate(MAX_FILTERS);
    Arc::new(all)
}
