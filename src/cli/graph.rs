//! `djperf graph`: models and relations as djperf understands them.

use std::slice;

use super::args::{Graph, GraphFormat};
use super::output::Output;
use super::{CliError, Exit, settings};
use crate::config::nearest;
use crate::report::graph;
use crate::session;

pub(super) fn run(args: &Graph, out: &mut Output) -> Result<Exit, CliError> {
    settings::must_exist(slice::from_ref(&args.path))?;
    let config = settings::load(&args.source, &args.path, out)?;
    let request = settings::request(slice::from_ref(&args.path), config)?;
    let mut view = session::graph(&request)?;
    if let Some(app) = &args.app {
        let labels: Vec<String> = view.models.iter().map(|model| model.label.clone()).collect();
        view.retain_app(app);
        if view.models.is_empty() {
            let apps = labels.iter().filter_map(|label| Some(label.rsplit_once('.')?.0));
            let hint =
                nearest(app, apps).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            return Err(CliError::Usage(format!(
                "no models in an app called `{app}`{hint}"
            )));
        }
    }
    let text = match args.output_format {
        GraphFormat::Text => graph::text(&view),
        GraphFormat::Json => graph::json(&view),
        GraphFormat::Dot => graph::dot(&view),
    };
    out.print(&text)?;
    Ok(Exit::Clean)
}
