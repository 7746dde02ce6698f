//! Everything that can be wrong with a configuration, worded for the person who wrote it.

/// Why there is no configuration. Each of these is exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{place}: invalid TOML: {reason}")]
    Toml { place: String, reason: String },
    #[error("{place}: unknown key `{key}`{hint}\nvalid keys are: {valid}")]
    UnknownKey {
        place: String,
        key: String,
        hint: String,
        valid: String,
    },
    #[error("{place}: `{key}` must be {expected}, not {found}")]
    WrongType {
        place: String,
        key: String,
        expected: String,
        found: String,
    },
    #[error("unknown rule, code or group `{text}`{hint}\n`djperf rules` lists all of them")]
    UnknownRule { text: String, hint: String },
    #[error("rule `{0}` is a preview rule: add `--preview` or `preview = true` to turn it on")]
    NeedsPreview(String),
    #[error("no rules are enabled: everything selected is also ignored")]
    NothingSelected,
    #[error("invalid glob `{glob}`: {reason}")]
    Glob { glob: String, reason: String },
    /// Something wrong with a value in a file.
    #[error("{place}: {error}")]
    At { place: String, error: Box<Self> },
    #[error("{place}: `extend` leads back to {path}")]
    Circle { place: String, path: String },
    #[error("`--config` can name only one file")]
    SeveralFiles,
    #[error("`--config FILE` cannot be used with `--isolated`")]
    IsolatedFile,
}
