//! What fixing comes to on the command line: patches, lists and counts.

use std::collections::BTreeMap;

use super::output::{Output, complain};
use super::tables::plural;
use super::{CliError, Exit};
use crate::report::{escape_commands, escape_line, escape_text, unified};
use crate::session::{Change, Fixed};

/// Prints the changes as patches; the shell is told whether there are any.
pub(super) fn diff(
    changes: &[Change],
    fixed: &[Fixed],
    list: bool,
    out: &mut Output,
) -> Result<Exit, CliError> {
    for change in changes {
        let file = &change.rewrite;
        let patch = unified(&file.path, file.old.as_deref(), &file.new);
        if out.terminal || out.color {
            let text = readable(&String::from_utf8_lossy(&patch), out);
            out.print(&text)?;
        } else {
            out.print_bytes(&patch)?;
        }
    }
    if !out.quiet {
        out.flush()?;
        if list && !fixed.is_empty() {
            complain(table(fixed).trim_end());
        }
        complain(&match fixed.len() {
            0 => "Nothing would be fixed.".to_owned(),
            n => format!("Would fix {}.", counted(n, changes)),
        });
    }
    Ok(if changes.is_empty() {
        Exit::Clean
    } else {
        Exit::Findings
    })
}

/// Prints how much was fixed, and what if that was asked for.
pub(super) fn report(
    changes: &[Change],
    fixed: &[Fixed],
    list: bool,
    out: &mut Output,
) -> Result<(), CliError> {
    if out.quiet || fixed.is_empty() {
        return Ok(());
    }
    let end = if list { ":" } else { "." };
    out.print(&format!("Fixed {}{end}\n", counted(fixed.len(), changes)))?;
    if list {
        out.print(&escape_commands(&table(fixed)))?;
    }
    Ok(())
}

fn counted(findings: usize, changes: &[Change]) -> String {
    format!(
        "{} in {}",
        plural(findings, "finding"),
        plural(changes.len(), "file")
    )
}

/// By file, how often each rule.
fn table(fixed: &[Fixed]) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<(&str, &str), usize>> = BTreeMap::new();
    for one in fixed {
        let rules = counts.entry(&one.path).or_default();
        *rules.entry((one.code, one.rule)).or_default() += 1;
    }
    let mut out = String::new();
    for (path, rules) in counts {
        out.push_str(&format!("- {}:\n", escape_line(path)));
        for ((code, rule), count) in rules {
            out.push_str(&format!("    {count} × {code} ({rule})\n"));
        }
    }
    out
}

/// A patch for eyes: harmless, and in colour where that is wanted.
fn readable(patch: &str, out: &Output) -> String {
    let mut text = String::with_capacity(patch.len());
    for line in patch.lines() {
        let shown = escape_text(&line.replace('\t', "    ")).into_owned();
        let sgr = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => "1",
            Some(b'-') => "31",
            Some(b'+') => "32",
            Some(b'@') => "36",
            _ => "0",
        };
        text.push_str(&if sgr == "0" { shown } else { out.paint(sgr, &shown) });
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::session::Fixed;

    #[test]
    fn fixes_are_counted_by_file_and_rule() {
        let fixed = |path: &str, code, rule| Fixed {
            path: path.into(),
            code,
            rule,
            title: String::new(),
        };
        let all = [
            fixed("b\u{7}.py", "DJP108", "foreign-key-id-access"),
            fixed("a.py", "DJP108", "foreign-key-id-access"),
            fixed("a.py", "DJP101", "related-access-in-loop"),
            fixed("a.py", "DJP108", "foreign-key-id-access"),
        ];
        assert_eq!(
            table(&all),
            "- a.py:\n    1 × DJP101 (related-access-in-loop)\n    2 × DJP108 (foreign-key-id-access)\n- b\\u{7}.py:\n    1 × DJP108 (foreign-key-id-access)\n"
        );
    }
}
