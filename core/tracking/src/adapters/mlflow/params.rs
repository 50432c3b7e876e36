//! Settings as params, which are flat strings.

use std::{borrow::Cow, collections::HashSet};

use serde_json::{Map, Value};

use super::{limits, naming};

/// Settings as params: names of nested objects are joined by dots, strings are unchanged, and all
/// other values are JSON.
pub(super) fn params(settings: &Map<String, Value>) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (name, value) in settings {
        flatten(name.clone(), format!("/{}", escape(name)), value, &mut flat);
    }
    let mut taken = HashSet::new();
    flat.into_iter()
        .map(|(name, pointer, value)| {
            let mut key = naming::key(&name).into_owned();
            // `{"a.b": 1, "a": {"b": 2}}` has two settings with the same flat name.
            if !taken.insert(key.clone()) {
                key = naming::second_key(&name, &pointer);
                taken.insert(key.clone());
            }
            (key, value)
        })
        .collect()
}

fn flatten(name: String, pointer: String, value: &Value, flat: &mut Vec<(String, String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (member, value) in members {
                let pointer = format!("{pointer}/{}", escape(member));
                flatten(format!("{name}.{member}"), pointer, value, flat);
            }
        }
        Value::String(text) => {
            let text = limits::fitted(text, limits::PARAM).into_owned();
            flat.push((name, pointer, text));
        }
        value => {
            let text = value.to_string();
            let text = limits::fitted(&text, limits::PARAM).into_owned();
            flat.push((name, pointer, text));
        }
    }
}

fn escape(member: &str) -> Cow<'_, str> {
    if member.contains(['~', '/']) {
        Cow::Owned(member.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(member)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_settings_are_flattened() {
        let settings = json!({
            "k": 5,
            "weights": {"mfo": 0.5, "deep": {"er": true}, "none": {}},
            "terms": ["GO:1", 2],
            "text": "as it is",
            "nothing": null,
            "a.b": 1,
            "a": {"b": 2},
        });
        let flat = params(settings.as_object().unwrap());
        let expected = [
            ("k", "5"),
            ("weights.mfo", "0.5"),
            ("weights.deep.er", "true"),
            ("weights.none", "{}"),
            ("terms", "[\"GO:1\",2]"),
            ("text", "as it is"),
            ("nothing", "null"),
            ("a.b", "1"),
        ];
        for (param, expected) in flat.iter().zip(expected) {
            assert_eq!((param.0.as_str(), param.1.as_str()), expected);
        }
        let (second, value) = &flat[8];
        assert!(second.starts_with("a.b-") && value == "2", "{second}");
        assert_eq!(flat, params(settings.as_object().unwrap()));
    }
}
