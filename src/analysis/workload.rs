//! The workload: what all queries of the project ask of each table.
//!
//! Turns uses into predicates over the columns of one table. Which index would serve one is for `advice`.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::project::{ModelAttr, ModelId, Project, RelKind};
use crate::source::{Site, Sym};

use super::conditions::{Compared, Condition, Filter, Given, Order};
use super::heat::{self, Heat};
use super::lookups::{self, Class};
use super::offered;
use super::tables;
use super::uses::{PREFETCH, Use};

/// Alternatives of one condition that are told apart.
const MAX_BRANCHES: usize = 4;

/// One comparison with a column.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Term {
    /// The model whose table has the column.
    pub table: ModelId,
    /// The field; for keys of relations the relation's name.
    pub field: Sym,
    pub class: Class,
    /// What stands behind the field: `gte`, `date__lt`; `exact` where nothing does.
    pub lookup: Sym,
    pub given: Given,
    /// In the table of a related model.
    pub joined: bool,
    pub site: Site,
}

/// In which order a query wants the rows of a table.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Sorted {
    No,
    /// Fields of the table, and whether they descend.
    By(Vec<(Sym, bool)>),
    /// By something that is no column of the table, or not known.
    Otherwise,
}

/// What one query asks of one table. All of `equal`, `range` and `other` have to hold.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Predicate {
    pub table: ModelId,
    pub equal: Vec<Term>,
    pub range: Vec<Term>,
    /// What no index over the plain column serves.
    pub other: Vec<Term>,
    /// Other tables decide which rows there are: a many-to-many relation, a join with a condition.
    pub linked: bool,
    /// There may be further conditions.
    pub open: bool,
    /// One of alternatives that are joined by `or`; all of them have to be served.
    pub branch: bool,
    pub sorted: Sorted,
    pub limited: bool,
    /// Some condition is set, one that is not understood included.
    pub filtered: bool,
    pub op: Option<Sym>,
    /// Where it runs.
    pub site: Site,
    /// The queryset expression.
    pub place: Site,
    pub repeated: bool,
    pub heat: Heat,
}

impl Predicate {
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.equal.iter().chain(&self.range).chain(&self.other)
    }

    /// The place that says most of what is asked: the last filter, else the order, else the query.
    pub fn written(&self) -> Site {
        self.terms().last().map_or(self.site, |term| term.site)
    }
}

/// What all uses, and what classes offer, ask of the tables of the project's own models, sorted and each once.
pub fn predicates(project: &Project, uses: &[Use]) -> Vec<Predicate> {
    let offered = offered::uses(project);
    let uses: Vec<&Use> = uses.iter().chain(&offered).collect();
    let standing: Vec<&Use> = standing(&uses).collect();
    let mut out: Vec<Predicate> = standing
        .into_par_iter()
        .fold(Vec::new, |mut out, one| {
            Resolver { project, one }.run(&mut out);
            out
        })
        .flatten()
        .collect();
    out.par_sort();
    out.dedup();
    out
}

/// Uses without those of a queryset that was only a step on the way to another.
fn standing<'u>(uses: &[&'u Use]) -> impl Iterator<Item = &'u Use> {
    let key = |one: &Use, filters: usize, order: bool| {
        let sites: Vec<Site> = one.filters.iter().take(filters).map(|f| f.site).collect();
        let order = match &one.order {
            Order::By(_, Some(site)) if order => Some(*site),
            _ => None,
        };
        (one.model, one.related, sites, order)
    };
    let mut passed = FxHashSet::default();
    for one in uses {
        let all = one.filters.len();
        for n in 0..all {
            passed.insert(key(one, n, false));
            passed.insert(key(one, n, true));
        }
        if key(one, all, true).3.is_some() {
            passed.insert(key(one, all, false));
        }
        if one.op.is_some() {
            passed.insert(key(one, all, true));
        }
    }
    uses.iter()
        .copied()
        .filter(move |one| one.op.is_some() || !passed.contains(&key(one, one.filters.len(), true)))
}

/// A conjunction that is being put together.
#[derive(Clone, Default)]
struct Joint {
    terms: Vec<Term>,
    linked: bool,
    open: bool,
    branch: bool,
    /// Only some ways through the code ask so.
    optional: bool,
}

struct Resolver<'a> {
    project: &'a Project,
    one: &'a Use,
}

impl Resolver<'_> {
    fn run(&self, out: &mut Vec<Predicate>) {
        let always: Vec<&Filter> = self.one.filters.iter().filter(|f| !f.sometimes).collect();
        let sometimes: Vec<&Filter> = self.one.filters.iter().filter(|f| f.sometimes).collect();
        let mut base = vec![self.related()];
        for filter in &always {
            base = self.with(base, &filter.condition, filter.site);
        }
        for joint in &base {
            self.predicate(joint, out);
        }
        for filter in sometimes {
            for mut joint in self.with(base.clone(), &filter.condition, filter.site) {
                joint.optional = !filter.either;
                self.predicate(&joint, out);
            }
        }
    }

    /// What it says that the rows are those of a relation of one row.
    fn related(&self) -> Joint {
        let mut joint = Joint {
            open: self.one.open,
            linked: self.one.op.is_some_and(|op| op == *PREFETCH),
            ..Joint::default()
        };
        let Some((model, attr)) = self.one.related else {
            return joint;
        };
        let equal = |field: Sym| Term {
            table: self.one.model,
            field,
            class: Class::Equal,
            lookup: Sym::new("exact"),
            given: Given::Other,
            joined: false,
            site: self.one.place,
        };
        match self.project.model_attr(model, attr) {
            Some(ModelAttr::Reverse(rel))
                if matches!(
                    self.project.relation(rel).kind,
                    RelKind::ForeignKey | RelKind::OneToOne
                ) =>
            {
                joint.terms.push(equal(self.project.relation(rel).name));
            }
            _ => joint.linked = true,
        }
        joint
    }

    /// Each conjunction, with a condition more.
    fn with(&self, joints: Vec<Joint>, condition: &Condition, site: Site) -> Vec<Joint> {
        match condition {
            Condition::Compared(one) => joints
                .into_iter()
                .map(|mut joint| {
                    match self.term(one, site) {
                        Found::Term(term) => joint.terms.push(term),
                        Found::Linked => joint.linked = true,
                        Found::Most => {}
                        Found::Nothing => joint.open = true,
                    }
                    joint
                })
                .collect(),
            Condition::All(parts) => parts
                .iter()
                .fold(joints, |joints, part| self.with(joints, part, site)),
            Condition::Any(parts) => {
                let mut all = Vec::new();
                for part in flat(parts) {
                    let branch = joints.iter().map(|joint| Joint {
                        branch: true,
                        ..joint.clone()
                    });
                    all.extend(self.with(branch.collect(), part, site));
                }
                if all.len() > MAX_BRANCHES * joints.len().max(1) {
                    return opened(joints);
                }
                all
            }
            Condition::Not(inner) => match &**inner {
                Condition::Not(inner) => self.with(joints, inner, site),
                _ => joints,
            },
            Condition::Unknown => opened(joints),
        }
    }

    fn term(&self, one: &Compared, site: Site) -> Found {
        let project = self.project;
        let parts: Vec<Sym> = one.lookup.as_str().split("__").map(Sym::new).collect();
        let (mut at, mut joined) = (self.one.model, false);
        for (i, part) in parts.iter().enumerate() {
            let name = project.accessor_for(at, *part);
            let rest = &parts[i + 1..];
            let column = |field: Sym| {
                let foreign = matches!(project.model_attr(at, field), Some(ModelAttr::Forward(_)));
                let class = match lookups::class(rest) {
                    Class::Null if one.given != Given::Truth(true) => return Found::Most,
                    // That a function gives nothing is not certain enough for a key.
                    Class::Equal if one.given == Given::None && !foreign => Class::Null,
                    _ if one.given == Given::Column => Class::Other,
                    class => class,
                };
                let lookup: Vec<&str> = rest.iter().map(|p| p.as_str()).collect();
                Found::Term(Term {
                    table: project.table_of(at, field),
                    field,
                    class,
                    lookup: Sym::new(
                        if lookup.is_empty() {
                            "exact".into()
                        } else {
                            lookup.join("__")
                        }
                        .as_str(),
                    ),
                    given: one.given,
                    joined,
                    site,
                })
            };
            match project.model_attr(at, name) {
                Some(ModelAttr::Pk) => return column(self.key(at)),
                Some(ModelAttr::Column { .. }) => return column(name),
                Some(ModelAttr::Attname(rel)) => return column(project.relation(rel).name),
                Some(attr @ (ModelAttr::Forward(rel) | ModelAttr::Reverse(rel))) => {
                    let key = matches!(attr, ModelAttr::Forward(_))
                        && matches!(
                            project.relation(rel).kind,
                            RelKind::ForeignKey | RelKind::OneToOne
                        );
                    let Some(target) = project.attr_target(attr) else {
                        return if key { column(name) } else { Found::Nothing };
                    };
                    let next = rest.first().map(|next| {
                        let name = project.accessor_for(target, *next);
                        project.model_attr(target, name)
                    });
                    match next {
                        Some(Some(ModelAttr::Pk)) if key => {
                            let rest = &rest[1..];
                            let class = lookups::class(rest);
                            return Found::Term(Term {
                                table: project.table_of(at, name),
                                field: name,
                                class,
                                lookup: Sym::new("exact"),
                                given: one.given,
                                joined,
                                site,
                            });
                        }
                        Some(Some(_)) => {
                            at = target;
                            joined = true;
                        }
                        _ if key => return column(name),
                        _ if rest.first().is_some_and(|l| *l == "isnull") => return Found::Nothing,
                        _ => return Found::Linked,
                    }
                }
                None => return Found::Nothing,
            }
        }
        Found::Nothing
    }

    /// The predicates of a conjunction: on the queryset's own table, or on that of a join which alone decides.
    fn predicate(&self, joint: &Joint, out: &mut Vec<Predicate>) {
        let project = self.project;
        let own = project.concrete(self.one.model);
        let (here, away): (Vec<&Term>, Vec<&Term>) = joint
            .terms
            .iter()
            .partition(|term| !term.joined && term.table == own);
        let mut tables: Vec<ModelId> = vec![own];
        if here.iter().all(|term| !term.class.is_plain()) {
            tables.extend(away.iter().filter(|t| t.class == Class::Equal).map(|t| t.table));
        }
        tables.dedup();
        for table in tables {
            let terms: Vec<&Term> = joint
                .terms
                .iter()
                .filter(|term| {
                    if table == own {
                        !term.joined && term.table == own
                    } else {
                        term.table == table
                    }
                })
                .collect();
            let sorted = if table == own {
                self.sorted()
            } else {
                Sorted::Otherwise
            };
            let of = |keep: &dyn Fn(Class) -> bool| {
                let mut found: Vec<Term> = Vec::new();
                for term in terms.iter().filter(|term| keep(term.class)) {
                    if found.iter().all(|t| t.field != term.field) {
                        found.push((*term).clone());
                    }
                }
                found
            };
            out.push(Predicate {
                table,
                equal: of(&|class| matches!(class, Class::Equal | Class::Null)),
                range: of(&|class| class == Class::Range),
                other: of(&|class| !class.is_plain()),
                linked: joint.linked || table == own && away.iter().any(|t| t.class.is_plain()),
                open: joint.open,
                branch: joint.branch,
                sorted,
                limited: self.one.limited,
                filtered: !self.one.filters.is_empty() || self.one.related.is_some() || self.one.open,
                op: self.one.op,
                site: self.one.site,
                place: self.one.place,
                repeated: self.one.repeated,
                heat: self.heat(joint.optional),
            });
        }
    }

    /// The field of the primary key.
    fn key(&self, model: ModelId) -> Sym {
        match self.project.primary_key(model)[..] {
            [one] => one,
            _ => Sym::new("pk"),
        }
    }

    fn heat(&self, optional: bool) -> Heat {
        let of = |site| heat::of(self.project, site);
        let heat = of(self.one.site).min(of(self.one.place));
        match self.one.offered || optional {
            true => heat.min(Heat::Offered),
            false => heat,
        }
    }

    fn sorted(&self) -> Sorted {
        if !self.one.op.is_some_and(lookups::is_ordered) {
            return Sorted::No;
        }
        let meta = &self.project.model(self.one.model).meta;
        let names: Arc<[Sym]> = match &self.one.order {
            Order::By(names, _) => names.clone(),
            Order::Default if !meta.ordered => return Sorted::No,
            Order::Default if meta.ordering.is_empty() => return Sorted::Otherwise,
            Order::Default => meta.ordering.clone().into(),
            Order::Latest if !meta.get_latest_by.is_empty() => meta.get_latest_by.clone().into(),
            Order::Latest | Order::Unknown => return Sorted::Otherwise,
        };
        let mut fields = Vec::new();
        for name in names.iter() {
            let (plain, descending) = match name.as_str().strip_prefix('-') {
                Some(plain) => (plain, true),
                None => (name.as_str(), false),
            };
            if self.one.annotations.iter().any(|a| *a == *plain) {
                return Sorted::Otherwise;
            }
            let field = match self.term(
                &Compared {
                    lookup: Sym::new(plain),
                    given: Given::Other,
                },
                self.one.site,
            ) {
                Found::Term(term) if !term.joined && term.class == Class::Equal => term.field,
                _ => return Sorted::Otherwise,
            };
            // Rows of a foreign key are sorted as its model says.
            let orders = match self.project.model_attr(self.one.model, field) {
                Some(attr @ ModelAttr::Forward(_)) if !plain.ends_with("_id") => self
                    .project
                    .attr_target(attr)
                    .is_none_or(|target| self.project.is_ordered(target)),
                _ => false,
            };
            if orders {
                return Sorted::Otherwise;
            }
            let key = field == self.key(self.one.model);
            // Behind other columns it sorts the few rows that are equal in them.
            if !key || fields.is_empty() {
                fields.push((field, descending));
            }
            if key {
                break;
            }
        }
        if fields.is_empty() {
            return Sorted::No;
        }
        Sorted::By(fields)
    }
}

enum Found {
    Term(Term),
    /// Rows of another table that a key leads to.
    Linked,
    /// Most rows fulfil it: no index finds them.
    Most,
    Nothing,
}

fn opened(joints: Vec<Joint>) -> Vec<Joint> {
    let open = |joint: Joint| Joint { open: true, ..joint };
    joints.into_iter().map(open).collect()
}

/// The parts of nested alternatives.
fn flat(parts: &[Condition]) -> Vec<&Condition> {
    parts
        .iter()
        .flat_map(|part| match part {
            Condition::Any(inner) => flat(inner),
            other => vec![other],
        })
        .collect()
}

/// Whether an operation asks for one row at most.
pub fn asks_for_one(op: Sym) -> bool {
    tables::method(op).is_some_and(|m| matches!(m.returns, tables::Returns::Row | tables::Returns::Pair))
}
