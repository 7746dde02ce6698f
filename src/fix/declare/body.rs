//! Class bodies as text: where a new attribute or method goes, how its lines are broken, how a list in them grows.
//!
//! Knows the shape of classes; not what attributes and methods mean.

use crate::fix::Refusal;
use crate::fix::layout::{self, Call, Style};
use crate::source::{Site, Span};
use crate::syntax::python::ast::find_node::covering_node;
use crate::syntax::python::ast::{
    AnyNodeRef, Expr, Stmt, StmtClassDef, StmtFunctionDef, StmtReturn, visitor::Visitor, visitor::walk_stmt,
};
use crate::syntax::python::{Module, Ranged, TextRange, TokenKind, span};

const BREAKS: [char; 2] = ['\n', '\r'];

/// A text to put in place of a span.
pub(in crate::fix) type Change = (Span, String);

/// The body of one class.
pub(in crate::fix) struct Body<'t> {
    pub text: &'t str,
    pub style: Style,
    module: &'t Module,
    class: &'t StmtClassDef,
    /// What stands before each line of the body.
    indent: String,
    /// One more level of it.
    unit: String,
}

impl<'t> Body<'t> {
    /// The body of the class whose name stands at a place.
    pub fn of(module: &'t Module, text: &'t str, name: Site) -> Option<Self> {
        let range = TextRange::new(name.span.start.into(), name.span.end.into());
        let whole = AnyNodeRef::from(module.syntax());
        if !whole.range().contains_range(range) {
            return None;
        }
        let class = covering_node(whole, range)
            .ancestors()
            .find_map(|node| match node {
                AnyNodeRef::StmtClassDef(class) if class.name.range() == range => Some(class),
                _ => None,
            })?;
        let outer = layout::indent_of(text, span(class.range()).start);
        let first = span(class.body.first()?.range()).start;
        let own_line = layout::starts_line(text, first);
        let unit = indentation(text, module).unwrap_or_else(|| "    ".to_owned());
        let indent = if own_line {
            layout::indent_of(text, first)
        } else {
            format!("{outer}{unit}")
        };
        let unit = indent.strip_prefix(&outer).map_or(unit, ToOwned::to_owned);
        Some(Self {
            text,
            style: habits(text, span(class.range())),
            module,
            class,
            indent,
            unit,
        })
    }

    /// The value of an attribute that the body sets, and the statement.
    pub fn assign(&self, name: &str) -> Option<(&'t Expr, &'t Stmt)> {
        self.class.body.iter().rev().find_map(|stmt| match stmt {
            Stmt::Assign(assign) => {
                let [Expr::Name(target)] = &assign.targets[..] else {
                    return None;
                };
                (target.id.as_str() == name).then_some((&*assign.value, stmt))
            }
            Stmt::AnnAssign(assign) => {
                let Expr::Name(target) = &*assign.target else {
                    return None;
                };
                let value = assign.value.as_deref()?;
                (target.id.as_str() == name).then_some((value, stmt))
            }
            _ => None,
        })
    }

    pub fn method(&self, name: &str) -> Option<&'t StmtFunctionDef> {
        self.class.body.iter().rev().find_map(|stmt| match stmt {
            Stmt::FunctionDef(function) if function.name.as_str() == name => Some(function),
            _ => None,
        })
    }

    /// Whether a word stands in a part of the body.
    pub fn mentions(&self, at: Span, word: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut words = self.text[at.start as usize..at.end as usize].split(|c| !is_part(c));
        words.any(|found| found == word)
    }

    /// A new attribute: behind the one named, else behind the last of those the body begins with.
    pub fn add_attribute(&self, behind: Option<&str>, lines: &[String]) -> Result<Change, Refusal> {
        let block = self.block(lines);
        if let Some(change) = self.instead_of_filler(&block) {
            return Ok(change);
        }
        let named = behind.and_then(|name| self.assign(name)).map(|(_, stmt)| stmt);
        let leading = self
            .class
            .body
            .iter()
            .enumerate()
            .take_while(|(i, stmt)| {
                *i == 0 && is_docstring(stmt) || matches!(stmt, Stmt::Assign(_) | Stmt::AnnAssign(_))
            })
            .last()
            .map(|(_, stmt)| stmt);
        let (at, lead, end) = match named.or(leading) {
            Some(stmt) if is_docstring(stmt) => (self.line_end(stmt)?, "\n", ""),
            Some(stmt) => (self.line_end(stmt)?, "", ""),
            None => (self.header_end()?, "", "\n"),
        };
        Ok((Span::new(at, at), format!("{lead}\n{block}{end}")))
    }

    /// A new method at the end of the body.
    pub fn add_method(&self, lines: &[String]) -> Result<Change, Refusal> {
        let block = self.block(lines);
        if let Some(change) = self.instead_of_filler(&block) {
            return Ok(change);
        }
        let last = self.class.body.last().ok_or("the class has no body")?;
        self.behind(last, &block)
    }

    /// A new method before all others.
    pub fn add_first_method(&self, lines: &[String]) -> Result<Change, Refusal> {
        let at = self
            .class
            .body
            .iter()
            .position(|stmt| matches!(stmt, Stmt::FunctionDef(_)));
        match at.and_then(|i| self.class.body.get(i.checked_sub(1)?)) {
            Some(before) => self.behind(before, &self.block(lines)),
            None => self.add_method(lines),
        }
    }

    /// A new class: behind the attributes, before all methods.
    pub fn add_class(&self, lines: &[String]) -> Result<Change, Refusal> {
        let block = self.block(lines);
        if let Some(change) = self.instead_of_filler(&block) {
            return Ok(change);
        }
        let body = &self.class.body;
        let method = body.iter().position(|stmt| matches!(stmt, Stmt::FunctionDef(_)));
        let Some(before) = method.unwrap_or(body.len()).checked_sub(1) else {
            let at = self.header_end()?;
            return Ok((Span::new(at, at), format!("\n{block}\n")));
        };
        let (at, mut content) = self.behind(&body[before], &block)?;
        let rest = &self.text[at.end as usize..];
        let mut following = rest.split_inclusive('\n').skip(1);
        let close = following.next().is_some_and(|line| !line.trim().is_empty());
        if close && method.is_some() {
            content.push('\n');
        }
        Ok((at, content))
    }

    /// Whether the body stands on lines of its own.
    pub fn stands_on_lines(&self) -> bool {
        let first = self.class.body.first().map(|stmt| span(stmt.range()).start);
        first.is_some_and(|at| layout::starts_line(self.text, at))
            || matches!(&self.class.body[..], [Stmt::Pass(_)])
    }

    pub fn statements(&self) -> impl Iterator<Item = &'t Stmt> + use<'t> {
        self.class.body.iter()
    }

    /// The number of statements.
    pub fn len(&self) -> usize {
        self.class.body.len()
    }

    /// What stands before each line of the body, and one more level of it.
    pub fn indentation(&self) -> (&str, &str) {
        (&self.indent, &self.unit)
    }

    /// Lines of a function behind one of its statements.
    pub fn add_lines(&self, behind: &Stmt, lines: &[String]) -> Result<Change, Refusal> {
        if !layout::starts_line(self.text, span(behind.range()).start) {
            return Err("its body stands on one line");
        }
        let at = self.line_end(behind)?;
        Ok((Span::new(at, at), format!("\n{}", self.block(lines))))
    }

    fn behind(&self, stmt: &Stmt, block: &str) -> Result<Change, Refusal> {
        if !layout::starts_line(self.text, span(stmt.range()).start) {
            return Err("the body of the class stands on one line");
        }
        let at = self.line_end(stmt)?;
        Ok((Span::new(at, at), format!("\n\n{block}")))
    }

    /// `pass` or `...` gives way to what the class gets.
    fn instead_of_filler(&self, block: &str) -> Option<Change> {
        let (last, before) = self.class.body.split_last()?;
        let filler = match last {
            Stmt::Pass(_) => true,
            Stmt::Expr(stmt) => matches!(&*stmt.value, Expr::EllipsisLiteral(_)),
            _ => false,
        };
        if !filler || !before.iter().all(is_docstring) {
            return None;
        }
        let at = span(last.range());
        let start = self.text[..at.start as usize].trim_end().len() as u32;
        let lead = if before.is_empty() { "" } else { "\n" };
        Some((Span::new(start, at.end), format!("{lead}\n{block}")))
    }

    fn block(&self, lines: &[String]) -> String {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| match line.as_str() {
                "" => String::new(),
                line => format!("{}{line}", self.indent),
            })
            .collect();
        lines.join("\n")
    }

    /// Where the last line of a statement ends, comments included.
    fn line_end(&self, stmt: &Stmt) -> Result<u32, Refusal> {
        let end = span(stmt.range()).end as usize;
        let rest = &self.text[end..];
        let line = rest.find(BREAKS).map_or(rest, |n| &rest[..n]);
        if line.trim_start().starts_with(';') {
            return Err("several statements stand on one line");
        }
        Ok((end + line.trim_end().len()) as u32)
    }

    /// Where the line of the class's own head ends.
    pub fn header_end(&self) -> Result<u32, Refusal> {
        let name = self.class.name.range().end();
        let first = self.class.body.first().map(|stmt| span(stmt.range()).start);
        if !first.is_some_and(|at| layout::starts_line(self.text, at)) {
            return Err("the body of the class stands on one line");
        }
        let tokens = self.module.tokens().iter();
        tokens
            .filter(|token| token.kind() == TokenKind::Newline)
            .map(|token| token.range().start())
            .find(|at| *at >= name)
            .map(|at| at.to_u32())
            .ok_or("the class has no body")
    }

    /// A line of the body, so many levels deep.
    pub fn line(&self, level: usize, text: &str) -> String {
        format!("{}{text}", self.unit.repeat(level))
    }

    fn fits(&self, level: usize, text: &str) -> bool {
        let lead = self.indent.chars().count() + level * self.unit.chars().count();
        lead + text.chars().count() <= self.style.width
    }

    /// `head` and a chain of calls behind it: on one line, or broken as formatters do. What `base` gives is
    /// split before calls of its own.
    pub fn chain(&self, level: usize, head: &str, base: &[&str], calls: &[Call]) -> Vec<String> {
        let inline: Vec<String> = calls.iter().map(Call::inline).collect();
        let whole = format!("{}{}", base.concat(), inline.concat());
        let one = format!("{head}{whole}");
        if self.fits(level, &one) {
            return vec![self.line(level, &one)];
        }
        let hung = base.len() + calls.len() > 2;
        if hung && self.fits(level + 1, &whole) {
            return vec![
                self.line(level, &format!("{head}(")),
                self.line(level + 1, &whole),
                self.line(level, ")"),
            ];
        }
        if hung {
            let mut lines = vec![self.line(level, &format!("{head}("))];
            // The first call stays with a name and its manager.
            let joined = usize::from(base.len() == 1);
            let attached: String = inline.iter().take(joined).cloned().collect();
            for (i, part) in base.iter().enumerate() {
                let attached = if i == 0 { attached.as_str() } else { "" };
                lines.push(self.line(level + 1, &format!("{part}{attached}")));
            }
            for call in calls.iter().skip(joined) {
                lines.extend(self.call(level + 1, "", call));
            }
            lines.push(self.line(level, ")"));
            return lines;
        }
        match calls.split_last() {
            Some((last, before)) => {
                let before: String = before.iter().map(Call::inline).collect();
                self.call(level, &format!("{head}{}{before}", base.concat()), last)
            }
            None => vec![self.line(level, &one)],
        }
    }

    fn call(&self, level: usize, head: &str, call: &Call) -> Vec<String> {
        let inline = format!("{head}{}", call.inline());
        if self.fits(level, &inline) {
            return vec![self.line(level, &inline)];
        }
        let mut lines = vec![self.line(level, &format!("{head}.{}(", call.name))];
        let joined = call.arguments.join(", ");
        if self.fits(level + 1, &joined) {
            lines.push(self.line(level + 1, &joined));
        } else {
            let each = call.arguments.iter();
            lines.extend(each.map(|argument| self.line(level + 1, &format!("{argument},"))));
        }
        lines.push(self.line(level, ")"));
        lines
    }

    /// A call behind an expression, from which on nothing stands on its line.
    pub fn appended_call(&self, expr: Span, call: &Call) -> Change {
        let start = self.text[..expr.start as usize]
            .rfind(BREAKS)
            .map_or(0, |n| n + 1);
        let before = self.text[start..expr.end as usize].chars().count();
        let inline = call.inline();
        let at = Span::new(expr.end, expr.end);
        if before + inline.chars().count() <= self.style.width {
            return (at, inline);
        }
        let indent = layout::indent_of(self.text, expr.start);
        let arguments = call.arguments.join(", ");
        let inner = format!("{indent}{}", self.unit);
        (at, format!(".{}(\n{inner}{arguments}\n{indent})", call.name))
    }

    /// `head` and a list of items, in the brackets of a list or of a tuple.
    pub fn sequence(&self, level: usize, head: &str, items: &[String], as_list: bool) -> Vec<String> {
        let (open, close) = if as_list { ('[', ']') } else { ('(', ')') };
        let lone = if items.len() == 1 && !as_list { "," } else { "" };
        let one = format!("{head}{open}{}{lone}{close}", items.join(", "));
        if self.fits(level, &one) {
            return vec![self.line(level, &one)];
        }
        let mut lines = vec![self.line(level, &format!("{head}{open}"))];
        lines.extend(items.iter().map(|item| self.line(level + 1, &format!("{item},"))));
        lines.push(self.line(level, &close.to_string()));
        lines
    }

    /// Adds paths to a literal list or tuple of paths; a path that goes on from one that is there takes its place.
    pub fn extend(&self, list: &Expr, paths: &[String]) -> Result<Vec<Change>, Refusal> {
        let (items, as_list) = match list {
            Expr::List(list) => (&list.elts[..], true),
            Expr::Tuple(tuple) => (&tuple.elts[..], false),
            _ => return Err("the list is computed"),
        };
        let mut texts = Vec::new();
        for item in items {
            let Expr::StringLiteral(text) = item else {
                return Err("the list is computed");
            };
            texts.push(text.value.to_str());
        }
        let mut taken = vec![false; texts.len()];
        let mut changes = Vec::new();
        let mut added = Vec::new();
        let longer = |path: &str, start: &str| path.strip_prefix(start).is_some_and(|r| r.starts_with("__"));
        for path in paths {
            if texts.iter().any(|text| text == path || longer(text, path)) {
                continue;
            }
            match (0..texts.len()).find(|i| !taken[*i] && longer(path, texts[*i])) {
                Some(i) => {
                    taken[i] = true;
                    changes.push((span(items[i].range()), self.style.string(path)));
                }
                None => added.push(self.style.string(path)),
            }
        }
        let whole = span(list.range());
        let on_one_line = !self.text[whole.start as usize..whole.end as usize].contains(BREAKS);
        if let (false, Some(last)) = (on_one_line, items.last()) {
            if !added.is_empty() {
                changes.push(self.appended(span(last.range()), &added));
            }
            return Ok(changes);
        }
        let mut all: Vec<String> = items
            .iter()
            .map(|item| {
                let at = span(item.range());
                let change = changes.iter().find(|(span, _)| *span == at);
                let old = || self.text[at.start as usize..at.end as usize].to_owned();
                change.map_or_else(old, |(_, new)| new.clone())
            })
            .collect();
        all.extend(added);
        let start = self.text[..whole.start as usize]
            .rfind(BREAKS)
            .map_or(0, |n| n + 1);
        let head = self.text[start..whole.start as usize].trim_start();
        let lines = self.sequence(0, head, &all, as_list);
        let block = self.block(&lines);
        let content = block[self.indent.len() + head.len()..].to_owned();
        Ok(vec![(whole, content)])
    }

    /// Items behind the last one of a list over several lines.
    fn appended(&self, last: Span, added: &[String]) -> Change {
        let at = Span::new(last.end, last.end);
        if !layout::starts_line(self.text, last.start) {
            return (at, format!(", {}", added.join(", ")));
        }
        let indent = layout::indent_of(self.text, last.start);
        let lines: Vec<String> = added.iter().map(|item| format!(",\n{indent}{item}")).collect();
        (at, lines.concat())
    }

    /// Whether lists in this body stand in square brackets.
    pub fn prefers_lists(&self, like: Option<&str>) -> bool {
        let named = like.and_then(|name| self.assign(name)).map(|(value, _)| value);
        let values = self.class.body.iter().filter_map(|stmt| match stmt {
            Stmt::Assign(assign) => Some(&*assign.value),
            _ => None,
        });
        named
            .into_iter()
            .chain(values)
            .find_map(|value| match value {
                Expr::List(_) => Some(true),
                Expr::Tuple(_) => Some(false),
                _ => None,
            })
            .unwrap_or(false)
    }
}

/// The `return`s of a function with the values they give, those of functions inside left out.
pub(super) fn returns(function: &StmtFunctionDef) -> Vec<&StmtReturn> {
    struct Returns<'t>(Vec<&'t StmtReturn>);
    impl<'t> Visitor<'t> for Returns<'t> {
        fn visit_stmt(&mut self, stmt: &'t Stmt) {
            match stmt {
                Stmt::Return(found) => self.0.push(found),
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                _ => walk_stmt(self, stmt),
            }
        }
    }
    let mut found = Returns(Vec::new());
    for stmt in &function.body {
        found.visit_stmt(stmt);
    }
    found.0
}

/// The quotes of the class, if it has any besides those of docstrings, and the width of the file.
fn habits(text: &str, class: Span) -> Style {
    let own = text[class.start as usize..class.end as usize].replace("\"\"\"", "");
    let file = Style::of(text);
    let quoted = own.contains(['"', '\'']);
    Style {
        quote: if quoted { Style::of(&own).quote } else { file.quote },
        ..file
    }
}

fn is_docstring(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Expr(inner) if matches!(&*inner.value, Expr::StringLiteral(_)))
}

/// One level of indentation, as the first indented line of the file has it.
fn indentation(text: &str, module: &Module) -> Option<String> {
    let token = module
        .tokens()
        .iter()
        .find(|token| token.kind() == TokenKind::Indent)?;
    let at = span(token.range());
    Some(text[at.start as usize..at.end as usize].to_owned())
}
