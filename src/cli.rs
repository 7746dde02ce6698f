//! The command line: arguments, output channels and exit codes.

use std::process::ExitCode;

/// Runs djperf on the process's arguments.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
