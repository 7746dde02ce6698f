//! DJP414: a property or method runs a query, and a template reads it several times on the same row.

use std::collections::BTreeMap;

use crate::analysis::asked;
use crate::analysis::heat;
use crate::analysis::occurrences::{Occurrence, Occurrences, Role as Reading};
use crate::fix::cached_property;
use crate::project::{FuncId, Part};
use crate::report::diagnostic::{Certainty, Diagnostic, Label, Queries, Role};
use crate::source::{Site, Sym};

use super::findings::{MAX_LABELS, endpoints, severity};
use super::{Context, Rule, fixes};

/// What a template reads of one row, and by which path.
struct Reads {
    sites: Vec<Site>,
    path: Vec<Sym>,
    /// So many of them happen in one rendering at most.
    most: usize,
    /// Each of them happens in each rendering.
    always: bool,
    /// A loop around all of them has nothing to do with the row.
    in_vain: bool,
    /// What a `{% with %}` calls it already, and where.
    held: Option<(Sym, Site)>,
}

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut worst: BTreeMap<FuncId, Reads> = BTreeMap::new();
    for file in cx.project.django_templates() {
        if heat::is_page_for_once(cx.project, file) {
            continue;
        }
        let found = Occurrences::of(cx.project, file);
        for read in &found.all {
            for length in 2..=read.steps.len() {
                let Some((func, site)) = queries(cx, read, length) else {
                    continue;
                };
                let all = found.all.iter();
                let same: Vec<&Occurrence<'_>> = all
                    .filter(|other| read.shares(other, length) && read.together(other))
                    .collect();
                let reads = gathered(&same, length);
                let fits = reads.sites.contains(&site) && !same.iter().all(|read| read.aside);
                if fits && worst.get(&func).is_none_or(|known| reads.most > known.most) {
                    worst.insert(func, reads);
                }
            }
        }
    }
    for (func, reads) in worst {
        // An annotation of that name is an attribute of the row, and stands before a method.
        let routine = cx.project.routine(func);
        let hidden = routine.decorators.is_empty() && asked::is_annotated(cx.project, routine.name);
        if reads.most > 1 && !hidden {
            out.push(finding(cx, rule, func, &reads));
        }
    }
}

fn gathered(same: &[&Occurrence<'_>], length: usize) -> Reads {
    let at_once = |first: &&Occurrence<'_>| {
        let mut chosen = vec![*first];
        for read in same {
            if !chosen.iter().any(|one| one.is_at(read)) && chosen.iter().all(|one| one.together(read)) {
                chosen.push(read);
            }
        }
        chosen.len()
    };
    let certain =
        |read: &&Occurrence<'_>| read.role != Reading::Part && same.iter().all(|other| read.surrounds(other));
    let whole = |read: &&&Occurrence<'_>| read.steps.len() == length;
    let held = same.iter().filter(whole).find_map(|first| {
        let others = same.iter().filter(|read| !read.is_at(first));
        let mut names = others.map(|read| first.name_at(read));
        let name = names.next()??;
        names
            .all(|other| other == Some(name))
            .then(|| (name, place(first, length)))
    });
    Reads {
        sites: same.iter().map(|read| place(read, length)).collect(),
        path: same
            .first()
            .map(|read| read.path.iter().take(length).copied().collect())
            .unwrap_or_default(),
        most: same.iter().map(at_once).max().unwrap_or(0),
        always: same.iter().all(certain),
        in_vain: same.iter().all(|read| read.in_vain),
        held,
    }
}

/// The place of the first steps of a read.
fn place(read: &Occurrence<'_>, length: usize) -> Site {
    Site::new(read.site.file, read.steps[length - 1].span)
}

/// What the first steps of a read call, if that runs a query whose answer is not in memory.
fn queries(cx: &Context<'_>, read: &Occurrence<'_>, length: usize) -> Option<(FuncId, Site)> {
    let site = place(read, length);
    let func = asked::called(cx.analysis, site)?;
    let (file, _) = cx.project.func(func);
    let asks = cx.asks().at(site);
    let body = cx.project.routine(func).span;
    let inside = |at: Site| at.file == file && body.contains(at.span);
    let runs = asks.iter().any(|ask| ask.through.is_some_and(inside))
        && asks.iter().all(|ask| !ask.free && !ask.remembered);
    (runs && cx.project.file(file).part == Part::Source).then_some((func, site))
}

fn finding(cx: &Context<'_>, rule: &Rule, func: FuncId, reads: &Reads) -> Diagnostic {
    let path: Vec<&str> = reads.path.iter().map(|step| step.as_str()).collect();
    let path = path.join(".");
    let (file, _) = cx.project.func(func);
    let routine = cx.project.routine(func);
    let is_property = !routine.decorators.is_empty();
    let site = Site::new(file, routine.name_span);
    let label = |site: Site, role: Role, message: &str| Label {
        site,
        role,
        message: message.into(),
    };
    let mut labels: Vec<Label> = reads
        .sites
        .iter()
        .map(|site| label(*site, Role::Access, "one query here"))
        .collect();
    let asks = reads.sites.iter().flat_map(|read| cx.asks().at(*read));
    if let Some(ask) = asks.into_iter().find(|ask| ask.through.is_some()) {
        labels.push(label(ask.at, Role::Queryset, "this query"));
    }
    labels.truncate(MAX_LABELS);
    let name = routine.name;
    // Code that reads it as well may do so again after a change of what it asks for.
    let only_shown = is_property && !asked::is_read_in_code(cx.project, func) && !is_tested(cx, name);
    let help = if let Some((held, _)) = reads.held {
        format!("read `{held}`: `{{% with {held}={path} %}}` around these places keeps it already")
    } else if only_shown {
        "make it a `cached_property`: the row keeps the answer from the first read on".to_owned()
    } else if reads.in_vain {
        format!("read it once, for all passes of the loop: `{{% with {name}={path} %}}` around the loop")
    } else {
        format!("read it once: `{{% with {name}={path} %}}` around these places")
    };
    let most = reads.most;
    let up_to = if reads.always { "" } else { "up to " };
    let each = if reads.in_vain {
        ", in each pass of a loop"
    } else {
        ""
    };
    let mut found = Diagnostic {
        severity: severity(cx, rule, [site].into_iter()),
        certainty: Certainty::Likely,
        help: Some(help),
        queries: Some(Queries {
            before: most.to_string(),
            after: "1".into(),
        }),
        endpoints: endpoints(cx, &labels),
        labels,
        ..rule.finding(
            site,
            format!(
                "`{name}` runs a query, and a template reads it {up_to}{most} times on the same row{each}"
            ),
        )
    };
    if only_shown && reads.held.is_none() {
        fixes::offer(&mut found, cached_property::fix(cx.desk(), func));
    }
    found
}

/// Tests read it: they may change rows and ask the same object again.
fn is_tested(cx: &Context<'_>, name: Sym) -> bool {
    let read = format!(".{name}");
    let mut files = cx.project.file_ids();
    files.any(|file| {
        let test = cx.project.file(file).part == Part::Test;
        test && cx.sources.get(file).text.contains(&read)
    })
}
