//! The section of scores: Fmax with intervals beside naive, and all metrics.

use std::collections::BTreeSet;

use protea_core::{contracts::Metrics, workspace::RecordedRun};
use serde_json::Value;

use super::method::Scoring;
use crate::{
    analysis::aspect_order,
    chart::{Axis, IntervalChart, IntervalRow},
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    options::ReportOptions,
    page::Page,
    text::number,
};

/// Adds the section's content.
pub fn section(page: &mut Page, run: &RecordedRun, scoring: &Scoring, options: &ReportOptions) {
    let manifest = &run.manifest;
    if manifest.metrics.is_empty() && scoring.method.is_none() {
        page.text("This run has no scores.");
    }
    for note in &scoring.notes {
        page.note(note);
    }
    if scoring.method.is_some() {
        page.text(&summary(scoring));
        let how = match options.bootstrap {
            Some(bootstrap) => format!(
                "Intervals hold {} % of {} bootstrap resamples over proteins (seed {}).",
                bootstrap.confidence * 100.0,
                bootstrap.resamples,
                bootstrap.seed
            ),
            None => "Intervals were not computed.".to_owned(),
        };
        let naive = match &scoring.naive {
            Some(_) => {
                " naive gives every protein the frequencies of terms in the training set; a difference is resampled in pairs, p is two-sided."
            }
            None => "",
        };
        page.figure(intervals(
            scoring,
            &format!("{how}{naive} The axes do not begin at 0."),
        ));
        page.table(fmax_table(scoring));
    }
    if !manifest.metrics.is_empty() {
        page.table(all_metrics(&manifest.metrics, &scored(run)));
    }
}

fn scored(run: &RecordedRun) -> Vec<(String, u64)> {
    let scored = run.manifest.scored().into_iter();
    scored
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

/// One sentence that compares the run with naive.
fn summary(scoring: &Scoring) -> String {
    let (Some(method), Some(naive)) = (&scoring.method, &scoring.naive) else {
        return "Fmax is the highest harmonic mean of precision and recall over all thresholds; Smin the lowest semantic distance.".to_owned();
    };
    let mut parts = Vec::new();
    for result in &method.aspects {
        let Some(other) = naive.aspect(&result.aspect) else {
            continue;
        };
        let (own, naive) = (result.evaluation.fmax(), other.evaluation.fmax());
        let resampled = result.resampled.as_ref().zip(other.resampled.as_ref());
        let difference = resampled.and_then(|(own, naive)| own.minus(naive).ok());
        let verdict = match difference {
            Some(difference) if difference.interval.low > 0.0 => "better than naive",
            Some(difference) if difference.interval.high < 0.0 => "worse than naive",
            Some(_) => "not distinguishable from naive",
            None if own > naive => "above naive",
            None => "not above naive",
        };
        parts.push(format!(
            "{} {} ({verdict}, {})",
            result.aspect,
            number(own),
            number(naive)
        ));
    }
    format!("Fmax: {}.", parts.join("; "))
}

fn intervals(scoring: &Scoring, caption: &str) -> Figure {
    let mut data = Data::new(["method", "aspect", "fmax", "low", "high"]);
    let methods = [(&scoring.method, 0), (&scoring.naive, 7)];
    let mut charts = Vec::new();
    let aspects = scoring.method.iter().flat_map(|method| &method.aspects);
    for (at, result) in aspects.enumerate() {
        let mut rows = Vec::new();
        for (method, colour) in methods {
            let Some(method) = method else {
                continue;
            };
            let Some(result) = method.aspect(&result.aspect) else {
                continue;
            };
            let interval: Option<[f64; 2]> = result
                .resampled
                .as_ref()
                .map(|resampled| resampled.interval().into());
            data.push([
                Cell::text(&method.name),
                Cell::text(&result.aspect),
                Cell::Number(result.evaluation.fmax()),
                Cell::optional(interval.map(|[low, _]| low)),
                Cell::optional(interval.map(|[_, high]| high)),
            ]);
            rows.push(IntervalRow {
                label: method.name.clone(),
                colour,
                value: result.evaluation.fmax(),
                interval,
            });
        }
        let ends = rows
            .iter()
            .flat_map(|row| row.interval.unwrap_or([row.value; 2]));
        let x = Axis::around("Fmax", ends);
        let listed: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row.label, number(row.value)))
            .collect();
        let chart = IntervalChart {
            id: format!("fmax-{at}"),
            title: result.aspect.clone(),
            description: format!("Fmax in {}: {}.", result.aspect, listed.join(", ")),
            x,
            rows,
        };
        charts.push(chart.into());
    }
    Figure {
        id: "fmax",
        title: "Fmax by aspect".to_owned(),
        caption: caption.to_owned(),
        legend: Vec::<Legend>::new(),
        charts,
        wide: false,
        data,
    }
}

fn fmax_table(scoring: &Scoring) -> Table {
    let mut data = Data::new([
        "aspect",
        "proteins",
        "Fmax",
        "low",
        "high",
        "τ",
        "naive",
        "difference",
        "diff. low",
        "diff. high",
        "p",
    ]);
    for result in scoring.method.iter().flat_map(|method| &method.aspects) {
        let naive = scoring
            .naive
            .as_ref()
            .and_then(|naive| naive.aspect(&result.aspect));
        let interval = result
            .resampled
            .as_ref()
            .map(|resampled| resampled.interval());
        let pair = result
            .resampled
            .as_ref()
            .zip(naive.and_then(|naive| naive.resampled.as_ref()));
        let difference = pair.and_then(|(own, naive)| own.minus(naive).ok());
        let plain = naive.map(|naive| result.evaluation.fmax() - naive.evaluation.fmax());
        data.push([
            Cell::text(&result.aspect),
            Cell::Count(result.evaluation.proteins as u64),
            Cell::Number(result.evaluation.fmax()),
            Cell::optional(interval.map(|interval| interval.low)),
            Cell::optional(interval.map(|interval| interval.high)),
            Cell::optional(result.evaluation.tau()),
            Cell::optional(naive.map(|naive| naive.evaluation.fmax())),
            Cell::optional(difference.map(|found| found.difference).or(plain)),
            Cell::optional(difference.map(|found| found.interval.low)),
            Cell::optional(difference.map(|found| found.interval.high)),
            Cell::optional(difference.map(|found| found.p_value)),
        ]);
    }
    Table::new(
        "fmax-table",
        "Fmax, its interval, and the difference to naive",
        data,
    )
}

/// All metrics of a run as it recorded them: a row per group, or a row per metric where there are no
/// groups. `scored` are the numbers of items by group.
pub fn all_metrics(metrics: &Metrics, scored: &[(String, u64)]) -> Table {
    let grouped = metrics.values().all(Value::is_object);
    if !grouped {
        return flat_metrics(metrics);
    }
    let mut names: Vec<&str> = Vec::new();
    for group in metrics.values().filter_map(Value::as_object) {
        for name in group.keys() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let mut data = Data {
        columns: ["group", "scored"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    data.columns
        .extend(names.iter().map(|name| (*name).to_owned()));
    let mut groups: Vec<&String> = metrics.keys().collect();
    groups.sort_by_cached_key(|name| aspect_order(name));
    for group in groups {
        let count = scored.iter().find(|(name, _)| name == group);
        let mut row = vec![
            Cell::text(group),
            count.map_or(Cell::Missing, |(_, count)| Cell::Count(*count)),
        ];
        let value = |name: &&str| Cell::optional(metrics[group][*name].as_f64());
        row.extend(names.iter().map(value));
        data.push(row);
    }
    Table::new("metrics", "All metrics, as the run recorded them", data)
        .with_note("Lower is better for <code>smin</code>.")
}

/// Metrics without groups, one per row.
pub fn flat_metrics(metrics: &Metrics) -> Table {
    let mut data = Data::new(["metric", "value"]);
    let mut seen = BTreeSet::new();
    for (name, value) in protea_core::contracts::metrics::flatten(metrics) {
        if seen.insert(name.clone()) {
            data.push([Cell::text(name), Cell::Number(value)]);
        }
    }
    Table::new("metrics", "All metrics, as the run recorded them", data)
}
