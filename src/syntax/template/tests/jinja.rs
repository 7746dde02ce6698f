//! Jinja's trees and expressions.

use super::{messages, tree, word};
use crate::syntax::template::jinja::{Argument, Expr, ExprKind, Reader, parse};

fn expr(text: &str) -> String {
    let mut reader = Reader::new(word(text));
    match reader.tuple().and_then(|read| reader.finish().map(|()| read)) {
        Ok(read) => show(&read, text),
        Err(error) => format!("! {} {}..{}", error.message, error.span.start, error.span.end),
    }
}

fn show(expr: &Expr<'_>, text: &str) -> String {
    assert!(
        text.get(expr.span.start as usize..expr.span.end as usize)
            .is_some()
    );
    let one = |expr: &Expr<'_>| show(expr, text);
    let all = |items: &[Expr<'_>]| items.iter().map(one).collect::<Vec<_>>().join(" ");
    let args = |items: &[Argument<'_>]| {
        let items = items.iter().map(|item| match item {
            Argument::Positional(value) => one(value),
            Argument::Keyword(name, value) => format!("{}={}", name.text, one(value)),
            Argument::Star(value) => format!("*{}", one(value)),
            Argument::DoubleStar(value) => format!("**{}", one(value)),
        });
        items.collect::<Vec<_>>().join(", ")
    };
    match &expr.kind {
        ExprKind::Name(name) => name.text.into(),
        ExprKind::Text(text) => format!("{:?}", text.text),
        ExprKind::Int(int) => int.to_string(),
        ExprKind::Other => "other".into(),
        ExprKind::True => "true".into(),
        ExprKind::False => "false".into(),
        ExprKind::None => "none".into(),
        ExprKind::List(items) => format!("[{}]", all(items)),
        ExprKind::Tuple(items) => format!("({})", all(items)),
        ExprKind::Dict(items) => {
            let items = items
                .iter()
                .map(|(key, value)| format!("{}:{}", one(key), one(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Attr(base, name) => format!("{}.{}", one(base), name.text),
        ExprKind::Index(base, index) => format!("{}[{}]", one(base), one(index)),
        ExprKind::Slice(base, parts) => {
            let parts = parts.iter().map(|part| part.as_ref().map_or("-".into(), one));
            format!("{}[{}]", one(base), parts.collect::<Vec<_>>().join(":"))
        }
        ExprKind::Call(func, items) => format!("{}({})", one(func), args(items)),
        ExprKind::Filter(value, name, items) => format!("{}|{}({})", one(value), name.text, args(items)),
        ExprKind::Test(value, name, items) => format!("is({}, {}({}))", one(value), name.text, args(items)),
        ExprKind::Not(inner) => format!("not({})", one(inner)),
        ExprKind::Unary(inner) => format!("unary({})", one(inner)),
        ExprKind::And(items) => format!("and({})", all(items)),
        ExprKind::Or(items) => format!("or({})", all(items)),
        ExprKind::Concat(items) => format!("concat({})", all(items)),
        ExprKind::Compare(left, rest) => {
            let rest = rest.iter().map(|(op, right)| format!(" {op:?} {}", one(right)));
            format!("({}{})", one(left), rest.collect::<String>())
        }
        ExprKind::Binary(op, left, right) => format!("({} {op:?} {})", one(left), one(right)),
        ExprKind::IfElse(parts) => {
            let orelse = parts.2.as_ref().map_or("-".into(), one);
            format!("({} ? {} : {orelse})", one(&parts.1), one(&parts.0))
        }
    }
}

#[test]
fn expressions() {
    for (text, want) in [
        ("a.b['c'].0[1].d", "a.b[\"c\"].0[1].d"),
        ("a.0.1", "a.0.1"),
        ("f(a, *b, k=1, **c).d()", "f(a, *b, k=1, **c).d()"),
        ("a|f|g(1, x=2)|h.i", "a|f()|g(1, x=2)|h.i()"),
        (
            "a is defined and b is not none",
            "and(is(a, defined()) not(is(b, none())))",
        ),
        (
            "a is divisibleby 3 or a is in [1]",
            "or(is(a, divisibleby(3)) is(a, in([1])))",
        ),
        ("a is divisibleby(3)", "is(a, divisibleby(3))"),
        ("not a in b", "not((a In b))"),
        ("a not in b == c < 1", "(a NotIn b Eq c Order 1)"),
        ("a ~ b ~ 'c'", "concat(a b \"c\")"),
        (
            "a + b * c - d ** 2 % e // f",
            "((a Add (b Other c)) Sub (((d Other 2) Mod e) Other f))",
        ),
        ("-a.b|abs + 1", "(unary(a.b)|abs() Add 1)"),
        ("a if b else c if d", "(b ? a : (d ? c : -))"),
        ("[1, 'a', 1.5,], {'a': {}}, ()", "([1 \"a\" other] {\"a\":{}} ())"),
        ("(a, b)[0], (a)", "((a b)[0] a)"),
        (
            "a[1:], a[:2], a[::-1], a[:, 1]",
            "! `,` is not expected here 26..27",
        ),
        ("a[1:], a[:2], a[::-1]", "(a[1:-:-] a[-:2:-] a[-:-:unary(1)])"),
        ("true, False, None", "(true false none)"),
        ("'ö' 'ü'", "other"),
        ("größe|länge", "größe|länge()"),
        ("a b", "! `b` is not expected here 2..3"),
        ("", "! this ends too early 0..0"),
        ("(a", "! this ends too early 2..2"),
        ("a.", "! this ends too early 2..2"),
        ("a and", "! this ends too early 5..5"),
        ("'a", "! `'` is not expected here 0..1"),
        ("a ? b", "! `?` is not expected here 2..3"),
    ] {
        assert_eq!(expr(text), want, "{text}");
    }
}

#[test]
fn tags_may_span_lines_and_end_where_the_expression_does() {
    for (text, want) in [
        ("{%- if a\n -%}{{- b -}}{%+ endif +%}", "[if a: {b}]"),
        (
            "{{ {'a': {'b': 1}} }}{{ '}}' }}{% set x = '%}' %}",
            "{{'a': {'b': 1}}} {'}}'} set x = '%}'",
        ),
        ("{{ {'a': {}}}}", "{{'a': {}}}"),
        ("{# {{ a }}\n #}{% raw %}{{ a }}{%- endraw -%}{{ b }}", "{b}"),
        (
            "{% set x %}{{ a }}{% endset %}{% set y = f(z=1) %}",
            "[set x: {a}] set y = f(z=1)",
        ),
        ("{% set x %}{% set y = 1 %}{% endset %}", "[set x: set y = 1]"),
        ("{% set x = f(\n a=1) %}", "set x = f(\n a=1)"),
        (
            "{% for a in b if c %}{{ a }}{% else %}{% endfor %}",
            "[for a in b if c: {a} | else:]",
        ),
        ("{% call(x) m(1) %}{{ x }}{% endcall %}", "[call (x) m(1): {x}]"),
        ("{% macro m(a) %}{% endmacro m %}", "[macro m(a):]"),
        (
            "{% trans a=b %}{{ a }}{% pluralize %}{% endtrans %}",
            "[trans a=b: {a} | pluralize:]",
        ),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        assert_eq!(messages(&parsed), [""; 0], "{text}");
    }
    for (text, want, told) in [
        (
            "{{ a <p> {% if b %}{{ c }}{% endif %}",
            "[if b: {c}]",
            "`{{` is never closed",
        ),
        ("{{ a }}{% if", "{a}", "`{%` is never closed"),
        ("{{ a }}{# b {{ c }}", "{a}", "`{#` is never closed"),
        ("{% raw %}{{ c }}", "", "`{% raw %}` is never closed"),
        ("{% endraw %}", "", "`{% endraw %}` closes nothing"),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        assert_eq!(messages(&parsed), [told], "{text}");
    }
}

#[test]
fn hostile_text_is_bounded() {
    let n = 20_000;
    for text in [
        "(".repeat(n),
        "[".repeat(n),
        "{a:".repeat(n),
        "not ".repeat(n),
        "-".repeat(n),
        format!("a{}", ".b".repeat(n)),
        format!("a{}", "()".repeat(n)),
        format!("a{}", "|f".repeat(n)),
        format!("a{}", "+a".repeat(n)),
        format!("a{}", " if b else a".repeat(n)),
        format!("a{}", " if b".repeat(n)),
        "f(".repeat(n),
        "a[".repeat(n),
        "a is b ".repeat(n),
    ] {
        assert!(expr(&text).starts_with("! "), "{}", &text[..8]);
    }
    for text in [
        "{{ ".repeat(n),
        "{% ".repeat(n),
        "{# ".repeat(n),
        "{{ ' }}".repeat(n),
        "{{ \\\" }}".repeat(n),
        "{% raw %}".repeat(n),
        "{{ {".repeat(n),
        "{% if a %}".repeat(n),
        "{% set x %}".repeat(n),
    ] {
        parse(&text);
    }
    assert!(expr(&format!("a{}", " and a".repeat(n))).starts_with("and("));
}
