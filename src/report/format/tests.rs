//! Hostile names and texts, in each format, read back as its readers do.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use roxmltree::Document;
use serde_json::Value;

use super::Format;
use crate::fix::{Edit, Safety};
use crate::report::diagnostic::Diagnostic;
use crate::report::escape::{is_unsafe, line, value};
use crate::report::json::tests::{diagnostic, fix, sources, view};
use crate::report::{View, escape_line};
use crate::source::{FileId, SourceSet};

const HOSTILE: [&str; 16] = [
    "a\n::error file=x::owned.py",
    "\r\n::stop-commands::x\r\n",
    "::add-mask::x.py",
    "a|b||.py",
    "\"><script>alert(1)</script>.html",
    "]]>&amp;&x;'.py",
    "x`y``|`z.py",
    "back\\|slash\\.py",
    "%0A%3A;]%AZP25.py",
    "yp.\u{202e}\u{2066}x",
    "##[set-output name=x]y.py",
    "##VSO[task.setvariable variable=x]y.py",
    "é\u{1b}[2J\u{9b}31m\u{0}\u{7f}.py",
    "[a](javascript:x) ![b](c) [1](2).md",
    "\u{fffd}\u{fffe}\u{ffff}.py",
    "{0} {{ x }} {% y %} $(z) \t,.py",
];

const TEXT: &str = "x = Order.objects.all()  # ##[x] ::y \u{1b}]0;z\u{7}\n";

fn hostile() -> (SourceSet, Vec<Diagnostic>) {
    let files: Vec<(&str, &str)> = HOSTILE.iter().map(|name| (*name, TEXT)).collect();
    let found = HOSTILE.iter().enumerate().map(|(i, text)| {
        let mut found = diagnostic(TEXT, "Order.objects.all()");
        found.file = FileId(i as u32);
        found.labels[0].site.file = found.file;
        found.labels[0].message = (*text).into();
        found.message = format!("about {text}");
        found.help = Some(format!("{text}\n{text}"));
        found.model = Some((*text).into());
        found.endpoints = vec![(*text).into()];
        let mut change = fix(Safety::Unsafe, TEXT, "all()", text);
        change.title = format!("do {text}");
        change.edits[0] = Edit {
            file: found.file,
            ..change.edits[0].clone()
        };
        found.fix = Some(change);
        found
    });
    (sources(&files), found.collect())
}

fn of(format: Format, check: impl Fn(&str, &View<'_>)) {
    let (sources, found) = hostile();
    let view = view(&sources, &found);
    check(&format.render(&view), &view);
}

fn json_of(format: Format, check: impl Fn(&Value)) {
    of(format, |text, _| check(&serde_json::from_str(text).unwrap()));
}

fn texts<'a>(values: &'a Value, pointer: &str) -> Vec<&'a str> {
    let values = values.as_array().unwrap().iter();
    values
        .map(|v| v.pointer(pointer).unwrap().as_str().unwrap())
        .collect()
}

fn messages() -> Vec<String> {
    let of = |text: &&str| format!("about {text}\nhelp: {text}\n{text}");
    HOSTILE.iter().map(of).collect()
}

#[test]
fn nothing_that_is_printed_moves_a_cursor_or_is_a_command() {
    let commands = [Format::Github, Format::Azure];
    for format in Format::ALL {
        of(format, |text, view| {
            let name = format.as_str();
            assert!(
                text.chars().all(|c| c == '\n' || !is_unsafe(c)),
                "{name}: {text:?}"
            );
            let found = text.matches("##[").count() + text.to_lowercase().matches("##vso[").count();
            let own = if format == Format::Azure { HOSTILE.len() } else { 0 };
            assert_eq!(found, own, "{name}:\n{text}");
            let own = if format == Format::Github {
                HOSTILE.len()
            } else {
                0
            };
            let found = text.lines().filter(|l| l.trim_start().starts_with("::")).count();
            assert_eq!(found, own, "{name}:\n{text}");
            let lines = [
                Format::Concise,
                Format::JsonLines,
                Format::Rdjsonl,
                Format::Pylint,
            ];
            if lines.contains(&format) || commands.contains(&format) {
                assert_eq!(text.lines().count(), view.diagnostics.len(), "{name}");
            }
        });
    }
}

#[test]
fn names_are_one_to_one() {
    let names: BTreeSet<&str> = Format::ALL.into_iter().map(Format::as_str).collect();
    assert_eq!(names.len(), Format::ALL.len());
    assert!(
        Format::ALL
            .into_iter()
            .all(|format| Format::parse(format.as_str()) == Some(format))
    );
    assert_eq!(Format::parse("yaml"), None);
}

#[test]
fn json_is_what_was_said() {
    json_of(Format::Json, |document| {
        assert_eq!(texts(&document["diagnostics"], "/path"), HOSTILE);
        assert_eq!(texts(&document["diagnostics"], "/model"), HOSTILE);
        let (sources, found) = hostile();
        let lines = Format::JsonLines.render(&view(&sources, &found));
        let lines: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(document["diagnostics"], Value::from(lines));
    });
}

#[test]
fn sarif_has_relative_references() {
    json_of(Format::Sarif, |document| {
        let results = &document["runs"][0]["results"];
        let uris = texts(results, "/locations/0/physicalLocation/artifactLocation/uri");
        let plain = |uri: &&str| {
            let safe = |c: char| c.is_ascii_alphanumeric() || "/-._~%".contains(c);
            assert!(uri.chars().all(safe), "{uri}");
            percent_decode_str(uri).decode_utf8().unwrap().into_owned()
        };
        assert_eq!(uris.iter().map(plain).collect::<Vec<_>>(), HOSTILE);
        let fixed = texts(results, "/fixes/0/artifactChanges/0/artifactLocation/uri");
        assert_eq!(fixed, uris);
        let told = texts(results, "/message/text");
        for (told, said) in told.iter().zip(messages()) {
            // Without a backslash this would be a link.
            assert_eq!(
                told.replace("\\[", "[").replace("\\]", "]").replace("\\\\", "\\"),
                said
            );
            assert!(!told.contains("x) ![b](") && !told.contains("[1](2)"), "{told}");
        }
    });
}

#[test]
fn gitlab_and_reviewdog_have_paths_and_messages() {
    json_of(Format::Gitlab, |issues| {
        assert_eq!(texts(issues, "/location/path"), HOSTILE);
        let prints: BTreeSet<&str> = texts(issues, "/fingerprint").into_iter().collect();
        assert_eq!(prints.len(), HOSTILE.len());
    });
    json_of(Format::Rdjson, |document| {
        let found = &document["diagnostics"];
        assert_eq!(texts(found, "/location/path"), HOSTILE);
        assert_eq!(texts(found, "/message"), messages());
        assert_eq!(texts(found, "/suggestions/0/text"), HOSTILE);
    });
}

/// What is shown of texts on one line where a format has no way to write some characters.
fn spelled(text: &str) -> String {
    escape_line(text).into_owned()
}

#[test]
fn xml_has_no_elements_but_its_own() {
    of(Format::Checkstyle, |text, _| {
        let document = Document::parse(text).unwrap();
        let names: BTreeSet<&str> = document
            .descendants()
            .filter(|n| n.is_element())
            .map(|n| n.tag_name().name())
            .collect();
        assert_eq!(names, BTreeSet::from(["checkstyle", "error", "file"]));
        let files: Vec<&str> = document
            .descendants()
            .filter_map(|n| n.attribute("name"))
            .collect();
        assert_eq!(files, HOSTILE.map(spelled));
        let told: Vec<&str> = document
            .descendants()
            .filter_map(|n| n.attribute("message"))
            .collect();
        assert_eq!(told, HOSTILE.map(|text| spelled(&format!("about {text}"))));
    });
    of(Format::Junit, |text, _| {
        let document = Document::parse(text).unwrap();
        let cases: Vec<_> = document
            .descendants()
            .filter(|n| n.has_tag_name("testcase"))
            .collect();
        let files: Vec<&str> = cases.iter().filter_map(|n| n.attribute("classname")).collect();
        assert_eq!(files, HOSTILE.map(spelled));
        for (case, said) in cases.iter().zip(HOSTILE) {
            let failure = case.first_element_child().unwrap();
            assert!(failure.has_tag_name("failure"));
            assert_eq!(
                failure.attribute("message").unwrap(),
                spelled(&format!("about {said}"))
            );
            let first = failure.text().unwrap().lines().next().unwrap().trim();
            assert!(first.starts_with(&format!("{}:1:5: ", spelled(said))), "{first}");
        }
    });
}

#[test]
fn a_junit_report_without_findings_has_a_test_that_passes() {
    let sources = sources(&[]);
    let text = Format::Junit.render(&view(&sources, &[]));
    let document = Document::parse(&text).unwrap();
    let case = document
        .descendants()
        .find(|n| n.has_tag_name("testcase"))
        .unwrap();
    assert!(case.first_element_child().is_none());
    assert_eq!(document.root_element().attribute("failures"), Some("0"));
    assert_eq!(document.root_element().attribute("tests"), Some("1"));
}

/// The reverse of what actions/toolkit does: properties and data of a command.
fn read_command(command: &str) -> (Vec<(String, String)>, String) {
    let data = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let property = |text: &str| data(&text.replace("%3A", ":").replace("%2C", ","));
    let (head, said) = command.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (_, properties) = head.split_once(' ').unwrap();
    let properties = properties.split(',').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), property(value))
    });
    (properties.collect(), data(said))
}

#[test]
fn commands_hold_one_file_and_one_message() {
    of(Format::Github, |text, _| {
        for ((command, name), said) in text.lines().zip(HOSTILE).zip(messages()) {
            let (properties, data) = read_command(command);
            let keys: Vec<&str> = properties.iter().map(|(key, _)| &**key).collect();
            assert_eq!(keys, ["title", "file", "line", "endLine", "col", "endColumn"]);
            assert_eq!(properties[1].1, value(name));
            assert_eq!(data, value(&said));
        }
    });
    of(Format::Azure, |text, _| {
        for (command, name) in text.lines().zip(HOSTILE) {
            let inner = command.strip_prefix("##vso[task.logissue ").unwrap();
            let (properties, _) = inner.split_once(']').unwrap();
            let path = properties
                .split(';')
                .find_map(|pair| pair.strip_prefix("sourcepath="))
                .unwrap();
            let path = path.replace("%3B", ";").replace("%5D", "]").replace("%0D", "\r");
            assert_eq!(path.replace("%0A", "\n").replace("%AZP25", "%"), value(name));
            assert_eq!(properties.split(';').count(), 6, "{properties}");
        }
    });
}

#[test]
fn lines_for_people_name_the_file() {
    of(Format::Pylint, |text, _| {
        for (shown, name) in text.lines().zip(HOSTILE) {
            let path = super::escape::printed(&line(name));
            let rest = shown
                .strip_prefix(&*path)
                .unwrap_or_else(|| panic!("{shown} is not about {path}"));
            assert!(rest.starts_with(":1: [DJP101] about "), "{rest}");
        }
    });
}

#[test]
fn rows_of_tables_have_three_cells() {
    of(Format::Markdown, |text, _| {
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
        assert_eq!(rows.len(), HOSTILE.len() + 2);
        for row in rows {
            assert_eq!(row.matches('|').count(), 4, "{row}");
            assert!(!row.contains('\\') || row.contains("\\u{"), "{row}");
            assert!(
                !row.replace("<br>", "")
                    .replace("<code>", "")
                    .replace("</code>", "")
                    .contains("<s"),
                "{row}"
            );
        }
    });
}
