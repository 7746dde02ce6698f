//! `djperf rules`: the registry as a table or as JSON.

use serde_json::{Value, json};

use super::args::{Rules, RulesFormat};
use super::output::Output;
use super::{CliError, Exit, tables};
use crate::report::{card_url, json};
use crate::rules::{self, Rule};

pub(super) fn run(args: &Rules, out: &mut Output) -> Result<Exit, CliError> {
    let text = match args.output_format {
        RulesFormat::Text => tables::table(&rules::all().iter().map(row).collect::<Vec<_>>()),
        RulesFormat::Json => {
            let rules: Vec<Value> = rules::all().iter().map(object).collect();
            json::pretty(&json!({"version": json::VERSION, "rules": rules}))
        }
    };
    out.print(&text)?;
    Ok(Exit::Clean)
}

fn row(rule: &Rule) -> Vec<String> {
    let preview = if rule.preview { "preview" } else { "" };
    [rule.code, rule.name, rule.group, rule.severity.as_str(), preview]
        .map(str::to_owned)
        .to_vec()
}

fn object(rule: &Rule) -> Value {
    json!({
        "name": rule.name,
        "code": rule.code,
        "group": rule.group,
        "severity": rule.severity.as_str(),
        "preview": rule.preview,
        "summary": rule.summary(),
        "url": card_url(rule.name),
    })
}
