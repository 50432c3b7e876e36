//! Resolving a spec: it is completed with a preset and the runner's defaults, and checked against
//! the runner's schema. Presets are known here only; a runner receives settings.

use std::sync::OnceLock;

use protea_contracts::{
    Capabilities, RunnerError,
    json::{MAX_DEPTH, is_value_deeper},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{DispatchError, SpecFault, SpecSchema, faults::nearest};

/// The keyword of a schema that defines presets: it maps each value of the setting `preset` to
/// settings. The user's settings take precedence over those of the preset, and those over defaults.
const PRESETS: &str = "x-presets";

/// A spec that was completed and found valid: what `fit` takes.
///
/// Only [`Runner::resolve_spec`](super::Runner::resolve_spec) creates one, so no spec reaches a
/// runner unchecked, and none has to be checked twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ResolvedSpec(Value);

impl ResolvedSpec {
    /// Every setting with its value.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Every setting with its value.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }
}

/// The spec of an experiment's operation: as the user gave it, or resolved already.
///
/// Both `&Value` and `&ResolvedSpec` convert into it. A resolved spec is not resolved again, so it
/// must come from the runner of the experiment.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum SpecArgument<'s> {
    /// The settings that the user gave.
    Given(&'s Value),
    /// What [`Runner::resolve_spec`](super::Runner::resolve_spec) of this runner returned.
    Resolved(&'s ResolvedSpec),
}

impl<'s> From<&'s Value> for SpecArgument<'s> {
    fn from(given: &'s Value) -> Self {
        Self::Given(given)
    }
}

impl<'s> From<&'s ResolvedSpec> for SpecArgument<'s> {
    fn from(resolved: &'s ResolvedSpec) -> Self {
        Self::Resolved(resolved)
    }
}

/// Resolves the specs of one runner. The schema is compiled when it is needed for the first time.
#[derive(Debug, Default)]
pub(super) struct SpecResolver(OnceLock<Result<SpecSchema, String>>);

impl SpecResolver {
    /// Completes `given` with a preset and the defaults, and checks it.
    pub(super) fn resolve(
        &self,
        capabilities: &Capabilities,
        given: &Value,
    ) -> Result<ResolvedSpec, DispatchError> {
        if is_value_deeper(given, MAX_DEPTH) {
            let message = format!("the settings are nested more than {MAX_DEPTH} levels deep");
            return Err(RunnerError::invalid_spec("", message).into());
        }
        let schema = &capabilities.spec_schema;
        let compiled = self
            .0
            .get_or_init(|| SpecSchema::new(schema).map_err(|error| error.to_string()));
        let compiled = compiled
            .as_ref()
            .map_err(|message| DispatchError::Schema(message.clone()))?;
        let spec = match (given, &capabilities.spec_defaults) {
            // Alternatives have different defaults; merging them would give an invalid spec.
            (Value::Object(given), Value::Object(defaults)) if !has_alternatives(schema) => {
                let preset = preset(schema, given).map(|preset| completed(defaults, preset));
                Value::Object(completed(preset.as_ref().unwrap_or(defaults), given))
            }
            (Value::Null, defaults) => defaults.clone(),
            _ => given.clone(),
        };
        let fault = compiled
            .fault(&spec)
            .map_err(|error| DispatchError::Schema(error.to_string()))?;
        match fault {
            Some(fault) => Err(explain(fault, schema).into()),
            None => Ok(ResolvedSpec(compiled.with_integers(&spec))),
        }
    }
}

/// The settings of the preset that a spec names; none if the schema has no such preset.
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

fn explain(fault: SpecFault, schema: &Value) -> RunnerError {
    let mut message = fault.message;
    let mut pointer = fault.pointer;
    if let Some(key) = fault.unknown_setting {
        message = format!(
            "there is no setting {key:?}{}",
            known_settings(schema, &pointer, &key)
        );
        let escaped = key.replace('~', "~0").replace('/', "~1");
        pointer = format!("{pointer}/{escaped}");
    }
    if fault.others > 0 {
        message = format!("{message} (and {} more)", fault.others);
    }
    RunnerError::invalid_spec(&pointer, message)
}

fn known_settings(schema: &Value, place: &str, wrong: &str) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    if !place.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    match nearest(wrong, names.iter().copied()) {
        Some(name) => format!("; did you mean {name:?}?"),
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
        let weights = json!({ "a": 1, "b": 2, "c": 3 });
        serde_json::from_value(json!({
            "descriptor": { "name": "r", "version": "1.0.0", "contract_version": "1.0.0", "summary": "" },
            "spec_schema": {
                "type": "object",
                "properties": { "preset": { "enum": [null, "near", "far"] }, "k": number, "l": number, "weights": { "type": "object" } },
                "additionalProperties": false,
                "x-presets": { "near": { "preset": "near", "k": 1, "weights": { "a": 10, "b": 20 } } },
            },
            "spec_defaults": { "preset": null, "k": 5, "l": 6, "weights": weights },
            "metrics": { "metrics": [] },
        }))
        .expect("these are capabilities")
    }

    #[test]
    fn integers_with_a_point_are_accepted_as_integers() {
        let integer = json!({ "type": "integer" });
        let mut capabilities = capabilities();
        capabilities.spec_schema = json!({
            "type": "object",
            "properties": {
                "k": { "$ref": "#/$defs/count" }, "l": { "anyOf": [integer, { "type": "null" }] },
                "m": { "type": ["integer", "null"] }, "x": { "type": "number" },
                "list": { "type": "array", "items": integer }, "a/b~c": integer,
                "either": { "anyOf": [integer, { "type": "number" }] }, "any": {},
                "large": integer,
            },
            "$defs": { "count": { "type": "integer", "minimum": 1 } },
        });
        capabilities.spec_defaults = json!({});
        let given = json!({
            "k": 5.0, "l": -3.0, "m": 1e3, "x": 5.0, "list": [1.0, 2], "a/b~c": 0.0, "either": 2.0,
            "any": 2.0, "large": 1e300,
        });
        let resolved = SpecResolver::default().resolve(&capabilities, &given);
        // Compared as text: for serde_json, 5.0 is not 5, and the state point is made of the text.
        let text = resolved
            .expect("the spec is valid")
            .into_value()
            .to_string();
        let expected = json!({
            "k": 5, "l": -3, "m": 1000, "x": 5.0, "list": [1, 2], "a/b~c": 0, "either": 2.0,
            "any": 2.0, "large": 1e300,
        });
        assert_eq!(text, expected.to_string());
        let fraction = SpecResolver::default().resolve(&capabilities, &json!({ "k": 5.5 }));
        assert!(fraction.is_err());
    }

    #[test]
    fn settings_precede_the_preset_and_that_the_defaults() {
        let schema = SpecResolver::default();
        let resolved = |given: Value| {
            let resolved = schema.resolve(&capabilities(), &given);
            resolved.expect("the spec is valid").into_value()
        };
        let scalars = |given: Value| {
            let mut spec = resolved(given);
            spec.as_object_mut()
                .expect("it is an object")
                .remove("weights");
            spec
        };
        assert_eq!(
            scalars(json!({})),
            json!({ "preset": null, "k": 5, "l": 6 })
        );
        assert_eq!(
            scalars(json!({ "preset": "near" })),
            json!({ "preset": "near", "k": 1, "l": 6 })
        );
        assert_eq!(
            scalars(json!({ "preset": "near", "k": 5 })),
            json!({ "preset": "near", "k": 5, "l": 6 })
        );
        // Each key of an object has its own value, preset and default.
        assert_eq!(
            resolved(json!({ "preset": "near", "weights": { "b": 7 } }))["weights"],
            json!({ "a": 10, "b": 7, "c": 3 })
        );
        // A preset without settings means the defaults.
        assert_eq!(
            scalars(json!({ "preset": "far", "l": 1 })),
            json!({ "preset": "far", "k": 5, "l": 1 })
        );
    }
}
