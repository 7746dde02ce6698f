//! Queries and indexes in words, and as Python writes them.

use std::collections::BTreeSet;

use crate::analysis::advice::{Advice, Serves};
use crate::analysis::conditions::Given;
use crate::analysis::heat::Heat;
use crate::analysis::workload::{Predicate, Sorted};
use crate::source::Sym;

use super::super::wording::list;

/// `filtered by `status` and sorted by `-created``.
pub(super) fn asked(advice: &Advice) -> String {
    let mut filtered = BTreeSet::new();
    let mut sorted = BTreeSet::new();
    if advice.serves == Serves::Generic {
        filtered.extend(advice.columns.iter().map(|(field, _)| *field));
    }
    for one in &advice.uses {
        let of = |name: Sym| advice.columns.iter().any(|(field, _)| *field == name);
        for term in one.equal.iter().chain(&one.range).filter(|t| of(t.field)) {
            filtered.insert(term.field);
        }
        if let Sorted::By(fields) = &one.sorted {
            sorted.extend(fields.iter().map(|(f, _)| *f).filter(|f| of(*f)));
        }
    }
    let named = |keep: &BTreeSet<Sym>| -> Vec<String> {
        advice
            .columns
            .iter()
            .filter(|(f, _)| keep.contains(f))
            .map(column)
            .collect()
    };
    sorted.retain(|field| !filtered.contains(field));
    if let Some((field, given)) = advice.condition {
        return format!("filtered by `{field}={}`", literal(given));
    }
    if advice.serves == Serves::Order {
        let all = advice.columns.iter().map(column).collect::<Vec<_>>();
        return format!("sorted by {} and cut", list(&all));
    }
    match (filtered.is_empty(), sorted.is_empty()) {
        (false, true) => format!("filtered by {}", list(&named(&filtered))),
        (true, _) => format!("sorted by {} and cut", list(&named(&sorted))),
        (false, false) => format!(
            "filtered by {} and sorted by {}",
            list(&named(&filtered)),
            list(&named(&sorted))
        ),
    }
}

/// What one query asks, as a label says it.
pub(super) fn said(one: &Predicate) -> String {
    let fields: Vec<String> = one.terms().map(|t| t.field.to_string()).collect();
    let sorted = match &one.sorted {
        Sorted::By(fields) => fields.iter().map(column).collect(),
        _ => Vec::new(),
    };
    let place = match one.heat {
        Heat::Command => ", in a command",
        Heat::Task => ", in a background job",
        Heat::Offered => ", when a user asks for it",
        _ => "",
    };
    let often = if one.repeated {
        ", once per iteration of a loop"
    } else {
        ""
    };
    match (fields.is_empty(), sorted.is_empty()) {
        (true, true) => format!("read here{place}{often}"),
        (true, false) => format!("sorted by {}{place}{often}", list(&sorted)),
        (false, true) => format!("filtered by {}{place}{often}", list(&fields)),
        (false, false) => format!(
            "filtered by {}, sorted by {}{place}{often}",
            list(&fields),
            list(&sorted)
        ),
    }
}

/// `-created`.
pub fn column((field, descending): &(Sym, bool)) -> String {
    if *descending {
        format!("-{field}")
    } else {
        field.to_string()
    }
}

/// A value as Python writes it.
pub(super) fn literal(given: Given) -> &'static str {
    match given {
        Given::Truth(false) => "False",
        Given::Truth(true) => "True",
        Given::None => "None",
        _ => "…",
    }
}

/// The columns as a declaration writes them.
pub fn columns(advice: &Advice) -> Vec<String> {
    advice.columns.iter().map(column).collect()
}

/// `field=value` of a partial index.
pub fn condition(advice: &Advice) -> Option<String> {
    let (field, given) = advice.condition?;
    Some(format!("{field}={}", literal(given)))
}

/// The declaration of an index as Python, with a placeholder where it needs a name and without one elsewhere.
pub fn declaration(advice: &Advice) -> String {
    let fields: Vec<String> = advice
        .columns
        .iter()
        .map(|c| format!("\"{}\"", column(c)))
        .collect();
    let fields = fields.join(", ");
    match advice.condition {
        Some((field, given)) => format!(
            "models.Index(fields=[{fields}], condition=models.Q({field}={}), name=\"…\")",
            literal(given)
        ),
        None => format!("models.Index(fields=[{fields}])"),
    }
}
