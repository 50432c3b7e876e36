//! Reads and builds the values of metrics.

use serde_json::Value;

use super::Metrics;

/// Flattens metrics for trackers: `{"MFO": {"fmax": 0.5}}` becomes `("MFO.fmax", 0.5)`. Values that
/// are not numbers are omitted.
///
/// ```
/// use protea_contracts::metrics::{MFO, FMAX, flatten, group};
///
/// let metrics = group(MFO, [(FMAX, 0.5)]);
/// assert_eq!(flatten(&metrics), [("MFO.fmax".to_owned(), 0.5)]);
/// ```
#[must_use]
pub fn flatten(metrics: &Metrics) -> Vec<(String, f64)> {
    leaves(metrics)
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_f64()?)))
        .collect()
}

/// The value of a metric of a group, such as an aspect; `None` if there is no such group or metric.
///
/// ```
/// use protea_contracts::metrics::{BPO, FMAX, MFO, group, value};
///
/// let metrics = group(MFO, [(FMAX, 0.5)]);
/// assert_eq!(value(&metrics, MFO, FMAX), Some(0.5));
/// assert_eq!(value(&metrics, BPO, FMAX), None);
/// ```
#[must_use]
pub fn value(metrics: &Metrics, group: &str, metric: &str) -> Option<f64> {
    metrics.get(group)?.get(metric)?.as_f64()
}

/// The value of a metric by its flattened name, such as `MFO.fmax`, or `score` for a metric without
/// a group; `None` if there is no such metric.
///
/// ```
/// use protea_contracts::metrics::{FMAX, MFO, group, value_by_name};
///
/// let metrics = group(MFO, [(FMAX, 0.5)]);
/// assert_eq!(value_by_name(&metrics, "MFO.fmax"), Some(0.5));
/// assert_eq!(value_by_name(&metrics, "MFO"), None);
/// ```
#[must_use]
pub fn value_by_name(metrics: &Metrics, name: &str) -> Option<f64> {
    let mut leaves = leaves(metrics).into_iter();
    leaves
        .find(|(known, _)| known == name)
        .and_then(|(_, value)| value.as_f64())
}

/// Builds the metrics of one group, such as an aspect. To join several groups, `extend` one with
/// the others.
#[must_use]
pub fn group<'a>(group: &str, values: impl IntoIterator<Item = (&'a str, f64)>) -> Metrics {
    let values: Metrics = values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json_value(value)))
        .collect();
    Metrics::from_iter([(group.to_owned(), Value::Object(values))])
}

/// The value of a metric as JSON. JSON has neither NaN nor infinity: they become the strings `NaN`,
/// `inf` and `-inf`. The host rejects them as it rejects `null`, and can say what the value was.
pub(crate) fn json_value(value: f64) -> Value {
    match value.is_finite() {
        true => value.into(),
        false => value.to_string().into(),
    }
}

/// The flattened names of metrics, each after `prefix`.
pub(super) fn names(prefix: &str, metrics: &Metrics) -> Vec<String> {
    let names = leaves(metrics).into_iter();
    names.map(|(name, _)| format!("{prefix}{name}")).collect()
}

pub(super) fn leaves(metrics: &Metrics) -> Vec<(String, &Value)> {
    fn walk<'a>(prefix: &str, metrics: &'a Metrics, into: &mut Vec<(String, &'a Value)>) {
        for (key, value) in metrics {
            let name = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            match value {
                Value::Object(inner) => walk(&name, inner, into),
                value => into.push((name, value)),
            }
        }
    }
    let mut into = Vec::new();
    walk("", metrics, &mut into);
    into
}
