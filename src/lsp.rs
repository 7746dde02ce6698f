//! The language server: findings, fixes and cards for an editor that speaks the Language Server Protocol.
//!
//! The only room that knows JSON-RPC and positions in UTF-16. One thread reads, one writes, one owns the open documents
//! and answers, and each project has one that owns its [`Live`](crate::session::Live). How findings are made is not
//! known here.

mod actions;
mod client;
mod commands;
mod configure;
mod costs;
mod definition;
mod documents;
mod edits;
mod explain;
mod files;
mod findings;
mod hover;
mod known;
mod position;
mod projects;
mod pull;
mod push;
mod server;
mod settings;
mod shown;
mod snapshot;
mod sync;
mod told;
mod uri;
mod waiting;
mod watch;
mod wire;
mod worker;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{bounded, unbounded};
use lsp_server::{Message, RequestId};
use serde_json::Value;

use crate::config::CachePlace;
use wire::Heard;

/// What the command line decides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where what a first index can use is kept.
    pub cache: Option<CachePlace>,
}

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client asked for it, in the order that the protocol has.
    Asked,
    /// The client went away, or sent `exit` without `shutdown`.
    Left,
}

/// What the thread that answers hears of.
enum Event {
    Heard(Heard),
    /// The worker of this number has something to tell of the project at this root.
    Told(PathBuf, u64, worker::Told),
    /// The answer to a request, from a project's worker; or the message of a panic.
    Shown(RequestId, Result<Value, String>),
    /// The process that started the server is gone, or nobody reads what it writes.
    Gone,
}

/// Deep expressions are parsed again for fixes, by recursion.
const STACK: usize = 64 << 20;

/// How long the client may take to read what was answered last.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves one client until it leaves.
pub fn serve(
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
    options: Options,
) -> std::io::Result<Ended> {
    let (events, heard) = unbounded();
    let (out, outgoing) = unbounded::<Message>();
    let to_loop = events.clone();
    std::thread::Builder::new().spawn(move || wire::listen(input, &to_loop))?;
    let to_loop = events.clone();
    let (done, written) = bounded(1);
    std::thread::Builder::new().spawn(move || {
        wire::write_all(output, &outgoing);
        // A closed channel is no news: the server has ended by itself then.
        let _ = to_loop.send(Event::Gone);
        let _ = done.send(());
    })?;
    let main = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || server::Server::new(out, events, options).run(&heard))?;
    let ended = main.join().unwrap_or(Ended::Left);
    // What was answered last has to leave before the process does, unless nobody reads it.
    let _ = written.recv_timeout(LAST_WORDS);
    Ok(ended)
}
