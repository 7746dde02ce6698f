//! Front ends: trees of one file to facts and routines.

#[cfg(test)]
mod notation;
pub mod python;
pub mod template;
