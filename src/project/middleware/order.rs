//! Which constraints the order of a list breaks, and what it has to look like.

use std::collections::BTreeSet;

use crate::facts::ImportKind;
use crate::project::settings::{SettingsModule, Value, tool_cost};
use crate::project::{Part, Project};
use crate::source::Sym;

use super::table::{self, Among, Asks, Constraint, End, Harm, When};
use super::{Entry, Plan, Stack};

/// A constraint that does not hold.
#[derive(Debug, Clone)]
pub struct Breach {
    pub constraint: &'static Constraint,
    /// The entry that belongs before `second`; of other constraints the entry that is there.
    pub first: usize,
    pub second: usize,
    /// It depends on a setting that is not known, or on a class of the project.
    pub likely: bool,
}

/// A pair of entries, by their places, of which the first belongs before the second.
struct Ordered {
    first: usize,
    second: usize,
    /// The first or the second belongs at an end of the list.
    end: Option<End>,
}

/// What does not hold in a list, each pair of entries once.
pub fn breaches(project: &Project, stack: &Stack<'_>) -> Vec<Breach> {
    let entries = &stack.entries;
    let mut found: Vec<Breach> = Vec::new();
    for constraint in table::constraints() {
        let Some(may) = holds(project, stack.settings, &constraint.when) else {
            continue;
        };
        let mut push = |first: usize, second: usize| {
            let new = Breach {
                constraint,
                first,
                second,
                likely: may || unsure(&entries[first]) || unsure(&entries[second]),
            };
            let same =
                |b: &&mut Breach| (b.first, b.second, b.constraint.asks) == (first, second, constraint.asks);
            match found.iter_mut().find(same) {
                Some(known) if weight(known.constraint) < weight(constraint) => *known = new,
                Some(_) => {}
                None => found.push(new),
            }
        };
        // What only developers see.
        let idle = |at: usize| entries[at].sometimes && tool_cost(entries[at].path.as_str()).is_some();
        match constraint.asks {
            Asks::Order if constraint.harm == Harm::Style => {}
            Asks::Order => ordered(constraint, entries)
                .filter(|pair| pair.second < pair.first && together(entries, pair.first, pair.second))
                .filter(|pair| !idle(pair.first) && !idle(pair.second))
                .for_each(|pair| push(pair.first, pair.second)),
            Asks::Pair => {
                let halves: Vec<_> = constraint
                    .first
                    .iter()
                    .map(|path| places(entries, path))
                    .collect();
                let lacks = stack.complete && halves.iter().any(Vec::is_empty);
                if let (true, Some(at)) = (lacks, halves.iter().flatten().next()) {
                    push(*at, *at);
                }
            }
            Asks::Conflict => {
                let all: Vec<_> = constraint
                    .first
                    .iter()
                    .flat_map(|path| places(entries, path))
                    .collect();
                if let [first, second, ..] = all[..]
                    && entries[first].known != entries[second].known
                    && together(entries, first, second)
                {
                    push(first.min(second), first.max(second));
                }
            }
            Asks::Unique => {
                for path in &constraint.first {
                    if let [first, second, ..] = places(entries, path)[..]
                        && entries[first].path == entries[second].path
                        && together(entries, first, second)
                    {
                        push(first, second);
                    }
                }
            }
            Asks::Free => {}
        }
    }
    found
}

/// It is there on some ways only, or of a class that may do something else.
fn unsure(entry: &Entry) -> bool {
    entry.derived || entry.sometimes
}

/// Of several constraints on a pair, the one that says most: what happens, and why just these two.
fn weight(constraint: &Constraint) -> (Harm, bool) {
    (constraint.harm, constraint.end().is_none())
}

/// What the order of the nodes of one list has to be, given the node of each entry.
pub fn plan(project: &Project, stacks: &[(&Stack<'_>, Vec<Option<usize>>)], movable: Vec<bool>) -> Plan {
    let count = movable.len();
    let mut plan = Plan {
        movable,
        edges: BTreeSet::new(),
        ends: vec![None; count],
        weight: vec![1; count],
    };
    for (stack, nodes) in stacks {
        let entries = &stack.entries;
        for constraint in table::constraints() {
            if holds(project, stack.settings, &constraint.when).is_none() {
                continue;
            }
            for pair in ordered(constraint, entries) {
                let broken = pair.second < pair.first;
                let kept =
                    constraint.harm == Harm::Style && broken || !together(entries, pair.first, pair.second);
                let (Some(first), Some(second)) = (nodes[pair.first], nodes[pair.second]) else {
                    continue;
                };
                if kept || first == second {
                    continue;
                }
                plan.edges.insert((first, second));
                let subject = match pair.end {
                    Some(End::First) => first,
                    Some(End::Last) => second,
                    None => continue,
                };
                if broken {
                    plan.ends[subject] = pair.end;
                    plan.weight[subject] = 0;
                }
            }
        }
    }
    plan
}

/// The pairs that a constraint orders, whether they stand so or not.
fn ordered<'e>(constraint: &'static Constraint, entries: &'e [Entry]) -> impl Iterator<Item = Ordered> + 'e {
    let end = constraint.end().filter(|_| constraint.asks == Asks::Order);
    let sides = |paths: &'static [String], other: bool| -> Vec<usize> {
        if other {
            return (0..entries.len())
                .filter(|at| counts(constraint, &entries[*at]))
                .collect();
        }
        paths.iter().flat_map(|path| places(entries, path)).collect()
    };
    let is_order = constraint.asks == Asks::Order;
    let first = sides(&constraint.first, matches!(end, Some((End::Last, _))));
    let second = sides(&constraint.second, matches!(end, Some((End::First, _))));
    let pairs = first
        .into_iter()
        .flat_map(move |first| second.clone().into_iter().map(move |second| (first, second)));
    pairs
        .filter(move |(first, second)| is_order && entries[*first].known != entries[*second].known)
        .map(move |(first, second)| Ordered {
            first,
            second,
            end: end.map(|(end, _)| end),
        })
}

/// Where a known middleware stands; an entry that a condition puts into several places is none of them.
fn places(entries: &[Entry], path: &str) -> Vec<usize> {
    let is = |entry: &Entry| entry.known.is_some_and(|known| known.path == path);
    let once = |entry: &Entry| entries.iter().filter(|other| other.site == entry.site).count() == 1;
    (0..entries.len())
        .filter(|at| is(&entries[*at]) && once(&entries[*at]))
        .collect()
}

/// Whether an entry is one of those that `*` stands for.
fn counts(constraint: &Constraint, entry: &Entry) -> bool {
    let (Some(known), Some(among), Some((end, subjects))) = (entry.known, constraint.among, constraint.end())
    else {
        return false;
    };
    let does = match among {
        Among::Answers => known.answers,
        Among::Edits => known.edits,
        Among::Known => true,
    };
    does && !subjects.contains(&known.path)
        && !constraint.exempt.contains(&known.path)
        && !table::belongs(known, end)
}

/// Both entries are in the list on one way at least, as far as that can be told.
fn together(entries: &[Entry], first: usize, second: usize) -> bool {
    let (first, second) = (&entries[first], &entries[second]);
    !(first.sometimes && second.sometimes) || first.list == second.list
}

/// Whether a constraint applies: certainly (`Some(false)`), perhaps (`Some(true)`), or not.
fn holds(project: &Project, settings: &SettingsModule, when: &When) -> Option<bool> {
    let truth = |name: &String| match settings.get(name) {
        Some(setting) if setting.certain => setting.value.truth(),
        Some(_) => None,
        None => Some(false),
    };
    let mut may = false;
    for name in &when.all {
        may |= !truth(name).map_or(Some(false), |truth| truth.then_some(true))?;
    }
    if !when.any.is_empty() {
        let all: Vec<_> = when.any.iter().map(truth).collect();
        if all.iter().all(|truth| *truth == Some(false)) {
            return None;
        }
        may |= !all.contains(&Some(true));
    }
    if let Some(one) = &when.one_of {
        let value = match settings.get(&one.setting) {
            Some(setting) => match &*setting.value {
                Value::Str(text) if setting.certain => text.as_str(),
                Value::Bool(true) if setting.certain => "True",
                Value::Bool(false) if setting.certain => "False",
                // What the environment may change.
                Value::Unknown(unknown) if unknown.default.as_deref() == Some(&Value::Bool(true)) => {
                    may = true;
                    "True"
                }
                _ => return None,
            },
            None => &one.default,
        };
        if !one.values.iter().any(|known| known == value) {
            return None;
        }
    }
    if let Some(path) = &when.imports
        && !imports(project, path)
    {
        return None;
    }
    Some(may)
}

/// Whether code of the project imports a function.
fn imports(project: &Project, path: &str) -> bool {
    let Some((module, function)) = path.rsplit_once('.') else {
        return false;
    };
    let wanted = Sym::new(function);
    project.file_ids().map(|id| project.file(id)).any(|file| {
        let mut all = file.facts.imports.iter();
        file.part == Part::Source
            && all.any(|import| {
                import.module == *module
                    && matches!(import.kind, ImportKind::From { name, .. } if name == wanted)
            })
    })
}
