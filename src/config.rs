//! The resolved configuration of one run. File formats and merging live in the submodules.

/// Everything that can be configured, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Names, codes or groups of rules that are on; empty means the default set.
    pub select: Vec<String>,
    pub extend_select: Vec<String>,
    pub ignore: Vec<String>,
    /// Glob patterns of files that are neither read nor reported.
    pub exclude: Vec<String>,
    /// Also analyse test code and migrations.
    pub include_tests: bool,
    pub include_migrations: bool,
    /// Rules that are not on by default.
    pub preview: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            select: Vec::new(),
            extend_select: Vec::new(),
            ignore: Vec::new(),
            exclude: Vec::new(),
            include_tests: false,
            include_migrations: false,
            preview: false,
        }
    }
}
