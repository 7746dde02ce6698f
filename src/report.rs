//! Diagnostics made visible: text for people, JSON for programs.

pub mod diagnostic;
