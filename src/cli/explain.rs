//! `djperf explain`: a rule's card.

use super::args::Explain;
use super::output::Output;
use super::{CliError, Exit};
use crate::config::nearest;
use crate::rules;

pub(super) fn run(explain: &Explain, out: &mut Output) -> Result<Exit, CliError> {
    let word = explain.rule.trim();
    let same = |known: &str| known.eq_ignore_ascii_case(word);
    let Some(rule) = rules::all()
        .iter()
        .find(|rule| same(rule.name) || same(rule.code))
    else {
        let known = rules::all().iter().flat_map(|rule| [rule.name, rule.code]);
        let hint = nearest(word, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        let message = format!("unknown rule `{word}`{hint}\n`djperf rules` lists all of them");
        return Err(CliError::Usage(message));
    };
    out.print(&format!("{}\n", rule.body().trim()))?;
    Ok(Exit::Clean)
}
