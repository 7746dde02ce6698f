//! The language server, driven over its standard input and output as editors drive it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod actions;
mod editor;
mod findings;
mod hover;
mod life;
mod projects;
mod robust;
mod shown;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other test binaries")]
mod support;
