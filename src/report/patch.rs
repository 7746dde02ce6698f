//! Changes of texts: whole files as patches for programs, one fix as a few lines for people.

use std::fmt::Write;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use super::escape_line;
use crate::fix::{Edit, Fix, Safety, edited};
use crate::source::{FileId, SourceFile, SourceSet, Span};

/// Unchanged lines around a change in a patch.
const CONTEXT: usize = 3;
/// Lines shown of one fix.
const MAX_LINES: usize = 12;

/// The change of one file as `git apply` and `patch -p1` read it, of a new file if there is no old one; empty when
/// nothing changes.
pub fn unified(path: &str, old: Option<&[u8]>, new: &[u8]) -> Vec<u8> {
    let before = match old {
        Some(_) => name("a", path),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (lines(old.unwrap_or_default()), lines(new));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut out = Vec::new();
    for group in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        if out.is_empty() {
            out.extend(format!("--- {before}\n+++ {}\n", name("b", path)).bytes());
        }
        let range = |start: usize, end: usize| match end - start {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            n => format!("{},{n}", start + 1),
        };
        let before = range(first.old_range().start, last.old_range().end);
        let after = range(first.new_range().start, last.new_range().end);
        out.extend(format!("@@ -{before} +{after} @@\n").bytes());
        for op in &group {
            for (sign, line) in signed(op, &old, &new, true) {
                out.push(sign);
                out.extend(line);
                if !line.ends_with(b"\n") {
                    out.extend(b"\n\\ No newline at end of file\n");
                }
            }
        }
    }
    out
}

/// Split behind line feeds only, as programs that apply patches do.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn signed<'a, 't>(
    op: &DiffOp,
    old: &'a [&'t [u8]],
    new: &'a [&'t [u8]],
    context: bool,
) -> Vec<(u8, &'t [u8])> {
    let with = |sign: u8, lines: &[&'t [u8]]| lines.iter().map(|line| (sign, *line)).collect::<Vec<_>>();
    let (removed, added) = (&old[op.old_range()], &new[op.new_range()]);
    match op.tag() {
        DiffTag::Equal if context => with(b' ', removed),
        DiffTag::Equal => Vec::new(),
        _ => [with(b'-', removed), with(b'+', added)].concat(),
    }
}

/// A file name in a patch, quoted as git quotes those that hold control characters, and with a tab behind those
/// that hold blanks.
fn name(side: &str, path: &str) -> String {
    let plain = !path.contains(|c: char| c.is_ascii_control() || matches!(c, '"' | '\\'));
    if plain {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{side}/{path}{end}");
    }
    let mut out = format!("\"{side}/");
    for c in path.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if c.is_ascii_control() => {
                let _ = write!(out, "\\{:03o}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A fix as the lines it changes, for people; the name of a file only where it is not `home`.
pub(super) fn preview(sources: &SourceSet, home: FileId, fix: &Fix, color: bool) -> String {
    let safety = match fix.safety {
        Safety::Safe => "",
        Safety::Unsafe => " (unsafe)",
        Safety::Display => " (not automatic)",
    };
    let mut shown: Vec<String> = Vec::new();
    for edits in by_file(&fix.edits) {
        let Some(file) = edits.first().map(|edit| edit.file) else {
            continue;
        };
        let source = sources.get(file);
        let changed = changed_lines(source, &edits);
        if file != home && !changed.is_empty() {
            shown.push(format!("    {}", escape_line(&source.path)));
        }
        shown.extend(changed.iter().map(|line| line.shown(color)));
    }
    for migration in &fix.migrations {
        shown.push(format!("    {}", escape_line(&migration.path(sources))));
        let text = migration.text();
        let line = |(i, text): (usize, &str)| Line {
            number: i as u32 + 1,
            sign: '+',
            text: text.to_owned(),
        };
        shown.extend(text.lines().enumerate().map(line).map(|line| line.shown(color)));
    }
    let mut out = format!("  fix{safety}: {}\n", escape_line(&fix.title));
    for line in shown.iter().take(MAX_LINES) {
        out.push_str(line);
        out.push('\n');
    }
    if shown.len() > MAX_LINES {
        let _ = writeln!(out, "    … and {} more lines", shown.len() - MAX_LINES);
    }
    out
}

fn by_file(edits: &[Edit]) -> Vec<Vec<Edit>> {
    let mut edits = edits.to_vec();
    edits.sort();
    edits
        .chunk_by(|a, b| a.file == b.file)
        .map(<[Edit]>::to_vec)
        .collect()
}

struct Line {
    number: u32,
    sign: char,
    text: String,
}

impl Line {
    fn shown(&self, color: bool) -> String {
        let text = escape_line(self.text.trim_end()).into_owned();
        let line = format!("{:>5} {} {text}", self.number, self.sign);
        match (color, self.sign) {
            (false, _) => line.trim_end().to_owned(),
            (true, '-') => format!("\u{1b}[31m{line}\u{1b}[0m"),
            (true, _) => format!("\u{1b}[32m{line}\u{1b}[0m"),
        }
    }
}

/// The lines that edits of one file take away and put in; numbers are those of the old and the new text.
fn changed_lines(source: &SourceFile, edits: &[Edit]) -> Vec<Line> {
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
        return Vec::new();
    };
    let first_line = source.lines().line_of(first.span.start);
    let (from, _) = source.lines().line_range(&source.text, first_line);
    let last_line = source.lines().line_of(last.span.end);
    let (_, to) = source.lines().line_range(&source.text, last_line);
    let old = source.slice(Span::new(from, to));
    let moved: Vec<Edit> = edits
        .iter()
        .map(|edit| Edit {
            span: Span::new(
                edit.span.start.saturating_sub(from),
                edit.span.end.saturating_sub(from),
            ),
            ..edit.clone()
        })
        .collect();
    let Some(new) = edited(old, &moved) else {
        return Vec::new();
    };
    let (old, new) = (lines(old.as_bytes()), lines(new.as_bytes()));
    let mut out = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let mut at = [op.old_range().start as u32, op.new_range().start as u32];
        for (sign, line) in signed(&op, &old, &new, false) {
            let side = &mut at[usize::from(sign == b'+')];
            out.push(Line {
                number: first_line + *side,
                sign: char::from(sign),
                text: String::from_utf8_lossy(line).replace('\t', "    "),
            });
            *side += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{preview, unified};
    use crate::fix::{Edit, Fix, Safety};
    use crate::report::json::tests::{fix, sources, span_of};
    use crate::source::{FileId, Site};

    fn patch(path: &str, old: &str, new: &str) -> String {
        String::from_utf8(unified(path, Some(old.as_bytes()), new.as_bytes())).unwrap()
    }

    #[test]
    fn patches_name_the_file_and_count_lines() {
        assert_eq!(
            patch("a/b.py", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n"),
            "--- a/a/b.py\n+++ b/a/b.py\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n"
        );
        assert_eq!(
            patch("x", "1", "1\n2\n"),
            "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-1\n\\ No newline at end of file\n+1\n+2\n"
        );
        assert_eq!(patch("x", "", "1\n"), "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+1\n");
        assert_eq!(patch("x", "1\n", "1\n"), "");
        assert_eq!(
            unified("a b/x", None, b"1\n2\n"),
            b"--- /dev/null\n+++ b/a b/x\t\n@@ -0,0 +1,2 @@\n+1\n+2\n"
        );
    }

    #[test]
    fn odd_names_are_quoted() {
        let head = |path| patch(path, "1\n", "2\n").lines().next().unwrap().to_owned();
        assert_eq!(head("a b.py"), "--- a/a b.py\t");
        assert_eq!(head("a\u{1b}\"\\\n.py"), "--- \"a/a\\033\\\"\\\\\\012.py\"");
        assert_eq!(head("é.py"), "--- a/é.py");
    }

    #[test]
    fn fixes_show_the_lines_they_change() {
        let text = "a = 1\nx = Order.objects.all()\nb = 2\n";
        let sources = sources(&[("a.py", text), ("b\u{7}.py", "c = 3\n")]);
        let mut change = fix(Safety::Unsafe, text, "all()", "none()");
        assert_eq!(
            preview(&sources, FileId(0), &change, false),
            "  fix (unsafe): change it\n    2 - x = Order.objects.all()\n    2 + x = Order.objects.none()\n"
        );
        change.safety = Safety::Safe;
        change
            .edits
            .push(Edit::insert(FileId(1), 0, "import\u{1b}[2J\tx\n"));
        assert_eq!(
            preview(&sources, FileId(0), &change, false),
            "  fix: change it\n    2 - x = Order.objects.all()\n    2 + x = Order.objects.none()\n    b\\u{7}.py\n    1 + import\\u{1b}[2J    x\n"
        );
        assert!(preview(&sources, FileId(0), &change, true).contains("\u{1b}[31m    2 - x"));
    }

    #[test]
    fn long_and_impossible_fixes_are_shown_in_short() {
        let text = "x = 1\n";
        let sources = sources(&[("a.py", text)]);
        let long = Fix {
            safety: Safety::Display,
            title: "write\nmore".into(),
            edits: vec![Edit::insert(FileId(0), 6, "y = 2\n".repeat(20))],
            migrations: Vec::new(),
        };
        let shown = preview(&sources, FileId(0), &long, false);
        assert!(
            shown.starts_with("  fix (not automatic): write\\u{a}more\n    2 + y = 2\n"),
            "{shown}"
        );
        assert!(
            shown.ends_with("   13 + y = 2\n    … and 8 more lines\n"),
            "{shown}"
        );
        let site = Site::new(FileId(0), span_of(text, "1"));
        let twice = Fix {
            edits: vec![Edit::replace(site, "2"), Edit::replace(site, "3")],
            ..long
        };
        assert_eq!(
            preview(&sources, FileId(0), &twice, false),
            "  fix (not automatic): write\\u{a}more\n"
        );
    }
}
