//! Uses: which queries run on which table, for advice on indexes.
//!
//! Every queryset that is filtered or ordered leaves one where it is written and one where it is evaluated. What its
//! lookups mean, and which uses say the same, is told in `workload`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::project::ModelId;
use crate::source::{Site, Sym};

use super::call::Args;
use super::conditions::{self, Filter, Order};
use super::frame::{Frame, Loop};
use super::slots::{self, Slots};
use super::tables::{self, Method, Sorts};
use super::trace::Noted;
use super::value::{Base, Deps, Query};

/// The operation that fetches the rows of a `Prefetch`: those of some keys.
pub const PREFETCH: &str = "prefetch";
/// More uses of one function are not passed on to its callers.
const MAX_USES: usize = 96;

/// A query on a model's table.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Use {
    pub model: ModelId,
    /// The relation whose other end the rows are; its model and its accessor there.
    pub related: Option<(ModelId, Sym)>,
    /// More may be asked of the rows than is known here.
    pub open: bool,
    pub filters: Arc<Vec<Filter>>,
    pub order: Order,
    /// Only the first rows are asked for.
    pub limited: bool,
    /// The method that runs the query, or `iterate`, `len` and the like; none where it is only built.
    pub op: Option<Sym>,
    /// Names that are no columns.
    pub annotations: Vec<Sym>,
    /// Where it runs, or where it is built.
    pub site: Site,
    /// The queryset expression.
    pub place: Site,
    /// Runs once per iteration of a loop over unknown many.
    pub repeated: bool,
    /// A class lets users ask for it.
    pub offered: bool,
}

/// A use whose queryset comes out of an argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenUse {
    query: Arc<Query>,
    op: Option<Sym>,
    site: Site,
    repeated: bool,
}

impl Frame<'_, '_> {
    /// What a method says about which rows there are, and in which order.
    pub(super) fn restrict(&self, query: &mut Query, method: &Method, args: &Args, at: Site) {
        if let Some(kind) = method.filters {
            query.filters = conditions::extended(&query.filters, &conditions::added(kind, args, at));
        }
        let Some(sorts) = method.sorts else { return };
        let latest = || match Order::given(args, at) {
            Order::By(names, _) if names.is_empty() => Order::Latest,
            order => order,
        };
        let one = || match &query.order {
            Order::Default if !query.ordered => Order::By([Sym::new("pk")].into(), None),
            order => order.clone(),
        };
        query.order = match sorts {
            Sorts::Given => Order::given(args, at),
            Sorts::Column => Order::given(&args[..args.len().min(1)].to_vec(), at),
            Sorts::Reversed => query.order.reversed(),
            Sorts::First => one(),
            Sorts::Last => one().reversed(),
            Sorts::Earliest => latest(),
            Sorts::Latest => latest().reversed(),
        };
    }

    /// A queryset is built (no `op`), or evaluated by `op`.
    pub(super) fn note_use(&mut self, query: &Query, op: Option<Sym>, site: Site, deps: Deps) {
        if query.empty {
            return;
        }
        let repeated = self
            .loops
            .iter()
            .any(|l| l.repeats() && (deps.meets(Deps::on_loop(l.id)) || query.born == Some(l.id)));
        self.pass_use(query, op, site, repeated);
    }

    fn pass_use(&mut self, query: &Query, op: Option<Sym>, site: Site, repeated: bool) {
        if !matches!(query.base, Base::Slot(_)) {
            let one = Use::of(query, op, site, repeated);
            self.seen.push(Noted::Use(Box::new(one)));
        } else if self.uses.len() < MAX_USES {
            let one = OpenUse {
                query: Arc::new(query.clone()),
                op,
                site,
                repeated,
            };
            if !self.uses.contains(&one) {
                self.uses.push(one);
            }
        }
    }

    /// Uses of the called function's arguments, as this function gives them.
    pub(super) fn apply_uses(&mut self, uses: &[OpenUse], slots: &Slots) {
        for one in uses {
            let Some(query) = slots::fill_query(self, &one.query, slots) else {
                continue;
            };
            let repeated = one.repeated || self.loops.iter().any(Loop::repeats);
            let site = slots.visible(self, one.site);
            self.pass_use(&query, one.op, site, repeated);
        }
    }
}

impl OpenUse {
    /// The use, whatever the argument is.
    pub(super) fn closed(&self) -> Use {
        Use::of(&self.query, self.op, self.site, self.repeated)
    }
}

impl Use {
    fn of(query: &Query, op: Option<Sym>, site: Site, repeated: bool) -> Self {
        let first = |op: Sym| {
            op == "index"
                || matches!(
                    tables::method(op).and_then(|m| m.sorts),
                    Some(Sorts::First | Sorts::Last | Sorts::Latest | Sorts::Earliest)
                )
        };
        Self {
            model: query.model,
            related: match &query.base {
                Base::Related(row, attr) => Some((row.model, *attr)),
                _ => None,
            },
            open: matches!(query.base, Base::Slot(_) | Base::Unknown),
            filters: query.filters.clone(),
            order: query.order.clone(),
            limited: query.sliced || op.is_some_and(first),
            op,
            annotations: query.plan.annotations.clone(),
            site,
            place: query.site,
            repeated,
            offered: false,
        }
    }
}
