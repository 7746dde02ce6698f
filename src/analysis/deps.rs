//! What a value depends on, among the loops and parameters of the function that holds it.

use serde::{Deserialize, Serialize};

/// Which loops (low half) and parameters (high half) a value depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Deps(pub u64);

impl Deps {
    pub const NONE: Self = Self(0);

    pub fn on_loop(id: u16) -> Self {
        Self(1 << (id % 32))
    }

    pub fn on_param(index: usize) -> Self {
        Self(1 << (32 + index.min(31)))
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Depends on some parameter.
    pub fn on_params(self) -> bool {
        self.0 >> 32 != 0
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}
