//! Links the facts of all files into one immutable project.

pub mod fields;
pub mod hints;
pub mod modules;
pub mod stubs;
