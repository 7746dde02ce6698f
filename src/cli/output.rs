//! The two channels: results to stdout, everything else to stderr.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use super::args::Global;
use super::color::wanted;
use crate::report::{escape_commands, escape_text};

/// Width of the text when stdout is not a terminal.
const PIPE_WIDTH: usize = 100;

/// Where a command prints. A closed stdout is an error here and no crash.
pub(super) struct Output {
    stdout: BufWriter<Stdout>,
    pub color: bool,
    pub terminal: bool,
    error_color: bool,
    pub quiet: bool,
    pub verbose: bool,
    pub width: usize,
}

impl Output {
    pub(super) fn new(global: &Global) -> Self {
        let var = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let width = terminal.then(terminal_size::terminal_size).flatten();
        Self {
            color: wanted(global.color, terminal, var),
            terminal,
            error_color: wanted(global.color, io::stderr().is_terminal(), var),
            quiet: global.quiet,
            verbose: global.verbose,
            width: width.map_or(PIPE_WIDTH, |(columns, _)| usize::from(columns.0)),
            stdout: BufWriter::new(stdout),
        }
    }

    /// Prints a result.
    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        self.stdout.write_all(text.as_bytes())
    }

    /// Prints a result that need not be text.
    pub(super) fn print_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(bytes)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// A remark that `--quiet` silences.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            complain(&harmless(text));
        }
    }

    /// A remark that only `--verbose` asks for.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            complain(&harmless(text));
        }
    }

    pub(super) fn error(&self, text: &str) {
        let word = if self.error_color {
            "\u{1b}[1;31merror:\u{1b}[0m"
        } else {
            "error:"
        };
        complain(&format!("djperf: {word} {}", harmless(text)));
    }

    /// Text in an SGR style, when colour is on.
    pub(super) fn paint(&self, sgr: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Machines that run checks read both channels.
fn harmless(text: &str) -> String {
    escape_commands(&escape_text(text))
}

/// Writes a line to stderr; nobody can be told when that fails.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
