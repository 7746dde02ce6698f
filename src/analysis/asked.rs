//! What the expressions of templates ask the database, by their places.
//!
//! Puts loads and evaluations together under the innermost expression of a template that causes them. What is in
//! memory counts as free; what nobody renders with a known context is not there.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::ir::{ExprKind, Routine, Stmt, StmtKind};
use crate::project::{FuncId, ModelId, Part, Project};
use crate::source::{Site, Sym};

use super::Analysis;
use super::event::{Access, Eval};
use super::judge;
use super::tables::{self, Served};
use super::value::Base;
use super::walk;

/// One query of an expression in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The rows that are asked for.
    pub model: ModelId,
    /// `iterate`, `bool`, `len`, `count`, `exists` …
    pub op: Sym,
    /// Some rendering has the answer in memory, or may have.
    pub free: bool,
    /// The expression runs once for each of many rows.
    pub repeated: bool,
    /// What the expression calls runs the query: the first place there on the way to it.
    pub through: Option<Site>,
    /// Where the query runs.
    pub at: Site,
    /// A function on the way to the query may remember answers.
    pub remembered: bool,
}

/// All queries of templates.
#[derive(Debug, Default)]
pub struct Asks {
    by_site: BTreeMap<Site, Vec<Ask>>,
}

impl Asks {
    pub fn of(project: &Project, analysis: &Analysis) -> Self {
        let mut asks = Self::default();
        for (load, func) in &analysis.loads {
            let Access::Set(set) = &load.access else { continue };
            let Some(judged) = judge::judge(project, load, *func) else {
                continue;
            };
            let ask = Ask {
                model: judged
                    .last_attr(project)
                    .and_then(|attr| project.attr_target(attr))
                    .unwrap_or(load.row.model),
                op: set.op,
                free: judged.open || judged.loaded && set.served != Served::Query,
                repeated: judged.repeated,
                through: None,
                at: load.site,
                remembered: false,
            };
            asks.add(project, analysis, &load.calls, ask);
        }
        let repeated = analysis.evals.iter().map(|found| (found, true));
        let single = analysis.runs.iter().map(|found| (found, false));
        // Code that went over the rows before has left them in the queryset.
        let in_code = analysis.runs.iter().filter(|(eval, _)| {
            !project.is_template(eval.site)
                && !eval.calls.iter().any(|call| project.is_template(*call))
                && tables::keeps_rows(eval.op)
        });
        let loaded: FxHashSet<(FuncId, Site)> =
            in_code.map(|(eval, func)| (*func, eval.query.site)).collect();
        for ((eval, func), repeated) in repeated.chain(single) {
            // Related sets are among the loads.
            if matches!(eval.query.base, Base::Model) {
                let mut ask = Ask::of_eval(eval, repeated);
                ask.free |= loaded.contains(&(*func, eval.query.site));
                asks.add(project, analysis, &eval.calls, ask);
            }
        }
        asks
    }

    /// The queries of an expression.
    pub fn at(&self, site: Site) -> &[Ask] {
        self.by_site.get(&site).map_or(&[], Vec::as_slice)
    }

    /// Whether an expression certainly runs a query of its own, in every rendering that is known, and once.
    pub fn runs_once(&self, site: Site) -> bool {
        let asks = self.at(site);
        !asks.is_empty()
            && asks
                .iter()
                .all(|ask| !ask.free && !ask.repeated && ask.through.is_none())
    }

    fn add(&mut self, project: &Project, analysis: &Analysis, calls: &[Site], ask: Ask) {
        let (place, through, remembered) = if project.is_template(ask.at) {
            (ask.at, None, false)
        } else {
            let Some(at) = calls.iter().rposition(|call| project.is_template(*call)) else {
                return;
            };
            let behind = &calls[at + 1..];
            // A cached property on the way answers the second time from memory.
            if behind.iter().any(|call| analysis.kept.contains(call)) {
                return;
            }
            let first = behind.first().copied().unwrap_or(ask.at);
            let remembered = behind
                .iter()
                .chain([&ask.at])
                .any(|site| remembers(project, *site));
            (calls[at], Some(first), remembered)
        };
        let here = self.by_site.entry(place).or_default();
        let ask = Ask {
            through,
            remembered,
            ..ask
        };
        if !here.contains(&ask) {
            here.push(ask);
        }
    }
}

impl Ask {
    fn of_eval(eval: &Eval, repeated: bool) -> Self {
        Self {
            model: eval.query.model,
            op: eval.op,
            free: eval.query.fetched,
            repeated,
            through: None,
            at: eval.site,
            remembered: false,
        }
    }
}

/// Whether the function around a place puts something under a key or an attribute, or asks what an object has in
/// memory: it may remember answers that way.
fn remembers(project: &Project, at: Site) -> bool {
    let facts = &project.file(at.file).facts;
    let holds = |routine: &&Routine| routine.span.contains(at.span);
    let holder = facts.functions.iter().skip(1).rfind(holds);
    holder.is_some_and(|routine| routine.body.iter().any(|stmt| fills(stmt) || asks_memory(stmt)))
}

fn fills(stmt: &Stmt) -> bool {
    let here = match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets
            .iter()
            .any(|t| matches!(t.kind, ExprKind::Index(_) | ExprKind::Attr(_))),
        _ => false,
    };
    here || stmt.blocks().into_iter().flatten().any(fills)
}

fn asks_memory(stmt: &Stmt) -> bool {
    const ABOUT_ATTRIBUTES: [&str; 3] = ["hasattr", "getattr", "setattr"];
    const MEMORY: [&str; 2] = ["__dict__", "_prefetched_objects_cache"];
    let mut found = false;
    walk::expressions(stmt, &mut |e| {
        found |= match &e.kind {
            ExprKind::Call(call) => ABOUT_ATTRIBUTES
                .iter()
                .any(|name| call.func.is_name(Sym::new(name))),
            ExprKind::Attr(attr) => MEMORY.contains(&attr.name.as_str()),
            _ => false,
        };
    });
    found
}

/// The function that an expression of a template calls, where it is always the same.
pub fn called(analysis: &Analysis, site: Site) -> Option<FuncId> {
    match analysis.called.get(&site).map(Vec::as_slice) {
        Some([one]) => Some(*one),
        _ => None,
    }
}

/// Whether an expression becomes an attribute of a variable, and decides nothing else: what it raises is not caught.
pub fn is_put_on(project: &Project, at: Site, variable: &str) -> bool {
    let routines = &project.file(at.file).facts.functions;
    let holder = routines
        .iter()
        .skip(1)
        .rfind(|routine| routine.span.contains(at.span));
    let mut body = holder.map(|routine| &routine.body[..]).unwrap_or_default();
    loop {
        let Some(stmt) = body.iter().find(|stmt| stmt.span.contains(at.span)) else {
            return false;
        };
        match &stmt.kind {
            StmtKind::Assign { targets, .. } => {
                return targets.iter().all(|target| match &target.kind {
                    ExprKind::Attr(attr) => attr.base.is_name(Sym::new(variable)),
                    _ => false,
                });
            }
            StmtKind::Try { .. } => return false,
            _ => {}
        }
        let inner = stmt.blocks().into_iter();
        match inner
            .into_iter()
            .find(|block| block.iter().any(|stmt| stmt.span.contains(at.span)))
        {
            Some(block) => body = block,
            None => return false,
        }
    }
}

/// Whether some query of the project gives its rows an attribute of that name, which then stands before a method.
pub fn is_annotated(project: &Project, name: Sym) -> bool {
    let mut found = false;
    let own = |file: &crate::source::FileId| project.file(*file).part == Part::Source;
    for file in project.file_ids().filter(own) {
        for stmt in project.file(file).facts.functions.iter().flat_map(|f| &f.body) {
            walk::expressions(stmt, &mut |e| {
                if let ExprKind::Call(call) = &e.kind
                    && let ExprKind::Attr(attr) = &call.func.kind
                    && attr.name == "annotate"
                {
                    found |= call.keyword(name.as_str()).is_some();
                }
            });
        }
    }
    found
}

/// Whether code of the project reads an attribute with the name of a method, outside of the method itself.
pub fn is_read_in_code(project: &Project, func: FuncId) -> bool {
    let (own, _) = project.func(func);
    let routine = project.routine(func);
    let mut read = false;
    for file in project.file_ids() {
        let known = project.file(file);
        if known.part != Part::Source {
            continue;
        }
        for stmt in known.facts.functions.iter().flat_map(|f| &f.body) {
            walk::expressions(stmt, &mut |e| {
                let inside = file == own && routine.span.contains(e.span);
                let named = matches!(&e.kind, ExprKind::Attr(attr) if attr.name == routine.name);
                read |= named && !inside;
            });
        }
    }
    read
}
