//! Indexes taken away: an entry of `Meta.indexes`, or the index of a field.
//!
//! Where the class of a field brings its index, `db_index=False` is said. A field gets the definition that its last migration has, so that nothing else about it changes.

use crate::fix::apply::line_ending;
use crate::fix::code::Code;
use crate::fix::declare::{Body, Change};
use crate::fix::migration::{Operation, Phase};
use crate::fix::{Desk, Fix, Migration, Refusal, Safety, chain, imports, layout};
use crate::project::{ClassId, Model, ModelId, Part};
use crate::source::{Site, Span, Sym};
use crate::syntax::python::ast::visitor::source_order::{SourceOrderVisitor, walk_expr};
use crate::syntax::python::ast::{Expr, ExprCall, ExprName, Stmt};
use crate::syntax::python::{Module, Ranged, span};

use super::{Known, columns, meta};

const SHAPE: Refusal = "it is neither an entry of `Meta.indexes` nor the index of a field";

/// Takes away the index at a place: an entry in the list of a model's `Meta`, or a field.
pub fn remove(desk: &Desk<'_, '_>, model: ModelId, site: Site, postgres: bool) -> Result<Fix, Refusal> {
    let known = Known::of(desk, model)?;
    let module = desk.trees.get(site.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(site.file);
    let own = meta::own(desk.project, known.model);
    if let Some(own) = own.filter(|_| site.file == known.site().file) {
        let name = Site::new(site.file, desk.project.class_facts(own).name_span);
        let options = Body::of(&module, text, name).ok_or("the class cannot be found")?;
        let entries = options.assign("indexes").and_then(|(value, stmt)| match value {
            Expr::List(list) => Some((&list.elts, None, stmt)),
            Expr::Tuple(tuple) => Some((&tuple.elts, Some(span(tuple.range())), stmt)),
            _ => None,
        });
        let at = |items: &[Expr]| items.iter().position(|item| span(item.range()) == site.span);
        if let Some((items, tuple, stmt)) = entries
            && let Some(nth) = at(items)
        {
            let name = name_of(desk, &known, &items[nth])?;
            let mut edits = vec![dropped_item(&options, items, nth, stmt)?];
            if let Some(tuple) = tuple {
                keep_comma(text, items, nth, tuple, &mut edits);
            }
            return entry(
                desk,
                &known,
                (&module, text),
                (&items[nth], name),
                edits,
                postgres,
            );
        }
    }
    let holder = desk.project.class_around(site).ok_or(SHAPE)?;
    let name = Site::new(site.file, desk.project.class_facts(holder).name_span);
    let body = Body::of(&module, text, name).ok_or("the class cannot be found")?;
    let (name, call) = field(&body, site).ok_or(SHAPE)?;
    let implied = desk.project.implies_index(holder, name);
    let change = without_index(call, text, implied)?;
    let what = if implied {
        "the implied index"
    } else {
        "`db_index=True`"
    };
    let title = format!(
        "Drop {what} of `{}.{name}`",
        desk.project.class_facts(holder).name
    );
    let mut fix = Fix::in_file(Safety::Unsafe, title, site.file, vec![change])?;
    for heir in heirs(desk, holder) {
        let migration = altered(desk, &Known::of(desk, heir)?, (name, call), implied)?;
        match fix.migrations.iter_mut().find(|m| m.after == migration.after) {
            Some(known) => known.extend(&migration),
            None => fix.migrations.push(migration),
        }
    }
    Ok(fix)
}

/// The models with the columns that a class declares: itself, or all that inherit from it when it is abstract.
fn heirs(desk: &Desk<'_, '_>, class: ClassId) -> Vec<ModelId> {
    let project = desk.project;
    let concrete = |model: &&Model| !model.meta.abstract_ && !model.meta.proxy;
    let own = |model: &&Model| model.class == class;
    let models = project.models();
    match models.iter().filter(concrete).find(own) {
        Some(model) => vec![model.id],
        None => {
            let first = |model: &&Model| {
                let above = model.parents.iter().map(|parent| project.model(*parent).class);
                project.is_subclass(model.class, class)
                    && !above.into_iter().any(|parent| project.is_subclass(parent, class))
            };
            let all = models.iter().filter(concrete).filter(first);
            let code = all.filter(|model| !matches!(model.part, Part::Test | Part::Migration));
            code.map(|model| model.id).collect()
        }
    }
}

/// Keeps a tuple one when a single item is left of two.
fn keep_comma(text: &str, items: &[Expr], nth: usize, tuple: Span, edits: &mut Vec<Change>) {
    let [first, second] = items else { return };
    let rest = span(if nth == 0 { second.range() } else { first.range() });
    let Some((gone, put)) = edits.first_mut() else {
        return;
    };
    if gone.start == rest.end {
        let kept = text[gone.end as usize..tuple.end as usize]
            .trim_start()
            .starts_with(',');
        if !kept {
            ",".clone_into(put);
        }
    } else if !text[rest.end as usize..tuple.end as usize]
        .trim_start()
        .starts_with(',')
    {
        edits.push((Span::new(rest.end, rest.end), ",".to_owned()));
    }
}

fn entry(
    desk: &Desk<'_, '_>,
    known: &Known<'_>,
    (module, text): (&Module, &str),
    (item, name): (&Expr, String),
    mut edits: Vec<Change>,
    postgres: bool,
) -> Result<Fix, Refusal> {
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

/// A call whose field has no index of its own.
fn without_index(call: &ExprCall, text: &str, implied: bool) -> Result<Change, Refusal> {
    let own = call.arguments.find_keyword("db_index");
    match own.map(|own| (&own.value, span(own.value.range()))) {
        _ if !implied => dropped_keyword(call, text),
        Some((Expr::BooleanLiteral(truth), at)) if truth.value => Ok((at, "False".to_owned())),
        Some(_) => Err(SHAPE),
        None => added_keyword(call, text),
    }
}

/// A call with `db_index=False` behind its other arguments.
fn added_keyword(call: &ExprCall, text: &str) -> Result<Change, Refusal> {
    const WORD: &str = "db_index=False";
    let end = span(call.range()).end - 1;
    let Some(last) = call.arguments.iter_source_order().last() else {
        return Ok((Span::new(end, end), WORD.to_owned()));
    };
    let last = span(last.range());
    let tail = &text[last.end as usize..end as usize];
    if tail.contains('#') {
        return Err("a comment stands behind the arguments");
    }
    let lead = match layout::starts_line(text, last.start) {
        true if tail.contains(['\n', '\r']) => {
            format!("{}{}", line_ending(text), layout::indent_of(text, last.start))
        }
        _ => " ".to_owned(),
    };
    Ok((Span::new(last.end, last.end), format!(",{lead}{WORD}")))
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

/// The migration that defines a field as its last one does, without the index.
fn altered(
    desk: &Desk<'_, '_>,
    known: &Known<'_>,
    (name, declared): (Sym, &ExprCall),
    implied: bool,
) -> Result<Migration, Refusal> {
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
    let indexed = match call.arguments.find_keyword("db_index") {
        Some(keyword) => matches!(&keyword.value, Expr::BooleanLiteral(truth) if truth.value),
        None => implied,
    };
    if !indexed || implied && last_name(&call.func) != last_name(&declared.func) {
        return Err(OTHERWISE);
    }
    let definition = Code::of(found.expr, text, &|keyword| keyword != "db_index").ok_or(OTHERWISE)?;
    let definition = match implied {
        true => definition.with_keyword("db_index", Code::text("False")),
        false => definition,
    };
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

fn last_name(func: &Expr) -> Option<&str> {
    match func {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A tuple without its `nth` item.
    fn without(text: &str, nth: usize) -> String {
        let class = format!("class Meta:\n    indexes = {text}\n");
        let module = Module::parse(&class).unwrap();
        let name = Site::new(crate::source::FileId(0), Span::new(6, 10));
        let body = Body::of(&module, &class, name).unwrap();
        let (value, stmt) = body.assign("indexes").unwrap();
        let Expr::Tuple(tuple) = value else { panic!() };
        let mut edits = vec![dropped_item(&body, &tuple.elts, nth, stmt).unwrap()];
        keep_comma(&class, &tuple.elts, nth, span(tuple.range()), &mut edits);
        edits.sort();
        let mut out = class.clone();
        for (at, put) in edits.into_iter().rev() {
            out.replace_range(at.start as usize..at.end as usize, &put);
        }
        out.trim_start_matches("class Meta:\n    indexes = ")
            .trim_end()
            .to_owned()
    }

    #[test]
    fn tuples_stay_tuples() {
        for (text, nth, left) in [
            ("(a, b)", 0, "(b,)"),
            ("(a, b)", 1, "(a,)"),
            ("(a, b,)", 0, "(b,)"),
            ("(a, b,)", 1, "(a,)"),
            ("(a, b, c)", 1, "(a, c)"),
            ("(a, b, c)", 2, "(a, b)"),
            ("(\n    a,\n    b\n)", 0, "(\n    b,\n)"),
            ("(\n    a,\n    b\n)", 1, "(\n    a,\n)"),
            ("(\n    a,\n    b,\n)", 1, "(\n    a,\n)"),
        ] {
            assert_eq!(without(text, nth), left, "{text}");
        }
    }

    #[test]
    fn fields_lose_the_index_that_their_class_implies() {
        let of = |text: &str| {
            let text = format!("{text}\n");
            let module = Module::parse(&text).unwrap();
            let Stmt::Expr(stmt) = &module.body()[0] else {
                panic!()
            };
            let Expr::Call(call) = &*stmt.value else { panic!() };
            let (at, put) = without_index(call, &text, true)?;
            let mut out = text.trim_end().to_owned();
            out.replace_range(at.start as usize..at.end as usize, &put);
            Ok::<_, Refusal>(out)
        };
        for (text, left) in [
            ("S()", "S(db_index=False)"),
            ("S(unique=True)", "S(unique=True, db_index=False)"),
            ("S(db_index=True, null=True)", "S(db_index=False, null=True)"),
            (
                "S(\n    1,\n    a=2,\n)",
                "S(\n    1,\n    a=2,\n    db_index=False,\n)",
            ),
            ("S(\n    1, a=2\n)", "S(\n    1, a=2, db_index=False\n)"),
        ] {
            assert_eq!(of(text).unwrap(), left);
        }
        assert!(of("S(\n    a=2,  # why\n)").is_err());
    }
}
