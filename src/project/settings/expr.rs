//! Values of expressions in settings modules.

use std::sync::Arc;

use super::change::{extend, open, update};
use super::eval::Run;
use super::table;
use super::value::{Dict, Entry, Item, List, Unknown, Value, Why};
use crate::ir::{BinOp, CmpOp, Comp, CompKind, Compare, Const, DictItem, Expr, ExprKind};
use crate::source::{Site, Sym};

/// Expressions within expressions.
const MAX_DEPTH: u32 = 200;
/// Elements of a list that a comprehension runs over.
const MAX_COMPREHENDED: usize = 300;

/// Names that mean what Python means by them unless something else is assigned.
const BUILTINS: [&str; 27] = [
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "sorted",
    "reversed",
    "str",
    "int",
    "bool",
    "float",
    "getattr",
    "hasattr",
    "setattr",
    "isinstance",
    "len",
    "any",
    "all",
    "exec",
    "open",
    "print",
    "exit",
    "range",
    "enumerate",
    "zip",
    "map",
    "filter",
];

impl<'a> Run<'_, 'a> {
    /// What an expression gives.
    pub fn value(&mut self, expr: &'a Expr) -> Value {
        let Some(left) = self.levels.checked_sub(1) else {
            return Value::unknown(Why::TooMany, self.site(expr.span));
        };
        self.levels = left;
        let value = self.kind(expr);
        self.levels += 1;
        value
    }

    /// Levels for the outermost expression.
    pub(super) const LEVELS: u32 = MAX_DEPTH;

    fn kind(&mut self, expr: &'a Expr) -> Value {
        let site = self.site(expr.span);
        match &expr.kind {
            ExprKind::Const(constant) => match constant {
                Const::None => Value::None,
                Const::True => Value::Bool(true),
                Const::False => Value::Bool(false),
                Const::Int(n) => Value::Int(*n),
                Const::Str(text) => Value::Str(*text),
                Const::Other => Value::unknown(Why::Literal, site),
            },
            ExprKind::Name(name) => self.name(*name, site),
            ExprKind::Attr(attr) => {
                if let Some(found) = self.class_member(&attr.base, attr.name) {
                    return found;
                }
                let base = self.value(&attr.base);
                self.attribute(base, attr.name, site)
            }
            ExprKind::Call(call) => self.call(call, site),
            ExprKind::Index(parts) => {
                let base = self.value(&parts.0);
                let key = self.value(&parts.1);
                index(&base, &key, site)
            }
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                let mut list = List {
                    items: Vec::new(),
                    site,
                };
                for item in items {
                    match &item.kind {
                        ExprKind::Starred(inner) => {
                            let value = self.value(inner);
                            extend(&mut list, &value, self.site(inner.span));
                        }
                        _ => {
                            let value = self.value(item);
                            list.items.push(Item {
                                value,
                                site: self.site(item.span),
                                list: site,
                                sometimes: false,
                                gap: false,
                            });
                        }
                    }
                }
                Value::List(list)
            }
            ExprKind::Dict(items) => self.dict(items, site),
            ExprKind::Comp(comp) => self.comprehension(comp, site),
            ExprKind::IfElse(choice) => match self.test(&choice.test) {
                Some(true) => self.value(&choice.then),
                Some(false) => self.value(&choice.orelse),
                None => {
                    let then = self.value(&choice.then);
                    let other = self.value(&choice.orelse);
                    then.join(&other)
                }
            },
            ExprKind::And(parts) => self.either(parts, false),
            ExprKind::Or(parts) => self.either(parts, true),
            ExprKind::Not(inner) => match self.test(inner) {
                Some(truth) => Value::Bool(!truth),
                None => {
                    let value = self.value(inner);
                    lifted(&value, site, &|value| {
                        value.truth().map(|truth| Value::Bool(!truth))
                    })
                }
            },
            ExprKind::Compare(compare) => self.compare(compare, site),
            ExprKind::Binary(binary) => {
                let left = self.value(&binary.left);
                let right = self.value(&binary.right);
                self.binary(binary.op, left, right, site)
            }
            ExprKind::Unary(inner) => match self.value(inner) {
                // `-x`, of which only this is told apart from `+x` by the text.
                Value::Int(_) => Value::unknown(Why::Computed, site),
                other => lifted(&other, site, &|_| None),
            },
            ExprKind::FString(parts) => {
                let mut text = String::new();
                for part in parts {
                    match self.value(part) {
                        Value::Str(known) => text.push_str(known.as_str()),
                        Value::Int(known) => text.push_str(&known.to_string()),
                        // What is put together still begins with its scheme.
                        _ => {
                            let begun = (!text.is_empty()).then(|| Box::new(Value::Str(Sym::new(&text))));
                            return Value::Unknown(Unknown {
                                why: Why::Computed,
                                site,
                                default: begun,
                            });
                        }
                    }
                }
                Value::Str(Sym::new(&text))
            }
            ExprKind::Walrus(parts) => {
                let value = self.value(&parts.1);
                self.assign(&parts.0, value.clone(), site);
                value
            }
            ExprKind::Slice(_)
            | ExprKind::Lambda(_)
            | ExprKind::Starred(_)
            | ExprKind::Await(_)
            | ExprKind::Yield(_)
            | ExprKind::YieldFrom(_)
            | ExprKind::Var(_)
            | ExprKind::Lookup(_)
            | ExprKind::Filter(_)
            | ExprKind::Invalid => Value::unknown(Why::Computed, site),
        }
    }

    fn name(&mut self, name: Sym, site: Site) -> Value {
        let outer = self.outer.as_ref();
        let held = self.state.names.get(&name).or_else(|| outer?.names.get(&name));
        if let Some(setting) = held {
            // Large values that are taken again and again use up what a module may do.
            let value = Arc::clone(&setting.value);
            let weight = u32::try_from(value.weight() / 64).unwrap_or(u32::MAX);
            return match self.all.steps.checked_sub(weight) {
                Some(left) => {
                    self.all.steps = left;
                    (*value).clone()
                }
                None => Value::unknown(Why::TooMany, site),
            };
        }
        if BUILTINS.contains(&name.as_str()) {
            return Value::unknown(Why::Outside(Sym::new("builtins").dot(name.as_str())), site);
        }
        Value::unknown(Why::Name(name), site)
    }

    pub fn attribute(&mut self, base: Value, name: Sym, site: Site) -> Value {
        let Value::Unknown(unknown) = base else {
            return Value::unknown(Why::Computed, site);
        };
        match unknown.why {
            Why::Module(file) => self.member(file, name, site).unwrap_or_else(|| {
                let module = Sym::new(&self.all.index.module_name(file));
                self.outside(module.dot(name.as_str()), None, site)
            }),
            Why::Outside(dotted) => self.outside(dotted.dot(name.as_str()), unknown.default, site),
            why => Value::unknown(why, site),
        }
    }

    /// A dotted name from elsewhere, which may be a module of the project after all.
    fn outside(&mut self, dotted: Sym, default: Option<Box<Value>>, site: Site) -> Value {
        if dotted.as_str().len() > 120 {
            return Value::unknown(Why::Computed, site);
        }
        let is_path = !dotted.as_str().contains(['(', '[']);
        let found = is_path.then(|| self.all.index.resolve(self.file, 0, dotted.as_str()));
        let why = match found {
            Some(crate::project::modules::Resolved::File(file)) => Why::Module(file),
            _ => Why::Outside(dotted),
        };
        Value::Unknown(Unknown { why, site, default })
    }

    fn dict(&mut self, items: &'a [DictItem], site: Site) -> Value {
        let mut dict = Dict::new(site);
        for item in items {
            let value = self.value(&item.value);
            let value_site = self.site(item.value.span);
            match &item.key {
                Some(key) => {
                    let key_site = self.site(key.span);
                    match self.value(key) {
                        Value::Str(key) => dict.set(Entry {
                            key,
                            key_site,
                            value,
                            site: value_site,
                            sometimes: false,
                        }),
                        Value::Int(_) | Value::Bool(_) | Value::None => {}
                        _ => open(&mut dict, Why::Computed, key_site),
                    }
                }
                None => update(&mut dict, &value, value_site),
            }
        }
        Value::Dict(dict)
    }

    fn comprehension(&mut self, comp: &'a Comp, site: Site) -> Value {
        let unknown = Value::unknown(Why::Computed, site);
        let ([clause], CompKind::List | CompKind::Set | CompKind::Generator) = (&comp.clauses[..], comp.kind)
        else {
            return unknown;
        };
        let over = self.value(&clause.iter);
        let Value::List(over) = over else { return unknown };
        if over.items.len() > MAX_COMPREHENDED {
            return unknown;
        }
        let before = self.state.names.clone();
        let mut list = List {
            items: Vec::new(),
            site: over.site,
        };
        for item in over.items {
            self.assign(&clause.target, item.value.clone(), item.site);
            let mut kept = Some(true);
            for test in &clause.ifs {
                kept = match (kept, self.test(test)) {
                    (Some(true), taken) => taken,
                    (_, Some(false)) => Some(false),
                    (kept, _) => kept,
                };
            }
            if kept == Some(false) {
                continue;
            }
            let value = self.value(&comp.element);
            list.items.push(Item {
                sometimes: item.sometimes || kept.is_none(),
                value,
                ..item
            });
        }
        self.state.names = before;
        Value::List(list)
    }

    /// `a or b`, `a and b`
    fn either(&mut self, parts: &'a [Expr], is_or: bool) -> Value {
        let Some((last, first)) = parts.split_last() else {
            return Value::None;
        };
        let mut unknown: Option<Value> = None;
        for part in first {
            match self.test(part) {
                Some(truth) if truth == is_or => {
                    let value = self.value(part);
                    return unknown.map_or(value.clone(), |unknown| fallback(unknown, value));
                }
                Some(_) => {}
                None => {
                    let value = self.value(part);
                    unknown = Some(unknown.map_or(value.clone(), |known| fallback(known, value)));
                }
            }
        }
        let value = self.value(last);
        match unknown {
            Some(unknown) if is_or => fallback(unknown, value),
            Some(unknown) => {
                let default = match &unknown {
                    Value::Unknown(u) => u.default.as_deref().and_then(|default| match default.truth() {
                        Some(false) => Some(default.clone()),
                        _ => None,
                    }),
                    _ => None,
                };
                match default {
                    Some(default) => with_default(unknown, default),
                    None => unknown.join(&value),
                }
            }
            None => value,
        }
    }

    /// Whether a condition holds, if the text tells.
    pub fn test(&mut self, expr: &'a Expr) -> Option<bool> {
        match &expr.kind {
            ExprKind::Name(name) if *name == "DEBUG" => {
                let assumed = self.all.debug;
                self.name(*name, self.site(expr.span)).truth().or(assumed)
            }
            ExprKind::Not(inner) => self.test(inner).map(|truth| !truth),
            ExprKind::And(parts) => {
                let truths: Vec<Option<bool>> = parts.iter().map(|part| self.test(part)).collect();
                if truths.contains(&Some(false)) {
                    return Some(false);
                }
                truths.iter().all(|truth| *truth == Some(true)).then_some(true)
            }
            ExprKind::Or(parts) => {
                let truths: Vec<Option<bool>> = parts.iter().map(|part| self.test(part)).collect();
                if truths.contains(&Some(true)) {
                    return Some(true);
                }
                truths.iter().all(|truth| *truth == Some(false)).then_some(false)
            }
            _ => self.value(expr).truth(),
        }
    }

    fn compare(&mut self, compare: &'a Compare, site: Site) -> Value {
        let [(op, right)] = &compare.rest[..] else {
            return Value::unknown(Why::Computed, site);
        };
        let left = self.value(&compare.left);
        let right = self.value(right);
        let wanted = matches!(op, CmpOp::Eq | CmpOp::Is | CmpOp::In);
        match op {
            CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot => lifted(&left, site, &|left| {
                let known = |value: &Value| !matches!(value, Value::Unknown(_) | Value::OneOf(_));
                (known(left) && known(&right)).then(|| Value::Bool((*left == right) == wanted))
            }),
            CmpOp::In | CmpOp::NotIn => {
                let found = match (&left, &right) {
                    (Value::Str(word), Value::Unknown(unknown)) => match unknown.why {
                        Why::Outside(name)
                            if self.all.debug.is_some()
                                && table::is_outside(name.as_str(), word.as_str()) =>
                        {
                            Some(false)
                        }
                        _ => None,
                    },
                    (Value::Unknown(_) | Value::OneOf(_), Value::List(list)) if !list.items.is_empty() => {
                        return lifted(&left, site, &|left| {
                            let has = list.items.iter().any(|item| item.value == *left);
                            list.is_certain().then_some(Value::Bool(has == wanted))
                        });
                    }
                    (left, Value::List(list)) => {
                        match list.items.iter().find(|item| item.value == *left && !item.gap) {
                            Some(item) => (!item.sometimes).then_some(true),
                            None => list.is_complete().then_some(false),
                        }
                    }
                    (Value::Str(key), Value::Dict(dict)) => match dict.get(key.as_str()) {
                        Some(entry) => (!entry.sometimes).then_some(true),
                        None => dict.is_closed().then_some(false),
                    },
                    (Value::Str(part), Value::Str(whole)) => Some(whole.as_str().contains(part.as_str())),
                    _ => None,
                };
                match found {
                    Some(found) => Value::Bool(found == wanted),
                    None => Value::unknown(Why::Computed, site),
                }
            }
            CmpOp::Order => Value::unknown(Why::Computed, site),
        }
    }

    /// `left op right`, and `left op= right`.
    pub fn binary(&mut self, op: BinOp, left: Value, right: Value, site: Site) -> Value {
        match (op, left, right) {
            (BinOp::Add, Value::OneOf(ways), right) => {
                let all = ways
                    .into_iter()
                    .map(|way| self.binary(op, way, right.clone(), site));
                all.reduce(|a, b| a.join(&b)).unwrap_or(Value::None)
            }
            (BinOp::Add, Value::List(mut list), right) => {
                let site = part_site(&right).unwrap_or(site);
                let before = list.items.len();
                extend(&mut list, &right, site);
                if self.loops > 0 {
                    for item in &mut list.items[before..] {
                        item.sometimes = true;
                        item.gap = true;
                    }
                }
                Value::List(list)
            }
            (BinOp::Add, Value::Unknown(unknown), Value::List(right)) => {
                let mut list = List {
                    items: Vec::new(),
                    site: unknown.site,
                };
                let at = unknown.site;
                extend(&mut list, &Value::Unknown(unknown), at);
                list.items.extend(right.items);
                Value::List(list)
            }
            (BinOp::Add, Value::Str(a), Value::Str(b)) => {
                Value::Str(Sym::new(&format!("{a}{b}"))).bounded_text(site)
            }
            (BinOp::Add, Value::Int(a), Value::Int(b)) => a
                .checked_add(b)
                .map_or(Value::unknown(Why::Computed, site), Value::Int),
            (BinOp::Sub, Value::Int(a), Value::Int(b)) => a
                .checked_sub(b)
                .map_or(Value::unknown(Why::Computed, site), Value::Int),
            (BinOp::Mul, Value::Int(a), Value::Int(b)) => a
                .checked_mul(b)
                .map_or(Value::unknown(Why::Computed, site), Value::Int),
            (BinOp::BitOr, Value::Dict(mut dict), right) => {
                update(&mut dict, &right, site);
                Value::Dict(dict)
            }
            (BinOp::BitOr, Value::Unknown(unknown), Value::Dict(right)) => {
                let mut dict = Dict::new(unknown.site);
                dict.open = Some(Box::new(unknown));
                dict.update(&right);
                Value::Dict(dict)
            }
            (_, Value::Unknown(unknown), _) | (_, _, Value::Unknown(unknown)) => {
                Value::unknown(unknown.why, site)
            }
            _ => Value::unknown(Why::Computed, site),
        }
    }
}

impl Value {
    fn bounded_text(self, site: Site) -> Self {
        match self {
            Self::Str(text) if text.as_str().len() > 1000 => Self::unknown(Why::Literal, site),
            other => other,
        }
    }
}

fn part_site(value: &Value) -> Option<Site> {
    match value {
        Value::List(list) => Some(list.site),
        Value::Unknown(unknown) => Some(unknown.site),
        _ => None,
    }
}

/// `unknown or value`: the value is what it is when nobody says otherwise.
fn fallback(unknown: Value, value: Value) -> Value {
    match unknown {
        Value::Unknown(inner) => match inner
            .default
            .as_deref()
            .and_then(|d| d.truth().map(|t| (t, d.clone())))
        {
            Some((true, default)) => with_default(Value::Unknown(inner), default),
            _ => with_default(Value::Unknown(inner), value),
        },
        other => other.join(&value),
    }
}

fn with_default(unknown: Value, default: Value) -> Value {
    match unknown {
        Value::Unknown(inner) => {
            let default = match default {
                Value::Unknown(deeper) => deeper.default,
                known => Some(Box::new(known)),
            };
            Value::Unknown(Unknown { default, ..inner })
        }
        other => other,
    }
}

/// The result of a function of something that may be unknown: its default goes through as well.
pub(super) fn lifted(value: &Value, site: Site, make: &dyn Fn(&Value) -> Option<Value>) -> Value {
    match value {
        Value::Unknown(unknown) => Value::Unknown(Unknown {
            why: unknown.why.clone(),
            site,
            default: unknown
                .default
                .as_deref()
                .and_then(|default| match default {
                    Value::Unknown(_) => None,
                    known => make(known),
                })
                .map(Box::new),
        }),
        Value::OneOf(ways) => {
            let all = ways.iter().map(|way| lifted(way, site, make));
            all.reduce(|a, b| a.join(&b)).unwrap_or(Value::None)
        }
        known => make(known).unwrap_or_else(|| Value::unknown(Why::Computed, site)),
    }
}

/// `base[key]`
pub(super) fn index(base: &Value, key: &Value, site: Site) -> Value {
    match (base, key) {
        (Value::OneOf(ways), _) => {
            let all = ways.iter().map(|way| index(way, key, site));
            all.reduce(|a, b| a.join(&b)).unwrap_or(Value::None)
        }
        (Value::Dict(dict), Value::Str(key)) => match dict.get(key.as_str()) {
            Some(entry) => entry.value.clone(),
            None => {
                let why = dict
                    .open
                    .as_ref()
                    .map_or(Why::Name(*key), |open| open.why.clone());
                Value::unknown(why, site)
            }
        },
        (Value::List(list), Value::Int(n)) if list.is_certain() => {
            let at = if *n < 0 { list.items.len() as i64 + n } else { *n };
            let item = usize::try_from(at).ok().and_then(|at| list.items.get(at));
            item.map_or(Value::unknown(Why::Computed, site), |item| item.value.clone())
        }
        (Value::Unknown(unknown), key) => {
            let why = match (&unknown.why, key) {
                (Why::Outside(name), Value::Str(key)) if *name == "os.environ" => {
                    Why::Environment(Some(*key))
                }
                (why, _) => why.clone(),
            };
            Value::unknown(why, site)
        }
        _ => Value::unknown(Why::Computed, site),
    }
}
