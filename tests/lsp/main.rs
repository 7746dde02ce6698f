//! The language server, driven over its standard input and output as editors drive it.
