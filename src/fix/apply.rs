//! Chooses the fixes that can be made together, and makes them: texts in, texts out.
//!
//! Where fixes overlap, the first one is made; the others have to wait until the files were analysed again.
//! What a fix is good for is not known here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Edit, Fix, Migration, Trees};
use crate::source::{FileId, Span};

/// What making some fixes gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The new texts of the files that change.
    pub texts: BTreeMap<FileId, String>,
    /// Files to be created: one for each directory, with what all fixes have for it.
    pub migrations: Vec<Migration>,
    /// Places of the fixes made in the list of those that were asked for, ascending.
    pub taken: Vec<usize>,
}

/// Makes each fix that does not overlap an earlier one of the list, as a whole or not at all. Edits that several
/// fixes share are made once, and their migrations of one application become one. A fix that does not fit the texts,
/// that touches Python with syntax errors, or that changes nothing is left out.
pub fn apply(trees: &Trees<'_>, fixes: &[&Fix]) -> Applied {
    let mut made: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut migrations: Vec<Migration> = Vec::new();
    let mut taken = Vec::new();
    for (i, fix) in fixes.iter().enumerate() {
        let Some(edits) = fitting(trees, fix) else {
            continue;
        };
        let of_file = |edit: &Edit| made.get(&edit.file).map_or(&[][..], Vec::as_slice);
        let fresh: Vec<Edit> = edits
            .into_iter()
            .filter(|edit| !of_file(edit).contains(edit))
            .collect();
        if fresh
            .iter()
            .any(|edit| of_file(edit).iter().any(|other| touch(edit.span, other.span)))
        {
            continue;
        }
        if !fix.migrations.iter().all(|new| joins(&migrations, new)) {
            continue;
        }
        for new in &fix.migrations {
            match migrations.iter_mut().find(|other| other.after == new.after) {
                Some(other) => other.extend(new),
                None => migrations.push(new.clone()),
            }
        }
        for edit in fresh {
            made.entry(edit.file).or_default().push(edit);
        }
        taken.push(i);
    }
    let texts = made.into_iter().filter_map(|(file, mut edits)| {
        edits.sort();
        Some((file, edited(trees.text(file), &edits)?))
    });
    Applied {
        texts: texts.collect(),
        migrations,
        taken,
    }
}

/// A text after edits of it that are ordered; nothing if they overlap or do not fit. Line breaks of what is put in
/// become those that most lines of the text have.
pub fn edited(text: &str, edits: &[Edit]) -> Option<String> {
    let ending = line_ending(text);
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        text.get(start..end)?;
        out.push_str(text.get(done..start)?);
        out.push_str(&with_ending(&edit.content, ending));
        done = end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// The edits of a fix, ordered and each once, if it can be made on its own.
fn fitting(trees: &Trees<'_>, fix: &Fix) -> Option<Vec<Edit>> {
    let mut edits = fix.edits.clone();
    edits.sort();
    edits.dedup();
    let migrations = fix.migrations.iter().map(|migration| migration.after);
    for file in edits.iter().map(|edit| edit.file).chain(migrations) {
        if !trees.holds(file) || !trees.editable(file) {
            return None;
        }
    }
    let mut changes = !fix.migrations.is_empty();
    for edit in &edits {
        let range = edit.span.start as usize..edit.span.end as usize;
        changes |= trees.text(edit.file).get(range)? != edit.content;
    }
    let ordered = edits.windows(2).all(|pair| {
        let (a, b) = (&pair[0], &pair[1]);
        a.file != b.file || (a.span.end <= b.span.start && a.span != b.span)
    });
    (changes && ordered).then_some(edits)
}

/// Whether a migration may be written along with others.
fn joins(migrations: &[Migration], new: &Migration) -> bool {
    let beside = migrations.iter().find(|other| other.after == new.after);
    beside.is_none_or(|other| other.accepts(new))
}

/// Edits of different fixes that meet, even at their ends: what stands there depends on both.
fn touch(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// The line break that most lines of a text end with.
pub(super) fn line_ending(text: &str) -> &'static str {
    let crlf = text.matches("\r\n").count();
    let lf = text.matches('\n').count() - crlf;
    let cr = text.matches('\r').count() - crlf;
    if lf >= crlf && lf >= cr {
        "\n"
    } else if crlf >= cr {
        "\r\n"
    } else {
        "\r"
    }
}

fn with_ending<'a>(content: &'a str, ending: &str) -> Cow<'a, str> {
    if ending == "\n" || !content.contains('\n') {
        return Cow::Borrowed(content);
    }
    Cow::Owned(content.replace("\r\n", "\n").replace('\n', ending))
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Fix, Safety, Trees};
    use super::{apply, edited};
    use crate::source::{FileId, SourceFile, SourceSet, Span};

    const A: FileId = FileId(0);
    const B: FileId = FileId(1);

    fn sources(texts: &[&str]) -> SourceSet {
        let file = |(i, text): (usize, &&str)| SourceFile::new(format!("{i}.py"), (*text).into());
        SourceSet::new(texts.iter().enumerate().map(file).collect())
    }

    fn edit(file: FileId, start: u32, end: u32, content: &str) -> Edit {
        Edit {
            file,
            span: Span::new(start, end),
            content: content.into(),
        }
    }

    fn fix(edits: &[Edit]) -> Fix {
        Fix {
            safety: Safety::Safe,
            title: "change it".into(),
            edits: edits.to_vec(),
            migrations: Vec::new(),
        }
    }

    /// The new texts, unchanged ones included, and which fixes were made.
    fn run(texts: &[&str], fixes: &[&Fix]) -> (Vec<String>, Vec<usize>) {
        let sources = sources(texts);
        let applied = apply(&Trees::new(&sources), fixes);
        let text = |(id, file): (FileId, &SourceFile)| {
            let new = applied.texts.get(&id).cloned();
            new.unwrap_or_else(|| file.text.to_string())
        };
        (sources.iter().map(text).collect(), applied.taken)
    }

    #[test]
    fn of_fixes_that_meet_the_first_is_made() {
        let first = fix(&[edit(A, 4, 5, "10")]);
        let same_place = fix(&[edit(A, 4, 5, "20")]);
        let at_its_end = fix(&[edit(A, 5, 5, " + 1")]);
        let apart = fix(&[edit(A, 0, 1, "y")]);
        let (texts, taken) = run(&["x = 1\n"], &[&first, &same_place, &at_its_end, &apart]);
        assert_eq!((texts[0].as_str(), taken), ("y = 10\n", vec![0, 3]));
        let (texts, taken) = run(&["x = 1\n"], &[&same_place, &first]);
        assert_eq!((texts[0].as_str(), taken), ("x = 20\n", vec![0]));
    }

    #[test]
    fn a_fix_is_made_as_a_whole_or_not_at_all() {
        let first = fix(&[edit(A, 4, 5, "2")]);
        let both = fix(&[edit(A, 4, 5, "3"), edit(B, 4, 5, "3")]);
        assert_eq!(
            run(&["x = 1\n", "y = 1\n"], &[&first, &both]),
            (vec!["x = 2\n".into(), "y = 1\n".into()], vec![0])
        );
        assert_eq!(
            run(&["x = 1\n", "y = 1\n"], &[&both]),
            (vec!["x = 3\n".into(), "y = 3\n".into()], vec![0])
        );
    }

    #[test]
    fn edits_that_fixes_share_are_made_once() {
        let import = edit(A, 0, 0, "import a\n");
        let one = fix(&[edit(A, 4, 5, "a"), import.clone()]);
        let two = fix(&[import.clone(), edit(A, 10, 11, "a")]);
        let other = fix(&[edit(A, 0, 0, "import b\n")]);
        let (texts, taken) = run(&["x = 1\ny = 2\n"], &[&one, &two, &other]);
        assert_eq!(texts[0], "import a\nx = a\ny = a\n");
        assert_eq!(taken, [0, 1]);
    }

    #[test]
    fn the_order_of_fixes_that_do_not_meet_does_not_matter() {
        let fixes = [
            fix(&[edit(A, 0, 1, "xx"), edit(A, 10, 11, "22")]),
            fix(&[edit(A, 4, 5, "11")]),
            fix(&[edit(A, 6, 7, "yy"), edit(B, 0, 1, "zz")]),
        ];
        let texts = ["x = 1\ny = 2\n", "z = 3\n"];
        let expected = vec!["xx = 11\nyy = 22\n".to_owned(), "zz = 3\n".to_owned()];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let list: Vec<&Fix> = order.iter().map(|i| &fixes[*i]).collect();
            assert_eq!(run(&texts, &list), (expected.clone(), vec![0, 1, 2]), "{order:?}");
        }
        let turned = fix(&[edit(A, 10, 11, "22"), edit(A, 0, 1, "xx")]);
        assert_eq!(
            run(&texts, &[&turned]).0[0],
            "xx = 1\ny = 22\n",
            "edits are put in order"
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let text = "é = 1\n";
        for (what, edits) in [
            ("inside a character", vec![edit(A, 1, 2, "x")]),
            ("behind the end", vec![edit(A, 7, 9, "x")]),
            ("turned around", vec![edit(A, 3, 2, "x")]),
            ("in no file", vec![edit(FileId(7), 0, 0, "x")]),
            ("over each other", vec![edit(A, 2, 4, "x"), edit(A, 3, 5, "y")]),
            ("two at one place", vec![edit(A, 2, 2, "x"), edit(A, 2, 2, "y")]),
            ("nothing changed", vec![edit(A, 0, 2, "é")]),
            ("nothing at all", vec![]),
        ] {
            assert_eq!(
                run(&[text], &[&fix(&edits)]),
                (vec![text.to_owned()], vec![]),
                "{what}"
            );
        }
        let fits = fix(&[edit(A, 0, 2, "e")]);
        assert_eq!(run(&[text], &[&fits]), (vec!["e = 1\n".to_owned()], vec![0]));
    }

    #[test]
    fn files_without_a_tree_are_left_alone() {
        let both = fix(&[edit(A, 0, 1, "y"), edit(B, 0, 1, "y")]);
        let texts = ["x = 1\n", "x = (\n"];
        assert_eq!(run(&texts, &[&both]), (texts.map(str::to_owned).to_vec(), vec![]));
    }

    #[test]
    fn templates_need_no_tree() {
        let template = SourceSet::new(vec![SourceFile::new("a.html".into(), "hello".into())]);
        let applied = apply(&Trees::new(&template), &[&fix(&[edit(A, 0, 1, "y")])]);
        assert_eq!(applied.texts[&A], "yello");
    }

    #[test]
    fn line_breaks_become_those_of_the_file() {
        let insert = |text: &str| edited(text, &[edit(A, 0, 0, "a\nb\r\nc\n")]).unwrap();
        assert_eq!(insert("x\ny\r\n"), "a\nb\r\nc\nx\ny\r\n");
        assert_eq!(insert("x\r\ny\n\r\n"), "a\r\nb\r\nc\r\nx\r\ny\n\r\n");
        assert_eq!(insert("x\ry\r"), "a\rb\rc\rx\ry\r");
        assert_eq!(insert(""), "a\nb\r\nc\n");
    }
}
