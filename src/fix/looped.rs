//! Reads of a row in a loop over its queryset, where both stand in one function and nothing comes between.
//!
//! What such a read gives can be made with the queryset instead. This module finds the loop and says no where the
//! row may be another one, where rows change while the loop runs, or where the row is handed on to code that might
//! change it. It does not know what takes the place of the read.

use crate::analysis::Analysis;
use crate::analysis::tables;
use crate::ir::FuncIdx;
use crate::project::{Def, Project};
use crate::source::{FileId, Site, Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Comprehension, Expr, Stmt};
use crate::syntax::python::{Module, Ranged, span};

use super::Refusal;
use super::Trees;
use super::chain::{self, Chain, Found, Link};
use super::scope::{How, Scope};

/// What can be asked while one queryset is looked at.
pub(super) struct Ground<'a> {
    pub project: &'a Project,
    pub analysis: &'a Analysis,
    pub trees: &'a Trees<'a>,
    pub module: &'a Module,
    pub text: &'a str,
    pub file: FileId,
    pub scope: &'a Scope<'a>,
    /// The queryset.
    pub place: Span,
}

/// A loop over the rows of a queryset.
pub(super) struct Loop<'a> {
    pub row: &'a str,
    pub iter: &'a Expr,
    /// Where the row is known by its name.
    pub body: Span,
    /// The variable that holds the queryset, where it is not iterated at once.
    pub variable: Option<&'a str>,
    /// What goes on from the queryset on the way to the loop.
    pub later: Vec<Link<'a>>,
    /// The loop of a generator expression, which goes on when somebody asks.
    lazy: bool,
}

/// `row.relation…` in such a loop.
pub(super) struct Read<'a> {
    pub found: Found<'a>,
    pub chain: Chain<'a>,
    pub looped: Loop<'a>,
}

const ELSEWHERE: Refusal = "the row is read in another function";
const OTHER_ROWS: Refusal = "the row may come from elsewhere";
const CHANGES: Refusal = "rows are changed while the loop runs";

impl<'a> Ground<'a> {
    /// The read at a place of the same function.
    pub fn read(&self, at: Span, relation: &str) -> Result<Read<'a>, Refusal> {
        if !self.scope.span.contains(at) {
            return Err(ELSEWHERE);
        }
        let found = chain::find(self.module, at).ok_or("the read is no expression of its own")?;
        let chain = Chain::of(found.expr);
        let Expr::Name(row) = chain.root else {
            return Err(OTHER_ROWS);
        };
        let direct = chain
            .links
            .first()
            .is_some_and(|link| link.arguments.is_none() && link.name == Some(relation));
        if !direct {
            return Err("the relation is read through another one");
        }
        let looped = self.looped(&found, row.id.as_str())?;
        Ok(Read { found, chain, looped })
    }

    /// The loop around an expression that binds a name, and the queryset it iterates: the place is where that is
    /// made, not the ground's own.
    pub fn source(&self, found: &Found<'a>, row: &'a str) -> Option<Span> {
        let at = span(found.expr.range());
        let iter = found.around.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtFor(each) if body(&each.body).contains(at) => {
                names(&each.target).contains(&row).then_some(&*each.iter)
            }
            AnyNodeRef::ExprListComp(comp) => clause(&comp.generators, row),
            AnyNodeRef::ExprSetComp(comp) => clause(&comp.generators, row),
            AnyNodeRef::ExprDictComp(comp) => clause(&comp.generators, row),
            AnyNodeRef::ExprGenerator(comp) => clause(&comp.generators, row),
            _ => None,
        })?;
        let iter = unwrapped(iter);
        let Expr::Name(root) = Chain::of(iter).root else {
            return None;
        };
        let name = root.id.as_str();
        let first = self.scope.bindings(name).next();
        match first.map(|bound| bound.how) {
            None => Some(span(iter.range())),
            Some(How::Assigned(value)) => Some(span(unwrapped(value).range())),
            Some(_) => None,
        }
    }

    /// The loop over the queryset at the place that binds a name read in an expression, with nothing changing.
    pub fn looped(&self, found: &Found<'a>, row: &'a str) -> Result<Loop<'a>, Refusal> {
        let looped = self.around(found, row)?;
        self.settled(&looped)?;
        Ok(looped)
    }

    /// The statements of the `for` loop over the queryset that binds the name read at a place.
    pub fn each(&self, at: Span) -> Result<&'a [Stmt], Refusal> {
        let found = chain::find(self.module, at).ok_or(OTHER_ROWS)?;
        let Expr::Name(row) = found.expr else {
            return Err(OTHER_ROWS);
        };
        let looped = self.around(&found, row.id.as_str())?;
        self.unchanging(&looped)?;
        let each = found.around.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtFor(each) => Some(*each),
            _ => None,
        });
        let each = each
            .filter(|each| body(&each.body) == looped.body)
            .ok_or(OTHER_ROWS)?;
        Ok(&each.body)
    }

    /// The innermost loop that binds the name around an expression.
    fn around(&self, found: &Found<'a>, row: &'a str) -> Result<Loop<'a>, Refusal> {
        let at = span(found.expr.range());
        for node in found.around.iter().rev() {
            let clauses = match node {
                AnyNodeRef::ExprListComp(comp) => &comp.generators[..],
                AnyNodeRef::ExprSetComp(comp) => &comp.generators[..],
                AnyNodeRef::ExprDictComp(comp) => &comp.generators[..],
                AnyNodeRef::ExprGenerator(comp) => &comp.generators[..],
                AnyNodeRef::StmtFor(each) => {
                    let body = body(&each.body);
                    if !body.contains(at) || !names(&each.target).contains(&row) {
                        continue;
                    }
                    let iter = element(&each.target, &each.iter, row).ok_or(OTHER_ROWS)?;
                    let rebound = self
                        .scope
                        .bindings(row)
                        .any(|bound| body.contains(bound.at) && !matches!(bound.how, How::Comprehension));
                    if rebound {
                        return Err(OTHER_ROWS);
                    }
                    return self.over(row, iter, body);
                }
                AnyNodeRef::ExprLambda(_) | AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_) => {
                    return Err(ELSEWHERE);
                }
                _ => continue,
            };
            let binds = clauses.iter().find(|clause| {
                names(&clause.target).contains(&row) && !span(clause.iter.range()).contains(at)
            });
            if let Some(clause) = binds {
                let iter = element(&clause.target, &clause.iter, row).ok_or(OTHER_ROWS)?;
                let mut looped = self.over(row, iter, span(node.range()))?;
                looped.lazy = matches!(node, AnyNodeRef::ExprGenerator(_));
                return Ok(looped);
            }
        }
        Err(OTHER_ROWS)
    }

    /// The loop, if what it iterates is the queryset at the place, narrowed at most.
    fn over(&self, row: &'a str, iter: &'a Expr, body: Span) -> Result<Loop<'a>, Refusal> {
        let looped = |variable, later| Loop {
            row,
            iter,
            body,
            variable,
            later,
            lazy: false,
        };
        if let Some(later) = self.behind_place(iter) {
            return Ok(looped(None, later));
        }
        let chain = Chain::of(iter);
        let Expr::Name(name) = chain.root else {
            return Err(OTHER_ROWS);
        };
        if !keeps_rows(&chain) {
            return Err(OTHER_ROWS);
        }
        let name = name.id.as_str();
        let mut made = false;
        let mut later = chain.links;
        for bound in self.scope.bindings(name) {
            let How::Assigned(value) = bound.how else {
                return Err(OTHER_ROWS);
            };
            let value = unwrapped(value);
            let own = Chain::of(value);
            let again = matches!(own.root, Expr::Name(root) if root.id.as_str() == name);
            if again && made && keeps_rows(&own) {
                later.extend(own.links);
                continue;
            }
            let links = self.behind_place(value).filter(|_| !made).ok_or(OTHER_ROWS)?;
            if bound.at.end > self.place.start || !bound.block.contains(span(iter.range())) {
                return Err(OTHER_ROWS);
            }
            later.extend(links);
            made = true;
        }
        if made {
            Ok(looped(Some(name), later))
        } else {
            Err(OTHER_ROWS)
        }
    }

    /// The harmless calls behind the queryset at the place, if that is how the expression begins.
    fn behind_place(&self, expr: &'a Expr) -> Option<Vec<Link<'a>>> {
        let whole = span(expr.range());
        if whole == self.place {
            return Some(Vec::new());
        }
        let chain = Chain::of(expr);
        let ends = chain.links.iter().any(|link| link.span.end == self.place.end);
        let behind: Vec<Link<'a>> = chain
            .links
            .into_iter()
            .filter(|link| link.span.start >= self.place.end)
            .collect();
        (whole.start == self.place.start && ends && behind.iter().all(keeps)).then_some(behind)
    }

    /// Nothing changes rows between the query and the read, as far as can be told.
    fn settled(&self, looped: &Loop<'a>) -> Result<(), Refusal> {
        self.unchanging(looped)?;
        for used in self.scope.uses(looped.row) {
            let at = span(used.range());
            if looped.body.contains(at) && self.handed_on(at) {
                return Err("the row is handed to code that may change it");
            }
        }
        Ok(())
    }

    /// No row is changed while the loop runs, nor in the function when the queryset waits in a variable.
    fn unchanging(&self, looped: &Loop<'a>) -> Result<(), Refusal> {
        let site = |span| Site::new(self.file, span);
        let whole = self.whole_iter(looped);
        if self.analysis.changing.loops.contains(&site(whole)) {
            return Err(CHANGES);
        }
        let functions = &self.project.file(self.file).facts.functions;
        let own = functions.iter().position(|f| f.span == self.scope.span);
        let own = own.ok_or("the function is not known")?;
        if functions[own].is_generator {
            return Err("the function is a generator: anything may happen between its rows");
        }
        let id = self.project.func_id(self.file, FuncIdx(own as u32));
        let waits = looped.variable.is_some() || looped.lazy;
        if waits && self.analysis.changing.functions.contains(&id) {
            return Err(CHANGES);
        }
        Ok(())
    }

    /// The function has an attribute of that name.
    pub fn mentions(&self, attribute: &str) -> bool {
        let own = self.scope.span;
        let text = &self.text[own.start as usize..own.end as usize];
        text.split('.').skip(1).any(|rest| {
            rest.strip_prefix(attribute)
                .is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    }

    /// Code outside of the loop's body gets the rows, or may.
    pub fn escapes(&self, looped: &Loop<'a>) -> bool {
        let whole = self.whole_iter(looped);
        let kept = |name: &str| {
            self.scope
                .uses(name)
                .any(|used| !whole.contains(span(used.range())))
        };
        let held = |at: Span| {
            let found = chain::find(self.module, at);
            !found.is_some_and(|found| matches!(found.around.last(), Some(AnyNodeRef::ExprAttribute(_))))
        };
        looped.variable.is_some_and(kept)
            || self
                .scope
                .uses(looped.row)
                .map(|used| span(used.range()))
                .any(|at| looped.body.contains(at) && held(at))
    }

    /// What the statement iterates, with calls around the queryset.
    fn whole_iter(&self, looped: &Loop<'a>) -> Span {
        let at = span(looped.iter.range());
        let Some(found) = chain::find(self.module, at) else {
            return at;
        };
        for node in found.around.iter().rev() {
            match node {
                AnyNodeRef::StmtFor(each) => return span(each.iter.range()),
                AnyNodeRef::Comprehension(clause) => return span(clause.iter.range()),
                _ => {}
            }
        }
        at
    }

    /// The row is an argument of a call that the analysis does not follow, or a method of Django's is called on it.
    fn handed_on(&self, at: Span) -> bool {
        let Some(found) = chain::find(self.module, at) else {
            return true;
        };
        let mut around = found.around.iter().rev();
        match around.next() {
            Some(AnyNodeRef::Arguments(_)) => match around.next() {
                Some(AnyNodeRef::ExprCall(call)) => !self.follows(&call.func),
                _ => false,
            },
            Some(AnyNodeRef::Keyword(_)) => match around.nth(1) {
                Some(AnyNodeRef::ExprCall(call)) => !self.follows(&call.func),
                _ => true,
            },
            Some(AnyNodeRef::ExprStarred(_)) => true,
            Some(AnyNodeRef::ExprAttribute(attribute)) => {
                let called = matches!(
                    around.next(),
                    Some(AnyNodeRef::ExprCall(call)) if call.func.range() == attribute.range()
                );
                let name = Sym::new(attribute.attr.as_str());
                called && (tables::writes(name) || attribute.attr.as_str().contains("refresh_from_db"))
            }
            _ => false,
        }
    }

    /// A call that changes no row: a builtin, a method of a local list, or code that the analysis has run.
    fn follows(&self, func: &Expr) -> bool {
        const KEEPERS: [&str; 5] = ["append", "add", "insert", "get", "setdefault"];
        match func {
            Expr::Name(name) => {
                let name = name.id.as_str();
                match self.project.lookup(self.file, Sym::new(name)) {
                    _ if self.scope.binds(name) => false,
                    Some(Def::Func(_) | Def::Class(_)) => true,
                    Some(Def::External(dotted)) => dotted.as_str().starts_with("builtins."),
                    None => BUILTINS.contains(&name),
                    _ => false,
                }
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let keeps = matches!(&*attribute.value, Expr::Name(_)) && KEEPERS.contains(&name);
                let asks = matches!(name, "filter" | "exclude" | "get" | "contains" | "Q");
                keeps || asks
            }
            _ => false,
        }
    }
}

const BUILTINS: [&str; 10] = [
    "str",
    "repr",
    "len",
    "print",
    "isinstance",
    "getattr",
    "hasattr",
    "id",
    "type",
    "hash",
];

/// What the clause of a comprehension that binds a name iterates.
fn clause<'a>(clauses: &'a [Comprehension], row: &str) -> Option<&'a Expr> {
    let binding = clauses.iter().find(|clause| names(&clause.target).contains(&row));
    binding.map(|clause| &clause.iter)
}

/// The span of a block of statements.
fn body(statements: &[Stmt]) -> Span {
    match (statements.first(), statements.last()) {
        (Some(first), Some(last)) => span(first.range()).cover(span(last.range())),
        _ => Span::default(),
    }
}

/// The names in the target of a loop.
fn names(target: &Expr) -> Vec<&str> {
    match target {
        Expr::Name(name) => vec![name.id.as_str()],
        Expr::Tuple(tuple) => tuple.iter().flat_map(names).collect(),
        Expr::List(list) => list.iter().flat_map(names).collect(),
        Expr::Starred(starred) => names(&starred.value),
        _ => Vec::new(),
    }
}

/// What gives the elements that a name stands for: the iterable, or the argument of `enumerate()` and `list()`.
fn element<'a>(target: &'a Expr, iter: &'a Expr, row: &str) -> Option<&'a Expr> {
    match target {
        Expr::Name(_) => Some(unwrapped(iter)),
        Expr::Tuple(tuple) => {
            let [_, Expr::Name(name)] = &tuple.elts[..] else {
                return None;
            };
            let inner = only_argument(iter, "enumerate")?;
            (name.id.as_str() == row).then(|| unwrapped(inner))
        }
        _ => None,
    }
}

/// The queryset in `list(queryset)`.
fn unwrapped(expr: &Expr) -> &Expr {
    only_argument(expr, "list")
        .or_else(|| only_argument(expr, "tuple"))
        .unwrap_or(expr)
}

fn only_argument<'a>(expr: &'a Expr, name: &str) -> Option<&'a Expr> {
    let call = expr.as_call_expr()?;
    let named = matches!(&*call.func, Expr::Name(func) if func.id.as_str() == name);
    let first = call.arguments.args.first()?;
    (named && call.arguments.args.len() == 1).then_some(first)
}

fn keeps_rows(chain: &Chain<'_>) -> bool {
    chain.links.iter().all(keeps)
}

/// A call behind which the rows are still those of the queryset, with all it has loaded; also slices.
fn keeps(link: &chain::Link<'_>) -> bool {
    const KEEPING: [&str; 12] = [
        "all",
        "filter",
        "exclude",
        "order_by",
        "reverse",
        "distinct",
        "select_related",
        "prefetch_related",
        "only",
        "defer",
        "annotate",
        "iterator",
    ];
    match (link.name, link.arguments) {
        (None, None) => true,
        (Some(name), Some(_)) => KEEPING.contains(&name),
        _ => false,
    }
}
