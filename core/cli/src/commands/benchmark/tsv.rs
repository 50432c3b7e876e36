//! The tab-separated table for programs, with all digits.

use protea_core::experiment::BenchmarkLine;

use super::{
    cells::on_one_line,
    report::{BenchmarkReport, Row},
};

const COLUMNS: [&str; 18] = [
    "runner",
    "aspect",
    "proteins",
    "fmax",
    "fmax_low",
    "fmax_high",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "auc_pr",
    "coverage",
    "wfmax",
    "smin",
    "f_micro_w",
    "seconds",
    "run_id",
    "error",
];

/// One row for each aspect and contender, then one for each contender without scores.
pub fn table(benchmark: &BenchmarkReport<'_>) -> String {
    let mut text = COLUMNS.join("\t");
    text.push('\n');
    let mut add = |cells: [String; COLUMNS.len()]| {
        let cells = cells.map(|cell| on_one_line(&cell));
        text.push_str(&cells.join("\t"));
        text.push('\n');
    };
    for aspect in &benchmark.found.groups {
        for line in &aspect.lines {
            add(cells(aspect.items, line));
        }
    }
    for (name, reason) in benchmark.found.failed() {
        let mut cells = [const { String::new() }; COLUMNS.len()];
        cells[0] = name.to_owned();
        cells[COLUMNS.len() - 1] = reason.to_owned();
        add(cells);
    }
    text
}

fn cells(proteins: usize, line: &BenchmarkLine) -> [String; COLUMNS.len()] {
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let (row, to_best) = (Row::from_line(line), line.to_best.as_ref());
    let difference = to_best.map(|to_best| to_best.interval);
    let low = |interval: Option<[f64; 2]>| optional(interval.map(|[low, _]| low));
    let high = |interval: Option<[f64; 2]>| optional(interval.map(|[_, high]| high));
    [
        row.runner.to_owned(),
        row.aspect.to_owned(),
        proteins.to_string(),
        row.fmax.to_string(),
        low(row.fmax_ci),
        high(row.fmax_ci),
        optional(to_best.map(|to_best| to_best.difference)),
        low(difference),
        high(difference),
        optional(to_best.map(|to_best| to_best.p_value)),
        row.auc_pr.to_string(),
        row.coverage.to_string(),
        optional(row.wfmax),
        optional(row.smin),
        optional(row.f_micro_w),
        format!("{:.3}", row.seconds),
        line.run_id.to_string(),
        String::new(),
    ]
}
