//! The finished finding: plain data, in terms of files and byte spans.

use crate::fix::Fix;
use crate::source::{FileId, Site, Span};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    /// The severity that a setting names.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "info" => Self::Info,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => return None,
        })
    }

    /// The name in settings and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certainty {
    Certain,
    Likely,
}

impl Certainty {
    /// The name in settings and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
        }
    }
}

/// What part a labelled place plays in the evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    Queryset,
    Loop,
    Access,
    Call,
    Model,
    Setting,
    Template,
}

impl Role {
    /// The name in settings and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queryset => "queryset",
            Self::Loop => "loop",
            Self::Access => "access",
            Self::Call => "call",
            Self::Model => "model",
            Self::Setting => "setting",
            Self::Template => "template",
        }
    }
}

/// One place of the evidence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Label {
    pub site: Site,
    pub role: Role,
    pub message: String,
}

/// Query formulas such as `1 + N`, for the code as it is and as proposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Queries {
    pub before: String,
    pub after: String,
}

/// One finding: one place to change, with the evidence for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub rule: &'static str,
    pub code: &'static str,
    pub group: &'static str,
    pub severity: Severity,
    pub certainty: Certainty,
    pub message: String,
    pub help: Option<String>,
    /// The expression to change.
    pub file: FileId,
    pub span: Span,
    /// `app_label.Model`.
    pub model: Option<String>,
    /// Lookup paths from `model`.
    pub relations: Vec<String>,
    pub fields: Vec<String>,
    pub queries: Option<Queries>,
    /// URL patterns of the views that run it, as far as they are known.
    pub endpoints: Vec<String>,
    /// Evidence, in the order a reader follows it.
    pub labels: Vec<Label>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// The expression to change.
    pub fn site(&self) -> Site {
        Site::new(self.file, self.span)
    }

    /// The message, and the help below it.
    pub fn told(&self) -> String {
        match &self.help {
            Some(help) => format!("{}\nhelp: {help}", self.message),
            None => self.message.clone(),
        }
    }
}
