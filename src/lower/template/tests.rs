//! What each tag is lowered to.

mod jinja;
mod robustness;

use super::extract;
use crate::facts::{Dialect, FileFacts, TemplateFacts};
use crate::ir::*;
use crate::lower::notation::{arg, show};

fn facts(text: &str) -> FileFacts {
    let facts = extract(text, Dialect::Django);
    assert!(facts.errors.is_empty(), "{text}: {:?}", facts.errors);
    facts
}

fn template(facts: &FileFacts) -> &TemplateFacts {
    facts.template.as_ref().unwrap()
}

/// The lowered body of a template.
fn body(text: &str) -> String {
    statements(&facts(text).functions[0].body)
}

fn messages(text: &str) -> Vec<String> {
    let errors = extract(text, Dialect::Django).errors;
    errors.into_iter().map(|error| error.message).collect()
}

/// Statements in a short notation.
fn statements(all: &[Stmt]) -> String {
    all.iter().map(statement).collect::<Vec<_>>().join("; ")
}

fn statement(statement: &Stmt) -> String {
    match &statement.kind {
        StmtKind::Expr(value) => show(value),
        StmtKind::Assign { targets, value } => format!("{} = {}", show(&targets[0]), show(value)),
        StmtKind::If { test, body, orelse } => {
            let orelse = if orelse.is_empty() {
                String::new()
            } else {
                format!(" else {{{}}}", statements(orelse))
            };
            format!("if {} {{{}}}{orelse}", show(test), statements(body))
        }
        StmtKind::For {
            target, iter, body, ..
        } => format!("for {} in {} {{{}}}", show(target), show(iter), statements(body)),
        StmtKind::Def(index) => format!("def#{}", index.0),
        StmtKind::Break => "break".into(),
        StmtKind::Continue => "continue".into(),
        StmtKind::Template(part) => match &**part {
            TemplateStmt::Scope(body) => format!("scope {{{}}}", statements(body)),
            TemplateStmt::Cached(fragment) => {
                let vary = fragment.vary.iter().map(|key| format!(" {}", show(key)));
                format!(
                    "cached {}{} {{{}}}",
                    fragment.name,
                    vary.collect::<String>(),
                    statements(&fragment.body)
                )
            }
            TemplateStmt::Ambient(what) => format!("{what:?}"),
            TemplateStmt::Extends(parent) => format!("extends {}", show(parent)),
            TemplateStmt::Block(name) => format!("block {name}"),
            TemplateStmt::BlockSuper => "super".into(),
            TemplateStmt::Include { template, with, only } => {
                let with = with
                    .iter()
                    .map(|(name, value)| format!(" {name}={}", show(value)));
                let only = if *only { " only" } else { "" };
                format!("include {}{}{only}", show(template), with.collect::<String>())
            }
            TemplateStmt::Tag {
                name,
                args,
                target,
                body,
                ..
            } => {
                let args = args.iter().map(arg).collect::<Vec<_>>().join(", ");
                let target = target.map(|name| format!(" as {name}")).unwrap_or_default();
                let body = if body.is_empty() {
                    String::new()
                } else {
                    format!(" {{{}}}", statements(body))
                };
                format!("tag {name}({args}){target}{body}")
            }
            TemplateStmt::Regroup { source, by, target } => {
                let by = by.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(".");
                format!("regroup {} by {by} as {target}", show(source))
            }
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn prints_and_their_values() {
    for (text, want) in [
        ("{{ a }}", "f($a)"),
        ("{{ a.b.0.c }}", "f($a.b.0.c)"),
        (
            "{{ a.b|date:\"Y\"|default:c.d }}",
            "f($a.b|date(\"Y\")|default($c.d))",
        ),
        ("{{ 'it\\'s' }}{{ _(\"x\")|f:-1 }}", "f(\"it's\"); f(\"x\"|f(-1))"),
        ("{{ True }}{{ None|f:False }}", "f(True); f(None|f(False))"),
        ("{{ 1.5 }}{{ 5 }}", "f(Other); f(5)"),
        ("{{ forloop.counter }}", "f($forloop.counter)"),
        ("{% block a %}{{ block.super }}{% endblock %}", "block a"),
        ("{{ a. }}{{ .a }}", "f(?); f(?)"),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
    let long = format!("{{{{ '{}' }}}}", "a".repeat(201));
    assert_eq!(body(&long), "f(Other)");
}

#[test]
fn loops() {
    for (text, want) in [
        (
            "{% for x in a.b %}{{ x }}{% endfor %}",
            "scope {for x in $a.b {f($x)}}",
        ),
        (
            "{% for k , v in a.items reversed %}{{ v }}{% endfor %}",
            "scope {for (k v) in $a.items {f($v)}}",
        ),
        (
            "{% for a,b,c in x|f:'b c' %}{% endfor %}",
            "scope {for (a b c) in $x|f(\"b c\") {}}",
        ),
        (
            "{% for x in y %}{{ x }}{% empty %}{{ z }}{% endfor %}",
            "scope {for x in $y {f($x)}}; if Other {f($z)}",
        ),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
    let wrong = "a loop wants the form `{% for name in values %}`";
    for text in [
        "{% for x %}{% endfor %}",
        "{% for %}{% endfor %}",
        "{% for x y %}{% endfor %}",
        "{% for in y %}{% endfor %}",
        "{% for x in y z %}{% endfor %}",
    ] {
        assert_eq!(messages(text), [wrong], "{text}");
    }
}

#[test]
fn choices() {
    for (text, want) in [
        (
            "{% if a %}{{ a }}{% elif b.c and not d %}{{ b }}{% else %}{{ e }}{% endif %}",
            "if $a {f($a)} else {if and($b.c not($d)) {f($b)} else {f($e)}}",
        ),
        (
            "{% if a == 1 or b|length not in c %}{% endif %}",
            "if or($a Eq 1 $b|length() NotIn $c) {}",
        ),
        (
            "{% ifchanged a b.c %}{{ x }}{% else %}{{ y }}{% endifchanged %}",
            "$a; $b.c; if Other {f($x)} else {f($y)}",
        ),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
    let facts = extract("{% if a b %}{{ c }}{% endif %}", Dialect::Django);
    assert_eq!(statements(&facts.functions[0].body), "if Other {f($c)}");
    assert_eq!(facts.errors[0].message, "`b` is not expected here");
}

#[test]
fn a_long_elif_chain_keeps_every_branch() {
    fn count(body: &[Stmt]) -> usize {
        let inner = body.iter().map(|s| match &s.kind {
            StmtKind::If { body, orelse, .. } => count(body) + count(orelse),
            _ => 1,
        });
        inner.sum()
    }
    let text = format!(
        "{{% if a %}}{{{{ a }}}}{}{{% else %}}{{{{ c }}}}{{% endif %}}",
        "{% elif b %}{{ b }}".repeat(1000)
    );
    assert_eq!(count(&facts(&text).functions[0].body), 1002);
}

#[test]
fn tags_that_bind() {
    for (text, want) in [
        (
            "{% with a=b.c d='e' %}{{ a }}{% endwith %}",
            "scope {a = $b.c; d = \"e\"; f($a)}",
        ),
        (
            "{% with b.c as a %}{{ a }}{% endwith %}",
            "scope {a = $b.c; f($a)}",
        ),
        ("{% cycle a 'b' as c silent %}", "$a; \"b\"; c = ?"),
        ("{% cycle 'odd' x.y %}", "\"odd\"; $x.y"),
        ("{% firstof a b.c 'd' %}", "f(or($a $b.c \"d\"))"),
        ("{% firstof a as b %}", "b = f($a)"),
        (
            "{% url 'name' a.pk slug=b as link %}",
            "f(\"name\" $a.pk $b); link = ?",
        ),
        ("{% url 'name' %}", "f(\"name\")"),
        ("{% widthratio a b 100 as w %}", "$a; $b; 100; w = ?"),
        ("{% now 'Y' as year %}", "\"Y\"; year = ?"),
        ("{% regroup a.b by c.d as e %}", "regroup $a.b by c.d as e"),
        ("{% regroup a by c|lower as e %}", "regroup $a by c as e"),
        ("{% querystring a b=c.d e=None %}", "$a; $c.d; None"),
        ("{% static 'a.css' as x %}{% static a %}", "\"a.css\"; x = ?; $a"),
        ("{% lorem 3 p random %}", "3; $p; $random"),
        (
            "{% get_static_prefix as a %}{% get_media_prefix %}{% get_current_language as b %}\
             {% get_available_languages as c %}{% get_current_timezone as d %}",
            "a = ?; Language; b = ?; c = ?; d = ?",
        ),
        ("{% get_language_info for a as b %}", "$a; b = ?"),
        (
            "{% translate a.b as c %}{% trans 'x' noop %}",
            "Language; f($a.b); c = ?; Language; f(\"x\")",
        ),
        (
            "{% blocktranslate with a=b.c count n=d|length trimmed context 'm' asvar t %}{{ a }}\
             {% plural %}{{ n }}{% endblocktranslate %}",
            "scope {Language; a = $b.c; n = $d|length(); \"m\"; f($a); if Other {f($n)}}; t = ?",
        ),
        (
            "{% blocktrans with b.c as a and d as e %}{{ a }}{% endblocktrans %}",
            "scope {Language; a = $b.c; e = $d; f($a)}",
        ),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
    assert_eq!(
        messages("{% with %}{% endwith %}"),
        ["`{% with %}` wants at least one `name=value`"]
    );
    assert_eq!(messages("{% regroup a by b %}").len(), 1);
}

#[test]
fn tags_that_are_transparent_or_say_nothing() {
    for (text, want) in [
        (
            "{% autoescape off %}{% spaceless %}{% localize on %}{% localtime off %}{{ a }}\
             {% endlocaltime %}{% endlocalize %}{% endspaceless %}{% endautoescape %}",
            "f($a)",
        ),
        ("{% language a %}{{ b }}{% endlanguage %}", "$a; f($b)"),
        ("{% timezone a.tz %}{{ b }}{% endtimezone %}", "$a.tz; f($b)"),
        ("{% filter cut:a.b|upper %}{{ c }}{% endfilter %}", "$a.b; f($c)"),
        (
            "{% cache 500 name a.b using='x' %}{{ c }}{% endcache %}",
            "500; cached name $a.b \"x\" {f($c)}",
        ),
        (
            "{% csrf_token %}{% debug %}{% resetcycle x %}{% templatetag openblock %}{% comment %}{{ a }}\
             {% endcomment %}{% verbatim %}{{ b }}{% endverbatim %}{# {{ c }} #}text",
            "CsrfToken",
        ),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
}

#[test]
fn templates_name_each_other() {
    let facts = facts(
        "{% extends 'base.html' %}{% load a b.c %}{% load x y from d %}\
         {% block one %}{{ o }}{% block two %}{{ block.super }}{% endblock %}{% endblock %}\
         {% include \"part.html\" with a=b.c d=e only %}{% include 'x.html' %}",
    );
    let found = template(&facts);
    let names = |all: &[crate::source::Sym]| all.iter().map(|s| s.as_str()).collect::<Vec<_>>();
    assert_eq!(found.extends.unwrap(), "base.html");
    assert_eq!(names(&found.libraries), ["a", "b.c", "d"]);
    assert_eq!(names(&found.includes), ["part.html", "x.html"]);
    assert_eq!(names(&found.names), ["b", "e", "o"]);
    assert!(!found.dynamic && found.macros.is_empty() && found.dialect == Dialect::Django);
    let blocks = found.blocks.iter();
    let blocks: Vec<_> = blocks
        .map(|block| format!("{}: {}", block.name, statements(&block.body)))
        .collect();
    assert_eq!(blocks, ["one: f($o); block two", "two: super"]);
    assert_eq!(
        statements(&facts.functions[0].body),
        "extends \"base.html\"; block one; include \"part.html\" a=$b.c d=$e only; include \"x.html\""
    );
    assert_eq!(facts.functions[0].name, "<template>");
    for text in [
        "{% extends parent %}",
        "{% include a.b %}",
        "{% include 'a'|add:b %}",
    ] {
        let facts = super::tests::facts(text);
        assert!(template(&facts).dynamic, "{text}");
        assert!(template(&facts).extends.is_none() && template(&facts).includes.is_empty());
    }
    for text in ["{% extends %}", "{% include %}"] {
        assert_eq!(messages(text), ["this tag names no template"]);
    }
    assert_eq!(messages("{% block %}{% endblock %}"), ["this block has no name"]);
}

#[test]
fn partials_are_rendered_in_place() {
    let facts = facts(
        "{% partial card %}{% partialdef card inline %}{{ a }}{% partial inner %}{% endpartialdef %}\
         {% partialdef inner %}{{ b }}{% endpartialdef inner %}{% partial none %}",
    );
    assert_eq!(statements(&facts.functions[0].body), "f($a); f($b); f($a); f($b)");
    let blocks = template(&facts).blocks.iter();
    let blocks: Vec<_> = blocks
        .map(|block| format!("{}: {}", block.name, statements(&block.body)))
        .collect();
    assert_eq!(blocks, ["#card: f($a); f($b)", "#inner: f($b)"]);
    let again = "{% partialdef a inline %}{{ x }}{% partial a %}{% partial a %}{% endpartialdef %}";
    assert!(body(again).matches("f($x)").count() <= 64);
    let many = format!(
        "{}{}",
        "{% partialdef a %}{{ x }}{% endpartialdef %}",
        "{% partial a %}".repeat(1000)
    );
    assert_eq!(body(&many).matches("f($x)").count(), 64);
}

#[test]
fn other_tags_keep_their_words() {
    for (text, want) in [
        ("{% author_box entry %}", "tag author_box($entry)"),
        (
            "{% a b.c 1 'x' k=d|f:e as t %}",
            "tag a($b.c, 1, \"x\", k=$d|f($e)) as t",
        ),
        ("{% a %}", "tag a()"),
        ("{% a for b in c %}", "tag a($b, $c)"),
        ("{% a + b == (c) -d %}", "tag a($b)"),
        ("{% a x as 'y' %}", "tag a($x, \"y\")"),
        ("{% a x %}{{ b }}{% c %}{% enda %}", "tag a($x) {f($b); tag c()}"),
        (
            "{% a %}{{ b }}{% else %}{{ c }}{% enda %}",
            "tag a() {f($b); f($c)}",
        ),
    ] {
        assert_eq!(body(text), want, "{text}");
    }
}

#[test]
fn places_are_exact() {
    let text = "ö{{ a.bé.c|f:d }}{% my.tag x.y k=z %}";
    let facts = facts(text);
    let at = |span: crate::source::Span| &text[span.start as usize..span.end as usize];
    let [print, tag] = &facts.functions[0].body[..] else {
        panic!();
    };
    assert_eq!(at(print.span), "{{ a.bé.c|f:d }}");
    let StmtKind::Expr(printed) = &print.kind else {
        panic!();
    };
    let ExprKind::FString(parts) = &printed.kind else {
        panic!();
    };
    let ExprKind::Filter(filter) = &parts[0].kind else {
        panic!();
    };
    assert_eq!(at(parts[0].span), "a.bé.c|f:d");
    assert_eq!(at(filter.name_span), "f");
    assert_eq!(at(filter.args[0].value.span), "d");
    let ExprKind::Lookup(last) = &filter.value.kind else {
        panic!();
    };
    assert_eq!((at(filter.value.span), at(last.name_span)), ("a.bé.c", "c"));
    assert_eq!(at(last.base.span), "a.bé");
    let StmtKind::Template(part) = &tag.kind else {
        panic!();
    };
    let TemplateStmt::Tag { name_span, args, .. } = &**part else {
        panic!();
    };
    assert_eq!(at(*name_span), "my.tag");
    assert_eq!(at(args[0].value.span), "x.y");
    assert_eq!(at(args[1].value.span), "z");
}

#[test]
fn comments_that_speak_to_an_analyser_are_kept() {
    let text = "{# plain #}\n  {# noqa: DJP101 #}  \n{{ a }} {# DJPERF: ignore #}\n{# é djperf #}{{ b }}\n";
    let facts = facts(text);
    let found = facts.comments.iter().map(|comment| {
        let (start, end) = (comment.span.start as usize, comment.span.end as usize);
        (&text[start..end], comment.own_line)
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            ("# noqa: DJP101 ", true),
            ("# DJPERF: ignore ", false),
            ("# é djperf ", false)
        ]
    );
}
