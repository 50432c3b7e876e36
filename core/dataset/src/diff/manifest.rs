//! Fields of the manifests that differ.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Manifest;

/// A field with different values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The path of the field, such as `version`, `counts.proteins` or `files.ia.tsv.sha256`.
    pub field: String,
    /// Its value in the first dataset; null if the field is missing.
    pub from: Value,
    /// Its value in the second dataset; null if the field is missing.
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
    all.into_iter()
        .filter(|(_, (from, to))| from != to)
        .map(|(field, (from, to))| FieldChange {
            field: field.to_owned(),
            from,
            to,
        })
        .collect()
}

/// The fields of a manifest by path. Files are named by their path, nested fields by the dotted
/// path of their objects.
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
                let path = match at.as_str() {
                    "" => name,
                    parent => format!("{parent}.{name}"),
                };
                flatten(path, value, found);
            }
        }
        value => {
            found.insert(at, value);
        }
    }
}
