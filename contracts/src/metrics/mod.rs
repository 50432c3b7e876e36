//! Metrics: the CAFA names, the schema that tells hosts how to read them, flattening for trackers.
//!
//! Metrics are a JSON object. CAFA metrics are grouped by aspect,
//! `{"MFO": {"fmax": 0.55, "coverage": 1.0, …}, "BPO": {…}, "CCO": {…}}`; other runners return
//! their own names, declared in their [`MetricSchema`].

mod error;
mod values;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use error::MetricError;
pub(crate) use values::json_value;
pub use values::{flatten, group, value, value_by_name};
use values::{leaves, names};

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
