//! Metrics: the CAFA names, the schema that tells hosts how to read them, flattening for trackers.
//!
//! Metrics are a JSON object. CAFA metrics are grouped by aspect,
//! `{"MFO": {"fmax": 0.55, "coverage": 1.0, …}, "BPO": {…}, "CCO": {…}}`; other runners return
//! their own names, declared in their [`MetricSchema`].

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A JSON object of metrics: numbers, or objects of numbers by aspect.
pub type Metrics = Map<String, Value>;

/// Molecular function ontology.
pub const MFO: &str = "MFO";
/// Biological process ontology.
pub const BPO: &str = "BPO";
/// Cellular component ontology.
pub const CCO: &str = "CCO";
/// The aspects of the Gene Ontology, in the order in which tables show them.
pub const ASPECTS: [&str; 3] = [MFO, BPO, CCO];

/// Maximum over the thresholds of the F-measure, in [0, 1].
pub const FMAX: &str = "fmax";
/// Area under the precision-recall curve, in [0, 1].
pub const AUC_PR: &str = "auc_pr";
/// Fraction of the proteins with a prediction, in [0, 1].
pub const COVERAGE: &str = "coverage";
/// Fmax weighted by information accretion, in [0, 1].
pub const WFMAX: &str = "wfmax";
/// Minimum over the thresholds of the semantic distance, in bits, at least 0.
pub const SMIN: &str = "smin";

/// Maximum over the thresholds of the F-measure of micro-averaged precision and recall, weighted by
/// information accretion, in [0, 1]: the headline metric of LAFA.
pub const F_MICRO_W: &str = "f_micro_w";

/// Which values of a metric are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger values are better.
    HigherIsBetter,
    /// Smaller values are better.
    LowerIsBetter,
}

/// What a runner declares about one metric that `evaluate` returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MetricDeclaration {
    /// Its key in the result.
    pub name: String,
    /// Whether larger or smaller values are better.
    pub direction: Direction,
    /// The smallest possible value; none if it is unbounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The largest possible value; none if it is unbounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Returned only if the data allow it, as `wfmax` needs information accretion.
    #[serde(default)]
    pub optional: bool,
}

/// The metrics that a runner's `evaluate` returns. Hosts use it to check results, to draw tables and
/// to choose the best trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MetricSchema {
    /// The groups of the metrics (for CAFA, the aspects), in the order in which tables show them;
    /// empty if metrics are not grouped. A result may have further groups, such as those of another
    /// ontology.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The metrics, the most important one first.
    pub metrics: Vec<MetricDeclaration>,
    /// The values are meaningless placeholders, such as those of the toy runner.
    #[serde(default)]
    pub placeholder: bool,
}

/// Why metrics do not match the schema that their runner declared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// A declared metric is missing.
    #[error(
        "the metric {name} is declared but was not returned; {}",
        shown_returned(returned)
    )]
    Missing {
        /// Its flattened name.
        name: String,
        /// The flattened names of the metrics that were returned, of the same group if it has any.
        returned: Vec<String>,
    },
    /// A value is not a finite number.
    #[error("the metric {name} is {}, not a finite number", shown_value(value))]
    NotANumber {
        /// Its flattened name.
        name: String,
        /// The value.
        value: Value,
    },
    /// A value is outside the declared range.
    #[error("the metric {name} is {value}, outside its declared range {range}")]
    OutOfRange {
        /// Its flattened name.
        name: String,
        /// The value.
        value: f64,
        /// The range.
        range: String,
    },
}

impl MetricDeclaration {
    /// A metric without a range.
    pub fn new(name: impl Into<String>, direction: Direction) -> Self {
        Self {
            name: name.into(),
            direction,
            minimum: None,
            maximum: None,
            optional: false,
        }
    }

    /// Sets its range, both ends included.
    #[must_use]
    pub fn within(
        mut self,
        minimum: impl Into<Option<f64>>,
        maximum: impl Into<Option<f64>>,
    ) -> Self {
        self.minimum = minimum.into();
        self.maximum = maximum.into();
        self
    }

    /// Marks it as one that is not always returned.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

impl MetricSchema {
    /// The CAFA metrics per aspect: [`FMAX`], [`AUC_PR`], [`COVERAGE`], and, if the dataset has
    /// information accretion, [`WFMAX`], [`SMIN`] and [`F_MICRO_W`].
    ///
    /// Results omit an aspect without annotated proteins.
    #[must_use]
    pub fn cafa() -> Self {
        use Direction::{HigherIsBetter, LowerIsBetter};
        let unit = |name| MetricDeclaration::new(name, HigherIsBetter).within(0.0, 1.0);
        Self {
            groups: ASPECTS.map(str::to_owned).to_vec(),
            metrics: vec![
                unit(FMAX),
                unit(AUC_PR),
                unit(COVERAGE),
                unit(WFMAX).optional(),
                MetricDeclaration::new(SMIN, LowerIsBetter)
                    .within(0.0, None)
                    .optional(),
                unit(F_MICRO_W).optional(),
            ],
            placeholder: false,
        }
    }

    /// Ungrouped metrics, named by the runner.
    #[must_use]
    pub fn flat(metrics: Vec<MetricDeclaration>) -> Self {
        Self {
            groups: Vec::new(),
            metrics,
            placeholder: false,
        }
    }

    /// Marks the values as placeholders.
    #[must_use]
    pub fn placeholder(mut self) -> Self {
        self.placeholder = true;
        self
    }

    /// Checks what `evaluate` returned: every declared metric is present, and every number finite and
    /// in range. Undeclared metrics are allowed if they are finite numbers.
    ///
    /// # Errors
    ///
    /// The first [`MetricError`] in the order of the metrics.
    pub fn check(&self, metrics: &Metrics) -> Result<(), MetricError> {
        for (name, value) in leaves(metrics) {
            let finite = value.as_f64().is_some_and(f64::is_finite);
            if !finite {
                let value = value.clone();
                return Err(MetricError::NotANumber { name, value });
            }
        }
        if self.groups.is_empty() {
            return self.check_group("", metrics);
        }
        let mut present = metrics
            .iter()
            .filter_map(|(group, metrics)| Some((group, metrics.as_object()?)))
            .peekable();
        if present.peek().is_none() && !self.metrics.is_empty() {
            return Err(MetricError::Missing {
                name: format!("{}.{}", self.groups.join("|"), self.metrics[0].name),
                returned: names("", metrics),
            });
        }
        present.try_for_each(|(group, metrics)| self.check_group(&format!("{group}."), metrics))
    }

    fn check_group(&self, prefix: &str, metrics: &Metrics) -> Result<(), MetricError> {
        for declared in &self.metrics {
            let name = format!("{prefix}{}", declared.name);
            let Some(value) = metrics.get(&declared.name).and_then(Value::as_f64) else {
                if declared.optional {
                    continue;
                }
                let returned = names(prefix, metrics);
                return Err(MetricError::Missing { name, returned });
            };
            let below = declared.minimum.is_some_and(|minimum| value < minimum);
            let above = declared.maximum.is_some_and(|maximum| value > maximum);
            if below || above {
                let end = |end: Option<f64>, open: &str| {
                    end.map_or_else(|| open.to_owned(), |end| end.to_string())
                };
                return Err(MetricError::OutOfRange {
                    name,
                    value,
                    range: format!(
                        "{} to {}",
                        end(declared.minimum, "-infinity"),
                        end(declared.maximum, "infinity")
                    ),
                });
            }
        }
        Ok(())
    }
}

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

/// A value that is not a finite number, for a message.
fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) if text.parse::<f64>().is_ok_and(|value| !value.is_finite()) => {
            text.clone()
        }
        Value::Null => "null (in JSON, NaN and infinity become null)".to_owned(),
        value => value.to_string(),
    }
}

/// At most so many names of metrics are in a message.
const MOST_SHOWN: usize = 5;

fn shown_returned(returned: &[String]) -> String {
    let first = &returned[..returned.len().min(MOST_SHOWN)];
    match returned.len() {
        0 => "no metric was returned".to_owned(),
        1 => format!("the only metric returned is {:?}", returned[0]),
        count if count > MOST_SHOWN => {
            let more = count - MOST_SHOWN;
            format!("the metrics returned are {first:?} and {more} more")
        }
        _ => format!("the metrics returned are {first:?}"),
    }
}

/// The flattened names of metrics, each after `prefix`.
fn names(prefix: &str, metrics: &Metrics) -> Vec<String> {
    let names = leaves(metrics).into_iter();
    names.map(|(name, _)| format!("{prefix}{name}")).collect()
}

fn leaves(metrics: &Metrics) -> Vec<(String, &Value)> {
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
mod tests {
    use super::*;
    use serde_json::json;

    fn metrics(value: Value) -> Metrics {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn whole_cafa_metrics_pass_without_the_optional_ones() {
        let whole = json!({"MFO": {"fmax": 0.5, "auc_pr": 0.4, "coverage": 1.0, "tau": 0.3}});
        assert_eq!(MetricSchema::cafa().check(&metrics(whole)), Ok(()));
    }

    #[test]
    fn missing_infinite_and_impossible_metrics_are_named() {
        let schema = MetricSchema::cafa();
        let check = |value| schema.check(&metrics(value)).unwrap_err().to_string();
        assert_eq!(
            check(json!({"BPO": {"fmax": 0.5, "coverage": 1.0}})),
            "the metric BPO.auc_pr is declared but was not returned; the metrics returned are \
             [\"BPO.fmax\", \"BPO.coverage\"]"
        );
        assert_eq!(
            check(json!({"BPO": {"fmax": null}})),
            "the metric BPO.fmax is null (in JSON, NaN and infinity become null), not a finite number"
        );
        assert_eq!(
            schema
                .check(&group(BPO, [(FMAX, f64::NAN)]))
                .unwrap_err()
                .to_string(),
            "the metric BPO.fmax is NaN, not a finite number"
        );
        assert_eq!(
            check(json!({"BPO": {"fmax": "high"}})),
            "the metric BPO.fmax is \"high\", not a finite number"
        );
        assert_eq!(
            check(json!({"CCO": {"fmax": 1.5, "auc_pr": 0.4, "coverage": 1.0}})),
            "the metric CCO.fmax is 1.5, outside its declared range 0 to 1"
        );
        assert_eq!(
            check(json!({})),
            "the metric MFO|BPO|CCO.fmax is declared but was not returned; no metric was returned"
        );
        let flat = MetricSchema::flat(vec![MetricDeclaration::new(
            "r2",
            Direction::HigherIsBetter,
        )]);
        let error = flat.check(&metrics(json!({"R2": 0.5}))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the metric r2 is declared but was not returned; the only metric returned is \"R2\""
        );
    }
}
