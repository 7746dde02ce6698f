//! Trees and messages of both languages.
