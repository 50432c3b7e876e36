//! Settings as params: flat, and texts.

use std::{borrow::Cow, collections::HashSet};

use serde_json::{Map, Value};

use super::{limits, naming};

/// Settings as params: names of nested objects joined by dots, lists as JSON, texts as they are.
pub(super) fn params(settings: &Map<String, Value>) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (name, value) in settings {
        flatten(name.clone(), format!("/{}", escape(name)), value, &mut flat);
    }
    let mut taken = HashSet::new();
    flat.into_iter()
        .map(|(name, pointer, value)| {
            let mut key = naming::key(&name).into_owned();
            // `{"a.b": 1}` and `{"a": {"b": 1}}` beside each other.
            if !taken.insert(key.clone()) {
                key = naming::key_apart(&name, &pointer);
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
            let text = limits::cut(text, limits::PARAM).into_owned();
            flat.push((name, pointer, text));
        }
        value => {
            let text = value.to_string();
            let text = limits::cut(&text, limits::PARAM).into_owned();
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
    fn settings_become_flat() {
        let settings = json!({
            "k": 5,
            "weights": {"mfo": 0.5, "deep": {"er": true}, "none": {}},
            "terms": ["GO:1", 2],
            "text": "as it is",
            "nothing": null,
            "a.b": 1,
            "a": {"b": 2},
        });
        let made = params(settings.as_object().unwrap());
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
        for (made, expected) in made.iter().zip(expected) {
            assert_eq!((made.0.as_str(), made.1.as_str()), expected);
        }
        let (apart, value) = &made[8];
        assert!(apart.starts_with("a.b-") && value == "2", "{apart}");
        assert_eq!(made, params(settings.as_object().unwrap()));
    }
}
