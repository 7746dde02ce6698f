//! Indexes that only migrations know of: in `CREATE INDEX`, and in operations that the model's `Meta` does not repeat.
//!
//! Operations are read in the order of the files' names; dependencies are not followed, functions of `RunPython` and
//! files of SQL are not read. What a table of a model that is gone had is gone with it.

use rustc_hash::FxHashMap;

use crate::ir::{BinOp, Call, Const, Expr, ExprKind};
use crate::source::{FileId, Site, Sym};

use super::condition::{Condition, Fact};
use super::declared::{self, is_pattern};
use super::items::{MAX_DEPTH, Scope, assigned, of_assigns};
use super::sql::{self, SqlPart, Statement};
use super::table::{self, Effect, Operation};
use super::{Index, IndexColumn, IndexOrigin, Part, Table};
use crate::project::{ClassId, ModelAttr, ModelId, Part as FilePart, Project, RelKind};

/// Adds the indexes of all migrations to the tables of their models.
pub(super) fn add(project: &Project, tables: &mut [Table]) {
    let migrations: Vec<(FileId, ClassId)> = project
        .file_ids()
        .filter(|file| project.file(*file).part == FilePart::Migration)
        .flat_map(|file| {
            let classes = &project.file(file).facts.classes;
            let own = (0u32..)
                .zip(classes)
                .filter(|(_, class)| class.name == "Migration");
            own.map(move |(idx, _)| (file, project.class_id(file, crate::ir::ClassIdx(idx))))
        })
        .collect();
    if migrations.is_empty() {
        return;
    }
    let mut state = State {
        project,
        by_table: by_table(project),
        renamed: FxHashMap::default(),
        found: Vec::new(),
        app: Sym::new(""),
    };
    // Names that models had before come first: an index stays when its model is renamed.
    for renames in [true, false] {
        for (file, class) in &migrations {
            state.app = app(project, *file);
            state.migration(*class, renames);
        }
    }
    for (model, index) in state.found {
        let known = tables[model.0 as usize].indexes.iter();
        let same = |other: &Index| match (index.name, other.name) {
            (Some(one), Some(other)) => one.as_str().eq_ignore_ascii_case(other.as_str()),
            _ => other.columns == index.columns && other.condition == index.condition,
        };
        let declared = |origin| !matches!(origin, IndexOrigin::Sql | IndexOrigin::Migration);
        let repeats = known
            .filter(|other| {
                other.name.is_some()
                    || matches!(other.origin, IndexOrigin::MetaIndexes | IndexOrigin::Constraint)
            })
            .any(|other| same(other) && declared(other.origin));
        if !repeats && still_there(project, model, &index) {
            tables[model.0 as usize].indexes.push(index);
        }
    }
}

/// Tables by name in lower case; what several models claim is nobody's.
fn by_table(project: &Project) -> FxHashMap<String, Option<ModelId>> {
    let mut out: FxHashMap<String, Option<ModelId>> = FxHashMap::default();
    for model in project
        .models()
        .iter()
        .filter(|m| !m.meta.abstract_ && !m.meta.proxy)
    {
        let name = project.db_table(model.id).as_str().to_lowercase();
        let quiet = matches!(model.part, FilePart::Test | FilePart::Stub | FilePart::Package);
        match out.get(&name) {
            Some(_) if quiet => {}
            Some(Some(other))
                if !matches!(
                    project.model(*other).part,
                    FilePart::Test | FilePart::Stub | FilePart::Package
                ) =>
            {
                out.insert(name, None);
            }
            _ => {
                out.insert(name, Some(model.id));
            }
        }
    }
    out
}

/// The label of the app whose migration a file holds.
fn app(project: &Project, file: FileId) -> Sym {
    let module = project.file(file).module.as_str();
    let package = match module.rfind(".migrations") {
        Some(end) => &module[..end],
        None => module.rsplit_once('.').map_or(module, |(package, _)| package),
    };
    project.hints.label(package)
}

/// All columns are fields that the model still has.
fn still_there(project: &Project, model: ModelId, index: &Index) -> bool {
    index.columns.iter().all(|column| match column.part {
        Part::Field(name) | Part::Function { field: name, .. } => project.model_attr(model, name).is_some(),
        Part::Other => true,
    })
}

struct State<'p> {
    project: &'p Project,
    by_table: FxHashMap<String, Option<ModelId>>,
    /// App and old name of a model, in lower case → its new name.
    renamed: FxHashMap<(Sym, String), Sym>,
    found: Vec<(ModelId, Index)>,
    app: Sym,
}

impl<'p> State<'p> {
    fn migration(&mut self, class: ClassId, renames: bool) {
        let project = self.project;
        let scope = Scope::of(project, class);
        let mut operations = Vec::new();
        let assigns: Vec<_> = project
            .class_facts(class)
            .assigns
            .iter()
            .filter(|a| a.name == "operations")
            .collect();
        of_assigns(project, scope, &assigns, MAX_DEPTH, &mut operations);
        for (scope, operation) in operations {
            self.operation(scope, operation, renames, 4);
        }
    }

    fn operation(&mut self, scope: Scope, expr: &'p Expr, renames: bool, depth: u32) {
        let ExprKind::Call(call) = &expr.kind else { return };
        let Some(operation) = call
            .func
            .last_name()
            .and_then(|name| table::operation(name.as_str()))
        else {
            return;
        };
        let renaming = operation.effect == Effect::RenameModel;
        match operation.effect {
            Effect::Nested => self.nested(scope, call, operation, renames, depth),
            _ if renames != renaming => {}
            Effect::RenameModel => {
                if let (Some(old), Some(new)) = (text(call, operation, 0), text(call, operation, 1)) {
                    let key = (self.app, old.as_str().to_lowercase());
                    self.renamed.insert(key, new);
                }
            }
            Effect::Add => {
                if let Some(model) = self.model(call, operation, scope.file)
                    && let Some(value) = argument(call, operation, 1)
                {
                    let origin = IndexOrigin::Migration;
                    let entry = declared::entry(self.project, model, scope, value, origin, MAX_DEPTH);
                    self.found.extend(entry.index.map(|index| (model, index)));
                }
            }
            Effect::Remove => {
                if let Some(model) = self.model(call, operation, scope.file)
                    && let Some(name) = text(call, operation, 1)
                {
                    self.found
                        .retain(|(of, index)| *of != model || !is_named(index, name));
                }
            }
            Effect::Rename => {
                if let Some(model) = self.model(call, operation, scope.file)
                    && let (Some(new), Some(old)) = (text(call, operation, 1), text(call, operation, 2))
                {
                    let own = self.found.iter_mut().filter(|(of, _)| *of == model);
                    own.filter(|(_, index)| is_named(index, old))
                        .for_each(|(_, index)| index.name = Some(new));
                }
            }
            Effect::Sql => {
                if let Some(value) = argument(call, operation, 0) {
                    self.sql(scope, value, 6);
                }
            }
        }
    }

    fn nested(&mut self, scope: Scope, call: &'p Call, operation: &Operation, renames: bool, depth: u32) {
        let Some((depth, value)) = depth.checked_sub(1).zip(argument(call, operation, 0)) else {
            return;
        };
        let mut inner = Vec::new();
        super::items::items(self.project, scope, value, MAX_DEPTH, &mut inner);
        for (scope, operation) in inner {
            self.operation(scope, operation, renames, depth);
        }
    }

    fn model(&self, call: &Call, operation: &Operation, near: FileId) -> Option<ModelId> {
        let mut name = text(call, operation, 0)?;
        for _ in 0..8 {
            match self.renamed.get(&(self.app, name.as_str().to_lowercase())) {
                Some(new) if *new != name => name = *new,
                _ => break,
            }
        }
        let found = self
            .project
            .model_by_label(&format!("{}.{name}", self.app), near)?;
        Some(self.project.concrete(found))
    }

    /// A statement, or a list of statements, each perhaps with its parameters.
    fn sql(&mut self, scope: Scope, value: &'p Expr, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match &value.kind {
            ExprKind::List(items) => items.iter().for_each(|item| self.sql(scope, item, depth)),
            ExprKind::Tuple(items) => {
                if let Some(first) = items.first() {
                    self.sql(scope, first, depth);
                }
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => {
                if let Some((scope, assigns)) = assigned(self.project, scope, value)
                    && let [one] = assigns[..]
                    && let Some(value) = &one.value
                {
                    self.sql(scope, value, depth);
                }
            }
            // dedent("""…""") and """…""".strip()
            ExprKind::Call(call) => {
                let inner = call.positional(0).or(match &call.func.kind {
                    ExprKind::Attr(attr) => Some(&attr.base),
                    _ => None,
                });
                if let Some(inner) = inner {
                    self.sql(scope, inner, depth);
                }
            }
            _ => {
                if let Some(text) = self.text(scope.file, value, 8) {
                    self.statements(&text, Site::new(scope.file, value.span));
                }
            }
        }
    }

    /// The text of a literal, or of literals that are added.
    fn text(&self, file: FileId, value: &Expr, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match &value.kind {
            ExprKind::Const(Const::Str(text)) => Some(text.to_string()),
            ExprKind::Const(Const::Other) => {
                let kept = &self.project.file(file).facts.index_sql;
                kept.iter()
                    .find(|(span, _)| *span == value.span)
                    .map(|(_, text)| text.to_string())
            }
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                let left = self.text(file, &binary.left, depth)?;
                Some(left + &self.text(file, &binary.right, depth)?)
            }
            _ => None,
        }
    }

    fn statements(&mut self, text: &str, site: Site) {
        for statement in sql::statements(text) {
            match statement {
                Statement::Drop(names) => self
                    .found
                    .retain(|(_, index)| !names.iter().any(|name| is_named(index, *name))),
                Statement::Create(create) => {
                    let table = create.table.as_str().to_lowercase();
                    let Some(Some(model)) = self.by_table.get(&table).copied() else {
                        continue;
                    };
                    let index = self.index(model, create, site);
                    self.found.extend(index.map(|index| (model, index)));
                }
            }
        }
    }

    /// `None` when the table no longer has one of the columns.
    fn index(&self, model: ModelId, create: sql::Create, site: Site) -> Option<Index> {
        let names = columns(self.project, model);
        let field = |column: Sym| names.get(&column.as_str().to_lowercase()).copied();
        let column = |column: &sql::SqlColumn| {
            Some(IndexColumn {
                part: match column.part {
                    SqlPart::Column(name) => Part::Field(field(name)?),
                    SqlPart::Function(name, of) => Part::Function {
                        name,
                        field: field(of)?,
                    },
                    SqlPart::Other => Part::Other,
                },
                descending: column.descending,
                nulls: column.nulls,
                opclass: column.opclass,
            })
        };
        let parts = create.columns.iter().map(column).collect::<Option<_>>()?;
        let mut index = Index::new(parts, create.unique, IndexOrigin::Sql, site);
        index.method = create.method;
        index.name = create.name;
        index.include = create.include.iter().filter_map(|name| field(*name)).collect();
        index.condition = create.condition.map(|condition| {
            let mut out = Condition {
                facts: Vec::new(),
                whole: condition.whole,
            };
            for (column, lookup, negated, values) in condition.facts {
                match field(column) {
                    Some(field) => out.facts.push(Fact {
                        field,
                        lookup: Sym::new(lookup),
                        negated,
                        values: Some(values),
                    }),
                    None => out.whole = false,
                }
            }
            out
        });
        index.pattern = is_pattern(&index);
        Some(index)
    }
}

/// The columns of a table by name in lower case, and the fields they belong to.
fn columns(project: &Project, model: ModelId) -> FxHashMap<String, Sym> {
    let m = project.model(model);
    let mut out = FxHashMap::default();
    if let [key] = project.primary_key(model)[..]
        && project.model_attr(model, key) == Some(ModelAttr::Pk)
    {
        out.insert(key.to_string(), key);
    }
    for field in &m.fields {
        let column = field.column.db_column.unwrap_or(field.name);
        out.insert(column.as_str().to_lowercase(), field.name);
    }
    for relation in m.relations.iter().map(|r| project.relation(*r)) {
        if matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne) {
            let given = relation.column.as_ref().and_then(|column| column.db_column);
            let column = given.map_or_else(|| format!("{}_id", relation.name), |name| name.to_string());
            out.insert(column.to_lowercase(), relation.name);
        }
    }
    out
}

fn argument<'c>(call: &'c Call, operation: &Operation, place: usize) -> Option<&'c Expr> {
    let name = operation.arguments.get(place)?;
    call.keyword(name).or_else(|| call.positional(place))
}

fn text(call: &Call, operation: &Operation, place: usize) -> Option<Sym> {
    argument(call, operation, place).and_then(Expr::as_str)
}

fn is_named(index: &Index, name: Sym) -> bool {
    index
        .name
        .is_some_and(|own| own.as_str().eq_ignore_ascii_case(name.as_str()))
}
