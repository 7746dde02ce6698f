//! The conditions of partial indexes, as far as they are conjunctions of plain comparisons.

use crate::ir::{ArgKind, BinOp, Call, Const, Expr, ExprKind};
use crate::source::Sym;

use super::items::{Scope, constant};
use crate::project::{ModelId, Project};

/// Which rows a partial index holds: all facts are true of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    pub facts: Vec<Fact>,
    /// The facts say everything; otherwise there is more to it, or nothing could be read.
    pub whole: bool,
}

/// `field__lookup=value`
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// By the name of the field.
    pub field: Sym,
    /// `exact`, `isnull`, `in` …; transforms stand before it as Django writes them: `data__key__exact` has
    /// `key__exact`.
    pub lookup: Sym,
    pub negated: bool,
    /// One value, or those of a list; `None` when it cannot be read.
    pub values: Option<Vec<Const>>,
}

/// Reads `Q(a=1, b__isnull=True) & Q(…)`.
pub(super) fn read(project: &Project, model: ModelId, scope: Scope, expr: &Expr) -> Condition {
    let mut out = Condition {
        facts: Vec::new(),
        whole: true,
    };
    let reader = Reader {
        project,
        model,
        scope,
    };
    reader.add(expr, false, &mut out, 16);
    out
}

struct Reader<'p> {
    project: &'p Project,
    model: ModelId,
    scope: Scope,
}

impl Reader<'_> {
    fn add(&self, expr: &Expr, negated: bool, out: &mut Condition, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            out.whole = false;
            return;
        };
        match &expr.kind {
            ExprKind::Binary(binary) if binary.op == BinOp::BitAnd && !negated => {
                self.add(&binary.left, false, out, depth);
                self.add(&binary.right, false, out, depth);
            }
            // Conditions know no other unary operator than `~`.
            ExprKind::Unary(inner) if !negated => self.add(inner, true, out, depth),
            ExprKind::Call(call)
                if call.func.last_name().is_some_and(|name| name == "Q")
                    && (!negated || call.args.len() == 1) =>
            {
                self.add_call(call, negated, out, depth);
            }
            _ => out.whole = false,
        }
    }

    fn add_call(&self, call: &Call, negated: bool, out: &mut Condition, depth: u32) {
        let connector = call.keyword("_connector").is_some() || call.keyword("_negated").is_some();
        if connector {
            out.whole = false;
            return;
        }
        for arg in &call.args {
            match (arg.kind, &arg.value.kind) {
                (ArgKind::Keyword(path), _) => out.facts.push(self.fact(path, &arg.value, negated)),
                // Migrations write Q(("status", "open")).
                (ArgKind::Positional, ExprKind::Tuple(pair)) => match &pair[..] {
                    [path, value] if path.as_str().is_some() => {
                        let path = path.as_str();
                        out.facts.extend(path.map(|path| self.fact(path, value, negated)));
                    }
                    _ => out.whole = false,
                },
                (ArgKind::Positional, _) => self.add(&arg.value, negated, out, depth),
                _ => out.whole = false,
            }
        }
    }

    fn fact(&self, path: Sym, value: &Expr, negated: bool) -> Fact {
        let (field, lookup) = match path.as_str().split_once("__") {
            Some((field, lookup)) => (Sym::new(field), Sym::new(lookup)),
            None => (path, Sym::new("exact")),
        };
        // Django compares with NULL by IS NULL, whatever is written.
        let is_null = matches!(value.kind, ExprKind::Const(Const::None));
        if is_null && ["exact", "iexact"].contains(&lookup.as_str()) {
            return Fact {
                field: super::declared::field_name(self.project, self.model, field),
                lookup: Sym::new("isnull"),
                negated,
                values: Some(vec![Const::True]),
            };
        }
        Fact {
            field: super::declared::field_name(self.project, self.model, field),
            lookup,
            negated,
            values: self.values(value),
        }
    }

    fn values(&self, value: &Expr) -> Option<Vec<Const>> {
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => items
                .iter()
                .map(|item| constant(self.project, self.scope, item, 6))
                .collect(),
            _ => Some(vec![constant(self.project, self.scope, value, 6)?]),
        }
    }
}
