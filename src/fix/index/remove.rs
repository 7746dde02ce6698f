//! Indexes taken away: an entry of `Meta.indexes`, or `db_index=True` of a field.
//!
//! A field gets the definition that its last migration has, so that nothing else about it changes.

use crate::fix::code::Code;
use crate::fix::declare::{Body, Change};
use crate::fix::migration::{Operation, Phase};
use crate::fix::{Desk, Fix, Migration, Refusal, Safety, chain, imports, layout};
use crate::project::ModelId;
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::visitor::source_order::{SourceOrderVisitor, walk_expr};
use crate::syntax::python::ast::{Expr, ExprCall, ExprName, Stmt};
use crate::syntax::python::{Module, Ranged, span};

use super::{Known, columns, meta};

const SHAPE: Refusal = "it is neither an entry of `Meta.indexes` nor a field with `db_index=True`";

/// Takes away the index at a place: an entry in the list of a model's `Meta`, or a field.
pub fn remove(desk: &Desk<'_, '_>, model: ModelId, site: Site, postgres: bool) -> Result<Fix, Refusal> {
    let known = Known::of(desk, model)?;
    if site.file != known.site().file {
        return Err("it is declared in another file");
    }
    let module = desk.trees.get(site.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(site.file);
    let body = Body::of(&module, text, known.site()).ok_or("the class cannot be found")?;
    if let Some(own) = meta::own(desk.project, known.model) {
        let name = Site::new(site.file, desk.project.class_facts(own).name_span);
        let options = Body::of(&module, text, name).ok_or("the class cannot be found")?;
        if let Some((Expr::List(list), stmt)) = options.assign("indexes") {
            let items = &list.elts;
            if let Some(nth) = items.iter().position(|item| span(item.range()) == site.span) {
                let name = name_of(desk, &known, &items[nth])?;
                let change = dropped_item(&options, items, nth, stmt)?;
                return entry(
                    desk,
                    &known,
                    (&module, text),
                    (&items[nth], name),
                    change,
                    postgres,
                );
            }
        }
    }
    let (name, call) = field(&body, site).ok_or(SHAPE)?;
    let change = dropped_keyword(call, text)?;
    let migration = altered(desk, &known, name)?;
    let title = format!("Drop `db_index=True` of `{}.{name}`", known.model.name);
    let mut fix = Fix::in_file(Safety::Unsafe, title, site.file, vec![change])?;
    fix.migrations.push(migration);
    Ok(fix)
}

fn entry(
    desk: &Desk<'_, '_>,
    known: &Known<'_>,
    (module, text): (&Module, &str),
    (item, name): (&Expr, String),
    change: Change,
    postgres: bool,
) -> Result<Fix, Refusal> {
    let mut edits = vec![change];
    if let Expr::Call(ExprCall { func, .. }) = item
        && let Expr::Name(class) = &**func
    {
        edits.extend(imports::unused(
            module,
            text,
            class.id.as_str(),
            span(class.range()),
        ));
    }
    let mut migration = known.migration(desk);
    let arguments = vec![
        Code::keyword("model_name", migration.string(&known.lower)),
        Code::keyword("name", migration.string(&name)),
    ];
    let fragment = format!("remove_{}_{name}", known.lower);
    known.push(&mut migration, Phase::RemoveIndex, fragment, postgres, arguments);
    let title = format!("Drop the index `{name}` of `{}`", known.model.name);
    let mut fix = Fix::in_file(Safety::Unsafe, title, known.site().file, edits)?;
    fix.migrations.push(migration);
    Ok(fix)
}

/// The name by which migrations know an entry.
fn name_of(desk: &Desk<'_, '_>, known: &Known<'_>, item: &Expr) -> Result<String, Refusal> {
    const UNKNOWN: Refusal = "no migration adds an index of that name";
    let call = item.as_call_expr().ok_or(SHAPE)?;
    let argument = |name: &str| {
        let keyword = call.arguments.find_keyword(name);
        keyword.map(|keyword| &keyword.value)
    };
    let name = match (argument("name"), argument("fields")) {
        (Some(Expr::StringLiteral(name)), _) => Some(name.value.to_str().to_owned()),
        (None, Some(Expr::List(list))) => derived(desk, known, &list.elts),
        (None, Some(Expr::Tuple(tuple))) => derived(desk, known, &tuple.elts),
        _ => None,
    };
    let name = name.ok_or("the name of the index is not known")?;
    known.now.indexes.contains(&name).then_some(name).ok_or(UNKNOWN)
}

fn derived(desk: &Desk<'_, '_>, known: &Known<'_>, fields: &[Expr]) -> Option<String> {
    let fields: Option<Vec<(Sym, bool)>> = fields
        .iter()
        .map(|field| match field {
            Expr::StringLiteral(text) => {
                let text = text.value.to_str();
                let name = text.strip_prefix('-');
                Some((Sym::new(name.unwrap_or(text)), name.is_some()))
            }
            _ => None,
        })
        .collect();
    columns::derived(desk.project, known.model, &fields?)
}

/// A list without one of its items; without its last one the option goes.
fn dropped_item(body: &Body<'_>, items: &[Expr], nth: usize, stmt: &Stmt) -> Result<Change, Refusal> {
    let text = body.text;
    let own = span(items[nth].range());
    if items.len() == 1 {
        let whole = span(stmt.range());
        if body.len() == 1 {
            return Ok((whole, "pass".to_owned()));
        }
        let line = layout::whole_line(text, whole).ok_or("several statements stand on one line")?;
        return Ok((line, String::new()));
    }
    let line = own.end + u32::from(text[own.end as usize..].starts_with(','));
    let lines = layout::whole_line(text, Span::new(own.start, line));
    if let Some(lines) = lines.filter(|_| line > own.end) {
        return Ok((lines, String::new()));
    }
    let gone = match (items.get(nth + 1), nth.checked_sub(1)) {
        (Some(next), _) => Span::new(own.start, span(next.range()).start),
        (None, Some(before)) => Span::new(span(items[before].range()).end, own.end),
        (None, None) => own,
    };
    let torn = text[gone.start as usize..gone.end as usize].contains('#');
    if torn {
        return Err("a comment stands between the indexes");
    }
    Ok((gone, String::new()))
}

/// The field that a class declares at a place: the statement or its value.
fn field<'t>(body: &Body<'t>, site: Site) -> Option<(Sym, &'t ExprCall)> {
    body.statements().find_map(|stmt| {
        let Stmt::Assign(assign) = stmt else { return None };
        let at = [span(assign.range()), span(assign.value.range())].contains(&site.span);
        match (&assign.targets[..], &*assign.value) {
            ([Expr::Name(name)], Expr::Call(call)) if at => Some((Sym::new(name.id.as_str()), call)),
            _ => None,
        }
    })
}

/// A call without its `db_index=True`.
fn dropped_keyword(call: &ExprCall, text: &str) -> Result<Change, Refusal> {
    let arguments: Vec<Span> = call
        .arguments
        .iter_source_order()
        .map(|argument| span(argument.range()))
        .collect();
    let own = call.arguments.find_keyword("db_index").ok_or(SHAPE)?;
    if !matches!(&own.value, Expr::BooleanLiteral(truth) if truth.value) {
        return Err(SHAPE);
    }
    let own = span(own.range());
    let nth = arguments.iter().position(|at| *at == own).ok_or(SHAPE)?;
    let comma = own.end + u32::from(text[own.end as usize..].starts_with(','));
    let lines = layout::whole_line(text, Span::new(own.start, comma));
    if let Some(lines) = lines.filter(|_| comma > own.end) {
        return Ok((lines, String::new()));
    }
    let gone = match (arguments.get(nth + 1), nth.checked_sub(1)) {
        (_, Some(before)) => Span::new(arguments[before].end, own.end),
        (Some(next), None) => Span::new(own.start, next.start),
        (None, None) => own,
    };
    if text[gone.start as usize..gone.end as usize].contains('#') {
        return Err("a comment stands between the arguments");
    }
    Ok((gone, String::new()))
}

/// The migration that defines a field as its last one does, without `db_index=True`.
fn altered(desk: &Desk<'_, '_>, known: &Known<'_>, name: Sym) -> Result<Migration, Refusal> {
    const OTHERWISE: Refusal = "the migrations define the field in another way";
    let at = *known
        .now
        .fields
        .get(&name)
        .ok_or("no migration adds the field yet")?;
    let module = desk.trees.get(at.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(at.file);
    let found = chain::find(&module, at.span).ok_or(OTHERWISE)?;
    let call = found.expr.as_call_expr().ok_or(OTHERWISE)?;
    let indexed = call.arguments.find_keyword("db_index");
    if !indexed.is_some_and(|keyword| matches!(&keyword.value, Expr::BooleanLiteral(t) if t.value)) {
        return Err(OTHERWISE);
    }
    let definition = Code::of(found.expr, text, &|keyword| keyword != "db_index").ok_or(OTHERWISE)?;
    let mut migration = known.migration(desk);
    let mut names = Names(Vec::new());
    names.visit_expr(found.expr);
    for name in names.0 {
        import(&mut migration, &module, name).ok_or("its migration defines what the field needs")?;
    }
    let arguments = vec![
        Code::keyword("model_name", migration.string(&known.lower)),
        Code::keyword("name", migration.string(name.as_str())),
        Code::keyword("field", definition),
    ];
    migration.push(Operation {
        phase: Phase::AlterField,
        model: known.lower.clone(),
        fragment: format!("alter_{}_{name}", known.lower),
        code: Code::call("migrations.AlterField", arguments),
    });
    Ok(migration)
}

/// Imports what a name of another migration means there; nothing if that is no plain import.
fn import(migration: &mut Migration, module: &Module, name: &ExprName) -> Option<()> {
    const BUILT_IN: [&str; 9] = [
        "list", "dict", "set", "str", "int", "float", "bool", "tuple", "bytes",
    ];
    let wanted = name.id.as_str();
    let mut found = BUILT_IN.contains(&wanted);
    for stmt in module.body() {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let root = alias.name.as_str().split('.').next();
                    if alias.asname.is_none() && root == Some(wanted) {
                        migration.import(alias.name.as_str(), None);
                        found = true;
                    }
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                for alias in &import.names {
                    if alias.asname.is_none() && alias.name.as_str() == wanted {
                        migration.import(import.module.as_ref()?.as_str(), Some(wanted));
                        found = true;
                    }
                }
            }
            _ => {}
        }
    }
    found.then_some(())
}

struct Names<'t>(Vec<&'t ExprName>);

impl<'t> SourceOrderVisitor<'t> for Names<'t> {
    fn visit_expr(&mut self, expr: &'t Expr) {
        if let Expr::Name(name) = expr {
            self.0.push(name);
        }
        walk_expr(self, expr);
    }
}
