//! Tables of an artefact as W&B displays them: a file of the run with the cells as JSON, and an entry
//! in the summary that names it.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::record::{File, Files, Item, Record, Update};
use crate::{Artifact, TrackerError, adapters::curve_tables::CurveTable};

/// The most rows of a table. W&B's pages show no more than 10,000.
const MOST_ROWS: usize = 10_000;

/// Writes the tables of an artefact below a run's directory, and returns the records that name them.
/// `seq` is the position of the artefact's event.
///
/// # Errors
///
/// [`TrackerError::Write`] when a table cannot be written.
pub(super) fn records(
    artifact: &Artifact,
    seq: u64,
    run: &Path,
) -> Result<Vec<Record>, TrackerError> {
    // What cannot be read is refused with the artefact itself.
    let tables = CurveTable::of_artifact(artifact).unwrap_or_default();
    let mut records = Vec::new();
    for table in &tables {
        let content = content(table).to_string();
        let sha256 = hex(&Sha256::digest(&content));
        let name = format!("{}/{}", artifact.name, table.name);
        let path = format!(
            "media/table/{}_{seq}_{}.table.json",
            safe(&name),
            &sha256[..20]
        );
        let file = run.join("files").join(&path);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).map_err(TrackerError::write(directory))?;
        }
        protea_files::write(&file, content.as_bytes())?;
        let entry = [
            ("_type", json!("table-file")),
            ("path", json!(path)),
            ("sha256", json!(sha256)),
            ("size", json!(content.len())),
            ("ncols", json!(table.columns.len())),
            ("nrows", json!(table.rows.len().min(MOST_ROWS))),
            ("log_mode", json!("IMMUTABLE")),
        ];
        let items = entry.map(|(key, value)| Item::new(&[&name, key], value.to_string()));
        records.push(Record {
            files: Some(Files {
                files: vec![File { path }],
            }),
            ..Record::default()
        });
        records.push(Record {
            summary: Some(Update {
                update: items.into(),
            }),
            ..Record::default()
        });
    }
    Ok(records)
}

/// A table as the official client writes it. A cell that is a number becomes one.
fn content(table: &CurveTable) -> Value {
    let cell = |text: &String| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => json!(number),
        _ => json!(text),
    };
    let rows = table.rows.iter().take(MOST_ROWS);
    let rows: Vec<Value> = rows.map(|row| row.iter().map(cell).collect()).collect();
    json!({ "columns": table.columns, "data": rows })
}

/// A name as part of a path: other characters than ASCII letters, digits, `-`, `_` and `/` become `_`.
fn safe(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_/".contains(character);
    name.replace(|character: char| !plain(character), "_")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
