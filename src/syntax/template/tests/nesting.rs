//! Which tag holds which, in whole and in broken templates.

use super::{messages, tree};
use crate::syntax::template::Node;
use crate::syntax::template::django::parse;

#[test]
fn blocks_and_their_parts() {
    for (text, want) in [
        (
            "{% if a %}{{ 1 }}{% elif b %}{{ 2 }}{% else %}{{ 3 }}{% endif %}",
            "[if a: {1} | elif b: {2} | else: {3}]",
        ),
        (
            "{% for x in y %}{{ x }}{% empty %}{{ z }}{% endfor %}",
            "[for x in y: {x} | empty: {z}]",
        ),
        (
            "{% blocktrans count n=a %}{{ n }}{% plural %}{{ n }}{% endblocktrans %}",
            "[blocktrans count n=a: {n} | plural: {n}]",
        ),
        (
            "{% ifchanged %}{{ a }}{% else %}{{ b }}{% endifchanged %}",
            "[ifchanged: {a} | else: {b}]",
        ),
        (
            "{% block a %}{% block b %}{{ x }}{% endblock b %}{% endblock a %}",
            "[block a: [block b: {x}]]",
        ),
        ("{% with a=b %}{{ a }}{% endwith %}", "[with a=b: {a}]"),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        assert_eq!(messages(&parsed), [""; 0], "{text}");
    }
}

#[test]
fn every_block_of_django_takes_a_body() {
    for name in [
        "autoescape",
        "block",
        "blocktrans",
        "blocktranslate",
        "cache",
        "filter",
        "for",
        "if",
        "ifchanged",
        "language",
        "localize",
        "localtime",
        "partialdef",
        "spaceless",
        "timezone",
        "with",
    ] {
        let text = format!("{{% {name} x %}}{{{{ a }}}}{{% end{name} %}}");
        assert_eq!(tree(&parse(&text)), format!("[{name} x: {{a}}]"));
        let open = format!("{{% {name} x %}}{{{{ a }}}}");
        assert_eq!(
            messages(&parse(&open)),
            [format!("`{{% {name} %}}` is never closed")]
        );
        let close = format!("{{{{ a }}}}{{% end{name} %}}");
        assert_eq!(
            messages(&parse(&close)),
            [format!("`{{% end{name} %}}` closes nothing")]
        );
    }
}

#[test]
fn other_tags_hold_a_body_if_their_end_follows() {
    for (text, want) in [
        ("{% a %}{{ x }}{% enda %}{% a %}", "[a: {x}] a"),
        ("{% a %}{% a %}{{ x }}{% enda %}", "a [a: {x}]"),
        ("{% a %}{% b %}{{ x }}{% enda %}", "[a: b {x}]"),
        ("{% a %}{% b %}{% endb %}{% enda %}", "[a: [b:]]"),
        // An `else` belongs to the tag around it, whatever that is.
        (
            "{% if x %}{% perm %}{{ a }}{% else %}{{ b }}{% endperm %}{% endif %}",
            "[if x: [perm: {a} else {b}]]",
        ),
        (
            "{% for x in y %}{% thumb x %}{% empty %}{% endthumb %}{% empty %}{{ z }}{% endfor %}",
            "[for x in y: [thumb x: empty] | empty: {z}]",
        ),
        ("{% if x %}{% a %}{% endif %}", "[if x: a]"),
        ("{% plural x %}{% endless %}", "plural x endless"),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        assert_eq!(messages(&parsed), [""; 0], "{text}");
    }
}

#[test]
fn broken_nesting_is_told_and_keeps_what_there_is() {
    for (text, want, told) in [
        (
            "{% if a %}{% for x in y %}{{ x }}{% endif %}{% endfor %}{{ z }}",
            "[if a: [for x in y: {x}]] {z}",
            vec!["`{% endfor %}` closes nothing", "`{% for %}` is never closed"],
        ),
        (
            "{% a %}{% if x %}{% enda %}{% endif %}",
            "a [if x: enda]",
            vec!["`{% enda %}` does not stand where `{% a %}` does"],
        ),
        (
            "{% a %}{% b %}{% enda %}{% endb %}",
            "[a: b] endb",
            vec!["`{% endb %}` does not stand where `{% b %}` does"],
        ),
        (
            "{% else %}{% with a=b %}{% elif %}{% endwith %}",
            "[with a=b:]",
            vec![
                "`{% else %}` does not belong to any block",
                "`{% elif %}` does not belong to `{% with %}`",
            ],
        ),
        (
            "{% if a %}{% else %}{% elif b %}{% endif %}",
            "[if a: | else: | elif b:]",
            vec!["`{% elif %}` comes after `{% else %}`"],
        ),
        (
            "{% block a %}{% endblock b %}",
            "[block a:]",
            vec!["`{% endblock b %}` closes `{% block a %}`"],
        ),
        (
            "{% %}{% comment %}{{ a }}",
            "",
            vec!["this tag has no name", "`{% comment %}` is never closed"],
        ),
        (
            "{% verbatim %}{{ a }}",
            "",
            vec!["`{% verbatim %}` is never closed"],
        ),
        ("{% endcomment %}", "", vec!["`{% endcomment %}` closes nothing"]),
    ] {
        let parsed = parse(text);
        assert_eq!(tree(&parsed), want, "{text}");
        let mut found = messages(&parsed);
        let mut told: Vec<String> = told.into_iter().map(str::to_owned).collect();
        found.sort();
        told.sort();
        assert_eq!(found, told, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    fn depth(nodes: &[Node<'_>]) -> usize {
        let inner = nodes.iter().map(|node| match node {
            Node::Block(block) => {
                1 + block
                    .parts
                    .iter()
                    .map(|part| depth(&part.body))
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        });
        inner.max().unwrap_or(0)
    }
    let n = 100_000;
    for text in [
        "{% if a %}".repeat(n),
        format!("{}{}", "{% if a %}".repeat(n), "{% endif %}".repeat(n)),
        format!("{}{}", "{% a %}".repeat(n), "{% enda %}".repeat(n)),
        "{% for x in y %}{% if a %}{% a %}".repeat(n),
    ] {
        let parsed = parse(&text);
        assert_eq!(depth(&parsed.nodes), 100);
        assert_eq!(parsed.errors.len(), 1);
        assert!(parsed.errors[0].message.starts_with("nesting is too deep"));
    }
}

/// Nothing in these may be searched again and again.
#[test]
fn hostile_text_is_read_in_linear_time() {
    let n = 30_000;
    for text in [
        "{% a %}".repeat(n),
        "{% enda %}".repeat(n),
        format!("{}{}", "{% a %}".repeat(n), "{% endb %}".repeat(n)),
        format!(
            "{}{}",
            "{% a %}{% b %}".repeat(n),
            "{% enda %}{% endb %}".repeat(n)
        ),
        format!("{}{}", "{% with %}".repeat(90), "{% endif %}".repeat(n)),
        "{% endif %}".repeat(n),
        "{% a %}{% if x %}{% enda %}{% endif %}".repeat(n),
        "{% ".repeat(n),
        "{{ ".repeat(n),
        "{# ".repeat(n),
        "{".repeat(n),
        "{% verbatim %}{{".repeat(n),
        "{% comment %}{#".repeat(n),
        format!("{{% a {} %}}", "\"\\\" \\".repeat(n)),
        format!("{{% a {} %}}", "' \" ".repeat(n)),
        format!("{{{{ a{} }}}}", "|f".repeat(n)),
    ] {
        parse(&text);
        super::words(super::word(&text));
    }
}
