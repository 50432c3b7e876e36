//! The section on calibration: how often predictions with a score are right.

use protea_core::workspace::RecordedRun;
use serde_json::Value;

use super::method::Scoring;
use crate::{
    analysis::aspect_order,
    chart::{Axis, Guide, LineChart, Series, Style},
    data::{Cell, Data},
    figure::{Figure, Legend},
    page::Page,
    text::{count, number},
};

/// Predictions with about the same score.
struct Bin {
    from: f64,
    to: f64,
    predictions: u64,
    mean_score: f64,
    true_fraction: f64,
}

/// The bins of an aspect.
struct Reliability {
    aspect: String,
    error: Option<f64>,
    bins: Vec<Bin>,
}

/// Adds the section, if anything is known about calibration.
pub fn section(page: &mut Page, run: &RecordedRun, scoring: &Scoring) {
    if let Some(figure) = figure_of(run, scoring) {
        page.section("calibration", "Calibration");
        page.figure(figure);
    }
}

/// The figure, if anything is known about calibration.
pub fn figure_of(run: &RecordedRun, scoring: &Scoring) -> Option<Figure> {
    let recorded = recorded(run);
    let (found, source) = if recorded.is_empty() {
        (
            counted(scoring),
            "Counted from the predictions, with each score rounded down to the threshold that it reaches.",
        )
    } else {
        (recorded, "As the runner returned it.")
    };
    (!found.is_empty()).then(|| figure(&found, source))
}

fn recorded(run: &RecordedRun) -> Vec<Reliability> {
    let steps = run.manifest.steps.iter();
    let tables = steps.filter_map(|step| step.extras.get("reliability")?.as_object());
    let mut found: Vec<Reliability> = tables
        .flatten()
        .filter_map(|(aspect, table)| {
            let bin = |bin: &Value| {
                Some(Bin {
                    from: bin["from"].as_f64()?,
                    to: bin["to"].as_f64()?,
                    predictions: bin["predictions"].as_u64()?,
                    mean_score: bin["mean_score"].as_f64()?,
                    true_fraction: bin["true_fraction"].as_f64()?,
                })
            };
            Some(Reliability {
                aspect: aspect.clone(),
                error: table["expected_calibration_error"].as_f64(),
                bins: table["bins"]
                    .as_array()?
                    .iter()
                    .take(100)
                    .filter_map(bin)
                    .collect(),
            })
        })
        .take(20)
        .collect();
    found.sort_by_cached_key(|one| aspect_order(&one.aspect));
    found
}

fn counted(scoring: &Scoring) -> Vec<Reliability> {
    let aspects = scoring.method.iter().flat_map(|method| &method.aspects);
    let tables = aspects.map(|result| {
        let mut bins: Vec<Bin> = Vec::new();
        for tenth in 0..10 {
            let (from, to) = (f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
            // The thresholds carry rounding errors: 0.30000000000000004.
            let within = result
                .details
                .heights
                .iter()
                .filter(|height| height.tau + 1e-9 >= from && height.tau + 1e-9 < to);
            let (mut predictions, mut correct, mut scores) = (0, 0, 0.0);
            for height in within {
                predictions += height.predictions;
                correct += height.correct;
                scores += height.tau * height.predictions as f64;
            }
            if predictions > 0 {
                bins.push(Bin {
                    from,
                    to,
                    predictions,
                    mean_score: scores / predictions as f64,
                    true_fraction: correct as f64 / predictions as f64,
                });
            }
        }
        let all: u64 = bins.iter().map(|bin| bin.predictions).sum();
        let error = bins.iter().map(|bin| {
            (bin.mean_score - bin.true_fraction).abs() * bin.predictions as f64 / all as f64
        });
        Reliability {
            aspect: result.aspect.clone(),
            error: (all > 0).then(|| error.sum()),
            bins,
        }
    });
    tables.filter(|table| !table.bins.is_empty()).collect()
}

fn figure(found: &[Reliability], source: &str) -> Figure {
    let mut data = Data::new([
        "aspect",
        "from",
        "to",
        "predictions",
        "mean score",
        "true fraction",
    ]);
    let mut charts = Vec::new();
    for (at, one) in found.iter().enumerate() {
        let first_row = data.rows.len();
        for bin in &one.bins {
            data.push([
                Cell::text(&one.aspect),
                Cell::Number(bin.from),
                Cell::Number(bin.to),
                Cell::Count(bin.predictions),
                Cell::Number(bin.mean_score),
                Cell::Number(bin.true_fraction),
            ]);
        }
        let points: Vec<[f64; 2]> = one
            .bins
            .iter()
            .map(|bin| [bin.mean_score, bin.true_fraction])
            .collect();
        let series = [Style::Line, Style::Dots].map(|style| Series {
            colour: 0,
            style,
            points: points.clone(),
            first_row,
        });
        let all: u64 = one.bins.iter().map(|bin| bin.predictions).sum();
        let error = one.error.map_or_else(|| "–".to_owned(), number);
        let chart = LineChart {
            id: format!("calibration-{at}"),
            title: format!("{}: error {error}", one.aspect),
            description: format!(
                "Fraction of right predictions against mean score in {}, {} predictions. The expected calibration error is {error}.",
                one.aspect,
                count(all)
            ),
            x: Axis::unit("mean score"),
            y: Axis::unit("fraction that is right"),
            series: series.into(),
            markers: Vec::new(),
            guide: Guide::Diagonal,
            wide: false,
        };
        charts.push(chart.into());
    }
    Figure {
        id: "calibration-figure",
        title: "How often predictions with a score are right".to_owned(),
        caption: format!(
            "On the dotted line, a score is a probability; below it, scores are too high. The error is the mean distance to the line over all predictions. {source}"
        ),
        legend: Vec::<Legend>::new(),
        charts,
        wide: false,
        data,
    }
}
