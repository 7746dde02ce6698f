//! `djperf check`: run the analysis, fix what may be fixed, print what was found, tell the shell.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::Check;
use super::baseline::{self, Known};
use super::output::Output;
use super::{CliError, Exit, fixes, noqa, settings, stdin, tables};
use crate::config::{Config, OutputFormat};
use crate::fix::Safety;
use crate::report::{TallyView, View, concise, full, json};
use crate::session::{self, Against, Fixed, Fixing, Outcome, SessionError, Sieve};

pub(super) fn run(check: &Check, out: &mut Output) -> Result<Exit, CliError> {
    if check.schema {
        out.print(json::SCHEMA)?;
        return Ok(Exit::Clean);
    }
    let (paths, given) = stdin::paths(check)?;
    if given.is_none() {
        settings::must_exist(&paths)?;
    }
    let mut config = settings::of_run(&check.source, &paths[0], out)?;
    settings::apply(check, &mut config);
    let mut request = settings::request(&paths, config)?;
    request.config.fix &= given.is_none();
    stdin::lay(&mut request.overlay, &request.cwd, given);
    if out.verbose {
        let on: Vec<&str> = request
            .config
            .resolve_rules()?
            .iter()
            .map(|rule| rule.code)
            .collect();
        out.detail(&format!("rules: {}", on.join(", ")));
    }

    let started = Instant::now();
    if let Some(file) = &check.scope.write_baseline {
        request.config.fix = false;
        let outcome = session::check(&request)?;
        tell(&outcome, out);
        return baseline::write(file, &outcome, &request, out);
    }
    let known = match baseline_file(check, &request.config) {
        Some(file) => Some(Known::read(&file, &request)?),
        None => None,
    };
    let mut sieve = Sieve {
        baseline: known.as_ref().map(|known| known.entries.clone()),
        before: None,
    };
    if let Some(against) = against(check) {
        let (now, before) = session::before(&request, &against)?;
        request = now;
        sieve.before = Some(before);
    }
    if let Some(reason) = &check.scope.add_noqa {
        return noqa::add(&request, &sieve, reason, out);
    }
    let Fixing {
        outcome,
        changes,
        fixed,
    } = if request.config.fix {
        session::fix_new(&request, request.config.applicable(), &sieve)?
    } else {
        let mut outcome = session::check(&request)?;
        sieve.apply(&mut outcome);
        Fixing::without(outcome)
    };
    let duration = started.elapsed();
    tell(&outcome, out);
    if let Some(known) = &known {
        known.tell_stale(&outcome, &request, out)?;
    }
    if outcome.models == 0 && changes.is_empty() && outcome.diagnostics.is_empty() && outcome.suppressed == 0
    {
        let paths: Vec<String> = check
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(
            SessionError::NoDjango(format!("no models were understood around {}", paths.join(", "))).into(),
        );
    }
    if check.diff {
        return fixes::diff(&changes, &fixed, check.show_fixes, out);
    }
    session::write(&changes)?;
    if !check.fix_only {
        print(check, &request.config, &outcome, &fixed, duration, out)?;
    }
    if request.config.output_format != OutputFormat::Json {
        fixes::report(&changes, &fixed, check.show_fixes, out)?;
    }
    if check.timings {
        out.flush()?;
        super::output::complain(&tables::timings(&outcome.timings, duration));
    }
    Ok(if check.fix_only {
        Exit::Clean
    } else {
        verdict(&request.config, &outcome)
    })
}

pub(super) fn tell(outcome: &Outcome, out: &Output) {
    for note in &outcome.notes {
        out.note(&format!("djperf: {note}"));
    }
}

/// The baseline that counts: a path as it was typed, or one beside the settings that name it.
fn baseline_file(check: &Check, config: &Config) -> Option<PathBuf> {
    if check.scope.no_baseline {
        return None;
    }
    check.scope.baseline.clone().or_else(|| config.baseline.clone())
}

fn against(check: &Check) -> Option<Against> {
    match &check.scope.since {
        Some(name) => Some(Against::Since(name.clone())),
        None => check.scope.staged.then_some(Against::Staged),
    }
}

fn verdict(config: &Config, outcome: &Outcome) -> Exit {
    if outcome
        .diagnostics
        .iter()
        .any(|d| config.fail_on.fails(d.severity))
    {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

fn print(
    check: &Check,
    config: &Config,
    outcome: &Outcome,
    fixed: &[Fixed],
    duration: Duration,
    out: &mut Output,
) -> Result<(), CliError> {
    let view = View {
        fixed: fixed.len(),
        applicable: config.applicable(),
        ..view(outcome, duration)
    };
    let format = config.output_format;
    if format == OutputFormat::Json {
        let text = if check.statistics {
            tables::statistics_json(&view)
        } else {
            json::render(&view)
        };
        return Ok(out.print(&text)?);
    }
    let findings = match format {
        _ if check.statistics => tables::statistics(&view),
        OutputFormat::Concise => concise::render(&view),
        _ => full::render(
            &view,
            full::Style {
                color: out.color,
                width: out.width,
            },
        ),
    };
    out.print(&findings)?;
    if check.coverage {
        out.print(&tables::coverage(&view))?;
    }
    if !out.quiet {
        let sgr = if outcome.diagnostics.is_empty() { "32" } else { "1" };
        let (verdict, rest) = tables::summary(&view);
        let line = out.paint(sgr, &verdict);
        out.print(&format!("{line}{rest}\n"))?;
        if let Some(line) = tables::fixes(&view) {
            out.print(&format!("{line}\n"))?;
        }
    }
    Ok(())
}

fn view(outcome: &Outcome, duration: Duration) -> View<'_> {
    let tally = |(name, tally): (&&'static str, &session::Tally)| TallyView {
        name,
        seen: tally.seen,
        resolved: tally.known,
    };
    View {
        sources: &outcome.sources,
        diagnostics: &outcome.diagnostics,
        files: outcome.python_files,
        templates: outcome.templates,
        models: outcome.models,
        suppressed: outcome.suppressed,
        baselined: outcome.baselined,
        unchanged: outcome.unchanged,
        fixed: 0,
        applicable: Safety::Safe,
        duration,
        tallies: outcome.coverage.tallies.iter().map(tally).collect(),
        unknown: &outcome.coverage.unknown,
    }
}
