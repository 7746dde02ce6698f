//! `--add-noqa`: a suppression for each finding, written into the files.

use super::output::Output;
use super::tables::plural;
use super::{CliError, Exit, check};
use crate::session::{self, Request, Sieve};

pub(super) fn add(
    request: &Request,
    sieve: &Sieve,
    reason: &str,
    out: &mut Output,
) -> Result<Exit, CliError> {
    let reason = reason.trim();
    if reason.contains(|c: char| c.is_control()) || ["#", "{%", "%}"].iter().any(|sign| reason.contains(sign))
    {
        return Err(CliError::Usage(
            "a reason is one line, without `#` and without signs of templates".to_owned(),
        ));
    }
    let mut outcome = session::check(request)?;
    sieve.apply(&mut outcome);
    check::tell(&outcome, out);
    let added = session::add_suppressions(request, &outcome, sieve, reason)?;
    session::write(&added.changes)?;
    for note in &added.notes {
        out.note(&format!("djperf: {note}"));
    }
    if !out.quiet {
        let (findings, files) = (added.suppressed, added.changes.len());
        out.print(&format!(
            "Suppressed {} in {}.\n",
            plural(findings, "finding"),
            plural(files, "file")
        ))?;
    }
    Ok(Exit::Clean)
}
