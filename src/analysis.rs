//! Follows querysets and rows through the project and reports query events.
