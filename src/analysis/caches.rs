//! What the code does with Django's cache: reads in loops, what is kept where, scans over all keys.
//!
//! A value that comes out of the cache is [`Kind::Cached`] until something else is joined with it. It does not know
//! which backend is configured, nor what other processes keep.

mod empties;
mod fills;
mod guards;
pub mod table;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ir::{ArgKind, Call, CmpOp, Expr, ExprKind, Stmt, StmtKind};
use crate::source::{Site, Sym};

use super::call::Args;
use super::frame::{Frame, Loop, Over};
use super::tables::Served;
use super::trace::Noted;
use super::value::{Deps, Kind, Query, Value};

pub use fills::{Fill, Form, Read, Test};
pub use guards::{deletes, does_more, gathers, is_remembered, is_written_in_bulk};
pub use table::{Does, Falsy, Method};

/// So many calls between a loop and what it repeats can still be taken apart.
const MAX_CALLS: usize = 3;
/// More uses of caches in one function than this are not passed on to its callers.
const MAX_USES: usize = 16;

/// A round trip for one key that a loop repeats with other keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Repeated {
    /// The call of the cache.
    pub site: Site,
    pub around: Site,
    /// The loop is over rows; otherwise over something else of unknown length.
    pub rows: bool,
    pub calls: Vec<Site>,
    pub name: Sym,
    pub many: Sym,
    pub does: Does,
    pub conditional: bool,
}

/// A walk through all keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Scan {
    pub site: Site,
    pub name: Sym,
    pub stops: bool,
    /// It deletes what it finds.
    pub deletes: bool,
    /// A loop repeats it, or each saving of a row.
    pub repeated: bool,
}

/// A query that runs before `get_or_set` looks for the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Eager {
    pub site: Site,
    /// The second argument.
    pub default: Site,
}

/// A queryset out of the cache that is asked for other rows than were kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Requery {
    pub site: Site,
    /// Where the queryset was put into the cache.
    pub kept: Site,
    pub method: Sym,
}

/// What functions do with caches, for the rules.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum CacheFact {
    Repeated(Repeated),
    Scan(Scan),
    Eager(Eager),
    Requery(Requery),
    Fill(Fill),
}

/// A use of the cache whose key depends on an argument of the running function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenCacheUse {
    pub site: Site,
    pub calls: Vec<Site>,
    pub key: Deps,
    pub method: &'static str,
    pub does: Does,
    pub many: Sym,
    pub conditional: bool,
}

impl<'p> Frame<'_, 'p> {
    pub(super) fn note_cache(&mut self, fact: CacheFact) {
        self.seen.push(Noted::Cache(Box::new(fact)));
    }

    /// A call of a path outside the project that is a cache's method, or gives a cache.
    pub(super) fn cache_call(
        &mut self,
        dotted: Sym,
        call: &'p Call,
        args: &Args,
        expr: &'p Expr,
    ) -> Option<Value> {
        let Some(method) = table::method(dotted) else {
            return table::client(dotted).map(|client| Value::new(Kind::External(client)));
        };
        let site = self.site(expr.span);
        let (key, value) = (
            argument(call, 0, "key"),
            argument(call, 1, value_name(method.does)),
        );
        let made = method.does == Does::Write
            && value.is_some_and(|at| guards::is_made(self.project.routine(self.func), &call.args[at].value));
        if let (Some(many), Some(key)) = (&method.many, key)
            && !made
        {
            self.cache_use(OpenCacheUse {
                site,
                calls: Vec::new(),
                key: args[key].1.deps,
                method: &method.name,
                does: method.does,
                many: Sym::new(many),
                conditional: false,
            });
        }
        Some(match method.does {
            Does::Read => Value::new(Kind::Cached(site)),
            Does::Write | Does::Add => {
                if let Some(at) = value {
                    let kept = &call.args[at].value;
                    self.evaluate_all(&args[at].1, "iterate", kept.span, Served::Served);
                    self.mark_kept(kept, site);
                }
                Value::SCALAR
            }
            Does::ReadOrFill => {
                let Some(at) = value else {
                    return Some(Value::UNKNOWN);
                };
                self.fetched_or_filled(&args[at].1, &call.args[at].value, site)
            }
            Does::Delete => Value::SCALAR,
            Does::Scan => {
                let saving = ["save", "delete"].contains(&self.project.routine(self.func).name.as_str());
                let scan = Scan {
                    site,
                    name: Sym::new(&method.name),
                    stops: method.stops,
                    deletes: method.deletes,
                    repeated: saving || self.loops.iter().any(Loop::repeats),
                };
                self.note_cache(CacheFact::Scan(scan));
                Value::UNKNOWN
            }
        })
    }

    /// `get_or_set(key, default)`: a copy of what the default is, or of what calling it gives.
    fn fetched_or_filled(&mut self, default: &Value, expr: &'p Expr, site: Site) -> Value {
        let callable = matches!(default.kind, Kind::Func(_) | Kind::Bound(_) | Kind::Class(_));
        let value = if callable {
            self.leave_all(1);
            let value = self.call_plain(default, Vec::new(), site);
            self.leave_all(-1);
            value
        } else {
            if self.queries_in_arguments > 0 && !matches!(expr.kind, ExprKind::Name(_)) {
                let default = self.site(expr.span);
                self.note_cache(CacheFact::Eager(Eager { site, default }));
            }
            default.clone()
        };
        kept(value, site)
    }

    /// A queryset in a variable was pickled: it has its rows from here on.
    fn mark_kept(&mut self, expr: &Expr, site: Site) {
        let Some(name) = expr.as_name() else { return };
        if let Some(held) = self.vars.get(&name).cloned()
            && matches!(held.kind, Kind::Query(_))
        {
            self.set(name, kept(held, site));
        }
    }

    /// Decides whether a use is repeated here, or is for the callers to judge.
    pub(super) fn cache_use(&mut self, one: OpenCacheUse) {
        if self.rare > 0 && one.does != Does::Write {
            return;
        }
        let keyed_by = self
            .loops
            .iter()
            .rev()
            .find(|l| l.repeats() && one.key.meets(Deps::on_loop(l.id)));
        if let Some(around) = keyed_by {
            // What a method keeps beside its real work, such as `save()`, is not for the loop to gather.
            let aside = !one.calls.is_empty() && (one.conditional || one.does != Does::Read);
            if aside || self.loops.iter().any(|l| l.exits) {
                return;
            }
            // How many there are is only known of rows; a loop that does nothing else is for `get_many` in any case.
            // Keys are deleted when something changes: to gather them pays where the loop is there for nothing else.
            let unknown = around.over != Over::Rows;
            let alone = !around.busy && one.calls.is_empty();
            if around.of_code || !alone && (unknown || one.does == Does::Delete) {
                return;
            }
            let repeated = Repeated {
                site: one.site,
                around: around.site,
                rows: around.over == Over::Rows,
                calls: one.calls,
                name: Sym::new(one.method),
                many: one.many,
                does: one.does,
                conditional: one.conditional,
            };
            self.note_cache(CacheFact::Repeated(repeated));
        } else if one.key.on_params() && one.calls.len() < MAX_CALLS && self.cache_uses.len() < MAX_USES {
            let conditional = one.conditional || self.conditional();
            let one = OpenCacheUse { conditional, ..one };
            if !self.cache_uses.contains(&one) {
                self.cache_uses.push(one);
            }
        }
    }

    /// Notes whether the loop that has just begun may end before its last element, whether it does several things, and
    /// what it is over.
    pub(super) fn note_exits(&mut self, body: &[Stmt], elem: &Value) {
        if let Some(l) = self.loops.last_mut().filter(|l| l.over != Over::Bounded) {
            l.exits = exits(body);
            l.of_code = lists_code(elem);
            l.busy = !matches!(body, [only] if only.blocks().is_empty());
        }
    }

    /// `if value is None` and `if not value`, where the value came out of a cache.
    pub(super) fn asks_if_missing(&self, test: &Expr) -> bool {
        let asked = match &test.kind {
            ExprKind::Not(inner) => inner,
            ExprKind::Compare(cmp) if matches!(cmp.rest[..], [(CmpOp::Is, _)]) => &cmp.left,
            _ => return false,
        };
        let held = asked.as_name().and_then(|name| self.vars.get(&name));
        held.is_some_and(|v| matches!(v.kind, Kind::Cached(_)))
    }

    /// A queryset method that gives other rows than the queryset has.
    pub(super) fn note_requery(&mut self, query: &Query, method: Sym, site: Site) {
        if let Some(kept) = query.kept.filter(|_| query.fetched) {
            let requery = Requery { site, kept, method };
            self.note_cache(CacheFact::Requery(requery));
        }
    }
}

/// Classes and functions, of which there are as many as the code has.
fn lists_code(elem: &Value) -> bool {
    match &elem.kind {
        Kind::Class(_) | Kind::Func(_) | Kind::Bound(_) => true,
        Kind::Tuple(parts) | Kind::Union(parts) => parts.iter().any(lists_code),
        _ => false,
    }
}

/// The value as it comes out of the cache: querysets have their rows.
fn kept(value: Value, site: Site) -> Value {
    let Kind::Query(query) = &value.kind else {
        return value;
    };
    let query = Query {
        fetched: true,
        kept: Some(site),
        ..(**query).clone()
    };
    Value {
        kind: Kind::Query(Arc::new(query)),
        deps: value.deps,
    }
}

fn value_name(does: Does) -> &'static str {
    if does == Does::ReadOrFill {
        "default"
    } else {
        "value"
    }
}

/// Where among the arguments the one is that is the n-th or has the name.
pub(super) fn argument(call: &Call, n: usize, name: &str) -> Option<usize> {
    let starred = call.args.iter().any(|a| a.kind == ArgKind::Star);
    let named = |a: &crate::ir::Arg| matches!(a.kind, ArgKind::Keyword(k) if k == *name);
    call.args.iter().position(named).or_else(|| {
        let positional = call.args.iter().enumerate();
        let mut positional = positional.filter(|(_, a)| a.kind == ArgKind::Positional);
        positional.nth(n).map(|(at, _)| at).filter(|_| !starred)
    })
}

/// Some statement of a loop's body leaves the loop before its end.
pub(super) fn exits(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break => true,
        StmtKind::For { body, .. } | StmtKind::While { body, .. } => returns(body),
        _ => stmt.blocks().into_iter().any(exits),
    })
}

fn returns(body: &[Stmt]) -> bool {
    body.iter()
        .any(|stmt| matches!(stmt.kind, StmtKind::Return(_)) || stmt.blocks().into_iter().any(returns))
}
