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

/// The same but for ids, times, and the name of the workspace.
pub fn same(local: &Value, gathered: &Value, place: &Place) {
    same_answers(local, gathered, place);
    same_records(place);
}

/// The same answers of the command but for ids, times, and the name of the workspace.
pub fn same_answers(local: &Value, gathered: &Value, place: &Place) {
    let root = place.path().to_str().unwrap();
    let text = |value: &Value, workspace: &str| {
        let text = normal(value.clone()).to_string();
        let text = text.replace(&format!("{root}/{workspace}"), "W");
        text.replace(&format!("{workspace}/"), "W/")
    };
    assert_eq!(text(local, "local"), text(gathered, "w"));
}

/// The same as [`same`], but for the variables that engines set.
pub fn same_by_engine(local: &Value, gathered: &Value, place: &Place) {
    same_answers(local, gathered, place);
    let is_of_engine = |key: &String| key.ends_with("_NUM_THREADS") || key.starts_with("SLURM_");
    let without = |records: BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        let changed = records.into_iter().map(|(name, mut record)| {
            if let Some(Value::Object(host)) = record.get_mut("host") {
                // Absent if there is none.
                let variables = host.entry("variables").or_insert_with(|| json!({}));
                if let Value::Object(variables) = variables {
                    variables.retain(|key, _| !is_of_engine(key));
                }
            }
            (name, record)
        });
        changed.collect()
    };
    compare(
        &without(records(place, "local")),
        &without(records(place, "w")),
    );
}

/// The workspaces have the same files with the same content.
pub fn same_records(place: &Place) {
    compare(&records(place, "local"), &records(place, "w"));
}

fn compare(local: &BTreeMap<String, Value>, gathered: &BTreeMap<String, Value>) {
    let names = |records: &BTreeMap<String, Value>| records.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(local), names(gathered));
    for (name, content) in local {
        assert_eq!(content, &gathered[name], "{name}");
    }
}
