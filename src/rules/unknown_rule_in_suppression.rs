//! DJP903: a comment that names a rule there is not.

use crate::report::diagnostic::Diagnostic;
use crate::source::Site;

use super::{Context, Rule};

/// Nothing: comments are read once all other findings are known.
pub(super) fn check(_: &Context<'_>, _: &Rule, _: &mut Vec<Diagnostic>) {}

/// A finding about a word at `site`; `near` is the name or code that was meant, perhaps.
pub fn finding(rule: &Rule, site: Site, word: &str, near: Option<&str>) -> Diagnostic {
    let mut found = rule.finding(
        site,
        format!("no rule is called `{word}`: this comment suppresses nothing by it"),
    );
    found.help = Some(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`djperf rules` lists names and codes of all rules".to_owned(),
    });
    found
}
