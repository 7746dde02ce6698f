//! `djperf check`: run the analysis, fix what may be fixed, print what was found, tell the shell.

use std::time::{Duration, Instant};

use super::args::Check;
use super::output::Output;
use super::sheet::{self, Extras};
use super::targets::Targets;
use super::{CliError, Exit, cache, ci, fixes, settings, tables};
use crate::config::Config;
use crate::fix::Safety;
use crate::report::{Format, RuleView, Style, TallyView, View, json};
use crate::rules;
use crate::session::{self, Fixing, Outcome, Request, SessionError};

pub(super) fn run(check: &Check, out: &mut Output) -> Result<Exit, CliError> {
    if check.schema {
        out.print(json::SCHEMA)?;
        return Ok(Exit::Clean);
    }
    let paths = settings::checked(check, out)?;
    let mut config = settings::load_for_all(&check.source, &paths, out)?;
    settings::apply(check, &mut config);
    config.cache = cache::place(&check.cache);
    let targets = Targets::of(check, &config)?;
    let extras = Extras {
        statistics: check.statistics,
        coverage: check.coverage,
        verdict: !out.quiet,
    };
    extras.fit(targets.main)?;
    let request = settings::request(&paths, config)?;
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
    let Fixing {
        outcome,
        changes,
        fixed,
    } = match analyse(&request) {
        Err(error) if check.no_error_on_unmatched && error.is_unmatched() => {
            let reason = match &paths[..] {
                [] => "none of the paths is there".to_owned(),
                _ => error.to_string(),
            };
            out.note(&format!("djperf: nothing to report on: {reason}"));
            Fixing::without(Outcome::default())
        }
        result => result?,
    };
    let duration = started.elapsed();
    for note in &outcome.notes {
        out.note(&format!("djperf: {note}"));
    }
    if !check.no_error_on_unmatched
        && outcome.models == 0
        && changes.is_empty()
        && outcome.diagnostics.is_empty()
        && outcome.suppressed == 0
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
        let view = View {
            fixed: fixed.len(),
            applicable: request.config.applicable(),
            below: ci::below_checkout(&request.cwd),
            ..view(&outcome, duration)
        };
        sheet::write(&targets, extras, &view, out)?;
    }
    if targets.stdout.is_none_or(Format::is_for_people) {
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

fn analyse(request: &Request) -> Result<Fixing, SessionError> {
    if request.config.fix {
        session::fix(request, request.config.applicable())
    } else {
        session::check(request).map(Fixing::without)
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
        fixed: 0,
        applicable: Safety::Safe,
        duration,
        tallies: outcome.coverage.tallies.iter().map(tally).collect(),
        unknown: &outcome.coverage.unknown,
        rules: rules::all().iter().map(rule).collect(),
        below: String::new(),
        style: Style::PLAIN,
    }
}

fn rule(rule: &rules::Rule) -> RuleView {
    RuleView {
        name: rule.name,
        code: rule.code,
        group: rule.group,
        severity: rule.severity,
        preview: rule.preview,
        summary: rule.summary(),
        card: rule.body(),
    }
}
