//! The shortlist of indexes that a project lacks, as a table or as JSON.

use serde::Serialize;

use super::escape_line;

/// Queries shown under an index in the table; the document has all.
const MAX_SHOWN: usize = 4;

/// All tables that lack something.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Shortlist {
    pub models: Vec<TableView>,
}

/// One table.
#[derive(Debug, Clone, Serialize)]
pub struct TableView {
    /// `app_label.Model`.
    pub model: String,
    pub table: String,
    pub path: String,
    pub line: u32,
    /// Most useful first.
    pub suggestions: Vec<SuggestionView>,
    /// What is there: the fields of each index.
    pub existing: Vec<Vec<String>>,
}

/// An index to add.
#[derive(Debug, Clone, Serialize)]
pub struct SuggestionView {
    pub rule: &'static str,
    /// `-` in front of descending ones.
    pub fields: Vec<String>,
    /// `field=value` of a partial index.
    pub condition: Option<String>,
    /// As it stands in `Meta.indexes`.
    pub declaration: String,
    /// How much it serves: queries in requests and jobs count three, in commands one, in loops twice that.
    pub score: u32,
    pub uses: Vec<UseView>,
}

/// A query that it serves.
#[derive(Debug, Clone, Serialize)]
pub struct UseView {
    pub path: String,
    pub line: u32,
    pub column: u32,
    /// The method that runs the query, `iterate` and the like; absent where it is only built.
    pub op: Option<String>,
    /// `request`, `task`, `command` or `offered`.
    pub context: &'static str,
    pub in_loop: bool,
    pub filters: Vec<String>,
    pub order: Vec<String>,
    pub limited: bool,
}

/// The shortlist as a versioned document.
pub fn json(list: &Shortlist) -> String {
    super::json::pretty(&serde_json::json!({"version": super::json::VERSION, "models": list.models}))
}

/// One paragraph a table.
pub fn text(list: &Shortlist) -> String {
    if list.models.is_empty() {
        return "No table lacks an index.\n".to_owned();
    }
    let mut out = String::new();
    for table in &list.models {
        if !out.is_empty() {
            out.push('\n');
        }
        let place = format!("{}:{}", table.path, table.line);
        out.push_str(&format!(
            "{}  {}\n",
            escape_line(&table.model),
            escape_line(&place)
        ));
        for one in &table.suggestions {
            out.push_str(&format!(
                "  {:>4}  {}  [{}]\n",
                one.score,
                escape_line(&one.declaration),
                one.rule
            ));
            for used in one.uses.iter().take(MAX_SHOWN) {
                out.push_str(&format!("        {}\n", escape_line(&line(used))));
            }
            if one.uses.len() > MAX_SHOWN {
                out.push_str(&format!("        and {} more\n", one.uses.len() - MAX_SHOWN));
            }
        }
    }
    out
}

fn line(used: &UseView) -> String {
    let mut said = format!("{}:{}", used.path, used.line);
    let mut add = |word: &str, fields: &[String]| {
        if !fields.is_empty() {
            said.push_str(&format!("  {word} {}", fields.join(", ")));
        }
    };
    add("by", &used.filters);
    add("in order", &used.order);
    if used.context != "request" {
        said.push_str(&format!("  ({})", used.context));
    }
    said
}
