//! Changes inside of values: `NAME["key"] = …`, `NAME.append(…)` and their like.

use super::value::{Dict, Entry, Item, List, Unknown, Value, Why};
use crate::source::{Site, Sym};

/// A step into a dict or list.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Text(Sym, Site),
    Number(i64),
    Unknown,
}

/// `NAME["key"][0]`
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub root: Sym,
    pub keys: Vec<Key>,
    pub site: Site,
}

/// Applies `make` to what stands at the end of `keys`, on each way.
pub(super) fn change(value: &mut Value, keys: &[Key], site: Site, make: &mut dyn FnMut(&mut Value)) {
    if let Value::OneOf(ways) = value {
        ways.iter_mut().for_each(|way| change(way, keys, site, make));
        return;
    }
    let Some((first, rest)) = keys.split_first() else {
        return make(value);
    };
    match (value, first) {
        (Value::List(list), Key::Number(n)) => {
            let known = list.is_certain();
            let at = usize::try_from(*n).ok().filter(|_| known);
            if let Some(item) = at.and_then(|at| list.items.get_mut(at)) {
                change(&mut item.value, rest, site, make);
            }
        }
        (value, Key::Text(key, key_site)) => {
            let Some(dict) = opened(value) else { return };
            if dict.get(key.as_str()).is_none() {
                let unknown = dict.open.as_deref().cloned().unwrap_or(Unknown {
                    why: Why::Name(*key),
                    site,
                    default: None,
                });
                dict.entries.push(Entry {
                    key: *key,
                    key_site: *key_site,
                    value: Value::Unknown(unknown),
                    site,
                    sometimes: false,
                });
            }
            let entry = dict.entries.iter_mut().find(|entry| entry.key == *key);
            if let Some(entry) = entry {
                change(&mut entry.value, rest, site, make);
            }
        }
        (value, _) => {
            if let Some(dict) = opened(value) {
                shake(dict, site);
            }
        }
    }
}

/// The dict of a value; something unknown is a dict of which nothing is known.
fn opened(value: &mut Value) -> Option<&mut Dict> {
    if let Value::Unknown(unknown) = value {
        *value = Value::Dict(Dict {
            entries: Vec::new(),
            site: unknown.site,
            open: Some(Box::new(unknown.clone())),
        });
    }
    match value {
        Value::Dict(dict) => Some(dict),
        _ => None,
    }
}

/// Something is written to a dict under a key that is not known.
fn shake(dict: &mut Dict, site: Site) {
    dict.open = Some(Box::new(Unknown {
        why: Why::Computed,
        site,
        default: None,
    }));
    for entry in &mut dict.entries {
        let other = Value::unknown(Why::Computed, site);
        entry.value = entry.value.join(&other);
    }
}

/// `held[key] = value`
pub(super) fn set(held: &mut Value, key: &Key, value: Value, site: Site) {
    match (held, key) {
        (Value::List(list), Key::Number(n)) => {
            let at = usize::try_from(*n).ok().filter(|_| list.is_certain());
            match at.and_then(|at| list.items.get_mut(at)) {
                Some(item) => {
                    item.value = value;
                    item.site = site;
                }
                None => add_gap(list, site, Why::Computed),
            }
        }
        (Value::List(list), _) => add_gap(list, site, Why::Computed),
        (held, Key::Text(key, key_site)) => {
            if let Some(dict) = opened(held) {
                dict.set(Entry {
                    key: *key,
                    key_site: *key_site,
                    value,
                    site,
                    sometimes: false,
                });
            }
        }
        (held, Key::Number(_)) => {
            let _ = opened(held);
        }
        (held, Key::Unknown) => {
            if let Some(dict) = opened(held) {
                shake(dict, site);
            }
        }
    }
}

/// `del held[key]`, `held.pop(key)`
pub(super) fn remove(held: &mut Value, key: &Key, site: Site) {
    match (held, key) {
        (Value::Dict(dict), Key::Text(key, _)) => dict.entries.retain(|entry| entry.key != *key),
        (Value::Dict(dict), _) => shake(dict, site),
        (Value::List(list), Key::Number(n)) if list.is_certain() => {
            let at = if *n < 0 { list.items.len() as i64 + n } else { *n };
            match usize::try_from(at) {
                Ok(at) if at < list.items.len() => {
                    list.items.remove(at);
                }
                _ => {}
            }
        }
        (Value::List(list), _) => doubt(list),
        _ => {}
    }
}

/// `list.remove(value)`: the first such element, as `remove` takes it.
pub(super) fn take(list: &mut List, value: &Value) {
    if matches!(value, Value::Unknown(_) | Value::OneOf(_)) {
        return doubt(list);
    }
    let first = list.items.iter().position(|item| item.value == *value);
    match first {
        Some(at) => {
            list.items.remove(at);
        }
        None if list.is_complete() => {}
        None => doubt(list),
    }
}

/// `list.insert(at, item)`; where an unknown place is, anything may stand around it.
pub(super) fn insert(list: &mut List, at: Option<i64>, item: Item, site: Site) {
    let length = list.items.len() as i64;
    let index = match at {
        // Elements that are not always there, or not known, move what stands behind them.
        Some(at) if at >= 0 => {
            let steady = list.items.iter().take_while(|i| !i.gap && !i.sometimes).count() as i64;
            (at <= steady || at >= length).then(|| at.min(length))
        }
        Some(at) => list.is_certain().then(|| (length + at).max(0)),
        None => None,
    };
    match index.and_then(|index| usize::try_from(index).ok()) {
        Some(index) => list.items.insert(index.min(list.items.len()), item),
        None => {
            add_gap(list, site, Why::Computed);
            list.items.push(item);
            for item in &mut list.items {
                item.sometimes = true;
            }
        }
    }
}

/// Some elements follow that are not known.
pub(super) fn add_gap(list: &mut List, site: Site, why: Why) {
    list.items.push(Item {
        value: Value::unknown(why, site),
        site,
        list: site,
        sometimes: true,
        gap: true,
    });
}

/// Any element may be gone.
fn doubt(list: &mut List) {
    for item in &mut list.items {
        item.sometimes = true;
    }
}

/// `list.extend(value)`
pub(super) fn extend(list: &mut List, value: &Value, site: Site) {
    match value {
        Value::List(other) => list.items.extend(other.items.iter().cloned()),
        Value::OneOf(ways) if ways.iter().all(|way| matches!(way, Value::List(_))) => {
            for way in ways {
                let items = way.as_list().map(|list| &list.items[..]).unwrap_or_default();
                list.items.extend(items.iter().map(|item| Item {
                    sometimes: true,
                    ..item.clone()
                }));
            }
        }
        // The keys of a dict, which no setting asks for.
        other => {
            let why = match other {
                Value::Unknown(unknown) => unknown.why.clone(),
                _ => Why::Computed,
            };
            add_gap(list, site, why);
        }
    }
}

/// `dict.update(value)`
pub(super) fn update(dict: &mut Dict, value: &Value, site: Site) {
    match value {
        Value::Dict(other) => dict.update(other),
        Value::Unknown(unknown) => open(dict, unknown.why.clone(), site),
        Value::OneOf(ways) => {
            for way in ways {
                if let Value::Dict(other) = way {
                    for entry in &other.entries {
                        dict.set(Entry {
                            sometimes: true,
                            ..entry.clone()
                        });
                    }
                } else {
                    open(dict, Why::Computed, site);
                }
            }
        }
        _ => open(dict, Why::Computed, site),
    }
}

/// Entries that are not known come in; they may replace those that are there.
pub(super) fn open(dict: &mut Dict, why: Why, site: Site) {
    for entry in &mut dict.entries {
        entry.value = entry.value.join(&Value::unknown(why.clone(), site));
    }
    dict.open = Some(Box::new(Unknown {
        why,
        site,
        default: None,
    }));
}
