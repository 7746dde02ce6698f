//! Source text to trees. Knows no Django and no project.

pub mod python;
