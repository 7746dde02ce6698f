//! `CREATE INDEX` and `DROP INDEX` in SQL.
//!
//! Reads what PostgreSQL, SQLite and MySQL have in common; names are those of the database. Statements it does not
//! know are passed over, and so is what stands in procedures.

use crate::ir::Const;
use crate::source::Sym;

use super::{Method, Nulls};

#[derive(Debug, PartialEq)]
pub(super) enum Statement {
    Create(Create),
    /// The names, in lower case unless they are quoted.
    Drop(Vec<Sym>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Create {
    pub name: Option<Sym>,
    pub table: Sym,
    pub unique: bool,
    pub method: Method,
    pub columns: Vec<SqlColumn>,
    pub include: Vec<Sym>,
    pub condition: Option<SqlCondition>,
}

#[derive(Debug, PartialEq)]
pub(super) struct SqlColumn {
    pub part: SqlPart,
    pub descending: bool,
    pub nulls: Option<Nulls>,
    pub opclass: Option<Sym>,
}

#[derive(Debug, PartialEq)]
pub(super) enum SqlPart {
    Column(Sym),
    Function(Sym, Sym),
    Other,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct SqlCondition {
    /// Column, lookup, negated, values.
    pub facts: Vec<(Sym, &'static str, bool, Vec<Const>)>,
    pub whole: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A bare word, in lower case.
    Word(String),
    /// A quoted name.
    Name(String),
    Text(String),
    Number(String),
    Sign(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(w) if w == word)
    }

    fn sign(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }

    fn name(&self) -> Option<Sym> {
        match self {
            Self::Word(name) | Self::Name(name) => Some(Sym::new(name)),
            _ => None,
        }
    }
}

/// All statements about indexes in a text.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let tokens = tokens(text);
    tokens
        .split(|token| token.sign(';'))
        .filter_map(|statement| create(statement).or_else(|| removal(statement)))
        .collect()
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        if c.is_whitespace() {
            rest = rest.trim_start();
        } else if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some(end) =
            matches!(c, '\'' | '"' | '`' | '[').then_some(if c == '[' { ']' } else { c })
        {
            let (inner, after) = quoted(&rest[1..], end);
            out.push(match c {
                '\'' => Token::Text(inner),
                _ => Token::Name(inner),
            });
            rest = after;
        } else if let Some(after) = dollars(rest) {
            out.push(Token::Text(String::new()));
            rest = after;
        } else if word(c) {
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let (inner, after) = rest.split_at(end);
            out.push(match c.is_ascii_digit() {
                true => Token::Number(inner.to_owned()),
                false => Token::Word(inner.to_lowercase()),
            });
            rest = after;
        } else {
            out.push(Token::Sign(c));
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The text up to a closing quote, doubled ones taken as one, and what follows.
fn quoted(text: &str, end: char) -> (String, &str) {
    let mut inner = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(end) {
        inner.push_str(head);
        match tail.strip_prefix(end) {
            Some(more) => {
                inner.push(end);
                rest = more;
            }
            None => return (inner, tail),
        }
    }
    (inner, "")
}

/// What follows a body `$tag$ … $tag$`.
fn dollars(text: &str) -> Option<&str> {
    let tag_end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = &text[..tag_end];
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !tag[1..tag_end - 1].chars().all(plain) {
        return None;
    }
    Some(text[tag_end..].split_once(tag).map_or("", |(_, rest)| rest))
}

/// Tokens that are taken one by one.
struct Cursor<'t>(&'t [Token]);

impl<'t> Cursor<'t> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.0.first().is_some_and(|token| token.is(word));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn name(&mut self) -> Option<Sym> {
        let name = self.0.first()?.name()?;
        self.0 = &self.0[1..];
        Some(name)
    }

    /// `name` of `name` and of `schema.name`.
    fn qualified(&mut self) -> Option<Sym> {
        let mut name = self.name()?;
        while self.0.first().is_some_and(|token| token.sign('.')) {
            self.0 = &self.0[1..];
            name = self.name()?;
        }
        Some(name)
    }

    /// What stands in parentheses.
    fn group(&mut self) -> Option<&'t [Token]> {
        if !self.0.first()?.sign('(') {
            return None;
        }
        let end = closing(self.0)?;
        let inner = &self.0[1..end];
        self.0 = &self.0[end + 1..];
        Some(inner)
    }
}

/// Where the parenthesis that opens a list of tokens is closed.
fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts of a list outside of inner parentheses.
fn parts(tokens: &[Token], is_end: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let mut depth = 0i32;
    let mut out = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            token if depth == 0 && is_end(token) => {
                out.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&tokens[from..]);
    out
}

fn create(tokens: &[Token]) -> Option<Statement> {
    let mut at = Cursor(tokens);
    if !at.take("create") {
        return None;
    }
    let unique = at.take("unique");
    if !at.take("index") {
        return None;
    }
    at.take("concurrently");
    if at.take("if") {
        at.take("not");
        at.take("exists");
    }
    let name = if at.0.first()?.is("on") {
        None
    } else {
        at.qualified()
    };
    let mut method = Method::BTree;
    let mut using = |at: &mut Cursor<'_>| {
        if at.take("using")
            && let Some(name) = at.name()
        {
            method = Method::named(name.as_str());
        }
    };
    using(&mut at);
    if !at.take("on") {
        return None;
    }
    at.take("only");
    let table = at.qualified()?;
    using(&mut at);
    let columns = parts(at.group()?, |token| token.sign(','))
        .into_iter()
        .map(column)
        .collect();
    let mut include = Vec::new();
    let mut condition = None;
    while let Some(first) = at.0.first() {
        at.0 = &at.0[1..];
        if first.is("include") {
            let group = at.group().unwrap_or_default();
            include = parts(group, |token| token.sign(','))
                .into_iter()
                .filter_map(|part| part.first()?.name())
                .collect();
        } else if first.is("where") {
            condition = Some(read_condition(at.0));
            break;
        }
    }
    Some(Statement::Create(Create {
        name,
        table,
        unique,
        method,
        columns,
        include,
        condition,
    }))
}

fn removal(tokens: &[Token]) -> Option<Statement> {
    let mut at = Cursor(tokens);
    if !at.take("drop") || !at.take("index") {
        return None;
    }
    at.take("concurrently");
    if at.take("if") {
        at.take("exists");
    }
    let mut names = vec![at.qualified()?];
    while at.0.first().is_some_and(|token| token.sign(',')) {
        at.0 = &at.0[1..];
        names.push(at.qualified()?);
    }
    Some(Statement::Drop(names))
}

fn column(tokens: &[Token]) -> SqlColumn {
    let mut at = Cursor(tokens);
    let part = match at.0 {
        [Token::Sign('('), ..] => at.group().map_or(SqlPart::Other, expression),
        [name, Token::Sign('('), ..] => {
            let end = closing(&at.0[1..]).map_or(at.0.len(), |end| end + 2);
            let call = &at.0[..end];
            at.0 = &at.0[end..];
            match name.name() {
                Some(_) => expression(call),
                None => SqlPart::Other,
            }
        }
        _ => at.name().map_or(SqlPart::Other, SqlPart::Column),
    };
    let mut column = SqlColumn {
        part,
        descending: false,
        nulls: None,
        opclass: None,
    };
    while !at.0.is_empty() {
        if at.take("collate") {
            at.qualified();
        } else if at.take("asc") {
        } else if at.take("desc") {
            column.descending = true;
        } else if at.take("nulls") {
            column.nulls = match (at.take("first"), at.take("last")) {
                (true, _) => Some(Nulls::First),
                (_, true) => Some(Nulls::Last),
                _ => None,
            };
        } else if let Some(name) = at.name() {
            column.opclass.get_or_insert(name);
        } else {
            if !matches!(at.0.first(), Some(Token::Sign('(' | '.'))) {
                column.part = SqlPart::Other;
            }
            at.0 = &at.0[1..];
        }
    }
    column
}

/// `lower(name)`, `upper((name)::text)`, or a column in parentheses.
fn expression(tokens: &[Token]) -> SqlPart {
    let tokens = bare(tokens);
    match tokens {
        [one] => one.name().map_or(SqlPart::Other, SqlPart::Column),
        [function, rest @ ..] if rest.first().is_some_and(|token| token.sign('(')) => {
            let whole = closing(rest).is_some_and(|end| end + 1 == rest.len());
            let argument = bare(rest);
            match (function, argument) {
                (Token::Word(function), [one]) if whole => one.name().map_or(SqlPart::Other, |name| {
                    SqlPart::Function(capitalised(function), name)
                }),
                _ => SqlPart::Other,
            }
        }
        _ => SqlPart::Other,
    }
}

/// Without parentheses around it and casts behind it.
fn bare(mut tokens: &[Token]) -> &[Token] {
    loop {
        if let [head @ .., Token::Sign(':'), Token::Sign(':'), Token::Word(_)] = tokens {
            tokens = head;
        } else if tokens.first().is_some_and(|token| token.sign('('))
            && closing(tokens).is_some_and(|end| end + 1 == tokens.len())
        {
            tokens = &tokens[1..tokens.len() - 1];
        } else {
            return tokens;
        }
    }
}

/// `Upper`, as Django calls the function `upper`.
fn capitalised(name: &str) -> Sym {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    Sym::new(&first.into_iter().chain(chars).collect::<String>())
}

fn read_condition(tokens: &[Token]) -> SqlCondition {
    let mut out = SqlCondition {
        facts: Vec::new(),
        whole: true,
    };
    let tokens = bare(tokens);
    if parts(tokens, |token| token.is("or")).len() > 1 || tokens.iter().any(|token| token.is("between")) {
        out.whole = false;
        return out;
    }
    for part in parts(tokens, |token| token.is("and")) {
        match fact(bare(part)) {
            Some(fact) => out.facts.push(fact),
            None => out.whole = false,
        }
    }
    out
}

fn fact(tokens: &[Token]) -> Option<(Sym, &'static str, bool, Vec<Const>)> {
    if let [Token::Word(not), rest @ ..] = tokens
        && not == "not"
    {
        return match bare(rest) {
            [one] => Some((one.name()?, "exact", false, vec![Const::False])),
            _ => None,
        };
    }
    let (left, rest) = tokens.split_first()?;
    // `(status)::text = 'open'::text`
    let (name, rest) = match left {
        Token::Sign('(') => {
            let end = closing(tokens)?;
            match bare(&tokens[..=end]) {
                [one] => (one.name()?, &tokens[end + 1..]),
                _ => return None,
            }
        }
        _ => (left.name()?, rest),
    };
    let rest = match rest {
        [Token::Sign(':'), Token::Sign(':'), Token::Word(_), rest @ ..] => rest,
        rest => rest,
    };
    let value = |tokens: &[Token]| match bare(tokens) {
        [Token::Text(text)] => Some(Const::Str(Sym::new(text))),
        [Token::Number(digits)] => digits.parse().ok().map(Const::Int),
        [Token::Sign('-'), Token::Number(digits)] => {
            digits.parse::<i64>().ok().map(|number| Const::Int(-number))
        }
        [word] if word.is("true") => Some(Const::True),
        [word] if word.is("false") => Some(Const::False),
        _ => None,
    };
    match rest {
        [] => Some((name, "exact", false, vec![Const::True])),
        [is, null] if is.is("is") && null.is("null") => Some((name, "isnull", false, vec![Const::True])),
        [is, not, null] if is.is("is") && not.is("not") && null.is("null") => {
            Some((name, "isnull", false, vec![Const::False]))
        }
        [is, truth] if is.is("is") => Some((name, "exact", false, vec![value(std::slice::from_ref(truth))?])),
        [Token::Sign('='), rest @ ..] => Some((name, "exact", false, vec![value(rest)?])),
        [Token::Sign('<'), Token::Sign('>'), rest @ ..] | [Token::Sign('!'), Token::Sign('='), rest @ ..] => {
            Some((name, "exact", true, vec![value(rest)?]))
        }
        [Token::Sign('<'), Token::Sign('='), rest @ ..] => Some((name, "lte", false, vec![value(rest)?])),
        [Token::Sign('>'), Token::Sign('='), rest @ ..] => Some((name, "gte", false, vec![value(rest)?])),
        [Token::Sign('<'), rest @ ..] => Some((name, "lt", false, vec![value(rest)?])),
        [Token::Sign('>'), rest @ ..] => Some((name, "gt", false, vec![value(rest)?])),
        [word, rest @ ..] if word.is("in") => {
            let values = parts(bare(rest), |token| token.sign(',')).into_iter().map(value);
            Some((name, "in", false, values.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a statement.
    fn read(text: &str) -> String {
        let part = |part: &SqlPart| match part {
            SqlPart::Column(name) => name.to_string(),
            SqlPart::Function(function, name) => format!("{function}({name})"),
            SqlPart::Other => "?".to_owned(),
        };
        let show = |statement: &Statement| match statement {
            Statement::Drop(names) => format!("drop {names:?}"),
            Statement::Create(c) => {
                let columns = c.columns.iter().map(|column| {
                    let desc = if column.descending { "-" } else { "" };
                    let nulls = column.nulls.map_or(String::new(), |n| format!(" nulls {n:?}"));
                    let opclass = column.opclass.map_or(String::new(), |o| format!(" {o}"));
                    format!("{desc}{}{opclass}{nulls}", part(&column.part))
                });
                let columns: Vec<String> = columns.collect();
                let name = c.name.map_or("-", Sym::as_str);
                let unique = if c.unique { "unique " } else { "" };
                let condition = c.condition.as_ref().map_or(String::new(), |c| {
                    let facts = c.facts.iter().map(|(column, lookup, negated, values)| {
                        format!(
                            "{}{column}__{lookup}={values:?}",
                            if *negated { "not " } else { "" }
                        )
                    });
                    let facts: Vec<String> = facts.collect();
                    format!(
                        " if {}{}",
                        facts.join(" and "),
                        if c.whole { "" } else { " and more" }
                    )
                });
                format!(
                    "{unique}{:?} {name} on {} ({}) {:?}{condition}",
                    c.method,
                    c.table,
                    columns.join(", "),
                    c.include
                )
            }
        };
        statements(text).iter().map(show).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn indexes_in_sql() {
        let cases = [
            ("CREATE INDEX a ON t (x)", "BTree a on t (x) []"),
            (
                "create unique index concurrently if not exists \"A b\" on public.\"T\" using BTREE (\"X\", y desc nulls last);",
                "unique BTree A b on T (X, -y nulls Last) []",
            ),
            (
                "-- CREATE INDEX no ON t (x)\nCREATE INDEX i ON `t` (`x` ASC) /* ; */; DROP INDEX IF EXISTS s.old, older",
                "BTree i on t (x) []\ndrop [\"old\", \"older\"]",
            ),
            (
                "CREATE INDEX ON t USING gin (upper((name)::text) gin_trgm_ops, lower(x), (data->>'k'), to_tsvector('english', b))",
                "Gin - on t (Upper(name) gin_trgm_ops, Lower(x), ?, ?) []",
            ),
            (
                "CREATE INDEX i ON t (x COLLATE \"C\" text_pattern_ops, (y)) INCLUDE (z, w) WITH (fillfactor = 70) WHERE (a IS NULL AND NOT b AND (c)::text = 'it''s'::text AND d)",
                "BTree i on t (x text_pattern_ops, y) [\"z\", \"w\"] if a__isnull=[True] and b__exact=[False] and c__exact=[Str(\"it's\")] and d__exact=[True]",
            ),
            (
                "CREATE INDEX i ON t (x) WHERE n > -5 AND s IN ('a', 'b') AND k <> 2 AND lower(z) = 'q'",
                "BTree i on t (x) [] if n__gt=[Int(-5)] and s__in=[Str(\"a\"), Str(\"b\")] and not k__exact=[Int(2)] and more",
            ),
            (
                "CREATE INDEX i ON t (x) WHERE a OR b",
                "BTree i on t (x) [] if  and more",
            ),
            ("CREATE INDEX m USING HASH ON t (x(10))", "Hash m on t (?) []"),
            (
                "DO $$ BEGIN CREATE INDEX i ON t (x); END $$; CREATE TABLE x (y int)",
                "",
            ),
            ("CREATE INDEX i ON t (x", ""),
            ("CREATE INDEX", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
