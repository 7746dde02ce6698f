//! Effects of well-known functions, and methods of collections, dicts and text.

use std::sync::Arc;

use crate::ir::{ArgKind, Call, Expr};
use crate::source::{Span, Sym};

use super::call::Args;
use super::conditions::{self, Condition};
use super::frame::{Frame, Over};
use super::stmt::join_all;
use super::tables::{Effect, Served, Where};
use super::value::{Coll, Deps, Dict, Kind, Live, Query, Size, Value};

impl<'p> Frame<'_, 'p> {
    pub fn effect(&mut self, effect: Effect, call: &'p Call, args: &Args, expr: &'p Expr) -> Value {
        let span = expr.span;
        let first = args
            .iter()
            .find(|(k, _)| *k == ArgKind::Positional)
            .map(|(_, v)| v.clone());
        let second = args
            .iter()
            .filter(|(k, _)| *k == ArgKind::Positional)
            .nth(1)
            .map(|(_, v)| v.clone());
        let first_span = call.args.first().map_or(span, |a| a.value.span);
        match effect {
            Effect::Collect => self.collect(first.as_ref(), args, first_span),
            Effect::Iterate => match first {
                Some(value) if matches!(value.kind, Kind::Query(_)) => {
                    self.collect(Some(&value), &Vec::new(), first_span)
                }
                Some(value) => value,
                None => Value::UNKNOWN,
            },
            Effect::Enumerate => {
                let value = first.unwrap_or(Value::UNKNOWN);
                let size = self.size_of(&value);
                let elem = self.stored_elements(&value, first_span);
                let pair = Value::new(Kind::Tuple(vec![Value::SCALAR, elem].into()));
                Value::coll(pair, size).with(value.deps)
            }
            Effect::Zip => {
                let parts: Vec<Value> = args.iter().map(|(_, v)| self.stored_elements(v, span)).collect();
                let size = if args.iter().any(|(_, v)| self.size_of(v) == Size::Bounded) {
                    Size::Bounded
                } else {
                    Size::Unknown
                };
                Value::coll(Value::new(Kind::Tuple(parts.into())), size)
            }
            Effect::Map => {
                let Some(values) = second else {
                    return Value::UNKNOWN;
                };
                let function = first.unwrap_or(Value::UNKNOWN);
                let result = self.each(&values, span, |f, elem| {
                    let site = f.site(span);
                    f.call_plain(&function, vec![(ArgKind::Positional, elem)], site)
                });
                Value::coll(result, self.size_of(&values)).with(values.deps)
            }
            Effect::Filter => {
                let Some(values) = second else {
                    return Value::UNKNOWN;
                };
                let function = first.unwrap_or(Value::UNKNOWN);
                let elem = self.each(&values, span, |f, elem| {
                    let site = f.site(span);
                    f.call_plain(&function, vec![(ArgKind::Positional, elem.clone())], site);
                    elem
                });
                Value::coll(elem, self.size_of(&values)).with(values.deps)
            }
            Effect::Dict => self.dict_of(first.as_ref(), args, first_span),
            Effect::Chain => {
                let parts: Vec<Value> = args.iter().map(|(_, v)| self.stored_elements(v, span)).collect();
                Value::coll(join_all(parts), Size::Unknown)
            }
            Effect::Groupby => {
                let Some(values) = first else {
                    return Value::UNKNOWN;
                };
                let key = second.or_else(|| keyword(args, "key"));
                let keyed = match key {
                    Some(function) => self.each(&values, span, |f, elem| {
                        let site = f.site(span);
                        f.call_plain(&function, vec![(ArgKind::Positional, elem)], site)
                    }),
                    None => Value::UNKNOWN,
                };
                let elem = self.stored_elements(&values, first_span);
                let group = Value::coll(elem, Size::Unknown);
                Value::coll(Value::new(Kind::Tuple(vec![keyed, group].into())), Size::Unknown)
                    .with(values.deps)
            }
            Effect::Attrgetter => {
                let paths: Vec<Value> = args.iter().map(|(_, v)| v.clone()).collect();
                Value::new(Kind::Method(Arc::new((
                    Value::new(Kind::Tuple(paths.into())),
                    Sym::new("attrgetter"),
                ))))
            }
            Effect::Reduce => {
                let (Some(function), Some(values)) = (first, second) else {
                    return Value::UNKNOWN;
                };
                self.each(&values, span, |f, elem| {
                    let site = f.site(span);
                    f.call_plain(
                        &function,
                        vec![(ArgKind::Positional, Value::UNKNOWN), (ArgKind::Positional, elem)],
                        site,
                    )
                })
            }
            Effect::DefaultDict => Value::new(Kind::Dict(Arc::new(Dict::of(Vec::new())))),
            Effect::Next => {
                let Some(value) = first else { return Value::UNKNOWN };
                let elem = self.stored_elements(&value, first_span);
                let around = self.loops.last().filter(|l| l.over == Over::While).map(|l| l.id);
                let picked = match around {
                    Some(id) if call.args.first().is_some_and(|a| a.value.as_name().is_some()) => {
                        self.relive(&elem, id)
                    }
                    _ => self.pick(&elem),
                };
                match second {
                    Some(default) => picked.join(default),
                    None => picked,
                }
            }
            Effect::Pick => {
                let value = match first {
                    Some(value) if args.len() == 1 || value.interesting() => value,
                    _ => return join_all(args.iter().map(|(_, v)| v.clone()).collect()),
                };
                self.sort_key(&value, args, span);
                let elem = self.stored_elements(&value, first_span);
                let picked = self.pick(&elem);
                match second {
                    Some(default) => picked.join(default),
                    None => picked,
                }
            }
            Effect::Consume => {
                if let Some(value) = &first {
                    self.evaluate_all(value, "iterate", first_span, Served::Served);
                }
                Value::scalar(deps_of(args))
            }
            Effect::Length => {
                if let Some(value) = &first {
                    self.evaluate_all(value, "len", span, Served::Served);
                    if let Some(arg) = call.args.first() {
                        self.mark_fetched(&arg.value);
                    }
                }
                Value::scalar(deps_of(args))
            }
            Effect::Text => {
                for (_, value) in args {
                    self.text_of(value, span);
                }
                Value::scalar(deps_of(args))
            }
            Effect::Truth => {
                if let Some(value) = &first {
                    self.evaluate_all(value, "bool", span, Served::Served);
                    if let Some(known) = value.truth() {
                        return Value {
                            kind: Kind::Truth(known),
                            deps: value.deps,
                        };
                    }
                }
                Value::scalar(deps_of(args))
            }
            Effect::Plain => Value::scalar(deps_of(args)),
            Effect::Isinstance => match (first, second) {
                (Some(value), Some(classes)) => self.is_instance(&value, &classes).with(value.deps),
                _ => Value::SCALAR,
            },
            Effect::Same | Effect::AsyncWrap => first.unwrap_or(Value::UNKNOWN),
            Effect::Second => second.unwrap_or(Value::UNKNOWN),
            Effect::Getattr | Effect::Hasattr => {
                let (Some(base), Some(name)) = (first, second) else {
                    return Value::UNKNOWN;
                };
                let Kind::Str(name) = name.kind else {
                    return Value::unknown(deps_of(args));
                };
                let value = self.attr_of(&base, name, span);
                let default = args
                    .iter()
                    .filter(|(k, _)| *k == ArgKind::Positional)
                    .nth(2)
                    .map(|(_, v)| v.clone());
                match (effect, &value.kind, default) {
                    (Effect::Hasattr, ..) => Value::scalar(value.deps),
                    (_, Kind::Unknown | Kind::External(_), Some(default)) => default.with(value.deps),
                    _ => value,
                }
            }
            Effect::Setattr | Effect::Super => Value::UNKNOWN,
            Effect::Partial => self.partial(args),
            Effect::GetObject | Effect::GetList => self.get_object(effect, first, args, expr),
            Effect::UserModel => self
                .project
                .user_class(self.file)
                .map_or(Value::UNKNOWN, |c| Value::new(Kind::Class(c))),
            Effect::GetModel => self.named_model(args),
            Effect::Condition => Value {
                kind: Kind::Condition(Arc::new(Condition::of_args(args, &[]))),
                deps: deps_of(args),
            },
            Effect::Column => Value::new(Kind::Field),
            Effect::Paginator => match first {
                Some(Value {
                    kind: Kind::Query(query),
                    deps,
                }) => Value {
                    kind: Kind::Query(query),
                    deps,
                },
                Some(value) => value,
                None => Value::UNKNOWN,
            },
            Effect::Render => self.render_call(args, 1, self.site(span)),
            Effect::RenderText => self.render_call(args, 0, self.site(span)),
            Effect::SerializerFields => self.serializer_fields(args),
            Effect::SerializerMany => self.serializer_many(args, span),
            Effect::Rows => first.map_or(Value::UNKNOWN, |v| super::serializers::rows(&v)),
            Effect::ViewActions => self.view_actions(args, span),
            Effect::Ask(ask) => self.ask(ask, args, expr),
            Effect::Locals => self.locals(),
            Effect::PrefetchObjects => {
                self.prefetch_objects(call, args, expr);
                Value::NONE
            }
        }
    }

    /// `list(x)`, `sorted(x, key=…)`: evaluated, then a collection.
    fn collect(&mut self, first: Option<&Value>, args: &Args, span: Span) -> Value {
        let Some(value) = first else {
            return Value::coll(Value::UNKNOWN, Size::Unknown);
        };
        self.sort_key(value, args, span);
        let elem = self.stored_elements(value, span);
        Value::coll(elem, self.size_of(value)).with(value.deps)
    }

    /// `key=` functions are called once per element.
    fn sort_key(&mut self, value: &Value, args: &Args, span: Span) {
        if let Some(key) = keyword(args, "key") {
            let site = self.site(span);
            self.each(value, span, |f, elem| {
                f.call_plain(&key, vec![(ArgKind::Positional, elem)], site)
            });
        }
    }

    /// Runs `body` as the body of a loop over `values`.
    fn each(&mut self, values: &Value, span: Span, body: impl FnOnce(&mut Self, Value) -> Value) -> Value {
        let over = self.loop_kind(values);
        let (id, elem) = self.begin_loop(values, span, over);
        let elem = elem.with(Deps::on_loop(id));
        let result = body(self, elem);
        self.leave_loop();
        result
    }

    pub(super) fn size_of(&self, value: &Value) -> Size {
        match &value.kind {
            Kind::Query(query) if !query.single => Size::Queried,
            Kind::Coll(coll) => coll.size,
            Kind::Tuple(_) => Size::Bounded,
            _ => Size::Unknown,
        }
    }

    fn dict_of(&mut self, first: Option<&Value>, args: &Args, span: Span) -> Value {
        let mut dict = Dict {
            open: first.is_some(),
            ..Dict::of(Vec::new())
        };
        match first.map(|v| (&v.kind, v)) {
            Some((Kind::Dict(base), _)) => dict = (**base).clone(),
            Some((Kind::Coll(_) | Kind::Query(_), value)) => {
                if let Kind::Tuple(pair) = &self.stored_elements(value, span).kind
                    && let [key, value] = &pair[..]
                {
                    dict.key = key.clone();
                    dict.value = value.clone();
                }
            }
            _ => {}
        }
        for (kind, value) in args {
            match (kind, &value.kind) {
                (ArgKind::Keyword(name), _) => dict.items.push((*name, value.clone())),
                (ArgKind::DoubleStar, Kind::Dict(more)) => {
                    dict.items.extend(more.items.iter().cloned());
                    dict.open |= more.open;
                }
                (ArgKind::DoubleStar, _) => dict.open = true,
                _ => {}
            }
        }
        Value {
            kind: Kind::Dict(Arc::new(dict)),
            deps: deps_of(args),
        }
    }

    /// `get_object_or_404(Model or queryset, …)`.
    fn get_object(&mut self, effect: Effect, first: Option<Value>, args: &Args, expr: &'p Expr) -> Value {
        let Some(source) = first else {
            return Value::UNKNOWN;
        };
        let site = self.site(expr.span);
        let query: Option<Query> = match &source.kind {
            Kind::Class(class) => self.project.model_of_class(*class).and_then(|model| {
                match self.default_manager(model, expr.span).kind {
                    Kind::Manager(m) => Some(m.query.clone()),
                    _ => None,
                }
            }),
            Kind::Manager(m) => Some(m.query.clone()),
            Kind::Query(q) => Some((**q).clone()),
            _ => None,
        };
        let Some(mut query) = query else {
            return Value::UNKNOWN;
        };
        query.site = self.grow(query.site, site);
        query.change = query.change.or(Some(Sym::new("get")));
        let filters = conditions::added(Where::Keep, &args[1..].to_vec(), site);
        query.filters = conditions::extended(&query.filters, &filters);
        let query = Arc::new(query);
        self.evaluate(&query, Sym::new("get"), Served::Query, false, site, deps_of(args));
        if effect == Effect::GetList {
            return Value::coll(self.query_element(&query, Live::Stored), Size::Unknown);
        }
        self.query_element(&query, Live::Single)
    }

    /// `isinstance(row, classes)`, where the row's model decides it.
    fn is_instance(&self, value: &Value, classes: &Value) -> Value {
        let Kind::Row(row) = &value.kind else {
            return Value::SCALAR;
        };
        let own = self.project.model(row.model).class;
        let all: &[Value] = match &classes.kind {
            Kind::Tuple(items) => items,
            _ => classes.alternatives(),
        };
        let mut certain = true;
        for class in all {
            match class.kind {
                Kind::Class(id) if self.project.is_subclass(own, id) => return Value::new(Kind::Truth(true)),
                Kind::Class(id) if !self.project.is_subclass(id, own) => {}
                _ => certain = false,
            }
        }
        if certain {
            Value::new(Kind::Truth(false))
        } else {
            Value::SCALAR
        }
    }

    fn named_model(&mut self, args: &Args) -> Value {
        let names: Vec<Sym> = args
            .iter()
            .filter_map(|(_, v)| match v.kind {
                Kind::Str(s) => Some(s),
                _ => None,
            })
            .collect();
        let label = match names[..] {
            [app, model, ..] => format!("{app}.{model}"),
            [label] => label.as_str().to_owned(),
            _ => return Value::UNKNOWN,
        };
        match self.project.model_by_label(&label, self.file) {
            Some(model) => Value::new(Kind::Class(self.project.model(model).class)),
            None => Value::UNKNOWN,
        }
    }

    pub fn container_method(&mut self, receiver: &Value, name: Sym, args: &Args, span: Span) -> Value {
        match (&receiver.kind, name.as_str()) {
            (Kind::Dict(dict), "values") => Value::coll(joined_values(dict), dict_size(dict)),
            (Kind::Dict(dict), "keys") => Value::coll(dict.key.clone(), dict_size(dict)),
            (Kind::Dict(dict), "items") => {
                let pair = Value::new(Kind::Tuple(vec![dict.key.clone(), joined_values(dict)].into()));
                Value::coll(pair, dict_size(dict)).with(receiver.deps)
            }
            (Kind::Dict(dict), "get" | "pop" | "setdefault") => {
                let default = args
                    .iter()
                    .filter(|(k, _)| *k == ArgKind::Positional)
                    .nth(1)
                    .map(|(_, v)| v.clone());
                let key = args.first().map(|(_, v)| v.clone()).unwrap_or(Value::UNKNOWN);
                let named = match key.kind {
                    Kind::Str(name) => dict
                        .items
                        .iter()
                        .find(|(n, _)| *n == name)
                        .map(|(_, v)| v.clone()),
                    _ => None,
                };
                let found = match named {
                    Some(value) => value,
                    None => self.by_key(&dict.value, &key),
                };
                match default {
                    Some(default) => found.join(default),
                    None => found,
                }
            }
            (Kind::Coll(coll), "pop" | "popleft" | "__getitem__") => self.pick(&coll.elem),
            (Kind::Coll(_) | Kind::Dict(_), "copy") => receiver.clone(),
            (Kind::Coll(coll), "union" | "intersection" | "difference") => {
                let more = args.first().map(|(_, v)| v.clone());
                let elem = match more {
                    Some(value) => coll.elem.clone().join(self.stored_elements(&value, span)),
                    None => coll.elem.clone(),
                };
                Value::new(Kind::Coll(Arc::new(Coll {
                    elem,
                    size: Size::Unknown,
                })))
            }
            (Kind::Coll(_), "sort") => {
                self.sort_key(receiver, args, span);
                Value::NONE
            }
            (Kind::Str(text), "lower") => Value::new(Kind::Str(Sym::new(&text.as_str().to_lowercase()))),
            (Kind::Str(_), "join") => {
                if let Some((_, value)) = args.first() {
                    self.evaluate_all(value, "iterate", span, Served::Served);
                }
                Value::scalar(deps_of(args))
            }
            (Kind::Str(_), "format") => {
                for (_, value) in args {
                    self.text_of(value, span);
                }
                Value::scalar(deps_of(args))
            }
            _ => Value::unknown(deps_of(args)),
        }
    }

    fn by_key(&self, value: &Value, key: &Value) -> Value {
        let per_loop = self
            .loops
            .iter()
            .rev()
            .find(|l| l.over != Over::Bounded && key.deps.meets(Deps::on_loop(l.id)));
        match per_loop {
            Some(l) => self.relive(value, l.id),
            None => self.pick(value),
        }
    }
}

fn keyword(args: &Args, name: &str) -> Option<Value> {
    args.iter()
        .find(|(k, _)| matches!(k, ArgKind::Keyword(n) if *n == *name))
        .map(|(_, v)| v.clone())
}

fn deps_of(args: &Args) -> Deps {
    args.iter().fold(Deps::NONE, |d, (_, v)| d.and(v.deps))
}

fn joined_values(dict: &Dict) -> Value {
    dict.items
        .iter()
        .fold(dict.value.clone(), |v, (_, item)| v.join(item.clone()))
}

fn dict_size(dict: &Dict) -> Size {
    if !dict.items.is_empty() && dict.value.kind == Kind::Unknown {
        Size::Bounded
    } else {
        Size::Unknown
    }
}
