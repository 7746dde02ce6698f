//! What shells and manuals need: completions and pages, made from the arguments.

use clap::CommandFactory;

use super::args::{Args, Completions, Man};
use super::output::Output;
use super::{CliError, Exit};
use crate::config::nearest;

pub(super) fn completions(wanted: &Completions, out: &mut Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut Args::command(), "djperf", &mut script);
    out.print_bytes(&script)?;
    Ok(Exit::Clean)
}

pub(super) fn man(wanted: &Man, out: &mut Output) -> Result<Exit, CliError> {
    let mut all = Args::command();
    all.build();
    let page = match &wanted.command {
        None => clap_mangen::Man::new(all),
        Some(name) => match all.find_subcommand(name) {
            Some(command) => clap_mangen::Man::new(command.clone()).title(format!("djperf-{name}")),
            None => {
                let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
                let near = nearest(name, names);
                let hint = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
                return Err(CliError::Usage(format!("no command is called `{name}`{hint}")));
            }
        },
    };
    let mut text = Vec::new();
    page.render(&mut text)?;
    out.print_bytes(&text)?;
    Ok(Exit::Clean)
}
