//! `row.fk.id` to `row.fk_id`: finds the tokens behind the name of the foreign key.
//!
//! Whether the key may be read from the column is for the caller to know.

use super::{Edit, Trees};
use crate::source::Site;
use crate::syntax::python::ast::visitor::{Visitor, walk_expr, walk_interpolated_string_element};
use crate::syntax::python::ast::{self, Expr, ExprContext, InterpolatedStringElement};
use crate::syntax::python::{Ranged, span};

/// The edit that makes `….name.id` or `….name.pk` at a place `….name_id`; nothing if something else stands there,
/// or if the text of the expression is part of a string.
pub fn key_column(trees: &Trees<'_>, site: Site, name: &str) -> Option<Edit> {
    let tree = trees.get(site.file)?;
    let mut search = Search {
        site,
        quoted: false,
        found: None,
    };
    for stmt in tree.body() {
        search.visit_stmt(stmt);
    }
    let outer = search.found?;
    let Expr::Attribute(inner) = &*outer.value else {
        return None;
    };
    let reads = matches!(outer.ctx, ExprContext::Load) && matches!(outer.attr.as_str(), "id" | "pk");
    if !reads || inner.attr.as_str() != name {
        return None;
    }
    let (name, key) = (span(inner.attr.range()), span(outer.attr.range()));
    let between = trees.text(site.file).get(name.end as usize..key.start as usize)?;
    (between.trim() == ".").then(|| {
        let mut rest = key;
        rest.start = name.end;
        Edit::replace(Site::new(site.file, rest), "_id")
    })
}

/// Looks for the attribute expression with exactly the span of a place.
struct Search<'a> {
    site: Site,
    /// Inside `{…=}`, which prints the text of the expression.
    quoted: bool,
    found: Option<&'a ast::ExprAttribute>,
}

impl<'a> Visitor<'a> for Search<'a> {
    fn visit_stmt(&mut self, stmt: &'a ast::Stmt) {
        if span(stmt.range()).contains(self.site.span) {
            ast::visitor::walk_stmt(self, stmt);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let here = span(expr.range());
        if !here.contains(self.site.span) {
            return;
        }
        match expr {
            Expr::Attribute(attribute) if here == self.site.span => {
                self.found = (!self.quoted).then_some(attribute);
            }
            _ => walk_expr(self, expr),
        }
    }

    fn visit_interpolated_string_element(&mut self, element: &'a InterpolatedStringElement) {
        let prints_itself =
            matches!(element, InterpolatedStringElement::Interpolation(i) if i.debug_text.is_some());
        let outside = self.quoted;
        self.quoted |= prints_itself;
        walk_interpolated_string_element(self, element);
        self.quoted = outside;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Trees, edited};
    use super::key_column;
    use crate::source::{FileId, Site, SourceFile, SourceSet, Span};

    /// The text after the key read at the last `part` was replaced.
    fn fixed(path: &str, text: &str, part: &str) -> Option<String> {
        let sources = SourceSet::new(vec![SourceFile::new(path.into(), text.into())]);
        let start = text.rfind(part).unwrap() as u32;
        let site = Site::new(FileId(0), Span::new(start, start + part.len() as u32));
        let edit = key_column(&Trees::new(&sources), site, "author")?;
        edited(text, &[edit])
    }

    #[test]
    fn the_key_is_read_from_the_column() {
        let py = |text, part| fixed("a.py", text, part);
        assert_eq!(
            py("x = book.author.id\n", "book.author.id").unwrap(),
            "x = book.author_id\n"
        );
        assert_eq!(
            py(
                "def f(b):\n    return [b().author.pk for _ in b]\n",
                "b().author.pk"
            )
            .unwrap(),
            "def f(b):\n    return [b().author_id for _ in b]\n"
        );
        assert_eq!(
            py("x = (é.author\n    .id)  # c\n", "é.author\n    .id").unwrap(),
            "x = (é.author_id)  # c\n"
        );
        assert_eq!(
            py("f'{b.author.id:>{b.author.id}}'\n", "b.author.id").unwrap(),
            "f'{b.author.id:>{b.author_id}}'\n"
        );
    }

    #[test]
    fn other_shapes_are_left_alone() {
        for (text, part) in [
            ("x = (b.author).id\n", "(b.author).id"),
            ("x = b.author\\\n.id\n", "b.author\\\n.id"),
            ("x = (b.author # why\n.id)\n", "b.author # why\n.id"),
            ("b.author.id = 1\n", "b.author.id"),
            ("del b.author.id\n", "b.author.id"),
            ("x = b.author.name\n", "b.author.name"),
            ("x = b.owner.id\n", "b.owner.id"),
            ("x = author.id\n", "author.id"),
            ("x = b.author.id()\n", "b.author.id()"),
            ("x = f'{b.author.id=}'\n", "b.author.id"),
            ("x = b.author.id\ny = (\n", "b.author.id"),
        ] {
            assert_eq!(fixed("a.py", text, part), None, "{text}");
        }
        assert_eq!(fixed("a.html", "{{ b.author.id }}", "b.author.id"), None);
    }
}
