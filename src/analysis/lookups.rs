//! The rows of `rules/django/lookups.toml`: which index can answer which lookup.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::source::Sym;

/// What a lookup asks of an index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Equal,
    Range,
    Null,
    Prefix,
    Folded,
    FoldedPrefix,
    FoldedInfix,
    Infix,
    Member,
    Search,
    /// The column is changed before it is compared.
    #[serde(skip)]
    Transformed,
    /// Something that is not known.
    #[serde(skip)]
    Other,
}

impl Class {
    /// Whether an index over the plain column finds the rows.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Equal | Self::Range | Self::Null)
    }
}

#[derive(Deserialize)]
struct Document {
    lookups: FxHashMap<Class, Vec<String>>,
    ranges: Names,
    transforms: Names,
    ordered: Operations,
    weak: Names,
    titles: Names,
    transient: Names,
    growing: Growing,
    document: Names,
    owner: Names,
    small: Names,
}

#[derive(Deserialize)]
struct Growing {
    names: Vec<String>,
    behind: Vec<String>,
}

#[derive(Deserialize)]
struct Names {
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Operations {
    operations: Vec<String>,
}

struct Table {
    classes: FxHashMap<Sym, Class>,
    ranges: FxHashSet<Sym>,
    transforms: FxHashSet<Sym>,
    ordered: FxHashSet<Sym>,
    weak: FxHashSet<Sym>,
    titles: FxHashSet<Sym>,
    transient: FxHashSet<Sym>,
    growing: FxHashSet<Sym>,
    behind: FxHashSet<Sym>,
    document: FxHashSet<Sym>,
    owner: FxHashSet<Sym>,
    small: FxHashSet<Sym>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let document: Document =
        toml::from_str(include_str!("../../rules/django/lookups.toml")).expect("lookups.toml is valid");
    let set = |names: Vec<String>| names.iter().map(|n| Sym::new(n)).collect();
    Table {
        classes: document
            .lookups
            .into_iter()
            .flat_map(|(class, names)| names.into_iter().map(move |n| (Sym::new(&n), class)))
            .collect(),
        ranges: set(document.ranges.names),
        transforms: set(document.transforms.names),
        ordered: set(document.ordered.operations),
        weak: set(document.weak.names),
        titles: set(document.titles.names),
        transient: set(document.transient.names),
        growing: set(document.growing.names),
        behind: set(document.growing.behind),
        owner: set(document.owner.names),
        small: set(document.small.names),
        document: set(document.document.names),
    }
});

/// What the part of a lookup behind the column asks: `gte`, `date__lt`, or nothing.
pub fn class(rest: &[Sym]) -> Class {
    let table = &*TABLE;
    match rest {
        [] => Class::Equal,
        [transform, lookup @ ..] if table.ranges.contains(transform) => match lookup {
            [] => Class::Range,
            [one] if *one != "in" && table.classes.get(one).is_some_and(|c| c.is_plain()) => Class::Range,
            _ => Class::Transformed,
        },
        [one] => match table.classes.get(one) {
            Some(class) => *class,
            None if table.transforms.contains(one) => Class::Transformed,
            None => Class::Other,
        },
        [first, ..] if table.transforms.contains(first) => Class::Transformed,
        _ => Class::Other,
    }
}

/// Whether the name of a column says that it has few values: `status`, `is_active`.
pub fn sounds_weak(field: Sym) -> bool {
    let name = field.as_str();
    let last = name.rsplit('_').next().unwrap_or(name);
    TABLE.weak.contains(&field)
        || TABLE.weak.contains(&Sym::new(last))
        || name.starts_with("is_")
        || name.starts_with("has_")
}

/// Whether a column holds what people call the thing: `name`.
pub fn sounds_like_title(field: Sym) -> bool {
    TABLE.titles.contains(&field)
}

/// Whether the name of a flag says that rows have it for a short time: `search_index_dirty`.
pub fn sounds_transient(field: Sym) -> bool {
    field
        .as_str()
        .split('_')
        .any(|word| TABLE.transient.contains(&Sym::new(word)))
}

/// Whether the name of a model says that its rows pile up with time: `OrderEvent`.
pub fn sounds_growing(model: Sym) -> bool {
    let (words, alone) = last_word(model);
    is_log(model) || !alone && words.iter().any(|word| TABLE.behind.contains(word))
}

/// Whether the name of a model says that without doubt: `LoginAttempt`.
pub fn is_log(model: Sym) -> bool {
    last_word(model).0.iter().any(|word| TABLE.growing.contains(word))
}

/// Whether the name of a model says that few rows of others hang below one of its: `Order`.
pub fn sounds_like_document(model: Sym) -> bool {
    last_word(model)
        .0
        .iter()
        .any(|word| TABLE.document.contains(word))
}

/// Whether the name of a model says that somebody types in its rows: `TicketLayout`.
pub fn sounds_small(model: Sym) -> bool {
    last_word(model).0.iter().any(|word| TABLE.small.contains(word))
}

/// Whether some word in the name of a number says that many rows have the same.
pub fn counts(field: Sym) -> bool {
    field
        .as_str()
        .split('_')
        .any(|word| TABLE.weak.contains(&Sym::new(word)))
}

/// Whether the name of a model says that rows of others pile up below its: `Customer`.
pub fn sounds_like_owner(model: Sym) -> bool {
    last_word(model).0.iter().any(|word| TABLE.owner.contains(word))
}

/// The last word of a name in camel case, also without a plural's ending, and whether it is all of the name.
fn last_word(model: Sym) -> ([Sym; 2], bool) {
    let name = model.as_str();
    let at = name
        .rfind(|c: char| c.is_ascii_uppercase() || c == '_')
        .unwrap_or(0);
    let last = name[at..].trim_start_matches('_').to_lowercase();
    let singular = last.strip_suffix('s').unwrap_or(&last);
    ([Sym::new(&last), Sym::new(singular)], at == 0)
}

/// Whether a way to evaluate a queryset reads its rows in order.
pub fn is_ordered(operation: Sym) -> bool {
    TABLE.ordered.contains(&operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let class = |text: &str| {
            class(
                &text
                    .split("__")
                    .filter(|p| !p.is_empty())
                    .map(Sym::new)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(class(""), Class::Equal);
        assert_eq!(class("in"), Class::Equal);
        assert_eq!(class("gte"), Class::Range);
        assert_eq!(class("year"), Class::Range);
        assert_eq!(class("year__gte"), Class::Range);
        assert_eq!(class("year__in"), Class::Transformed);
        assert_eq!(class("date"), Class::Transformed);
        assert_eq!(class("date__gte"), Class::Transformed);
        assert_eq!(class("icontains"), Class::FoldedInfix);
        assert_eq!(class("some_key"), Class::Other);
        assert!(is_ordered(Sym::new("first")) && !is_ordered(Sym::new("count")));
    }
}
