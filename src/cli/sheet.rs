//! Findings as they leave: in each format that was asked for, with what people want to read below them.

use super::output::{Output, complain};
use super::targets::Targets;
use super::{CliError, ci, tables};
use crate::report::{Format, Style, View, escape_commands};

/// What is wanted besides findings, in formats for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extras {
    /// Counts by rule, instead of findings.
    pub statistics: bool,
    /// Documents for programs cannot hold it, that of `json` always does: then it goes to stderr, or nowhere.
    pub coverage: bool,
    /// How many there are, and how many can be fixed.
    pub verdict: bool,
}

impl Extras {
    /// Fails where counts by rule have no form.
    pub(super) fn fit(self, format: Format) -> Result<(), CliError> {
        if !self.statistics || format.is_for_people() || format == Format::Json {
            return Ok(());
        }
        Err(CliError::Usage(format!(
            "`--statistics` has no {} form: use it with `--output-format` full, concise, grouped or json",
            format.as_str()
        )))
    }

    /// One text with all findings.
    fn sheet(self, format: Format, view: &View<'_>) -> String {
        match format {
            Format::Json if self.statistics => tables::statistics_json(view),
            _ if self.statistics => tables::statistics(view) + &self.below(view),
            _ if format.is_for_people() => format.render(view) + &self.below(view),
            _ => format.render(view),
        }
    }

    fn below(self, view: &View<'_>) -> String {
        let mut text = String::new();
        if self.coverage {
            text.push_str(&escape_commands(&tables::coverage(view)));
        }
        if self.verdict {
            let sgr = if view.diagnostics.is_empty() { "32" } else { "1" };
            let (verdict, rest) = tables::summary(view);
            text.push_str(&match view.style.color {
                true => format!("\u{1b}[{sgr}m{verdict}\u{1b}[0m{rest}\n"),
                false => format!("{verdict}{rest}\n"),
            });
            text.extend(tables::fixes(view).map(|line| line + "\n"));
        }
        text
    }
}

/// Writes the findings to files, then to standard output.
pub(super) fn write(
    targets: &Targets,
    extras: Extras,
    view: &View<'_>,
    out: &mut Output,
) -> Result<(), CliError> {
    let beside = Extras {
        statistics: false,
        coverage: false,
        ..extras
    };
    if extras.coverage && !targets.main.is_for_people() && targets.main != Format::Json {
        complain(&escape_commands(tables::coverage(view).trim_end()));
    }
    targets.write(|format, main| {
        let extras = if main { extras } else { beside };
        extras.sheet(format, view)
    })?;
    if targets.has(Format::Github)
        && let Err(error) = ci::summarise(view)
    {
        out.note(&format!(
            "djperf: the summary of the job cannot be written: {error}"
        ));
    }
    if let Some(format) = targets.stdout {
        let style = Style {
            color: out.color,
            width: out.width,
        };
        let text = extras.sheet(
            format,
            &View {
                style,
                ..view.clone()
            },
        );
        out.print(&text)?;
    }
    Ok(())
}
