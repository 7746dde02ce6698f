//! What the fixes for indexes write: projects in `tests/oracle/migrations.md`, before and after. The oracle asks real
//! Django whether what stands there is what it would have written.
//!
//! Comments say what is wanted: `# index: a, -b where c=1` behind a class, `# drop` behind an entry or a field,
//! `# concurrently` behind an operation, `# unique: a, b`, and `# postgres` anywhere. With `DJPERF_BLESS` set, what
//! becomes of the projects is written down.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[allow(dead_code, reason = "other tests use more of it")]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use djperf::config::{Config, Sources};
use djperf::fix::index::{self, NewIndex};
use djperf::fix::{Desk, Fix, Refusal, Safety};
use djperf::project::indexes::Part;
use djperf::project::{Index, IndexColumn, IndexOrigin, ModelId};
use djperf::report::diagnostic::{Certainty, Diagnostic, Severity};
use djperf::report::unified;
use djperf::session::{self, Fixing, Request};
use djperf::source::{FileId, Site, SourceSet, Span, Sym};

const PAGE: &str = "tests/oracle/migrations.md";

/// One project of the page.
#[derive(Default)]
struct Shape {
    name: String,
    prose: Vec<String>,
    files: BTreeMap<String, String>,
    becomes: BTreeMap<String, String>,
    refused: Vec<String>,
}

fn shapes(page: &str) -> (String, Vec<Shape>) {
    let mut head = String::new();
    let mut all: Vec<Shape> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("## ") {
            all.push(Shape {
                name: name.to_owned(),
                ..Shape::default()
            });
            continue;
        }
        let Some(shape) = all.last_mut() else {
            head.push_str(line);
            head.push('\n');
            continue;
        };
        if let Some(reason) = line.strip_prefix("Refused: ") {
            shape.refused.push(reason.to_owned());
            continue;
        }
        let Some((path, rest)) = line.strip_prefix('`').and_then(|rest| rest.split_once('`')) else {
            if !line.is_empty() {
                shape.prose.push(line.to_owned());
            }
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .skip_while(|line| !line.starts_with("```"))
            .skip(1)
            .take_while(|line| !line.starts_with("```"))
            .collect();
        let text = body.iter().map(|line| format!("{line}\n")).collect();
        let to = if rest == ":" {
            &mut shape.files
        } else {
            &mut shape.becomes
        };
        to.insert(path.to_owned(), text);
    }
    (head, all)
}

impl Shape {
    /// Its files, those that every project has included.
    fn whole(&self) -> BTreeMap<String, String> {
        let mut all = self.files.clone();
        let mut add = |path: String, text: String| {
            all.entry(path).or_insert(text);
        };
        let mut apps = Vec::new();
        for path in self.files.keys() {
            if let Some((dir, _)) = path.rsplit_once('/') {
                add(format!("{dir}/__init__.py"), String::new());
            }
            apps.extend(path.strip_suffix("/models.py").map(str::to_owned));
        }
        let apps: String = apps.iter().map(|app| format!("    \"{app}\",\n")).collect();
        let settings = format!(
            "INSTALLED_APPS = [\n    \"django.contrib.contenttypes\",\n    \"django.contrib.auth\",\n{apps}]\n\
             DATABASES = {{\"default\": {{\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \":memory:\"}}}}\n\
             DEFAULT_AUTO_FIELD = \"django.db.models.BigAutoField\"\nSECRET_KEY = \"x\"\n"
        );
        let more = all.remove("settings.py").unwrap_or_default();
        all.insert("settings.py".into(), settings + &more);
        all.insert("manage.py".into(), "import django\n".into());
        all
    }

    fn shown(&self) -> String {
        let mut out = format!("## {}\n\n", self.name);
        for line in &self.prose {
            let _ = writeln!(out, "{line}\n");
        }
        for (files, word) in [(&self.files, ""), (&self.becomes, " becomes")] {
            for (path, text) in files {
                let _ = write!(out, "`{path}`{word}:\n\n```python\n{text}```\n\n");
            }
        }
        for reason in &self.refused {
            let _ = writeln!(out, "Refused: {reason}\n");
        }
        out
    }
}

fn request(dir: &Path) -> Request {
    let config = Config::load(Sources {
        start: dir,
        isolated: true,
        overrides: &[],
    });
    Request {
        cwd: dir.to_owned(),
        paths: vec![dir.to_owned()],
        config: config.unwrap(),
        threads: Some(1),
        overlay: Default::default(),
    }
}

fn fix(dir: &Path) -> Fixing {
    session::fix_by(&request(dir), Safety::Unsafe, &wanted).unwrap()
}

/// What the comments ask for and the project does not have yet.
fn wanted(desk: &Desk<'_, '_>, sources: &SourceSet) -> Vec<Diagnostic> {
    let postgres = sources.iter().any(|(_, file)| file.text.contains("# postgres"));
    let mut found = Vec::new();
    for (file, source) in sources.iter() {
        let mut at = 0;
        for line in source.text.split_inclusive('\n') {
            let start = at;
            at += line.len() as u32;
            let span = Span::new(start, start + line.trim_end().len() as u32);
            let Some((code, comment)) = line.trim_end().split_once("  # ") else {
                continue;
            };
            let model = || {
                desk.project
                    .models()
                    .iter()
                    .find(|model| model.site.file == file && (start..at).contains(&model.site.span.start))
            };
            let (what, rest) = comment.split_once(": ").unwrap_or((comment, ""));
            let mut tell = |message: &str, fix: Result<Fix, Refusal>| {
                found.push(diagnostic(file, span, message, fix));
            };
            match what {
                "index" => {
                    let model = model().unwrap();
                    for one in rest.split("; ") {
                        let (new, groups) = parsed(model.id, one);
                        let has = |index: &Index| {
                            let names: Vec<String> = index.columns.iter().map(signed).collect();
                            index.origin == IndexOrigin::MetaIndexes && names == groups
                        };
                        let expressed = groups.is_empty() && source.text.matches(one).count() > 1;
                        if !desk.project.indexes(model.id).iter().any(has) && !expressed {
                            tell(one, index::add(desk, &new, postgres));
                        }
                    }
                }
                "unique" => {
                    let model = model().unwrap();
                    let names: Vec<Sym> = rest.split(", ").map(Sym::new).collect();
                    tell(rest, index::unique(desk, model.id, &names));
                }
                "drop"
                    if ["Index(", "db_index=True", "SlugField("]
                        .iter()
                        .any(|s| code.contains(s))
                        && !code.contains("db_index=False") =>
                {
                    let named = code.find(" = ").map(|n| n + 3);
                    let from = code.find("models.").or(named).unwrap_or(0) as u32;
                    let end = code.trim_end_matches([',', ']']).len() as u32;
                    let site = Site::new(file, Span::new(start + from, start + end));
                    let around = desk.project.models().iter().find(|model| {
                        let class = desk.project.class_facts(model.class);
                        model.site.file == file && class.span.contains(site.span)
                    });
                    let around = around.unwrap();
                    // A finding about an abstract model is told at one that inherits from it.
                    let heir = desk.project.models().iter().find(|model| {
                        !model.meta.abstract_ && desk.project.is_subclass(model.class, around.class)
                    });
                    tell(
                        code.trim(),
                        index::remove(desk, heir.unwrap_or(around).id, site, postgres),
                    );
                }
                "concurrently" if code.contains("migrations.") => {
                    let from = code.find("migrations.").unwrap() as u32 + start;
                    let rest = &source.text[from as usize..];
                    let end = rest.find("\n        ),").unwrap() as u32 + 10;
                    let site = Site::new(file, Span::new(from, from + end));
                    tell(code.trim(), index::concurrent(desk, site));
                }
                _ => {}
            }
        }
    }
    found
}

/// `-created`.
fn signed(column: &IndexColumn) -> String {
    let sign = if column.descending { "-" } else { "" };
    match column.part {
        Part::Field(field) => format!("{sign}{field}"),
        _ => String::new(),
    }
}

/// A wish, and its columns with their signs.
fn parsed(model: ModelId, text: &str) -> (NewIndex, Vec<String>) {
    let (columns, condition) = text.split_once(" where ").unwrap_or((text, ""));
    let mut new = NewIndex::over(model, Vec::new());
    if let Some((name, _)) = columns.split_once('(') {
        new.expressions = vec![columns.to_owned()];
        new.imports = vec![(Sym::new("django.db.models.functions"), Sym::new(name))];
        return (new, Vec::new());
    }
    let names: Vec<String> = columns.split(", ").map(str::to_owned).collect();
    new.columns = names
        .iter()
        .map(|name| (Sym::new(name.trim_start_matches('-')), name.starts_with('-')))
        .collect();
    let conditions = condition.split(", ").filter_map(|part| part.split_once('='));
    new.condition = conditions
        .map(|(name, value)| (Sym::new(name), value.to_owned()))
        .collect();
    (new, names)
}

fn diagnostic(file: FileId, span: Span, message: &str, fix: Result<Fix, Refusal>) -> Diagnostic {
    Diagnostic {
        rule: "related-access-in-loop",
        code: "DJP101",
        group: "n-plus-one",
        severity: Severity::Info,
        certainty: Certainty::Certain,
        message: message.to_owned(),
        help: fix.as_ref().err().map(ToString::to_string),
        file,
        span,
        model: None,
        relations: Vec::new(),
        fields: Vec::new(),
        queries: None,
        endpoints: Vec::new(),
        labels: Vec::new(),
        fix: fix.ok(),
    }
}

fn read(dir: &Path, at: &Path, out: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(dir, &path, out);
        } else {
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            out.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// What becomes of a project, and why some wishes were refused.
fn run(shape: &Shape) -> (BTreeMap<String, String>, Vec<String>) {
    let dir = lay(shape);
    let before = shape.whole();
    let fixing = fix(dir.path());
    assert!(
        fixing.outcome.notes.is_empty(),
        "{}: {:?}",
        shape.name,
        fixing.outcome.notes
    );
    session::write(&fixing.changes).unwrap();
    let mut after = BTreeMap::new();
    read(dir.path(), dir.path(), &mut after);
    after.retain(|path, text| before.get(path) != Some(text));
    let again = fix(dir.path());
    assert!(again.changes.is_empty(), "{}: fixed twice", shape.name);
    let left = fixing.outcome.diagnostics.iter();
    let mut refused: Vec<String> = left.filter_map(|one| one.help.clone()).collect();
    refused.sort();
    (after, refused)
}

#[test]
fn projects_become_what_the_page_says() {
    let (head, mut all) = shapes(&fs::read_to_string(PAGE).unwrap());
    let bless = std::env::var_os("DJPERF_BLESS").is_some();
    assert!(all.len() > 15);
    let mut wrong = String::new();
    for shape in &mut all {
        let (after, refused) = run(shape);
        if bless {
            (shape.becomes, shape.refused) = (after, refused);
            continue;
        }
        if (&after, &refused) != (&shape.becomes, &shape.refused) {
            let _ = writeln!(wrong, "{}: {refused:?}", shape.name);
            for (path, text) in after {
                let _ = writeln!(wrong, "`{path}`:\n{text}");
            }
        }
    }
    assert_eq!(wrong, "");
    if bless {
        let page: Vec<String> = all.iter().map(Shape::shown).collect();
        fs::write(PAGE, format!("{}{}", head, page.concat().trim_end()) + "\n").unwrap();
    }
}

/// A copy of a project on disk.
fn lay(shape: &Shape) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in shape.whole() {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn shape(name: &str) -> Shape {
    let (_, all) = shapes(&fs::read_to_string(PAGE).unwrap());
    all.into_iter().find(|shape| shape.name == name).unwrap()
}

#[test]
fn patches_create_the_migration() {
    let shape = shape("No Meta");
    for tool in [["git", "apply", "-p1"], ["patch", "-s", "-p1"]] {
        let dir = lay(&shape);
        let mut request = request(dir.path());
        request.paths = vec![".".into()];
        let fixing = session::fix_by(&request, Safety::Unsafe, &wanted).unwrap();
        let patches = fixing.changes.iter().flat_map(|change| {
            let file = &change.rewrite;
            unified(&file.path, file.old.as_deref(), &file.new)
        });
        let patch: Vec<u8> = patches.collect();
        fs::write(dir.path().join("all.patch"), &patch).unwrap();
        let input = fs::File::open(dir.path().join("all.patch")).unwrap();
        let mut command = std::process::Command::new(tool[0]);
        let done = command
            .args(&tool[1..])
            .current_dir(dir.path())
            .stdin(input)
            .status();
        match done {
            Ok(status) => assert!(status.success(), "{tool:?}"),
            // Not every machine has both.
            Err(_) => continue,
        }
        for (path, text) in &shape.becomes {
            assert_eq!(
                &fs::read_to_string(dir.path().join(path)).unwrap(),
                text,
                "{tool:?}"
            );
        }
    }
}

#[test]
fn documents_hold_the_new_file_as_an_edit() {
    let shape = shape("No Meta");
    let dir = lay(&shape);
    let outcome = session::check_by(&request(dir.path()), &wanted).unwrap();
    let fix = outcome.diagnostics[0].fix.as_ref().unwrap();
    let [migration] = &fix.migrations[..] else {
        panic!()
    };
    let path = migration.path(&outcome.sources);
    let (_, text) = shape
        .becomes
        .iter()
        .find(|(name, _)| path.ends_with(name.as_str()))
        .unwrap();
    assert_eq!(&migration.text(), text);
    let document: serde_json::Value = serde_json::from_str(&support::document(&outcome)).unwrap();
    let edits = document["diagnostics"][0]["fix"]["edits"].as_array().unwrap();
    let new = edits.last().unwrap();
    assert_eq!(
        (&new["path"], &new["content"]),
        (&path.into(), &text.as_str().into())
    );
    let schema = serde_json::from_str(djperf::report::json::SCHEMA).unwrap();
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&document));
}

#[test]
fn constraints_are_shown_and_not_made() {
    let mut shape = shape("No Meta");
    let models = shape.files.get_mut("blog/models.py").unwrap();
    *models = models.replace("# index: status, -created", "# unique: status, created");
    let (after, _) = run(&shape);
    assert!(after.is_empty());
    let dir = lay(&shape);
    let outcome = session::check_by(&request(dir.path()), &wanted).unwrap();
    let fix = outcome.diagnostics[0].fix.as_ref().unwrap();
    let [edit] = &fix.edits[..] else { panic!() };
    assert_eq!(
        edit.content,
        "\n\n    class Meta:\n        constraints = [\n            models.UniqueConstraint(\n                \
         fields=[\"status\", \"created\"], name=\"unique_entry_status_created\"\n            ),\n        ]"
    );
    let text = fix.migrations[0].text();
    let operation = "
        migrations.AddConstraint(
            model_name=\"entry\",
            constraint=models.UniqueConstraint(
                fields=[\"status\", \"created\"], name=\"unique_entry_status_created\"
            ),
        ),
";
    assert!(text.contains(operation), "{text}");
}

#[test]
fn a_file_in_the_way_stays_and_nothing_is_done_in_part() {
    let shape = shape("Two applications");
    let dir = lay(&shape);
    // Ignored files are none of the project, and there all the same.
    fs::write(dir.path().join(".gitignore"), "0002_*\n").unwrap();
    let taken = shape
        .becomes
        .keys()
        .find(|path| path.starts_with("blog/migrations/"))
        .unwrap();
    fs::write(dir.path().join(taken), "mine\n").unwrap();
    let fixing = fix(dir.path());
    let changed: Vec<&str> = fixing
        .changes
        .iter()
        .map(|change| change.rewrite.path.rsplit("shop/").next().unwrap())
        .collect();
    assert_eq!(
        changed,
        [
            "migrations/0002_order_shop_order_state_5ffc4c_idx.py",
            "models.py"
        ]
    );
    assert!(
        fixing.outcome.notes[0].ends_with("not created: a file of that name is there already"),
        "{:?}",
        fixing.outcome.notes
    );
    session::write(&fixing.changes).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join(taken)).unwrap(), "mine\n");
    let models = fs::read_to_string(dir.path().join("blog/models.py")).unwrap();
    assert_eq!(models, shape.files["blog/models.py"]);
}

#[test]
fn several_rounds_write_one_migration() {
    let (_, all) = shapes(&fs::read_to_string(PAGE).unwrap());
    let shape = all
        .iter()
        .find(|shape| shape.name == "Several indexes of one model")
        .unwrap();
    let (one, _) = run(shape);
    let (two, _) = run(shape);
    assert_eq!(one, two);
    let migrations: Vec<&String> = one.keys().filter(|path| path.contains("migrations/")).collect();
    assert_eq!(
        migrations.len(),
        1,
        "one migration for all rounds: {migrations:?}"
    );
}
