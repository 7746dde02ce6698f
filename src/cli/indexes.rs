//! `djperf indexes`: the indexes that tables lack, with the queries that ask for them.

use std::slice;

use super::args::{Indexes, RulesFormat};
use super::output::Output;
use super::{CliError, Exit, settings};
use crate::config::nearest;
use crate::report::indexes::{self, Shortlist};
use crate::session;

pub(super) fn run(args: &Indexes, out: &mut Output) -> Result<Exit, CliError> {
    let (path, names) = settings::project_and_names(&args.targets)?;
    let config = settings::load(&args.source, &path, out)?;
    let request = settings::request(slice::from_ref(&path), config)?;
    let known = || session::graph(&request);
    let mut list = session::indexes(&request)?;
    if !names.is_empty() {
        let labels: Vec<String> = known()?.models.into_iter().map(|model| model.label).collect();
        for name in &names {
            check(name, &labels)?;
        }
        list.models
            .retain(|table| names.iter().any(|name| is_named(&table.model, name)));
    }
    out.print(&render(&list, args.output_format))?;
    Ok(Exit::Clean)
}

fn render(list: &Shortlist, format: RulesFormat) -> String {
    match format {
        RulesFormat::Text => indexes::text(list),
        RulesFormat::Json => indexes::json(list),
    }
}

/// `blog.Entry` by its label, or by the part behind the point; upper and lower case alike.
fn is_named(label: &str, name: &str) -> bool {
    let model = label.rsplit('.').next().unwrap_or(label);
    label.eq_ignore_ascii_case(name) || model.eq_ignore_ascii_case(name)
}

fn check(name: &str, labels: &[String]) -> Result<(), CliError> {
    if labels.iter().any(|label| is_named(label, name)) {
        return Ok(());
    }
    let models = labels
        .iter()
        .flat_map(|label| [label.as_str(), label.rsplit('.').next().unwrap_or(label)]);
    let hint = nearest(name, models).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    Err(CliError::Usage(format!(
        "no model and no path called `{name}`{hint}"
    )))
}
