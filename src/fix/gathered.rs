//! Related sets that are narrowed, ordered or listed per row: gathered with the rows by a prefetch instead.
//!
//! What a plain prefetch serves is read from `.all()`; anything else gets a `Prefetch` with its own queryset and
//! attribute, next to what is prefetched already.

use std::collections::BTreeMap;

use crate::analysis::judge::Judged;
use crate::ir::ExprKind;
use crate::project::{ClassRef, Def, ModelAttr, ModelId, Project, RelKind};
use crate::source::{Span, Sym};
use crate::syntax::python::ast::{AnyNodeRef, Arguments, Expr, UnaryOp};
use crate::syntax::python::{Ranged, span};

use super::chain::{self, Chain, Found, Link};
use super::eager::{self, Target, Wanted};
use super::imports::Imports;
use super::layout::{self, Call, Style};
use super::looped::{Ground, Read};
use super::scope::{How, Scope};
use super::{Desk, Fix, Refusal, Safety, narrow, words};

const NOT_A_LIST: Refusal = "the result is used as a queryset";
const COMPUTED: Refusal = "the set is read through calls that a prefetch cannot make beforehand";

/// Prefetches the sets as they are read, and the plain paths with them. A relation that is prefetched already and
/// not `kept` for other reads gives way.
pub fn fix(
    desk: Desk<'_, '_>,
    target: Target<'_>,
    judged: &[&Judged<'_>],
    plain: &Wanted,
    kept: &dyn Fn(&str) -> bool,
) -> Result<Fix, Refusal> {
    let project = desk.project;
    let file = target.site.file;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let place = target.site.span;
    let found = chain::find(&module, place).ok_or("the queryset is no expression of its own")?;
    let scope = Scope::around(&module, place).ok_or("the queryset is made outside of functions")?;
    let ground = Ground {
        project,
        analysis: desk.analysis,
        trees: desk.trees,
        module: &module,
        text,
        file,
        scope: &scope,
        place,
    };
    let mut work = Work {
        ground: &ground,
        target,
        imports: Imports::new(project, file, &module, text, &scope),
        wanted: plain.clone(),
        attributes: BTreeMap::new(),
        edits: Vec::new(),
        escapes: false,
    };
    for one in judged {
        work.read(one)?;
    }
    let Work {
        imports,
        wanted,
        mut attributes,
        mut edits,
        escapes,
        ..
    } = work;
    let chain = Chain::of(found.expr);
    eager::changeable(project, &module, target, &chain)?;
    let iterates = text[scope.span.start as usize..scope.span.end as usize].contains(".iterator(");
    if iterates && !chain.links.iter().any(|link| link.name == Some("iterator")) {
        return Err("`iterator()` without a `chunk_size` takes no prefetches");
    }
    if target.queries.iter().any(|query| query.plan.only.is_some()) {
        return Err("the queryset is narrowed by `only()`");
    }
    let mut inline = String::new();
    if attributes.len() == 1
        && !escapes
        && let Some(((relation, _), (_, prefetch))) = attributes.first_key_value()
        && !kept(relation)
        && let Some((arguments, nth)) = standing(&chain, relation)
    {
        inline = format!(".prefetch_related({prefetch})");
        edits.push(instead(&ground, arguments, nth, prefetch));
        attributes.clear();
    }
    let mut calls = if wanted == Wanted::default() {
        Vec::new()
    } else {
        eager::fitted(project, text, &module, target, &found, &wanted)?.as_calls(Style::of(text))
    };
    if !attributes.is_empty() {
        let own = attributes.into_values().map(|(_, prefetch)| prefetch);
        match calls.iter_mut().find(|call| call.name == "prefetch_related") {
            Some(call) => call.arguments.extend(own),
            None => calls.push(Call {
                name: "prefetch_related".to_owned(),
                arguments: own.collect(),
            }),
        }
    }
    inline.extend(calls.iter().map(Call::inline));
    let title = if inline.is_empty() {
        "Read the prefetched rows in memory".to_owned()
    } else {
        format!("Add `{inline}`")
    };
    if !calls.is_empty() {
        if chain.links.is_empty() {
            return Err("the queryset is no chain of calls");
        }
        edits.extend(eager::put(project, text, &module, target, &found, calls));
    }
    edits.extend(imports.edits()?);
    Fix::in_file(Safety::Unsafe, title, file, edits)
}

/// The literal path of a relation among the arguments of a `prefetch_related` in the chain.
fn standing<'t>(chain: &Chain<'t>, relation: &str) -> Option<(&'t Arguments, usize)> {
    let calls = chain
        .links
        .iter()
        .filter(|link| link.name == Some("prefetch_related"));
    calls.filter_map(|link| link.arguments).find_map(|arguments| {
        let nth = chain::strings(arguments)
            .iter()
            .position(|path| *path == Some(relation))?;
        Some((arguments, nth))
    })
}

/// One argument of a call given a new text.
fn instead(ground: &Ground<'_>, arguments: &Arguments, nth: usize, content: &str) -> (Span, String) {
    let text = |at: Span| &ground.text[at.start as usize..at.end as usize];
    let whole = span(arguments.range());
    let texts: Vec<String> = arguments
        .args
        .iter()
        .enumerate()
        .map(|(i, arg)| {
            if i == nth {
                content.to_owned()
            } else {
                text(span(arg.range())).to_owned()
            }
        })
        .collect();
    if text(whole).contains(['\n', '#']) || !arguments.keywords.is_empty() {
        return (span(arguments.args[nth].range()), content.to_owned());
    }
    (
        whole,
        layout::arguments(ground.module, ground.text, whole, &texts),
    )
}

struct Work<'w, 'a> {
    ground: &'w Ground<'a>,
    target: Target<'w>,
    imports: Imports<'a>,
    wanted: Wanted,
    /// By relation and queryset: the attribute, and the `Prefetch` that fills it.
    attributes: BTreeMap<(String, String), (String, String)>,
    edits: Vec<(Span, String)>,
    /// Rows are kept for code that may read more of them.
    escapes: bool,
}

/// What is asked of a set in the end.
#[derive(Clone, Copy)]
enum End<'t> {
    Rows,
    Count,
    Exists,
    First,
    Last,
    /// One column of each row.
    Column(&'t str),
}

impl Work<'_, '_> {
    fn read(&mut self, judged: &Judged<'_>) -> Result<(), Refusal> {
        let ground = self.ground;
        let (load, set) = (judged.load, judged.load.access.set().ok_or(COMPUTED)?);
        if load.site.file != ground.file || !load.calls.is_empty() || judged.path.len() != 1 {
            return Err("the rows are read in another function");
        }
        let (built, run) = (set.site.span, load.site.span);
        let whole = if run.start == built.start && run.contains(built) {
            run
        } else {
            built
        };
        let read = ground.read(whole, load.attr.as_str())?;
        self.escapes |= ground.escapes(&read.looped);
        let other = judged
            .last_attr(ground.project)
            .and_then(|attr| ground.project.attr_target(attr))
            .ok_or(COMPUTED)?;
        let (middle, end) = taken_apart(&read.chain)?;
        let narrowing: Vec<&Link<'_>> = middle
            .iter()
            .filter(|link| !(link.name == Some("all") && link.arguments.is_some_and(|a| a.is_empty())))
            .collect();
        let row = read.looped.row.to_owned();
        let relation = load.attr.to_string();
        if let Some(paths) = loading_only(&narrowing, &relation) {
            if matches!(end, End::Count | End::Exists) {
                return Err(COMPUTED);
            }
            if !judged.loaded && paths.is_empty() {
                self.wanted.prefetch.push(relation.clone());
            }
            self.wanted.prefetch.extend(paths);
            self.wanted.prefetch.sort();
            self.wanted.prefetch.dedup();
            return self.replace(&read, other, end, format!("{row}.{relation}.all()"), judged);
        }
        let name = self.attribute(&relation, other, &narrowing, end)?;
        self.replace(&read, other, end, format!("{row}.{name}"), judged)
    }

    /// The attribute that holds the rows of the set, narrowed like this.
    fn attribute(
        &mut self,
        relation: &str,
        other: ModelId,
        narrowing: &[&Link<'_>],
        end: End<'_>,
    ) -> Result<String, Refusal> {
        let ground = self.ground;
        let project = ground.project;
        let class = project.model(other).class;
        if project.class(class).open {
            return Err("a base of the related model is not known");
        }
        if matches!(end, End::Last) {
            return Err(COMPUTED);
        }
        let mut calls = String::new();
        let mut ordered = project.is_ordered(other);
        let mut words: Vec<String> = Vec::new();
        for link in narrowing {
            let arguments = link.arguments.ok_or(COMPUTED)?;
            let name = link.name.ok_or(COMPUTED)?;
            match name {
                "filter" | "exclude" => {
                    narrow::conditions(project, other, arguments)?;
                    if name == "filter" {
                        let single = arguments.args.is_empty() && arguments.keywords.len() == 1;
                        let word = arguments.keywords.first().filter(|_| single);
                        words.push(word.and_then(words::adjective).unwrap_or_default());
                    }
                }
                "order_by" => {
                    let paths = chain::strings(arguments);
                    let plain = |path: &Option<&str>| {
                        path.is_some_and(|p| narrow::to_one(project, other, p.trim_start_matches('-')))
                    };
                    if !paths.iter().all(plain) {
                        return Err(COMPUTED);
                    }
                    ordered = !paths.is_empty();
                }
                "select_related" | "prefetch_related" | "distinct" => {
                    let plain = arguments.keywords.is_empty()
                        && chain::strings(arguments).iter().all(Option::is_some);
                    if !plain || (name == "distinct" && !arguments.is_empty()) {
                        return Err(COMPUTED);
                    }
                }
                _ => return Err(COMPUTED),
            }
            if !narrow::stable_arguments(project, ground.file, ground.scope, arguments, ground.place) {
                return Err("the filter depends on the loop");
            }
            let link = narrow::one_line(ground.module, ground.text, link.span).ok_or(COMPUTED)?;
            calls.push_str(link.trim());
        }
        if matches!(end, End::First) && !ordered {
            calls.push_str(&format!(".order_by({})", Style::of(ground.text).string("pk")));
        }
        let key = (relation.to_owned(), calls.clone());
        if let Some((name, _)) = self.attributes.get(&key) {
            return Ok(name.clone());
        }
        let set = words::plural(relation);
        let word = match &words[..] {
            [only] if !only.is_empty() => only.as_str(),
            [] if !calls.contains("filter") && !calls.contains("exclude") => "ordered",
            _ => "matching",
        };
        let used: Vec<String> = self.attributes.values().map(|(name, _)| name.clone()).collect();
        let names = [format!("{word}_{set}"), format!("selected_{set}")]
            .into_iter()
            .filter(|name| !used.contains(name) && !ground.mentions(name));
        let name = words::attribute(project, self.target.model, self.target.queries, names)
            .ok_or("there is no free name for the attribute")?;
        let model = self.imports.class(class)?;
        let manager = project.default_manager_name(other).map_or("objects", Sym::as_str);
        let prefetch = self.imports.orm("Prefetch")?;
        let style = Style::of(ground.text);
        let made = format!(
            "{prefetch}({}, queryset={model}.{manager}{calls}, to_attr={})",
            style.string(relation),
            style.string(&name)
        );
        self.attributes.insert(key, (name.clone(), made));
        Ok(name)
    }

    /// Puts what is in memory in place of the read.
    fn replace(
        &mut self,
        read: &Read<'_>,
        other: ModelId,
        end: End<'_>,
        rows: String,
        judged: &Judged<'_>,
    ) -> Result<(), Refusal> {
        let ground = self.ground;
        let project = ground.project;
        let at = span(read.found.expr.range());
        let awaited = match read.found.around.last() {
            Some(AnyNodeRef::ExprAwait(node)) => Some(span(node.range())),
            _ => None,
        };
        let whole = awaited.unwrap_or(at);
        let edit = match end {
            End::Rows => {
                as_list(ground, &read.found)?;
                (at, rows)
            }
            End::Count => (whole, format!("len({rows})")),
            End::Exists if tested(&read.found) => (whole, rows),
            End::Exists => (whole, format!("bool({rows})")),
            End::First | End::Last if rows.ends_with(".all()") => {
                let picks = match (end, project.is_ordered(other) || judged.loaded_ordered) {
                    (End::First, false) => "min",
                    (End::Last, false) => "max",
                    _ => return Err(COMPUTED),
                };
                if !numbered(project, other) {
                    return Err("the key of the related rows may be ordered differently in the database");
                }
                let element = words::element(project, other, ground.scope).ok_or(COMPUTED)?;
                (
                    whole,
                    format!("{picks}({rows}, key=lambda {element}: {element}.pk, default=None)"),
                )
            }
            End::First => (whole, format!("next(iter({rows}), None)")),
            End::Last => return Err(COMPUTED),
            End::Column(path) => {
                let column = column(project, other, path).ok_or(COMPUTED)?;
                let element = words::element(project, other, ground.scope).ok_or(COMPUTED)?;
                as_list(ground, &read.found)?;
                let inside = format!("{element}.{column} for {element} in {rows}");
                match around_call(&read.found, "list") {
                    Some(call) => (call, format!("[{inside}]")),
                    None => (at, format!("[{inside}]")),
                }
            }
        };
        let builtin = |name: &str| !ground.scope.binds(name);
        if !["len", "bool", "next", "iter", "min", "max", "list"]
            .iter()
            .all(|name| builtin(name))
        {
            return Err("a builtin has another meaning here");
        }
        if !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
        Ok(())
    }
}

/// The calls on a related set, and what is asked in the end.
fn taken_apart<'t>(chain: &Chain<'t>) -> Result<(Vec<Link<'t>>, End<'t>), Refusal> {
    let links = &chain.links[1..];
    if links
        .iter()
        .any(|link| link.name.is_none() || link.arguments.is_none())
    {
        return Err(COMPUTED);
    }
    let Some((last, head)) = links.split_last() else {
        return Ok((Vec::new(), End::Rows));
    };
    let empty = last.arguments.is_some_and(Arguments::is_empty);
    let end = match last.name {
        Some("count" | "acount") if empty => End::Count,
        Some("exists" | "aexists") if empty => End::Exists,
        Some("first" | "afirst") if empty => End::First,
        Some("last" | "alast") if empty => End::Last,
        Some("values_list") => End::Column(flat(last.arguments.ok_or(COMPUTED)?).ok_or(COMPUTED)?),
        _ => return Ok((links.to_vec(), End::Rows)),
    };
    Ok((head.to_vec(), end))
}

/// The only column of `values_list("name", flat=True)`.
fn flat(arguments: &Arguments) -> Option<&str> {
    let [column] = chain::strings(arguments)[..] else {
        return None;
    };
    let [keyword] = &arguments.keywords[..] else {
        return None;
    };
    let flat = keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "flat")
        && matches!(&keyword.value, Expr::BooleanLiteral(truth) if truth.value);
    column.filter(|_| flat)
}

/// The paths that calls on a set load eagerly, when that is all they do; they start at the row of the set.
fn loading_only(links: &[&Link<'_>], relation: &str) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    for link in links {
        if !matches!(link.name, Some("select_related" | "prefetch_related")) {
            return None;
        }
        let arguments = link.arguments?;
        if arguments.is_empty() || !arguments.keywords.is_empty() {
            return None;
        }
        for path in chain::strings(arguments) {
            paths.push(format!("{relation}__{}", path?));
        }
    }
    Some(paths)
}

/// The attribute of a row that holds a column.
fn column(project: &Project, model: ModelId, name: &str) -> Option<String> {
    match project.model_attr(model, Sym::new(name))? {
        ModelAttr::Pk | ModelAttr::Attname(_) => Some(name.to_owned()),
        ModelAttr::Column { .. } => plain(project, model, Sym::new(name)).then(|| name.to_owned()),
        ModelAttr::Forward(relation) => {
            let kind = project.relation(relation).kind;
            matches!(kind, RelKind::ForeignKey | RelKind::OneToOne).then(|| format!("{name}_id"))
        }
        ModelAttr::Reverse(_) => None,
    }
}

/// A row has for the column what the database has, not an object around it.
fn plain(project: &Project, model: ModelId, name: Sym) -> bool {
    let own = project
        .model(model)
        .fields
        .iter()
        .find(|field| field.name == name);
    let Some(field) = own else {
        let parents = &project.model(model).parents;
        return parents.iter().any(|parent| plain(project, *parent, name));
    };
    let classes = &project.file(field.site.file).facts.classes;
    let assigned = classes
        .iter()
        .flat_map(|class| &class.assigns)
        .filter(|assign| assign.name == name && assign.span.contains(field.site.span))
        .find_map(|assign| assign.value.as_ref());
    let Some(ExprKind::Call(call)) = assigned.map(|value| &value.kind) else {
        return false;
    };
    match project.resolve_expr(field.site.file, &call.func) {
        Some(Def::External(class)) => {
            class.as_str().starts_with("django.db.models.")
                && ["FileField", "ImageField", "GeneratedField"]
                    .iter()
                    .all(|odd| !class.as_str().ends_with(odd))
        }
        _ => false,
    }
}

/// Keys are made by the database as numbers.
fn numbered(project: &Project, model: ModelId) -> bool {
    let m = project.model(model);
    let class = project.class(m.class);
    let own = m.fields.iter().any(|field| field.name == "id");
    !class.open && m.parents.is_empty() && !own && !has_own_key(project, model)
}

fn has_own_key(project: &Project, model: ModelId) -> bool {
    let class = project.class(project.model(model).class);
    class.mro.iter().any(|base| {
        let ClassRef::Known(id) = base else {
            return false;
        };
        project.class_facts(*id).assigns.iter().any(|assign| {
            assign.value.as_ref().is_some_and(
                |value| matches!(&value.kind, ExprKind::Call(call) if call.keyword("primary_key").is_some()),
            )
        })
    })
}

/// A list does here what the queryset does.
fn as_list(ground: &Ground<'_>, found: &Found<'_>) -> Result<(), Refusal> {
    let at = span(found.expr.range());
    if iterated(found, at) {
        return Ok(());
    }
    let Some(AnyNodeRef::StmtAssign(assign)) = found.around.last() else {
        return Err(NOT_A_LIST);
    };
    let [Expr::Name(variable)] = &assign.targets[..] else {
        return Err(NOT_A_LIST);
    };
    let name = variable.id.as_str();
    let mut bindings = ground.scope.bindings(name);
    let (Some(only), None) = (bindings.next(), bindings.next()) else {
        return Err(NOT_A_LIST);
    };
    if !matches!(only.how, How::Assigned(_)) {
        return Err(NOT_A_LIST);
    }
    for used in ground.scope.uses(name) {
        let at = span(used.range());
        let found = chain::find(ground.module, at).ok_or(NOT_A_LIST)?;
        if !iterated(&found, at) {
            return Err(NOT_A_LIST);
        }
    }
    Ok(())
}

/// Iterated, measured, tested or copied at once.
fn iterated(found: &Found<'_>, at: Span) -> bool {
    const TAKERS: [&str; 13] = [
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "len",
        "sum",
        "any",
        "all",
        "bool",
        "enumerate",
        "max",
        "min",
    ];
    const METHODS: [&str; 3] = ["extend", "update", "join"];
    let mut around = found.around.iter().rev();
    match around.next() {
        Some(AnyNodeRef::StmtFor(each)) => !each.is_async && span(each.iter.range()) == at,
        Some(AnyNodeRef::Comprehension(clause)) => !clause.is_async && span(clause.iter.range()) == at,
        _ if tested(found) => true,
        Some(AnyNodeRef::Arguments(arguments)) => {
            let first = arguments
                .args
                .first()
                .is_some_and(|first| span(first.range()) == at);
            let Some(AnyNodeRef::ExprCall(call)) = around.next() else {
                return false;
            };
            first
                && match &*call.func {
                    Expr::Name(name) => TAKERS.contains(&name.id.as_str()),
                    Expr::Attribute(method) => METHODS.contains(&method.attr.as_str()),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Only its truth matters.
fn tested(found: &Found<'_>) -> bool {
    match found.around.last() {
        Some(AnyNodeRef::StmtIf(_) | AnyNodeRef::ElifElseClause(_)) => true,
        Some(AnyNodeRef::ExprUnaryOp(op)) => op.op == UnaryOp::Not,
        _ => false,
    }
}

/// The call of a builtin that takes nothing but the expression.
fn around_call(found: &Found<'_>, name: &str) -> Option<Span> {
    let mut around = found.around.iter().rev();
    let Some(AnyNodeRef::Arguments(arguments)) = around.next() else {
        return None;
    };
    let Some(AnyNodeRef::ExprCall(call)) = around.next() else {
        return None;
    };
    let named = matches!(&*call.func, Expr::Name(func) if func.id.as_str() == name);
    (named && arguments.len() == 1).then(|| span(call.range()))
}
