//! Jinja's template language to IR.
use super::Lower;
use crate::ir::Stmt;
use crate::syntax::template::Node;
pub(super) fn lower(_lower: &mut Lower, _nodes: &[Node<'_>]) -> Vec<Stmt> {
    Vec::new()
}
