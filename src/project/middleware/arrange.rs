//! A new order for the elements of a list that moves as few of them as possible.
//!
//! It knows elements by number only, and what has to stand before what.

use std::collections::BTreeSet;

use super::table::End;

/// Elements that are moved at most; what needs more is left to a person.
const MAX_MOVED: usize = 12;

/// What is known of the elements of a list, by their places.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub movable: Vec<bool>,
    /// The first stands before the second.
    pub edges: BTreeSet<(usize, usize)>,
    /// Where an element goes if it has to move: to an end, as far as the others let it.
    pub ends: Vec<Option<End>>,
    /// Of two that stand the wrong way round, the one with the lower number moves.
    pub weight: Vec<u8>,
}

/// A new order.
#[derive(Debug, PartialEq, Eq)]
pub struct Arranged {
    /// The old places of the elements.
    pub order: Vec<usize>,
    /// Those that are elsewhere now, by their old places.
    pub moved: Vec<usize>,
}

/// The order that is asked for; none if there is no such order.
pub fn arranged(plan: &Plan) -> Option<Arranged> {
    let count = plan.movable.len();
    let before = closure(count, &plan.edges);
    if (0..count).any(|i| before[i][i]) {
        return None;
    }
    let wrong: Vec<(usize, usize)> = (0..count)
        .flat_map(|i| (i + 1..count).map(move |j| (i, j)))
        .filter(|(i, j)| before[*j][*i])
        .collect();
    let moved = (0..=MAX_MOVED.min(count)).find_map(|size| cover(plan, &wrong, size))?;
    let mut order: Vec<usize> = (0..count).filter(|i| !moved.contains(i)).collect();
    for new in moved.iter().copied() {
        let lowest = order
            .iter()
            .rposition(|old| before[*old][new])
            .map_or(0, |at| at + 1);
        let highest = order
            .iter()
            .position(|old| before[new][*old])
            .unwrap_or(order.len());
        let at = match plan.ends[new] {
            Some(End::First) => lowest,
            Some(End::Last) => highest,
            None => order
                .iter()
                .filter(|old| **old < new)
                .count()
                .clamp(lowest.min(highest), highest),
        };
        order.insert(at, new);
    }
    Some(Arranged { order, moved })
}

/// Which elements have to stand before which others, directly or by way of others.
fn closure(count: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<bool>> {
    let mut before = vec![vec![false; count]; count];
    for (first, second) in edges {
        before[*first][*second] = true;
    }
    for via in 0..count {
        let beyond = before[via].clone();
        for row in &mut before {
            if row[via] {
                row.iter_mut()
                    .zip(&beyond)
                    .for_each(|(known, more)| *known |= more);
            }
        }
    }
    before
}

/// At most `size` elements, so that each of the pairs has one of them.
fn cover(plan: &Plan, wrong: &[(usize, usize)], size: usize) -> Option<Vec<usize>> {
    let Some((i, j)) = wrong.first().copied() else {
        return Some(Vec::new());
    };
    let size = size.checked_sub(1)?;
    // The one behind moves up, unless it weighs more.
    let ways = if plan.weight[i] < plan.weight[j] {
        [i, j]
    } else {
        [j, i]
    };
    ways.into_iter().filter(|one| plan.movable[*one]).find_map(|one| {
        let rest: Vec<_> = wrong
            .iter()
            .copied()
            .filter(|(a, b)| *a != one && *b != one)
            .collect();
        let mut found = cover(plan, &rest, size)?;
        found.push(one);
        found.sort_unstable();
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(plan: &Plan) -> Option<Vec<usize>> {
        arranged(plan).map(|found| found.order)
    }

    fn plan(count: usize, edges: &[(usize, usize)]) -> Plan {
        Plan {
            movable: vec![true; count],
            edges: edges.iter().copied().collect(),
            ends: vec![None; count],
            weight: vec![1; count],
        }
    }

    #[test]
    fn the_fewest_move() {
        assert_eq!(order(&plan(3, &[(0, 1), (1, 2)])), Some(vec![0, 1, 2]));
        // The last one belongs before all others: it alone moves.
        assert_eq!(order(&plan(4, &[(3, 0), (3, 1), (3, 2)])), Some(vec![3, 0, 1, 2]));
        // The first one belongs behind the third.
        assert_eq!(order(&plan(4, &[(1, 0), (2, 0)])), Some(vec![1, 2, 0, 3]));
    }

    #[test]
    fn what_cannot_move_stays() {
        let mut fixed = plan(3, &[(2, 0)]);
        fixed.movable[2] = false;
        assert_eq!(order(&fixed), Some(vec![1, 2, 0]));
        fixed.movable[0] = false;
        assert_eq!(order(&fixed), None);
    }

    #[test]
    fn what_contradicts_itself_has_no_order() {
        assert_eq!(order(&plan(2, &[(0, 1), (1, 0)])), None);
    }

    #[test]
    fn ends_are_reached() {
        let mut to_end = plan(4, &[(1, 0)]);
        to_end.ends[0] = Some(End::Last);
        to_end.weight[0] = 0;
        assert_eq!(order(&to_end), Some(vec![1, 2, 3, 0]));
    }
}
