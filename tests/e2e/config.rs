//! Configuration files: where they are found, and how mistakes in them are told.

use std::fs;
use std::path::Path;

use crate::run::{AUTHORS, BOOKS, project, run};

#[test]
fn the_closest_file_inside_the_repository_wins() {
    let dir = project(&[
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\n\n[tool.djperf]\nthreads = 3\n",
        ),
        ("app/pyproject.toml", "[tool.other]\nbroken-for-us = true\n"),
        ("app/inner/djperf.toml", "threads = 5\n"),
        ("sub/.git/HEAD", ""),
        ("app/a.py", ""),
    ]);
    run(dir.path(), &["config", "app/a.py"])
        .code(0)
        .stdout_has("threads = 3\n");
    run(dir.path(), &["config", "app/inner"])
        .code(0)
        .stdout_has("threads = 5\n");
    let outside = run(dir.path(), &["config", "sub"])
        .code(0)
        .stdout_has("no configuration file");
    assert!(!outside.stdout.contains("threads"));
    let isolated = run(dir.path(), &["config", "--isolated"]).code(0);
    assert!(!isolated.stdout.contains("threads"));
}

#[test]
fn printed_settings_can_be_read_back() {
    let settings = "exclude = [\"a/**\"]\nfail-on = \"warning\"\npreview = true\noutput-format = \"json\"\n";
    let first = project(&[("djperf.toml", settings)]);
    let printed = run(first.path(), &["config"]).code(0).stdout;
    let second = project(&[("djperf.toml", &printed)]);
    let again = run(second.path(), &["config"]).code(0).stdout;
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(&printed), body(&again));
    assert!(printed.contains("fail-on = \"warning\""), "{printed}");
}

#[test]
fn mistakes_name_the_file_the_line_and_the_way_out() {
    for (text, parts) in [
        (
            "preview = true\nslect = []\n",
            &[
                "djperf.toml:2",
                "unknown key `slect`",
                "`select`?",
                "per-file-ignores",
            ][..],
        ),
        (
            "threads = \"two\"\n",
            &[
                "djperf.toml:1",
                "`threads` must be a whole number above 0, not \"two\"",
            ],
        ),
        ("threads = 0\n", &["not 0"]),
        ("select = \"DJP101\"\n", &["must be a list of strings"]),
        ("select = [1]\n", &["not a list of something else"]),
        (
            "output-format = \"xml\"\n",
            &["must be \"full\", \"concise\",", "not \"xml\""],
        ),
        ("[severity]\nx = \"loud\"\n", &["`severity` must be a table"]),
        ("a = = 1\n", &["djperf.toml:1: invalid TOML"]),
        ("exclude = [\"a[\"]\n", &["invalid glob `a[`"]),
        ("select = [\"NOPE\"]\n", &["unknown rule, code or group `NOPE`"]),
        (
            "[per-file-ignores]\n\"*.py\" = [\"NOPE\"]\n",
            &["unknown rule, code or group `NOPE`"],
        ),
        (
            "[severity]\nNOPE = \"error\"\n",
            &["unknown rule, code or group `NOPE`"],
        ),
    ] {
        let dir = project(&[("djperf.toml", text)]);
        for args in [&["check"][..], &["config", "--check"]] {
            let mut ran = run(dir.path(), args).code(2);
            for part in parts {
                ran = ran.stderr_has(part);
            }
        }
    }
}

#[test]
fn arguments_override_files() {
    let dir = project(&[
        ("djperf.toml", "threads = 3\n"),
        ("other.toml", "threads = 4\npreview = true\n"),
    ]);
    run(dir.path(), &["config", "--config", "threads=9"])
        .code(0)
        .stdout_has("threads = 9\n");
    let ran = run(
        dir.path(),
        &["config", "--config", "other.toml", "--config", "exclude=['x']"],
    )
    .code(0);
    ran.stdout_has("threads = 4\n")
        .stdout_has("preview = true\n")
        .stdout_has("exclude = [\"x\"]\n");
    run(dir.path(), &["config", "--config", "thread=9"])
        .code(2)
        .stderr_has("did you mean `threads`?");
    run(dir.path(), &["config", "--config", "none.toml"])
        .code(2)
        .stderr_has("cannot read none.toml");
    run(
        dir.path(),
        &["config", "--config", "a.toml", "--config", "b.toml"],
    )
    .code(2)
    .stderr_has("only one file");
    run(dir.path(), &["config", "--isolated", "--config", "other.toml"])
        .code(2)
        .stderr_has("--isolated");
    run(dir.path(), &["config", "--check"])
        .code(0)
        .stdout_has("Settings are valid");
}

#[test]
fn broken_files_of_others_are_not_ours_to_judge() {
    let dir = project(&[("pyproject.toml", "this is = = not toml\n")]);
    run(dir.path(), &["config"]).code(0);
}

/// `path:severity` of each finding.
fn found(dir: &Path, args: &[&str]) -> Vec<String> {
    let ran = run(dir, &[&["check", "--output-format", "json"], args].concat());
    assert!(matches!(ran.code, Some(0 | 1)), "{}{}", ran.stdout, ran.stderr);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let all = document["diagnostics"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.map(|one| format!("{}:{}", text(&one["path"]), text(&one["severity"])))
        .collect()
}

#[test]
fn rules_come_from_the_file_closest_to_what_is_reported() {
    let dir = project(&[
        ("manage.py", ""),
        ("djperf.toml", "select = [\"DJP1\"]\nexclude = [\"old\"]\n"),
        ("shop/__init__.py", ""),
        ("shop/models.py", AUTHORS),
        ("shop/views.py", BOOKS),
        ("old/views.py", BOOKS),
        ("loud/views.py", BOOKS),
        (
            "loud/pyproject.toml",
            "[tool.djperf.severity]\nDJP101 = \"error\"\n",
        ),
        ("off/views.py", BOOKS),
        (
            "off/djperf.toml",
            "extend = \"../djperf.toml\"\nignore = [\"DJP101\"]\n",
        ),
        ("off/on/views.py", BOOKS),
        ("off/on/djperf.toml", "# the defaults\n"),
        ("part/views.py", BOOKS),
        ("part/jobs.py", BOOKS),
        (
            "part/djperf.toml",
            "threads = 1\n[per-file-ignores]\n\"jobs.py\" = [\"ALL\"]\n\"part/**\" = [\"ALL\"]\n",
        ),
    ]);
    let all = [
        "loud/views.py:error",
        "off/on/views.py:warning",
        "part/views.py:warning",
        "shop/views.py:warning",
    ];
    assert_eq!(found(dir.path(), &[]), all);
    // The same for one directory, and from there.
    for (path, expected) in [
        ("loud", &all[..1]),
        ("off", &all[1..2]),
        ("old", &[]),
        ("part", &all[2..3]),
    ] {
        if path == "old" {
            continue;
        }
        assert_eq!(found(dir.path(), &[path]), expected, "{path}");
        let below: Vec<String> = expected
            .iter()
            .map(|one| one.strip_prefix(&format!("{path}/")).unwrap().to_owned())
            .collect();
        assert_eq!(found(&dir.path().join(path), &[]), below, "{path}");
    }
    // What is typed wins, and other files can be left out of account.
    assert!(found(dir.path(), &["--select", "DJP104"]).is_empty());
    assert_eq!(
        found(dir.path(), &["loud", "--severity", "DJP101=info"]),
        ["loud/views.py:info"]
    );
    assert_eq!(found(dir.path(), &["off", "--config", "ignore=[]"]).len(), 2);
    assert_eq!(
        found(dir.path(), &["off", "--isolated", "--select", "DJP1"]).len(),
        2
    );
    assert_eq!(found(dir.path(), &["off", "--config", "djperf.toml"]).len(), 2);
    run(dir.path(), &["check", "--severity", "DJP1O1=info"])
        .code(2)
        .stderr_has("did you mean");
    run(dir.path(), &["check", "--severity", "DJP101"])
        .code(2)
        .stderr_has("RULE=LEVEL");

    fs::write(
        dir.path().join("loud/pyproject.toml"),
        "[tool.djperf]\nslect = []\n",
    )
    .unwrap();
    run(dir.path(), &["check"])
        .code(2)
        .stderr_has("loud/pyproject.toml:2: unknown key `slect`");
}

#[test]
fn files_extend_others_and_circles_are_told() {
    let dir = project(&[
        (
            "base.toml",
            "threads = 2\npreview = true\nbaseline = \"b.json\"\n",
        ),
        (
            "app/pyproject.toml",
            "[tool.djperf]\nextend = \"../base.toml\"\nthreads = 3\n",
        ),
        ("a.toml", "extend = \"c/b.toml\"\n"),
        ("c/b.toml", "# back\nextend = \"../a.toml\"\n"),
        ("lost.toml", "extend = \"none.toml\"\n"),
    ]);
    let ran = run(dir.path(), &["config", "app"]).code(0);
    ran.stdout_has("threads = 3\n")
        .stdout_has("preview = true\n")
        .stdout_has("/b.json\"");
    run(dir.path(), &["config", "--config", "a.toml"])
        .code(2)
        .stderr_has("b.toml:2: `extend` leads back to");
    run(dir.path(), &["config", "--config", "lost.toml"])
        .code(2)
        .stderr_has("cannot read none.toml");
}

#[cfg(unix)]
#[test]
fn files_that_never_end_are_not_read() {
    for text in ["extend = \"/dev/zero\"\n", "baseline = \"/dev/zero\"\n"] {
        let dir = project(&[("djperf.toml", text), ("a.py", "import django\n")]);
        run(dir.path(), &["check"]).code(2).stderr_has("regular file");
    }
}

#[test]
fn checking_names_everything_that_is_wrong() {
    let text = "slect = []\nselect = [\n  \"DJP101\",\n  \"querry-in-loop\",\n]\nthreads = 0\n[per-file-ignores]\n\"a[\" = []\n[severity]\nNOPE = \"info\"\n";
    let dir = project(&[("djperf.toml", text)]);
    let mut ran = run(dir.path(), &["config", "--check"]).code(2);
    for part in [
        "djperf.toml:1: unknown key `slect`, did you mean `select`?",
        "djperf.toml:4: unknown rule, code or group `querry-in-loop`, did you mean `query-in-loop`?",
        "djperf.toml:6: `threads` must be a whole number above 0, not 0",
        "djperf.toml:8: invalid glob `a[`",
        "djperf.toml:10: unknown rule, code or group `NOPE`",
    ] {
        ran = ran.stderr_has(part);
    }
    assert!(ran.stdout.is_empty());
}

#[test]
fn keys_are_explained_and_their_schema_holds_for_all_examples() {
    let dir = project(&[("djperf.toml", "threads = 3\n")]);
    run(dir.path(), &["config", "threads"])
        .code(0)
        .stdout_has("Worker threads")
        .stdout_has("In effect: 3\n");
    run(dir.path(), &["config", "severity"])
        .code(0)
        .stdout_has("In effect: {}\n");
    run(dir.path(), &["config", "thread"])
        .code(2)
        .stderr_has("did you mean the key `threads`?");

    let schema = run(dir.path(), &["config", "--schema"]).code(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut check = |text: &str, of: &Path| {
        let Ok(mut value) = text.parse::<toml::Table>() else {
            return;
        };
        if let Some(tool) = value.get("tool") {
            match tool.get("djperf").and_then(toml::Value::as_table) {
                Some(ours) => value = ours.clone(),
                None => return,
            }
        }
        let value = serde_json::to_value(&value).unwrap();
        assert!(validator.is_valid(&value), "{}: {text}", of.display());
        seen += 1;
    };
    for entry in ignore::Walk::new(root) {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if matches!(name.as_str(), "djperf.toml" | ".djperf.toml") {
            check(&fs::read_to_string(&path).unwrap(), &path);
        } else if name.ends_with(".md") {
            let text = fs::read_to_string(&path).unwrap();
            for block in text.split("```toml\n").skip(1) {
                let block = block.split("```").next().unwrap();
                let ours = block.contains("[tool.djperf") || path.starts_with(root.join("tests/specs"));
                if ours && !block.contains("[project]") {
                    check(block, &path);
                }
            }
        }
    }
    assert!(seen > 2, "{seen} examples");
}
