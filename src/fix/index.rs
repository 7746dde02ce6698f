//! Indexes of models: one more or one less in `Meta`, and the migration that tells the database.
//!
//! What is worth an index is not known here. A model whose state in the migrations cannot be told gets none.

mod columns;
mod concurrent;
mod meta;
mod remove;

pub use concurrent::concurrent;
pub use remove::remove;

use crate::project::migrations::{Migrations, ModelState, State, Step};
use crate::project::{Model, ModelId, Part, RelKind};
use crate::source::{Site, Sym};

use self::columns::Name;
use super::code::Code;
use super::imports::Imports;
use super::layout::Style;
use super::migration::{Operation, Phase};
use super::scope::Scope;
use super::{Desk, Fix, Migration, Refusal, Safety};

/// An index that a model shall have.
#[derive(Debug, Clone)]
pub struct NewIndex {
    pub model: ModelId,
    /// Names of fields, and whether they descend.
    pub columns: Vec<(Sym, bool)>,
    /// Fields and the Python text of the values for which rows are in the index.
    pub condition: Vec<(Sym, String)>,
    pub opclasses: Vec<Sym>,
    /// Python text of expressions in place of columns.
    pub expressions: Vec<String>,
    /// Module and name of what the expressions mention.
    pub imports: Vec<(Sym, Sym)>,
    /// Module and name of the class, where it is not `models.Index`.
    pub class: Option<(Sym, Sym)>,
}

impl NewIndex {
    /// A plain index over columns.
    pub fn over(model: ModelId, columns: Vec<(Sym, bool)>) -> Self {
        Self {
            model,
            columns,
            condition: Vec::new(),
            opclasses: Vec::new(),
            expressions: Vec::new(),
            imports: Vec::new(),
            class: None,
        }
    }

    /// `status, -created` with what it is narrowed by.
    fn title(&self) -> String {
        let columns = self.columns.iter().map(|(name, down)| signed(*name, *down));
        let all: Vec<String> = columns.chain(self.expressions.iter().cloned()).collect();
        let condition: Vec<String> = self
            .condition
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let only = if condition.is_empty() { "" } else { " where " };
        format!("{}{only}{}", all.join(", "), condition.join(", "))
    }
}

fn signed(name: Sym, down: bool) -> String {
    format!("{}{name}", if down { "-" } else { "" })
}

/// Gives a model an index, in its `Meta` and in a migration; on PostgreSQL without a lock on its table.
pub fn add(desk: &Desk<'_, '_>, new: &NewIndex, postgres: bool) -> Result<Fix, Refusal> {
    let known = Known::of(desk, new.model)?;
    let model = known.model;
    for (name, _) in &new.columns {
        known.has(desk, *name)?;
    }
    for (name, _) in &new.condition {
        let field = name.as_str().split("__").next().unwrap_or_default();
        known.has(desk, Sym::new(field))?;
    }
    let name = columns::name(desk.project, model, new)?;
    let habit = meta::names_indexes(desk.project, model);
    let (name, shown) = match name {
        Name::Given(name) => (name, true),
        Name::Derived(name) => (name, habit),
    };
    if known.state.names_index(&name) {
        return Err("the app has an index of that name already");
    }

    let file = model.site.file;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let scope = Scope::empty();
    let mut imports = Imports::new(desk.project, file, &module, text, &scope);
    let class = match new.class {
        Some((module, name)) => imports.named(module.as_str(), name.as_str())?,
        None => imports.model_part("Index")?,
    };
    let quote = meta::quote(desk, model)?;
    let style = Style {
        quote,
        ..Style::of(text)
    };
    let string = |text: &str| Code::text(style.string(text));
    let mut items: Vec<Code> = Vec::new();
    for (module, name) in &new.imports {
        if imports.named(module.as_str(), name.as_str())? != *name.as_str() {
            return Err("what its expressions need has another name here");
        }
    }
    items.extend(new.expressions.iter().map(Code::text));
    if !new.columns.is_empty() {
        items.push(Code::keyword("fields", fields(new, &string)));
    }
    if shown {
        items.push(Code::keyword("name", string(&name)));
    }
    if !new.condition.is_empty() {
        let q = imports.model_part("Q")?;
        let part = |(name, value): &(Sym, String)| Code::keyword(name.as_str(), quoted(value, quote));
        let condition = new.condition.iter().map(part).collect();
        items.push(Code::keyword("condition", Code::call(&q, condition)));
    }
    if !new.opclasses.is_empty() {
        items.push(Code::keyword("opclasses", opclasses(new, &string)));
    }
    let mut edits = imports.edits()?;
    edits.extend(meta::appended(desk, model, "indexes", Code::call(&class, items))?);

    let mut migration = known.migration(desk);
    migration.import("django.db", Some("models"));
    let string = |text: &str| migration.string(text);
    let mut items: Vec<Code> = new.expressions.iter().map(Code::text).collect();
    // Sorted by name, as the serializer of migrations does.
    if !new.condition.is_empty() {
        let mut parts: Vec<&(Sym, String)> = new.condition.iter().collect();
        parts.sort_by_key(|(name, _)| name.as_str());
        let quote = migration.quote();
        let part =
            |(name, value): &&(Sym, String)| Code::tuple(vec![string(name.as_str()), quoted(value, quote)]);
        let condition = Code::call("models.Q", parts.iter().map(part).collect());
        items.push(Code::keyword("condition", condition));
    }
    if !new.columns.is_empty() {
        items.push(Code::keyword("fields", fields(new, &string)));
    }
    items.push(Code::keyword("name", string(&name)));
    if !new.opclasses.is_empty() {
        items.push(Code::keyword("opclasses", opclasses(new, &string)));
    }
    let class = match new.class {
        Some((module, name)) => {
            migration.import(module.as_str(), None);
            format!("{module}.{name}")
        }
        None => "models.Index".to_owned(),
    };
    for (module, name) in &new.imports {
        migration.import(module.as_str(), Some(name.as_str()));
    }
    let arguments = vec![
        Code::keyword("model_name", migration.string(&known.lower)),
        Code::keyword("index", Code::call(&class, items)),
    ];
    let fragment = format!("{}_{name}", known.lower);
    known.push(&mut migration, Phase::AddIndex, fragment, postgres, arguments);
    let title = format!("Add an index on `{}` to `{}`", new.title(), model.name);
    let mut fix = Fix::in_file(Safety::Unsafe, title, file, edits)?;
    fix.migrations.push(migration);
    Ok(fix)
}

/// Gives a model a constraint that its rows differ in some fields: shown, as rows that do not may be there.
pub fn unique(desk: &Desk<'_, '_>, model: ModelId, names: &[Sym]) -> Result<Fix, Refusal> {
    let known = Known::of(desk, model)?;
    let model = known.model;
    for name in names {
        known.has(desk, *name)?;
    }
    let joined: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let name = format!("unique_{}_{}", known.lower, joined.join("_"));
    if name.len() > 60 {
        return Err("the constraint needs a name");
    }
    let file = model.site.file;
    let module = desk.trees.get(file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(file);
    let scope = Scope::empty();
    let mut imports = Imports::new(desk.project, file, &module, text, &scope);
    let class = imports.model_part("UniqueConstraint")?;
    let style = Style {
        quote: meta::quote(desk, model)?,
        ..Style::of(text)
    };
    let arguments = |string: &dyn Fn(&str) -> Code| {
        let fields = names.iter().map(|name| string(name.as_str())).collect();
        vec![
            Code::keyword("fields", Code::list(fields)),
            Code::keyword("name", string(&name)),
        ]
    };
    let entry = Code::call(&class, arguments(&|text| Code::text(style.string(text))));
    let mut edits = imports.edits()?;
    edits.extend(meta::appended(desk, model, "constraints", entry)?);
    let mut migration = known.migration(desk);
    migration.import("django.db", Some("models"));
    let constraint = arguments(&|text| migration.string(text));
    let code = Code::call(
        "migrations.AddConstraint",
        vec![
            Code::keyword("model_name", migration.string(&known.lower)),
            Code::keyword("constraint", Code::call("models.UniqueConstraint", constraint)),
        ],
    );
    migration.push(Operation {
        phase: Phase::AddConstraint,
        model: known.lower.clone(),
        fragment: format!("{}_{name}", known.lower),
        code,
    });
    let title = format!("Make `{}` unique in `{}`", joined.join(", "), model.name);
    let mut fix = Fix::in_file(Safety::Display, title, file, edits)?;
    fix.migrations.push(migration);
    Ok(fix)
}

fn fields(new: &NewIndex, string: &dyn Fn(&str) -> Code) -> Code {
    let field = |(name, down): &(Sym, bool)| string(&signed(*name, *down));
    Code::list(new.columns.iter().map(field).collect())
}

fn opclasses(new: &NewIndex, string: &dyn Fn(&str) -> Code) -> Code {
    Code::list(new.opclasses.iter().map(|name| string(name.as_str())).collect())
}

/// A value with the quotes that its neighbours have, where it is a plain text.
fn quoted(value: &str, quote: char) -> Code {
    let inner = value
        .strip_prefix(['"', '\''])
        .and_then(|rest| rest.strip_suffix(['"', '\'']))
        .filter(|inner| !inner.contains(['"', '\'', '\\']));
    Code::text(inner.map_or_else(|| value.to_owned(), |inner| format!("{quote}{inner}{quote}")))
}

/// A model that may be changed, and what its migrations say.
struct Known<'a> {
    model: &'a Model,
    /// The name in operations.
    lower: String,
    state: State,
    now: ModelState,
    leaf: Step,
    app: Sym,
}

impl<'a> Known<'a> {
    fn of(desk: &Desk<'a, '_>, id: ModelId) -> Result<Self, Refusal> {
        let model = desk.project.model(id);
        if !matches!(model.part, Part::Source | Part::Command) {
            return Err("the model is not the project's own");
        }
        if model.meta.abstract_ {
            return Err("the model is abstract: each model that inherits from it would get the index");
        }
        if model.meta.proxy {
            return Err("the model is a proxy: the index belongs to the model it stands for");
        }
        if !model.meta.managed {
            return Err("Django does not manage the table of the model");
        }
        let migrations: Migrations = desk.project.migrations(id)?;
        let leaf = migrations.leaf()?.clone();
        let state = migrations.state(desk.project)?;
        let lower = model.name.as_str().to_lowercase();
        let now = state.models.get(&lower).cloned();
        let now = now.ok_or("no migration creates the model")?;
        if !now.managed {
            return Err("Django does not manage the table of the model");
        }
        Ok(Self {
            model,
            lower,
            state,
            now,
            leaf,
            app: migrations.app,
        })
    }

    /// Whether a field is a column of the model's own table, now and in the migrations.
    fn has(&self, desk: &Desk<'_, '_>, name: Sym) -> Result<(), Refusal> {
        let column = self.model.fields.iter().any(|field| field.name == name);
        let related = self.model.relations.iter().any(|id| {
            let relation = desk.project.relation(*id);
            relation.name == name && matches!(relation.kind, RelKind::ForeignKey | RelKind::OneToOne)
        });
        if !column && !related && name != "id" {
            return Err("the field is no column of the model's own table");
        }
        if !self.now.fields.contains_key(&name) {
            return Err("no migration adds the field yet: run makemigrations first");
        }
        Ok(())
    }

    /// The migration behind all others of the application.
    fn migration(&self, desk: &Desk<'_, '_>) -> Migration {
        let number = Migrations::next_number(self.leaf.name.as_str());
        let text = desk.trees.text(self.leaf.file);
        Migration::new(self.leaf.file, (self.app, self.leaf.name), number, text)
    }

    /// Adds an operation on an index.
    fn push(
        &self,
        migration: &mut Migration,
        phase: Phase,
        fragment: String,
        postgres: bool,
        arguments: Vec<Code>,
    ) {
        let operation = match phase {
            Phase::RemoveIndex => "RemoveIndex",
            _ => "AddIndex",
        };
        let callee = if postgres {
            let name = format!("{operation}Concurrently");
            migration.atomic = false;
            migration.import(concurrent::OPERATIONS, Some(&name));
            name
        } else {
            format!("migrations.{operation}")
        };
        migration.push(Operation {
            phase,
            model: self.lower.clone(),
            fragment,
            code: Code::call(&callee, arguments),
        });
    }

    /// The class of the model as a place.
    fn site(&self) -> Site {
        self.model.site
    }
}
