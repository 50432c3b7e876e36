//! Runs as a table with one row for each, for spreadsheets and data frames.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use protea_core::{
    contracts::metrics::flatten,
    workspace::{ListedRun, RunHead},
};
use serde_json::Value;

/// The values of a column; `None` where a run has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    /// Strings.
    Text(Vec<Option<String>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
}

/// The columns with their names, in their order.
pub(super) fn columns(runs: &[&ListedRun]) -> Vec<(String, Column)> {
    let now = protea_core::tracking::now();
    let text = |name: &str, value: &dyn Fn(&ListedRun) -> Option<String>| {
        let values = runs.iter().map(|run| value(run)).collect();
        (name.to_owned(), Column::Text(values))
    };
    let dataset = |head: &RunHead, role: &str, key: &str| {
        Some(head.datasets.get(role)?.get(key)?.as_str()?.to_owned())
    };
    let mut columns = vec![
        text("run_id", &|run| Some(run.head.run_id.to_string())),
        text("job_id", &|run| Some(run.head.job_id.to_string())),
        text("pipeline", &|run| Some(run.head.pipeline.clone())),
        text("name", &|run| run.head.name.clone()),
        text("parent", &|run| {
            run.head.parent.as_deref().map(str::to_owned)
        }),
        text("project", &|run| run.head.project.clone()),
        text("group", &|run| run.head.group.clone()),
        text("status", &|run| Some(run.head.status.to_string())),
        text("started", &|run| Some(run.head.started.to_string())),
        text("finished", &|run| {
            run.head.finished.map(|time| time.to_string())
        }),
        (
            "seconds".to_owned(),
            Column::Number(runs.iter().map(|run| Some(run.head.seconds(now))).collect()),
        ),
        text("runner", &|run| {
            run.head.runner.as_ref().map(|it| it.name.clone())
        }),
        text("runner_version", &|run| {
            run.head.runner.as_ref().map(|it| it.version.clone())
        }),
        // As text: a seed can be larger than what a number of a spreadsheet holds.
        text("seed", &|run| Some(run.head.seed.to_string())),
        text("train", &|run| dataset(&run.head, "train", "name")),
        text("train_sha256", &|run| dataset(&run.head, "train", "sha256")),
        text("eval", &|run| dataset(&run.head, "eval", "name")),
        text("eval_sha256", &|run| dataset(&run.head, "eval", "sha256")),
        text("notes", &|run| run.head.notes.clone()),
        text("error", &|run| run.head.error.clone()),
        text("directory", &|run| {
            Some(run.directory.to_string_lossy().into_owned())
        }),
    ];
    let specs = runs.iter().map(|run| settings(&run.head.spec)).collect();
    columns.extend(spread("spec", specs));
    let metrics = runs.iter().map(|run| {
        let metrics = flatten(&run.head.metrics).into_iter();
        metrics
            .map(|(name, value)| (name, Value::from(value)))
            .collect()
    });
    columns.extend(spread("metric", metrics.collect()));
    let tags = runs.iter().map(|run| {
        let tags = run.head.tags.iter();
        tags.map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect()
    });
    columns.extend(spread("tag", tags.collect()));
    columns
}

/// The settings of a run by name, nested ones with dots.
fn settings(spec: &Value) -> BTreeMap<String, Value> {
    fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    walk(&format!("{prefix}{dot}{name}"), value, into);
                }
            }
            Value::Null => {}
            value => {
                into.insert(prefix.to_owned(), value.clone());
            }
        }
    }
    let mut settings = BTreeMap::new();
    walk("", spec, &mut settings);
    settings
}

/// A column for each name that a run has a value of. It has numbers if all of its values are.
fn spread(prefix: &str, rows: Vec<BTreeMap<String, Value>>) -> Vec<(String, Column)> {
    let mut names: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, value) in rows.iter().flatten() {
        *names.entry(name).or_insert(true) &= value.is_number();
    }
    let columns = names.into_iter().map(|(name, is_number)| {
        let values = rows.iter().map(|row| row.get(name));
        let column = if is_number {
            Column::Number(values.map(|value| value.and_then(Value::as_f64)).collect())
        } else {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Column::Text(values.map(|value| value.map(text)).collect())
        };
        (format!("{prefix}.{name}"), column)
    });
    columns.collect()
}

/// Writes CSV as RFC 4180 says, with line feeds. A missing value is empty.
pub(super) fn write_csv(columns: &[(String, Column)], out: &mut dyn Write) -> io::Result<()> {
    let rows = columns.first().map_or(0, |(_, column)| match column {
        Column::Text(values) => values.len(),
        Column::Number(values) => values.len(),
    });
    let headings: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    writeln!(out, "{}", headings.join(","))?;
    for row in 0..rows {
        let cells = columns.iter().map(|(_, column)| match column {
            Column::Text(values) => quoted(values[row].as_deref().unwrap_or_default()),
            Column::Number(values) => values[row].map(|it| it.to_string()).unwrap_or_default(),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Writes Parquet: strings and 64-bit floats, compressed with Snappy.
#[cfg(feature = "parquet")]
pub(super) fn write_parquet(
    columns: &[(String, Column)],
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};

    let arrays = columns.iter().map(|(name, column)| {
        let array: ArrayRef = match column {
            Column::Text(values) => Arc::new(StringArray::from(values.clone())),
            Column::Number(values) => Arc::new(Float64Array::from(values.clone())),
        };
        (name.as_str(), array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).map_err(io::Error::other)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
