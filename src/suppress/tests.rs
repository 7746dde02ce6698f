//! Each form of suppression, and what it must leave alone.

use super::Suppressions;
use crate::facts::Comment;
use crate::report::diagnostic::Severity;
use crate::rules::Rule;
use crate::source::{LineIndex, Span};

const fn rule(name: &'static str, code: &'static str) -> Rule {
    Rule {
        name,
        code,
        group: "n-plus-one",
        severity: Severity::Warning,
        preview: false,
        card: "",
    }
}

const ACCESS: Rule = rule("related-access-in-loop", "DJP101");
const QUERY: Rule = rule("query-in-loop", "DJP104");

/// Takes every `#` to the end of its line as a comment.
fn parse(text: &str) -> Suppressions {
    let mut comments = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = line.find('#') {
            let span = Span::new((offset + at) as u32, (offset + line.trim_end().len()) as u32);
            comments.push(Comment {
                span,
                own_line: line[..at].trim().is_empty(),
            });
        }
        offset += line.len();
    }
    Suppressions::parse(text, &comments, &LineIndex::new(text))
}

fn covered(text: &str, rule: &Rule) -> Vec<u32> {
    let suppressions = parse(text);
    (1..=text.lines().count() as u32)
        .filter(|line| suppressions.covers_line(rule, *line))
        .collect()
}

#[test]
fn noqa_is_about_its_line_and_its_codes() {
    assert_eq!(covered("a  # noqa\nb\n", &ACCESS), [1]);
    assert_eq!(covered("a  # NOQA: djp101\n", &ACCESS), [1]);
    assert_eq!(covered("a  # noqa: E501,DJP101 because\n", &ACCESS), [1]);
    assert_eq!(covered("a  # noqa:related-access-in-loop\n", &ACCESS), [1]);
    assert_eq!(covered("a  # type: ignore # noqa: E501 DJP101\n", &ACCESS), [1]);
    for other in [
        "# noqa: F401",
        "# noqa: DJP104",
        "# noqa: DJP10",
        "# noqax",
        "# see noqa",
        "# noqa: because",
    ] {
        assert_eq!(covered(&format!("a  {other}\n"), &ACCESS), [0; 0], "{other}");
    }
}

#[test]
fn ignore_is_about_its_line_or_the_next_code_line() {
    assert_eq!(covered("a  # djperf: ignore\nb\n", &ACCESS), [1]);
    assert_eq!(
        covered("a  # djperf: ignore[related-access-in-loop] few rows\n", &ACCESS),
        [1]
    );
    assert_eq!(
        covered("a  # djperf:ignore[DJP101, query-in-loop]\n", &QUERY),
        [1]
    );
    assert_eq!(
        covered("# djperf: ignore[DJP101]\n\n# why\nb\nc\n", &ACCESS),
        [1, 4]
    );
    assert_eq!(covered("# djperf: ignore[DJP101]\nb\n", &QUERY), [0; 0]);
    for broken in [
        "# djperf: ignore[",
        "# djperf: ignore[]",
        "# djperf ignore",
        "# djperf: ignored",
    ] {
        assert_eq!(covered(&format!("a  {broken}\n"), &ACCESS), [0; 0], "{broken}");
    }
}

#[test]
fn comments_of_templates_are_read_as_well() {
    assert_eq!(covered("a {# noqa: DJP101 #}\nb\n", &ACCESS), [1]);
    let text = "{# djperf: ignore[DJP101] few rows #}\n{# why #}\n\n{{ a.b }}\n{{ c.d }}\n";
    let spans = [Span::new(1, 36)];
    let comments = spans.map(|span| Comment { span, own_line: true });
    let found = Suppressions::parse(text, &comments, &LineIndex::new(text));
    assert!(found.covers_line(&ACCESS, 4) && !found.covers_line(&ACCESS, 5));
    let text = "{# djperf: ignore\nlong #}\n{{ a.b }}\n";
    let comments = [Comment {
        span: Span::new(1, 23),
        own_line: true,
    }];
    let found = Suppressions::parse(text, &comments, &LineIndex::new(text));
    assert!(found.covers_line(&ACCESS, 3));
    let text = "{# c #}\n{# djperf: ignore-file #}\n{% load x %}\n";
    let comments = [Comment {
        span: Span::new(9, 32),
        own_line: true,
    }];
    let found = Suppressions::parse(text, &comments, &LineIndex::new(text));
    assert!(found.covers_file(&ACCESS));
}

#[test]
fn ranges_end_with_enable_or_with_the_file() {
    assert_eq!(
        covered(
            "a\n# djperf: disable[DJP101]\nb\n# djperf: enable[DJP101]\nc\n",
            &ACCESS
        ),
        [2, 3, 4]
    );
    assert_eq!(covered("a\n# djperf: disable\nb\nc\n", &ACCESS), [2, 3, 4]);
    let mixed = "# djperf: disable[DJP101, DJP104]\na\n# djperf: enable[DJP101]\nb\n# djperf: enable\nc\n";
    assert_eq!(covered(mixed, &ACCESS), [1, 2, 3]);
    assert_eq!(covered(mixed, &QUERY), [1, 2, 3, 4, 5]);
    let again = "# djperf: disable\na\n# djperf: enable[query-in-loop]\nb\n";
    assert_eq!(covered(again, &ACCESS), [1, 2, 3, 4]);
    assert_eq!(covered(again, &QUERY), [1, 2, 3]);
    let by_code = "# djperf: disable[query-in-loop]\na\n# djperf: enable[DJP104]\nb\n";
    assert_eq!(covered(by_code, &QUERY), [1, 2, 3]);
    let range = parse("# djperf: disable\na\n");
    assert!(range.covers_line(&ACCESS, 2) && !range.comment_on(&ACCESS, 2));
}

#[test]
fn files_are_answered_in_their_first_comments_only() {
    for whole in [
        "# djperf: ignore-file",
        "# djperf: ignore-file[DJP101]",
        "# djperf: noqa",
        "# djperf: noqa: DJP101",
    ] {
        let found = parse(&format!(
            "#!/usr/bin/env python\n# Copyright\n\n{whole}\nimport a\n"
        ));
        assert!(found.covers_file(&ACCESS), "{whole}");
        assert!(!found.covers_line(&ACCESS, 5), "{whole}");
        assert!(
            !parse(&format!("import a\n{whole}\n")).covers_file(&ACCESS),
            "{whole}"
        );
    }
    assert!(parse("\"\"\"About.\n\nx\n\"\"\"\n\n# djperf: ignore-file\n").covers_file(&ACCESS));
    assert!(!parse("\"\"\"About.\"\"\"\nx\n# djperf: ignore-file\n").covers_file(&ACCESS));
    assert!(!parse("# djperf: ignore-file[DJP101]\n").covers_file(&QUERY));
    assert!(parse("# nothing here\n").is_empty());
    assert!(!parse("a # noqa\n").is_empty());
}
