//! Channels: colour, closed pipes, full disks, schemas.

use crate::run::{Ran, command, finish, project, run, run_unread};

#[test]
fn colour_follows_the_flag_then_the_environment() {
    let off: &[(&str, &str)] = &[];
    let on = &[("FORCE_COLOR", "1")][..];
    for (flags, vars, colour) in [
        // Nothing but the pipe.
        (&[][..], off, false),
        (&["--color", "auto"], off, false),
        // The environment.
        (&[], on, true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("FORCE_COLOR", "")], false),
        (&[], &[("FORCE_COLOR", "0")], false),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[("CLICOLOR", "1")], false),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&[], &[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
        (&[], &[("FORCE_COLOR", "1"), ("TERM", "dumb")], true),
        (&[], &[("FORCE_COLOR", "1"), ("CLICOLOR", "0")], true),
        // The flag.
        (&["--color", "never"], on, false),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (
            &["--color", "always"],
            &[("TERM", "dumb"), ("CLICOLOR", "0")],
            true,
        ),
        (&["--color", "auto"], on, true),
    ] {
        let dir = project(&[]);
        for missing in [&["check", "missing"][..], &["config", "missing"]] {
            let mut command = command(dir.path(), &[flags, missing].concat());
            command.envs(vars.iter().copied());
            let ran = finish(&mut command).code(2);
            assert_eq!(ran.stderr.contains('\u{1b}'), colour, "{flags:?} {vars:?}");
        }
    }
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
        let Ran { code, stderr, .. } = run_unread(dir.path(), args);
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
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
