//! Every format, from a project whose files have hostile names, to a reader of that format.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use djperf::report::Format;
use roxmltree::Document;
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{command, finish, project, run};

const MODELS: &str = "\
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=9)

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
";

/// One finding, with text behind it that no format may take for its own.
const VIEW: &str = "\
from shop.models import Book

def names():
    return [book.author.name for book in Book.objects.all()]  # ::error::x ##[group]y \"><script> ]]> & %0A\u{202e}
";

#[cfg(not(windows))]
const NAMES: [&str; 8] = [
    "a\n::error file=x::owned.py",
    "::add-mask::x.py",
    "a|b`c`.py",
    "\"><script>alert(1)<script>.py",
    "]]>&amp;'.py",
    "%0A;]%3A,.py",
    "\u{1b}[2J\u{202e}yp.py",
    "##[group]##vso[task.x]y.py",
];
#[cfg(windows)]
const NAMES: [&str; 2] = ["]]&amp;'.py", "%0A;]%3A,.py"];

/// A project with one finding in each file, one of which is not named in UTF-8 where names may be so.
fn hostile() -> (TempDir, usize) {
    let dir = project(&[("shop/__init__.py", ""), ("shop/models.py", MODELS)]);
    for name in NAMES {
        fs::write(dir.path().join("shop").join(name), VIEW).unwrap();
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        fs::write(
            dir.path().join("shop").join(OsStr::from_bytes(b"caf\xe9.py")),
            VIEW,
        )
        .unwrap();
        (dir, NAMES.len() + 1)
    }
    #[cfg(not(target_os = "linux"))]
    (dir, NAMES.len())
}

fn output(dir: &Path, format: &str) -> String {
    run(dir, &["check", "-q", "--output-format", format])
        .code(1)
        .stdout
}

fn strings(values: &Value, pointer: &str) -> Vec<String> {
    let values = values.as_array().unwrap().iter();
    values
        .map(|v| v.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn nothing_of_a_project_is_taken_for_a_command() {
    let (dir, _) = hostile();
    for format in Format::ALL {
        let name = format.as_str();
        let text = output(dir.path(), name);
        let harmless = |c: char| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(text.chars().all(harmless), "{name}: {text:?}");
        let lower = text.to_lowercase();
        let commands = lower.matches("##[").count() + lower.matches("##vso[").count();
        let lines = text.lines().filter(|l| l.trim_start().starts_with("::")).count();
        let found = text.lines().count();
        let own = |own: bool| if own { found } else { 0 };
        assert_eq!(commands, own(format == Format::Azure), "{name}:\n{text}");
        assert_eq!(lines, own(format == Format::Github), "{name}:\n{text}");
    }
}

#[test]
fn documents_name_every_file_once() {
    let (dir, found) = hostile();
    let parse = |format| -> Value { serde_json::from_str(&output(dir.path(), format)).unwrap() };
    let document = parse("json");
    let paths = strings(&document["diagnostics"], "/path");
    assert_eq!(paths.len(), found);
    for name in NAMES {
        assert!(
            paths.contains(&format!("shop/{name}")),
            "{name:?} is missing from {paths:?}"
        );
    }
    let sarif = parse("sarif");
    let results = &sarif["runs"][0]["results"];
    let uris = strings(results, "/locations/0/physicalLocation/artifactLocation/uri");
    let decoded: Vec<String> = uris
        .iter()
        .map(|uri| {
            percent_encoding::percent_decode_str(uri)
                .decode_utf8()
                .unwrap()
                .into_owned()
        })
        .collect();
    assert_eq!(decoded, paths);
    assert_eq!(
        strings(results, "/partialFingerprints/djperf~1v1"),
        strings(&document["diagnostics"], "/fingerprint")
    );
    assert_eq!(strings(&parse("gitlab"), "/location/path"), paths);
    assert_eq!(strings(&parse("rdjson")["diagnostics"], "/location/path"), paths);
    for format in ["json-lines", "rdjsonl"] {
        let lines = output(dir.path(), format);
        let values: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(values.len(), found, "{format}");
    }
    for (format, element) in [("junit", "failure"), ("checkstyle", "error")] {
        let text = output(dir.path(), format);
        let document = Document::parse(&text).unwrap();
        assert_eq!(
            document.descendants().filter(|n| n.has_tag_name(element)).count(),
            found
        );
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_silence_and_a_full_disk_a_message() {
    let dir = project(&[("shop/models.py", MODELS), ("shop/views.py", VIEW)]);
    for format in Format::ALL {
        let args = ["check", "--output-format", format.as_str()];
        let mut child = command(dir.path(), &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(
            (ended.status.code(), &*ended.stderr),
            (Some(0), &b""[..]),
            "{args:?}"
        );
        if cfg!(target_os = "linux") {
            let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            finish(command(dir.path(), &args).stdout(full))
                .code(2)
                .stderr_has("djperf: error: cannot write output: ");
            let target = format!("{}=/dev/full", format.as_str());
            run(dir.path(), &["check", "--output", &target])
                .code(2)
                .stderr_has("djperf: error: cannot write /dev/full: ");
        }
    }
}

#[test]
fn clean_projects_have_documents_too() {
    let dir = project(&[("shop/models.py", MODELS)]);
    for format in Format::ALL {
        let ran = run(dir.path(), &["check", "-q", "--output-format", format.as_str()]).code(0);
        let text = ran.stdout;
        match format {
            Format::Json | Format::Sarif | Format::Gitlab | Format::Rdjson => {
                serde_json::from_str::<Value>(&text).unwrap();
            }
            Format::Junit | Format::Checkstyle => {
                Document::parse(&text).unwrap();
            }
            Format::Markdown => assert_eq!(text, "**djperf** found no problems.\n"),
            _ => assert_eq!(text, "", "{}", format.as_str()),
        }
    }
}

#[test]
fn settings_take_every_format() {
    let dir = project(&[("shop/models.py", MODELS)]);
    for format in Format::ALL {
        let setting = format!("output-format = \"{}\"", format.as_str());
        run(dir.path(), &["config", "--config", &setting])
            .code(0)
            .stdout_has(&setting);
    }
    let ran = run(dir.path(), &["config", "--config", "output-format='yaml'"]).code(2);
    for format in Format::ALL {
        assert!(
            ran.stderr.contains(&format!("\"{}\"", format.as_str())),
            "{}",
            ran.stderr
        );
    }
}
