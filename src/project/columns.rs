//! What the database keeps for a field: the kind of its column, keys, and an index of its own.
//!
//! Reads the call that declares the field and the class behind it. Options that code computes stay unknown; which
//! other indexes a table has is known to `indexes`.

use serde::Deserialize;

use crate::ir::{ArgKind, Call, Const, Expr, ExprKind, StmtKind};
use crate::source::{FileId, Sym};

use super::fields::{self, FieldKind, FieldRow};
use super::graph::Declared;
use super::hints::walk::each_statement;
use super::{ClassId, ClassRef, Def, Member, ModelId, Part, Project, RelKind};

/// What a column holds, as far as it matters to indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Bool,
    Integer,
    /// Decimals and floats.
    Decimal,
    /// `varchar`: characters, addresses, slugs.
    Text,
    /// The name of a file.
    File,
    LongText,
    Date,
    DateTime,
    Time,
    Duration,
    Uuid,
    Json,
    Array,
    Binary,
    Range,
    SearchVector,
    Geometry,
    /// Something else, or not known.
    Other,
}

/// What the database keeps for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// `Other` for relations, see [`Project::column_kind`].
    pub kind: ColumnKind,
    pub primary_key: bool,
    pub unique: bool,
    /// A plain index of its own, by the field's class or `db_index`. Unique columns have none besides that of their
    /// constraint. `None`: cannot be told, and neither can `unique`.
    pub indexed: Option<bool>,
    pub null: bool,
    pub db_column: Option<Sym>,
    /// Compared by a collation of its own.
    pub collated: bool,
    /// How many values there are to choose from; 0 where they cannot be counted.
    pub choices: Option<u16>,
    /// A literal truth value that rows have from the start.
    pub default_flag: Option<bool>,
    /// Rows have the time here at which they were made.
    pub stamped: bool,
}

impl Column {
    /// A field without a column, or a column without any options.
    pub(super) const NONE: Self = Self {
        kind: ColumnKind::Other,
        primary_key: false,
        unique: false,
        indexed: Some(false),
        null: false,
        db_column: None,
        collated: false,
        choices: None,
        default_flag: None,
        stamped: false,
    };

    /// Whether there is an index whose only column is this one, whatever it is for; `None`: cannot be told.
    pub fn has_own_index(&self) -> Option<bool> {
        if self.primary_key || self.unique {
            return Some(true);
        }
        self.indexed
    }
}

impl Project {
    /// The column of a field or foreign key of the model's own table.
    pub fn column(&self, model: ModelId, field: Sym) -> Option<&Column> {
        let model = self.model(self.concrete(model));
        let of_field = model.fields.iter().find(|f| f.name == field).map(|f| &f.column);
        of_field.or_else(|| {
            let own = model.relations.iter().map(|r| self.relation(*r));
            own.filter(|r| r.name == field).find_map(|r| r.column.as_ref())
        })
    }

    /// Whether the class of a field that a model class declares brings an index without being asked: `SlugField`.
    pub fn implies_index(&self, class: ClassId, field: Sym) -> bool {
        let assigns = self.class_facts(class).assigns.iter();
        let value = assigns
            .rev()
            .find(|assign| assign.name == field)
            .and_then(|a| a.value.as_deref());
        let Some(ExprKind::Call(call)) = value.map(|value| &value.kind) else {
            return false;
        };
        let of = class_of(self, self.class(class).file, &call.func, 8);
        of.is_some_and(|of| of.row.index && of.row.kind == FieldKind::Field)
    }

    /// What the column of a field holds; for foreign keys, what the field holds that they point to.
    pub fn column_kind(&self, model: ModelId, field: Sym) -> ColumnKind {
        let (mut model, mut field) = (self.concrete(model), field);
        for _ in 0..8 {
            let m = self.model(model);
            if let Some(plain) = m.fields.iter().find(|f| f.name == field) {
                return plain.column.kind;
            }
            let relation = m.relations.iter().map(|r| self.relation(*r));
            let Some(relation) = relation.into_iter().find(|r| r.name == field) else {
                // The `id` that no field declares.
                return if m.fields.iter().any(|f| f.column.primary_key) || field != "id" {
                    ColumnKind::Other
                } else {
                    ColumnKind::Integer
                };
            };
            let Some(target) = relation
                .target_model()
                .filter(|_| matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne))
            else {
                return ColumnKind::Other;
            };
            model = self.concrete(target);
            field = match relation.to_field {
                Some(to) => to,
                None => match self.primary_key(model)[..] {
                    [one] => one,
                    _ => return ColumnKind::Other,
                },
            };
        }
        ColumnKind::Other
    }

    /// The fields of the table's primary key; `id` when none is declared.
    pub fn primary_key(&self, model: ModelId) -> Vec<Sym> {
        let m = self.model(self.concrete(model));
        if let Some(composite) = &m.composite_key {
            return composite.clone();
        }
        let plain = m
            .fields
            .iter()
            .filter(|f| f.column.primary_key)
            .map(|f| f.name)
            .next();
        let relations = || m.relations.iter().map(|r| self.relation(*r));
        let related = || {
            let declared = relations().find(|r| r.column.as_ref().is_some_and(|c| c.primary_key));
            declared
                .or_else(|| relations().find(|r| r.parent_link && !m.meta.proxy))
                .map(|r| r.name)
        };
        vec![plain.or_else(related).unwrap_or_else(|| Sym::new("id"))]
    }
}

/// A field class as a declaration names it.
#[derive(Clone, Copy)]
pub(super) struct FieldClass {
    pub row: &'static FieldRow,
    /// Options that a declaration does not give are those of the row.
    plain: bool,
    /// What the classes of the project in between make of the column.
    kind: Option<ColumnKind>,
}

/// The class of a field by the expression that is called, aliases and `partial` included.
pub(super) fn class_of(project: &Project, file: FileId, func: &Expr, depth: u32) -> Option<FieldClass> {
    match project.resolve_expr(file, func)? {
        Def::External(name) => fields::external(name.as_str()).map(|row| FieldClass {
            row,
            plain: true,
            kind: None,
        }),
        Def::Class(class) => {
            let (mut plain, mut kind) = (true, None);
            for base in &project.class(class).mro {
                let row = match base {
                    ClassRef::External(name) => fields::external(name.as_str()),
                    ClassRef::Known(known) => fields::listed(project.class(*known).dotted.as_str()),
                };
                if let Some(row) = row {
                    return Some(FieldClass { row, plain, kind });
                }
                if let ClassRef::Known(known) = base {
                    plain &= !sets_options(project, *known);
                    kind = kind.or_else(|| own_kind(project, *known));
                }
            }
            None
        }
        Def::Assign(from, idx) if depth > 0 => {
            let value = project.file(from).facts.assigns[idx as usize].value.as_ref()?;
            match &value.kind {
                ExprKind::Name(_) | ExprKind::Attr(_) => class_of(project, from, value, depth - 1),
                ExprKind::Call(call) if call.func.last_name().is_some_and(|n| n == "partial") => {
                    let mut found = class_of(project, from, call.positional(0)?, depth - 1)?;
                    found.plain &= !call.args.iter().any(|arg| match arg.kind {
                        ArgKind::Keyword(name) => OPTIONS.contains(&name.as_str()),
                        ArgKind::DoubleStar => true,
                        _ => false,
                    });
                    Some(found)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

const OPTIONS: [&str; 3] = ["db_index", "unique", "primary_key"];

/// The code of a field class mentions options that make indexes.
fn sets_options(project: &Project, class: ClassId) -> bool {
    let facts = project.class_facts(class);
    let named = |name: Sym| OPTIONS.contains(&name.as_str());
    if facts.assigns.iter().any(|a| named(a.name)) || facts.methods.iter().any(|(name, _)| named(*name)) {
        return true;
    }
    let file = project.file(project.class(class).file);
    let mut found = false;
    for (_, idx) in facts.methods.iter().filter(|(name, _)| *name == "__init__") {
        each_statement(&file.facts.functions[idx.0 as usize].body, &mut |stmt| {
            found |= match &stmt.kind {
                StmtKind::Expr(value) => mentions(value),
                StmtKind::Assign { targets, value } => targets.iter().any(mentions) || mentions(value),
                StmtKind::AugAssign { target, value, .. } => mentions(target) || mentions(value),
                StmtKind::Return(value) => value.as_ref().is_some_and(mentions),
                _ => false,
            };
        });
    }
    found
}

fn mentions(expr: &Expr) -> bool {
    let named = |name: Sym| OPTIONS.contains(&name.as_str());
    match &expr.kind {
        ExprKind::Const(Const::Str(text)) => named(*text),
        ExprKind::Attr(attr) => named(attr.name) || mentions(&attr.base),
        ExprKind::Call(call) => {
            mentions(&call.func)
                || call.args.iter().any(|arg| {
                    matches!(arg.kind, ArgKind::Keyword(name) if named(name)) || mentions(&arg.value)
                })
        }
        ExprKind::Index(parts) => mentions(&parts.0) || mentions(&parts.1),
        ExprKind::List(items)
        | ExprKind::Tuple(items)
        | ExprKind::Set(items)
        | ExprKind::And(items)
        | ExprKind::Or(items) => items.iter().any(mentions),
        ExprKind::Dict(items) => items
            .iter()
            .any(|item| item.key.as_ref().is_some_and(mentions) || mentions(&item.value)),
        ExprKind::IfElse(choice) => mentions(&choice.then) || mentions(&choice.orelse),
        ExprKind::Binary(binary) => mentions(&binary.left) || mentions(&binary.right),
        ExprKind::Not(inner) | ExprKind::Starred(inner) => mentions(inner),
        _ => false,
    }
}

/// The kind that a class of the project gives its columns itself: `db_type()`, or a literal `get_internal_type()`.
fn own_kind(project: &Project, class: ClassId) -> Option<ColumnKind> {
    let facts = project.class_facts(class);
    let method = |wanted: &str| facts.methods.iter().find(|(name, _)| *name == *wanted);
    if method("db_type").is_some() {
        return Some(ColumnKind::Other);
    }
    let (_, idx) = method("get_internal_type")?;
    let file = project.file(project.class(class).file);
    let mut kind = ColumnKind::Other;
    each_statement(&file.facts.functions[idx.0 as usize].body, &mut |stmt| {
        if let StmtKind::Return(Some(value)) = &stmt.kind
            && let Some(name) = value.as_str()
            && let Some(row) = fields::listed(&format!("django.db.models.{name}"))
        {
            kind = row.column.unwrap_or(ColumnKind::Other);
        }
    });
    Some(kind)
}

/// The column that a declaration makes; `None` for fields without one.
pub(super) fn read(project: &Project, field: &Declared<'_>) -> Option<Column> {
    let FieldClass { row, plain, kind } = field.of;
    let o2o = row.kind == FieldKind::O2o;
    if !matches!(row.kind, FieldKind::Field | FieldKind::Fk) && !o2o {
        return None;
    }
    let call = field.call;
    let file = project.file(field.file);
    // Declarations of packages say what queries need, and may leave out options.
    let partial =
        matches!(file.part, Part::Stub | Part::Package) && !file.module.as_str().starts_with("django.");
    let open = call
        .args
        .iter()
        .any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar));
    let known = plain && !open && (row.column.is_some() || row.index);
    let flag = |name: &str, default: bool| match call.keyword(name).map(|value| &value.kind) {
        Some(ExprKind::Const(Const::True)) => Some(true),
        Some(ExprKind::Const(Const::False | Const::None)) => Some(false),
        Some(_) => None,
        None if !known || partial && !default => None,
        None => Some(default),
    };
    let primary_key = flag("primary_key", row.primary_key);
    let unique = flag("unique", o2o && row.index);
    let kind = kind.or(row.column).unwrap_or(ColumnKind::Other);
    let of_class = row.index && !o2o;
    let indexed = match (primary_key, unique) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (None, _) | (_, None) => flag("db_index", false).filter(|indexed| *indexed),
        // What it is called there: Django docs, ref/contrib/gis/model-api/#spatial-index
        _ if kind == ColumnKind::Geometry => flag("spatial_index", of_class),
        _ => flag("db_index", of_class),
    };
    Some(Column {
        kind,
        primary_key: primary_key == Some(true),
        unique: unique == Some(true),
        indexed,
        null: matches!(
            call.keyword("null").map(|e| &e.kind),
            Some(ExprKind::Const(Const::True))
        ),
        db_column: call.keyword("db_column").and_then(Expr::as_str),
        collated: call.keyword("db_collation").is_some(),
        choices: call
            .keyword("choices")
            .filter(|value| !matches!(value.kind, ExprKind::Const(Const::None)))
            .map(|value| count(project, field.file, Some(field.class), value, 8).unwrap_or(0)),
        default_flag: match call.keyword("default").map(|e| &e.kind) {
            Some(ExprKind::Const(Const::True)) => Some(true),
            Some(ExprKind::Const(Const::False)) => Some(false),
            _ => None,
        },
        stamped: flag("auto_now_add", false) == Some(true)
            || call
                .keyword("default")
                .and_then(Expr::last_name)
                .is_some_and(|name| fields::tells_time(name.as_str())),
    })
}

/// The names of `CompositePrimaryKey("a", "b")`.
pub(super) fn composite(call: &Call) -> Vec<Sym> {
    call.args
        .iter()
        .filter(|arg| arg.kind == ArgKind::Positional)
        .filter_map(|arg| arg.value.as_str())
        .collect()
}

/// How many choices an expression stands for.
fn count(project: &Project, file: FileId, class: Option<ClassId>, expr: &Expr, depth: u32) -> Option<u16> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Tuple(items) => {
            let one = |item: &Expr| match &item.kind {
                ExprKind::Tuple(pair) | ExprKind::List(pair) if pair.len() == 2 => match &pair[1].kind {
                    ExprKind::Tuple(_) | ExprKind::List(_) => count(project, file, class, &pair[1], depth),
                    _ => Some(1),
                },
                _ => None,
            };
            items
                .iter()
                .try_fold(0u16, |sum, item| sum.checked_add(one(item)?))
        }
        ExprKind::Attr(attr) if attr.name == "choices" => {
            let inner = attr.base.as_name().and_then(|name| nested(project, class, name));
            match inner
                .map(Def::Class)
                .or_else(|| project.resolve_expr(file, &attr.base))?
            {
                Def::Class(choices) => members(project, choices),
                _ => None,
            }
        }
        ExprKind::Attr(attr) => match project.resolve_expr(file, &attr.base)? {
            Def::Class(holder) => {
                let (owner, member) = project.class_member(holder, attr.name)?;
                let Member::Assign(idx) = member else { return None };
                let value = project.class_facts(owner).assigns[idx as usize].value.as_ref()?;
                count(project, project.class(owner).file, Some(owner), value, depth)
            }
            _ => of_def(project, project.resolve_expr(file, expr)?, depth),
        },
        ExprKind::Name(name) => {
            let assigned = class.and_then(|class| {
                let assigns = &project.class_facts(class).assigns;
                assigns.iter().rev().find(|a| a.name == *name)?.value.as_ref()
            });
            match (assigned, nested(project, class, *name)) {
                (Some(value), _) => count(project, file, class, value, depth),
                (None, Some(choices)) => members(project, choices),
                (None, None) => of_def(project, project.lookup(file, *name)?, depth),
            }
        }
        _ => None,
    }
}

fn of_def(project: &Project, def: Def, depth: u32) -> Option<u16> {
    match def {
        Def::Class(class) => members(project, class),
        Def::Assign(from, idx) => {
            let value = project.file(from).facts.assigns[idx as usize].value.as_ref()?;
            count(project, from, None, value, depth)
        }
        _ => None,
    }
}

fn nested(project: &Project, class: Option<ClassId>, name: Sym) -> Option<ClassId> {
    let class = class?;
    let facts = project.class_facts(class);
    let (_, idx) = facts.classes.iter().find(|(bound, _)| *bound == name)?;
    Some(project.class_id(project.class(class).file, *idx))
}

/// The members of an enumeration.
fn members(project: &Project, class: ClassId) -> Option<u16> {
    project
        .external_bases(class)
        .any(|base| base.as_str().ends_with("Choices") || base.as_str().ends_with("Enum"))
        .then(|| {
            let assigns = project.class_facts(class).assigns.iter();
            let members = assigns.filter(|a| a.value.is_some() && !a.name.as_str().starts_with('_'));
            u16::try_from(members.count()).unwrap_or(u16::MAX)
        })
}
