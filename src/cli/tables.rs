//! The small tables around findings: summary, statistics, coverage, timings, and their alignment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::report::diagnostic::Severity;
use crate::report::{View, escape_line, fixable, json};

/// Reasons printed before the rest is only counted.
const MOST_REASONS: usize = 10;

/// The verdict, and what follows it on the same and the next line.
pub(super) fn summary(view: &View<'_>) -> (String, String) {
    let hidden = [
        (view.suppressed, "suppressed"),
        (view.baselined, "in the baseline"),
        (view.unchanged, "there before"),
    ];
    let hidden: Vec<String> = hidden
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let found = view.diagnostics.len();
    if found == 0 {
        let mut looked = plural(view.files, "file");
        if view.templates > 0 {
            looked = format!("{looked}, {}", plural(view.templates, "template"));
        }
        let note = if hidden.is_empty() {
            String::new()
        } else {
            format!(" ({})", hidden.join(", "))
        };
        let models = plural(view.models, "model");
        return (
            "All checks passed!".to_owned(),
            format!("\nLooked at {looked}, {models}{note}."),
        );
    }
    let mut parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .map(|level| {
            (
                level,
                view.diagnostics.iter().filter(|d| d.severity == level).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(level, count)| match level {
            Severity::Info => format!("{count} info"),
            _ => plural(count, level.as_str()),
        })
        .collect();
    parts.extend(hidden);
    (
        format!("Found {}", plural(found, "problem")),
        format!(" ({}).", parts.join(", ")),
    )
}

/// What may be fixed, if anything.
pub(super) fn fixes(view: &View<'_>) -> Option<String> {
    let fixable = fixable(view);
    let hidden = match fixable.hidden {
        0 => String::new(),
        1 => "1 hidden fix can be enabled with the `--unsafe-fixes` option".to_owned(),
        n => format!("{n} hidden fixes can be enabled with the `--unsafe-fixes` option"),
    };
    match (fixable.now, hidden.is_empty()) {
        (0, true) => None,
        (0, false) => Some(format!("No fixes available ({hidden}).")),
        (n, true) => Some(format!("[*] {n} fixable with the `--fix` option.")),
        (n, false) => Some(format!("[*] {n} fixable with the `--fix` option ({hidden}).")),
    }
}

/// Count, code and name of each rule that found something, most first.
pub(super) fn statistics(view: &View<'_>) -> String {
    let rows = counts(view);
    table(
        &rows
            .iter()
            .map(|(n, code, rule)| vec![n.to_string(), (*code).into(), (*rule).into()])
            .collect::<Vec<_>>(),
    )
}

pub(super) fn statistics_json(view: &View<'_>) -> String {
    let rows: Vec<Value> = counts(view)
        .iter()
        .map(|(count, code, rule)| json!({"count": count, "code": code, "rule": rule}))
        .collect();
    json::pretty(&json!({"version": json::VERSION, "statistics": rows, "summary": json::summary(view)}))
}

fn counts(view: &View<'_>) -> Vec<(usize, &'static str, &'static str)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for diagnostic in view.diagnostics {
        *counts.entry((diagnostic.code, diagnostic.rule)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts
        .into_iter()
        .map(|((code, rule), n)| (n, code, rule))
        .collect();
    rows.sort_by_key(|(n, code, _)| (std::cmp::Reverse(*n), *code));
    rows
}

/// What was understood, in percent, and the commonest reasons why the rest was not.
pub(super) fn coverage(view: &View<'_>) -> String {
    let mut out = String::from("Coverage\n");
    let rows: Vec<Vec<String>> = view
        .tallies
        .iter()
        .map(|t| {
            vec![
                percent(t.resolved, t.seen),
                format!("{}/{}", t.resolved, t.seen),
                t.name.replace('_', " "),
            ]
        })
        .collect();
    out.push_str(&table(&rows));
    let mut reasons: Vec<(&String, &u64)> = view.unknown.iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
    if !reasons.is_empty() {
        out.push_str("Not understood\n");
        let shown = reasons.iter().take(MOST_REASONS);
        out.push_str(&table(
            &shown
                .map(|(r, n)| vec![n.to_string(), escape_line(r).into_owned()])
                .collect::<Vec<_>>(),
        ));
        if reasons.len() > MOST_REASONS {
            out.push_str(&format!("  and {} more reasons\n", reasons.len() - MOST_REASONS));
        }
    }
    out.push('\n');
    out
}

/// Wall time by phase.
pub(super) fn timings(phases: &[(&'static str, Duration)], total: Duration) -> String {
    let row = |(name, time): &(&'static str, Duration)| {
        vec![format!("{:.1} ms", time.as_secs_f64() * 1e3), (*name).to_owned()]
    };
    let rows: Vec<Vec<String>> = phases.iter().chain([&("total", total)]).map(row).collect();
    format!("Timings\n{}", table(&rows).trim_end())
}

/// Columns two spaces apart, indented by two; the first is right-aligned when it starts with a digit.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| {
        rows.iter()
            .filter_map(|r| r.get(i))
            .map(|c| c.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            let number = cell.starts_with(|c: char| c.is_ascii_digit());
            line.push_str(&if number {
                format!("{cell:>width$}  ")
            } else {
                format!("{cell:width$}  ")
            });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    // Rounded down, so that 100 % means all.
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{coverage, fixes, percent, statistics, summary};
    use crate::fix::Safety;
    use crate::report::json::tests::{diagnostic, fix, sources, view};

    #[test]
    fn summaries_count_and_never_call_silence_clean() {
        let sources = sources(&[("a.py", "x = 1\n")]);
        let (verdict, rest) = summary(&view(&sources, &[]));
        assert_eq!(
            format!("{verdict}{rest}"),
            "All checks passed!\nLooked at 1 file, 2 models (1 suppressed)."
        );
        let found = [diagnostic("x = 1\n", "x"), diagnostic("x = 1\n", "1")];
        let view = view(&sources, &found);
        let (verdict, rest) = summary(&view);
        assert_eq!(
            format!("{verdict}{rest}"),
            "Found 2 problems (2 warnings, 1 suppressed)."
        );
        assert_eq!(statistics(&view), "  2  DJP101  related-access-in-loop\n");
    }

    #[test]
    fn fixes_are_counted_by_what_it_takes() {
        let text = "x = 1\n";
        let sources = sources(&[("a.py", text)]);
        let line = |safeties: &[Safety], applicable| {
            let finding = |safety: &Safety| {
                let mut finding = diagnostic(text, "1");
                finding.fix = Some(fix(*safety, text, "1", "2"));
                finding
            };
            let found: Vec<_> = safeties.iter().map(finding).collect();
            let mut view = view(&sources, &found);
            view.applicable = applicable;
            fixes(&view)
        };
        use Safety::{Display, Safe, Unsafe};
        assert_eq!(line(&[Display], Safe), None);
        assert_eq!(
            line(&[Safe, Unsafe, Unsafe, Display], Safe).unwrap(),
            "[*] 1 fixable with the `--fix` option (2 hidden fixes can be enabled with the `--unsafe-fixes` option)."
        );
        assert_eq!(
            line(&[Safe, Unsafe], Unsafe).unwrap(),
            "[*] 2 fixable with the `--fix` option."
        );
        assert_eq!(
            line(&[Unsafe], Safe).unwrap(),
            "No fixes available (1 hidden fix can be enabled with the `--unsafe-fixes` option)."
        );
    }

    #[test]
    fn coverage_tells_percent_and_reasons() {
        let sources = sources(&[("a.py", "x = 1\n")]);
        let unknown = BTreeMap::from([("dynamic import".to_owned(), 2), ("unknown\u{7}".to_owned(), 30)]);
        let mut view = view(&sources, &[]);
        view.unknown = &unknown;
        assert_eq!(
            coverage(&view),
            "Coverage\n  75.0 %  3/4  relations\nNot understood\n  30  unknown\\u{7}\n   2  dynamic import\n\n"
        );
        assert_eq!(percent(999_999, 1_000_000), "99.9 %");
        assert_eq!(percent(0, 0), "–");
    }
}
