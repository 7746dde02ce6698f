//! What can be typed.

mod scope;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::targets::Target;
use crate::config::{FailOn, OutputFormat};
use crate::report::diagnostic::Severity;
pub(super) use scope::Scope;

/// Finds the performance problems of Django projects without running them.
#[derive(Debug, Parser)]
#[command(name = "djperf", version, propagate_version = false, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 clean, 1 findings, 2 usage or configuration, 3 internal error.")]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(super) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// Print findings only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print what settings are in effect
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Analyse the project around the paths and report findings under them
    Check(Box<Check>),
    /// Print what a rule finds, why it matters and how to fix it
    Explain(Explain),
    /// List all rules
    Rules(Rules),
    /// Print models and relations as djperf understands them
    Graph(Graph),
    /// Print the indexes that tables lack, most useful first, with the queries that ask for them
    Indexes(Indexes),
    /// Print the project's settings modules, what they are for and what stayed unknown, or single settings
    Settings(ProjectSettings),
    /// Print djperf's own settings in effect
    Config(ShowConfig),
    /// Serve an editor: the Language Server Protocol on standard input and output
    Server(Server),
    /// Remove what was kept to make later runs faster, for all projects
    Clean(Clean),
    /// Print a script that completes djperf's arguments in a shell
    Completions(Completions),
    /// Print the manual page of djperf, or of one of its commands
    Man(Man),
    /// Print the version
    Version,
}

/// Where runs keep what the next one can use.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Cache")]
pub(super) struct CacheOptions {
    /// Neither use nor leave anything that makes later runs faster
    #[arg(long)]
    pub no_cache: bool,
    /// The directory for it, also by DJPERF_CACHE_DIR; by default the user's own for caches
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Server {
    /// Accepted, as many clients give it; there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
    /// The process of the client, as many clients give it; the protocol tells it as well
    #[arg(long = "clientProcessId", hide = true)]
    pub client_process_id: Option<u32>,
    #[command(flatten)]
    pub cache: CacheOptions,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Clean {
    /// The directory, if it is not the usual one
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Check {
    /// Files and directories to report on; the whole project around them is read. `-` reads a text from standard input
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The file whose text `-` is
    #[arg(long, value_name = "FILE", help_heading = "Files", conflicts_with_all = ["fix", "fix_only", "diff", "add_noqa", "staged"])]
    pub stdin_filename: Option<PathBuf>,
    /// Change files where a safe fix is known, and report what remains
    #[arg(long, overrides_with = "no_fix", help_heading = "Fixes")]
    pub fix: bool,
    #[arg(long, overrides_with = "fix", hide = true)]
    pub no_fix: bool,
    /// Also make fixes that are not safe in every case
    #[arg(long, overrides_with = "no_unsafe_fixes", help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    #[arg(long, overrides_with = "unsafe_fixes", hide = true)]
    pub no_unsafe_fixes: bool,
    /// Change nothing; print what `--fix` would change as a patch, and exit with 1 if that is anything
    #[arg(long, help_heading = "Fixes")]
    pub diff: bool,
    /// Like `--fix`, but report no findings and exit with 0
    #[arg(long, help_heading = "Fixes")]
    pub fix_only: bool,
    /// List what was fixed
    #[arg(long, help_heading = "Fixes")]
    pub show_fixes: bool,
    /// Rules to turn on instead of the default set: names, codes, code prefixes, groups or ALL
    #[arg(long, value_delimiter = ',', value_name = "RULES", help_heading = "Rules")]
    pub select: Vec<String>,
    /// Rules to turn off
    #[arg(long, value_delimiter = ',', value_name = "RULES", help_heading = "Rules")]
    pub ignore: Vec<String>,
    /// Rules to turn on besides the selected ones
    #[arg(long, value_delimiter = ',', value_name = "RULES", help_heading = "Rules")]
    pub extend_select: Vec<String>,
    /// The severity of rules instead of their own: `RULE=error`, `warning` or `info` (repeatable)
    #[arg(long, value_delimiter = ',', value_parser = severity, value_name = "RULE=LEVEL", help_heading = "Rules")]
    severity: Vec<(String, Severity)>,
    /// Also run rules that are not on by default yet
    #[arg(long, help_heading = "Rules")]
    pub preview: bool,
    /// How to print findings [env: DJPERF_OUTPUT_FORMAT]
    #[arg(long, value_parser = PossibleValuesParser::new(OutputFormat::NAMES), value_name = "FORMAT", help_heading = "Output")]
    output_format: Option<String>,
    /// Print findings to a file instead [env: DJPERF_OUTPUT_FILE]
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["diff", "fix_only"], help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// Also write findings to a file, in a format of its own; `-` is standard output (repeatable)
    #[arg(long, value_parser = Target::parse, value_name = "FORMAT=FILE", conflicts_with_all = ["diff", "fix_only"], help_heading = "Output")]
    pub output: Vec<Target>,
    /// Print counts by rule instead of findings
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// Also print how much was understood, and why the rest was not
    #[arg(long, help_heading = "Output")]
    pub coverage: bool,
    /// Print the time of each phase to stderr
    #[arg(long, help_heading = "Output")]
    pub timings: bool,
    /// Print the JSON Schema of `--output-format json` and exit
    #[arg(long, help_heading = "Output")]
    pub schema: bool,
    /// The least severity that makes the exit code 1
    #[arg(long, value_parser = PossibleValuesParser::new(FailOn::NAMES), value_name = "SEVERITY")]
    fail_on: Option<String>,
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Files neither to read nor to report
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub exclude: Vec<String>,
    /// Leave out paths that are missing, excluded or in no Django project, and exit with 0 if none is left
    #[arg(long, help_heading = "Files")]
    pub no_error_on_unmatched: bool,
    /// Also report on test code
    #[arg(long, help_heading = "Files")]
    pub include_tests: bool,
    /// Also report on migrations
    #[arg(long, help_heading = "Files")]
    pub include_migrations: bool,
    #[command(flatten)]
    pub cache: CacheOptions,
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub source: ConfigSource,
}

impl Check {
    pub(super) fn output_format(&self) -> Option<OutputFormat> {
        self.output_format.as_deref().and_then(OutputFormat::parse)
    }

    pub(super) fn severity(&self) -> BTreeMap<String, Severity> {
        self.severity.iter().cloned().collect()
    }

    pub(super) fn fail_on(&self) -> Option<FailOn> {
        self.fail_on.as_deref().and_then(FailOn::parse)
    }
}

fn severity(text: &str) -> Result<(String, Severity), String> {
    let (rule, level) = text
        .rsplit_once('=')
        .ok_or("it is written as RULE=LEVEL, as in `DJP101=error`")?;
    let level = Severity::parse(level.trim()).ok_or("a level is error, warning or info")?;
    Ok((rule.trim().to_owned(), level))
}

/// Where settings come from.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Settings")]
pub(super) struct ConfigSource {
    /// A configuration file, or one setting in TOML such as 'threads=2' (repeatable)
    #[arg(long, value_name = "FILE|KEY=VALUE")]
    pub config: Vec<String>,
    /// Ignore all configuration files
    #[arg(long)]
    pub isolated: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Man {
    /// One of djperf's commands
    pub command: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Explain {
    /// Name or code of a rule
    pub rule: String,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Rules {
    /// How to print the rules
    #[arg(long, value_enum, default_value_t = RulesFormat::Text, value_name = "FORMAT")]
    pub output_format: RulesFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RulesFormat {
    Text,
    Json,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Graph {
    /// Any path inside the project
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// How to print the models
    #[arg(long, value_enum, default_value_t = GraphFormat::Text, value_name = "FORMAT")]
    pub output_format: GraphFormat,
    /// Only the models of this app
    #[arg(long, value_name = "LABEL")]
    pub app: Option<String>,
    #[command(flatten)]
    pub source: ConfigSource,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Indexes {
    /// Models, as `Model` or `app.Model`, and any path inside the project
    #[arg(value_name = "MODEL|PATH")]
    pub targets: Vec<String>,
    /// How to print the shortlist
    #[arg(long, value_enum, default_value_t = RulesFormat::Text, value_name = "FORMAT")]
    pub output_format: RulesFormat,
    #[command(flatten)]
    pub source: ConfigSource,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ProjectSettings {
    /// Names of settings, and any path inside the project
    #[arg(value_name = "SETTING|PATH")]
    pub targets: Vec<String>,
    /// How to print the settings
    #[arg(long, value_enum, default_value_t = RulesFormat::Text, value_name = "FORMAT")]
    pub output_format: RulesFormat,
    #[command(flatten)]
    pub source: ConfigSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    Text,
    Json,
    Dot,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ShowConfig {
    /// A key to explain, or the path whose settings to show
    #[arg(value_name = "KEY|PATH")]
    pub targets: Vec<String>,
    /// Only say whether the settings are valid, and name everything that is not
    #[arg(long)]
    pub check: bool,
    /// Print the JSON Schema of configuration files
    #[arg(long, conflicts_with = "check")]
    pub schema: bool,
    #[command(flatten)]
    pub source: ConfigSource,
}
