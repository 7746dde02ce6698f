//! `djperf check`: run the analysis, fix what may be fixed, print what was found, tell the shell.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::Check;
use super::baseline::{self, Known};
use super::output::Output;
use super::sheet::{self, Extras};
use super::targets::Targets;
use super::{CliError, Exit, cache, ci, fixes, noqa, settings, stdin, tables};
use crate::config::Config;
use crate::fix::Safety;
use crate::report::{Format, RuleView, Style, TallyView, View, json};
use crate::rules;
use crate::session::{self, Against, Fixing, Outcome, Request, SessionError, Sieve};

pub(super) fn run(check: &Check, out: &mut Output) -> Result<Exit, CliError> {
    if check.schema {
        out.print(json::SCHEMA)?;
        return Ok(Exit::Clean);
    }
    let (paths, given) = stdin::paths(check)?;
    let paths = match given {
        Some(_) => paths,
        None => settings::checked(check, out)?,
    };
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
    } = match analyse(&request, &sieve) {
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
    if outcome.reused > 0 {
        out.detail(&format!(
            "cache: what {} files say was taken over from an earlier run",
            outcome.reused
        ));
    }
    tell(&outcome, out);
    if let Some(known) = &known {
        known.tell_stale(&outcome, &request, out)?;
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

fn analyse(request: &Request, sieve: &Sieve) -> Result<Fixing, SessionError> {
    if request.config.fix {
        return session::fix_new(request, request.config.applicable(), sieve);
    }
    let mut outcome = session::check(request)?;
    sieve.apply(&mut outcome);
    Ok(Fixing::without(outcome))
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
