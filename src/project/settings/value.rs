//! What settings may hold, as far as their text tells it, and how two ways through the text come together.
//!
//! Every part remembers where it is written, so that a change can be made there.

use crate::source::{FileId, Site, Sym};

/// The value of a setting, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Str(Sym),
    Int(i64),
    Bool(bool),
    None,
    /// Tuples and sets as well.
    List(List),
    Dict(Dict),
    /// Another one on each of several ways through the settings.
    OneOf(Vec<Value>),
    Unknown(Unknown),
}

/// A value that the text does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub why: Why,
    pub site: Site,
    /// What it is when nobody says otherwise.
    pub default: Option<Box<Value>>,
}

/// Why a value is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// An environment variable decides, by name where that is known.
    Environment(Option<Sym>),
    /// Something that the project imports, by its dotted name.
    Outside(Sym),
    /// A module of the project.
    Module(FileId),
    /// The result of a call.
    Call(Sym),
    /// A name that nothing assigns here.
    Name(Sym),
    /// Something is computed that is not followed.
    Computed,
    /// A float, or a text too long to keep.
    Literal,
    /// It changes in a loop.
    Loop,
    /// There are too many ways or parts to keep apart.
    TooMany,
}

/// A list, tuple or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    pub items: Vec<Item>,
    /// The literal or call that the list begins with.
    pub site: Site,
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub value: Value,
    /// The very element in the text.
    pub site: Site,
    /// The literal or the call that it stands in.
    pub list: Site,
    /// It is there on some ways only.
    pub sometimes: bool,
    /// It stands for any number of elements, none of which is known.
    pub gap: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dict {
    /// In order of their first appearance, each key once.
    pub entries: Vec<Entry>,
    /// The literal or call that the dict begins with.
    pub site: Site,
    /// Why there may be other entries.
    pub open: Option<Box<Unknown>>,
}

/// What a dict has for a text key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Sym,
    pub key_site: Site,
    pub value: Value,
    pub site: Site,
    /// It is there on some ways only.
    pub sometimes: bool,
}

/// Alternatives of one value that are kept apart.
const MAX_WAYS: usize = 6;
/// Parts that one value may have, all levels together.
const MAX_PARTS: usize = 4000;
/// Differing elements of two lists that are compared.
const MAX_COMPARED: usize = 500;

impl Value {
    pub fn unknown(why: Why, site: Site) -> Self {
        Self::Unknown(Unknown {
            why,
            site,
            default: None,
        })
    }

    pub fn as_str(&self) -> Option<&'static str> {
        match self {
            Self::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The value on each way; one that is the same on all is alone.
    pub fn ways(&self) -> &[Value] {
        match self {
            Self::OneOf(ways) => ways,
            other => std::slice::from_ref(other),
        }
    }

    /// Whether it counts as true, on all ways.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Str(text) => Some(!text.as_str().is_empty()),
            Self::Int(n) => Some(*n != 0),
            Self::Bool(b) => Some(*b),
            Self::None => Some(false),
            Self::List(list) if list.items.iter().any(|item| !item.sometimes && !item.gap) => Some(true),
            Self::List(list) => list.items.is_empty().then_some(false),
            Self::Dict(dict) if dict.entries.iter().any(|entry| !entry.sometimes) => Some(true),
            Self::Dict(dict) => (dict.entries.is_empty() && dict.open.is_none()).then_some(false),
            Self::OneOf(ways) => {
                let first = ways.first()?.truth()?;
                ways.iter().all(|way| way.truth() == Some(first)).then_some(first)
            }
            Self::Unknown(_) => None,
        }
    }

    /// The number of its parts, as far as they are counted.
    pub(super) fn weight(&self) -> usize {
        parts(self, MAX_PARTS)
    }

    /// `self`, or an unknown value when there is too much of it to keep.
    pub(super) fn bounded(self, site: Site) -> Self {
        if parts(&self, MAX_PARTS) > MAX_PARTS {
            Self::unknown(Why::TooMany, site)
        } else {
            self
        }
    }

    /// One of two values.
    pub(super) fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Self::List(a), Self::List(b)) => match merge(a, b) {
                Some(list) => Self::List(list),
                None => Self::one_of(self, other),
            },
            (Self::Dict(a), Self::Dict(b)) if a.site == b.site => Self::Dict(a.join(b)),
            (a, b) => Self::one_of(a, b),
        }
    }

    fn one_of(a: &Self, b: &Self) -> Self {
        let mut ways: Vec<Self> = a.ways().to_vec();
        for way in b.ways() {
            let like = |known: &&mut Self| {
                *known == way || matches!((&**known, way), (Self::Dict(a), Self::Dict(b)) if a.site == b.site)
            };
            match ways.iter_mut().find(like) {
                Some(known) => *known = known.join(way),
                None => ways.push(way.clone()),
            }
        }
        if ways.len() > MAX_WAYS {
            let site = ways.iter().find_map(Self::site);
            return site.map_or(Self::None, |site| Self::unknown(Why::TooMany, site));
        }
        Self::OneOf(ways)
    }

    fn site(&self) -> Option<Site> {
        match self {
            Self::List(list) => Some(list.site),
            Self::Dict(dict) => Some(dict.site),
            Self::Unknown(unknown) => Some(unknown.site),
            Self::OneOf(ways) => ways.iter().find_map(Self::site),
            _ => None,
        }
    }
}

impl List {
    /// All elements are known, though some may be there on some ways only.
    pub fn is_complete(&self) -> bool {
        self.items.iter().all(|item| !item.gap)
    }

    /// Nothing about the list is uncertain but what its elements say.
    pub fn is_certain(&self) -> bool {
        self.items.iter().all(|item| !item.gap && !item.sometimes)
    }

    /// The elements that are texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &Item)> {
        self.items
            .iter()
            .filter_map(|item| Some((item.value.as_str()?, item)))
    }
}

impl Dict {
    pub(super) fn new(site: Site) -> Self {
        Self {
            entries: Vec::new(),
            site,
            open: None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == *key)
    }

    /// Whether a key that is not among the entries is certainly missing.
    pub fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    pub(super) fn set(&mut self, new: Entry) {
        match self.entries.iter_mut().find(|entry| entry.key == new.key) {
            Some(old) if new.sometimes => {
                old.value = old.value.join(&new.value);
                old.site = new.site;
            }
            Some(old) => *old = new,
            None => self.entries.push(new),
        }
    }

    pub(super) fn update(&mut self, other: &Self) {
        for entry in &other.entries {
            self.set(entry.clone());
        }
        if self.open.is_none() {
            self.open.clone_from(&other.open);
        }
    }

    fn join(&self, other: &Self) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for entry in &self.entries {
            entries.push(match other.get(entry.key.as_str()) {
                Some(same) => Entry {
                    value: entry.value.join(&same.value),
                    sometimes: entry.sometimes || same.sometimes,
                    ..entry.clone()
                },
                None => Entry {
                    sometimes: true,
                    ..entry.clone()
                },
            });
        }
        for entry in &other.entries {
            if self.get(entry.key.as_str()).is_none() {
                entries.push(Entry {
                    sometimes: true,
                    ..entry.clone()
                });
            }
        }
        Self {
            entries,
            site: self.site,
            open: self.open.clone().or_else(|| other.open.clone()),
        }
    }
}

/// One list of what two ways through the settings make of a list; none when they have nothing in common.
fn merge(a: &List, b: &List) -> Option<List> {
    let same = |x: &Item, y: &Item| x.site == y.site && x.value == y.value;
    let both = |x: &Item, y: &Item| Item {
        sometimes: x.sometimes || y.sometimes,
        ..x.clone()
    };
    let once = |x: &Item| Item {
        sometimes: true,
        ..x.clone()
    };
    let front = a
        .items
        .iter()
        .zip(&b.items)
        .take_while(|(x, y)| same(x, y))
        .count();
    let (rest_a, rest_b) = (&a.items[front..], &b.items[front..]);
    let back = rest_a
        .iter()
        .rev()
        .zip(rest_b.iter().rev())
        .take_while(|(x, y)| same(x, y))
        .count();
    let (mid_a, mid_b) = (&rest_a[..rest_a.len() - back], &rest_b[..rest_b.len() - back]);
    if mid_a.len() > MAX_COMPARED || mid_b.len() > MAX_COMPARED {
        return None;
    }
    // Longest common subsequence, from the end.
    let width = mid_b.len() + 1;
    let mut longest = vec![0u32; (mid_a.len() + 1) * width];
    for i in (0..mid_a.len()).rev() {
        for j in (0..mid_b.len()).rev() {
            longest[i * width + j] = if same(&mid_a[i], &mid_b[j]) {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let common = front + back + longest[0] as usize;
    if common == 0 && !a.items.is_empty() && !b.items.is_empty() {
        return None;
    }
    let mut items: Vec<Item> = a
        .items
        .iter()
        .zip(&b.items)
        .take(front)
        .map(|(x, y)| both(x, y))
        .collect();
    let (mut i, mut j) = (0, 0);
    while i < mid_a.len() || j < mid_b.len() {
        if i < mid_a.len() && j < mid_b.len() && same(&mid_a[i], &mid_b[j]) {
            items.push(both(&mid_a[i], &mid_b[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == mid_b.len()
            || i < mid_a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            items.push(once(&mid_a[i]));
            i += 1;
        } else {
            items.push(once(&mid_b[j]));
            j += 1;
        }
    }
    let ends = rest_a[mid_a.len()..].iter().zip(&rest_b[mid_b.len()..]);
    items.extend(ends.map(|(x, y)| both(x, y)));
    let site = if a.items.is_empty() { b.site } else { a.site };
    Some(List { items, site })
}

/// Counts up to a little more than `limit`.
fn parts(value: &Value, limit: usize) -> usize {
    let mut count = 1;
    let mut add = |inner: &Value| {
        if count <= limit {
            count += parts(inner, limit - count);
        }
    };
    match value {
        Value::List(list) => list.items.iter().for_each(|item| add(&item.value)),
        Value::Dict(dict) => dict.entries.iter().for_each(|entry| add(&entry.value)),
        Value::OneOf(ways) => ways.iter().for_each(add),
        Value::Unknown(unknown) => unknown.default.iter().for_each(|value| add(value)),
        _ => {}
    }
    count
}
