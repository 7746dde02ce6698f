//! Template filters: what they read of the value they are given.

use crate::ir::{ArgKind, Expr, Filter};
use crate::source::{Span, Sym};

use super::call::Args;
use super::frame::Frame;
use super::tables::{self, FilterEffect, Served};
use super::template::groups;
use super::value::{Deps, Kind, Live, Query, Size, Value};

impl<'p> Frame<'_, 'p> {
    pub(super) fn filter(&mut self, filter: &'p Filter, expr: &'p Expr) -> Value {
        let value = self.eval(&filter.value);
        let args: Args = filter
            .args
            .iter()
            .map(|a| (a.kind, self.eval(&a.value)))
            .collect();
        let deps = args.iter().fold(value.deps, |d, (_, v)| d.and(v.deps));
        if let Some(func) = self.project.template_filter(self.file, filter.name) {
            let mut all: Args = vec![(ArgKind::Positional, value)];
            all.extend(args);
            return self
                .call_function(func, None, all, self.site(filter.name_span))
                .with(deps);
        }
        match tables::filter(filter.name) {
            Some(effect) => self
                .built_in_filter(effect, &value, &args, filter, expr.span)
                .with(deps),
            None => Value::unknown(deps),
        }
    }

    fn built_in_filter(
        &mut self,
        effect: FilterEffect,
        value: &Value,
        args: &Args,
        filter: &'p Filter,
        span: Span,
    ) -> Value {
        match effect {
            FilterEffect::Plain => Value::SCALAR,
            FilterEffect::Text => {
                self.text_of(value, span);
                Value::SCALAR
            }
            FilterEffect::Length => {
                self.evaluate_all(value, "len", span, Served::Served);
                self.mark_fetched(&filter.value);
                Value::SCALAR
            }
            FilterEffect::First => match &value.kind {
                Kind::Query(query) => {
                    let query = query.clone();
                    self.first_of(&query, value.deps, span)
                }
                Kind::Coll(coll) => self.pick(&coll.elem),
                Kind::Tuple(items) => items.first().cloned().unwrap_or(Value::UNKNOWN),
                _ => Value::UNKNOWN,
            },
            FilterEffect::Pick => {
                let elem = self.stored_elements(value, span);
                self.pick(&elem)
            }
            FilterEffect::Join => {
                self.elementwise(value, span, |f, elem| {
                    f.text_of(&elem, span);
                    elem
                });
                Value::SCALAR
            }
            FilterEffect::Sort | FilterEffect::Select => {
                let path = path_argument(args, "attribute");
                let elem = self.elementwise(value, span, |f, elem| {
                    f.read_path(&elem, path, span);
                    elem
                });
                self.mark_fetched(&filter.value);
                Value::coll(super::types::stored(&elem), Size::Unknown)
            }
            FilterEffect::Map => {
                let path = path_argument(args, "attribute");
                let elem = self.elementwise(value, span, |f, elem| f.read_path(&elem, path, span));
                Value::coll(super::types::stored(&elem), Size::Unknown)
            }
            FilterEffect::Group => {
                let path = path_argument(args, "attribute");
                let mut key = Value::UNKNOWN;
                let elem = self.elementwise(value, span, |f, elem| {
                    key = f.read_path(&elem, path, span);
                    elem
                });
                groups(&key, &elem)
            }
            FilterEffect::Slice => {
                let sliced = self.sliced(value, span);
                let end = match args.first().map(|(_, v)| &v.kind) {
                    Some(Kind::Str(text)) => text.as_str().rsplit(':').next().and_then(|n| n.parse().ok()),
                    _ => None,
                };
                match end {
                    Some(end) => self.ends_at(sliced, end),
                    None => sliced,
                }
            }
            FilterEffect::Default => {
                self.evaluate_all(value, "bool", span, Served::Served);
                let other = args.first().map_or(Value::UNKNOWN, |(_, v)| v.clone());
                value.clone().join(other)
            }
            FilterEffect::List => {
                let elem = self.stored_elements(value, span);
                Value::coll(super::types::stored(&elem), Size::Unknown)
            }
        }
    }

    /// Runs `body` for each element of a value.
    fn elementwise(
        &mut self,
        value: &Value,
        span: Span,
        body: impl FnOnce(&mut Self, Value) -> Value,
    ) -> Value {
        let over = self.loop_kind(value);
        let (id, elem) = self.begin_loop(value, span, over);
        let result = body(self, elem.with(Deps::on_loop(id)));
        self.leave_loop();
        result
    }

    /// `a.b` of a value.
    fn read_path(&mut self, value: &Value, path: Option<Sym>, span: Span) -> Value {
        let Some(path) = path else { return Value::UNKNOWN };
        path.as_str().split('.').fold(value.clone(), |value, name| {
            self.template_attr(&value, Sym::new(name), span)
        })
    }

    /// The first row of a queryset: read from memory, or a query for it alone.
    pub(super) fn first_of(&mut self, query: &std::sync::Arc<Query>, deps: Deps, span: Span) -> Value {
        if !query.fetched {
            let site = self.site(span);
            self.evaluate(query, Sym::new("index"), Served::Served, false, site, deps);
        }
        self.query_element(query, Live::Single)
    }
}

/// The path that a filter is given by position or by name.
fn path_argument(args: &Args, name: &str) -> Option<Sym> {
    let named = args
        .iter()
        .find(|(k, _)| matches!(k, ArgKind::Keyword(n) if *n == *name));
    match named.or_else(|| args.first()).map(|(_, v)| &v.kind) {
        Some(Kind::Str(path)) => Some(*path),
        _ => None,
    }
}
