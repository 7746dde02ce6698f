//! Hostile, broken and cut templates: facts come back, and every place lies in the text.

use std::path::Path;

use crate::facts::{Dialect, FileFacts};
use crate::ir::*;
use crate::lower::template::extract;
use crate::source::Span;

const DJANGO: &str = r#"{% extends "bäse.html" %}{% load i18n x from y %}
{# djperf: ignore[query-in-loop] größe #}{% comment "note" %}{{ no }}{% endcomment %}
{% block title %}{{ block.super }} {{ a.b.0|date:"Y \"m\""|default:_("ü") }}{% endblock title %}
{% for k, v in x.items|f:-1 reversed %}{% if not v.a == 1.5 and k not in z or v is not None %}é
{% elif w %}{% cycle 'a' b as c silent %}{% else %}{% ifchanged v %}{{ v }}{% else %}{% endifchanged %}{% endif %}
{% empty %}{% include "p.html" with a=b|f:'ß' c=d only %}{% endfor %}
{% with a=b.c d=e %}{% url 'n' a.pk k=d as u %}{% endwith %}{% regroup a by b.c as d %}
{% blocktranslate with a=b count n=c|length asvar t %}{{ a }}{% plural %}{{ n }}{% endblocktranslate %}
{% cache 5 "ñ" a.b %}{% perm a "x y" k=v|f:w as t %}{{ t }}{% else %}{% endperm %}{% endcache %}
{% verbatim ö %}{{ x }}{% endverbatim ö %}{% filter cut:"ä"|upper %}{{ q }}{% endfilter %}
{% partialdef p inline %}{{ a }}{% endpartialdef %}{% partial p %}{% firstof a b 'c' %}{% widthratio a b 100 %}
"#;

const JINJA: &str = r#"{%- extends "bäse.html" -%}{% import 'a' as m %}{% from "b" import c as d, e with context %}
{# djperf: ignore größe #}{% macro card(row, size=[1, 'ü']) -%}{{ row.näme|f(1, k="ö") }}{% endmacro %}
{% for k, (v, w) in x.items()[1:-1:2] if v is not defined and k not in z recursive %}{{ loop.index ~ "é" }}
{% else %}{% set a, b = {'k': c, 2: [1.5, none]}, -d ** 2 // 3 % 4 %}{% endfor %}{% set s %}{{ q }}{% endset %}
{% if a is divisibleby 3 %}{{ super() }}{% elif not b %}{% include ["a", 'b'] ignore missing %}{% else %}{% endif %}
{% call(x) card(a, *b, **c) %}{{ x if y else z }}{% endcall %}{% with a = 1, b = 2 %}{% do a.b() %}{% endwith %}
{% raw %}{{ ö }}{%- endraw +%}{% filter upper %}{{ (a, b)|join(', ') }}{% endfilter %}{% tag 'x', k=v as t %}
"#;

/// Every span of the facts.
fn spans(facts: &FileFacts) -> Vec<Span> {
    let mut spans: Vec<Span> = facts.comments.iter().map(|comment| comment.span).collect();
    spans.extend(facts.errors.iter().map(|error| error.span));
    for routine in &facts.functions {
        spans.extend([routine.span, routine.name_span]);
        routine.body.iter().for_each(|inner| statement(inner, &mut spans));
    }
    for block in &facts.template.as_ref().unwrap().blocks {
        spans.push(block.name_span);
        block.body.iter().for_each(|inner| statement(inner, &mut spans));
    }
    spans
}

fn statement(statement: &Stmt, spans: &mut Vec<Span>) {
    fn each(body: &[Stmt], spans: &mut Vec<Span>) {
        body.iter().for_each(|inner| self::statement(inner, spans));
    }
    spans.push(statement.span);
    match &statement.kind {
        StmtKind::Expr(value) => expr(value, spans),
        StmtKind::Assign { targets, value } => {
            exprs(targets, spans);
            expr(value, spans);
        }
        StmtKind::If { test, body, orelse } => {
            expr(test, spans);
            each(body, spans);
            each(orelse, spans);
        }
        StmtKind::For {
            target, iter, body, ..
        } => {
            expr(target, spans);
            expr(iter, spans);
            each(body, spans);
        }
        StmtKind::Template(part) => match &**part {
            TemplateStmt::Scope(body) => each(body, spans),
            TemplateStmt::Cached(fragment) => {
                spans.push(fragment.tag);
                fragment.vary.iter().for_each(|key| expr(key, spans));
                each(&fragment.body, spans);
            }
            TemplateStmt::Extends(parent) => expr(parent, spans),
            TemplateStmt::Include { template, with, .. } => {
                expr(template, spans);
                with.iter().for_each(|(_, value)| expr(value, spans));
            }
            TemplateStmt::Tag {
                name_span,
                args,
                body,
                ..
            } => {
                spans.push(*name_span);
                args.iter().for_each(|arg| expr(&arg.value, spans));
                each(body, spans);
            }
            TemplateStmt::Regroup { source, .. } => expr(source, spans),
            TemplateStmt::Block(_) | TemplateStmt::BlockSuper | TemplateStmt::Ambient(_) => {}
        },
        _ => {}
    }
}

fn exprs(all: &[Expr], spans: &mut Vec<Span>) {
    all.iter().for_each(|one| expr(one, spans));
}

fn expr(value: &Expr, spans: &mut Vec<Span>) {
    spans.push(value.span);
    match &value.kind {
        ExprKind::Lookup(lookup) => {
            spans.push(lookup.name_span);
            expr(&lookup.base, spans);
        }
        ExprKind::Filter(filter) => {
            spans.push(filter.name_span);
            expr(&filter.value, spans);
            filter.args.iter().for_each(|arg| expr(&arg.value, spans));
        }
        ExprKind::Call(call) => {
            expr(&call.func, spans);
            call.args.iter().for_each(|arg| expr(&arg.value, spans));
        }
        ExprKind::FString(all) | ExprKind::Tuple(all) | ExprKind::List(all) => exprs(all, spans),
        ExprKind::And(all) | ExprKind::Or(all) => exprs(all, spans),
        ExprKind::Not(inner) | ExprKind::Unary(inner) => expr(inner, spans),
        ExprKind::Compare(compare) => {
            expr(&compare.left, spans);
            compare.rest.iter().for_each(|(_, right)| expr(right, spans));
        }
        _ => {}
    }
}

fn check(text: &str, dialect: Dialect) -> FileFacts {
    let facts = extract(text, dialect);
    for span in spans(&facts) {
        let inside = text.get(span.start as usize..span.end as usize);
        assert!(inside.is_some(), "{span:?} in {text}");
    }
    facts
}

#[test]
fn cut_templates_do_not_panic() {
    assert!(check(DJANGO, Dialect::Django).errors.is_empty());
    let facts = check(JINJA, Dialect::Jinja);
    assert!(facts.errors.is_empty(), "{:?}", facts.errors);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut texts = vec![
        (DJANGO.to_owned(), Dialect::Django),
        (JINJA.to_owned(), Dialect::Jinja),
        (DJANGO.replace('\n', "\r\n"), Dialect::Django),
        (DJANGO.to_owned(), Dialect::Jinja),
    ];
    for entry in ignore::WalkBuilder::new(fixtures).build() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(check(&text, Dialect::Django).errors.is_empty(), "{text}");
            texts.push((text, Dialect::Django));
        }
    }
    assert!(texts.len() > 10);
    for (text, dialect) in &texts {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            check(&text[..end], *dialect);
            check(&text[end..], *dialect);
        }
    }
    for (text, dialect) in [(DJANGO, Dialect::Django), (JINJA, Dialect::Jinja)] {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let rest = text[at..].chars().skip(1).collect::<String>();
            for with in ["", "\"", "{", "|", "\n", "(", "ö"] {
                let text = format!("{}{with}{rest}", &text[..at]);
                check(&text, dialect);
            }
        }
    }
}

#[test]
fn odd_texts_do_not_panic() {
    for text in [
        "",
        "\0",
        "{",
        "{%",
        "{{",
        "{#",
        "{%%}",
        "{{}}",
        "{##}",
        "{% %}",
        "{%}",
        "{{|}}",
        "{{ |f }}",
        "{{ a|f: }}",
        "{%\u{a0}if\u{a0}a %}",
        "{{\u{a0}}}",
        "{% for , in x %}{% endfor %}",
        "{% with as %}{% endwith %}",
        "{% with a as %}{% endwith %}",
        "{% cycle as %}",
        "{% url as b %}",
        "{% regroup a by . as c %}",
        "{% blocktranslate count %}{% endblocktranslate %}",
        "{% blocktranslate asvar %}{% endblocktranslate %}",
        "{% filter %}{% endfilter %}",
        "{% load from %}",
        "{% partialdef %}{% endpartialdef %}",
        "{% partial %}",
        "{{ _() }}",
        "{{ '\\",
        "{{ 99999999999999999999 }}",
        "{% include 'a' with %}",
        "{% get_language_info for %}",
        "{% macro %}{% endmacro %}",
        "{% set %}",
        "{% from %}",
        "{% import %}",
        "{% call( %}{% endcall %}",
        "{# djperf",
        "{#djperf#}",
        "{#}djperf#}",
    ] {
        check(text, Dialect::Django);
        check(text, Dialect::Jinja);
    }
}

#[test]
fn deep_templates_do_not_overflow() {
    let n = 20_000;
    for text in [
        "{% if a %}".repeat(n),
        "{% for a in b %}{% with a=b %}".repeat(n),
        format!("{}{}", "{% x %}".repeat(n), "{% endx %}".repeat(n)),
        format!("{{{{ a{} }}}}", ".b".repeat(n)),
        format!("{{{{ a{} }}}}", "|f".repeat(n)),
        format!("{{% if {}a %}}{{% endif %}}", "not ".repeat(n)),
        format!("{{% if {}a %}}{{% endif %}}", "a == ".repeat(n)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(n)),
        format!("{{{{ {}a }}}}", "(".repeat(n)),
        "{% partialdef a inline %}{% partial a %}{% partial b %}".repeat(n),
        "{% macro a() %}".repeat(n),
    ] {
        for dialect in [Dialect::Django, Dialect::Jinja] {
            drop(extract(&text, dialect).clone());
        }
    }
}
