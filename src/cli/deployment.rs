//! `djperf settings`: the settings modules of a project as djperf understands them.

use std::slice;

use super::args::{ProjectSettings, RulesFormat};
use super::output::Output;
use super::{CliError, Exit, settings};
use crate::config::nearest;
use crate::project::settings::default_of;
use crate::report::settings as report;
use crate::session;

pub(super) fn run(args: &ProjectSettings, out: &mut Output) -> Result<Exit, CliError> {
    let (path, names) = settings::project_and_names(&args.targets)?;
    let config = settings::load(&args.source, &path, out)?;
    let request = settings::request(slice::from_ref(&path), config)?;
    let mut view = session::settings(&request)?;
    for name in &names {
        let all = || view.modules.iter().flat_map(|module| &module.settings);
        if default_of(name).is_none() && all().all(|setting| setting.name != **name) {
            let hint = nearest(name, all().map(|setting| setting.name.as_str()))
                .map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            return Err(CliError::Usage(format!(
                "no setting and no path called `{name}`{hint}"
            )));
        }
    }
    if !names.is_empty() {
        for module in &mut view.modules {
            module
                .settings
                .retain(|setting| names.iter().any(|name| setting.name == **name));
        }
    }
    let text = match args.output_format {
        RulesFormat::Json => report::json(&view),
        RulesFormat::Text if names.is_empty() => report::text(&view),
        RulesFormat::Text => names
            .iter()
            .map(|name| report::one(&view, name, default_of(name)))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    out.print(&text)?;
    Ok(Exit::Clean)
}
