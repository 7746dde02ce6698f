//! Where entries of `MIDDLEWARE` that stand in the wrong place belong, in words.

use crate::project::middleware::Entry;

use super::super::wording::list;
use super::Found;

/// What stands in a wrong place: `subject` tells of a breach whether its first entry is the one that moves.
pub(super) fn wrong(
    all: &[Found<'_, '_>],
    moved: &[&Entry],
    subject: &dyn Fn(&Found<'_, '_>) -> bool,
) -> String {
    match moved {
        [one] if all.iter().all(subject) => format!("`{}` stands too late in `MIDDLEWARE`", one.name()),
        [one] if !all.iter().any(subject) => format!("`{}` stands too early in `MIDDLEWARE`", one.name()),
        [one] => format!("`{}` stands in the wrong place in `MIDDLEWARE`", one.name()),
        _ => {
            let names: Vec<String> = moved.iter().map(|entry| entry.name().to_owned()).collect();
            format!("{} stand in the wrong order in `MIDDLEWARE`", list(&names))
        }
    }
}

/// Where what moves belongs.
pub(super) fn advice(
    all: &[Found<'_, '_>],
    moved: &[&Entry],
    subject: &dyn Fn(&Found<'_, '_>) -> bool,
) -> String {
    if let [one] = moved {
        let outermost = all.iter().filter(|f| subject(f)).min_by_key(|f| f.breach.second);
        if let Some(place) = outermost.and_then(neighbour) {
            return format!("put `{}` {place}", one.name());
        }
        let innermost = all.iter().filter(|f| !subject(f)).max_by_key(|f| f.breach.first);
        return match (outermost, innermost) {
            (Some(found), _) => format!("put `{}` before `{}`", one.name(), found.second().name()),
            (None, Some(found)) => format!("put `{}` behind `{}`", one.name(), found.first().name()),
            (None, None) => String::new(),
        };
    }
    let pair = |f: &Found<'_, '_>| format!("`{}` before `{}`", f.first().name(), f.second().name());
    let pairs: Vec<String> = all.iter().take(3).map(pair).collect();
    format!("put {}", pairs.join(", "))
}

/// The place that the documentation names, with the way of the neighbour if it stands too far inside itself.
fn neighbour(found: &Found<'_, '_>) -> Option<String> {
    let path = found.breach.constraint.behind.as_ref()?;
    let entries = &found.stack.entries;
    let is_it = |entry: &Entry| entry.known.is_some_and(|known| known.path == *path);
    let at = entries.iter().position(is_it)?;
    let name = entries[at].name();
    Some(match at < found.breach.second {
        true => format!("directly behind `{name}`"),
        false => format!(
            "directly behind `{name}`, and both before `{}`",
            found.second().name()
        ),
    })
}
