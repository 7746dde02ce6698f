//! Front ends: trees of one file to facts and routines.

pub mod python;
pub mod template;
