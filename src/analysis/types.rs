//! Values from outside the running function: annotations, module and class attributes, results.

use std::sync::Arc;

use crate::ir::{Expr, ExprKind};
use crate::project::{ClassId, Def};
use crate::source::{FileId, Sym};

use super::Engine;
use super::frame::Frame;
use super::rows::map_rows;
use super::trace;
use super::value::{Coll, Dict, Kind, Live, Object, Origin, Query, Row, Size, Value};

const COLLECTIONS: &[&str] = &[
    "list",
    "List",
    "set",
    "Set",
    "frozenset",
    "Iterable",
    "Iterator",
    "Sequence",
    "Collection",
    "Generator",
    "MutableSequence",
    "AsyncIterator",
    "AsyncIterable",
    "deque",
];
const QUERYSETS: &[&str] = &[
    "QuerySet",
    "BaseManager",
    "Manager",
    "RelatedManager",
    "ValuesQuerySet",
];
const WRAPPERS: &[&str] = &[
    "Optional",
    "Annotated",
    "Final",
    "Required",
    "NotRequired",
    "Awaitable",
];
const MAPPINGS: &[&str] = &[
    "dict",
    "Dict",
    "Mapping",
    "MutableMapping",
    "defaultdict",
    "OrderedDict",
];

impl<'p> Engine<'p> {
    /// The value that an annotation promises: a row, a queryset with an unknown plan, a collection.
    pub(crate) fn typed(&self, file: FileId, annotation: &Expr) -> Value {
        trace::read(file);
        self.typed_at(file, annotation, 6)
    }

    fn typed_at(&self, file: FileId, annotation: &Expr, depth: u32) -> Value {
        if depth == 0 {
            return Value::UNKNOWN;
        }
        match &annotation.kind {
            ExprKind::Binary(binary) => self.typed_at(file, &binary.left, depth - 1).join(self.typed_at(
                file,
                &binary.right,
                depth - 1,
            )),
            ExprKind::Index(parts) => self.generic(file, &parts.0, &parts.1, depth),
            ExprKind::Name(_) | ExprKind::Attr(_) => match self.project.resolve_expr(file, annotation) {
                Some(Def::Class(class)) => self.instance(class),
                _ => Value::UNKNOWN,
            },
            _ => Value::UNKNOWN,
        }
    }

    /// The element type of a collection: one of many rows.
    fn element_at(&self, file: FileId, annotation: &Expr, depth: u32) -> Value {
        map_rows(&self.typed_at(file, annotation, depth - 1), &|row| Row {
            live: Live::Stored,
            ..row.clone()
        })
    }

    fn instance(&self, class: ClassId) -> Value {
        match self.project.model_of_class(class) {
            Some(model) => Value::row(Row::single(model, Origin::Elsewhere)),
            None if self.project.is_queryset_class(class) || self.project.is_manager_class(class) => {
                Value::UNKNOWN
            }
            None => Value::new(Kind::Object(Arc::new(Object {
                class,
                attrs: Vec::new(),
            }))),
        }
    }

    fn generic(&self, file: FileId, base: &Expr, inner: &Expr, depth: u32) -> Value {
        let name = match &base.kind {
            ExprKind::Name(name) => *name,
            ExprKind::Attr(attr) => attr.name,
            _ => return Value::UNKNOWN,
        };
        let args: Vec<&Expr> = match &inner.kind {
            ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![inner],
        };
        let Some(first) = args.first() else {
            return Value::UNKNOWN;
        };
        let name = name.as_str();
        if COLLECTIONS.contains(&name) {
            return Value::coll(self.element_at(file, first, depth), Size::Unknown);
        }
        if WRAPPERS.contains(&name) {
            return self.typed_at(file, first, depth - 1);
        }
        if MAPPINGS.contains(&name)
            && let Some(second) = args.get(1)
        {
            let value = self.element_at(file, second, depth);
            let key = self.element_at(file, first, depth);
            return Value::new(Kind::Dict(Arc::new(Dict::over(key, value))));
        }
        match name {
            "Union" => args
                .iter()
                .map(|a| self.typed_at(file, a, depth - 1))
                .reduce(Value::join)
                .unwrap_or(Value::UNKNOWN),
            "tuple" | "Tuple" => {
                let ellipsis =
                    args.len() == 2 && matches!(args[1].kind, ExprKind::Const(crate::ir::Const::Other));
                if ellipsis {
                    return Value::coll(self.element_at(file, first, depth), Size::Unknown);
                }
                Value::new(Kind::Tuple(
                    args.iter().map(|a| self.typed_at(file, a, depth - 1)).collect(),
                ))
            }
            "type" | "Type" => match self.project.resolve_expr(file, first) {
                Some(Def::Class(class)) => Value::new(Kind::Class(class)),
                _ => Value::UNKNOWN,
            },
            _ if QUERYSETS.contains(&name) || name.ends_with("QuerySet") => {
                self.open_queryset(file, base, first)
            }
            _ => Value::UNKNOWN,
        }
    }

    fn open_queryset(&self, file: FileId, base: &Expr, inner: &Expr) -> Value {
        let Some(Def::Class(class)) = self.project.resolve_expr(file, inner) else {
            return Value::UNKNOWN;
        };
        let Some(model) = self.project.model_of_class(class) else {
            return Value::UNKNOWN;
        };
        let classes = match self.project.resolve_expr(file, base) {
            Some(Def::Class(c)) => vec![c],
            _ => Vec::new(),
        };
        Value::query(Query {
            classes,
            ..Query::unseen(model, crate::source::Site::new(file, inner.span))
        })
    }

    /// A name that is no local variable.
    pub(crate) fn global(&self, frame: &mut Frame<'_, 'p>, file: FileId, name: Sym) -> Value {
        match self.project.lookup(file, name) {
            Some(def) => frame.def_value(def),
            None => match frame.owner_attr(name) {
                Some(value) => value,
                None => Value::new(Kind::External(Sym::new("builtins").dot(name.as_str()))),
            },
        }
    }

    /// The value of a module-level variable.
    pub(crate) fn module_value(&self, file: FileId, idx: u32) -> Value {
        let Some(guard) = Nesting::enter() else {
            return Value::UNKNOWN;
        };
        let key = (file, idx, guard.level);
        let lock = || {
            self.known
                .values
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some((value, node)) = lock().get(&key) {
            trace::asked(node);
            return value.clone();
        }
        let assign = &self.project.file(file).facts.assigns[idx as usize];
        let (value, node) = trace::record(|| match &assign.value {
            Some(value) if constant(value, 6) => {
                let func = self.project.func_id(file, crate::ir::FuncIdx(0));
                let mut frame = Frame::new(self, func, 3);
                returned(&frame.eval(value)).bounded()
            }
            _ => match &assign.annotation {
                Some(annotation) => self.typed(file, annotation),
                None => Value::UNKNOWN,
            },
        });
        trace::asked(&node);
        lock().insert(key, (value.clone(), node));
        value
    }

    /// The value of a class attribute, evaluated where the class stands.
    pub(crate) fn class_value(&self, frame: &mut Frame<'_, 'p>, owner: ClassId, idx: u32) -> Value {
        let file = self.project.class(owner).file;
        let assign = &self.project.class_facts(owner).assigns[idx as usize];
        let Some(value) = &assign.value else {
            return assign
                .annotation
                .as_ref()
                .map_or(Value::UNKNOWN, |a| self.typed(file, a));
        };
        if frame.depth == 0 {
            frame.cut = true;
            return Value::UNKNOWN;
        }
        let func = self.project.func_id(file, crate::ir::FuncIdx(0));
        let mut inner = Frame::new(self, func, frame.depth - 1);
        inner.owner = Some(owner);
        inner.receiver = None;
        let result = returned(&inner.eval(value));
        frame.watched.append(&mut inner.watched);
        frame.cut |= inner.cut;
        frame.height = frame.height.max(inner.height + 1);
        result
    }
}

thread_local! {
    static DEPTH: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

/// Ends chains of module variables that refer to each other. What a variable is depends on how far
/// down the chain it is asked for, and on nothing else.
struct Nesting {
    level: u8,
}

impl Nesting {
    fn enter() -> Option<Self> {
        let depth = DEPTH.get();
        (depth < 16).then(|| {
            DEPTH.set(depth + 1);
            Self { level: depth }
        })
    }
}

impl Drop for Nesting {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Module variables that are being worked out.
pub(super) fn level() -> u8 {
    DEPTH.get()
}

/// Module-level values that mean the same whoever asks: literals, names, calls of known functions.
fn constant(expr: &Expr, depth: u32) -> bool {
    depth > 0
        && match &expr.kind {
            ExprKind::Name(_) | ExprKind::Const(_) => true,
            ExprKind::Attr(attr) => constant(&attr.base, depth - 1),
            ExprKind::Call(call) => {
                constant(&call.func, depth - 1) && call.args.iter().all(|a| constant(&a.value, depth - 1))
            }
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                items.len() < 64 && items.iter().all(|i| constant(i, depth - 1))
            }
            ExprKind::Dict(items) => {
                items.len() < 64
                    && items.iter().all(|i| {
                        i.key.as_ref().is_none_or(|k| constant(k, depth - 1)) && constant(&i.value, depth - 1)
                    })
            }
            ExprKind::Binary(b) => constant(&b.left, depth - 1) && constant(&b.right, depth - 1),
            _ => false,
        }
}

impl Frame<'_, '_> {
    /// A name in a class body: its other attributes are visible there.
    pub fn owner_attr(&mut self, name: Sym) -> Option<Value> {
        if self.receiver.is_some() {
            return None;
        }
        let owner = self.owner?;
        let facts = self.project.class_facts(owner);
        let idx = facts.assigns.iter().position(|a| a.name == name)?;
        if self.depth == 0 {
            return None;
        }
        self.depth -= 1;
        let engine = self.engine;
        let value = engine.class_value(self, owner, idx as u32);
        self.depth += 1;
        Some(value)
    }
}

/// An annotated parameter of an entry point: its rows are slots, so that callers' plans can speak.
pub(crate) fn as_argument(value: &Value, next: &mut u16) -> Value {
    let kind = match &value.kind {
        Kind::Row(row) => {
            let slot = *next;
            *next += 1;
            let live = if row.live == Live::Stored {
                Live::Stored
            } else {
                Live::Slot
            };
            Kind::Row(Arc::new(Row {
                origin: Origin::Slot(slot),
                live,
                ..(**row).clone()
            }))
        }
        Kind::Coll(coll) => Kind::Coll(Arc::new(Coll {
            elem: as_argument(&coll.elem, next),
            size: coll.size,
        })),
        Kind::Tuple(items) => Kind::Tuple(items.iter().map(|v| as_argument(v, next)).collect()),
        Kind::Union(items) => Kind::Union(items.iter().map(|v| as_argument(v, next)).collect()),
        Kind::Dict(dict) => Kind::Dict(Arc::new(Dict::over(
            as_argument(&dict.key, next),
            as_argument(&dict.value, next),
        ))),
        other => other.clone(),
    };
    Value::new(kind)
}

/// Rows inside collections are no longer in the loop that collected them.
pub(crate) fn stored(value: &Value) -> Value {
    relabel(value, Live::Stored)
}

/// A result: a row itself is one row, rows in collections are stored.
pub(crate) fn returned(value: &Value) -> Value {
    match &value.kind {
        Kind::Row(_) | Kind::Tuple(_) => relabel(value, Live::Single),
        Kind::Union(items) => {
            let kind = Kind::Union(items.iter().map(returned).collect());
            Value {
                kind,
                deps: value.deps,
            }
        }
        _ => stored(value),
    }
}

fn relabel(value: &Value, to: Live) -> Value {
    map_rows(value, &|row| {
        let mut row = row.clone();
        let change = |live: Live| match live {
            Live::Loop(_) => to,
            Live::Single if to == Live::Stored => Live::Single,
            other => other,
        };
        row.live = change(row.live);
        for step in &mut row.steps {
            step.live = change(step.live);
        }
        row
    })
}
