//! Events as TensorBoard displays them: scalars, texts, and a row of the table of hyperparameters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prost::Message;
use serde_json::{Map, Value as Json};

use super::pr_curves;
use super::record::{
    DT_FLOAT, Dimension, Hparam, Hparams, Metadata, PluginData, SessionEnd, SessionStart, Shape,
    Tensor, Value,
};
use crate::{EventKind, MetricPoint, RunStart, RunStatus};

const DT_STRING: i32 = 7;

/// The values that TensorBoard displays for an event.
pub(super) fn values(kind: &EventKind<'_>, time: Timestamp) -> Vec<Value> {
    match kind {
        EventKind::InitRun(start) => start_values(start),
        EventKind::Log { metrics, .. } => metrics.iter().map(scalar).collect(),
        EventKind::LogParams { params } => vec![text("config", &table(&flat(params)))],
        EventKind::SetTags { tags } => vec![text("tags", &table(tags))],
        EventKind::LogArtifact(artifact) | EventKind::LogModel(artifact) => {
            let path = artifact.path.display().to_string();
            let (curves, unread) = match pr_curves::values(artifact) {
                Ok(curves) => (curves, None),
                Err(reason) => (Vec::new(), Some(reason)),
            };
            let mut rows = vec![(artifact.name.clone(), path)];
            rows.extend(unread.map(|reason| ("not read for curves".to_owned(), reason)));
            let mut values = vec![text("artifacts", &table(rows))];
            values.extend(curves);
            values
        }
        EventKind::Finish { status, error } => {
            let end = SessionEnd {
                status: match status {
                    RunStatus::Finished => 1,
                    RunStatus::Failed | RunStatus::Killed | RunStatus::Running => 2,
                },
                end_time_secs: seconds(time),
            };
            let end = Hparams {
                session_end_info: Some(end),
                ..Hparams::default()
            };
            let mut rows = vec![("status", status.to_string())];
            rows.extend(error.as_ref().map(|error| ("error", error.clone())));
            vec![
                hparams("_hparams_/session_end_info", &end),
                text("end", &table(rows)),
            ]
        }
    }
}

/// A time in seconds since 1970.
pub(super) fn seconds(time: Timestamp) -> f64 {
    // A double represents microseconds exactly until the year 2255.
    time.as_microsecond() as f64 / 1e6
}

fn start_values(start: &RunStart) -> Vec<Value> {
    let config = flat(&start.config);
    let about = [
        ("name", Some(start.name.as_str())),
        ("id", Some(start.run_id.as_str())),
        ("part of", start.parent.as_deref()),
        ("project", start.project.as_deref()),
        ("group", start.group.as_deref()),
        ("kind", start.kind.as_deref()),
    ];
    let about = about
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let begin = Hparams {
        session_start_info: Some(SessionStart {
            // A setting that is null has no value. A string instead of it would turn a column of
            // numbers into one of strings.
            hparams: config
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), hparam(value)))
                .collect(),
            group_name: start.run_id.to_string(),
            start_time_secs: seconds(start.started),
        }),
        ..Hparams::default()
    };
    let mut values = vec![
        hparams("_hparams_/session_start_info", &begin),
        text("run", &table(about)),
    ];
    if !config.is_empty() {
        values.push(text("config", &table(&config)));
    }
    if !start.tags.is_empty() {
        values.push(text("tags", &table(&start.tags)));
    }
    values.extend(start.notes.as_ref().map(|notes| text("notes", notes)));
    values
}

/// A scalar. TensorBoard has 32-bit scalars only.
fn scalar(metric: &MetricPoint<'_>) -> Value {
    Value {
        tag: metric.name.to_string(),
        simple_value: Some(metric.value as f32),
        ..Value::default()
    }
}

/// A text in Markdown, under a name.
fn text(tag: &str, text: &str) -> Value {
    Value {
        tag: tag.to_owned(),
        tensor: Some(Tensor {
            dtype: DT_STRING,
            tensor_shape: Some(Shape {
                dim: vec![Dimension { size: 1 }],
            }),
            string_val: vec![text.as_bytes().to_vec()],
            ..Tensor::default()
        }),
        metadata: Some(plugin_metadata("text", Vec::new())),
        ..Value::default()
    }
}

fn hparams(tag: &str, content: &Hparams) -> Value {
    Value {
        tag: tag.to_owned(),
        // The tensor is empty: the content is in the metadata.
        tensor: Some(Tensor {
            dtype: DT_FLOAT,
            tensor_shape: Some(Shape {
                dim: vec![Dimension { size: 0 }],
            }),
            ..Tensor::default()
        }),
        metadata: Some(plugin_metadata("hparams", content.encode_to_vec())),
        ..Value::default()
    }
}

fn plugin_metadata(name: &str, content: Vec<u8>) -> Metadata {
    Metadata {
        plugin_data: Some(PluginData {
            plugin_name: name.to_owned(),
            content,
        }),
        ..Metadata::default()
    }
}

fn hparam(value: &Json) -> Hparam {
    let mut hparam = Hparam::default();
    match value {
        Json::Bool(value) => hparam.bool_value = Some(*value),
        Json::Number(value) => hparam.number_value = value.as_f64(),
        Json::String(value) => hparam.string_value = Some(value.clone()),
        other => hparam.string_value = Some(other.to_string()),
    }
    hparam
}

/// Settings with the names of nested objects joined by `.`. A list is one setting.
fn flat(config: &Map<String, Json>) -> BTreeMap<String, Json> {
    fn add(flat: &mut BTreeMap<String, Json>, prefix: &str, config: &Map<String, Json>) {
        for (name, value) in config {
            let name = format!("{prefix}{name}");
            match value {
                Json::Object(inner) if !inner.is_empty() => add(flat, &format!("{name}."), inner),
                _ => {
                    flat.insert(name, value.clone());
                }
            }
        }
    }
    let mut settings = BTreeMap::new();
    add(&mut settings, "", config);
    settings
}

/// A Markdown table with a row for each pair.
fn table<N: ToString, V: ToString>(rows: impl IntoIterator<Item = (N, V)>) -> String {
    let cell = |text: String| text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let mut table = "| name | value |\n|---|---|\n".to_owned();
    for (name, value) in rows {
        table += &format!(
            "| {} | {} |\n",
            cell(name.to_string()),
            cell(value.to_string())
        );
    }
    table
}
