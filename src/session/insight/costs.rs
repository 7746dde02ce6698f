//! The query formula over views, serializers and admin classes.

use std::fmt::Write as _;

use crate::analysis::bill::{Bill, Cause, Charge};
use crate::analysis::bills::{self, Entry};
use crate::project::{FuncId, ModelId};
use crate::source::{FileId, Site};

use super::formula::{self, Letters};
use super::{Cost, Held, Stop, is_own, place};

/// Queries that are told one by one.
const MOST_LINES: usize = 30;

pub(super) fn of_file(held: &Held<'_>, file: FileId, stop: &Stop) -> Option<Vec<Cost>> {
    let all = bills::of_file(held.project, file, &|| stop.is_asked())?;
    let costs = all
        .iter()
        .filter_map(|billed| cost(held, billed.kind, billed.name, &billed.bill));
    Some(costs.collect())
}

pub(super) fn of_function(held: &Held<'_>, func: FuncId) -> Option<Cost> {
    let (file, _) = held.project.func(func);
    let name = Site::new(file, held.project.routine(func).name_span);
    let bill = bills::of_function(held.project, func);
    cost(held, Entry::Function(func), name, &bill)
}

fn cost(held: &Held<'_>, kind: Entry, name: Site, bill: &Bill) -> Option<Cost> {
    let letters = Letters::of(bill);
    let total = formula::total(bill, &letters)?;
    let label = |model: ModelId| held.project.model(model).name;
    let title = match kind {
        Entry::Function(_) | Entry::Page(_) => total,
        Entry::Action(_, action) if held.sources.get(name.file).slice(name.span) == action.as_str() => total,
        Entry::Action(_, action) => format!("{action}: {total}"),
        Entry::ChangeList(_, model) => format!("list of {}: {total}", label(model)),
        Entry::Serializer(..) => format!("{total} for N rows, if nothing is loaded"),
    };
    let named: Vec<String> = letters
        .all()
        .filter(|(_, per)| formula::counted(bill).any(|charge| charge.per.contains(per)))
        .filter_map(|(letter, per)| Some(format!("{letter}: {}", label(per.model?))))
        .collect();
    let title = match (&kind, named.is_empty()) {
        (Entry::Serializer(..), _) | (_, true) => title,
        (_, false) => format!("{title} ({})", named.join(", ")),
    };
    let mut places: Vec<Site> = Vec::new();
    for site in bill.charges.iter().filter_map(|charge| shown_place(held, charge)) {
        if !places.contains(&site) {
            places.push(site);
        }
    }
    Some(Cost {
        span: name.span,
        title,
        markdown: told(held, kind, bill, &letters),
        places,
    })
}

/// Where a query runs, or else the innermost call in the project's own code that leads to it.
pub(super) fn shown_place(held: &Held<'_>, charge: &Charge) -> Option<Site> {
    let calls = charge.calls.iter().rev();
    [&charge.site]
        .into_iter()
        .chain(calls)
        .copied()
        .find(|site| is_own(held, *site))
}

fn told(held: &Held<'_>, kind: Entry, bill: &Bill, letters: &Letters) -> String {
    let mut out = String::new();
    for charge in bill.charges.iter().take(MOST_LINES) {
        let often = formula::sum(std::iter::once(charge), letters);
        let at = shown_place(held, charge).map_or(String::new(), |site| format!(", {}", place(held, site)));
        let maybe = if charge.sure { "" } else { ", on some ways only" };
        let _ = writeln!(out, "- {often} × {}{at}{maybe}", cause(held, charge));
    }
    if bill.charges.len() > MOST_LINES {
        let _ = writeln!(out, "- and {} more", bill.charges.len() - MOST_LINES);
    }
    let named: Vec<String> = letters
        .all()
        .map(|(letter, per)| {
            let what = per.model.map_or("the loop".into(), |model| {
                format!("rows of `{}`", held.project.model(model).label)
            });
            let at = if is_own(held, per.site) {
                format!(", {}", place(held, per.site))
            } else {
                String::new()
            };
            format!("`{letter}`: {what}{at}")
        })
        .collect();
    if !named.is_empty() {
        let _ = write!(out, "\n{}\n", named.join("  \n"));
    }
    if !bill.gaps.is_empty() {
        let _ = write!(out, "\nThere may be more: {}.\n", bill.gaps.join("; "));
    }
    if matches!(kind, Entry::Function(_) | Entry::Page(_) | Entry::Action(..)) {
        out.push_str("\nCounted for a request that reads; what middleware asks is not part of it.\n");
    }
    out
}

/// What is asked, in Markdown.
pub(super) fn cause(held: &Held<'_>, charge: &Charge) -> String {
    let label = |model: ModelId| held.project.model(model).label;
    let text = match charge.cause {
        Cause::Rows { model, op } => match op.as_str() {
            "iterate" | "len" | "bool" | "in" => format!("rows of `{}`", label(model)),
            op => format!("`{op}` of `{}`", label(model)),
        },
        Cause::Relation { model, name } => format!("`{name}` of `{}`", label(model)),
        Cause::Column { model, name } => {
            format!("the column `{name}` of `{}`, which was left out", label(model))
        }
    };
    if charge.count > 1 {
        return format!("{text}, with what it prefetches");
    }
    text
}
