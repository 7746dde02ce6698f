//! Names of indexes, as Django derives them from the table and its columns.
//!
//! Follows `Index.set_name_with_model` of django/db/models/indexes.py and `names_digest` of
//! django/db/backends/utils.py; the oracle compares.

use md5::{Digest, Md5};

use crate::ir::{Call, ExprKind};
use crate::project::{Member, Model, ModelAttr, Project};
use crate::source::{Site, Sym};

use super::NewIndex;
use crate::fix::Refusal;

/// `Index.max_name_length`, for an index whose suffix has three letters.
const LONGEST: usize = 30;
/// Where databases cut the names of tables, `DatabaseOperations.max_name_length`: 63 and 64 characters. The name of
/// an index of a longer table depends on the database.
const TABLE: usize = 63;

/// What the names of indexes of a class end with: `Index.suffix` in django/contrib/postgres/indexes.py.
const SUFFIXES: [(&str, &str); 7] = [
    ("GinIndex", "gin"),
    ("GistIndex", "gist"),
    ("BrinIndex", "brin"),
    ("BTreeIndex", "btree"),
    ("HashIndex", "hash"),
    ("BloomIndex", "bloom"),
    ("SpGistIndex", "spgist"),
];

/// The name of an index.
pub(super) enum Name {
    /// Django gives it the same one where the model gives it none.
    Derived(String),
    /// The model has to give it.
    Given(String),
}

/// The name of a new index.
pub(super) fn name(project: &Project, model: &Model, new: &NewIndex) -> Result<Name, Refusal> {
    let suffix = match new.class {
        Some((_, class)) => {
            let found = SUFFIXES.iter().find(|(name, _)| class == **name);
            found.ok_or("how the names of such indexes end is not known")?.1
        }
        None => "idx",
    };
    let table = table(project, model);
    let mut sure = table.as_ref().is_some_and(|table| table.chars().count() <= TABLE);
    let table = table.unwrap_or_else(|| usual_table(model));
    let mut columns = Vec::new();
    for (name, down) in &new.columns {
        let column = column(project, model, *name);
        sure &= column.is_some();
        columns.push((column.unwrap_or_else(|| name.to_string()), *down));
    }
    let mut more: Vec<String> = new.expressions.clone();
    let condition = new
        .condition
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    more.extend(condition);
    more.extend(new.opclasses.iter().map(ToString::to_string));
    if columns.is_empty() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let text = new.expressions.first().ok_or("the index has no columns")?;
        let first = text.split(['"', '\'']).nth(1).unwrap_or(text);
        let first: String = first.chars().filter(|c| word(*c)).collect();
        let parts: Vec<&str> = more.iter().map(String::as_str).collect();
        return Ok(Name::Given(joined(&table, &first.to_lowercase(), &parts, suffix)));
    }
    let signed: Vec<String> = columns
        .iter()
        .map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" }))
        .collect();
    let parts: Vec<&str> = signed.iter().chain(&more).map(String::as_str).collect();
    let made = joined(&table, &columns[0].0, &parts, suffix);
    let derived = sure && more.is_empty();
    Ok(if derived {
        Name::Derived(made)
    } else {
        Name::Given(made)
    })
}

/// The name that Django derives for an index over fields that has none.
pub(super) fn derived(project: &Project, model: &Model, fields: &[(Sym, bool)]) -> Option<String> {
    let table = table(project, model).filter(|table| table.chars().count() <= TABLE)?;
    let columns: Option<Vec<(String, bool)>> = fields
        .iter()
        .map(|(name, down)| Some((column(project, model, *name)?, *down)))
        .collect();
    let columns = columns?;
    let signed: Vec<String> = columns
        .iter()
        .map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" }))
        .collect();
    let parts: Vec<&str> = signed.iter().map(String::as_str).collect();
    Some(joined(&table, &columns.first()?.0, &parts, "idx"))
}

fn joined(table: &str, first: &str, parts: &[&str], suffix: &str) -> String {
    let cut = |text: &str, n: usize| text.chars().take(n).collect::<String>();
    let mut hash = Md5::new();
    hash.update(table.as_bytes());
    for part in parts {
        hash.update(part.as_bytes());
    }
    hash.update(suffix.as_bytes());
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut name = format!("{}_{}_{}_{suffix}", cut(table, 11), cut(first, 7), &digest[..6]);
    // Not to begin with what some databases refuse.
    if name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        name.replace_range(..1, "D");
    }
    debug_assert!(name.chars().count() <= LONGEST + suffix.len().saturating_sub(3));
    name
}

/// `Options.contribute_to_class` in django/db/models/options.py.
fn usual_table(model: &Model) -> String {
    format!("{}_{}", model.app_label, model.name.as_str().to_lowercase())
}

/// The table of a model without its schema; nothing where it is computed.
fn table(project: &Project, model: &Model) -> Option<String> {
    let meta = match project.class_member(model.class, Sym::new("Meta")) {
        Some((_, Member::Class(meta))) => meta,
        Some(_) => return None,
        None => return Some(usual_table(model)),
    };
    let Some((owner, member)) = project.class_member(meta, Sym::new("db_table")) else {
        return (!project.class(meta).open).then(|| usual_table(model));
    };
    let Member::Assign(at) = member else { return None };
    let value = project.class_facts(owner).assigns[at as usize].value.as_deref()?;
    let table = value.as_str()?.as_str();
    // `split_identifier`: a quoted name with a schema in front.
    let last = table.rsplit_once("\".\"").map_or(table, |(_, last)| last);
    Some(last.trim_matches('"').to_owned())
}

/// The column of a field; nothing where its name is computed.
fn column(project: &Project, model: &Model, name: Sym) -> Option<String> {
    let related = model
        .relations
        .iter()
        .map(|id| project.relation(*id))
        .find(|relation| relation.name == name);
    let site = match related {
        Some(relation) => relation.site,
        None => match model.fields.iter().find(|field| field.name == name) {
            Some(field) => field.site,
            None => {
                let key = model
                    .attrs()
                    .any(|(attr, kind)| attr == name && kind == ModelAttr::Pk);
                return (key || name == "id").then(|| name.to_string());
            }
        },
    };
    let call = call_at(project, site)?;
    let spread = call
        .args
        .iter()
        .any(|arg| matches!(arg.kind, crate::ir::ArgKind::DoubleStar));
    if spread {
        return None;
    }
    match call.keyword("db_column") {
        Some(column) => Some(column.as_str()?.to_string()),
        None if related.is_some() => Some(format!("{name}_id")),
        // The fourteenth argument of a field may be given by its place; nobody does.
        None => Some(name.to_string()),
    }
}

/// The call that a class assigns at a place.
fn call_at(project: &Project, site: Site) -> Option<&Call> {
    let classes = &project.file(site.file).facts.classes;
    let mut values = classes.iter().flat_map(|class| &class.assigns);
    values.find_map(|assign| match assign.value.as_deref() {
        Some(value) if value.span == site.span => match &value.kind {
            ExprKind::Call(call) => Some(&**call),
            _ => None,
        },
        _ => None,
    })
}
