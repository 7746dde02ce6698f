//! Which files belong to the project, and what it says about itself.
