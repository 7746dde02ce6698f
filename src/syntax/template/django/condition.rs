//! What `{% if %}` tests, with the precedence of `django/template/smartif.py`.
//! Does not know what the values are.

use super::value::{Value, shortened, value};
use crate::syntax::template::{TemplateError, Word};

/// Words of one condition that may hang below each other.
const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug)]
pub enum Condition<'a> {
    Value(Value<'a>),
    Or(Vec<Condition<'a>>),
    And(Vec<Condition<'a>>),
    Not(Box<Condition<'a>>),
    /// Comparisons of one precedence, from left to right.
    Compare(Box<Condition<'a>>, Vec<(Comparison, Condition<'a>)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    NotEq,
    Is,
    IsNot,
    In,
    NotIn,
    /// `<`, `<=`, `>`, `>=`
    Order,
}

/// Reads all words behind `if`; `place` is told when there are none.
pub fn condition<'a>(words: &[Word<'a>], place: Word<'a>) -> Result<Condition<'a>, TemplateError> {
    let mut parser = Parser {
        words,
        at: 0,
        level: 0,
        place,
    };
    let condition = parser.or()?;
    match parser.words.get(parser.at) {
        None => Ok(condition),
        Some(word) => Err(TemplateError::new(
            word.span,
            format!("`{}` is not expected here", shortened(word.text)),
        )),
    }
}

struct Parser<'a, 'w> {
    words: &'w [Word<'a>],
    at: usize,
    level: usize,
    place: Word<'a>,
}

impl<'a> Parser<'a, '_> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.words.get(self.at + ahead).map_or("", |word| word.text)
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.peek(0) == word;
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Condition<'a>, TemplateError> {
        let mut all = vec![self.and()?];
        while self.takes("or") {
            all.push(self.and()?);
        }
        Ok(joined(all, Condition::Or))
    }

    fn and(&mut self) -> Result<Condition<'a>, TemplateError> {
        let mut all = vec![self.not()?];
        while self.takes("and") {
            all.push(self.not()?);
        }
        Ok(joined(all, Condition::And))
    }

    fn not(&mut self) -> Result<Condition<'a>, TemplateError> {
        if self.peek(0) != "not" {
            return self.membership();
        }
        self.at += 1;
        self.level += 1;
        if self.level > MAX_DEPTH {
            return Err(TemplateError::new(self.place.span, "this is too long to analyse"));
        }
        let inner = self.not()?;
        self.level -= 1;
        Ok(Condition::Not(Box::new(inner)))
    }

    fn membership(&mut self) -> Result<Condition<'a>, TemplateError> {
        let left = self.comparison()?;
        let mut rest = Vec::new();
        loop {
            let op = if self.takes("in") {
                Comparison::In
            } else if self.peek(0) == "not" && self.peek(1) == "in" {
                self.at += 2;
                Comparison::NotIn
            } else {
                return Ok(compared(left, rest));
            };
            rest.push((op, self.comparison()?));
        }
    }

    fn comparison(&mut self) -> Result<Condition<'a>, TemplateError> {
        let left = self.operand()?;
        let mut rest = Vec::new();
        loop {
            let op = match self.peek(0) {
                "==" => Comparison::Eq,
                "!=" => Comparison::NotEq,
                "<" | "<=" | ">" | ">=" => Comparison::Order,
                "is" if self.peek(1) == "not" => {
                    self.at += 1;
                    Comparison::IsNot
                }
                "is" => Comparison::Is,
                _ => return Ok(compared(left, rest)),
            };
            self.at += 1;
            rest.push((op, self.operand()?));
        }
    }

    fn operand(&mut self) -> Result<Condition<'a>, TemplateError> {
        let Some(word) = self.words.get(self.at) else {
            let last = self.words.last().unwrap_or(&self.place);
            return Err(TemplateError::new(last.span, "the condition ends too early"));
        };
        match word.text {
            "not" => self.not(),
            "and" | "or" | "in" | "is" | "==" | "!=" | "<" | "<=" | ">" | ">=" => Err(TemplateError::new(
                word.span,
                format!("`{}` is not expected here", word.text),
            )),
            _ => {
                self.at += 1;
                value(*word).map(Condition::Value)
            }
        }
    }
}

fn joined<'a>(mut all: Vec<Condition<'a>>, join: fn(Vec<Condition<'a>>) -> Condition<'a>) -> Condition<'a> {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            join(all)
        }
        None => join(all),
    }
}

fn compared<'a>(left: Condition<'a>, rest: Vec<(Comparison, Condition<'a>)>) -> Condition<'a> {
    if rest.is_empty() {
        left
    } else {
        Condition::Compare(Box::new(left), rest)
    }
}
