//! `djperf server`: the language server on standard input and output.

use std::io::{BufReader, stdin, stdout};

use super::args::Server;
use super::{CliError, Exit, cache};
use crate::lsp::{self, Ended, Options};

pub(super) fn run(server: &Server) -> Result<Exit, CliError> {
    let options = Options {
        cache: cache::place(&server.cache),
    };
    Ok(match lsp::serve(BufReader::new(stdin()), stdout(), options)? {
        Ended::Asked => Exit::Clean,
        Ended::Left => Exit::Findings,
    })
}
