//! What middleware does with visitors: whether pages come in several languages, whether all have to log in,
//! and whether pages are kept.
//!
//! Judges middleware by their names. Languages that code activates by itself are not seen.

use super::lists;
use crate::facts::FileFacts;
use crate::ir::{Const, Expr, ExprKind};

/// What settings modules say of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Visitors {
    chooses: bool,
    one: bool,
    pub log_in: bool,
    pub cached: bool,
}

impl Visitors {
    pub fn read(&mut self, facts: &FileFacts) {
        let middleware = lists::evaluate(facts, "MIDDLEWARE").items;
        self.chooses |= middleware
            .iter()
            .any(|entry| entry.as_str().ends_with("LocaleMiddleware"));
        self.log_in |= middleware
            .iter()
            .any(|entry| entry.as_str().contains("LoginRequired"));
        self.cached |= middleware.iter().any(|entry| entry.as_str().contains("Cache"));
        for assign in facts.assigns.iter().filter(|assign| !assign.augmented) {
            let value = assign.value.as_deref().map(|value: &Expr| &value.kind);
            self.one |= match (assign.name.as_str(), value) {
                ("LANGUAGES", Some(ExprKind::List(items) | ExprKind::Tuple(items))) => items.len() == 1,
                ("USE_I18N", Some(ExprKind::Const(value))) => *value == Const::False,
                _ => false,
            };
        }
    }

    pub fn several_languages(self) -> bool {
        self.chooses && !self.one
    }
}
