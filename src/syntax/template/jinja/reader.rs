//! Reads what stands in one tag: expressions, with the precedence of `jinja2/parser.py`, and the words between.
//! Does not know which words a tag wants.

use super::expr::{Argument, Comparison, Expr, ExprKind, Operator};
use super::token::{Token, TokenKind, Tokens};
use crate::source::Span;
use crate::syntax::template::{TemplateError, Word};

/// What one expression may hang below another: operators in a row count one each, brackets `NESTED`.
const MAX_LEVEL: u32 = 200;
const NESTED: u32 = 5;

type Read<T> = Result<T, TemplateError>;

/// Reads one tag from left to right.
pub struct Reader<'a> {
    text: Word<'a>,
    tokens: Tokens<'a>,
    /// The next token and the one behind it.
    next: [Option<Token<'a>>; 2],
    /// End of the last token taken.
    end: u32,
    level: u32,
}

/// `name` or `name=default` of a macro.
#[derive(Clone, Debug)]
pub struct Parameter<'a> {
    pub name: Word<'a>,
    pub default: Option<Expr<'a>>,
}

impl<'a> Reader<'a> {
    pub fn new(text: Word<'a>) -> Self {
        let mut tokens = Tokens::new(text);
        let next = [tokens.next(), tokens.next()];
        Self {
            text,
            tokens,
            next,
            end: text.span.start,
            level: 0,
        }
    }

    pub fn is_done(&self) -> bool {
        self.next[0].is_none()
    }

    /// What is wrong when something is left.
    pub fn finish(&self) -> Read<()> {
        if self.is_done() {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Takes the next token if it is this word or operator.
    pub fn takes(&mut self, word: &str) -> bool {
        let found = self.sees(0, word);
        if found {
            self.bump();
        }
        found
    }

    pub fn name(&mut self) -> Read<Word<'a>> {
        match self.next[0] {
            Some(Token {
                kind: TokenKind::Name,
                word,
            }) => {
                self.bump();
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// An expression, or several with commas between.
    pub fn tuple(&mut self) -> Read<Expr<'a>> {
        self.list_of(Self::expression)
    }

    /// What a loop goes over: no `if` belongs to it.
    pub fn iterable(&mut self) -> Read<Expr<'a>> {
        self.list_of(|reader| reader.nested(Self::or))
    }

    /// What a loop or `set` binds: a name, an attribute or several.
    pub fn target(&mut self) -> Read<Expr<'a>> {
        self.list_of(|reader| {
            reader.nested(|reader| {
                let inner = reader.primary()?;
                reader.postfix(inner)
            })
        })
    }

    pub fn expression(&mut self) -> Read<Expr<'a>> {
        self.nested(Self::choice)
    }

    /// `(a, b=1)`
    pub fn parameters(&mut self) -> Read<Vec<Parameter<'a>>> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.takes(")") {
            let name = self.name()?;
            let default = if self.takes("=") {
                Some(self.expression()?)
            } else {
                None
            };
            parameters.push(Parameter { name, default });
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(parameters)
    }

    /// One argument of a call, or of a tag.
    pub fn argument(&mut self) -> Read<Argument<'a>> {
        if self.takes("**") {
            return self.expression().map(Argument::DoubleStar);
        }
        if self.takes("*") {
            return self.expression().map(Argument::Star);
        }
        if self.sees(1, "=") {
            let name = self.name()?;
            self.bump();
            return Ok(Argument::Keyword(name, self.expression()?));
        }
        self.expression().map(Argument::Positional)
    }

    /// Whether parameters may come next.
    pub fn sees_parenthesis(&self) -> bool {
        self.sees(0, "(")
    }

    fn bump(&mut self) {
        if let Some(token) = self.next[0] {
            self.end = token.word.span.end;
        }
        self.next = [self.next[1], self.tokens.next()];
    }

    fn sees(&self, ahead: usize, word: &str) -> bool {
        self.next[ahead]
            .is_some_and(|t| matches!(t.kind, TokenKind::Name | TokenKind::Op) && t.word.text == word)
    }

    fn expect(&mut self, word: &str) -> Read<()> {
        if self.takes(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> TemplateError {
        match self.next[0] {
            Some(token) => TemplateError::new(
                token.word.span,
                format!("`{}` is not expected here", short(token.word.text)),
            ),
            None => {
                let end = Span::new(self.end.max(self.text.span.start), self.text.span.end);
                TemplateError::new(end, "this ends too early")
            }
        }
    }

    /// One step deeper; the caller goes back up.
    fn deeper(&mut self, by: u32) -> Read<()> {
        self.level += by;
        if self.level > MAX_LEVEL {
            return Err(TemplateError::new(self.text.span, "this is too long to analyse"));
        }
        Ok(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let level = self.level;
        self.deeper(NESTED)?;
        let result = read(self)?;
        self.level = level;
        Ok(result)
    }

    fn start(&self) -> u32 {
        self.next[0].map_or(self.end, |token| token.word.span.start)
    }

    fn made(&self, start: u32, kind: ExprKind<'a>) -> Expr<'a> {
        Expr {
            span: Span::new(start, self.end.max(start)),
            kind,
        }
    }

    /// Items with commas between; one without a comma is itself.
    fn list_of(&mut self, read: impl Fn(&mut Self) -> Read<Expr<'a>>) -> Read<Expr<'a>> {
        let start = self.start();
        let first = read(self)?;
        if !self.sees(0, ",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.takes(",") {
            let ends = ["in", "=", "if", "recursive", ")"]
                .iter()
                .any(|end| self.sees(0, end));
            if ends || self.is_done() {
                break;
            }
            items.push(read(self)?);
        }
        Ok(self.made(start, ExprKind::Tuple(items)))
    }

    fn choice(&mut self) -> Read<Expr<'a>> {
        let start = self.start();
        let mut then = self.or()?;
        let level = self.level;
        while self.takes("if") {
            self.deeper(1)?;
            let test = self.nested(Self::or)?;
            let orelse = if self.takes("else") {
                Some(self.expression()?)
            } else {
                None
            };
            then = self.made(start, ExprKind::IfElse(Box::new((then, test, orelse))));
        }
        self.level = level;
        Ok(then)
    }

    fn or(&mut self) -> Read<Expr<'a>> {
        self.joined("or", Self::and, ExprKind::Or)
    }

    fn and(&mut self) -> Read<Expr<'a>> {
        self.joined("and", Self::not, ExprKind::And)
    }

    fn joined(
        &mut self,
        word: &str,
        read: fn(&mut Self) -> Read<Expr<'a>>,
        join: fn(Vec<Expr<'a>>) -> ExprKind<'a>,
    ) -> Read<Expr<'a>> {
        let start = self.start();
        let first = read(self)?;
        if !self.sees(0, word) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.takes(word) {
            all.push(read(self)?);
        }
        Ok(self.made(start, join(all)))
    }

    fn not(&mut self) -> Read<Expr<'a>> {
        let start = self.start();
        if !self.takes("not") {
            return self.compare();
        }
        let inner = self.nested(Self::not)?;
        Ok(self.made(start, ExprKind::Not(Box::new(inner))))
    }

    fn compare(&mut self) -> Read<Expr<'a>> {
        let start = self.start();
        let left = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let op = if self.takes("==") {
                Comparison::Eq
            } else if self.takes("!=") {
                Comparison::NotEq
            } else if ["<", "<=", ">", ">="].iter().any(|op| self.takes(op)) {
                Comparison::Order
            } else if self.takes("in") {
                Comparison::In
            } else if self.sees(0, "not") && self.sees(1, "in") {
                self.bump();
                self.bump();
                Comparison::NotIn
            } else {
                break;
            };
            rest.push((op, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(left);
        }
        Ok(self.made(start, ExprKind::Compare(Box::new(left), rest)))
    }

    /// Operators of one precedence, from left to right.
    fn chain(&mut self, ops: &[(&str, Operator)], read: fn(&mut Self) -> Read<Expr<'a>>) -> Read<Expr<'a>> {
        let start = self.start();
        let level = self.level;
        let mut left = read(self)?;
        while let Some((_, op)) = ops.iter().find(|(word, _)| self.takes(word)) {
            self.deeper(1)?;
            let right = read(self)?;
            left = self.made(start, ExprKind::Binary(*op, Box::new(left), Box::new(right)));
        }
        self.level = level;
        Ok(left)
    }

    fn sum(&mut self) -> Read<Expr<'a>> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Sub)], Self::concat)
    }

    fn concat(&mut self) -> Read<Expr<'a>> {
        self.joined("~", Self::product, ExprKind::Concat)
    }

    fn product(&mut self) -> Read<Expr<'a>> {
        let ops = [
            ("*", Operator::Other),
            ("/", Operator::Other),
            ("//", Operator::Other),
            ("%", Operator::Mod),
        ];
        self.chain(&ops, Self::power)
    }

    fn power(&mut self) -> Read<Expr<'a>> {
        self.chain(&[("**", Operator::Other)], |reader| reader.unary(true))
    }

    fn unary(&mut self, filters: bool) -> Read<Expr<'a>> {
        let start = self.start();
        let mut inner = if self.sees(0, "-") || self.sees(0, "+") {
            self.bump();
            let inner = self.nested(|reader| reader.unary(false))?;
            self.made(start, ExprKind::Unary(Box::new(inner)))
        } else {
            self.primary()?
        };
        let level = self.level;
        inner = self.postfix(inner)?;
        if filters {
            inner = self.filters(inner)?;
        }
        self.level = level;
        Ok(inner)
    }

    fn primary(&mut self) -> Read<Expr<'a>> {
        let start = self.start();
        let Some(token) = self.next[0] else {
            return Err(self.unexpected());
        };
        let text = token.word.text;
        let kind = match token.kind {
            TokenKind::Name => match text {
                "and" | "or" | "not" | "in" | "is" | "if" | "else" => return Err(self.unexpected()),
                "true" | "True" => ExprKind::True,
                "false" | "False" => ExprKind::False,
                "none" | "None" => ExprKind::None,
                _ => ExprKind::Name(token.word),
            },
            TokenKind::Int => text
                .replace('_', "")
                .parse()
                .map_or(ExprKind::Other, ExprKind::Int),
            TokenKind::Float => ExprKind::Other,
            TokenKind::Text => ExprKind::Text(token.word.part(1, text.len() - 1)),
            TokenKind::Op => match text {
                "(" => return self.parenthesised(),
                "[" => {
                    self.bump();
                    return self.items(start);
                }
                "{" => {
                    self.bump();
                    return self.dict(start);
                }
                _ => return Err(self.unexpected()),
            },
            TokenKind::Unknown => return Err(self.unexpected()),
        };
        self.bump();
        let mut made = self.made(start, kind);
        if token.kind == TokenKind::Text {
            while self.next[0].is_some_and(|t| t.kind == TokenKind::Text) {
                self.bump();
                made = self.made(start, ExprKind::Other);
            }
        }
        Ok(made)
    }

    fn parenthesised(&mut self) -> Read<Expr<'a>> {
        let start = self.start();
        self.bump();
        if self.takes(")") {
            return Ok(self.made(start, ExprKind::Tuple(Vec::new())));
        }
        let inner = self.tuple()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn items(&mut self, start: u32) -> Read<Expr<'a>> {
        let mut items = Vec::new();
        while !self.takes("]") {
            items.push(self.expression()?);
            if !self.takes(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(self.made(start, ExprKind::List(items)))
    }

    fn dict(&mut self, start: u32) -> Read<Expr<'a>> {
        let mut items = Vec::new();
        while !self.takes("}") {
            let key = self.expression()?;
            self.expect(":")?;
            items.push((key, self.expression()?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(self.made(start, ExprKind::Dict(items)))
    }

    /// Attributes, subscripts and calls. Leaves the level where the chain ends.
    fn postfix(&mut self, mut inner: Expr<'a>) -> Read<Expr<'a>> {
        let start = inner.span.start;
        loop {
            let kind = if self.takes(".") {
                let name = match self.next[0] {
                    Some(token) if matches!(token.kind, TokenKind::Name | TokenKind::Int) => token.word,
                    _ => return Err(self.unexpected()),
                };
                self.bump();
                ExprKind::Attr(Box::new(inner), name)
            } else if self.takes("[") {
                self.subscript(inner)?
            } else if self.sees(0, "(") {
                ExprKind::Call(Box::new(inner), self.arguments()?)
            } else {
                return Ok(inner);
            };
            self.deeper(1)?;
            inner = self.made(start, kind);
        }
    }

    fn subscript(&mut self, base: Expr<'a>) -> Read<ExprKind<'a>> {
        let mut parts = [None, None, None];
        let mut at = 0;
        loop {
            if self.takes(":") {
                at += 1;
                if at > 2 {
                    return Err(self.unexpected());
                }
            } else if self.takes("]") {
                break;
            } else if parts[at].is_none() {
                parts[at] = Some(self.tuple()?);
            } else {
                return Err(self.unexpected());
            }
        }
        if at > 0 {
            return Ok(ExprKind::Slice(Box::new(base), Box::new(parts)));
        }
        let [index, ..] = parts;
        let index = index.ok_or_else(|| self.unexpected())?;
        Ok(ExprKind::Index(Box::new(base), Box::new(index)))
    }

    /// `(a, b=c, *d, **e)`
    fn arguments(&mut self) -> Read<Vec<Argument<'a>>> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.argument()?);
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    /// Filters, tests, and calls of their results.
    fn filters(&mut self, mut inner: Expr<'a>) -> Read<Expr<'a>> {
        let start = inner.span.start;
        loop {
            if self.takes("|") {
                let name = self.dotted()?;
                let arguments = if self.sees(0, "(") {
                    self.arguments()?
                } else {
                    Vec::new()
                };
                inner = self.made(start, ExprKind::Filter(Box::new(inner), name, arguments));
            } else if self.takes("is") {
                let negated = self.takes("not");
                let name = self.dotted()?;
                let arguments = self.test_arguments()?;
                inner = self.made(start, ExprKind::Test(Box::new(inner), name, arguments));
                if negated {
                    inner = self.made(start, ExprKind::Not(Box::new(inner)));
                }
            } else {
                return Ok(inner);
            }
            self.deeper(2)?;
        }
    }

    /// A name, which may have dots in it.
    fn dotted(&mut self) -> Read<Word<'a>> {
        let mut name = self.name()?;
        while self.takes(".") {
            let last = self.name()?;
            let (from, to) = (name.span.start, last.span.end);
            let offset = self.text.span.start;
            name = self.text.part((from - offset) as usize, (to - offset) as usize);
        }
        Ok(name)
    }

    /// `divisibleby 3`, `divisibleby(3)`
    fn test_arguments(&mut self) -> Read<Vec<Argument<'a>>> {
        if self.sees(0, "(") {
            return self.arguments();
        }
        let starts = match self.next[0] {
            Some(token) => match token.kind {
                TokenKind::Name => !matches!(
                    token.word.text,
                    "else" | "or" | "and" | "is" | "in" | "not" | "if" | "recursive"
                ),
                TokenKind::Text | TokenKind::Int | TokenKind::Float => true,
                TokenKind::Op => matches!(token.word.text, "[" | "{"),
                TokenKind::Unknown => false,
            },
            None => false,
        };
        if !starts {
            return Ok(Vec::new());
        }
        self.nested(|reader| {
            let inner = reader.primary()?;
            let inner = reader.postfix(inner)?;
            Ok(vec![Argument::Positional(inner)])
        })
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
