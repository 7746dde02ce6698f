//! Source text to trees. Knows no Django project.

pub mod python;
pub mod template;
