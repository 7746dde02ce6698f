//! Changes of what a template reads: rows that are kept in a variable, counts that are asked for otherwise.
//!
//! Tags are put directly around others, so that the page stays the same byte for byte. Whether a change pays is for
//! the caller to know.

use crate::analysis::occurrences::{Occurrence, Tail};
use crate::source::{FileId, Site, Span, Sym};

use super::{Desk, Fix, Refusal, Safety};

/// A read of a queryset or manager.
#[derive(Clone, Copy)]
pub struct Read<'a> {
    site: Site,
    path: &'a [Sym],
    /// Ends of the path and of `….all`.
    ends: (u32, u32),
    /// Reading it makes a new queryset.
    new: bool,
    tail: Tail,
    truth: bool,
}

impl<'a> Read<'a> {
    pub fn of(read: &'a Occurrence<'_>, new: bool) -> Self {
        let end = |n: usize| {
            read.steps
                .get(n - 1)
                .map_or(read.site.span.end, |step| step.span.end)
        };
        let n = read.path.len();
        Self {
            site: read.site,
            path: &read.path,
            ends: (end(n), end(n + usize::from(read.all))),
            new,
            tail: read.tail,
            truth: read.truth,
        }
    }

    /// The read with another expression for its rows.
    fn on(self, rows: &str) -> String {
        match self.tail {
            Tail::Rows | Tail::Exists => rows.to_owned(),
            Tail::Count | Tail::Length if self.truth => rows.to_owned(),
            Tail::Count | Tail::Length => format!("{rows}|length"),
        }
    }

    fn text(self, text: &str, end: u32) -> &str {
        text.get(self.site.span.start as usize..end as usize)
            .unwrap_or("")
    }
}

/// Keeps rows, or their number, for all reads inside a tag; also says so.
pub fn keep(
    desk: Desk<'_, '_>,
    file: FileId,
    whole: Span,
    reads: &[Read<'_>],
) -> (String, Result<Fix, Refusal>) {
    let text = desk.trees.text(file);
    let is_rows = |read: &&Read<'_>| matches!(read.tail, Tail::Rows | Tail::Length);
    let Some(first) = reads.first() else {
        return (String::new(), Err("nothing is read"));
    };
    let path = first.text(text, first.ends.0);
    if let Some(held) = reads.iter().find(|read| is_rows(read) && !read.new) {
        let held = held.text(text, held.ends.0);
        let edits = reads
            .iter()
            .filter(|read| read.new || matches!(read.tail, Tail::Count | Tail::Exists))
            .map(|read| (read.site.span, read.on(held)));
        let edits: Vec<(Span, String)> = edits.collect();
        let help = format!(
            "ask `{}` instead: `{held}` keeps the rows once they are loaded",
            first.on(held)
        );
        if edits.is_empty() {
            return with(desk, file, whole, reads, path.to_owned());
        }
        return (
            help,
            Fix::in_file(Safety::Safe, format!("read `{held}` itself"), file, edits),
        );
    }
    let value = match reads.iter().find(is_rows) {
        Some(rows) => rows.text(text, rows.ends.1).to_owned(),
        None if reads.iter().all(|read| read.tail == Tail::Exists) => format!("{path}.exists"),
        None => format!("{path}.count"),
    };
    with(desk, file, whole, reads, value)
}

/// `{% with name=value %}` around a tag, and the name instead of each read.
fn with(
    desk: Desk<'_, '_>,
    file: FileId,
    whole: Span,
    reads: &[Read<'_>],
    value: String,
) -> (String, Result<Fix, Refusal>) {
    let suffix = match value.rsplit_once('.') {
        Some((_, "count")) => "_count",
        Some((_, "exists")) => "_exist",
        _ => "",
    };
    let Some((name, known)) = new_name(desk, file, reads[0].path, suffix) else {
        return (
            format!("keep it: `{{% with …={value} %}}` around the condition"),
            Err("the names that suit are taken"),
        );
    };
    let renamed = |read: &Read<'_>| {
        if suffix.is_empty() {
            read.on(&name)
        } else {
            name.clone()
        }
    };
    let open = format!("{{% with {name}={value} %}}");
    let help = format!(
        "keep it: `{open}` around the condition, which then asks `{}`",
        renamed(&reads[0])
    );
    let mut edits = vec![
        (Span::new(whole.start, whole.start), open.clone()),
        (Span::new(whole.end, whole.end), "{% endwith %}".to_owned()),
    ];
    for read in reads {
        edits.push((read.site.span, renamed(read)));
    }
    let safety = if known { Safety::Safe } else { Safety::Unsafe };
    (
        help,
        Fix::in_file(safety, format!("keep it with `{open}`"), file, edits),
    )
}

/// A name for what a path leads to, and whether no included template can mean something else by it.
fn new_name(desk: Desk<'_, '_>, file: FileId, path: &[Sym], suffix: &str) -> Option<(String, bool)> {
    let facts = &desk.project.file(file).facts;
    let own = facts.template.as_deref()?;
    let all = desk.project.template_names(file);
    let plain = |part: &Sym| match part.as_str().strip_suffix("_set") {
        Some(model) if model.ends_with('s') => format!("{model}es"),
        Some(model) => format!("{model}s"),
        None => part.to_string(),
    };
    let last = path.last().map(plain)?;
    let holder = path.len().checked_sub(2).and_then(|n| path.get(n));
    let names = [
        Some(format!("{last}{suffix}")),
        holder.map(|holder| format!("{holder}_{last}{suffix}")),
        Some(format!("all_{last}{suffix}")),
    ];
    let free = |name: &String| {
        let name = Sym::new(name);
        !own.names.contains(&name) && all.is_none_or(|all| !all.contains(&name))
    };
    names
        .into_iter()
        .flatten()
        .find(free)
        .map(|name| (name, all.is_some()))
}

/// `rows.count` to `rows|length`.
pub fn counted(desk: Desk<'_, '_>, read: Read<'_>) -> Result<Fix, Refusal> {
    let rows = read.text(desk.trees.text(read.site.file), read.ends.1);
    let new = format!("{rows}|length");
    let title = format!("use `{new}`");
    Fix::in_file(Safety::Safe, title, read.site.file, vec![(read.site.span, new)])
}

/// `rows.all|length` to `rows.count`.
pub fn asked(desk: Desk<'_, '_>, read: Read<'_>) -> Result<Fix, Refusal> {
    let rows = read.text(desk.trees.text(read.site.file), read.ends.0);
    let new = format!("{rows}.count");
    let title = format!("use `{new}`");
    Fix::in_file(Safety::Safe, title, read.site.file, vec![(read.site.span, new)])
}
