//! `djperf explain`: a rule's card.

use super::args::Explain;
use super::output::Output;
use super::{CliError, Exit};
use crate::config::nearest;
use crate::rules;

pub(super) fn run(explain: &Explain, out: &mut Output) -> Result<Exit, CliError> {
    let word = explain.rule.trim();
    let same = |known: &str| known.eq_ignore_ascii_case(word);
    let Some(rule) = rules::all()
        .iter()
        .find(|rule| same(rule.name) || same(rule.code))
    else {
        let known = rules::all().iter().flat_map(|rule| [rule.name, rule.code]);
        let hint = nearest(word, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        let message = format!("unknown rule `{word}`{hint}\n`djperf rules` lists all of them");
        return Err(CliError::Usage(message));
    };
    out.print(&format!("{}\n", body(rule.card).trim()))?;
    Ok(Exit::Clean)
}

/// A card without its front matter, fenced by `---` or `+++`.
pub(super) fn body(card: &str) -> &str {
    let card = card.trim_start_matches('\u{feff}');
    for fence in ["---", "+++"] {
        let Some(rest) = card
            .strip_prefix(fence)
            .filter(|rest| rest.starts_with(['\n', '\r']))
        else {
            continue;
        };
        let mut offset = 0;
        for line in rest.split_inclusive('\n') {
            offset += line.len();
            if line.trim_end() == fence {
                return &rest[offset..];
            }
        }
    }
    card
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn front_matter_is_left_out() {
        assert_eq!(
            body("---\nname: x\n---\n# x\n\n---\ntext\n"),
            "# x\n\n---\ntext\n"
        );
        assert_eq!(body("+++\r\nname = 1\r\n+++\r\nbody"), "body");
        assert_eq!(body("# no front matter"), "# no front matter");
        assert_eq!(body("---\nnever closed"), "---\nnever closed");
    }
}
