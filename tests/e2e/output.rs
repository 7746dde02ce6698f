//! Channels: colour, closed pipes, full disks, schemas.

use std::io::Read;
use std::process::Stdio;

use crate::run::{command, finish, project, run};

fn colored(args: &[&str], vars: &[(&str, &str)]) -> bool {
    let dir = project(&[]);
    let mut command = command(dir.path(), args);
    command.envs(vars.iter().copied());
    finish(&mut command).code(2).stderr.contains('\u{1b}')
}

#[test]
fn colour_follows_the_flag_then_the_environment() {
    let missing = ["check", "missing"];
    assert!(!colored(&missing, &[]));
    assert!(colored(&missing, &[("FORCE_COLOR", "1")]));
    assert!(colored(&missing, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&missing, &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(
        &["check", "missing", "--color", "never"],
        &[("FORCE_COLOR", "1")]
    ));
    assert!(colored(
        &["check", "missing", "--color", "always"],
        &[("NO_COLOR", "1")]
    ));
    assert!(colored(&["--color=always", "check", "missing"], &[]));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let dir = project(&[]);
    for args in [
        &["rules"][..],
        &["check", "--schema"],
        &["config"],
        &["--help"],
        &["version"],
    ] {
        let mut child = command(dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {stderr}");
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let dir = project(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    finish(command(dir.path(), &["version"]).stdout(full))
        .code(2)
        .stderr_has("cannot write output");
}

#[test]
fn the_schema_is_printed_and_is_one() {
    let dir = project(&[]);
    let ran = run(dir.path(), &["check", "--schema"]).code(0);
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn verbose_names_the_settings_on_stderr() {
    let dir = project(&[("djperf.toml", "preview = true\n")]);
    let ran = run(dir.path(), &["config", "-v"])
        .code(0)
        .stderr_has("djperf.toml");
    assert!(ran.stdout.contains("preview = true"));
}
