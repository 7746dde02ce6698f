//! Numbers of queries as formulas: `1 + 2·N`, where `N` is what is gone over.

use crate::analysis::bill::{Bill, Charge, Per};

/// Names of what is gone over, in the order in which it is met.
const LETTERS: [&str; 8] = ["N", "M", "K", "L", "P", "Q", "R", "S"];

/// What the letters of a bill stand for.
#[derive(Debug, Default)]
pub struct Letters(Vec<Per>);

impl Letters {
    pub fn of(bill: &Bill) -> Self {
        let mut all = Self::default();
        for per in bill.charges.iter().flat_map(|charge| &charge.per) {
            if !all.0.contains(per) {
                all.0.push(*per);
            }
        }
        all
    }

    pub fn name(&self, per: &Per) -> &'static str {
        let at = self.0.iter().position(|known| known == per);
        at.and_then(|at| LETTERS.get(at)).copied().unwrap_or("…")
    }

    /// Letters and what they stand for.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Per)> {
        LETTERS.iter().copied().zip(&self.0)
    }
}

/// `1 + 2·N + N·M`; `0` without charges.
pub fn sum<'c>(charges: impl Iterator<Item = &'c Charge>, letters: &Letters) -> String {
    let mut terms: Vec<(Vec<&str>, usize)> = Vec::new();
    for charge in charges {
        let product: Vec<&str> = charge.per.iter().map(|per| letters.name(per)).collect();
        match terms.iter_mut().find(|(known, _)| *known == product) {
            Some((_, count)) => *count += charge.count,
            None => terms.push((product, charge.count)),
        }
    }
    terms.sort_by_key(|(product, _)| product.len());
    let texts: Vec<String> = terms
        .iter()
        .map(|(product, count)| match (product.is_empty(), count) {
            (true, n) => n.to_string(),
            (false, 1) => product.join("·"),
            (false, n) => format!("{n}·{}", product.join("·")),
        })
        .collect();
    if texts.is_empty() {
        return "0".into();
    }
    texts.join(" + ")
}

/// The charges that [`total`] adds up.
pub fn counted(bill: &Bill) -> impl Iterator<Item = &Charge> {
    bill.charges
        .iter()
        .filter(|charge| charge.sure || bill.gaps.is_empty())
}

/// `1 query`, `≥ 2 + N queries`, `up to 3 queries`; none where no bound is known.
pub fn total(bill: &Bill, letters: &Letters) -> Option<String> {
    counted(bill).next()?;
    let formula = sum(counted(bill), letters);
    let sign = match (
        bill.gaps.is_empty(),
        bill.charges.iter().all(|charge| charge.sure),
    ) {
        (true, true) => "",
        (true, false) => "up to ",
        (false, _) => "≥ ",
    };
    let noun = if formula == "1" { "query" } else { "queries" };
    Some(format!("{sign}{formula} {noun}"))
}
