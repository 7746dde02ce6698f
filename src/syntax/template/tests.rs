//! Trees and messages of both languages.

mod jinja;
mod nesting;

use super::django::{
    Argument, ArgumentKind, Condition, Value, condition, filters, keyword, parse, value, words,
};
use super::{Node, Tag, Template, Word};

fn word(text: &str) -> Word<'_> {
    Word::new(text, 0)
}

/// The tree in a short notation: `{print}`, `tag rest`, `[tag rest: body | tag rest: body]`.
fn tree(template: &Template<'_>) -> String {
    nodes(&template.nodes)
}

fn nodes(all: &[Node<'_>]) -> String {
    all.iter().map(node).collect::<Vec<_>>().join(" ")
}

fn tag(tag: &Tag<'_>) -> String {
    format!("{} {}", tag.name.text, tag.rest.text)
        .trim_end()
        .to_owned()
}

fn node(node: &Node<'_>) -> String {
    match node {
        Node::Print(print) => format!("{{{}}}", print.inner.text),
        Node::Tag(simple) => tag(simple),
        Node::Block(block) => {
            let parts = block.parts.iter().map(|part| {
                format!("{}: {}", tag(&part.tag), nodes(&part.body))
                    .trim_end()
                    .to_owned()
            });
            format!("[{}]", parts.collect::<Vec<_>>().join(" | "))
        }
    }
}

fn messages(template: &Template<'_>) -> Vec<String> {
    template
        .errors
        .iter()
        .map(|error| error.message.clone())
        .collect()
}

fn show(text: &str) -> String {
    match value(word(text)) {
        Ok(read) => show_value(&read),
        Err(error) => format!("! {} {}..{}", error.message, error.span.start, error.span.end),
    }
}

fn show_value(read: &Value<'_>) -> String {
    let mut out = show_argument(&read.base);
    for call in &read.filters {
        out = format!("{}({out}", call.name.text);
        if let Some(argument) = &call.argument {
            out = format!("{out}, {}", show_argument(argument));
        }
        out.push(')');
    }
    out
}

fn show_argument(argument: &Argument<'_>) -> String {
    match &argument.kind {
        ArgumentKind::Variable(parts) => parts.iter().map(|part| part.text).collect::<Vec<_>>().join("/"),
        ArgumentKind::Text(text) => format!("{:?}", text.text),
        ArgumentKind::Int(int) => int.to_string(),
        ArgumentKind::Number => "number".into(),
    }
}

fn test(text: &str) -> String {
    match condition(&words(word(text)), word("if")) {
        Ok(read) => show_condition(&read),
        Err(error) => format!("! {}", error.message),
    }
}

fn show_condition(read: &Condition<'_>) -> String {
    let all = |items: &[Condition<'_>]| items.iter().map(show_condition).collect::<Vec<_>>().join(" ");
    match read {
        Condition::Value(read) => show_value(read),
        Condition::Or(items) => format!("or({})", all(items)),
        Condition::And(items) => format!("and({})", all(items)),
        Condition::Not(inner) => format!("not({})", show_condition(inner)),
        Condition::Compare(left, rest) => {
            let rest = rest
                .iter()
                .map(|(op, right)| format!(" {op:?} {}", show_condition(right)));
            format!("({}{})", show_condition(left), rest.collect::<String>())
        }
    }
}

#[test]
fn text_prints_tags_and_comments() {
    for (text, want) in [
        ("", ""),
        ("plain { % } text", ""),
        ("{{x}}{%if x%}{{ y }}{%endif%}", "{x} [if x: {y}]"),
        ("a {{ x }} b {# {{ no }} #} {% load l %}", "{x} load l"),
        // A tag ends on its line.
        ("{% if\n x %}{{ a\n}}{# a\n{{ b }} #}", "{b}"),
        ("{{% load x %}", "load x"),
        ("{%}", ""),
        ("{{}} {{ }}", "{} {}"),
        ("{{ '}}' }}", "{'}"),
        ("{{ x }}}", "{x}"),
        ("{% a {% b %}", "a {% b"),
        ("{% url 'a' %}{{ ünï|d:\"ö\" }}", "url 'a' {ünï|d:\"ö\"}"),
        (
            "{% comment \"why\" %}{{ a }}{% if %}{# b #}{% endcomment %}{{ c }}",
            "{c}",
        ),
        ("{% verbatim %}{{ a }}{% if %}{% endverbatim %}{{ c }}", "{c}"),
        (
            "{% verbatim one %}{% endverbatim %}{{ a }}{% endverbatim one %}{{ c }}",
            "{c}",
        ),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        assert_eq!(messages(&parsed), [""; 0], "{text}");
    }
}

#[test]
fn places_are_exact() {
    let text = "é {% for a, b  in x.items %}{{ a|f:'ü' }}{% endfor %} {# ñ #}";
    let parsed = parse(text);
    let at = |span: crate::source::Span| &text[span.start as usize..span.end as usize];
    let [Node::Block(block)] = &parsed.nodes[..] else {
        panic!("{parsed:?}");
    };
    assert_eq!(
        at(block.span),
        "{% for a, b  in x.items %}{{ a|f:'ü' }}{% endfor %}"
    );
    let part = &block.parts[0];
    assert_eq!(at(part.tag.span), "{% for a, b  in x.items %}");
    assert_eq!(at(part.tag.name.span), "for");
    let split: Vec<_> = words(part.tag.rest).iter().map(|w| at(w.span)).collect();
    assert_eq!(split, ["a,", "b", "in", "x.items"]);
    let [Node::Print(print)] = &part.body[..] else {
        panic!("{parsed:?}");
    };
    assert_eq!(at(print.span), "{{ a|f:'ü' }}");
    let read = value(print.inner).unwrap();
    assert_eq!(at(read.span), "a|f:'ü'");
    assert_eq!(at(read.base.span), "a");
    assert_eq!(at(read.filters[0].name.span), "f");
    assert_eq!(at(read.filters[0].span), "f:'ü'");
    assert_eq!(at(read.filters[0].argument.as_ref().unwrap().span), "'ü'");
    assert_eq!(at(parsed.comments[0]), "{# ñ #}");
}

#[test]
fn words_are_split_as_django_does() {
    for (text, want) in [
        ("a  b\tc", vec!["a", "b", "c"]),
        ("a=\"b c\" d", vec!["a=\"b c\"", "d"]),
        ("x|f:'a b'|g \"c \\\" d\"e", vec!["x|f:'a b'|g", "\"c \\\" d\"e"]),
        ("_('a b') c", vec!["_('a b')", "c"]),
        ("it's a", vec!["it's", "a"]),
        ("a\"b c\"d\"e f", vec!["a\"b c\"d", "\"e", "f"]),
        ("'ö ü' é", vec!["'ö ü'", "é"]),
        ("\"\\", vec!["\"\\"]),
        ("", vec![]),
    ] {
        let split: Vec<_> = words(word(text)).iter().map(|w| w.text).collect();
        assert_eq!(split, want, "{text}");
    }
    let pair = |text| keyword(word(text)).map(|(name, value)| (name.text, value.text));
    assert_eq!(pair("a='b'"), Some(("a", "'b'")));
    for none in ["a", "'a=b'", "a=", "=b", "a.b=c"] {
        assert_eq!(pair(none), None, "{none}");
    }
}

#[test]
fn values() {
    for (text, want) in [
        ("a", "a"),
        ("a.b.0.c", "a/b/0/c"),
        ("forloop.counter", "forloop/counter"),
        ("a|date:\"Y m\"|default:b.c", "default(date(a, \"Y m\"), b/c)"),
        ("a | upper | lower", "lower(upper(a))"),
        ("_(\"text\")|f:_('x')", "f(\"text\", \"x\")"),
        ("'it\\'s'", "\"it\\\\'s\""),
        ("5", "5"),
        ("-5|add:-1", "add(-5, -1)"),
        ("+1.5e3", "number"),
        ("1.5", "number"),
        ("größe.ö|f", "f(größe/ö)"),
        ("", "! a variable is missing here 0..0"),
        ("a b", "! cannot make sense of ` b` 1..3"),
        ("a|", "! cannot make sense of `|` 1..2"),
        ("a|f:", "! cannot make sense of `:` 3..4"),
        ("a(1)", "! cannot make sense of `(1)` 1..4"),
        ("-a", "! cannot make sense of `-a` 0..2"),
        (
            "a._b",
            "! `_b` begins with an underscore, which templates cannot reach 2..4",
        ),
        ("_('a'", "! cannot make sense of `_('a'` 0..5"),
    ] {
        assert_eq!(show(text), want, "{text}");
    }
    let calls = filters(word("cut:' '|upper")).unwrap();
    assert_eq!(
        calls.iter().map(|c| c.name.text).collect::<Vec<_>>(),
        ["cut", "upper"]
    );
    assert!(filters(word("")).is_err() && filters(word("|a")).is_err());
    for long in [format!("a{}", ".b".repeat(200)), format!("a{}", "|f".repeat(200))] {
        assert_eq!(
            value(word(&long)).unwrap_err().message,
            "this is too long to analyse"
        );
    }
}

#[test]
fn conditions_have_the_precedence_of_django() {
    for (text, want) in [
        ("a or b and not c", "or(a and(b not(c)))"),
        ("a and b or c and d", "or(and(a b) and(c d))"),
        ("not a == b", "not((a Eq b))"),
        ("a == b in c", "((a Eq b) In c)"),
        ("a not in b and c is not None", "and((a NotIn b) (c IsNot None))"),
        ("a is b", "(a Is b)"),
        (
            "a != 1 or a < 2 or a <= 3 or a > 4 or a >= 5",
            "or((a NotEq 1) (a Order 2) (a Order 3) (a Order 4) (a Order 5))",
        ),
        ("not not a", "not(not(a))"),
        ("a == not b", "(a Eq not(b))"),
        ("x|length > 1", "(length(x) Order 1)"),
        ("a == 'b c'", "(a Eq \"b c\")"),
        ("", "! the condition ends too early"),
        ("a and", "! the condition ends too early"),
        ("a b", "! `b` is not expected here"),
        ("and a", "! `and` is not expected here"),
        ("a = b", "! `=` is not expected here"),
        ("a not b", "! `not` is not expected here"),
    ] {
        assert_eq!(test(text), want, "{text}");
    }
    assert_eq!(test(&"not ".repeat(100_000)), "! this is too long to analyse");
    assert!(test(&format!("{}a", "a and ".repeat(100_000))).starts_with("and(a a"));
    assert!(test(&format!("{}a", "a == ".repeat(100_000))).starts_with("(a Eq a"));
}
