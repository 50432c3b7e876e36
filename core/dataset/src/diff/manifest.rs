//! Fields of the manifests.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Manifest;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Its name, such as `version`, `counts.proteins` or `files.ia.tsv.sha256`.
    pub field: String,
    /// Its value in the one; null if it is not there.
    pub from: Value,
    /// Its value in the other.
    pub to: Value,
}

pub(super) fn compare(from: &Manifest, to: &Manifest) -> Vec<FieldChange> {
    let (from, to) = (fields(from), fields(to));
    let mut all: BTreeMap<&str, (Value, Value)> = BTreeMap::new();
    for (field, value) in &from {
        all.entry(field).or_default().0 = value.clone();
    }
    for (field, value) in &to {
        all.entry(field).or_default().1 = value.clone();
    }
    let changed = all.into_iter().filter(|(_, (from, to))| from != to);
    let change = |(field, (from, to)): (&str, (Value, Value))| FieldChange {
        field: field.to_owned(),
        from,
        to,
    };
    changed.map(change).collect()
}

/// The fields by name, those of objects by the way to them, files by their path.
fn fields(manifest: &Manifest) -> BTreeMap<String, Value> {
    let files: Map<String, Value> = manifest
        .files
        .iter()
        .map(|file| {
            let value = json!({ "sha256": file.sha256, "bytes": file.bytes });
            (file.path.clone(), value)
        })
        .collect();
    let mut document = json!(manifest);
    document["files"] = Value::Object(files);
    let mut found = BTreeMap::new();
    flatten(String::new(), document, &mut found);
    found
}

fn flatten(at: String, value: Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let way = match at.as_str() {
                    "" => name,
                    above => format!("{above}.{name}"),
                };
                flatten(way, value, found);
            }
        }
        value => {
            found.insert(at, value);
        }
    }
}
