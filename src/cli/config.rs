//! `djperf config`: the settings in effect, or whether they are valid.

use std::slice;

use super::args::ShowConfig;
use super::output::Output;
use super::{CliError, Exit, settings};
use crate::report::escape_text;

pub(super) fn run(args: &ShowConfig, out: &mut Output) -> Result<Exit, CliError> {
    settings::must_exist(slice::from_ref(&args.path))?;
    let config = settings::load(&args.source, &args.path, out)?;
    config.validate()?;
    let origin = match &config.origin {
        Some(file) => file.display().to_string(),
        None => "defaults, no configuration file".to_owned(),
    };
    let text = if args.check {
        format!("Settings are valid: {origin}\n")
    } else {
        format!("# {origin}\n{}", config.to_toml())
    };
    out.print(&escape_text(&text))?;
    Ok(Exit::Clean)
}
