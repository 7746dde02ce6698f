//! The built binary, driven as a user would drive it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod advice;
mod cache;
mod config;
mod exit;
mod fixing;
mod formats;
mod invariants;
mod output;
mod paths;
mod rules;
mod run;
mod scope;
mod suppressing;
mod targets;
mod usage;
