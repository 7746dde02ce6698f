//! New Python code that is longer than a word: calls and lists in brackets, broken as formatters break them.
//!
//! Knows no names; what stands in it is text.

use crate::syntax::python::ast::Expr;
use crate::syntax::python::{Ranged, span};

/// An expression to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Code {
    Text(String),
    /// `key` and `=` or `: `, and what follows.
    Keyed(String, Box<Code>),
    Group(Group),
}

/// Items in brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// Up to the opening bracket.
    open: String,
    items: Vec<Code>,
    close: char,
    /// On one line where it fits.
    closed: bool,
    /// Only in brackets of their own do items stand on one line without the bracket.
    call: bool,
}

/// Where code goes.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// One level of indentation.
    pub unit: &'a str,
    pub width: usize,
}

impl Code {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn keyword(name: &str, value: Self) -> Self {
        Self::Keyed(format!("{name}="), Box::new(value))
    }

    /// A call with one more keyword, in the order of their names as migrations have it.
    pub fn with_keyword(self, name: &str, value: Self) -> Self {
        match self {
            Self::Group(mut group) => {
                let behind =
                    |item: &Self| matches!(item, Self::Keyed(key, _) if key.trim_end_matches('=') > name);
                let at = group.items.iter().position(behind).unwrap_or(group.items.len());
                group.items.insert(at, Self::keyword(name, value));
                Self::Group(group)
            }
            other => other,
        }
    }

    pub fn call(callee: &str, items: Vec<Self>) -> Self {
        Self::group(format!("{callee}("), items, ')', true)
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::group("[".to_owned(), items, ']', false)
    }

    /// In round brackets, of more than one item.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::group("(".to_owned(), items, ')', false)
    }

    fn group(open: String, items: Vec<Self>, close: char, call: bool) -> Self {
        Self::Group(Group {
            open,
            items,
            close,
            closed: true,
            call,
        })
    }

    /// The same with each item on a line of its own.
    pub fn spread(self) -> Self {
        match self {
            Self::Group(group) => Self::Group(Group {
                closed: false,
                ..group
            }),
            other => other,
        }
    }

    /// An expression that stands in a text, without its line breaks; calls for which `keep` says no to a keyword
    /// lose it. Nothing where a text literal or a comment would be torn.
    pub fn of(expr: &Expr, text: &str, keep: &dyn Fn(&str) -> bool) -> Option<Self> {
        let slice = |at: crate::source::Span| &text[at.start as usize..at.end as usize];
        let all = |items: &[Expr]| -> Option<Vec<Self>> {
            items.iter().map(|item| Self::of(item, text, &|_| true)).collect()
        };
        match expr {
            Expr::Call(call) => {
                let callee = slice(span(call.func.range()));
                let mut items = all(&call.arguments.args)?;
                for keyword in &call.arguments.keywords {
                    let value = Self::of(&keyword.value, text, &|_| true)?;
                    match &keyword.arg {
                        Some(name) if keep(name.as_str()) => items.push(Self::keyword(name.as_str(), value)),
                        Some(_) => {}
                        None => return None,
                    }
                }
                (!callee.contains(['\n', '\r'])).then(|| Self::call(callee, items))
            }
            Expr::List(list) => Some(Self::list(all(&list.elts)?)),
            Expr::Tuple(tuple) if tuple.elts.len() > 1 => Some(Self::tuple(all(&tuple.elts)?)),
            Expr::Dict(dict) => {
                let item = |item: &crate::syntax::python::ast::DictItem| {
                    let key = slice(span(item.key.as_ref()?.range()));
                    let value = Self::of(&item.value, text, &|_| true)?;
                    Some(Self::Keyed(format!("{key}: "), Box::new(value)))
                };
                let items: Option<Vec<Self>> = dict.items.iter().map(item).collect();
                Some(Self::group("{".to_owned(), items?, '}', false))
            }
            _ => {
                let slice = slice(span(expr.range()));
                (!slice.contains(['\n', '\r', '#'])).then(|| Self::text(slice))
            }
        }
    }

    /// On one line.
    pub fn inline(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Keyed(key, value) => format!("{key}{}", value.inline()),
            Self::Group(group) => format!("{}{}{}", group.open, group.joined(), group.close),
        }
    }

    /// Whether it may stand on one line.
    fn closed(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Keyed(_, value) => value.closed(),
            Self::Group(group) => group.closed && group.items.iter().all(Self::closed),
        }
    }

    /// All lines with their indentation, between what stands before and behind it.
    pub fn lines(&self, frame: Frame<'_>, indent: &str, before: &str, behind: &str) -> Vec<String> {
        let one = format!("{indent}{before}{}{behind}", self.inline());
        if self.closed() && one.chars().count() <= frame.width {
            return vec![one];
        }
        match self {
            Self::Text(_) => vec![one],
            Self::Keyed(key, value) => value.lines(frame, indent, &format!("{before}{key}"), behind),
            Self::Group(group) if group.items.is_empty() => vec![one],
            Self::Group(group) => {
                let inner = format!("{indent}{}", frame.unit);
                let mut lines = vec![format!("{indent}{before}{}", group.open)];
                let body = format!("{inner}{}", group.joined());
                if self.closed() && group.call && body.chars().count() <= frame.width {
                    lines.push(body);
                } else {
                    for item in &group.items {
                        lines.extend(item.lines(frame, &inner, "", ","));
                    }
                }
                lines.push(format!("{indent}{}{behind}", group.close));
                lines
            }
        }
    }
}

impl Group {
    fn joined(&self) -> String {
        let items: Vec<String> = self.items.iter().map(Code::inline).collect();
        items.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Frame};
    use crate::syntax::python::Module;
    use crate::syntax::python::ast::Stmt;

    fn index(fields: &[&str], name: &str) -> Code {
        let fields = fields
            .iter()
            .map(|name| Code::text(format!("\"{name}\"")))
            .collect();
        let name = Code::text(format!("\"{name}\""));
        Code::call(
            "models.Index",
            vec![
                Code::keyword("fields", Code::list(fields)),
                Code::keyword("name", name),
            ],
        )
    }

    fn shown(code: &Code, before: &str, width: usize) -> String {
        let frame = Frame { unit: "    ", width };
        code.lines(frame, "    ", before, ",").join("\n")
    }

    #[test]
    fn lines_are_broken_where_they_get_too_long() {
        let code = index(&["status", "created"], "blog_entry_idx");
        let one = "    index=models.Index(fields=[\"status\", \"created\"], name=\"blog_entry_idx\"),";
        let code = Code::keyword("index", code);
        assert_eq!(shown(&code, "", one.len()), one);
        assert_eq!(
            shown(&code, "", one.len() - 1),
            "    index=models.Index(\n        fields=[\"status\", \"created\"], name=\"blog_entry_idx\"\n    ),"
        );
        assert_eq!(
            shown(&code, "", 50),
            "    index=models.Index(\n        fields=[\"status\", \"created\"],\n        name=\"blog_entry_idx\",\n    ),"
        );
        assert_eq!(
            shown(&code, "", 36),
            "    index=models.Index(\n        fields=[\n            \"status\",\n            \"created\",\n        ],\n        name=\"blog_entry_idx\",\n    ),"
        );
    }

    #[test]
    fn lists_have_a_line_for_each_item() {
        let list = Code::list(vec![index(&["a"], "b")]);
        assert_eq!(
            shown(&list, "indexes = ", 88),
            "    indexes = [models.Index(fields=[\"a\"], name=\"b\")],"
        );
        let spread = "    indexes = [\n        models.Index(fields=[\"a\"], name=\"b\"),\n    ],";
        assert_eq!(shown(&list, "indexes = ", 50), spread);
        assert_eq!(shown(&list.clone().spread(), "indexes = ", 88), spread);
        assert_eq!(shown(&Code::list(Vec::new()).spread(), "", 88), "    [],");
    }

    #[test]
    fn expressions_are_taken_over_without_what_is_not_wanted() {
        let of = |text: &str| {
            let module = Module::parse(text).unwrap();
            let Stmt::Expr(stmt) = &module.body()[0] else {
                panic!()
            };
            Code::of(&stmt.value, text, &|name| name != "db_index").map(|code| code.inline())
        };
        let text = "models.CharField(\n    choices=[\n        ('a', 'A'),\n        (1, x.y),\n    ],\n    db_index=True,\n    max_length=3,\n)\n";
        assert_eq!(
            of(text).unwrap(),
            "models.CharField(choices=[('a', 'A'), (1, x.y)], max_length=3)"
        );
        assert_eq!(
            of("f(a={1: 'b'}, db_index=g(db_index=1))\n").unwrap(),
            "f(a={1: 'b'})"
        );
        assert_eq!(of("f(g(db_index=1), (2,))\n").unwrap(), "f(g(db_index=1), (2,))");
        assert_eq!(of("f('a'\n  'b')\n"), None);
        assert_eq!(of("f(**a)\n"), None);
    }
}
