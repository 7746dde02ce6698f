//! Arguments to parameters, calls to summaries, and summaries replayed on the caller's rows.

use std::sync::Arc;

use crate::ir::{ArgKind, Const, ExprKind, ParamKind};
use crate::project::FuncId;
use crate::source::{Site, Sym};

use super::call::Args;
use super::frame::Frame;
use super::slots::{self, Slots};
use super::stmt::join_all;
use super::summary::{Key, Summary};
use super::value::{Deps, Dict, Kind, Size, Value};

/// A parameter that is `None` unless the caller gives something.
fn optional(param: &crate::ir::Param) -> bool {
    param
        .default
        .as_ref()
        .is_some_and(|d| matches!(d.kind, ExprKind::Const(Const::None)))
}

/// A value in `**kwargs`: that something was given is known even where its value is not.
fn passed_on(value: Value) -> Value {
    match value.kind {
        Kind::Unknown => Value {
            kind: Kind::Opaque,
            deps: value.deps,
        },
        _ => value,
    }
}

impl<'p> Frame<'_, 'p> {
    /// One value per parameter.
    fn bind(&mut self, func: FuncId, args: Args) -> Vec<Value> {
        let project = self.project;
        let routine = project.routine(func);
        let mut values: Vec<Option<Value>> = vec![None; routine.params.len()];
        let mut next = 0;
        let mut rest = Vec::new();
        let mut named: Vec<(Sym, Value)> = Vec::new();
        let mut open_stars = Deps::NONE;
        let mut open_star = false;
        let mut open_names = false;
        for (kind, value) in args {
            match kind {
                ArgKind::Positional => match routine.params.get(next).map(|p| p.kind) {
                    Some(ParamKind::PositionalOnly | ParamKind::Regular) => {
                        values[next] = Some(value);
                        next += 1;
                    }
                    _ => rest.push(value),
                },
                ArgKind::Keyword(name) => {
                    let at = routine.params.iter().position(|p| {
                        p.name == name && !matches!(p.kind, ParamKind::Args | ParamKind::Kwargs)
                    });
                    match at {
                        Some(i) => values[i] = Some(value),
                        None => named.push((name, passed_on(value))),
                    }
                }
                ArgKind::Star => match &value.kind {
                    Kind::Tuple(items) => {
                        for item in items.iter() {
                            if next < routine.params.len()
                                && matches!(
                                    routine.params[next].kind,
                                    ParamKind::PositionalOnly | ParamKind::Regular
                                )
                            {
                                values[next] = Some(item.clone());
                                next += 1;
                            } else {
                                rest.push(item.clone());
                            }
                        }
                    }
                    Kind::Coll(coll) => {
                        open_star = true;
                        rest.push(coll.elem.clone());
                    }
                    _ => {
                        open_star = true;
                        open_stars = open_stars.and(value.deps);
                    }
                },
                ArgKind::DoubleStar => match &value.kind {
                    Kind::Dict(dict) => {
                        open_names |= dict.open;
                        for (name, v) in &dict.items {
                            match routine.params.iter().position(|p| p.name == *name) {
                                Some(i) if values[i].is_none() => values[i] = Some(v.clone()),
                                _ => named.push((*name, passed_on(v.clone()))),
                            }
                        }
                    }
                    _ => {
                        open_names = true;
                        open_stars = open_stars.and(value.deps);
                    }
                },
            }
        }
        routine
            .params
            .iter()
            .zip(values)
            .map(|(param, value)| match (param.kind, value) {
                (ParamKind::Args, _) => {
                    if open_star || rest.is_empty() {
                        Value::coll(join_all(rest.clone()), Size::Unknown).with(open_stars)
                    } else {
                        Value::new(Kind::Tuple(rest.clone().into())).with(open_stars)
                    }
                }
                (ParamKind::Kwargs, _) => Value::new(Kind::Dict(Arc::new(Dict {
                    open: open_names,
                    ..Dict::of(named.clone())
                })))
                .with(open_stars),
                (_, Some(value)) if value.kind == Kind::Unknown && optional(param) => Value {
                    kind: Kind::Opaque,
                    deps: value.deps,
                },
                (_, Some(value)) => value,
                (_, None) if open_star || open_names => Value::unknown(open_stars),
                (_, None) => match param.default.as_ref().map(|d| &d.kind) {
                    Some(ExprKind::Const(Const::None)) => Value::NONE,
                    Some(ExprKind::Const(Const::Str(s))) => Value::new(Kind::Str(*s)),
                    Some(ExprKind::Const(Const::True)) => Value::new(Kind::Truth(true)),
                    Some(ExprKind::Const(Const::False)) => Value::new(Kind::Truth(false)),
                    Some(ExprKind::Const(_)) => Value::SCALAR,
                    _ => Value::unknown(open_stars),
                },
            })
            .collect()
    }

    /// Replays what the called function does to rows and querysets that came from here.
    pub(super) fn apply(&mut self, summary: &Summary, slots: &Slots, site: Site) {
        if summary.writes {
            self.note_write();
        }
        if !summary.watched.is_empty() {
            self.take_watched(summary, slots, site);
        }
        let preloaded = summary
            .preloaded
            .iter()
            .filter_map(|(row, plan)| Some((slots::fill_row(self, row, slots)?, plan.clone())));
        let preloaded: Vec<_> = preloaded.collect();
        for load in &summary.loads {
            let mut load = load.clone();
            let known_before = load
                .row
                .steps
                .is_empty()
                .then(|| slots::row_of(&load.row, slots))
                .flatten();
            if known_before.is_some_and(|r| r.known.as_ref().is_some_and(|(n, _)| *n == load.attr)) {
                continue;
            }
            let Some(row) = slots::fill_row(self, &load.row, slots) else {
                continue;
            };
            if load.row.steps.is_empty() && row.known.as_ref().is_some_and(|(n, _)| *n == load.attr) {
                continue;
            }
            if load.around.is_none() {
                load.around = self.loop_of(&row);
            }
            load.row = self.resolve_lives(&row);
            load.around = load.around.map(|s| slots.visible(self, s));
            load.site = slots.visible(self, load.site);
            if let super::event::Access::Set(set) = &mut load.access {
                set.site = slots.visible(self, set.site);
            }
            self.called_from(&mut load.calls, load.site, site);
            if load.calls.len() <= usize::from(super::summary::MAX_CALLS) {
                self.load(load);
            }
        }
        self.preloaded.extend(preloaded);
        self.apply_uses(&summary.uses, slots);
        for one in &summary.caches {
            let mut one = one.clone();
            one.key = slots.deps_of(one.key);
            self.called_from(&mut one.calls, one.site, site);
            if one.calls.len() <= usize::from(super::summary::MAX_CALLS) {
                self.cache_use(one);
            }
        }
        for eval in &summary.evals {
            let mut eval = eval.clone();
            let Some(query) = slots::fill_query(self, &eval.query, slots) else {
                continue;
            };
            eval.query = Arc::new(query);
            eval.deps = slots.deps_of(eval.deps);
            eval.site = slots.visible(self, eval.site);
            self.called_from(&mut eval.calls, eval.site, site);
            if eval.calls.len() <= usize::from(super::summary::MAX_CALLS) {
                self.eval_event(eval);
            }
        }
    }

    /// Puts a call in front of a chain, unless it stands in library code or is the end of the chain already.
    pub(super) fn called_from(&self, calls: &mut Vec<Site>, end: Site, call: Site) {
        let library = self.is_stub() && self.home == Some(call);
        if !library && !self.project.is_stub(call.file) && calls.first() != Some(&call) && end != call {
            calls.insert(0, call);
        }
    }

    /// The first argument is an object of a class that a reader can change.
    fn stands_for_itself(&self, this: Option<&Value>) -> bool {
        matches!(this.map(|v| &v.kind), Some(Kind::Object(object)) if self.engine.stand_in(object.class).is_some())
    }

    pub(super) fn summary_of(
        &mut self,
        func: FuncId,
        captured: Option<Arc<[(Sym, Value)]>>,
        args: Args,
        site: Option<Site>,
    ) -> Option<(Arc<Summary>, Slots)> {
        let below = u8::from(!self.project.is_stub(self.project.func(func).0));
        if self.depth < below {
            self.cut = true;
            return None;
        }
        if self.project.routine(func).body.is_empty() {
            return None;
        }
        let bound = self.bind(func, args);
        let mut slots = Slots::default();
        slots.site = site;
        if let Some(Kind::Object(object)) = bound.first().map(|v| &v.kind) {
            slots.receiver = Some(object.clone());
        }
        let shapes: Vec<Value> = bound.iter().map(|v| slots.take(self, v, 4)).collect();
        slots.deps = bound.iter().map(|v| v.deps).collect();
        slots
            .deps
            .extend(captured.iter().flat_map(|vars| vars.iter().map(|(_, v)| v.deps)));
        let captured = captured.map(|vars| vars.iter().map(|(n, v)| (*n, slots.take(self, v, 3))).collect());
        let stand_in = match below {
            0 if self.stands_for_itself(shapes.first()) => None,
            0 if self.is_stub() => self.stand_in,
            0 if self.project.routine(func).class.is_none() => site,
            _ => None,
        };
        let key = Key {
            func,
            args: shapes,
            captured,
            level: super::types::level(),
            stand_in,
        };
        let summary = self.engine.summary(key, self.depth - below);
        match summary.height {
            Some(h) => self.height = self.height.max(h + below),
            None => self.cut = true,
        }
        Some((summary, slots))
    }
}
