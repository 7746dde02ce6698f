//! What the rules about the order of middleware share: breaches as findings, one for each list that has to change.

mod places;

use std::collections::BTreeMap;

use crate::fix::reorder::{self, Reordered};
use crate::project::middleware::{Asks, Breach, Entry, Harm, Stack, breaches};
use crate::project::settings::Role as Purpose;
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Role, Severity};
use crate::source::Site;

use super::findings::{MAX_LABELS, reportable};
use super::{Context, Rule, fixes};

/// A breach in one of the lists.
struct Found<'s, 'p> {
    stack: &'s Stack<'p>,
    breach: Breach,
}

impl<'s> Found<'s, '_> {
    fn first(&self) -> &'s Entry {
        &self.stack.entries[self.breach.first]
    }

    fn second(&self) -> &'s Entry {
        &self.stack.entries[self.breach.second]
    }

    /// The literal to change: that of both, else the one that adds fewer entries.
    fn home(&self) -> Site {
        let size = |list: Site| self.stack.entries.iter().filter(|e| e.list == list).count();
        let (first, second) = (self.first().list, self.second().list);
        match size(first).cmp(&size(second)) {
            std::cmp::Ordering::Less => first,
            std::cmp::Ordering::Greater => second,
            std::cmp::Ordering::Equal => first.max(second),
        }
    }
}

/// Findings about the breaches that a rule reports.
pub(super) fn check(cx: &Context<'_>, rule: &Rule, wanted: &[Harm], out: &mut Vec<Diagnostic>) {
    let stacks = cx.project.stacks();
    let mut lists: BTreeMap<Site, Vec<Found<'_, '_>>> = BTreeMap::new();
    let mut others: BTreeMap<(Site, &str), Found<'_, '_>> = BTreeMap::new();
    for stack in &stacks {
        for breach in breaches(cx.project, stack) {
            let found = Found { stack, breach };
            if !wanted.contains(&found.breach.constraint.harm) || !reportable(cx.project, found.first().site)
            {
                continue;
            }
            match found.breach.constraint.asks {
                Asks::Order => {
                    let all = lists.entry(found.home()).or_default();
                    let pair = |f: &Found<'_, '_>| (f.first().site, f.second().site);
                    match all.iter_mut().find(|f| pair(f) == pair(&found)) {
                        Some(known) => known.breach.likely &= found.breach.likely,
                        None => all.push(found),
                    }
                }
                // What others take over may be completed there.
                Asks::Pair if stack.settings.role == Purpose::Base => {}
                _ => {
                    let at = (found.second().site, &*found.breach.constraint.id);
                    others.entry(at).or_insert(found);
                }
            }
        }
    }
    for (home, all) in &lists {
        if reportable(cx.project, *home) {
            out.push(ordered(cx, rule, &stacks, *home, all));
        }
    }
    out.extend(others.values().map(|found| other(rule, found)));
}

fn ordered(
    cx: &Context<'_>,
    rule: &Rule,
    stacks: &[Stack<'_>],
    home: Site,
    all: &[Found<'_, '_>],
) -> Diagnostic {
    let wrong: Vec<(Site, Site)> = all.iter().map(|f| (f.first().site, f.second().site)).collect();
    let fix = reorder::fix(&cx.desk(), stacks, home, &wrong);
    let is_moved = |entry: &Entry| fix.as_ref().is_ok_and(|fix| fix.moved.contains(&entry.site));
    // Of two entries, the one that moves, or would have to.
    let subject = |found: &Found<'_, '_>| -> bool {
        match (is_moved(found.first()), is_moved(found.second())) {
            (false, true) => false,
            (false, false) => found.first().list == home,
            _ => true,
        }
    };
    let mut moved: Vec<&Entry> = Vec::new();
    let mut labels: Vec<Label> = Vec::new();
    for found in all {
        let (entry, mate, place) = if subject(found) {
            (found.first(), found.second(), "before")
        } else {
            (found.second(), found.first(), "behind")
        };
        if moved.iter().all(|known| known.site != entry.site) {
            moved.push(entry);
        }
        let constraint = found.breach.constraint;
        if labels.len() < MAX_LABELS {
            labels.push(Label {
                site: mate.site,
                role: Role::Setting,
                message: format!(
                    "`{}` belongs {place} this: {} ({})",
                    entry.name(),
                    constraint.why,
                    constraint.source
                ),
            });
        }
    }
    let message = places::wrong(all, &moved, &subject);
    let worst = all
        .iter()
        .map(|f| f.breach.constraint.harm)
        .max()
        .unwrap_or(Harm::Perf);
    let certain = all.iter().any(|f| !f.breach.likely);
    let mut diagnostic = finding(
        rule,
        worst,
        moved.first().map_or(home, |e| e.site),
        message,
        certain,
    );
    diagnostic.help = Some(places::advice(all, &moved, &subject));
    diagnostic.labels = labels;
    fixes::offer(&mut diagnostic, fix.map(|Reordered { fix, .. }| fix));
    diagnostic
}

/// A finding about entries that are there twice, without their other half, or beside another that does the same.
fn other(rule: &Rule, found: &Found<'_, '_>) -> Diagnostic {
    let constraint = found.breach.constraint;
    let (first, second) = (found.first(), found.second());
    let why = &constraint.why;
    let (message, help) = match constraint.asks {
        Asks::Pair => (
            format!(
                "`{}` stands in `MIDDLEWARE` without its other half: {why}",
                first.name()
            ),
            "add the other half, or remove this one".to_owned(),
        ),
        Asks::Unique => (
            format!("`{}` is in `MIDDLEWARE` twice: {why}", second.name()),
            "remove one of them".to_owned(),
        ),
        _ => (
            format!(
                "`{}` and `{}` are both in `MIDDLEWARE`: {why}",
                first.name(),
                second.name()
            ),
            "remove one of them".to_owned(),
        ),
    };
    let mut diagnostic = finding(rule, constraint.harm, second.site, message, !found.breach.likely);
    diagnostic.help = Some(help);
    if first.site != second.site {
        diagnostic.labels.push(Label {
            site: first.site,
            role: Role::Setting,
            message: format!("`{}` ({})", first.name(), constraint.source),
        });
    }
    diagnostic
}

fn finding(rule: &Rule, harm: Harm, site: Site, message: String, certain: bool) -> Diagnostic {
    Diagnostic {
        severity: match harm {
            Harm::Error => rule.severity,
            _ => rule.severity.min(Severity::Warning),
        },
        certainty: if certain {
            Certainty::Certain
        } else {
            Certainty::Likely
        },
        ..rule.finding(site, message)
    }
}
