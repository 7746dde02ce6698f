//! What the operations of migrations leave behind: models, where their fields are defined, names of indexes.
//!
//! Operations of a project's own are not known; what they change stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use super::{Migrations, Reason};
use crate::facts::{AssignFacts, ClassFacts, FileFacts};
use crate::ir::{Call, Const, Expr, ExprKind};
use crate::project::Project;
use crate::source::{FileId, Site, Sym};

/// The models of one application after all of its migrations, by their names in lower case.
#[derive(Debug, Default)]
pub struct State {
    pub models: BTreeMap<String, ModelState>,
}

/// A model as migrations know it.
#[derive(Debug, Default, Clone)]
pub struct ModelState {
    pub managed: bool,
    /// Where each field got its last definition: the expression.
    pub fields: BTreeMap<Sym, Site>,
    pub indexes: BTreeSet<String>,
}

impl State {
    /// Whether an index of the application has that name.
    pub fn names_index(&self, name: &str) -> bool {
        self.models.values().any(|model| model.indexes.contains(name))
    }

    fn model(&mut self, call: &Call) -> Option<&mut ModelState> {
        let name = text(call, "model_name", 0)?;
        self.models.get_mut(&name.as_str().to_lowercase())
    }
}

impl Migrations {
    /// The state after the last migration.
    pub fn state(&self, project: &Project) -> Result<State, Reason> {
        let mut state = State::default();
        for step in &self.steps {
            let body = Body::of(project, step.file);
            for operation in project.operations(step.file)? {
                state.apply(&body, operation);
            }
        }
        Ok(state)
    }
}

impl Project {
    /// The operations of a migration, in their order.
    pub fn operations(&self, migration: FileId) -> Result<Vec<&Expr>, Reason> {
        const COMPUTED: Reason = "the operations of its migrations are computed";
        let body = Body::of(self, migration);
        let mut all = Vec::new();
        for assign in body.assigns().filter(|assign| assign.name == "operations") {
            let value = assign.value.as_deref().ok_or(COMPUTED)?;
            all.extend(body.list(value).ok_or(COMPUTED)?);
        }
        Ok(all)
    }
}

/// What the text of one migration declares.
struct Body<'p> {
    file: FileId,
    facts: &'p FileFacts,
    class: Option<&'p ClassFacts>,
}

impl<'p> Body<'p> {
    fn of(project: &'p Project, file: FileId) -> Self {
        let class = project.migration_class(file);
        let facts = &project.file(file).facts;
        Self { file, facts, class }
    }

    fn assigns(&self) -> impl Iterator<Item = &'p AssignFacts> + use<'p> {
        self.class.into_iter().flat_map(|class| &class.assigns)
    }

    /// The items of a list, or of the list that a name stands for; none if there may be others.
    fn list(&self, expr: &'p Expr) -> Option<&'p [Expr]> {
        let items = |expr: &'p Expr| match &expr.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => Some(&items[..]),
            _ => None,
        };
        let ExprKind::Name(name) = &expr.kind else {
            return items(expr);
        };
        let named = |assign: &&AssignFacts| assign.name == *name;
        let mut own = self.assigns().filter(named).peekable();
        let mut all: Box<dyn Iterator<Item = &AssignFacts>> = match own.peek() {
            Some(_) => Box::new(own),
            None => Box::new(self.facts.assigns.iter().filter(named)),
        };
        let only = all.next()?;
        if all.next().is_some() {
            return None;
        }
        items(only.value.as_deref()?)
    }
}

impl State {
    /// Makes one operation; see "Migration Operations" of Django's documentation for their arguments.
    fn apply<'p>(&mut self, body: &Body<'p>, operation: &'p Expr) -> Option<()> {
        let file = body.file;
        let ExprKind::Call(call) = &operation.kind else {
            return None;
        };
        match call.func.last_name()?.as_str() {
            "CreateModel" => {
                let name = text(call, "name", 0)?.as_str().to_lowercase();
                self.models.insert(name, created(file, call));
            }
            "DeleteModel" => {
                let name = text(call, "name", 0)?.as_str().to_lowercase();
                self.models.remove(&name);
            }
            "RenameModel" => {
                let old = text(call, "old_name", 0)?.as_str().to_lowercase();
                let new = text(call, "new_name", 1)?.as_str().to_lowercase();
                let model = self.models.remove(&old)?;
                self.models.insert(new, model);
            }
            "AddField" | "AlterField" => {
                let name = text(call, "name", 1)?;
                let field = argument(call, "field", 2)?.span;
                self.model(call)?.fields.insert(name, Site::new(file, field));
            }
            "RemoveField" => {
                let name = text(call, "name", 1)?;
                self.model(call)?.fields.remove(&name);
            }
            "RenameField" => {
                let (old, new) = (text(call, "old_name", 1)?, text(call, "new_name", 2)?);
                let model = self.model(call)?;
                let site = model.fields.remove(&old)?;
                model.fields.insert(new, site);
            }
            "AlterModelOptions" => {
                let options = argument(call, "options", 1)?;
                let managed = !is_false(option(options, "managed"));
                let name = text(call, "name", 0)?.as_str().to_lowercase();
                self.models.get_mut(&name)?.managed = managed;
            }
            "AddIndex" | "AddIndexConcurrently" => {
                let name = index_name(argument(call, "index", 1)?)?;
                self.model(call)?.indexes.insert(name);
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => {
                let name = text(call, "name", 1)?;
                self.model(call)?.indexes.remove(name.as_str());
            }
            "RenameIndex" => {
                let new = text(call, "new_name", 1)?;
                let old = call.keyword("old_name").and_then(Expr::as_str);
                let model = self.model(call)?;
                if let Some(old) = old {
                    model.indexes.remove(old.as_str());
                }
                model.indexes.insert(new.to_string());
            }
            "SeparateDatabaseAndState" => {
                for operation in body.list(argument(call, "state_operations", 1)?)? {
                    self.apply(body, operation);
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// A model as `CreateModel` makes it.
fn created(file: FileId, call: &Call) -> ModelState {
    let mut model = ModelState {
        managed: true,
        ..ModelState::default()
    };
    if let Some(ExprKind::List(fields) | ExprKind::Tuple(fields)) =
        argument(call, "fields", 1).map(|fields| &fields.kind)
    {
        for field in fields {
            let (ExprKind::Tuple(pair) | ExprKind::List(pair)) = &field.kind else {
                continue;
            };
            if let [name, definition] = &pair[..]
                && let Some(name) = name.as_str()
            {
                model.fields.insert(name, Site::new(file, definition.span));
            }
        }
    }
    if let Some(options) = argument(call, "options", 2) {
        model.managed = !is_false(option(options, "managed"));
        if let Some(ExprKind::List(indexes) | ExprKind::Tuple(indexes)) =
            option(options, "indexes").map(|indexes| &indexes.kind)
        {
            model.indexes.extend(indexes.iter().filter_map(index_name));
        }
    }
    model
}

/// An argument of an operation, by its name or place.
pub fn argument<'c>(call: &'c Call, name: &str, nth: usize) -> Option<&'c Expr> {
    call.keyword(name).or_else(|| call.positional(nth))
}

fn text(call: &Call, name: &str, nth: usize) -> Option<Sym> {
    argument(call, name, nth)?.as_str()
}

fn option<'e>(options: &'e Expr, name: &str) -> Option<&'e Expr> {
    let ExprKind::Dict(items) = &options.kind else {
        return None;
    };
    let named = |key: &Expr| key.as_str().is_some_and(|key| key == *name);
    let item = items.iter().find(|item| item.key.as_ref().is_some_and(named));
    item.map(|item| &item.value)
}

fn is_false(value: Option<&Expr>) -> bool {
    value.is_some_and(|value| matches!(value.kind, ExprKind::Const(Const::False)))
}

fn index_name(index: &Expr) -> Option<String> {
    match &index.kind {
        ExprKind::Call(call) => Some(call.keyword("name")?.as_str()?.to_string()),
        _ => None,
    }
}
