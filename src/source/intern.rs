//! Interned names: eight bytes, compared by pointer, ordered by text.
//!
//! Names live as long as the process; a project's vocabulary is small and shared by all its files.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An interned string: a thin pointer, half the size of `&str`.
#[expect(
    clippy::borrowed_box,
    reason = "a reference to the box is one word, to the text two"
)]
#[derive(Clone, Copy)]
pub struct Sym(&'static Box<str>);

#[expect(clippy::borrowed_box, reason = "the pointer that `Sym` holds")]
struct Entry(&'static Box<str>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Entry {}
impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self.0).hash(state);
    }
}
impl std::borrow::Borrow<str> for Entry {
    fn borrow(&self) -> &str {
        self.0
    }
}

const SHARDS: usize = 32;
static TABLE: LazyLock<Vec<Mutex<FxHashSet<Entry>>>> =
    LazyLock::new(|| (0..SHARDS).map(|_| Mutex::new(FxHashSet::default())).collect());

thread_local! {
    static NEAR: RefCell<FxHashMap<&'static str, Sym>> = RefCell::new(FxHashMap::default());
}

impl Sym {
    pub fn new(text: &str) -> Self {
        NEAR.with(|near| {
            if let Some(sym) = near.borrow().get(text) {
                return *sym;
            }
            let sym = Self::shared(text);
            near.borrow_mut().insert(sym.as_str(), sym);
            sym
        })
    }

    fn shared(text: &str) -> Self {
        let shard = FxBuildHasher.hash_one(text) as usize >> 7 & (SHARDS - 1);
        let mut table = TABLE[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = table.get(text) {
            return Self(entry.0);
        }
        let entry = &*Box::leak(Box::<Box<str>>::new(text.into()));
        table.insert(Entry(entry));
        Self(entry)
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// `self` followed by a dot and `name`.
    pub fn dot(self, name: &str) -> Self {
        Self::new(&format!("{self}.{name}"))
    }
}

impl PartialEq for Sym {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for Sym {}
impl PartialEq<str> for Sym {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}
impl PartialEq<&str> for Sym {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
impl Hash for Sym {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}
impl PartialOrd for Sym {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Sym {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}
impl Serialize for Sym {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for Sym {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Sym;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sym, E> {
                Ok(Sym::new(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
impl fmt::Display for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Sym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Sym;

    #[test]
    fn same_text_is_same_symbol_on_every_thread() {
        let here = Sym::new("select_related");
        let there = std::thread::spawn(|| Sym::new("select_related")).join().unwrap();
        assert_eq!(here, there);
        assert_ne!(here, Sym::new("prefetch_related"));
        assert!(Sym::new("a") < Sym::new("b"));
    }
}
