//! What a workspace records, without ids, times and paths.

use std::{collections::BTreeMap, fs, path::Path};

use protea_e2e::Place;
use serde_json::{Value, json};

/// Fields that differ from run to run.
const OF_THE_RUN: [&str; 8] = [
    "run_id",
    "parent",
    "started",
    "finished",
    "seconds",
    "resources",
    "compute_seconds",
    "writing_seconds",
];

/// All that the runs of a workspace recorded and wrote, by job, pipeline and file.
pub fn records(place: &Place, workspace: &str) -> BTreeMap<String, Value> {
    let root = place.join(workspace);
    let mut found = BTreeMap::new();
    collect(&root.join("workspace"), &root, &mut found);
    found
}

fn collect(directory: &Path, root: &Path, found: &mut BTreeMap<String, Value>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, found);
            continue;
        }
        let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
        let name = without_ids(relative);
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes).replace(root.to_str().unwrap(), "W");
        let value = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => normal(serde_json::from_str(&text).unwrap()),
            // Logs have times in every line, and the tests of logs are elsewhere.
            Some("jsonl" | "log") => json!(null),
            _ if name.ends_with("search.tsv") || name.ends_with("cross_validation.tsv") => {
                without_times(&text)
            }
            _ => json!(text),
        };
        assert!(!value.to_string().contains("/plan/"), "{name}: {value}");
        found.insert(name, value);
    }
}

/// Run ids are times, runners and six digits.
pub fn without_ids(text: &str) -> String {
    let is_id = |part: &str| {
        part.len() > 17
            && part.as_bytes()[8] == b'T'
            && part[..8].bytes().all(|b| b.is_ascii_digit())
    };
    let parts = text
        .split('/')
        .map(|part| if is_id(part) { "RUN" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Without what differs from run to run.
pub fn normal(value: Value) -> Value {
    match value {
        Value::Object(mut object) => {
            // The export names its run, and so has another hash.
            if object.get("role").is_some_and(|role| role == "run") {
                object.remove("sha256");
            }
            let kept = object
                .into_iter()
                .filter(|(key, _)| !OF_THE_RUN.contains(&&**key));
            Value::Object(kept.map(|(key, value)| (key, normal(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(normal).collect(),
        Value::String(text) => json!(without_ids(&text)),
        other => other,
    }
}

/// A table without the columns of times and runs.
fn without_times(text: &str) -> Value {
    let mut rows = text
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let headings = rows.next().unwrap();
    let kept: Vec<usize> = (0..headings.len())
        .filter(|&place| !["seconds", "run_id"].contains(&headings[place]))
        .collect();
    let cells = |row: &Vec<&str>| -> Vec<String> {
        kept.iter()
            .map(|&place| row.get(place).unwrap_or(&"").to_string())
            .collect()
    };
    let rows: Vec<Vec<String>> = rows.map(|row| cells(&row)).collect();
    json!([cells(&headings), rows])
}
