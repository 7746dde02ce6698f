//! What an expression holds, in words: model, what is loaded with it, where it is evaluated, what reading it costs.

use std::fmt::Write as _;

use crate::analysis::bill::{Bill, Charge};
use crate::analysis::plan::Plan;
use crate::analysis::probe::{Context, Probe, Root};
use crate::analysis::value::{Base, Kind, Live, Mode, Origin, Query, Row, Value};
use crate::project::ModelId;
use crate::source::{Site, Sym};

use super::costs::shown_place;
use super::formula::{self, Letters};
use super::{Held, Shown, is_own, place};

/// Texts that differ between contexts are told so many times.
const MOST_GROUPS: usize = 3;
/// Places that are named of one kind.
const MOST_PLACES: usize = 4;

pub(super) fn shown(held: &Held<'_>, probe: &Probe) -> Option<Shown> {
    let mut groups: Vec<(String, Vec<&Context>)> = Vec::new();
    for context in &probe.contexts {
        let teller = Teller {
            held,
            at: probe.site,
            context,
        };
        let text = teller.told()?;
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, all)) => all.push(context),
            None => groups.push((text, vec![context])),
        }
    }
    let markdown = match &groups[..] {
        [] => return None,
        [(text, _)] => text.clone(),
        all => {
            let mut out = String::new();
            for (text, contexts) in all.iter().take(MOST_GROUPS) {
                let names: Vec<String> = contexts
                    .iter()
                    .take(2)
                    .map(|c| format!("`{}`", name(held, c.entry)))
                    .collect();
                let more = contexts.len().saturating_sub(2);
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                let _ = write!(out, "In {}{more}: {text}\n\n", names.join(", "));
            }
            if all.len() > MOST_GROUPS {
                let _ = writeln!(
                    out,
                    "Elsewhere it is something else again ({} ways).",
                    all.len() - MOST_GROUPS
                );
            }
            out
        }
    };
    Some(Shown {
        span: probe.site.span,
        markdown: markdown.trim_end().to_owned(),
    })
}

/// The name of what was run.
fn name(held: &Held<'_>, root: Root) -> String {
    let project = held.project;
    match root {
        Root::Function(func) => project.routine(func).qualname.to_string(),
        Root::Class(class) | Root::Admin(class, ..) | Root::Attribute(class, _) => {
            project.class_facts(class).qualname.to_string()
        }
    }
}

struct Teller<'h> {
    held: &'h Held<'h>,
    at: Site,
    context: &'h Context,
}

impl Teller<'_> {
    fn told(&self) -> Option<String> {
        let parts: Vec<&Value> = self
            .context
            .value
            .alternatives()
            .iter()
            .filter(|v| is_rows(v))
            .collect();
        let mut texts: Vec<String> = Vec::new();
        for part in parts {
            let text = self.value(part)?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.is_empty() {
            return None;
        }
        let mut out = texts.join("\n\nor ");
        self.costs(&mut out);
        Some(out)
    }

    fn label(&self, model: ModelId) -> Sym {
        self.held.project.model(model).label
    }

    fn value(&self, value: &Value) -> Option<String> {
        match &value.kind {
            Kind::Query(query) => Some(self.query(query, "queryset")),
            Kind::Manager(manager) => Some(self.query(&manager.query, "manager")),
            Kind::Row(row) => Some(self.row(row)),
            Kind::Coll(coll) => {
                let parts: Vec<&Value> = coll.elem.alternatives().iter().filter(|v| is_rows(v)).collect();
                let Kind::Row(row) = &parts.first()?.kind else {
                    return None;
                };
                let mut out = format!("**list of rows of `{}`**", self.label(row.model));
                self.origin(row, &mut out);
                self.loads(row, &mut out);
                Some(out)
            }
            _ => None,
        }
    }

    fn query(&self, query: &Query, noun: &str) -> String {
        let mut out = String::from("**");
        if let Base::Related(row, name) = &query.base {
            let _ = write!(out, "`{name}` of one `{}`: ", self.label(row.model));
        }
        if query.empty {
            out.push_str("empty ");
        }
        let _ = write!(out, "{noun} of `{}`**", self.label(query.model));
        let mut kinds: Vec<&str> = Vec::new();
        let mut kind = |holds: bool, word: &'static str| {
            if holds {
                kinds.push(word);
            }
        };
        kind(!query.filters.is_empty(), "filtered");
        kind(query.ordered, "ordered");
        kind(query.sliced, "sliced");
        kind(query.mode == Mode::Values, "values instead of rows");
        if !kinds.is_empty() {
            let _ = write!(out, ", {}", kinds.join(", "));
        }
        plan(&query.plan, "", &mut out);
        if noun != "manager" {
            self.evaluated(query, &mut out);
        }
        out
    }

    /// Where the queryset is evaluated.
    fn evaluated(&self, query: &Query, out: &mut String) {
        if query.fetched {
            out.push_str("\n\nIts rows are in memory here.");
            return;
        }
        let of = |charge: &&Charge| charge.queryset == Some(query.site);
        let charges: Vec<&Charge> = self.context.all.charges.iter().filter(of).collect();
        let letters = Letters::of(&self.context.all);
        let mut places: Vec<String> = Vec::new();
        for charge in &charges {
            let Some(site) = shown_place(self.held, charge) else {
                continue;
            };
            let often = match charge.per.is_empty() {
                true => String::new(),
                false => format!(
                    " ({} times)",
                    formula::sum(
                        std::iter::once(&Charge {
                            count: 1,
                            ..(*charge).clone()
                        }),
                        &letters
                    )
                ),
            };
            let text = format!("{}{often}", place(self.held, site));
            if !places.contains(&text) {
                places.push(text);
            }
        }
        if !places.is_empty() {
            places.truncate(MOST_PLACES);
            let _ = write!(out, "\n\nEvaluated at {}.", places.join(", "));
        }
    }

    fn row(&self, row: &Row) -> String {
        let label = self.label(row.model);
        let mut out = String::from("**");
        match (&row.origin, row.steps.last()) {
            (Origin::New, None) => {
                let _ = write!(out, "a new `{label}`**, not from the database");
                return out;
            }
            (_, Some(step)) => {
                let _ = write!(
                    out,
                    "a row of `{label}`**, reached by `{}`",
                    row.path().replace("__", ".")
                );
                if step.many && step.live == Live::Many {
                    out.push_str(", one of many");
                }
            }
            (_, None) if row.live == Live::Many => {
                let _ = write!(out, "one of the rows of `{label}`**");
            }
            (_, None) => {
                let _ = write!(out, "a row of `{label}`**");
            }
        }
        self.origin(row, &mut out);
        self.loads(row, &mut out);
        out
    }

    /// Where rows come from.
    fn origin(&self, row: &Row, out: &mut String) {
        match &row.origin {
            Origin::Query(query) if is_own(self.held, query.site) && !matches!(query.base, Base::Slot(_)) => {
                let _ = write!(
                    out,
                    ", from the queryset of `{}` at {}",
                    self.label(query.model),
                    place(self.held, query.site)
                );
            }
            Origin::Slot(_) | Origin::Elsewhere => {
                out.push_str("; what was loaded with it is not known here");
            }
            _ => {}
        }
    }

    /// What is loaded with a row.
    fn loads(&self, row: &Row, out: &mut String) {
        if let Origin::Query(query) = &row.origin
            && !matches!(query.base, Base::Slot(_) | Base::Unknown)
        {
            plan(&query.plan, &row.path(), out);
        }
    }

    /// What reading the expression costs, and the queries before it.
    fn costs(&self, out: &mut String) {
        let all = &self.context.all;
        let letters = Letters::of(all);
        let here: Vec<&Charge> = all
            .charges
            .iter()
            .filter(|charge| charge.site == self.at)
            .collect();
        let relation = self
            .context
            .value
            .alternatives()
            .iter()
            .find_map(|part| match &part.kind {
                Kind::Row(row) => row
                    .steps
                    .last()
                    .filter(|step| !step.many && step.site == self.at)
                    .map(|step| (row, step)),
                _ => None,
            });
        if !here.is_empty() {
            let sum = formula::sum(here.iter().copied(), &letters);
            let noun = if sum == "1" { "query" } else { "queries" };
            let named: Vec<String> = letters
                .all()
                .filter(|(_, per)| here.iter().any(|charge| charge.per.contains(per)))
                .map(|(letter, per)| match per.model {
                    Some(model) => format!("{letter}: rows of `{}`", self.label(model)),
                    None => format!("{letter}: the loop"),
                })
                .collect();
            let named = if named.is_empty() {
                String::new()
            } else {
                format!(" ({})", named.join(", "))
            };
            let why = match relation {
                Some((_, step)) => format!("`{}` is not loaded with the rows: ", step.name),
                None => String::new(),
            };
            let _ = write!(out, "\n\n{why}+{sum} {noun} here{named}.");
        } else if let Some((row, step)) = relation
            && let Origin::Query(query) = &row.origin
            && !query.plan.open
        {
            let _ = write!(
                out,
                "\n\n`{}` is in memory: reading it costs no query.",
                step.name
            );
        }
        self.before(out);
    }

    fn before(&self, out: &mut String) {
        let before = &self.context.before;
        let before = Bill {
            charges: before
                .charges
                .iter()
                .filter(|charge| charge.site != self.at)
                .cloned()
                .collect(),
            gaps: before.gaps.clone(),
        };
        let letters = Letters::of(&before);
        if let Some(total) = formula::total(&before, &letters) {
            let _ = write!(
                out,
                "\n\nBefore it in `{}`: {total}.",
                name(self.held, self.context.entry)
            );
        }
    }
}

fn is_rows(value: &Value) -> bool {
    match &value.kind {
        Kind::Row(_) | Kind::Query(_) | Kind::Manager(_) => true,
        Kind::Coll(coll) => coll.elem.alternatives().iter().any(is_rows),
        _ => false,
    }
}

/// What a plan loads below a path, a line each.
fn plan(plan: &Plan, path: &str, out: &mut String) {
    let below = |name: &str| -> Option<String> {
        if path.is_empty() {
            return Some(name.to_owned());
        }
        name.strip_prefix(path)?.strip_prefix("__").map(str::to_owned)
    };
    let mut line = |word: &str, names: Vec<String>| {
        if !names.is_empty() {
            let _ = write!(out, "\n- {word} {}", names.join(", "));
        }
    };
    let quoted = |names: &[Sym]| -> Vec<String> {
        names
            .iter()
            .filter_map(|name| below(name.as_str()))
            .map(|name| format!("`{name}`"))
            .collect()
    };
    let mut select = quoted(&plan.select);
    if plan.select_all && path.is_empty() {
        select.push("every foreign key that is not null".into());
    }
    line("`select_related`:", select);
    let prefetch = plan.prefetch.iter().filter_map(|one| {
        let lookup = below(one.lookup.as_str())?;
        let attr = one.to.as_str().rsplit("__").next().unwrap_or_default();
        Some(if one.has_to_attr {
            format!("`{lookup}` as `{attr}`")
        } else {
            format!("`{lookup}`")
        })
    });
    line("`prefetch_related`:", prefetch.collect());
    if path.is_empty() {
        line("`only`:", quoted(plan.only.as_deref().unwrap_or_default()));
        line("`defer`:", quoted(&plan.defer));
        line("`annotate`:", quoted(&plan.annotations));
    }
    if plan.open {
        line("what else it loads is not known", vec![String::new()]);
    }
}
