//! Which findings count: those of a change, those that no baseline holds.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Scope")]
pub struct Scope {
    /// Report only findings that the change since a Git revision causes, wherever they are
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub since: Option<String>,
    /// Report only findings that the staged change causes; reads the index instead of the files
    #[arg(long)]
    pub staged: bool,
    /// Report only findings that this file does not hold
    #[arg(long, value_name = "FILE", overrides_with = "no_baseline")]
    pub baseline: Option<PathBuf>,
    /// Leave the baseline that the settings name out of account
    #[arg(long, overrides_with = "baseline")]
    pub no_baseline: bool,
    /// Write all findings to this file, for `--baseline`, and exit with 0
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "staged", "baseline", "fix", "fix_only", "diff"])]
    pub write_baseline: Option<PathBuf>,
    /// Write a suppression for each finding into its file, with this reason if there is one, and exit with 0
    #[arg(
        long,
        value_name = "REASON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        conflicts_with_all = ["staged", "write_baseline", "fix", "fix_only", "diff"]
    )]
    pub add_noqa: Option<String>,
}
