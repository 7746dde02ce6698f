//! How often code runs, judged by where it stands: `rules/django/heat.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::ir::{Expr, ExprKind};
use crate::project::{Part, Project};
use crate::source::{FileId, Site};

use super::walk;

/// How often a query may run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Heat {
    Test,
    /// Users may ask for it.
    Offered,
    /// A management command or script.
    Command,
    /// A job in the background.
    Task,
    Request,
}

#[derive(Deserialize)]
struct Document {
    task: Task,
    admin: Modules,
    sample: Sample,
    once: Sample,
}

#[derive(Deserialize)]
struct Task {
    modules: Vec<String>,
    decorators: Vec<String>,
}

#[derive(Deserialize)]
struct Modules {
    modules: Vec<String>,
}

#[derive(Deserialize)]
struct Sample {
    words: Vec<String>,
    directories: Vec<String>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Document> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/django/heat.toml")).expect("heat.toml is valid")
});

/// How often the code at a place runs.
pub fn of(project: &Project, site: Site) -> Heat {
    let file = project.file(site.file);
    let module = file.module.as_str();
    let near = |names: &[String]| {
        module
            .rsplit('.')
            .take(2)
            .any(|part| names.iter().any(|n| n == part))
    };
    match file.part {
        Part::Test | Part::Migration => Heat::Test,
        Part::Command => Heat::Command,
        Part::Template => Heat::Request,
        _ if is_sample(module, &file.path) => Heat::Command,
        _ if near(&TABLE.admin.modules) => Heat::Offered,
        _ if near(&TABLE.task.modules) || is_task(project, site) => Heat::Task,
        _ => Heat::Request,
    }
}

/// Whether a template is a page that somebody opens to do something once, such as to delete a row, or the text of a mail.
pub fn is_page_for_once(project: &Project, template: FileId) -> bool {
    let path = &project.file(template).path;
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let is_mail = path
        .split('/')
        .rev()
        .skip(1)
        .any(|dir| TABLE.once.directories.iter().any(|d| d == dir));
    is_mail
        || stem
            .split(['_', '-'])
            .any(|word| TABLE.once.words.iter().any(|known| known == word))
}

fn is_sample(module: &str, path: &str) -> bool {
    let last = module.rsplit('.').next().unwrap_or(module);
    let named = |names: &[String], text: &str| names.iter().any(|n| n == text);
    last.split('_').any(|word| named(&TABLE.sample.words, word))
        || path
            .split('/')
            .rev()
            .skip(1)
            .any(|dir| named(&TABLE.sample.directories, dir))
}

fn is_task(project: &Project, site: Site) -> bool {
    let task = |decorator: &Expr| {
        let callee = match &decorator.kind {
            ExprKind::Call(call) => &call.func,
            _ => decorator,
        };
        callee
            .last_name()
            .is_some_and(|name| TABLE.task.decorators.iter().any(|d| name == *d.as_str()))
    };
    let functions = &project.file(site.file).facts.functions;
    functions
        .iter()
        .any(|f| f.span.contains(site.span) && f.decorators.iter().any(task))
}

/// Whether the function around a place locks rows, itself or by a function whose name says so.
pub fn locks_rows(project: &Project, site: Site) -> bool {
    let functions = &project.file(site.file).facts.functions;
    let mut found = false;
    for routine in functions.iter().skip(1).filter(|f| f.span.contains(site.span)) {
        for stmt in &routine.body {
            walk::expressions(stmt, &mut |e| {
                if let ExprKind::Call(call) = &e.kind {
                    let name = call.func.last_name();
                    found |= name.is_some_and(|n| {
                        n == "select_for_update" || n.as_str().split('_').any(|w| w == "lock")
                    });
                }
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_known_by_their_names() {
        assert!(is_sample(
            "saleor.core.utils.random_data",
            "saleor/core/utils/random_data.py"
        ));
        assert!(is_sample("make", "scripts/make.py"));
        assert!(!is_sample("shop.views", "shop/views.py"));
    }
}
