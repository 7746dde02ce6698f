//! Walks, reads and parses the files that `djperf check` would, and nothing else: the floor under its
//! running time.
//!
//! `parse_only DIR [THREADS]` prints sizes and seconds as one JSON object.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use djperf::discover::{DiscoverRequest, discover};
use djperf::syntax::python::Module;
use rayon::prelude::*;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(dir) = args.next() else {
        eprintln!("usage: parse_only DIR [THREADS]");
        return ExitCode::from(2);
    };
    let threads = args.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(64 << 20)
        .build();
    match pool
        .map_err(|error| error.to_string())
        .and_then(|pool| pool.install(|| run(PathBuf::from(dir))))
    {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parse_only: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(dir: PathBuf) -> Result<serde_json::Value, String> {
    let started = Instant::now();
    let cwd = std::env::current_dir().map_err(|error| error.to_string())?;
    let request = DiscoverRequest {
        cwd: &cwd,
        paths: &[dir],
        exclude: &[],
        overlay: &Default::default(),
    };
    let found = discover(&request).map_err(|error| error.to_string())?;
    let read = started.elapsed();
    let texts: Vec<&str> = found.sources.iter().map(|(_, source)| &*source.text).collect();
    let rejected: usize = texts
        .par_iter()
        .filter(|text| match Module::parse(text) {
            Ok(module) => module.errors().next().is_some(),
            Err(_) => true,
        })
        .count();
    let parse = started.elapsed() - read;
    Ok(serde_json::json!({
        "files": texts.len(),
        "bytes": texts.iter().map(|text| text.len()).sum::<usize>(),
        "lines": texts.iter().map(|text| text.lines().count()).sum::<usize>(),
        "rejected": rejected,
        "threads": rayon::current_num_threads(),
        "read_s": read.as_secs_f64(),
        "parse_s": parse.as_secs_f64(),
    }))
}
