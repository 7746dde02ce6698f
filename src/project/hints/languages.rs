//! Whether pages come in several languages: a middleware that activates one, and more than one to choose from.
//!
//! Languages that code activates by itself are not seen.

use super::lists;
use crate::facts::FileFacts;
use crate::ir::{Const, Expr, ExprKind};

/// What one settings module says of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Languages {
    chooses: bool,
    one: bool,
}

impl Languages {
    pub fn read(&mut self, facts: &FileFacts) {
        let middleware = lists::evaluate(facts, "MIDDLEWARE").items;
        self.chooses |= middleware
            .iter()
            .any(|entry| entry.as_str().ends_with("LocaleMiddleware"));
        for assign in facts.assigns.iter().filter(|assign| !assign.augmented) {
            let value = assign.value.as_deref().map(|value: &Expr| &value.kind);
            self.one |= match (assign.name.as_str(), value) {
                ("LANGUAGES", Some(ExprKind::List(items) | ExprKind::Tuple(items))) => items.len() == 1,
                ("USE_I18N", Some(ExprKind::Const(value))) => *value == Const::False,
                _ => false,
            };
        }
    }

    pub fn several(self) -> bool {
        self.chooses && !self.one
    }
}
