//! What Jinja's tags are lowered to. `a:b` is a lookup that does not call.

use super::{statements, template};
use crate::facts::{Dialect, FileFacts};
use crate::lower::template::extract;

fn facts(text: &str) -> FileFacts {
    let facts = extract(text, Dialect::Jinja);
    assert!(facts.errors.is_empty(), "{text}: {:?}", facts.errors);
    facts
}

fn body(text: &str) -> String {
    statements(&facts(text).functions[0].body)
}

#[test]
fn expressions() {
    for (text, want) in [
        ("{{ a.b.c() }}", "f($a:b:c())"),
        ("{{ a['b'][0][1:] }}", "f($a[\"b\"][0][1:-:-])"),
        ("{{ a|f(1, k=b)|g }}", "f($a|f(1, k=$b)|g())"),
        ("{{ a ~ 'b' }}", "f(f($a \"b\"))"),
        ("{{ a if b is defined else c }}", "f(($b Is Other ? $a : $c))"),
        ("{{ a is none or not a in b }}", "f(or($a Is None not($a In $b)))"),
        ("{{ a is in b }}", "f($a In $b)"),
        (
            "{{ [a, 1], {'k': b}, -c + d }}",
            "f(([$a 1] {\"k\":$b} (unary($c) Add $d)))",
        ),
        ("{{ super() }}", "super"),
        ("{{ f(*a, **b) }}", "f($f(*$a, **$b))"),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
}

#[test]
fn tags() {
    for (text, want) in [
        (
            "{% for k, v in a.items() if v recursive %}{{ k }}{% else %}{{ b }}{% endfor %}",
            "scope {for (k v) in $a:items() {if $v {f($k)}}}; if Other {f($b)}",
        ),
        (
            "{% if a %}{{ a }}{% elif b %}{% else %}{{ c }}{% endif %}",
            "if $a {f($a)} else {if $b {} else {f($c)}}",
        ),
        ("{% set a = b.c %}{% set d, e = f %}", "a = $b:c; (d e) = $f"),
        ("{% set n.x = a %}", "$n.x = $a"),
        ("{% set a %}{{ b }}{% endset %}", "f($b); a = f()"),
        (
            "{% with a = b, c = 1 %}{{ a }}{% endwith %}",
            "scope {a = $b; c = 1; f($a)}",
        ),
        (
            "{% trans a=b.c, d %}{{ a }}{% pluralize a %}{{ d }}{% endtrans %}",
            "scope {a = $b:c; f($a); if Other {f($d)}}",
        ),
        ("{% filter upper %}{{ a }}{% endfilter %}", "scope {f($a)}"),
        (
            "{% include 'a' ignore missing without context %}",
            "include \"a\" only",
        ),
        ("{% include 'a' with context %}", "include \"a\""),
        ("{% import 'a' as m %}", "m = ?"),
        ("{% from 'a' import b, c as d with context %}", "b = ?; d = ?"),
        ("{% do a.b() %}", "$a:b()"),
        (
            "{% for a in b %}{% break %}{% continue %}{% endfor %}",
            "scope {for a in $b {break; continue}}",
        ),
        ("{% csrf_token %}", "tag csrf_token()"),
        ("{% url 'a', b.c k=1 as d %}", "tag url(\"a\", $b:c, k=1) as d"),
        (
            "{% cache 5, a %}{{ b }}{% endcache %}",
            "tag cache(5, $a) {f($b)}",
        ),
        ("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", ""),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
}

#[test]
fn blocks_and_parents() {
    let facts = facts(
        "{% extends 'base.html' %}{% block a scoped %}{{ x }}{% block b required %}{% endblock %}{% endblock a %}\
         {% include ['a', 'b'] %}",
    );
    let found = template(&facts);
    assert_eq!(found.extends.unwrap(), "base.html");
    assert!(found.dynamic && found.dialect == Dialect::Jinja);
    let blocks = found.blocks.iter();
    let blocks: Vec<_> = blocks
        .map(|block| format!("{}: {}", block.name, statements(&block.body)))
        .collect();
    assert_eq!(blocks, ["a: f($x); block b", "b: "]);
}

#[test]
fn macros_are_functions_of_the_file() {
    let facts = facts(
        "{{ card(a) }}{% macro card(row, size=1) %}{{ row.name }}{{ caller() }}{% endmacro %}\
         {% call(x) card(b) %}{{ x }}{% endcall %}{{ other(c) }}",
    );
    assert_eq!(
        statements(&facts.functions[0].body),
        "f(card($a)); def#1; f(card($b)); scope {x = ?; f($x)}; f($other($c))"
    );
    let card = &facts.functions[1];
    assert_eq!(card.name, "card");
    assert_eq!(statements(&card.body), "f($row:name); f($caller())");
    let params: Vec<_> = card
        .params
        .iter()
        .map(|p| (p.name.as_str(), p.default.is_some()))
        .collect();
    assert_eq!(params, [("row", false), ("size", true)]);
    let found = template(&facts);
    assert_eq!(found.macros.len(), 1);
    assert_eq!((found.macros[0].0.as_str(), found.macros[0].1.0), ("card", 1));
}

#[test]
fn broken_tags_keep_what_they_hold() {
    for (text, want, told) in [
        ("{% for a %}{{ b }}{% endfor %}", "f($b)", "this ends too early"),
        (
            "{% for a in b c %}{{ b }}{% endfor %}",
            "f($b)",
            "`c` is not expected here",
        ),
        (
            "{% if a b %}{{ c }}{% endif %}",
            "if Other {f($c)}",
            "`b` is not expected here",
        ),
        ("{% block %}{{ c }}{% endblock %}", "f($c)", "this ends too early"),
        (
            "{% macro m( %}{{ c }}{% endmacro %}",
            "def#1",
            "this ends too early",
        ),
        (
            "{% call %}{{ c }}{% endcall %}",
            "scope {f($c)}",
            "this ends too early",
        ),
        ("{{ a b }}{{ c }}", "f($c)", "`b` is not expected here"),
        ("{% set 1 %}{{ c }}{% endset %}", "f($c)", ""),
    ] {
        let facts = extract(text, Dialect::Jinja);
        assert_eq!(statements(&facts.functions[0].body), want, "{text}");
        let messages: Vec<_> = facts.errors.iter().map(|error| error.message.as_str()).collect();
        let told: Vec<_> = Some(told).filter(|told| !told.is_empty()).into_iter().collect();
        assert_eq!(messages, told, "{text}");
    }
}
