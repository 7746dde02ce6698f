//! Entries of a list of middleware put into an order that works.
//!
//! Only what is written in one literal is moved, whole lines where each entry has its own. What the order has to be is
//! known in `project::middleware`.

use crate::project::middleware::{Asks, Stack, arranged, breaches, plan};
use crate::source::{Site, Span};
use crate::syntax::python::ast::Expr;
use crate::syntax::python::{Module, Ranged, TokenKind, span};

use super::layout::BREAKS;
use super::{Desk, Fix, Refusal, Safety, chain, layout};

/// A fix, and the entries that it moves.
#[derive(Debug)]
pub struct Reordered {
    pub fix: Fix,
    pub moved: Vec<Site>,
}

/// Moves the fewest entries of a literal so that its order breaks nothing in any of the lists that it is part of; the
/// given pairs have to stand right afterwards.
pub fn fix(
    desk: &Desk<'_, '_>,
    stacks: &[Stack<'_>],
    list: Site,
    wrong: &[(Site, Site)],
) -> Result<Reordered, Refusal> {
    let module = desk.trees.get(list.file).ok_or("the file has syntax errors")?;
    let text = desk.trees.text(list.file);
    let found = chain::find(&module, list.span).ok_or("the list is no literal")?;
    let items = match found.expr {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) if tuple.parenthesized => &tuple.elts,
        _ => return Err("the entry is added by itself"),
    };
    let nodes: Vec<Span> = items.iter().map(|item| span(item.range())).collect();
    let holds = |stack: &&Stack<'_>| stack.entries.iter().any(|entry| entry.list == list);
    let placed: Vec<(&Stack<'_>, Vec<Option<usize>>)> = stacks
        .iter()
        .filter(holds)
        .map(|stack| (stack, places(stack, list, items, &nodes)))
        .collect();
    let movable = nodes
        .iter()
        .map(|node| {
            let mut entries = placed.iter().flat_map(|(stack, _)| &stack.entries);
            entries.any(|entry| entry.list == list && entry.site.span == *node)
        })
        .collect();
    let wanted = plan(desk.project, &placed, movable);
    let order = arranged(&wanted).ok_or("the order depends on entries that are written elsewhere")?;
    if order.moved.is_empty() {
        return Err("the other entry is written elsewhere");
    }
    if !placed
        .iter()
        .all(|(stack, nodes)| works(desk, stack, nodes, &order.order, wrong))
    {
        return Err("the order depends on entries that are written elsewhere");
    }
    let lines = Lines {
        module: &module,
        text,
        list: list.span,
        nodes: &nodes,
    };
    let edits = lines.edits(&order.order, &order.moved)?;
    let name = |at: &usize| {
        let mut entries = placed.iter().flat_map(|(stack, _)| &stack.entries);
        entries
            .find(|entry| entry.site == Site::new(list.file, nodes[*at]))
            .map_or("", |entry| entry.name())
    };
    let names: Vec<String> = order.moved.iter().map(|at| format!("`{}`", name(at))).collect();
    let title = format!("Move {}", names.join(", "));
    Ok(Reordered {
        fix: Fix::in_file(Safety::Unsafe, title, list.file, edits)?,
        moved: order
            .moved
            .iter()
            .map(|at| Site::new(list.file, nodes[*at]))
            .collect(),
    })
}

/// The element of the literal by which each entry of a list gets there.
fn places(stack: &Stack<'_>, list: Site, items: &[Expr], nodes: &[Span]) -> Vec<Option<usize>> {
    let entries = &stack.entries;
    let written = |at: usize| {
        let site = entries[at].site;
        let inside = |node: &Span| site.file == list.file && node.contains(site.span);
        nodes.iter().position(inside)
    };
    let own: Vec<Option<usize>> = (0..entries.len()).map(written).collect();
    (0..entries.len())
        .map(|at| {
            own[at].or_else(|| {
                // Another list is unpacked between the neighbours.
                let before = own[..at].iter().rev().find_map(|node| *node);
                let behind = own[at..].iter().find_map(|node| *node);
                let from = before.map_or(0, |node| node + 1);
                let to = behind.unwrap_or(nodes.len());
                (from..to).find(|node| items[*node].is_starred_expr())
            })
        })
        .collect()
}

/// Whether a list with its elements in a new order has none of the given breaches, and no new one.
fn works(
    desk: &Desk<'_, '_>,
    stack: &Stack<'_>,
    nodes: &[Option<usize>],
    order: &[usize],
    wrong: &[(Site, Site)],
) -> bool {
    let rank = |at: usize| -> Option<usize> {
        let place = |node: usize| order.iter().position(|old| *old == node);
        let known = nodes[..=at].iter().rev().find_map(|node| *node);
        let later = nodes[at..].iter().any(Option::is_some);
        match known {
            Some(node) if later => place(node).map(|at| at + 1),
            Some(_) => Some(order.len() + 1),
            None => Some(0),
        }
    };
    let mut ranks: Vec<(Option<usize>, usize)> = (0..stack.entries.len()).map(|at| (rank(at), at)).collect();
    ranks.sort_unstable();
    let new = Stack {
        settings: stack.settings,
        entries: ranks.iter().map(|(_, at)| stack.entries[*at].clone()).collect(),
        complete: stack.complete,
    };
    let sites = |stack: &Stack<'_>| -> Vec<(Site, Site, &str)> {
        let found = breaches(desk.project, stack);
        let found = found.iter().filter(|b| b.constraint.asks == Asks::Order);
        let entries = &stack.entries;
        found
            .map(|b| (entries[b.first].site, entries[b.second].site, &*b.constraint.id))
            .collect()
    };
    let old = sites(stack);
    sites(&new)
        .iter()
        .all(|one| old.contains(one) && !wrong.contains(&(one.0, one.1)))
}

/// The text of a literal.
struct Lines<'t> {
    module: &'t Module,
    text: &'t str,
    list: Span,
    nodes: &'t [Span],
}

impl Lines<'_> {
    fn slice(&self, from: u32, to: u32) -> &str {
        &self.text[from as usize..to as usize]
    }

    fn edits(&self, order: &[usize], moved: &[usize]) -> Result<Vec<(Span, String)>, Refusal> {
        let chunks: Option<Vec<Span>> = (0..self.nodes.len()).map(|at| self.chunk(at)).collect();
        match chunks {
            Some(chunks) => Ok(self.moved_lines(order, moved, &chunks)),
            None => self.exchanged(order),
        }
    }

    /// The lines of an entry that shares them with no other, the comments above it included.
    fn chunk(&self, at: usize) -> Option<Span> {
        let node = self.nodes[at];
        let code = match self.comma(at) {
            Some(comma) => comma.end,
            None => node.end,
        };
        let limit = self
            .nodes
            .get(at + 1)
            .map_or(self.list.end - 1, |next| next.start);
        let rest = self.slice(code, limit);
        let line = rest.find(BREAKS)?;
        let tail = rest[..line].trim();
        let wide = if rest[line..].starts_with("\r\n") { 2 } else { 1 };
        let apart = self.slice(node.end, code).trim_end_matches(',').trim().is_empty();
        if !(apart
            && (tail.is_empty() || tail.starts_with('#'))
            && layout::starts_line(self.text, node.start))
        {
            return None;
        }
        let mut start = self.line_start(node.start);
        while start > self.list.start {
            let wide = if self.text[..start as usize].ends_with("\r\n") {
                2
            } else {
                1
            };
            let above = self.line_start(start - wide);
            if above <= self.list.start || !self.slice(above, start).trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        Some(Span::new(start, code + (line + wide) as u32))
    }

    fn line_start(&self, at: u32) -> u32 {
        self.text[..at as usize]
            .rfind(BREAKS)
            .map_or(0, |found| found as u32 + 1)
    }

    /// The comma behind an entry.
    fn comma(&self, at: usize) -> Option<Span> {
        let from = self.nodes[at].end;
        let to = self.nodes.get(at + 1).map_or(self.list.end, |next| next.start);
        let commas = self
            .module
            .tokens()
            .iter()
            .filter(|t| t.kind() == TokenKind::Comma);
        commas
            .map(|token| span(token.range()))
            .find(|comma| comma.start >= from && comma.end <= to)
    }

    fn moved_lines(&self, order: &[usize], moved: &[usize], chunks: &[Span]) -> Vec<(Span, String)> {
        let (old, new) = (order.len() - 1, order[order.len() - 1]);
        let bare = self.comma(old).is_none() && old != new;
        let mut edits: Vec<(Span, String)> = Vec::new();
        let text = |at: usize| {
            let chunk = chunks[at];
            let code = self.nodes[at].end;
            let behind = self.comma(at).map_or(code, |comma| comma.end);
            let comma = if bare && at == new { "" } else { "," };
            [
                self.slice(chunk.start, code),
                comma,
                self.slice(behind, chunk.end),
            ]
            .concat()
        };
        let mut anchor: Option<usize> = None;
        let mut at = 0;
        while at < order.len() {
            if !moved.contains(&order[at]) {
                anchor = Some(order[at]);
                at += 1;
                continue;
            }
            let run: Vec<usize> = order[at..]
                .iter()
                .copied()
                .take_while(|i| moved.contains(i))
                .collect();
            let place = match anchor {
                Some(anchor) => chunks[anchor].end,
                None => order[at + run.len()..]
                    .first()
                    .map_or(chunks[0].start, |next| chunks[*next].start),
            };
            edits.push((Span::new(place, place), run.iter().map(|i| text(*i)).collect()));
            edits.extend(run.iter().map(|i| (chunks[*i], String::new())));
            at += run.len();
        }
        if bare && !moved.contains(&old) {
            let end = self.nodes[old].end;
            edits.push((Span::new(end, end), ",".to_owned()));
        }
        if let (true, false, Some(comma)) = (bare, moved.contains(&new), self.comma(new)) {
            edits.push((comma, String::new()));
        }
        edits
    }

    /// Entries that share lines change places; a comment could not go with them.
    fn exchanged(&self, order: &[usize]) -> Result<Vec<(Span, String)>, Refusal> {
        let comments = self
            .module
            .tokens()
            .iter()
            .filter(|t| t.kind() == TokenKind::Comment);
        if comments
            .map(|token| span(token.range()))
            .any(|at| self.list.contains(at))
        {
            return Err("comments stand between entries that share lines");
        }
        let changes = order.iter().enumerate().filter(|(new, old)| new != *old);
        Ok(changes
            .map(|(new, old)| {
                let from = self.nodes[*old];
                (self.nodes[new], self.slice(from.start, from.end).to_owned())
            })
            .collect())
    }
}
