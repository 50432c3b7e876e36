//! The settings of a runner as a table, from the JSON Schema of its spec.

use serde_json::{Map, Value};

use super::Table;

/// How deep nested objects and references are followed. A schema may refer to itself.
const MAX_DEPTH: usize = 5;

/// A table of settings with type, default, allowed values and description. If the spec has several
/// forms, one table for each.
pub fn settings(schema: &Value, defaults: &Value) -> String {
    let schema = Schema { root: schema };
    let alternatives = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| schema.root.get(key)?.as_array());
    match alternatives {
        None => table(&schema, schema.root, defaults),
        Some(forms) => {
            let common = table(&schema, schema.root, defaults);
            let forms = forms.iter().map(|form| table(&schema, form, defaults));
            let parts: Vec<String> = [common]
                .into_iter()
                .chain(forms)
                .filter(|part| !part.is_empty())
                .collect();
            parts.join("\nor\n\n")
        }
    }
}

fn table(schema: &Schema<'_>, object: &Value, defaults: &Value) -> String {
    let mut rows = Vec::new();
    schema.rows("", object, defaults, MAX_DEPTH, &mut rows);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(
        0..0,
        ["setting", "type", "default", "allowed", "description"],
    );
    for row in rows {
        table.row(row);
    }
    table.to_string()
}

struct Schema<'a> {
    root: &'a Value,
}

impl<'a> Schema<'a> {
    fn rows(
        &self,
        prefix: &str,
        object: &'a Value,
        defaults: &Value,
        depth: usize,
        into: &mut Vec<[String; 5]>,
    ) {
        let object = self.resolve(object);
        let Some(properties) = object.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, property) in properties {
            let name = format!("{prefix}{name}");
            let resolved = self.resolve(property);
            let default = default_of(&name, prefix, property, defaults);
            if depth > 0 && resolved.get("properties").is_some() {
                let inner = default.unwrap_or_default();
                self.rows(&format!("{name}."), resolved, &inner, depth - 1, into);
                continue;
            }
            into.push([
                name,
                self.type_of(property),
                default.map_or_else(|| "-".to_owned(), |value| plain(&value)),
                self.allowed(property),
                self.description(property),
            ]);
        }
    }

    /// Follows `$ref`, and reduces "this or null" to "this".
    fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_DEPTH {
            let referred = value
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| self.root.pointer(path.strip_prefix('#')?));
            let optional = || {
                let forms = value.get("anyOf")?.as_array()?;
                let mut not_null = forms.iter().filter(|form| form["type"] != "null");
                not_null.next().filter(|_| not_null.next().is_none())
            };
            match referred.or_else(optional) {
                Some(next) => value = next,
                None => break,
            }
        }
        value
    }

    fn type_of(&self, property: &'a Value) -> String {
        let resolved = self.resolve(property);
        if !choices(resolved).is_empty() {
            return "choice".to_owned();
        }
        match resolved.get("type") {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Array(names)) => {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                names.join(" or ")
            }
            _ => "any".to_owned(),
        }
    }

    fn allowed(&self, property: &'a Value) -> String {
        let resolved = self.resolve(property);
        let choices = choices(resolved);
        if !choices.is_empty() {
            return choices.join(", ");
        }
        let bound = |key: &str| resolved.get(key).and_then(Value::as_f64);
        if let (Some(low), Some(high)) = (bound("minimum"), bound("maximum")) {
            return format!("{low} to {high}");
        }
        let bounds = [
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        ];
        let parts: Vec<String> = bounds
            .into_iter()
            .filter_map(|(key, word)| Some(format!("{word} {}", bound(key)?)))
            .collect();
        parts.join(", ")
    }

    fn description(&self, property: &'a Value) -> String {
        [property, self.resolve(property)]
            .into_iter()
            .find_map(|value| value.get("description")?.as_str())
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn default_of(name: &str, prefix: &str, property: &Value, defaults: &Value) -> Option<Value> {
    defaults
        .get(name.strip_prefix(prefix).unwrap_or(name))
        .or_else(|| property.get("default"))
        .cloned()
}

/// The values of an enumeration: `const`, `enum` or `oneOf`.
fn choices(schema: &Value) -> Vec<String> {
    if let Some(value) = schema.get("const") {
        return vec![plain(value)];
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(plain).collect();
    }
    let Some(forms) = schema.get("oneOf").and_then(Value::as_array) else {
        return Vec::new();
    };
    forms.iter().flat_map(choices).collect()
}

/// A value as it is written after `--set key=`.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.is_empty() => Value::Object(Map::new()).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_kinds_of_settings_are_listed() {
        let schema = json!({
            "type": "object",
            "properties": {
                "k": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "How many\nneighbours."},
                "metric": {"$ref": "#/$defs/Metric", "description": "The distance."},
                "limit": {"type": ["number", "null"], "exclusiveMinimum": 0},
                "inner": {"$ref": "#/$defs/Inner"},
            },
            "$defs": {
                "Metric": {"oneOf": [{"const": "cosine"}, {"const": "l2"}]},
                "Inner": {"type": "object", "properties": {"on": {"type": "boolean"}}},
            },
        });
        let defaults = json!({"k": 5, "metric": "cosine", "limit": null, "inner": {"on": true}});
        insta::assert_snapshot!(settings(&schema, &defaults), @r"
        setting   type            default  allowed     description
        k         integer         5        1 to 1000   How many neighbours.
        metric    choice          cosine   cosine, l2  The distance.
        limit     number or null  null     above 0
        inner.on  boolean         true
        ");
    }
}
