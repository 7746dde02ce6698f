//! What only the held project can tell, asked on its worker: for expressions, views and template variables.
