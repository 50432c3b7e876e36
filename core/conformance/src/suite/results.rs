//! The results that the calls return.

use protea_core::{
    DispatchError,
    contracts::metrics::{
        self, ASPECTS, AUC_PR, COVERAGE, F_MICRO_W, FMAX, MetricError, Metrics, SMIN, WFMAX,
        flatten,
    },
};
use serde_json::Value;

use super::scope;
use crate::{Checked, Subject, Verdict};

scope! {
    /// The results that the calls return.
    ResultsTest {
        /// The declared metrics are valid: at least one, unique names, each minimum below its maximum
        Schema = "results/schema" => schema,
        /// `evaluate` returns every declared metric, finite and within its range
        Metrics = "results/metrics" => metrics,
        /// The metrics that `fit` returns are finite numbers
        FitMetrics = "results/fit-metrics" => fit_metrics,
        /// Metrics have the standard names of the field
        Names = "results/names" => names,
    }
}

const REMEDY: &str = "return what `metrics()` declares; if a metric may have no value, declare it optional and leave it out";

fn schema(subject: &Subject) -> Checked {
    let schema = &subject.runner()?.capabilities().metrics;
    let wrong = |seen: String| {
        Err(Verdict::failed(
            "at least one metric, unique names, each minimum below its maximum",
            seen,
            "see `MetricSchema::cafa` and `MetricSchema::flat`",
        ))
    };
    if schema.metrics.is_empty() {
        return wrong("no metric is declared".to_owned());
    }
    for (at, metric) in schema.metrics.iter().enumerate() {
        if !is_plain(&metric.name) {
            return wrong(format!("a metric is named {:?}", metric.name));
        }
        if schema.metrics[..at]
            .iter()
            .any(|before| before.name == metric.name)
        {
            return wrong(format!("{} is declared twice", metric.name));
        }
        if let (Some(low), Some(high)) = (metric.minimum, metric.maximum)
            && low >= high
        {
            return wrong(format!("{} is declared from {low} to {high}", metric.name));
        }
    }
    if schema.metrics.iter().all(|metric| metric.optional) {
        return Ok(Verdict::warning(
            "every metric is optional, so hosts cannot compare runs; make the first metric required",
        ));
    }
    Ok(Verdict::passed())
}

fn metrics(subject: &Subject) -> Checked {
    match &subject.evaluated()?.result {
        Ok(result) => Ok(Verdict::noted(shown(&result.metrics))),
        Err(DispatchError::Metrics(error)) => Err(Verdict::failed(
            match error {
                MetricError::Missing { .. } => {
                    "every declared metric that is not optional is returned"
                }
                MetricError::NotANumber { .. } => "every metric is a finite number",
                MetricError::OutOfRange { .. } => "every metric is within its declared range",
                _ => "the metrics are those that the runner declares",
            },
            error.to_string(),
            REMEDY,
        )),
        Err(error) => Err(Verdict::from_dispatch("evaluate", error)),
    }
}

fn fit_metrics(subject: &Subject) -> Checked {
    let Some(result) = &subject.fitted()?.result else {
        return Ok(Verdict::skipped("the runner has no training step"));
    };
    match not_finite("", &result.metrics) {
        Some((name, value)) => Err(Verdict::failed(
            "metrics are finite numbers, or objects of finite numbers",
            format!("{name} is {value}"),
            "leave out what is not a number; put strings and lists into `extras`",
        )),
        None => Ok(Verdict::passed()),
    }
}

fn not_finite(prefix: &str, metrics: &Metrics) -> Option<(String, Value)> {
    metrics.iter().find_map(|(key, value)| {
        let name = format!("{prefix}{key}");
        match value {
            Value::Object(inner) => not_finite(&format!("{name}."), inner),
            Value::Number(_) => None,
            value => Some((name, value.clone())),
        }
    })
}

fn names(subject: &Subject) -> Checked {
    let declared = &subject.runner()?.capabilities().metrics;
    let metrics = &subject.metrics()?.metrics;
    let canonical = declared.metrics.iter().map(|metric| metric.name.as_str());
    let canonical: Vec<&str> = canonical
        .chain([FMAX, AUC_PR, COVERAGE, WFMAX, SMIN, F_MICRO_W])
        .collect();
    let groups = ASPECTS
        .into_iter()
        .chain(declared.groups.iter().map(String::as_str));
    let groups: Vec<&str> = groups.collect();
    for (name, _) in flatten(metrics) {
        for part in name.split('.') {
            let known = |known: &&&str| alike(known, part) && **known != part;
            if canonical.contains(&part) || groups.contains(&part) {
                continue;
            }
            if let Some(meant) = canonical.iter().chain(&groups).find(known) {
                return Err(Verdict::failed(
                    format!("the metric or group is called {meant:?}"),
                    format!("it is called {part:?}, in {name}"),
                    "use the constants of `protea_contracts::metrics`",
                ));
            }
        }
        if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Verdict::failed(
                "metric names without spaces and control characters",
                format!("{name:?}"),
                "use lower-case letters, digits and '_'",
            ));
        }
    }
    Ok(Verdict::passed())
}

/// Whether two names differ only in case and punctuation.
fn alike(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(char::is_ascii_alphanumeric);
        kept.map(|c| c.to_ascii_lowercase()).collect()
    };
    letters(one) == letters(other)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '.')
}

/// The first few metrics, for a note.
fn shown(metrics: &Metrics) -> String {
    let all = metrics::flatten(metrics);
    let first: Vec<String> = all
        .iter()
        .take(3)
        .map(|(name, value)| format!("{name} {value:.3}"))
        .collect();
    match all.len() {
        0..=3 => first.join(", "),
        more => format!("{} and {} more", first.join(", "), more - 3),
    }
}
