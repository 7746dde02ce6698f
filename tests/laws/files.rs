//! What a file system may hold beside well-formed source files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use djperf::session::Outcome;

use crate::support::{check, copy, empty, try_check, write};

const LIMIT: Duration = Duration::from_secs(20);

fn in_time(dir: &Path) -> Outcome {
    let started = Instant::now();
    let outcome = check(dir);
    assert!(started.elapsed() < LIMIT, "took {:?}", started.elapsed());
    let internal = outcome.notes.iter().find(|n| n.contains("internal error"));
    assert!(internal.is_none(), "{internal:?}");
    outcome
}

fn count(outcome: &Outcome) -> usize {
    outcome
        .diagnostics
        .iter()
        .filter(|d| d.group == "n-plus-one")
        .count()
}

#[track_caller]
fn noted(outcome: &Outcome, path: &str, reason: &str) {
    let found = outcome
        .notes
        .iter()
        .any(|n| n.contains(path) && n.contains(reason));
    assert!(found, "no note says {reason:?} of {path}: {:?}", outcome.notes);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let dir = copy("blog");
    let plain = count(&check(dir.path()));
    std::os::unix::fs::symlink(dir.path(), dir.path().join("blog/again")).unwrap();
    std::os::unix::fs::symlink("../blog", dir.path().join("accounts/blog")).unwrap();
    std::os::unix::fs::symlink("two.py", dir.path().join("blog/one.py")).unwrap();
    std::os::unix::fs::symlink("one.py", dir.path().join("blog/two.py")).unwrap();
    std::os::unix::fs::symlink("nowhere.py", dir.path().join("blog/dangling.py")).unwrap();
    assert_eq!(plain, count(&in_time(dir.path())));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_noted() {
    use std::os::unix::fs::PermissionsExt;
    let dir = copy("blog");
    let closed = dir.path().join("blog/closed.py");
    write(dir.path(), "blog/closed.py", "from django.db import models\n");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    fs::create_dir(dir.path().join("blog/directory.py")).unwrap();
    let outcome = in_time(dir.path());
    assert!(count(&outcome) > 0);
    // The owner of everything can read everything.
    if fs::read(&closed).is_err() {
        noted(&outcome, "blog/closed.py", "denied");
    }
}

#[test]
fn odd_bytes_cost_no_findings() {
    let dir = copy("shop");
    let plain = count(&check(dir.path()));
    write(
        dir.path(),
        "catalog/nul.py",
        b"x = 1\0\0\nfrom django.db import models\n\0",
    );
    write(
        dir.path(),
        "catalog/binary.py",
        (0u8..=255).cycle().take(70_000).collect::<Vec<_>>(),
    );
    write(
        dir.path(),
        "catalog/latin.py",
        b"# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n",
    );
    write(dir.path(), "catalog/undeclared.py", b"name = 'caf\xe9'\n");
    write(
        dir.path(),
        "catalog/unknown.py",
        b"# coding: klingon\nname = 'cafe'\n",
    );
    write(dir.path(), "catalog/wide.py", b"\xff\xfex\0=\x001\0\n\0");
    write(dir.path(), "catalog/bom.py", b"\xef\xbb\xbf");
    write(dir.path(), "catalog/empty.py", b"");
    write(dir.path(), "catalog/tail.py", b"x = 1\\");
    write(dir.path(), "catalog/open.py", b"x = '''never closed\n");
    assert_eq!(plain, count(&in_time(dir.path())));
}

#[test]
fn latin_text_keeps_its_columns() {
    let dir = copy("shop");
    let code = "from orders.models import Order\ndef names():\n    return ['é', [o.customer.name for o in Order.objects.all()]]\n";
    let at = |outcome: &Outcome| {
        let found = outcome
            .diagnostics
            .iter()
            .find(|d| outcome.sources.get(d.file).path == "orders/odd.py")
            .unwrap();
        outcome.sources.get(found.file).position(found.span.start)
    };
    write(dir.path(), "orders/odd.py", format!("# coding: latin-1\n{code}"));
    let encoded: Vec<u8> = format!("# coding: latin-1\n{code}")
        .chars()
        .map(|c| c as u8)
        .collect();
    write(dir.path(), "orders/odd.py", encoded);
    let latin = at(&in_time(dir.path()));
    write(dir.path(), "orders/odd.py", format!("# coding: utf-8\n{code}"));
    assert_eq!(latin, at(&in_time(dir.path())));
}

#[test]
fn generated_giants_are_left_out() {
    let dir = copy("shop");
    let plain = count(&check(dir.path()));
    write(
        dir.path(),
        "catalog/data.py",
        "ROWS = [\n".to_owned() + &"    (1, 'a', None),\n".repeat(650_000) + "]\n",
    );
    let outcome = in_time(dir.path());
    noted(&outcome, "catalog/data.py", "10 MB");
    assert_eq!(plain, count(&outcome));
    write(
        dir.path(),
        "catalog/data.py",
        "ROWS = [\n".to_owned() + &"    (1, 'a', None),\n".repeat(50_000) + "]\n",
    );
    assert_eq!(plain, count(&in_time(dir.path())));
}

#[test]
fn deep_nesting_is_told_and_costs_nothing_else() {
    let dir = copy("shop");
    let plain = count(&check(dir.path()));
    let n = 20_000;
    write(
        dir.path(),
        "catalog/deep.py",
        format!("x = {}{}\n", "[".repeat(n), "]".repeat(n)),
    );
    write(dir.path(), "catalog/deep_open.py", "(".repeat(n));
    write(
        dir.path(),
        "catalog/deep_sum.py",
        format!("x = {}1\n", "1 + ".repeat(n)),
    );
    write(
        dir.path(),
        "catalog/deep_call.py",
        format!("x = a{}\n", ".b()".repeat(n)),
    );
    let chain = format!(
        "from orders.models import Order\nx = Order.objects{}\nfor o in x:\n    o.customer.name\n",
        ".all()".repeat(3_000)
    );
    write(dir.path(), "catalog/deep_queryset.py", chain);
    let deep_if: String = (0..90).map(|i| format!("{}if a:\n", "    ".repeat(i))).collect();
    write(
        dir.path(),
        "catalog/deep_if.py",
        format!("{deep_if}{}pass\n", "    ".repeat(90)),
    );
    let deep_def: String = (0..60)
        .map(|i| format!("{}def f{i}(a):\n", "    ".repeat(i)))
        .collect();
    write(
        dir.path(),
        "catalog/deep_def.py",
        format!("{deep_def}{}pass\n", "    ".repeat(60)),
    );
    let outcome = in_time(dir.path());
    assert!(count(&outcome) >= plain);
    let told = |path: &str| {
        let here = |d: &&djperf::report::diagnostic::Diagnostic| outcome.sources.get(d.file).path == path;
        outcome
            .diagnostics
            .iter()
            .filter(here)
            .any(|d| d.message.contains("too deep"))
    };
    assert!(told("catalog/deep.py") && told("catalog/deep_open.py"));
}

fn exit(dir: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_djperf"))
        .arg("check")
        .current_dir(dir)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn directories_without_django_are_refused_with_a_reason() {
    let nothing = empty();
    let (code, stderr) = exit(nothing.path());
    assert_eq!(
        (code, stderr.contains("no Python files")),
        (Some(2), true),
        "{stderr}"
    );

    write(nothing.path(), "tool.py", "import json\nprint(json)\n");
    let (code, stderr) = exit(nothing.path());
    assert_eq!(
        (code, stderr.contains("no Django project found")),
        (Some(2), true),
        "{stderr}"
    );

    write(
        nothing.path(),
        "views.py",
        "from django.http import HttpResponse\n",
    );
    let (code, stderr) = exit(nothing.path());
    assert_eq!(
        (code, stderr.contains("no model class was found")),
        (Some(2), true),
        "{stderr}"
    );
    assert!(try_check(nothing.path()).is_err());
}
