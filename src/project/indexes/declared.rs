//! Indexes that models declare in `Meta`: `indexes`, `constraints`, `unique_together`, `index_together`.

use crate::ir::{ArgKind, Call, Const, Expr, ExprKind};
use crate::source::{Site, Sym};

use super::items::{MAX_DEPTH, Scope, assigned, items, of_assigns, strings};
use super::table::{self, Kind, Row};
use super::{Index, IndexColumn, IndexOrigin, Nulls, Part, condition};
use crate::project::meta::{self, Governing, Setting};
use crate::project::{ClassRef, Def, Model, ModelAttr, ModelId, Project};

const OPTIONS: [(&str, IndexOrigin); 4] = [
    ("indexes", IndexOrigin::MetaIndexes),
    ("constraints", IndexOrigin::Constraint),
    ("unique_together", IndexOrigin::UniqueTogether),
    ("index_together", IndexOrigin::IndexTogether),
];

/// Adds what the model's `Meta` declares; says why when some of it cannot be read.
pub(super) fn of_model(project: &Project, model: &Model, out: &mut Vec<Index>) -> Option<&'static str> {
    let governing = match meta::governing(project, model.class) {
        Governing::None => return None,
        Governing::Outside => return Some("a base class that is not at hand may declare some"),
        Governing::Class(class) => class,
    };
    let mut unknown = None;
    for (option, origin) in OPTIONS {
        let (class, assigns) = match meta::option(project, governing, option) {
            Setting::Absent => continue,
            Setting::Outside => {
                unknown = Some("a Meta that is not at hand may declare some");
                continue;
            }
            Setting::Assigns(class, assigns) => (class, assigns),
        };
        let scope = Scope::of(project, class);
        let mut found = Vec::new();
        if !of_assigns(project, scope, &assigns, MAX_DEPTH, &mut found) {
            unknown = Some("a list of indexes is put together by code");
        }
        let whole = match origin {
            IndexOrigin::MetaIndexes | IndexOrigin::Constraint => found
                .into_iter()
                .map(|(scope, item)| entry(project, model.id, scope, item, origin, MAX_DEPTH))
                .fold(true, |whole, found| {
                    out.extend(found.index);
                    whole && found.whole
                }),
            _ => together(project, model.id, &found, origin, out),
        };
        if !whole {
            unknown = Some("an index is put together by code");
        }
    }
    unknown
}

/// What one item of a list declares.
pub(super) struct Entry {
    /// `None` also for what makes no index.
    pub index: Option<Index>,
    /// Everything about it could be read.
    pub whole: bool,
}

/// Reads `Index(…)` or a constraint, by name too.
pub(super) fn entry(
    project: &Project,
    model: ModelId,
    scope: Scope,
    expr: &Expr,
    origin: IndexOrigin,
    depth: u32,
) -> Entry {
    let nothing = Entry {
        index: None,
        whole: false,
    };
    let Some(depth) = depth.checked_sub(1) else {
        return nothing;
    };
    match &expr.kind {
        ExprKind::Call(call) => match row(project, scope, &call.func) {
            Some((row, plain)) if row.kind != Kind::Check => {
                let reader = Reader {
                    project,
                    model,
                    scope,
                };
                reader.read(call, row, plain, origin, Site::new(scope.file, expr.span))
            }
            Some(_) => Entry {
                index: None,
                whole: true,
            },
            None => nothing,
        },
        ExprKind::Name(_) | ExprKind::Attr(_) => match assigned(project, scope, expr) {
            Some((scope, assigns)) => match assigns[..] {
                [one] => match &one.value {
                    Some(value) => entry(project, model, scope, value, origin, depth),
                    None => nothing,
                },
                _ => nothing,
            },
            None => nothing,
        },
        _ => nothing,
    }
}

/// The class that is called, and whether no code of the project stands before Django's.
fn row(project: &Project, scope: Scope, func: &Expr) -> Option<(Row, bool)> {
    match project.resolve_expr(scope.file, func)? {
        Def::External(name) => table::class(name.as_str()).map(|row| (row, true)),
        Def::Class(class) => {
            let mut plain = true;
            project.class(class).mro.iter().find_map(|base| match base {
                ClassRef::External(name) => table::class(name.as_str()).map(|row| (row, plain)),
                ClassRef::Known(known) => {
                    let methods = &project.class_facts(*known).methods;
                    plain &= !methods.iter().any(|(name, _)| *name == "__init__");
                    None
                }
            })
        }
        _ => None,
    }
}

struct Reader<'p> {
    project: &'p Project,
    model: ModelId,
    scope: Scope,
}

impl Reader<'_> {
    fn read(&self, call: &Call, row: Row, plain: bool, origin: IndexOrigin, site: Site) -> Entry {
        let mut whole = plain;
        let mut columns = Vec::new();
        let pairs = row.kind == Kind::Exclusion;
        for arg in &call.args {
            match arg.kind {
                ArgKind::Positional => columns.push(self.column(&arg.value)),
                ArgKind::Keyword(name) if name == "fields" => {
                    match strings(self.project, self.scope, &arg.value) {
                        Some(names) => columns.extend(names.into_iter().map(|name| match name {
                            Some(name) => self.named(name),
                            None => {
                                whole = false;
                                IndexColumn::of(Part::Other)
                            }
                        })),
                        None => whole = false,
                    }
                }
                ArgKind::Keyword(name) if name == "expressions" && pairs => {
                    let mut found = Vec::new();
                    whole &= items(self.project, self.scope, &arg.value, MAX_DEPTH, &mut found);
                    columns.extend(found.into_iter().map(|(_, item)| match &item.kind {
                        ExprKind::Tuple(pair) if !pair.is_empty() => self.column(&pair[0]),
                        _ => IndexColumn::of(Part::Other),
                    }));
                }
                ArgKind::Keyword(_) => {}
                ArgKind::Star | ArgKind::DoubleStar => whole = false,
            }
        }
        if columns.is_empty() {
            return Entry {
                index: None,
                whole: false,
            };
        }
        let mut texts = |name: &str| match call.keyword(name) {
            Some(value) => strings(self.project, self.scope, value).unwrap_or_else(|| {
                whole = false;
                Vec::new()
            }),
            None => Vec::new(),
        };
        let include = texts("include");
        for (column, opclass) in columns.iter_mut().zip(texts("opclasses")) {
            column.opclass = opclass.filter(|name| !name.as_str().is_empty());
        }
        let mut index = Index::new(columns, row.kind == Kind::Unique, origin, site);
        index.include = include
            .into_iter()
            .flatten()
            .map(|name| field_name(self.project, self.model, name))
            .collect();
        index.method = row.method;
        index.name = call
            .keyword("name")
            .and_then(Expr::as_str)
            .map(|name| expand(self.project.model(self.model), name));
        index.condition = call
            .keyword("condition")
            .filter(|value| !matches!(value.kind, ExprKind::Const(_)))
            .map(|value| condition::read(self.project, self.model, self.scope, value));
        index.pattern = is_pattern(&index);
        Entry {
            index: Some(index),
            whole,
        }
    }

    /// `name` or `-name`.
    fn named(&self, text: Sym) -> IndexColumn {
        let (name, descending) = match text.as_str().strip_prefix('-') {
            Some(name) => (Sym::new(name), true),
            None => (text, false),
        };
        IndexColumn {
            descending,
            ..IndexColumn::field(field_name(self.project, self.model, name))
        }
    }

    /// A column given as an expression: `F("a").desc()`, `OpClass(Upper("a"), name="…")`.
    fn column(&self, expr: &Expr) -> IndexColumn {
        let other = IndexColumn::of(Part::Other);
        if let Some(text) = expr.as_str() {
            return self.named(text);
        }
        let ExprKind::Call(call) = &expr.kind else {
            return other;
        };
        let truth = |name: &str| {
            let value = call.keyword(name).map(|value| &value.kind);
            matches!(value, Some(ExprKind::Const(Const::True)))
        };
        let nulls = match (truth("nulls_first"), truth("nulls_last")) {
            (true, _) => Some(Nulls::First),
            (_, true) => Some(Nulls::Last),
            _ => None,
        };
        match &call.func.kind {
            ExprKind::Attr(attr) if attr.name == "desc" || attr.name == "asc" => IndexColumn {
                descending: attr.name == "desc",
                nulls,
                ..self.column(&attr.base)
            },
            func => {
                let name = match func {
                    ExprKind::Attr(attr) => attr.name,
                    ExprKind::Name(name) => *name,
                    _ => return other,
                };
                let inner = call.positional(0).or_else(|| call.keyword("expression"));
                match (name.as_str(), inner) {
                    ("OrderBy", Some(inner)) => IndexColumn {
                        descending: truth("descending"),
                        nulls,
                        ..self.column(inner)
                    },
                    ("OpClass", Some(inner)) => IndexColumn {
                        opclass: call
                            .keyword("name")
                            .or_else(|| call.positional(1))
                            .and_then(Expr::as_str),
                        ..self.column(inner)
                    },
                    _ => IndexColumn::of(self.part(call, name)),
                }
            }
        }
    }

    fn part(&self, call: &Call, name: Sym) -> Part {
        let mut given = call
            .args
            .iter()
            .filter(|arg| !matches!(arg.kind, ArgKind::Keyword(_)));
        let (Some(first), None) = (given.next(), given.next()) else {
            return Part::Other;
        };
        if first.kind != ArgKind::Positional {
            return Part::Other;
        }
        let text = |expr: &Expr| {
            expr.as_str()
                .filter(|text| !text.as_str().contains("__"))
                .map(|text| field_name(self.project, self.model, text))
        };
        let is_reference = name == "F";
        match (&first.value.kind, is_reference) {
            (_, true) => text(&first.value).map_or(Part::Other, Part::Field),
            (ExprKind::Call(inner), _) if inner.func.last_name().is_some_and(|n| n == "F") => {
                let field = inner.positional(0).and_then(text);
                field.map_or(Part::Other, |field| Part::Function { name, field })
            }
            _ => text(&first.value).map_or(Part::Other, |field| Part::Function { name, field }),
        }
    }
}

/// `unique_together` and `index_together`: one group of names, or several.
fn together(
    project: &Project,
    model: ModelId,
    found: &[(Scope, &Expr)],
    origin: IndexOrigin,
    out: &mut Vec<Index>,
) -> bool {
    let mut whole = true;
    let mut add = |names: Vec<Option<Sym>>, site: Site| {
        let columns: Option<Vec<IndexColumn>> = names
            .into_iter()
            .map(|name| Some(IndexColumn::field(field_name(project, model, name?))))
            .collect();
        match columns {
            Some(columns) if columns.is_empty() => {}
            Some(columns) => {
                out.push(Index::new(
                    columns,
                    origin == IndexOrigin::UniqueTogether,
                    origin,
                    site,
                ));
            }
            None => whole = false,
        }
    };
    let Some((scope, first)) = found.first() else {
        return true;
    };
    if first.as_str().is_some() {
        let names = found.iter().map(|(_, item)| item.as_str()).collect();
        add(names, Site::new(scope.file, first.span));
        return whole;
    }
    for (scope, group) in found {
        let names = strings(project, *scope, group).unwrap_or_else(|| vec![None]);
        add(names, Site::new(scope.file, group.span));
    }
    whole
}

/// A field by its name, whether `project_id`, `pk` or `project` is written.
pub(super) fn field_name(project: &Project, model: ModelId, name: Sym) -> Sym {
    match project.model_attr(model, name) {
        Some(ModelAttr::Attname(relation)) => project.relation(relation).name,
        Some(ModelAttr::Pk) => match project.primary_key(model)[..] {
            [one] => one,
            _ => name,
        },
        _ => name,
    }
}

pub(super) fn is_pattern(index: &Index) -> bool {
    index.columns.iter().any(|c| {
        c.opclass
            .is_some_and(|name| name.as_str().ends_with("_pattern_ops"))
    })
}

/// `%(app_label)s` and `%(class)s`, see `Options._format_names()`.
fn expand(model: &Model, name: Sym) -> Sym {
    if !name.as_str().contains("%(") {
        return name;
    }
    let lower = |text: Sym| text.as_str().to_lowercase();
    Sym::new(
        &name
            .as_str()
            .replace("%(app_label)s", &lower(model.app_label))
            .replace("%(class)s", &lower(model.name)),
    )
}
