//! Parses every Python file of a tree with two parsers, on one thread, and prints what each rejects and
//! how fast it is.
//!
//! `parsers DIR… [--rounds N]`: files are read once; each parser's best of N rounds counts.

use std::path::Path;
use std::time::{Duration, Instant};

use rustpython_parser::Parse;

type Parser = fn(&str) -> Result<(), String>;

const PARSERS: [(&str, Parser); 2] = [
    ("ruff_python_parser 0.0.10", ruff),
    ("rustpython-parser 0.4.0", rustpython),
];

fn main() {
    let mut dirs = Vec::new();
    let mut rounds = 5;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--rounds" {
            rounds = args.next().and_then(|n| n.parse().ok()).unwrap_or(rounds);
        } else {
            dirs.push(arg);
        }
    }
    if dirs.is_empty() {
        eprintln!("usage: parsers DIR… [--rounds N]");
        std::process::exit(2);
    }
    println!("| tree | files | MB | parser | rejected | MB/s |");
    println!("|---|--:|--:|---|--:|--:|");
    // Long chains of operators nest deeply.
    let work = move || dirs.iter().for_each(|dir| measure(dir, rounds));
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work);
    if thread.map(|t| t.join()).is_err() {
        std::process::exit(3);
    }
}

fn measure(dir: &str, rounds: u32) {
    let files = read(Path::new(dir));
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let name = Path::new(dir)
        .file_name()
        .map_or(dir.into(), |n| n.to_string_lossy());
    for (parser, parse) in PARSERS {
        let mut best = Duration::MAX;
        for _ in 0..rounds {
            let started = Instant::now();
            for (_, text) in &files {
                let _ = std::hint::black_box(parse(text));
            }
            best = best.min(started.elapsed());
        }
        let rejected: Vec<String> = files
            .iter()
            .filter_map(|(path, text)| Some(format!("{path}: {}", parse(text).err()?)))
            .collect();
        let mb = bytes as f64 / 1e6;
        let speed = mb / best.as_secs_f64();
        println!(
            "| {name} | {} | {mb:.1} | {parser} | {} | {speed:.1} |",
            files.len(),
            rejected.len()
        );
        rejected.iter().for_each(|line| eprintln!("{parser}: {line}"));
    }
}

fn read(dir: &Path) -> Vec<(String, String)> {
    walkdir::WalkDir::new(dir)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|e| e == "py"))
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some((entry.path().display().to_string(), text))
        })
        .collect()
}

fn ruff(text: &str) -> Result<(), String> {
    ruff_python_parser::parse_module(text)
        .map(|tree| drop(std::hint::black_box(tree)))
        .map_err(|e| e.to_string())
}

fn rustpython(text: &str) -> Result<(), String> {
    rustpython_parser::ast::Suite::parse(text, "<file>")
        .map(|tree| drop(std::hint::black_box(tree)))
        .map_err(|e| e.to_string())
}
