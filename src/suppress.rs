//! Suppression comments: which findings a reader has already answered.
