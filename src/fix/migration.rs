//! Migrations to be written: their operations, their names and their texts, as `makemigrations` would make them.
//!
//! Knows no models and no files on a disk. A migration takes more operations in until it is written.

use std::collections::BTreeSet;

use super::apply::line_ending;
use super::code::{Code, Frame};
use crate::source::{FileId, SourceSet, Sym};

/// Names of files are cut as `Migration.suggest_name` and `MigrationAutodetector` cut them.
const SUGGESTED: usize = 52;
const LONGEST: usize = 100;

/// A migration to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migration {
    /// The file of the migration that it follows, in the directory that it goes to.
    pub after: FileId,
    /// Application and name of the same.
    dependency: (Sym, Sym),
    number: u32,
    /// Whether the database makes all of it or nothing.
    pub atomic: bool,
    imports: BTreeSet<(u8, String, String)>,
    operations: Vec<Operation>,
    style: Habits,
}

/// How the migrations of an application look.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Habits {
    quote: char,
    width: usize,
    /// An empty line follows the name of the class.
    airy: bool,
    ending: &'static str,
}

/// When an operation comes: `MigrationAutodetector._detect_changes` asks for them in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Phase {
    RemoveIndex,
    AlterField,
    AddIndex,
    AddConstraint,
}

/// One operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Operation {
    pub phase: Phase,
    /// In lower case.
    pub model: String,
    /// What it adds to the name of the migration.
    pub fragment: String,
    pub code: Code,
}

impl Migration {
    /// The first operations behind the migration `name` of an application, which stands in a file of that text.
    pub(super) fn new(after: FileId, (app, name): (Sym, Sym), number: u32, text: &str) -> Self {
        let quote = super::layout::Style::of(text).quote;
        let body = text.split("class Migration(").nth(1).unwrap_or_default();
        let body = body.replace("\r\n", "\n").replace('\r', "\n");
        let airy = body.lines().nth(1).is_none_or(|line| line.trim().is_empty());
        Self {
            after,
            dependency: (app, name),
            number,
            atomic: true,
            imports: BTreeSet::new(),
            operations: Vec::new(),
            style: Habits {
                quote,
                width: 88,
                airy,
                ending: line_ending(text),
            },
        }
    }

    /// A string literal as it stands in this migration.
    pub(super) fn string(&self, text: &str) -> Code {
        Code::text(format!("{0}{text}{0}", self.style.quote))
    }

    pub(super) fn quote(&self) -> char {
        self.style.quote
    }

    /// A `from module import name`, or an `import module`.
    pub(super) fn import(&mut self, module: &str, name: Option<&str>) {
        let kind = u8::from(name.is_some());
        let name = name.unwrap_or_default().to_owned();
        self.imports.insert((kind, module.to_owned(), name));
    }

    pub(super) fn push(&mut self, operation: Operation) {
        self.operations.push(operation);
    }

    /// Whether the operations of both may stand in one migration.
    pub fn accepts(&self, other: &Self) -> bool {
        self.atomic == other.atomic
    }

    /// Takes in the operations of another migration of the same application, each once.
    pub fn extend(&mut self, other: &Self) {
        self.imports.extend(other.imports.iter().cloned());
        for operation in &other.operations {
            if !self.operations.contains(operation) {
                self.operations.push(operation.clone());
            }
        }
    }

    /// The operations in the order in which they are made.
    fn ordered(&self) -> Vec<&Operation> {
        let mut all: Vec<&Operation> = self.operations.iter().collect();
        // Fields by their names, indexes as the model lists them.
        let field = |one: &&Operation| match one.phase {
            Phase::AlterField => one.fragment.clone(),
            _ => String::new(),
        };
        all.sort_by_key(|one| (one.phase, one.model.clone(), field(one)));
        all
    }

    /// The name of the module.
    pub fn name(&self) -> String {
        let mut name = String::new();
        for operation in self.ordered() {
            let fragment = operation.fragment.to_lowercase();
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let fragment: Vec<&str> = fragment.split(|c| !word(c)).filter(|s| !s.is_empty()).collect();
            let fragment = fragment.join("_");
            if name.is_empty() {
                name = fragment;
            } else if name.len() + 1 + fragment.len() > SUGGESTED {
                name.push_str("_and_more");
                break;
            } else {
                name = format!("{name}_{fragment}");
            }
        }
        name.truncate(LONGEST);
        format!("{:04}_{name}", self.number)
    }

    /// The path of the file, as it is reported.
    pub fn path(&self, sources: &SourceSet) -> String {
        let beside = &sources.get(self.after).path;
        let dir = beside.rfind('/').map_or("", |at| &beside[..=at]);
        format!("{dir}{}.py", self.name())
    }

    /// The whole file.
    pub fn text(&self) -> String {
        let frame = Frame {
            unit: "    ",
            width: self.style.width,
        };
        let mut lines = self.import_lines();
        lines.extend([
            String::new(),
            String::new(),
            "class Migration(migrations.Migration):".to_owned(),
        ]);
        if !self.atomic {
            lines.extend(["    atomic = False".to_owned(), String::new()]);
        } else if self.style.airy {
            lines.push(String::new());
        }
        let (app, name) = self.dependency;
        let dependency = Code::tuple(vec![self.string(app.as_str()), self.string(name.as_str())]);
        let dependencies = Code::list(vec![dependency]).spread();
        lines.extend(dependencies.lines(frame, "    ", "dependencies = ", ""));
        lines.push(String::new());
        let operations = self.ordered();
        let operations = operations.iter().map(|one| one.code.clone().spread()).collect();
        let operations = Code::list(operations).spread();
        lines.extend(operations.lines(frame, "    ", "operations = ", ""));
        lines.push(String::new());
        lines.join(self.style.ending)
    }

    /// As `MigrationWriter.as_string` sorts them: plain imports, then those of names, each by module.
    fn import_lines(&self) -> Vec<String> {
        let mut all = self.imports.clone();
        all.insert((1, "django.db".to_owned(), "migrations".to_owned()));
        let mut lines: Vec<String> = Vec::new();
        let all: Vec<_> = all.into_iter().collect();
        for block in all.chunk_by(|a, b| a.0 == 1 && (a.0, &a.1) == (b.0, &b.1)) {
            let (kind, module, _) = &block[0];
            let names: Vec<&str> = block.iter().map(|(_, _, name)| name.as_str()).collect();
            let line = match kind {
                0 => format!("import {module}"),
                _ => format!("from {module} import {}", names.join(", ")),
            };
            if *kind == 0 || line.chars().count() <= self.style.width {
                lines.push(line);
                continue;
            }
            lines.push(format!("from {module} import ("));
            lines.extend(names.iter().map(|name| format!("    {name},")));
            lines.push(")".to_owned());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::code::Code;
    use super::{Migration, Operation, Phase};
    use crate::source::{FileId, Sym};

    const BEFORE: &str = "class Migration(migrations.Migration):\n\n    dependencies = []\n";

    fn migration(text: &str) -> Migration {
        let dependency = (Sym::new("blog"), Sym::new("0009_x"));
        let mut made = Migration::new(FileId(0), dependency, 10, text);
        made.import("django.db", Some("models"));
        made
    }

    fn add(to: &mut Migration, phase: Phase, model: &str, name: &str) {
        let code = Code::call("migrations.Do", vec![to.string(name)]);
        to.push(Operation {
            phase,
            model: model.to_owned(),
            fragment: format!("{model}_{name}"),
            code,
        });
    }

    #[test]
    fn texts_are_those_of_makemigrations() {
        let mut made = migration(BEFORE);
        add(&mut made, Phase::AddIndex, "entry", "b_idx");
        made.import("django.db.models.functions", Some("Upper"));
        made.import("blog.fields", None);
        assert_eq!(
            made.text(),
            "import blog.fields
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):

    dependencies = [
        (\"blog\", \"0009_x\"),
    ]

    operations = [
        migrations.Do(
            \"b_idx\",
        ),
    ]
"
        );
        assert_eq!(made.name(), "0010_entry_b_idx");
    }

    #[test]
    fn long_imports_and_altered_fields_are_in_order() {
        let mut made = migration(BEFORE);
        let module = "django.contrib.postgres.operations";
        made.import(module, Some("RemoveIndexConcurrently"));
        made.import(module, Some("AddIndexConcurrently"));
        add(&mut made, Phase::AlterField, "entry", "b");
        add(&mut made, Phase::AlterField, "entry", "a");
        let text = made.text();
        let import = "from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models
";
        assert!(text.starts_with(import), "{text}");
        assert_eq!(made.name(), "0010_entry_a_entry_b");
    }

    #[test]
    fn habits_are_those_of_the_migration_before() {
        let before = BEFORE
            .replace("\n\n    d", "\n    name = 'a'\n    d")
            .replace('\n', "\r\n");
        let mut made = migration(&before);
        add(&mut made, Phase::AddIndex, "entry", "b");
        assert!(
            made.text()
                .contains("Migration):\r\n    dependencies = [\r\n        ('blog', '0009_x'),\r\n")
        );
        let mut old = migration(&before.replace("\r\n", "\r"));
        add(&mut old, Phase::AddIndex, "entry", "b");
        assert!(old.text().contains("Migration):\r    dependencies = [\r"));
        made.atomic = false;
        assert!(
            made.text()
                .contains("Migration):\r\n    atomic = False\r\n\r\n    dependencies")
        );
    }

    #[test]
    fn operations_come_in_the_order_of_the_autodetector() {
        let mut made = migration(BEFORE);
        add(&mut made, Phase::AddIndex, "entry", "x");
        add(&mut made, Phase::AddIndex, "author", "y");
        add(&mut made, Phase::AddIndex, "entry", "a");
        let mut other = migration(BEFORE);
        add(&mut other, Phase::RemoveIndex, "entry", "z");
        add(&mut other, Phase::AddIndex, "entry", "x");
        made.extend(&other);
        assert_eq!(made.name(), "0010_entry_z_author_y_entry_x_entry_a");
        add(&mut made, Phase::AddIndex, "tag", &"long_".repeat(5));
        assert_eq!(made.name(), "0010_entry_z_author_y_entry_x_entry_a_and_more");
        let mut alone = migration(BEFORE);
        add(&mut alone, Phase::AddIndex, "m", &"x".repeat(120));
        assert_eq!(alone.name().len(), 105);
    }
}
