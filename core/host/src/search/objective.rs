//! The objective: the metric by which trials are compared.

use protea_contracts::{MetricSchema, Metrics, metrics::Direction};
use serde_json::Value;

use super::error::SearchError;

/// A metric and whether higher or lower is better.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objective {
    /// As it is called: `MFO.fmax`, or `fmax` for the mean over the groups.
    pub(crate) name: String,
    pub(crate) direction: Direction,
    metric: String,
    of: Groups,
}

#[derive(Debug, Clone, PartialEq)]
enum Groups {
    /// The metrics come without groups.
    None,
    One(String),
    Mean,
}

impl Objective {
    /// The metric of this name; the principal one without a name.
    pub(crate) fn find(schema: &MetricSchema, name: Option<&str>) -> Result<Self, SearchError> {
        let all = Self::all(schema);
        let known = || all.iter().map(|objective| objective.name.clone()).collect();
        let principal = schema.metrics.first().map(|metric| metric.name.as_str());
        let wanted = name.or(principal).unwrap_or_default();
        if let Some(found) = all.iter().find(|objective| objective.name == wanted) {
            return Ok(found.clone());
        }
        let nearest = all
            .iter()
            .map(|objective| {
                (
                    strsim::jaro_winkler(&wanted.to_lowercase(), &objective.name.to_lowercase()),
                    &objective.name,
                )
            })
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Err(SearchError::Metric {
            metric: wanted.to_owned(),
            nearest: nearest.map(|(_, name)| name.clone()),
            known: known(),
        })
    }

    fn all(schema: &MetricSchema) -> Vec<Self> {
        let mut all = Vec::new();
        for metric in &schema.metrics {
            let mut add = |name: String, of: Groups| {
                all.push(Self {
                    name,
                    direction: metric.direction,
                    metric: metric.name.clone(),
                    of,
                });
            };
            if schema.groups.is_empty() {
                add(metric.name.clone(), Groups::None);
                continue;
            }
            for group in &schema.groups {
                add(
                    format!("{group}.{}", metric.name),
                    Groups::One(group.clone()),
                );
            }
            add(metric.name.clone(), Groups::Mean);
        }
        all
    }

    /// The score of a trial with these metrics. `None` if it lacks the metric.
    pub(crate) fn score(&self, metrics: &Metrics) -> Option<f64> {
        let of = |values: &Value| values.get(&self.metric)?.as_f64();
        match &self.of {
            Groups::None => metrics.get(&self.metric)?.as_f64(),
            Groups::One(group) => of(metrics.get(group)?),
            Groups::Mean => {
                let scores: Option<Vec<f64>> = metrics
                    .values()
                    .filter(|value| value.is_object())
                    .map(of)
                    .collect();
                let scores = scores.filter(|scores| !scores.is_empty())?;
                Some(scores.iter().sum::<f64>() / scores.len() as f64)
            }
        }
    }

    /// The lower, the better.
    pub(crate) fn loss(&self, score: f64) -> f64 {
        match self.direction {
            Direction::HigherIsBetter => -score,
            Direction::LowerIsBetter => score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_metric_is_found_with_its_direction_and_others_are_named() {
        let schema = MetricSchema::cafa();
        let metrics = json!({ "MFO": { "fmax": 0.5, "smin": 4.0 }, "BPO": { "fmax": 0.25 } });
        let metrics = metrics.as_object().unwrap();
        let find = |name| Objective::find(&schema, name).unwrap();
        assert_eq!(find(Some("MFO.fmax")).score(metrics), Some(0.5));
        assert_eq!(find(Some("CCO.fmax")).score(metrics), None);
        assert_eq!(find(None).name, "fmax");
        assert_eq!(find(None).score(metrics), Some(0.375));
        let smin = find(Some("MFO.smin"));
        assert_eq!(smin.direction, Direction::LowerIsBetter);
        assert!(smin.loss(1.0) < smin.loss(2.0));
        assert_eq!(find(Some("smin")).score(metrics), None);
        let error = Objective::find(&schema, Some("MF.fmax")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("did you mean \"MFO.fmax\"?"), "{text}");
        assert!(text.contains("CCO.auc_pr"), "{text}");
    }
}
