//! The formats of findings: their names, and which function makes each.

use super::{
    View, azure, checkstyle, concise, escape, full, github, gitlab, grouped, json, junit, markdown, pylint,
    rdjson, sarif,
};

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Source snippets with labels.
    #[default]
    Full,
    /// One line a finding.
    Concise,
    /// Like `Concise`, under the names of the files.
    Grouped,
    /// The versioned document that `schema.json` describes.
    Json,
    /// A `diagnostic` of that document on each line.
    JsonLines,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
    Junit,
    /// The documents of reviewdog.
    Rdjson,
    Rdjsonl,
    /// One line a finding, as pylint prints it.
    Pylint,
    /// Logging commands of Azure Pipelines.
    Azure,
    Checkstyle,
    /// A table.
    Markdown,
}

/// How a text becomes harmless where it is printed.
enum Kind {
    Text,
    Xml,
    /// Its module sees to it.
    Own,
}

impl Format {
    /// In the order they are listed to users.
    pub const ALL: [Self; 15] = [
        Self::Full,
        Self::Concise,
        Self::Grouped,
        Self::Json,
        Self::JsonLines,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Junit,
        Self::Rdjson,
        Self::Rdjsonl,
        Self::Pylint,
        Self::Azure,
        Self::Checkstyle,
        Self::Markdown,
    ];

    /// As written in settings, in the order of [`Format::ALL`].
    pub const NAMES: [&'static str; 15] = {
        let mut names = [""; 15];
        let mut i = 0;
        while i < names.len() {
            names[i] = Self::ALL[i].as_str();
            i += 1;
        }
        names
    };

    /// The format that a setting names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Grouped => "grouped",
            Self::Json => "json",
            Self::JsonLines => "json-lines",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Rdjson => "rdjson",
            Self::Rdjsonl => "rdjsonl",
            Self::Pylint => "pylint",
            Self::Azure => "azure",
            Self::Checkstyle => "checkstyle",
            Self::Markdown => "markdown",
        }
    }

    /// Whether it is for people at a terminal, and so may have a verdict and more below it.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Full | Self::Concise | Self::Grouped)
    }

    /// All findings of a view. Whatever file names and sources hold, it stays what it is, and harmless where it is
    /// printed.
    pub fn render(self, view: &View<'_>) -> String {
        let (kind, render): (Kind, fn(&View<'_>) -> String) = match self {
            Self::Full => (Kind::Text, full::render),
            Self::Concise => (Kind::Text, concise::render),
            Self::Grouped => (Kind::Text, grouped::render),
            Self::Json => (Kind::Own, json::render),
            Self::JsonLines => (Kind::Own, json::lines),
            Self::Sarif => (Kind::Own, sarif::render),
            Self::Github => (Kind::Own, github::render),
            Self::Gitlab => (Kind::Own, gitlab::render),
            Self::Junit => (Kind::Xml, junit::render),
            Self::Rdjson => (Kind::Own, rdjson::render),
            Self::Rdjsonl => (Kind::Own, rdjson::lines),
            Self::Pylint => (Kind::Text, pylint::render),
            Self::Azure => (Kind::Own, azure::render),
            Self::Checkstyle => (Kind::Xml, checkstyle::render),
            Self::Markdown => (Kind::Text, markdown::render),
        };
        let text = render(view);
        match kind {
            Kind::Text => escape::printed(&text),
            Kind::Xml => escape::xml(&text),
            Kind::Own => text,
        }
    }
}

#[cfg(test)]
mod tests;
