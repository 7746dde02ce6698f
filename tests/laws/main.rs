//! What holds for every project and every input: one answer, in time, and never a panic.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other test binaries")]
mod support;

mod broken;
mod edited;
mod files;
mod fixed;
mod kept;
mod same;
mod suppressed;
mod tangled;
