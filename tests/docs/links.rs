//! Reads Markdown as far as links, headings and fences go.

use std::fs;
use std::path::Path;

/// Links of a page to files and headings that are not there, as `page: link`. Both paths count from `root`.
pub fn broken(root: &Path, page: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(page)).unwrap();
    let mut wrong = Vec::new();
    for link in links(&text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = if file.is_empty() {
            root.join(page)
        } else {
            root.join(page).parent().unwrap().join(file)
        };
        let there = target.exists()
            && (anchor.is_empty()
                || fs::read_to_string(&target).is_ok_and(|text| anchors(&text).any(|a| a == anchor)));
        if !there {
            wrong.push(format!("{}: {link}", page.display()));
        }
    }
    wrong
}

/// The text of fences in a language.
pub fn fences(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim() == language, String::new())),
            (Some(_), Some("")) => found.extend(open.take().filter(|(ours, _)| *ours).map(|(_, text)| text)),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Lines outside of fences, without code spans.
fn prose(text: &str) -> impl Iterator<Item = String> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then(|| line.split('`').step_by(2).collect::<Vec<_>>().join("`"))
    })
}

fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let mut rest = line.as_str();
        while let Some((_, behind)) = rest.split_once("](") {
            let (link, after) = behind.split_once(')').unwrap_or((behind, ""));
            found.push(link.to_owned());
            rest = after;
        }
    }
    found
}

/// The names that GitHub gives to headings.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let heading = line.strip_prefix('#').filter(|_| !fenced)?;
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
    })
}
