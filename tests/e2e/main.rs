//! The built binary, driven as a user would drive it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod advice;
mod config;
mod fixing;
mod formats;
mod invariants;
mod output;
mod rules;
mod run;
mod targets;
mod usage;
