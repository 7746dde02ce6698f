//! The JSON Schema of a configuration file, made from the list of keys.

use serde_json::{Map, Value, json};

use super::{KEYS, Shape};
use crate::rules;

/// Draft 7, which editors know best; for `djperf.toml` and for the table `tool.djperf`.
pub fn schema() -> Value {
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let mut value = shape(key.shape);
            value["description"] = key.about.into();
            (key.name.to_owned(), value)
        })
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of djperf",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "definitions": {"selector": selector()},
    })
}

fn shape(shape: Shape) -> Value {
    let rules = json!({"type": "array", "items": {"$ref": "#/definitions/selector"}});
    match shape {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Count => json!({"type": "integer", "minimum": 1}),
        Shape::File => json!({"type": "string", "minLength": 1}),
        Shape::Strings => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Rules => rules,
        Shape::Choice(names) => json!({"enum": names}),
        Shape::RulesByGlob => json!({"type": "object", "additionalProperties": rules}),
        Shape::SeverityByRule => json!({
            "type": "object",
            "propertyNames": {"$ref": "#/definitions/selector"},
            "additionalProperties": {"enum": ["error", "warning", "info"]},
        }),
    }
}

/// What may stand for rules.
fn selector() -> Value {
    let mut words: Vec<&str> = vec!["ALL"];
    let mut groups: Vec<&str> = rules::all().iter().map(|rule| rule.group).collect();
    groups.sort_unstable();
    groups.dedup();
    words.extend(groups);
    words.extend(rules::all().iter().flat_map(|rule| [rule.code, rule.name]));
    json!({"type": "string", "anyOf": [{"enum": words}, {"pattern": "^DJP[0-9]{0,2}$"}]})
}

#[cfg(test)]
mod tests {
    use super::schema;
    use crate::config::{Config, KEYS};

    #[test]
    fn the_schema_knows_every_key_and_accepts_what_is_printed() {
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let known: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(known, KEYS.map(|key| key.name).iter().collect::<Vec<_>>());
        let printed: toml::Value = toml::from_str(&Config::default().to_toml()).unwrap();
        assert!(validator.is_valid(&serde_json::to_value(printed).unwrap()));
        for wrong in [
            "slect = []",
            "threads = 0",
            "select = ['NOPE']",
            "fail-on = 'x'",
            "severity = {NOPE = 'error'}",
            "severity = {DJP1 = 'loud'}",
        ] {
            let wrong: toml::Value = toml::from_str(wrong).unwrap();
            assert!(
                !validator.is_valid(&serde_json::to_value(&wrong).unwrap()),
                "{wrong}"
            );
        }
    }
}
