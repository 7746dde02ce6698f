//! The command line: arguments, output channels and exit codes.
//!
//! Only this room reads the environment, prints, and decides what an outcome means for the shell.

mod args;
mod baseline;
mod cache;
mod check;
mod ci;
mod color;
mod config;
mod deployment;
mod explain;
mod fixes;
mod graph;
mod indexes;
mod noqa;
mod output;
mod rules;
mod server;
mod settings;
mod sheet;
mod shell;
mod stdin;
mod tables;
mod targets;

use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;

use crate::config::ConfigError;
use crate::session::SessionError;
use args::{Args, Command};
use output::Output;

/// What djperf tells the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Nothing found, or nothing as severe as `--fail-on`.
    Clean = 0,
    Findings = 1,
    /// Wrong arguments, wrong configuration, nothing that could be analysed, or output that cannot be written.
    Usage = 2,
    Internal = 3,
}

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("cannot write output: {0}")]
    Output(#[from] io::Error),
}

static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs djperf on the process's arguments.
pub fn main() -> ExitCode {
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default_hook(info);
        }
    }));
    let exit = guarded(|| run(std::env::args_os()));
    ExitCode::from(exit as u8)
}

/// Turns a panic into an exit code and a message that names the place.
fn guarded(body: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        let hooked = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
        let said = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let message = hooked.or(said).unwrap_or_else(|| "unknown panic".to_owned());
        output::complain(&format!(
            "djperf: internal error: {message}\nThis is a bug in djperf; please report it with the command that caused it.",
        ));
        Exit::Internal
    })
}

fn run(argv: impl Iterator<Item = OsString>) -> Exit {
    let argv = match argfile::expand_args_from(argv, argfile::parse_fromfile, argfile::PREFIX) {
        Ok(argv) => argv,
        Err(error) => {
            output::complain(&format!(
                "djperf: error: cannot read the file of an `@` argument: {error}"
            ));
            return Exit::Usage;
        }
    };
    let args = match Args::try_parse_from(argv) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Clean
            };
        }
    };
    let mut out = Output::new(&args.global);
    let done = dispatch(&args, &mut out).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    match done {
        Ok(exit) => exit,
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(error) => {
            out.error(&error.to_string());
            Exit::Usage
        }
    }
}

fn dispatch(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    match &args.command {
        Command::Check(check) => check::run(check, out),
        Command::Explain(explain) => explain::run(explain, out),
        Command::Rules(rules) => rules::run(rules, out),
        Command::Graph(graph) => graph::run(graph, out),
        Command::Indexes(indexes) => indexes::run(indexes, out),
        Command::Settings(settings) => deployment::run(settings, out),
        Command::Config(config) => config::run(config, out),
        Command::Server(given) => server::run(given),
        Command::Clean(given) => cache::clean(given, out),
        Command::Completions(wanted) => shell::completions(wanted, out),
        Command::Man(wanted) => shell::man(wanted, out),
        Command::Version => {
            out.print(concat!("djperf ", env!("CARGO_PKG_VERSION"), "\n"))?;
            Ok(Exit::Clean)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, Exit, guarded};

    #[test]
    fn arguments_are_well_formed() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn panics_are_internal_errors() {
        assert_eq!(guarded(|| panic!("on purpose")), Exit::Internal);
    }
}
