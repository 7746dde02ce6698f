//! The rows of `rules/django/queryset.toml` and `calls.toml`, parsed once.
//!
//! The interpreter knows effects, not names; every name of Django's or Python's lives in the tables.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::source::Sym;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returns {
    Queryset,
    Rows,
    Row,
    Value,
    Mapping,
    Pair,
    List,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    Lazy,
    Query,
    Write,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanOp {
    All,
    Keep,
    Filter,
    Order,
    Annotate,
    Values,
    Only,
    Defer,
    Select,
    Prefetch,
    Combine,
    None,
    /// One page of a paginator.
    Page,
    Iterator,
    Open,
}

/// Whether a call on a prefetched relation is answered from memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Served {
    Served,
    ServedIfOrdered,
    Query,
}

/// Which rows the arguments of a method leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// Those that fulfil them.
    Keep,
    /// All others.
    Drop,
}

/// What a method says about the order of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sorts {
    /// The order is that of its arguments.
    Given,
    /// By its arguments or the model's `get_latest_by`, the last row first.
    Latest,
    /// By its arguments or the model's `get_latest_by`, the first row first.
    Earliest,
    /// The order that the rows have already, the first row only.
    First,
    /// As `First`, from the other end.
    Last,
    Reversed,
    /// By its first argument, which is a column.
    Column,
}

/// One method of managers and querysets.
#[derive(Clone, Debug, Deserialize)]
pub struct Method {
    pub name: String,
    pub returns: Returns,
    pub runs: Runs,
    pub plan: PlanOp,
    pub prefetched: Served,
    #[serde(default, rename = "async")]
    pub has_async: bool,
    /// Could be an annotation instead of a query per row.
    #[serde(default)]
    pub aggregate: bool,
    #[serde(rename = "where")]
    pub filters: Option<Where>,
    pub sorts: Option<Sorts>,
}

#[derive(Deserialize)]
struct MethodFile {
    method: Vec<Method>,
}

/// What a well-known function does with its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    Collect,
    Iterate,
    Enumerate,
    Zip,
    Map,
    Filter,
    Dict,
    Chain,
    Groupby,
    Pick,
    Next,
    Reduce,
    Attrgetter,
    DefaultDict,
    Consume,
    Length,
    Text,
    Truth,
    Plain,
    Same,
    Second,
    Getattr,
    Hasattr,
    Setattr,
    Isinstance,
    Super,
    Partial,
    GetObject,
    GetList,
    UserModel,
    GetModel,
    Condition,
    Column,
    Paginator,
    PrefetchObjects,
    AsyncWrap,
    Render,
    RenderText,
    Locals,
    SerializerFields,
    SerializerMany,
    Rows,
    ViewActions,
    #[serde(untagged)]
    Ask(Ask),
}

/// What library code asks about the class that it plays.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    Items,
    ItemsOf,
    Place,
    At,
    Declared,
    Has,
    Own,
    IsText,
    IsPath,
    IsRow,
    Among,
    Follow,
    Show,
    PerRow,
    Choices,
    PrintsChoices,
    IsList,
    Touched,
    Relations,
    RelatedRows,
    Chosen,
    IsSingle,
    OfFormset,
    TableRows,
    Annotations,
    IsMany,
    ListQuery,
    RowLabels,
}

/// What a template filter does with its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterEffect {
    Text,
    Length,
    First,
    Pick,
    Join,
    Sort,
    Slice,
    Default,
    List,
    Map,
    Select,
    Group,
    Plain,
}

#[derive(Deserialize)]
struct FilterFile {
    filters: FxHashMap<FilterEffect, Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decorator {
    Property,
    /// A property that is computed once per instance.
    Cached,
    Memoised,
    Static,
    Class,
}

#[derive(Deserialize)]
struct CallFile {
    effects: FxHashMap<Effect, Vec<String>>,
    decorators: FxHashMap<Decorator, Vec<String>>,
    writes: Writes,
    refreshes: Writes,
}

#[derive(Deserialize)]
struct Writes {
    methods: Vec<String>,
}

struct Tables {
    methods: FxHashMap<Sym, Method>,
    effects: FxHashMap<Sym, Effect>,
    decorators: FxHashMap<Sym, Decorator>,
    writes: FxHashSet<Sym>,
    refreshes: FxHashSet<Sym>,
    filters: FxHashMap<Sym, FilterEffect>,
}

#[expect(
    clippy::expect_used,
    reason = "the tables are compiled in and checked by a test"
)]
static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let methods: MethodFile =
        toml::from_str(include_str!("../../rules/django/queryset.toml")).expect("queryset.toml is valid");
    let calls: CallFile =
        toml::from_str(include_str!("../../rules/django/calls.toml")).expect("calls.toml is valid");
    let filters: FilterFile =
        toml::from_str(include_str!("../../rules/django/filters.toml")).expect("filters.toml is valid");
    let mut by_name = FxHashMap::default();
    for method in methods.method {
        if method.has_async {
            by_name.insert(Sym::new(&format!("a{}", method.name)), method.clone());
        }
        by_name.insert(Sym::new(&method.name), method);
    }
    Tables {
        methods: by_name,
        effects: spread(calls.effects),
        decorators: spread(calls.decorators),
        filters: spread(filters.filters),
        refreshes: calls.refreshes.methods.iter().map(|n| Sym::new(n)).collect(),
        writes: calls.writes.methods.iter().map(|n| Sym::new(n)).collect(),
    }
});

fn spread<T: Copy>(groups: FxHashMap<T, Vec<String>>) -> FxHashMap<Sym, T> {
    groups
        .into_iter()
        .flat_map(|(effect, names)| names.into_iter().map(move |n| (Sym::new(&n), effect)))
        .collect()
}

/// A method of managers and querysets, async twins included.
pub fn method(name: Sym) -> Option<&'static Method> {
    TABLES.methods.get(&name)
}

/// The effect of a function known by its dotted path.
pub fn effect(dotted: Sym) -> Option<Effect> {
    TABLES.effects.get(&dotted).copied()
}

/// The effect of a built-in template filter.
pub fn filter(name: Sym) -> Option<FilterEffect> {
    TABLES.filters.get(&name).copied()
}

pub fn decorator(dotted: Sym) -> Option<Decorator> {
    TABLES.decorators.get(&dotted).copied()
}

/// Whether evaluating a queryset this way fills its cache, so that the same object does not query again.
pub fn keeps_rows(op: Sym) -> bool {
    matches!(op.as_str(), "iterate" | "len" | "bool" | "in")
}

/// A method of a row that reads it again.
pub fn refreshes(name: Sym) -> bool {
    TABLES.refreshes.contains(&name)
}

/// A method name that changes rows when called on one.
pub fn writes(name: Sym) -> bool {
    TABLES.writes.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_parse_and_know_async_twins() {
        assert_eq!(method(Sym::new("aget")).map(|m| m.returns), Some(Returns::Row));
        assert!(method(Sym::new("afilter")).is_none());
        assert_eq!(effect(Sym::new("builtins.sorted")), Some(Effect::Collect));
    }

    /// Formulas prefetch nothing for them.
    #[test]
    fn what_counts_or_tests_rows_is_an_aggregate() {
        for name in ["count", "exists", "contains", "aggregate"] {
            for name in [name.to_owned(), format!("a{name}")] {
                let method = method(Sym::new(&name));
                assert!(method.is_some_and(|m| m.aggregate), "{name}");
            }
        }
    }
}
