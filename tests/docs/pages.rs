//! Makes the generated pages out of the cards, the list of settings, and the files under `examples/ci`.

use std::fmt::Write as _;
use std::path::Path;

use djperf::config::{Config, KEYS};
use djperf::rules::{self, Rule};

use crate::text;

const COMMAND: &str = "`DJPERF_BLESS=1 cargo test --test docs`";

/// Titles of groups, in the order of the index.
const GROUPS: [(&str, &str); 5] = [
    ("n-plus-one", "Queries per row"),
    ("indexes", "Indexes"),
    ("templates", "Templates and caches"),
    ("settings", "Settings and middleware"),
    ("tool", "Files that cannot be read"),
];

/// Pages that are written by hand; examples in them are not.
const WRITTEN: [&str; 4] = [
    "docs/ci.md",
    "docs/editors.md",
    "docs/false-positives.md",
    "docs/how-it-works.md",
];

/// Path and text of each page.
pub fn all() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = rules::all()
        .iter()
        .map(|rule| (format!("docs/rules/{}.md", rule.name), of_rule(rule)))
        .collect();
    pages.push(("docs/README.md".to_owned(), index()));
    pages.push(("docs/configuration.md".to_owned(), configuration()));
    pages.extend(WRITTEN.map(|path| (path.to_owned(), with_examples(&text(path)))));
    pages
}

fn index() -> String {
    let mut page = format!("<!-- Generated from the cards in rules/ by {COMMAND}. -->\n");
    page.push_str("# djperf\n\n");
    page.push_str(
        "djperf finds the performance problems of Django projects without running them. [README](../README.md) says how to \
         install and use it, and how good it is.\n\n",
    );
    for path in ["docs/configuration.md"].iter().chain(&WRITTEN) {
        let page_text = if WRITTEN.contains(path) {
            text(path)
        } else {
            configuration()
        };
        let title = page_text
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap();
        let _ = writeln!(page, "- [{title}]({})", path.trim_start_matches("docs/"));
    }
    page.push_str("\n## Rules\n\nRules in preview run with `--preview`; all others are on by default.\n");
    for (group, title) in GROUPS {
        let _ = writeln!(page, "\n### {title}\n");
        let _ = writeln!(page, "`{group}`\n");
        page.push_str("| code | rule | finds | severity | fix | |\n|---|---|---|---|---|---|\n");
        for rule in rules::all().iter().filter(|rule| rule.group == group) {
            let _ = writeln!(
                page,
                "| {} | [{}](rules/{1}.md) | {} | {} | {} | {} |",
                rule.code,
                rule.name,
                finds(rule),
                rule.severity.as_str(),
                field(rule, "fix"),
                if rule.preview { "preview" } else { "" }
            );
        }
    }
    for rule in rules::all() {
        assert!(
            GROUPS.iter().any(|(group, _)| *group == rule.group),
            "{} has no title",
            rule.group
        );
    }
    page
}

/// What the table in the README says.
fn finds(rule: &Rule) -> String {
    let readme = text("README.md");
    let start = format!("| {} | `{}` | ", rule.code, rule.name);
    let row = readme.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    let row = row.trim_end_matches('|').trim_end();
    row.trim_end_matches("(preview)").trim_end().to_owned()
}

fn of_rule(rule: &Rule) -> String {
    let (front, body) = rule.card[4..].split_once("\n---\n").unwrap();
    assert!(!front.is_empty());
    let (title, prose) = body.trim_start().split_once("\n\n").unwrap();
    let on = if rule.preview { "with `--preview`" } else { "yes" };
    format!(
        "<!-- Generated from rules/{group}/{name}.md by {COMMAND}. -->\n{title}\n\n\
         | code | group | severity | on by default | fix | since | Django |\n|---|---|---|---|---|---|---|\n\
         | {code} | [{group}](../README.md#{anchor}) | {severity} | {on} | [{fix}](../../README.md#fixing) | {since} | {django} |\n\n\
         {prose}\n## Switching it off\n\n\
         For one place, a comment with the reason, in a template between `{{#` and `#}}`:\n\n\
         ```text\n# djperf: ignore[{name}] the reason\n```\n\n\
         For the project, or for some files of it:\n\n\
         ```toml\n[tool.djperf]\nignore = [\"{name}\"]\n\n[tool.djperf.per-file-ignores]\n\"legacy/**\" = [\"{name}\"]\n```\n\n\
         In the examples above, `# error: […]` stands where the finding begins. See [configuration](../configuration.md) and \
         [false positives](../false-positives.md).\n",
        group = rule.group,
        name = rule.name,
        code = rule.code,
        severity = rule.severity.as_str(),
        fix = field(rule, "fix"),
        since = field(rule, "since"),
        django = field(rule, "django").trim_matches('"'),
        anchor = anchor_of(rule.group),
        prose = prose.trim_end().to_owned() + "\n",
    )
}

fn anchor_of(group: &str) -> String {
    let (_, title) = GROUPS.iter().find(|(name, _)| *name == group).unwrap();
    title.to_lowercase().replace(' ', "-")
}

/// A line of a card's front matter.
fn field<'a>(rule: &'a Rule, key: &str) -> &'a str {
    let value = rule
        .card
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    value.unwrap()
}

/// `tests/docs/settings.md` tells what each setting is for; what it takes and its default come from the code.
fn configuration() -> String {
    let told = text("tests/docs/settings.md");
    let (lead, sections) = told.split_once("\n## ").unwrap();
    let sections: Vec<(&str, &str)> = sections
        .split("\n## ")
        .map(|section| section.split_once("\n\n").unwrap())
        .collect();
    let defaults: toml::Table = Config::default().to_toml().parse().unwrap();
    let mut page = format!(
        "<!-- Generated from src/config/keys.rs and tests/docs/settings.md by {COMMAND}. -->\n{lead}\n"
    );
    page.push_str("## All settings\n\n| setting | takes | default |\n|---|---|---|\n");
    for key in KEYS {
        let _ = writeln!(
            page,
            "| [`{}`](#{0}) | {} | {} |",
            key.name,
            cell(&key.shape.takes()),
            default(&defaults, key.name)
        );
    }
    for key in KEYS {
        let about = sections.iter().find(|(name, _)| *name == key.name);
        let (_, about) =
            about.unwrap_or_else(|| panic!("tests/docs/settings.md does not tell of `{}`", key.name));
        let _ = write!(page, "\n## {}\n\n{}\n", key.name, about.trim_end());
        let _ = write!(
            page,
            "\nMust be {}. Default: {}.\n",
            key.shape.takes(),
            default(&defaults, key.name)
        );
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn default(defaults: &toml::Table, key: &str) -> String {
    match defaults.get(key) {
        None => "none".to_owned(),
        Some(toml::Value::Table(table)) if table.is_empty() => "`{}`".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

/// A page whose fences behind `<!-- the file PATH -->` hold those files.
fn with_examples(page: &str) -> String {
    let mut out = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(path) = line
            .strip_prefix("<!-- the file ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let fence = lines.next().unwrap();
        assert!(fence.starts_with("```"), "no fence behind {path}");
        lines.by_ref().find(|line| *line == "```").unwrap();
        let _ = write!(out, "{fence}\n{}\n```\n", text(Path::new(path)).trim_end());
    }
    out
}
