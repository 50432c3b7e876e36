//! The report of a cross-validation: its folds, and the mean and deviation of their scores.

use protea_core::{Workspace, workspace::RecordedRun};

use super::children::{children, children_table};
use crate::{
    analysis::Curve,
    chart::{Axis, COLOURS, IntervalChart, IntervalRow},
    data::{Cell, Data},
    figure::{Figure, Legend, Table},
    page::Page,
    read::TextTable,
    run::{error, flat_metrics, log, precision_recall, provenance, uncertainty},
    text::number,
};

/// Columns of the table of folds that are not metrics.
const OWN: [&str; 4] = ["fold", "origin", "seconds", "run_id"];

/// Adds the sections.
pub fn folds_page(page: &mut Page, workspace: &Workspace, run: &RecordedRun) {
    page.section("scores", "Scores");
    error(page, run);
    let mut reused = Vec::new();
    let table = TextTable::read(&run.directory.join("cross_validation.tsv"));
    match &table {
        Ok((table, _)) => {
            let metrics: Vec<&str> = table
                .columns()
                .iter()
                .map(String::as_str)
                .filter(|column| !OWN.contains(column))
                .collect();
            page.figure(spread(table, &metrics));
            page.table(by_metric(run, table, &metrics));
            reused.extend(
                table
                    .rows()
                    .map(|row| row.text("run_id"))
                    .filter(|id| !id.is_empty()),
            );
        }
        Err(reason) => {
            page.note(&format!(
                "The table cross_validation.tsv cannot be read: {reason}. A cross-validation that has not ended does not have it."
            ));
            if !run.manifest.metrics.is_empty() {
                page.table(flat_metrics(&run.manifest.metrics));
            }
        }
    }
    let children = children(workspace, run, &reused);
    let mut curves = Vec::new();
    for child in &children {
        let manifest = child.run.as_ref().map(|run| &run.manifest);
        if let Some(directory) = manifest.and_then(|m| m.artifacts.predictions.as_ref()) {
            curves.extend(Curve::read(&child.name, directory).unwrap_or_default());
        }
    }
    if !curves.is_empty() {
        page.section("curves", "Curves");
        page.text("The curve of each fold, from its evaluation_all.tsv, with three decimals.");
        let names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
        let colours = |name: &str| {
            let at = names.iter().position(|other| *other == name).unwrap_or(0);
            (at % COLOURS, at >= COLOURS)
        };
        let curves: Vec<&Curve> = curves.iter().collect();
        page.figure(precision_recall(&curves, &colours));
        page.figure(uncertainty(&curves, &colours));
    }
    page.section("runs-section", "Runs");
    page.table(children_table(&children));
    provenance(page, run);
    log(page, run);
}

/// Fmax of every fold, with mean and standard deviation; the first metric where there is no Fmax.
fn spread(table: &TextTable, metrics: &[&str]) -> Figure {
    let mut shown: Vec<&str> = metrics
        .iter()
        .copied()
        .filter(|m| m.ends_with(".fmax"))
        .collect();
    if shown.is_empty() {
        shown = metrics.iter().copied().take(3).collect();
    }
    let mut data = Data::new(["fold", "metric", "value", "low", "high"]);
    let mut charts = Vec::new();
    for (at, metric) in shown.into_iter().enumerate() {
        let folds: Vec<(&str, f64)> = table
            .rows()
            .filter(|row| row.text("fold").parse::<u64>().is_ok())
            .filter_map(|row| Some((row.text("fold"), row.number(metric)?)))
            .take(200)
            .collect();
        let count = folds.len() as f64;
        let mean = folds.iter().map(|(_, value)| value).sum::<f64>() / count;
        let squares = folds
            .iter()
            .map(|(_, value)| (value - mean).powi(2))
            .sum::<f64>();
        let deviation = (folds.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        let mut rows: Vec<IntervalRow> = folds
            .iter()
            .map(|(fold, value)| IntervalRow {
                label: format!("fold {fold}"),
                colour: 0,
                value: *value,
                interval: None,
            })
            .collect();
        if !folds.is_empty() {
            rows.push(IntervalRow {
                label: "mean ± std".to_owned(),
                colour: 1,
                value: mean,
                interval: deviation.map(|deviation| [mean - deviation, mean + deviation]),
            });
        }
        for row in &rows {
            data.push([
                Cell::text(&row.label),
                Cell::text(metric),
                Cell::Number(row.value),
                Cell::optional(row.interval.map(|[low, _]| low)),
                Cell::optional(row.interval.map(|[_, high]| high)),
            ]);
        }
        let ends = rows
            .iter()
            .flat_map(|row| row.interval.unwrap_or([row.value; 2]));
        let deviation = deviation.map_or_else(|| "–".to_owned(), number);
        let chart = IntervalChart {
            id: format!("folds-{at}"),
            title: metric.to_owned(),
            description: format!(
                "{metric} of {} folds: mean {}, standard deviation {deviation}.",
                folds.len(),
                number(mean)
            ),
            x: Axis::around(metric, ends),
            rows,
        };
        charts.push(chart.into());
    }
    Figure {
        id: "folds",
        title: "Scores of the folds".to_owned(),
        caption: "The last row is the mean over the folds with one standard deviation of the sample. The axes do not begin at 0.".to_owned(),
        legend: Vec::<Legend>::new(),
        charts,
        wide: false,
        data,
    }
}

/// A row per metric: mean and deviation as the run recorded them, and the value of each fold.
fn by_metric(run: &RecordedRun, table: &TextTable, metrics: &[&str]) -> Table {
    let folds: Vec<_> = table
        .rows()
        .filter(|row| row.text("fold").parse::<u64>().is_ok())
        .take(50)
        .collect();
    let mut data = Data {
        columns: ["metric", "mean", "std"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    let names = folds.iter().map(|row| format!("fold {}", row.text("fold")));
    data.columns.extend(names);
    for metric in metrics {
        let recorded = |what: &str| {
            let value = run.manifest.metrics.get(&format!("{metric}.{what}"));
            Cell::optional(value.and_then(serde_json::Value::as_f64))
        };
        let mut row = vec![Cell::text(*metric), recorded("mean"), recorded("std")];
        row.extend(folds.iter().map(|fold| Cell::optional(fold.number(metric))));
        data.push(row);
    }
    Table::new("folds-table", "Metrics over the folds", data)
}
