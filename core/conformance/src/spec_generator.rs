//! Random specs from a JSON Schema: valid and invalid ones.

use fastrand::Rng;
use protea_core::dispatch::SpecSchema;
use serde_json::{Map, Number, Value, json};

/// Values nest at most this deep; deeper schemas get their defaults.
const DEEPEST: usize = 6;
/// How many random specs are made in search of one that is valid, or invalid.
const ATTEMPTS: usize = 24;

/// Makes random specs from a schema.
#[derive(Debug)]
pub struct Generator<'a> {
    schema: &'a Value,
    defaults: &'a Value,
    allowed: SpecSchema,
}

/// The settings in a schema, each with its own schema.
pub fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| (name.as_str(), property))
}

impl<'a> Generator<'a> {
    /// A generator for this schema. Numbers without a range stay near their defaults, because a large
    /// number may mean a year of work.
    ///
    /// # Errors
    ///
    /// When the schema is not valid.
    pub fn new(schema: &'a Value, defaults: &'a Value) -> Result<Self, String> {
        let allowed = SpecSchema::new(schema).map_err(|error| error.to_string())?;
        Ok(Self {
            schema,
            defaults,
            allowed,
        })
    }

    /// A spec that the schema allows; `None` if none was found.
    pub fn valid(&self, random: &mut Rng) -> Option<Value> {
        (0..ATTEMPTS)
            .map(|_| self.make(self.schema, Some(self.defaults), random, 0))
            .find(|spec| self.allowed.allows(spec))
    }

    /// A spec that the schema does not allow; `None` if none was found.
    pub fn broken(&self, random: &mut Rng) -> Option<Value> {
        (0..ATTEMPTS)
            .map(|_| {
                let sound = self.make(self.schema, Some(self.defaults), random, 0);
                broken(sound, random)
            })
            .find(|spec| !self.allowed.allows(spec))
    }

    fn make(
        &self,
        schema: &Value,
        default: Option<&Value>,
        random: &mut Rng,
        depth: usize,
    ) -> Value {
        let default = default.or_else(|| schema.get("default"));
        if depth > DEEPEST {
            return default.cloned().unwrap_or_default();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.schema.pointer(pointer));
            return target.map_or(Value::Null, |target| {
                self.make(target, default, random, depth + 1)
            });
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return random.choice(values).cloned().unwrap_or_default();
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            if let Some(options) = schema.get(key).and_then(Value::as_array) {
                return random.choice(options).map_or(Value::Null, |option| {
                    self.make(option, default, random, depth + 1)
                });
            }
        }
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(Value::Array(kinds)) => random
                .choice(kinds)
                .and_then(Value::as_str)
                .unwrap_or("null"),
            _ if schema.get("properties").is_some() => "object",
            _ => return default.cloned().unwrap_or_default(),
        };
        match kind {
            "object" => self.object(schema, default, random, depth),
            "array" => {
                let bound = |key, otherwise| size(schema, key).unwrap_or(otherwise);
                let least = bound("minItems", 0);
                let most = bound("maxItems", least + 3).min(least + 8);
                let items = schema.get("items").unwrap_or(&Value::Null);
                (0..random.usize(least..=most.max(least)))
                    .map(|_| self.make(items, None, random, depth + 1))
                    .collect()
            }
            "string" => string(schema, default, random),
            "integer" => integer(schema, default, random),
            "number" => number(schema, default, random),
            "boolean" => json!(random.bool()),
            _ => Value::Null,
        }
    }

    fn object(
        &self,
        schema: &Value,
        default: Option<&Value>,
        random: &mut Rng,
        depth: usize,
    ) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
        let mut object = Map::new();
        for (name, property) in properties(schema) {
            // A setting that is left out has its default.
            if is_required(name) || random.u8(..4) > 0 {
                let default = default.and_then(|default| default.get(name));
                let value = self.make(property, default, random, depth + 1);
                object.insert(name.to_owned(), value);
            }
        }
        if let Some(of_any_name) = schema
            .get("additionalProperties")
            .filter(|schema| schema.is_object())
        {
            for at in 0..random.usize(..3) {
                let value = self.make(of_any_name, None, random, depth + 1);
                object.insert(format!("key-{at}"), value);
            }
        }
        Value::Object(object)
    }
}

fn size(schema: &Value, key: &str) -> Option<usize> {
    usize::try_from(schema.get(key)?.as_u64()?).ok()
}

fn string(schema: &Value, default: Option<&Value>, random: &mut Rng) -> Value {
    const STRINGS: [&str; 6] = ["", "a", "two words", "äöü ∑", "../up", "\u{0}\n\t"];
    let least = size(schema, "minLength").unwrap_or(0);
    let most = size(schema, "maxLength").unwrap_or(usize::MAX);
    let mut value = match default.and_then(Value::as_str) {
        Some(default) if random.u8(..4) == 0 => default.to_owned(),
        _ => STRINGS[random.usize(..STRINGS.len())].to_owned(),
    };
    while value.chars().count() < least {
        value.push('x');
    }
    Value::String(value.chars().take(most).collect())
}

/// The ends of a range; exclusive ends are moved inwards by `step`.
fn range(schema: &Value, step: f64) -> (Option<f64>, Option<f64>) {
    let end = |inclusive: &str, exclusive: &str, inward: f64| {
        let given = schema.get(inclusive).and_then(Value::as_f64);
        given.or_else(|| Some(schema.get(exclusive)?.as_f64()? + inward))
    };
    (
        end("minimum", "exclusiveMinimum", step),
        end("maximum", "exclusiveMaximum", -step),
    )
}

/// A range around the default, at most ten times its value to each side.
fn span(schema: &Value, default: Option<&Value>, step: f64) -> (f64, f64) {
    let (low, high) = range(schema, step);
    let usual = default.and_then(Value::as_f64);
    let around = usual.or(low).unwrap_or(0.0);
    let width = (10.0 * around.abs()).max(10.0);
    let low = low.unwrap_or(around - width).max(around - width);
    let high = high.unwrap_or(around + width).min(around + width);
    (low, high.max(low))
}

fn integer(schema: &Value, default: Option<&Value>, random: &mut Rng) -> Value {
    let (low, high) = span(schema, default, 1.0);
    match random.u8(..4) {
        0 => json!(low.ceil() as i64),
        1 if default.is_some_and(Value::is_i64) => default.cloned().unwrap_or_default(),
        _ => json!(random.i64(low.ceil() as i64..=(high.floor() as i64).max(low.ceil() as i64))),
    }
}

fn number(schema: &Value, default: Option<&Value>, random: &mut Rng) -> Value {
    let (low, high) = span(schema, default, 1e-6);
    let value = match random.u8(..4) {
        0 => low,
        1 => high,
        _ => low + (high - low) * random.f64(),
    };
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A value that hardly any setting accepts.
pub(crate) fn strange(random: &mut Rng) -> Value {
    match random.u8(..11) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1e308),
        5 => json!(-0.5),
        6 => json!("a text"),
        7 => json!(["a", "list"]),
        8 => json!({ "an": "object" }),
        9 => json!("long ".repeat(20_000)),
        // serde_json reads 128 levels, and the request around the spec needs some of them.
        _ => (0..100).fold(json!(0), |inner, _| json!([inner])),
    }
}

fn broken(sound: Value, random: &mut Rng) -> Value {
    let Value::Object(mut spec) = sound else {
        return strange(random);
    };
    let keys: Vec<String> = spec.keys().cloned().collect();
    match (random.u8(..6), random.choice(&keys)) {
        (0, _) => return strange(random),
        (1, _) => {
            spec.insert("surely_no_setting".to_owned(), strange(random));
        }
        (2, Some(key)) => {
            let value = spec.remove(key).unwrap_or_default();
            spec.insert(key.to_uppercase(), value);
        }
        (_, Some(key)) => {
            spec.insert(key.clone(), strange(random));
        }
        (_, None) => {
            spec.insert(String::new(), Value::Null);
        }
    }
    Value::Object(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "k": { "type": "integer", "minimum": 1, "maximum": 100_000, "default": 5 },
                "metric": { "$ref": "#/$defs/Metric" },
                "threshold": { "type": ["number", "null"], "minimum": 0 },
                "weights": { "type": "array", "items": { "type": "number" } },
            },
            "additionalProperties": false,
            "$defs": { "Metric": { "oneOf": [{ "const": "cosine" }, { "const": "l2" }] } },
        })
    }

    #[test]
    fn specs_are_valid_or_broken_and_repeat_with_their_seed() {
        let (schema, defaults) = (schema(), json!({ "k": 5 }));
        let generator = Generator::new(&schema, &defaults).unwrap();
        let allowed = SpecSchema::new(&schema).unwrap();
        let mut metrics = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let spec = generator.valid(&mut Rng::with_seed(seed)).unwrap();
            assert!(allowed.allows(&spec), "{spec}");
            assert!(spec["k"].as_u64().is_none_or(|k| k <= 55), "{spec}");
            metrics.insert(spec["metric"].to_string());
            assert_eq!(
                Some(&spec),
                generator.valid(&mut Rng::with_seed(seed)).as_ref()
            );
            let spec = generator.broken(&mut Rng::with_seed(seed)).unwrap();
            assert!(!allowed.allows(&spec), "{spec}");
        }
        assert_eq!(metrics.len(), 3, "cosine, l2 and left out: {metrics:?}");
    }
}
