//! The spec of a run: a file, and single settings that override it.

use std::path::{Path, PathBuf};

use protea_files::{FilesError, Links};
use serde_json::{Map, Value};

use crate::{exit::Exit, failure::Failure};

/// The largest spec file in bytes. A larger file is not a spec, which people write by hand.
const MAX_BYTES: u64 = 16 << 20;

/// The most parts of a key such as `a.b.c`. The spec becomes part of documents that JSON parsers,
/// which stop at 128 levels, must be able to read again.
const MAX_DEPTH: usize = 32;
/// How many characters of a long setting a message shows.
const SHOWN: usize = 40;

/// The settings of `file`, overridden by those of `set` (`key=value`).
pub fn read(file: Option<&Path>, set: &[String]) -> Result<Value, Failure> {
    let mut spec = match file {
        Some(file) => read_file(file)?,
        None => Map::new(),
    };
    for setting in set {
        apply(&mut spec, setting)?;
    }
    Ok(Value::Object(spec))
}

fn read_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let invalid = |problem: String| {
        Failure::new(
            Exit::Input,
            format!("the spec {}: {problem}", path.display()),
        )
    };
    let given = path.to_string_lossy();
    let is_settings = given.trim_start().starts_with('{') || given.contains('=');
    if is_settings && path.symlink_metadata().is_err() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--spec takes a file, not settings: {}; write settings with --set, such as --set k=5",
                given.chars().take(SHOWN).collect::<String>()
            ),
        ));
    }
    let text = protea_files::read_text(path, Links::Follow, MAX_BYTES);
    let text = text.map_err(|error| match error {
        FilesError::TooLarge { limit, .. } => invalid(format!("is larger than {limit} bytes")),
        error => invalid(format!(
            "cannot be read: {}; check the path",
            error.reason()
        )),
    })?;
    let value: Value = match extension(path).as_str() {
        "json" => serde_json::from_str(&text)
            .map_err(|error| invalid(format!("is not valid JSON: {error}")))?,
        "yaml" | "yml" => serde_saphyr::from_str(&text).map_err(|error| {
            match error.without_snippet() {
                // The message of the library names functions of the library.
                serde_saphyr::Error::MultipleDocuments { .. } => invalid(
                    "contains several YAML documents, separated by `---`; write one document"
                        .to_owned(),
                ),
                place => invalid(format!("is not valid YAML: {place}")),
            }
        })?,
        _ => {
            return Err(invalid("must be named .json, .yaml or .yml".to_owned()));
        }
    };
    match value {
        Value::Object(settings) => Ok(settings),
        Value::Null => Ok(Map::new()),
        other => Err(invalid(format!(
            "contains {} instead of named settings such as `k: 5`",
            kind(&other)
        ))),
    }
}

fn extension(path: &Path) -> String {
    PathBuf::from(path)
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
}

/// Puts `a.b=1` into `{"a": {"b": 1}}`.
fn apply(spec: &mut Map<String, Value>, setting: &str) -> Result<(), Failure> {
    let invalid = |problem: String| {
        Failure::new(
            Exit::Usage,
            format!("--set {setting}: {problem}; write --set key=value, such as --set k=5"),
        )
    };
    let (path, text) = setting
        .split_once('=')
        .ok_or_else(|| invalid("there is no '='".to_owned()))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let mut keys: Vec<&str> = path.split('.').collect();
    if keys.len() > MAX_DEPTH {
        let start: String = setting.chars().take(SHOWN).collect();
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--set {start}…: the key has {} parts; at most {MAX_DEPTH} are allowed",
                keys.len()
            ),
        ));
    }
    if keys.iter().any(|key| key.is_empty()) {
        return Err(invalid(format!("{path:?} contains an empty key")));
    }
    let last_key = keys.pop().unwrap_or_default();
    let mut into = spec;
    for key in keys {
        let inner = into.entry(key).or_insert_with(|| Value::Object(Map::new()));
        let found = kind(inner);
        into = inner.as_object_mut().ok_or_else(|| {
            invalid(format!(
                "{key:?} is already {found} and cannot contain other settings"
            ))
        })?;
    }
    into.insert(last_key.to_owned(), value);
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The failure of settings, with a note if one of them has others in its value.
pub fn explained(failure: Failure, spec: &Value) -> Failure {
    match joined_settings(spec) {
        Some(value) => failure.with_note(format!(
            "{value:?} is one value; each setting has its own --set, such as --set a=1 --set b=2"
        )),
        None => failure,
    }
}

/// A value that has further settings in it, as in `--set k=10,metric=l2`.
fn joined_settings(spec: &Value) -> Option<&str> {
    let mut values = spec.as_object()?.values().filter_map(Value::as_str);
    values.find(|value| {
        let rest = value.split_once(',').map(|(_, rest)| rest.trim_start());
        let key = rest.and_then(|rest| rest.split_once('='));
        key.is_some_and(|(key, _)| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
            !key.is_empty() && key.chars().all(is_name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(settings: &[&str]) -> Result<Value, String> {
        let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
        read(None, &settings).map_err(|failure| failure.message)
    }

    #[test]
    fn values_are_json_or_strings() {
        let spec = set(&[
            "k=5",
            "metric=cosine",
            "on=true",
            "x=\"5\"",
            "list=[1,2]",
            "e=a=b",
        ]);
        assert_eq!(
            spec.unwrap(),
            json!({"k": 5, "metric": "cosine", "on": true, "x": "5", "list": [1, 2], "e": "a=b"})
        );
    }

    #[test]
    fn dotted_keys_nest_and_the_last_value_wins() {
        assert_eq!(
            set(&["a.b=1", "a.c=2", "a.b=3"]).unwrap(),
            json!({"a": {"b": 3, "c": 2}})
        );
        assert!(
            set(&["a=1", "a.b=2"])
                .unwrap_err()
                .contains("already a number")
        );
        assert!(set(&["k"]).unwrap_err().contains("no '='"));
        assert!(set(&["a..b=1"]).unwrap_err().contains("empty key"));
    }

    #[test]
    fn several_yaml_documents_are_told_in_plain_words() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.yaml");
        std::fs::write(&path, "k: 1\n---\nk: 2\n").unwrap();
        let failure = read(Some(&path), &[]).unwrap_err().message;
        assert!(failure.contains("several YAML documents"), "{failure}");
        assert!(!failure.contains("from_"), "{failure}");
    }

    #[test]
    fn a_key_has_at_most_32_parts() {
        let key = |parts: usize| vec!["a"; parts].join(".") + "=1";
        assert!(set(&[&key(32)]).is_ok());
        let error = set(&[&key(60_000)]).unwrap_err();
        assert!(error.contains("at most 32"), "{error}");
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn a_setting_overrides_the_file_in_json_and_yaml() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("s.json", "{\"k\": 1, \"m\": {\"p\": 2}}"),
            ("s.yaml", "k: 1\nm:\n  p: 2\n"),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            let spec = read(Some(&path), &["m.p=3".to_owned()]).unwrap();
            assert_eq!(spec, json!({"k": 1, "m": {"p": 3}}));
        }
    }
}
