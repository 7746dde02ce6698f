//! A query that asks the same in each round of a loop, moved in front of it.
//!
//! Only what cannot fail moves, as the loop may have no round at all.

use crate::analysis::event::Eval;
use crate::project::Def;
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Expr, ExprContext, StmtFor};
use crate::syntax::python::{Module, Ranged, span};

use super::chain::{self, Chain};
use super::scope::Scope;
use super::{Desk, Fix, Refusal, Safety, layout, narrow, words};

/// Questions that have an answer whatever rows there are, and what a variable for it is called.
const ANSWERED: [(&str, &str); 6] = [
    ("count", "count"),
    ("acount", "count"),
    ("exists", "exists"),
    ("aexists", "exists"),
    ("first", "first"),
    ("afirst", "first"),
];
const NESTED: Refusal = "the query does not run in each round of the loop";

/// Runs the query before the loop.
pub fn fix(desk: Desk<'_, '_>, eval: &Eval) -> Result<Fix, Refusal> {
    let project = desk.project;
    let file = eval.site.file;
    let around = eval.around.ok_or(NESTED)?;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let found = chain::find(&module, eval.site.span).ok_or("the query is no expression of its own")?;
    let scope = Scope::around(&module, eval.site.span).ok_or("the loop stands outside of functions")?;
    let mut outward = found.around.iter().rev();
    let mut whole = eval.site.span;
    let mut statement = None;
    let mut each = None;
    for node in outward.by_ref() {
        match node {
            AnyNodeRef::ExprAwait(wait) if span(wait.value.range()) == whole => whole = span(wait.range()),
            AnyNodeRef::StmtFor(found) => {
                each = Some(*found);
                break;
            }
            AnyNodeRef::ElifElseClause(_)
            | AnyNodeRef::StmtIf(_)
            | AnyNodeRef::StmtTry(_)
            | AnyNodeRef::ExceptHandlerExceptHandler(_)
            | AnyNodeRef::StmtWith(_)
            | AnyNodeRef::StmtWhile(_)
            | AnyNodeRef::StmtMatch(_)
            | AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::ExprLambda(_)
            | AnyNodeRef::ExprIf(_)
            | AnyNodeRef::ExprBoolOp(_)
            | AnyNodeRef::ExprListComp(_)
            | AnyNodeRef::ExprSetComp(_)
            | AnyNodeRef::ExprDictComp(_)
            | AnyNodeRef::ExprGenerator(_) => return Err(NESTED),
            node if node.is_statement() => statement = Some(*node),
            _ => {}
        }
    }
    let each: &StmtFor = each.ok_or(NESTED)?;
    let at_loop = Site::new(file, span(each.iter.range()));
    let inside = each.body.iter().any(|stmt| span(stmt.range()).contains(whole));
    if around.site != at_loop || !inside || desk.analysis.changing.loops.contains(&at_loop) {
        return Err(NESTED);
    }
    let nested = outward.any(|node| matches!(node, AnyNodeRef::StmtFor(_) | AnyNodeRef::StmtWhile(_)));
    if nested {
        return Err("the loop stands in another loop");
    }
    let chain = Chain::of(found.expr);
    let name = answered(&chain, desk, file, &scope, each)?;
    let start = span(each.range()).start;
    if !layout::starts_line(text, start) {
        return Err("the loop does not begin its line");
    }
    let indent = layout::indent_of(text, start);
    let moved = match statement {
        Some(AnyNodeRef::StmtAssign(assign)) if span(assign.value.range()) == whole => {
            match &assign.targets[..] {
                [Expr::Name(variable)] => Some((variable.id.as_str(), span(assign.range()))),
                _ => None,
            }
        }
        _ => None,
    };
    if let Some((variable, at)) = moved {
        let once = scope.bindings(variable).count() == 1;
        let own = scope
            .uses(variable)
            .all(|used| span(each.range()).contains(span(used.range())) && span(used.range()).start > at.end);
        if !once || !own || each.body.len() < 2 {
            return Err("the variable has another value before the loop");
        }
        if name == "first" {
            untouched(&module, &scope, variable)?;
        }
        let line = layout::whole_line(text, at).ok_or("the statement shares its line")?;
        narrow::one_line(&module, text, at).ok_or("a comment stands in the query")?;
        let inner = layout::indent_of(text, at.start);
        let deeper = inner.strip_prefix(&*indent).unwrap_or_default();
        let content: Vec<&str> = text[at.start as usize..at.end as usize]
            .lines()
            .flat_map(|line| line.split('\r'))
            .map(|line| match line.strip_prefix(&*indent) {
                Some(rest) => rest.strip_prefix(deeper).map_or(line, |_| &line[deeper.len()..]),
                None => line,
            })
            .collect();
        let content = content.join("\n");
        let comment = text[at.end as usize..line.end as usize].trim_end();
        let edits = vec![
            (Span::new(start, start), format!("{content}{comment}\n{indent}")),
            (line, String::new()),
        ];
        return Fix::in_file(
            Safety::Unsafe,
            "Run the query before the loop".into(),
            file,
            edits,
        );
    }
    let model = project.model(eval.query.model).name.as_str().to_lowercase();
    let variable = if name == "first" {
        format!("first_{model}")
    } else {
        format!("{model}_{name}")
    };
    if name == "first"
        || !words::free(&scope, &variable)
        || project.lookup(file, Sym::new(&variable)).is_some()
    {
        return Err("the answer has no variable of its own");
    }
    let query = narrow::one_line(&module, text, whole).ok_or("a comment stands in the query")?;
    let edits = vec![
        (Span::new(start, start), format!("{variable} = {query}\n{indent}")),
        (whole, variable),
    ];
    Fix::in_file(
        Safety::Unsafe,
        "Run the query before the loop".into(),
        file,
        edits,
    )
}

/// What the query asks, if it means the same before the loop and cannot fail there.
fn answered(
    chain: &Chain<'_>,
    desk: Desk<'_, '_>,
    file: crate::source::FileId,
    scope: &Scope<'_>,
    each: &StmtFor,
) -> Result<&'static str, Refusal> {
    const FAILS: Refusal = "the query may fail, which must not happen when the loop has no round";
    let project = desk.project;
    let last = chain.links.last().ok_or(FAILS)?;
    let (_, word) = ANSWERED
        .iter()
        .find(|(method, _)| last.name == Some(method))
        .ok_or(FAILS)?;
    let Expr::Name(root) = chain.root else {
        return Err(FAILS);
    };
    let known = matches!(
        project.lookup(file, Sym::new(root.id.as_str())),
        Some(Def::Class(_) | Def::Module(_))
    );
    if !known || scope.binds(root.id.as_str()) {
        return Err("the query starts from something that is not known at the top of the file");
    }
    let place = span(each.range());
    for link in &chain.links {
        let Some(arguments) = link.arguments else {
            if link.name.is_none() {
                return Err(FAILS);
            }
            continue;
        };
        if !narrow::stable_arguments(project, file, scope, arguments, place) {
            return Err("the arguments may change while the loop runs");
        }
    }
    Ok(word)
}

/// Nothing is stored in the object that a variable holds, nor is it handed on.
fn untouched(module: &Module, scope: &Scope<'_>, variable: &str) -> Result<(), Refusal> {
    for used in scope.uses(variable) {
        let found = chain::find(module, span(used.range())).ok_or(NESTED)?;
        let mut around = found.around.iter().rev();
        let fine = match around.next() {
            Some(AnyNodeRef::ExprAttribute(attribute)) => {
                let called = matches!(around.next(), Some(AnyNodeRef::ExprCall(call)) if call.func.range() == attribute.range());
                attribute.ctx == ExprContext::Load && !called
            }
            Some(AnyNodeRef::Arguments(_)) => {
                matches!(around.next(), Some(AnyNodeRef::ExprCall(call))
                    if matches!(&*call.func, Expr::Attribute(method) if method.attr.as_str() == "append")
                        || matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "str" | "len" | "bool" | "print")))
            }
            Some(AnyNodeRef::Keyword(_) | AnyNodeRef::ExprStarred(_)) => false,
            Some(AnyNodeRef::StmtAssign(assign)) => !matches!(assign.targets[..], [Expr::Name(_)]),
            _ => true,
        };
        if !fine {
            return Err("the row that the query gives is handed on");
        }
    }
    Ok(())
}
