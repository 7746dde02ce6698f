//! Which findings of a run were there before: in a baseline, or in another state of the project.
//!
//! A finding is known when one of its kind was, each as often as it was:
//!
//! - at the same place (file and routine), with the same expression and no more relations than before;
//! - at the same place with another expression, and relations or fields that are among those of before: part of it was
//!   mended;
//! - at another place, with the same expression, if the old place is gone: the file or the routine was renamed, or the
//!   routine was moved.

use rustc_hash::FxHashMap;

use super::fingerprint::Identity;

/// Findings of another run that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub identity: Identity,
    pub count: usize,
}

/// Alike ones of some findings put together, sorted.
pub fn entries(mut all: Vec<Identity>) -> Vec<Entry> {
    all.sort();
    let mut entries: Vec<Entry> = Vec::new();
    for identity in all {
        match entries.last_mut() {
            Some(last) if last.identity == identity => last.count += 1,
            _ => entries.push(Entry { identity, count: 1 }),
        }
    }
    entries
}

/// What comparing came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Matched {
    /// For each finding, whether it was there before.
    pub known: Vec<bool>,
    /// For each entry, how many of it are there no longer.
    pub left: Vec<usize>,
}

type Fits = fn(&Identity, &Identity) -> bool;

/// Compares findings with what was there before; `exists` tells whether a file has a routine or class of that name,
/// or with an empty name, whether there is such a file.
pub fn compare(before: &[Entry], now: &[Identity], exists: &dyn Fn(&str, &str) -> bool) -> Matched {
    let mut left: Vec<usize> = before.iter().map(|entry| entry.count).collect();
    let mut known = vec![false; now.len()];
    let mut by_rule: FxHashMap<(&str, Option<&str>), Vec<usize>> = FxHashMap::default();
    for (i, entry) in before.iter().enumerate() {
        let kind = (entry.identity.rule.as_str(), entry.identity.model.as_deref());
        by_rule.entry(kind).or_default().push(i);
    }
    let gone: Vec<bool> = before
        .iter()
        .map(|entry| !exists(&entry.identity.path, &entry.identity.scope))
        .collect();
    // What fits best takes its entry first.
    let ways: [(bool, Fits); 5] = [
        (false, |old, new| {
            here(old, new) && alike(old, new) && equal(old, new)
        }),
        (false, |old, new| {
            here(old, new) && alike(old, new) && within(old, new)
        }),
        (false, |old, new| {
            here(old, new) && within(old, new) && !nothing(new)
        }),
        (true, |old, new| {
            alike(old, new) && old.scope == new.scope && within(old, new)
        }),
        (true, |old, new| {
            alike(old, new) && old.path == new.path && within(old, new)
        }),
    ];
    for (moved, fits) in ways {
        for (finding, known) in now.iter().zip(&mut known).filter(|(_, known)| !**known) {
            let candidates = by_rule.get(&(finding.rule.as_str(), finding.model.as_deref()));
            let found = candidates
                .into_iter()
                .flatten()
                .find(|i| left[**i] > 0 && (!moved || gone[**i]) && fits(&before[**i].identity, finding));
            if let Some(i) = found {
                left[*i] -= 1;
                *known = true;
            }
        }
    }
    Matched { known, left }
}

fn here(old: &Identity, new: &Identity) -> bool {
    old.path == new.path && old.scope == new.scope
}

fn alike(old: &Identity, new: &Identity) -> bool {
    old.content == new.content
}

fn equal(old: &Identity, new: &Identity) -> bool {
    old.relations == new.relations && old.fields == new.fields
}

fn within(old: &Identity, new: &Identity) -> bool {
    let all = |new: &[String], old: &[String]| new.iter().all(|item| old.contains(item));
    all(&new.relations, &old.relations) && all(&new.fields, &old.fields)
}

fn nothing(identity: &Identity) -> bool {
    identity.relations.is_empty() && identity.fields.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Entry, Matched, compare, entries};
    use crate::report::fingerprint::Identity;

    fn finding(path: &str, scope: &str, relations: &str, content: &str) -> Identity {
        Identity {
            path: path.into(),
            rule: "related-access-in-loop".into(),
            scope: scope.into(),
            model: Some("shop.Order".into()),
            relations: relations.split_whitespace().map(str::to_owned).collect(),
            fields: Vec::new(),
            content: content.into(),
        }
    }

    fn known(before: &[Identity], now: &[Identity], places: &[(&str, &str)]) -> Matched {
        let before: Vec<Entry> = entries(before.to_vec());
        compare(&before, now, &|path, scope| places.contains(&(path, scope)))
    }

    #[test]
    fn findings_are_known_as_often_as_they_were() {
        let one = finding("a.py", "f", "customer", "1");
        let twice = known(
            &[one.clone(), one.clone()],
            &vec![one.clone(); 3],
            &[("a.py", "f")],
        );
        assert_eq!(twice.known, [true, true, false]);
        assert_eq!(twice.left, [0]);
        let fixed = known(&[one.clone(), one.clone()], &[one], &[("a.py", "f")]);
        assert_eq!(fixed.left, [1]);
    }

    #[test]
    fn mending_a_part_is_nothing_new_and_another_relation_is() {
        let before = [finding("a.py", "f", "customer items", "1")];
        let places = [("a.py", "f")];
        let one = |relations: &str, content: &str| {
            known(&before, &[finding("a.py", "f", relations, content)], &places).known[0]
        };
        assert!(one("items", "2") && one("customer", "1"));
        assert!(!one("customer items tags", "1"));
        assert!(!one("", "2"), "nothing tells that it is the same");
    }

    #[test]
    fn renaming_and_moving_is_nothing_new_unless_the_old_place_is_still_there() {
        let before = [finding("a.py", "f", "customer", "1")];
        let one = |path: &str, scope: &str, content: &str, places: &[(&str, &str)]| {
            known(&before, &[finding(path, scope, "customer", content)], places).known[0]
        };
        assert!(one("b.py", "f", "1", &[("b.py", "f")]), "the file was renamed");
        assert!(
            one("a.py", "g", "1", &[("a.py", "g")]),
            "the function was renamed"
        );
        assert!(!one("b.py", "g", "1", &[]), "too much is different");
        assert!(!one("b.py", "f", "2", &[]), "another expression");
        let both = [("a.py", "f"), ("b.py", "f"), ("a.py", "g")];
        assert!(
            !one("b.py", "f", "1", &both) && !one("a.py", "g", "1", &both),
            "copied"
        );
    }
}
