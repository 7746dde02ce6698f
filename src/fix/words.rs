//! Names for what a fix adds: attributes of rows and variables, clear of all names that are taken.

use crate::analysis::value::Query;
use crate::project::{ModelAttr, ModelId, Project};
use crate::source::Sym;
use crate::syntax::python::ast::{Expr, Keyword};

use super::scope::Scope;

/// An attribute that rows of the model can be given.
pub(super) fn attribute(
    project: &Project,
    model: ModelId,
    queries: &[&Query],
    mut names: impl Iterator<Item = String>,
) -> Option<String> {
    let class = project.model(model).class;
    if project.class(class).open {
        return None;
    }
    let reverse = |name: &str| {
        project.model(model).attrs().any(|(accessor, attr)| {
            matches!(attr, ModelAttr::Reverse(_)) && project.query_name_for(model, accessor) == *name
        })
    };
    let planned = |name: &str| {
        queries.iter().any(|query| {
            let plan = &query.plan;
            plan.annotations.iter().any(|a| *a == *name) || plan.prefetch.iter().any(|p| p.to == *name)
        })
    };
    names.find(|name| {
        let symbol = Sym::new(name);
        project.model_attr(model, symbol).is_none()
            && project.class_member(class, symbol).is_none()
            && !reverse(name)
            && !planned(name)
            && name != "pk"
    })
}

/// `order` of `order_set`, `orders` of `orders`.
pub(super) fn plural(accessor: &str) -> String {
    match accessor.strip_suffix("_set") {
        Some(singular) if singular.ends_with('s') => format!("{singular}es"),
        Some(singular) => format!("{singular}s"),
        None => accessor.to_owned(),
    }
}

/// A word for the rows that a condition leaves: `paid` for `status="paid"`, `public` for `is_public=True`.
pub(super) fn adjective(keyword: &Keyword) -> Option<String> {
    let name = keyword.arg.as_ref()?.as_str();
    let word = match &keyword.value {
        Expr::StringLiteral(text) => text.value.to_str().to_lowercase(),
        Expr::BooleanLiteral(truth) => {
            let plain = name
                .strip_prefix("is_")
                .or_else(|| name.strip_prefix("has_"))
                .unwrap_or(name);
            let plain = plain.split("__").next().unwrap_or(plain);
            if truth.value && !name.ends_with("isnull") {
                plain.to_owned()
            } else {
                format!("not_{plain}")
            }
        }
        Expr::Attribute(attribute) => attribute.attr.as_str().to_lowercase(),
        _ => return None,
    };
    let identifier = word.chars().next().is_some_and(|c| c.is_ascii_lowercase())
        && word.len() <= 20
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let no = name.ends_with("isnull") && word.starts_with("not_");
    (identifier && !no).then_some(word)
}

/// A variable for one row of a model in a comprehension.
pub(super) fn element(project: &Project, model: ModelId, scope: &Scope<'_>) -> Option<String> {
    let name = project.model(model).name;
    let start = name.as_str().rfind(char::is_uppercase).unwrap_or(0);
    let last = name.as_str()[start..].to_lowercase();
    [last, "item".to_owned(), "related".to_owned()]
        .into_iter()
        .find(|word| free(scope, word) && word.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A name that the function neither binds nor reads.
pub(super) fn free(scope: &Scope<'_>, word: &str) -> bool {
    const KEYWORDS: [&str; 12] = [
        "class", "def", "from", "import", "is", "in", "if", "for", "type", "match", "case", "with",
    ];
    word.chars().next().is_some_and(|c| c.is_alphabetic())
        && !scope.binds(word)
        && scope.uses(word).next().is_none()
        && !KEYWORDS.contains(&word)
}
