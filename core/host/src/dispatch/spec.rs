//! A spec, completed with a preset and the runner's defaults, and checked against its schema.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use protea_contracts::{Capabilities, RunnerError};
use serde_json::{Map, Value};

use super::DispatchError;

/// The keyword of a schema under which a runner names presets: from the value of the setting
/// `preset` to the settings that stand in for those that a user does not give.
const PRESETS: &str = "x-presets";

/// Completes `given` with the defaults and checks it.
pub(super) fn resolve(capabilities: &Capabilities, given: &Value) -> Result<Value, DispatchError> {
    let schema = &capabilities.spec_schema;
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| DispatchError::Schema(error.to_string()))?;
    let spec = match (given, &capabilities.spec_defaults) {
        // Alternatives have defaults of their own; mixing them would make a spec of none.
        (Value::Object(given), Value::Object(defaults)) if !has_alternatives(schema) => {
            let preset = preset(schema, given).map(|preset| completed(defaults, preset));
            Value::Object(completed(preset.as_ref().unwrap_or(defaults), given))
        }
        (Value::Null, defaults) => defaults.clone(),
        _ => given.clone(),
    };
    check(&validator, schema, &spec)?;
    Ok(spec)
}

/// The settings of the preset that a spec names; none where the schema has no such preset.
fn preset<'s>(schema: &'s Value, given: &Map<String, Value>) -> Option<&'s Map<String, Value>> {
    let name = given.get("preset")?.as_str()?;
    schema.get(PRESETS)?.get(name)?.as_object()
}

fn has_alternatives(schema: &Value) -> bool {
    ["oneOf", "anyOf"]
        .iter()
        .any(|key| schema.get(key).is_some())
}

fn completed(defaults: &Map<String, Value>, given: &Map<String, Value>) -> Map<String, Value> {
    let mut spec = defaults.clone();
    for (key, value) in given {
        let value = match (defaults.get(key), value) {
            (Some(Value::Object(defaults)), Value::Object(given)) => {
                Value::Object(completed(defaults, given))
            }
            _ => value.clone(),
        };
        spec.insert(key.clone(), value);
    }
    spec
}

fn check(validator: &Validator, schema: &Value, spec: &Value) -> Result<(), RunnerError> {
    let mut errors = validator.iter_errors(spec);
    let Some(first) = errors.next() else {
        return Ok(());
    };
    let error = explain(&first, schema);
    match (errors.count(), error) {
        (0, error) => Err(error),
        (more, RunnerError::InvalidSpec { pointer, message }) => Err(RunnerError::InvalidSpec {
            pointer,
            message: format!("{message} (and {more} more)"),
        }),
        (_, error) => Err(error),
    }
}

fn explain(error: &ValidationError<'_>, schema: &Value) -> RunnerError {
    let place = error.instance_path().to_string();
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind()
        && let Some(key) = unexpected.first()
    {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        return RunnerError::invalid_spec(
            &format!("{place}/{escaped}"),
            format!(
                "there is no setting {key:?}{}",
                known_settings(schema, &place, key)
            ),
        );
    }
    RunnerError::invalid_spec(&place, error.to_string())
}

fn known_settings(schema: &Value, place: &str, wrong: &str) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    if !place.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let nearest = names
        .iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), *name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, name)) => format!("; did you mean {name:?}?"),
        None if names.is_empty() => "; this runner has no settings".to_owned(),
        None => format!("; the settings are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn capabilities() -> Capabilities {
        let number = json!({ "type": "integer" });
        serde_json::from_value(json!({
            "descriptor": { "name": "r", "version": "1.0.0", "contract_version": "1.0.0", "summary": "" },
            "spec_schema": {
                "type": "object",
                "properties": { "preset": { "enum": [null, "near", "far"] }, "k": number, "l": number },
                "additionalProperties": false,
                "x-presets": { "near": { "preset": "near", "k": 1 } },
            },
            "spec_defaults": { "preset": null, "k": 5, "l": 6 },
            "metrics": { "metrics": [] },
        }))
        .expect("these are capabilities")
    }

    #[test]
    fn what_is_given_wins_over_the_preset_and_that_over_the_default() {
        let resolved = |given: Value| resolve(&capabilities(), &given).expect("the spec is sound");
        assert_eq!(
            resolved(json!({})),
            json!({ "preset": null, "k": 5, "l": 6 })
        );
        assert_eq!(
            resolved(json!({ "preset": "near" })),
            json!({ "preset": "near", "k": 1, "l": 6 })
        );
        assert_eq!(
            resolved(json!({ "preset": "near", "k": 5 })),
            json!({ "preset": "near", "k": 5, "l": 6 })
        );
        // A preset without settings of its own has the defaults.
        assert_eq!(
            resolved(json!({ "preset": "far", "l": 1 })),
            json!({ "preset": "far", "k": 5, "l": 1 })
        );
    }
}
