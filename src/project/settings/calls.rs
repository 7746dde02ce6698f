//! Calls in settings modules: readers of the environment, copies, and methods of lists and dicts.

use super::change::{self, Place, extend, update};
use super::eval::Run;
use super::expr::{index, lifted};
use super::table::{self, Gives, Reader};
use super::value::{Dict, Entry, Item, List, Unknown, Value, Why};
use crate::ir::{ArgKind, BinOp, Call, Expr, ExprKind};
use crate::source::{Site, Sym};

impl<'a> Run<'_, 'a> {
    /// The value of a call.
    pub fn call(&mut self, call: &'a Call, site: Site) -> Value {
        if let ExprKind::Attr(attr) = &call.func.kind {
            let base = self.value(&attr.base);
            return match base {
                Value::Unknown(unknown) => {
                    let func = self.attribute(Value::Unknown(unknown.clone()), attr.name, site);
                    self.call_unknown(func, call, site)
                }
                known => self.method(&known, attr.name, call, site),
            };
        }
        let func = self.value(&call.func);
        self.call_unknown(func, call, site)
    }

    fn call_unknown(&mut self, func: Value, call: &'a Call, site: Site) -> Value {
        let Value::Unknown(func) = func else {
            return Value::unknown(Why::Computed, site);
        };
        let Why::Outside(dotted) = func.why else {
            return Value::Unknown(Unknown {
                why: func.why,
                site,
                default: self.spoken_default(call),
            });
        };
        if let Some(name) = dotted.as_str().strip_prefix("builtins.") {
            return self.builtin(name, call, site);
        }
        if matches!(dotted.as_str(), "copy.copy" | "copy.deepcopy") {
            return match call.positional(0) {
                Some(value) => self.value(value),
                None => Value::unknown(Why::Computed, site),
            };
        }
        if let Some(reader) = table::reader(dotted.as_str()) {
            return self.read(reader, func.default.as_deref(), call, site);
        }
        let why = match dotted.as_str().len() {
            0..=120 => Why::Outside(Sym::new(&format!("{dotted}()"))),
            _ => Why::Computed,
        };
        // `environ.Env(DEBUG=(bool, False))`: what it was told of single variables.
        let told = self.keywords(call, site);
        let default = self
            .spoken_default(call)
            .or_else(|| (!told.entries.is_empty()).then(|| Box::new(Value::Dict(told))));
        Value::Unknown(Unknown { why, site, default })
    }

    /// `default=…` and `fallback=…`, as most readers of configurations call it.
    fn spoken_default(&mut self, call: &'a Call) -> Option<Box<Value>> {
        let value = call.keyword("default").or_else(|| call.keyword("fallback"))?;
        Some(Box::new(self.value(value)))
    }

    fn keywords(&mut self, call: &'a Call, site: Site) -> Dict {
        let mut dict = Dict::new(site);
        for arg in &call.args {
            let value_site = self.site(arg.value.span);
            match arg.kind {
                ArgKind::Keyword(key) => {
                    let value = self.value(&arg.value);
                    dict.set(Entry {
                        key,
                        key_site: value_site,
                        value,
                        site: value_site,
                        sometimes: false,
                    });
                }
                ArgKind::DoubleStar => {
                    let value = self.value(&arg.value);
                    update(&mut dict, &value, value_site);
                }
                ArgKind::Positional | ArgKind::Star => {}
            }
        }
        dict
    }

    fn read(&mut self, reader: &Reader, told: Option<&Value>, call: &'a Call, site: Site) -> Value {
        let name = match reader.default {
            0 => None,
            _ => call.positional(0).and_then(Expr::as_str),
        };
        let spoken = match call
            .keyword("default")
            .or_else(|| call.positional(reader.default))
        {
            Some(default) => Some(self.value(default)),
            // `Env(NAME=(cast, default))`
            None => match (told, name) {
                (Some(Value::Dict(told)), Some(name)) => match told.get(name.as_str()).map(|e| &e.value) {
                    Some(Value::List(pair)) => pair.items.get(1).map(|item| item.value.clone()),
                    _ => None,
                },
                _ => None,
            },
        };
        let spoken = spoken.or(reader.optional.then_some(Value::None));
        let default = match spoken {
            Some(Value::Unknown(unknown)) => unknown.default,
            other => other.map(Box::new),
        };
        let unknown = |default: Option<Box<Value>>| Unknown {
            why: Why::Environment(name),
            site,
            default,
        };
        if reader.gives == Gives::Value {
            return Value::Unknown(unknown(default));
        }
        let mut dict = Dict::new(site);
        dict.open = Some(Box::new(unknown(None)));
        let entry = |key: &str, value: Value, site: Site| Entry {
            key: Sym::new(key),
            key_site: site,
            value,
            site,
            sometimes: false,
        };
        let backend = default
            .as_deref()
            .and_then(Value::as_str)
            .and_then(table::backend)
            .map(|backend| Box::new(Value::Str(Sym::new(backend))));
        let key = if reader.gives == Gives::Cache {
            "BACKEND"
        } else {
            "ENGINE"
        };
        let engine = match call.keyword("engine").or_else(|| call.keyword("backend")) {
            Some(engine) => self.value(engine),
            None => Value::Unknown(unknown(backend)),
        };
        dict.set(entry(key, engine, site));
        let any = call
            .args
            .iter()
            .any(|arg| matches!(arg.kind, ArgKind::DoubleStar | ArgKind::Star));
        if reader.gives == Gives::DatabaseUrl && !any {
            for (keyword, key, otherwise) in [
                ("conn_max_age", "CONN_MAX_AGE", Value::Int(0)),
                ("conn_health_checks", "CONN_HEALTH_CHECKS", Value::Bool(false)),
            ] {
                let (value, site) = match call.keyword(keyword) {
                    Some(value) => (self.value(value), self.site(value.span)),
                    None => (otherwise, site),
                };
                dict.set(entry(key, value, site));
            }
        }
        Value::Dict(dict)
    }

    fn builtin(&mut self, name: &str, call: &'a Call, site: Site) -> Value {
        let first = call
            .positional(0)
            .map(|value| (self.value(value), self.site(value.span)));
        match (name, first) {
            ("list" | "tuple" | "set" | "frozenset", None) if call.args.is_empty() => Value::List(List {
                items: Vec::new(),
                site,
            }),
            ("list" | "tuple" | "set" | "frozenset", Some((value, value_site))) => match value {
                list @ (Value::List(_) | Value::OneOf(_)) => list,
                Value::Dict(dict) => keys(&dict),
                other => {
                    let mut list = List {
                        items: Vec::new(),
                        site,
                    };
                    extend(&mut list, &other, value_site);
                    Value::List(list)
                }
            },
            ("sorted" | "reversed", Some((Value::List(mut list), _))) => {
                list.items.iter_mut().for_each(|item| item.sometimes = true);
                Value::List(list)
            }
            ("dict", first) => {
                let mut dict = Dict::new(site);
                if let Some((value, value_site)) = first {
                    update(&mut dict, &value, value_site);
                }
                dict.update(&self.keywords(call, site));
                Value::Dict(dict)
            }
            ("bool", Some((value, _))) => lifted(&value, site, &|value| value.truth().map(Value::Bool)),
            ("int", Some((value, _))) => lifted(&value, site, &|value| match value {
                Value::Str(text) => text.as_str().trim().parse().ok().map(Value::Int),
                Value::Int(_) => Some(value.clone()),
                Value::Bool(truth) => Some(Value::Int(i64::from(*truth))),
                _ => None,
            }),
            ("str", Some((value, _))) => lifted(&value, site, &|value| match value {
                Value::Str(_) => Some(value.clone()),
                _ => None,
            }),
            ("getattr", Some((object, _))) => {
                let Some(name) = call.positional(1).and_then(Expr::as_str) else {
                    return Value::unknown(Why::Computed, site);
                };
                let found = self.attribute(object, name, site);
                match (found, call.positional(2)) {
                    (Value::Unknown(unknown), Some(default)) => {
                        let default = match self.value(default) {
                            Value::Unknown(deeper) => deeper.default,
                            known => Some(Box::new(known)),
                        };
                        Value::Unknown(Unknown { default, ..unknown })
                    }
                    (found, _) => found,
                }
            }
            (_, Some((Value::Unknown(unknown), _))) => Value::unknown(unknown.why, site),
            _ => Value::unknown(Why::Computed, site),
        }
    }

    /// A method of a value that is known, used for its result.
    fn method(&mut self, base: &Value, name: Sym, call: &'a Call, site: Site) -> Value {
        if let Value::OneOf(ways) = base {
            let all: Vec<Value> = ways
                .iter()
                .map(|way| self.method(way, name, call, site))
                .collect();
            return all.into_iter().reduce(|a, b| a.join(&b)).unwrap_or(Value::None);
        }
        let first = call.positional(0).map(|value| self.value(value));
        match (base, name.as_str(), first) {
            (Value::List(_) | Value::Dict(_), "copy", None) => base.clone(),
            (Value::Dict(dict), "keys", None) => keys(dict),
            (Value::Dict(dict), "items", None) => items(dict),
            (Value::Dict(dict), "get", Some(key)) => {
                let found = index(base, &key, site);
                let known = match (&key, &found) {
                    (Value::Str(key), Value::Unknown(unknown)) if dict.get(key.as_str()).is_none() => {
                        Err(unknown.clone())
                    }
                    _ => Ok(found.clone()),
                };
                match known {
                    Ok(found) => found,
                    Err(unknown) => {
                        let default = call.positional(1).map_or(Value::None, |value| self.value(value));
                        match dict.open {
                            None => default,
                            Some(_) => Value::Unknown(Unknown {
                                default: Some(Box::new(default)),
                                ..unknown
                            }),
                        }
                    }
                }
            }
            (Value::List(list), "index", Some(wanted)) => {
                let at = list.items.iter().position(|item| item.value == wanted);
                match at {
                    Some(at) if list.items[..at].iter().all(|item| !item.gap && !item.sometimes) => {
                        Value::Int(at as i64)
                    }
                    _ => Value::unknown(Why::Computed, site),
                }
            }
            (Value::Str(text), "split", Some(Value::Str(separator))) if !separator.as_str().is_empty() => {
                let parts = text.as_str().split(separator.as_str()).take(200);
                let item = |part: &str| Item {
                    value: Value::Str(Sym::new(part)),
                    site,
                    list: site,
                    sometimes: false,
                    gap: false,
                };
                Value::List(List {
                    items: parts.map(item).collect(),
                    site,
                })
            }
            (Value::Str(text), "lower", None) => Value::Str(Sym::new(&text.as_str().to_lowercase())),
            (Value::Str(text), "strip", None) => Value::Str(Sym::new(text.as_str().trim())),
            _ => Value::unknown(Why::Computed, site),
        }
    }

    /// A statement that is an expression.
    pub fn effect(&mut self, expr: &'a Expr) {
        let ExprKind::Call(call) = &expr.kind else { return };
        let site = self.site(expr.span);
        if let ExprKind::Attr(attr) = &call.func.kind {
            if self.is_namespace(&attr.base) {
                return self.may_change(site, Why::Computed);
            }
            if let Some(place) = self.place(&attr.base)
                && self.state.names.contains_key(&place.root)
                && self.mutates(&place, attr.name, call, site)
            {
                return;
            }
        }
        let func = match &call.func.kind {
            ExprKind::Attr(attr) => {
                let base = self.value(&attr.base);
                self.attribute(base, attr.name, site)
            }
            _ => self.value(&call.func),
        };
        let dotted = match func {
            Value::Unknown(Unknown {
                why: Why::Outside(dotted),
                ..
            }) => dotted.as_str(),
            _ => "",
        };
        match dotted {
            "split_settings.tools.include" => return self.includes(call),
            "sys.exit" | "builtins.exit" => return self.end(),
            "builtins.exec" => return self.may_change(site, Why::Computed),
            _ => {}
        }
        for arg in &call.args {
            if self.is_namespace(&arg.value) {
                let why = match dotted {
                    "" => Why::Computed,
                    _ => Why::Outside(Sym::new(dotted)),
                };
                return self.may_change(site, why);
            }
        }
    }

    fn includes(&mut self, call: &'a Call) {
        for arg in &call.args {
            let site = self.site(arg.value.span);
            let pattern = match &arg.value.kind {
                // `optional("local.py")`
                ExprKind::Call(inner) => match inner.positional(0) {
                    Some(pattern) => self.value(pattern),
                    None => Value::None,
                },
                _ => self.value(&arg.value),
            };
            match (arg.kind, pattern) {
                (ArgKind::Positional, Value::Str(pattern)) => self.include(pattern.as_str(), site),
                (ArgKind::Keyword(_), _) => {}
                _ => self.may_change(site, Why::Computed),
            }
        }
    }

    /// `NAME.append(…)` and other calls that change a list or dict; false for what is no such call.
    fn mutates(&mut self, place: &Place, method: Sym, call: &'a Call, site: Site) -> bool {
        let first = call.positional(0);
        let value = first.map(|first| self.value(first));
        let first_site = first.map_or(site, |first| self.site(first.span));
        match method.as_str() {
            "append" | "add" | "appendleft" => {
                let Some(value) = value else { return true };
                let item = self.item(value, first_site, site);
                self.on_list(place, &mut |list| list.items.push(item.clone()));
            }
            "insert" => {
                let Some(second) = call.positional(1) else {
                    return true;
                };
                let inserted = self.value(second);
                let item = self.item(inserted, self.site(second.span), site);
                let anchor = first.and_then(|first| self.anchor(first, place));
                let at = match value {
                    Some(Value::Int(at)) => Some(at),
                    _ => None,
                };
                self.on_list(place, &mut |list| {
                    let beside = anchor.as_ref().and_then(|(wanted, behind)| {
                        let found = list.items.iter().position(|item| item.value == *wanted);
                        found.map(|at| at + usize::from(*behind))
                    });
                    match beside {
                        Some(at) => list.items.insert(at, item.clone()),
                        None => change::insert(list, at, item.clone(), site),
                    }
                });
            }
            "extend" => {
                let Some(value) = value else { return true };
                self.on_list(place, &mut |list| extend(list, &value, first_site));
            }
            "remove" | "discard" => {
                let Some(value) = value else { return true };
                self.on_list(place, &mut |list| change::take(list, &value));
            }
            "pop" | "popitem" => {
                let key = match first {
                    Some(first) => self.key(first),
                    None => change::Key::Number(-1),
                };
                self.change(place, &mut |held| change::remove(held, &key, site));
            }
            "sort" | "reverse" | "clear" => {
                let empty = method == "clear";
                self.change(place, &mut |held| match held {
                    Value::List(list) if empty => list.items.clear(),
                    Value::Dict(dict) if empty => *dict = Dict::new(site),
                    Value::List(list) => list.items.iter_mut().for_each(|item| item.sometimes = true),
                    _ => {}
                });
            }
            "update" => {
                let keywords = self.keywords(call, site);
                self.change(place, &mut |held| {
                    let mut dict = match std::mem::replace(held, Value::None) {
                        Value::Dict(dict) => dict,
                        Value::Unknown(unknown) => Dict {
                            entries: Vec::new(),
                            site: unknown.site,
                            open: Some(Box::new(unknown)),
                        },
                        other => {
                            *held = other;
                            return;
                        }
                    };
                    if let Some(value) = &value {
                        update(&mut dict, value, first_site);
                    }
                    dict.update(&keywords);
                    *held = Value::Dict(dict);
                });
            }
            "setdefault" => {
                let (Some(Value::Str(key)), Some(second)) = (value, call.positional(1)) else {
                    return true;
                };
                let default = self.value(second);
                let default_site = self.site(second.span);
                self.change(place, &mut |held| {
                    if let Value::Dict(dict) = held
                        && dict.get(key.as_str()).is_none()
                        && dict.is_closed()
                    {
                        dict.set(Entry {
                            key,
                            key_site: first_site,
                            value: default.clone(),
                            site: default_site,
                            sometimes: false,
                        });
                    }
                });
            }
            _ => return false,
        }
        true
    }

    fn on_list(&mut self, place: &Place, make: &mut dyn FnMut(&mut List)) {
        self.change(place, &mut |held| {
            if let Value::List(list) = held {
                make(list);
            }
        });
    }

    /// The element of the same list that `LIST.index("x")` or `LIST.index("x") + 1` stands before or behind.
    fn anchor(&mut self, expr: &'a Expr, place: &Place) -> Option<(Value, bool)> {
        let (expr, behind) = match &expr.kind {
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                (self.value(&binary.right) == Value::Int(1)).then_some((&binary.left, true))?
            }
            _ => (expr, false),
        };
        let ExprKind::Call(call) = &expr.kind else {
            return None;
        };
        let ExprKind::Attr(attr) = &call.func.kind else {
            return None;
        };
        let same = attr.base.as_name() == Some(place.root) && place.keys.is_empty();
        (same && attr.name == "index").then_some(())?;
        Some((self.value(call.positional(0)?), behind))
    }
}

/// The keys of a dict as a list.
fn keys(dict: &Dict) -> Value {
    let items = dict.entries.iter().map(|entry| Item {
        value: Value::Str(entry.key),
        site: entry.key_site,
        list: dict.site,
        sometimes: entry.sometimes,
        gap: false,
    });
    listed(dict, items.collect())
}

/// The items of a dict as a list of pairs.
fn items(dict: &Dict) -> Value {
    let items = dict.entries.iter().map(|entry| {
        let part = |value: Value, site: Site| Item {
            value,
            site,
            list: entry.key_site,
            sometimes: false,
            gap: false,
        };
        let pair = List {
            items: vec![
                part(Value::Str(entry.key), entry.key_site),
                part(entry.value.clone(), entry.site),
            ],
            site: entry.key_site,
        };
        Item {
            value: Value::List(pair),
            site: entry.key_site,
            list: dict.site,
            sometimes: entry.sometimes,
            gap: false,
        }
    });
    listed(dict, items.collect())
}

fn listed(dict: &Dict, items: Vec<Item>) -> Value {
    let mut list = List {
        items,
        site: dict.site,
    };
    if let Some(open) = &dict.open {
        change::add_gap(&mut list, open.site, open.why.clone());
    }
    Value::List(list)
}
