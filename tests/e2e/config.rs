//! Configuration files: where they are found, and how mistakes in them are told.

use crate::run::{project, run};

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
