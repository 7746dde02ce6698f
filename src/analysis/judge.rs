//! What an event means: where its rows were fetched, and whether the plan there serves it.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::project::{FuncId, Hop, ModelAttr, ModelId, Project, RelKind};
use crate::source::{Site, Sym};

use super::event::{Access, Eval, Load};
use super::value::{Live, Origin, Query, Row, join_path};

/// A load with the queryset that could have served it.
#[derive(Debug)]
pub struct Judged<'a> {
    pub load: &'a Load,
    pub func: FuncId,
    /// The queryset or related-set expression to change; the access itself when no loop is around.
    pub place: Site,
    /// The model of the rows fetched at `place`.
    pub model: ModelId,
    /// From `model` to the relation read, in accessor names.
    pub path: Vec<Sym>,
    /// The queryset at `place`, unless it is a related set or an argument.
    pub query: Option<Arc<Query>>,
    /// The relation path is in memory when it is read.
    pub loaded: bool,
    /// A prefetch of this very relation has an ordered queryset.
    pub loaded_ordered: bool,
    /// One of many rows.
    pub repeated: bool,
    /// The rows come from an argument of an entry point: some caller may have loaded the path.
    pub open: bool,
    /// Call sites between the loop and the access.
    pub calls: &'a [Site],
    /// Number of many-valued hops from `model` to the row that is read.
    pub depth: usize,
}

impl Judged<'_> {
    /// `a__b`, in accessor names.
    pub fn lookup(&self) -> String {
        join_path(self.path.iter().copied())
    }

    /// A hop before the last one is many-valued: only a prefetch can reach the path.
    pub fn behind_many(&self, project: &Project) -> bool {
        let before = &self.path[..self.path.len().saturating_sub(1)];
        project
            .hops(self.model, before.iter().copied())
            .any(|hop| hop.target.is_none() || !hop.attr.is_some_and(|attr| project.attr_single(attr)))
    }

    /// How often one expression makes a hop of the path: more than once when the code follows a relation into
    /// depths of its own.
    pub fn rounds(&self) -> usize {
        let read = self.load.access.set().map_or(self.load.site, |set| set.site);
        let steps = self.load.row.steps.iter().map(|step| (step.site, step.name));
        let hops: Vec<(Site, Sym)> = steps.chain([(read, self.load.attr)]).collect();
        let times = |hop: &(Site, Sym)| hops.iter().filter(|other| *other == hop).count();
        hops.iter().map(times).max().unwrap_or(0)
    }

    /// Many-valued hops of the path.
    pub fn sets(&self, project: &Project) -> usize {
        let many = |hop: &Hop| hop.attr.is_some_and(|attr| !project.attr_single(attr));
        project
            .hops(self.model, self.path.iter().copied())
            .filter(many)
            .count()
    }

    /// A generic foreign key: no join can load it.
    pub fn is_generic(&self, project: &Project) -> bool {
        match self.last_attr(project) {
            Some(ModelAttr::Forward(rel)) => project.relation(rel).kind == RelKind::GenericForeignKey,
            _ => false,
        }
    }

    /// The relation that is read.
    pub fn last_attr(&self, project: &Project) -> Option<ModelAttr> {
        project.model_attr(self.load.row.model, self.load.attr)
    }
}

/// Finds the place to change for a load; `None` when its rows have no place in the project.
pub fn judge<'a>(project: &Project, load: &'a Load, func: FuncId) -> Option<Judged<'a>> {
    let row = &load.row;
    let mut full: Vec<Sym> = row.steps.iter().map(|s| s.name).collect();
    full.push(load.attr);
    let root = match &row.origin {
        Origin::Query(query) => Some(query.clone()),
        _ => None,
    };
    let open = matches!(row.origin, Origin::Slot(_));
    let first_many = row.steps.iter().position(|s| s.many && s.live == Live::Many);
    let loaded_by_caller = first_many.is_some_and(|i| {
        let (head, tail) = full.split_at(i + 1);
        let own = matches!(row.origin, Origin::Elsewhere) && project.is_chain(row.steps[i].site);
        // Another call on a set that callers prefetch would undo what they did.
        let kept = own && project.eager_loads_somewhere(full[i].as_str(), "");
        kept || (open
            && project
                .eager_loads_somewhere(&join_path(head.iter().copied()), &join_path(tail.iter().copied())))
    });
    let loaded = loaded_by_caller || in_memory(project, row, &full);
    let loaded_ordered = root.as_ref().is_some_and(|q| q.plan.prefetch_is_ordered(&full));
    if root.as_ref().is_some_and(|q| q.empty) {
        return None;
    }
    let (root, skip) = match root {
        Some(query) => through_prefetch(query, &full),
        None => (None, 0),
    };
    if row.live == Live::Many
        && let Some(query) = root
    {
        let depth = row.steps.iter().filter(|s| s.many).count();
        return Some(Judged {
            load,
            func,
            place: query.site,
            model: query.model,
            path: full[skip..].to_vec(),
            query: Some(query),
            loaded,
            loaded_ordered,
            repeated: true,
            open: false,
            calls: load.calls_inside(),
            depth,
        });
    }
    let at = row.steps.iter().position(|s| s.many && s.live == Live::Many);
    if let (Some(i), Some(query)) = (at, &root)
        && project.loads_outside(row.steps[i].site, query.site)
    {
        return Some(Judged {
            load,
            func,
            place: query.site,
            model: query.model,
            path: full[skip..].to_vec(),
            query: Some(query.clone()),
            loaded,
            loaded_ordered,
            repeated: true,
            open: false,
            calls: load.calls_inside(),
            depth: row.steps.iter().filter(|s| s.many).count(),
        });
    }
    match at {
        Some(i) if !project.is_chain(row.steps[i].site) && !project.is_template(row.steps[i].site) => None,
        Some(i) => {
            let step = &row.steps[i];
            Some(Judged {
                load,
                func,
                place: step.site,
                model: step.target,
                path: full[i + 1..].to_vec(),
                query: None,
                loaded,
                loaded_ordered,
                repeated: true,
                open,
                calls: load.calls_inside(),
                depth: row.steps[i + 1..].iter().filter(|s| s.many).count(),
            })
        }
        None => Some(Judged {
            load,
            func,
            place: load.site,
            model: row.model,
            path: vec![load.attr],
            query: None,
            loaded,
            loaded_ordered,
            repeated: false,
            open,
            calls: &load.calls,
            depth: 0,
        }),
    }
}

/// Whether what `full` leads to from the origin of a row was loaded with it: by the queryset that fetched it, by the
/// manager of a set on the way, or later.
pub(super) fn in_memory(project: &Project, row: &Row, full: &[Sym]) -> bool {
    let by_root = matches!(&row.origin, Origin::Query(query) if query.plan.loads(project, query.model, full));
    let by_manager = row.steps.iter().enumerate().any(|(i, step)| {
        step.plan
            .as_ref()
            .is_some_and(|plan| i + 1 < full.len() && plan.loads(project, step.target, &full[i + 1..]))
    });
    let later = row
        .extra
        .as_ref()
        .is_some_and(|plan| plan.loads(project, row.model, full));
    by_root || by_manager || later
}

/// A total order over loads that does not depend on how they were found.
pub(super) fn load_order(load: &Load, func: FuncId) -> impl Ord + use<> {
    let row = &load.row;
    let origin = match &row.origin {
        Origin::Query(q) => (0, q.site, q.choices_of.clone()),
        Origin::Slot(n) => (
            1,
            Site {
                file: crate::source::FileId(u32::from(*n)),
                ..load.site
            },
            Vec::new(),
        ),
        Origin::Elsewhere => (2, load.site, Vec::new()),
        Origin::New => (3, load.site, Vec::new()),
    };
    (
        load.site,
        origin,
        row.path(),
        load.attr,
        load.calls.clone(),
        load.conditional,
        func,
        load.access.order(),
        (load.around, load.inner),
    )
}

/// As [`load_order`], for evaluations.
pub(super) fn eval_order(eval: &Eval, func: FuncId) -> impl Ord + use<> {
    (
        eval.site,
        eval.query.site,
        eval.op,
        eval.calls.clone(),
        eval.conditional,
        eval.deps.0,
        eval.around.map(|a| (a.site, a.keyed, a.rows, a.writes)),
        func,
    )
}

/// Compares evidence: the shortest call chain first, then by place.
pub fn nearer(a: &Load, b: &Load) -> Ordering {
    (a.conditional, a.calls.len(), a.site).cmp(&(b.conditional, b.calls.len(), b.site))
}

impl Access {
    /// A total order.
    fn order(&self) -> impl Ord + use<> {
        match self {
            Self::One => (0, None),
            Self::Column => (1, None),
            Self::Key => (2, None),
            Self::Prefetch => (3, None),
            Self::Set(set) => (
                4,
                Some((set.op, set.change, set.served as u8, set.aggregate, set.site)),
            ),
        }
    }

    /// A related set, by whatever method.
    pub fn set(&self) -> Option<&super::event::SetAccess> {
        match self {
            Self::Set(set) => Some(set),
            _ => None,
        }
    }
}

/// The queryset that fetched the rows whose relation is read: that of a `Prefetch` where the path goes through
/// one. Also how many parts of the path lead there.
fn through_prefetch(query: Arc<Query>, full: &[Sym]) -> (Option<Arc<Query>>, usize) {
    let path = join_path(full.iter().copied());
    for prefetch in &query.plan.prefetch {
        let to = prefetch.to.as_str();
        let below = path.strip_prefix(to).is_some_and(|rest| rest.starts_with("__"));
        if let Some(inner) = &prefetch.query
            && below
            && matches!(inner.base, super::value::Base::Model)
        {
            let parts = to.split("__").count();
            let (deeper, more) = through_prefetch(inner.clone(), &full[parts..]);
            return (deeper, parts + more);
        }
    }
    (Some(query), 0)
}
