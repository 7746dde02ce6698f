//! Lists of strings that a settings file puts together from literals and its own names.

use rustc_hash::FxHashMap;

use super::walk::top_level_calls;
use crate::facts::FileFacts;
use crate::ir::{BinOp, Expr, ExprKind};
use crate::source::Sym;

const MAX_DEPTH: usize = 64;
/// Strings of a list that are kept.
const MAX_ITEMS: usize = 4000;

/// The strings of a list, as far as they are literal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StringList {
    pub items: Vec<Sym>,
    pub complete: bool,
}

impl StringList {
    fn empty() -> Self {
        Self {
            items: Vec::new(),
            complete: true,
        }
    }

    fn unknown() -> Self {
        Self {
            items: Vec::new(),
            complete: false,
        }
    }

    fn push(&mut self, other: Self) {
        self.items.extend(other.items);
        self.complete &= other.complete && self.items.len() <= MAX_ITEMS;
        self.items.truncate(MAX_ITEMS);
    }
}

/// What `name` holds at the end of the module. Branches count as taken.
pub(super) fn evaluate(facts: &FileFacts, name: &str) -> StringList {
    let mut known: FxHashMap<Sym, StringList> = FxHashMap::default();
    for assign in &facts.assigns {
        let Some(value) = &assign.value else { continue };
        let value = strings(value, &known, MAX_DEPTH);
        // A second plain assignment stands in another branch, or repeats the first.
        let entry = known.entry(assign.name).or_insert_with(StringList::empty);
        if !assign.augmented && value.complete && assign.name != *name {
            *entry = value;
        } else {
            entry.push(value);
        }
    }
    let wanted = Sym::new(name);
    let mut list = known.get(&wanted).cloned().unwrap_or_else(StringList::empty);
    for (method, call) in top_level_calls(facts, wanted) {
        let argument = match method {
            "append" => call.positional(0),
            "insert" => call.positional(1),
            "extend" => call.positional(0),
            _ => continue,
        };
        match argument {
            Some(value) if method == "extend" => list.push(strings(value, &known, MAX_DEPTH)),
            Some(value) => match value.as_str() {
                Some(item) => list.items.push(item),
                None => list.complete = false,
            },
            None => list.complete = false,
        }
    }
    let mut seen = rustc_hash::FxHashSet::default();
    list.items.retain(|item| seen.insert(*item));
    list
}

fn strings(expr: &Expr, known: &FxHashMap<Sym, StringList>, depth: usize) -> StringList {
    let Some(depth) = depth.checked_sub(1) else {
        return StringList::unknown();
    };
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
            let mut list = StringList::empty();
            for item in items {
                match &item.kind {
                    ExprKind::Starred(inner) => list.push(strings(inner, known, depth)),
                    _ => match item.as_str() {
                        Some(text) => list.items.push(text),
                        None => list.complete = false,
                    },
                }
            }
            list
        }
        ExprKind::Binary(binary) if binary.op == BinOp::Add => {
            let mut list = strings(&binary.left, known, depth);
            list.push(strings(&binary.right, known, depth));
            list
        }
        ExprKind::IfElse(choice) => {
            let mut list = strings(&choice.then, known, depth);
            list.push(strings(&choice.orelse, known, depth));
            list
        }
        ExprKind::Name(name) => known.get(name).cloned().unwrap_or_else(StringList::unknown),
        ExprKind::Call(call) if call.args.len() == 1 => match call.func.as_name() {
            Some(name) if ["list", "tuple", "set", "sorted"].contains(&name.as_str()) => {
                strings(&call.args[0].value, known, depth)
            }
            _ => StringList::unknown(),
        },
        _ => StringList::unknown(),
    }
}
