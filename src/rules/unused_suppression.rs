//! DJP902: a comment that suppresses what is not found.

use crate::fix::{Edit, Fix, Safety};
use crate::report::diagnostic::Diagnostic;
use crate::source::{Site, Span};

use super::{Context, Rule};

/// Nothing yet: which comments are needed is known when all other findings are.
pub(super) fn check(_: &Context<'_>, _: &Rule, _: &mut Vec<Diagnostic>) {}

/// A finding about a directive at `site`, whose `words` nothing needs (none: it is about all rules); `removal` takes
/// them out.
pub fn finding(rule: &Rule, site: Site, words: &[String], removal: Vec<(Span, String)>) -> Diagnostic {
    let (what, title) = if words.is_empty() {
        (
            "this comment suppresses nothing".to_owned(),
            "Remove the comment".to_owned(),
        )
    } else {
        let named: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let named = named.join(", ");
        (
            format!("{named} is suppressed here, and not found"),
            format!("Remove {named} from the comment"),
        )
    };
    let edits = removal
        .into_iter()
        .map(|(span, content)| Edit::replace(Site::new(site.file, span), content));
    let mut found = rule.finding(site, what);
    found.help = Some("take it out, so that it does not hide a later finding".to_owned());
    found.fix = Some(Fix {
        safety: Safety::Safe,
        title,
        edits: edits.collect(),
        migrations: Vec::new(),
    });
    found
}
