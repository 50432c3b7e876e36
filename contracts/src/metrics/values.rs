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
    leaf(metrics, name, true).and_then(Value::as_f64)
}

/// The first of [`leaves`] with this name. A list of thousands of runs looks for metrics, so this makes
/// no strings. `is_first` if nothing was before `rest`, which otherwise begins with a dot.
fn leaf<'m>(metrics: &'m Metrics, rest: &str, is_first: bool) -> Option<&'m Value> {
    metrics.iter().find_map(|(key, value)| {
        let rest = if is_first {
            rest
        } else {
            rest.strip_prefix('.')?
        };
        let rest = rest.strip_prefix(key.as_str())?;
        match value {
            Value::Object(inner) => leaf(inner, rest, is_first && key.is_empty()),
            value => rest.is_empty().then_some(value),
        }
    })
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_metric_is_found_by_each_flattened_name() {
        let metrics = json!({
            "MFO": { "fmax": 0.5, "at": { "k.1": 1.0, "k": { "1": 2.0 } } },
            "MFO.fmax": 0.9, "fmax": 0.1, "": { "x": 3.0, "": { "y": 4.0 } }, "note": "text",
        });
        let metrics = metrics.as_object().unwrap();
        for (name, _) in leaves(metrics) {
            let all = leaves(metrics).into_iter();
            let first = all
                .filter(|(other, _)| *other == name)
                .map(|(_, value)| value);
            let first = first.map(Value::as_f64).next().unwrap();
            assert_eq!(value_by_name(metrics, &name), first, "{name}");
        }
        for missing in [
            "",
            "MFO",
            "MFO.",
            "MFO.fmax.",
            ".MFO.fmax",
            "fma",
            "MFO.at.k",
        ] {
            assert_eq!(value_by_name(metrics, missing), None, "{missing}");
        }
    }
}
