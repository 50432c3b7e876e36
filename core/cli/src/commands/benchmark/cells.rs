//! The cells that the text, Markdown and LaTeX tables share.

use protea_core::experiment::BenchmarkLine;

use super::report::{BenchmarkReport, Row};
use crate::output::{number, percent, range};

/// Shown for a missing value.
const MISSING: &str = "–";

/// The headings after the contender's name.
pub fn headings(benchmark: &BenchmarkReport<'_>) -> Vec<String> {
    let mut headings = vec!["Fmax".to_owned()];
    if let Some(bootstrap) = &benchmark.bootstrap {
        headings.push(format!("{} % CI", percent(bootstrap.confidence)));
        headings.extend(["to best", "CI", "p"].map(str::to_owned));
    }
    headings
        .extend(["AuPRC", "coverage", "wFmax", "Smin", "wFmicro", "seconds"].map(str::to_owned));
    headings
}

/// The cells of a contender, in the order of the headings.
pub fn cells(benchmark: &BenchmarkReport<'_>, line: &BenchmarkLine) -> Vec<String> {
    let row = Row::from_line(line);
    let optional = |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), number);
    let mut cells = vec![number(row.fmax)];
    if benchmark.bootstrap.is_some() {
        let interval = row.fmax_ci.map(|[low, high]| range(low, high));
        cells.push(interval.unwrap_or_else(|| MISSING.to_owned()));
        match (&line.to_best, line.best) {
            (Some(to_best), _) => cells.extend([
                number(to_best.difference),
                range(to_best.interval[0], to_best.interval[1]),
                number(to_best.p_value),
            ]),
            (None, true) => cells.extend(["best", "", ""].map(str::to_owned)),
            (None, false) => cells.extend([MISSING; 3].map(str::to_owned)),
        }
    }
    cells.extend([
        number(row.auc_pr),
        number(row.coverage),
        optional(row.wfmax),
        optional(row.smin),
        optional(row.f_micro_w),
        format!("{:.1}", row.seconds),
    ]);
    cells
}

/// Notes for reading the table, one sentence each.
pub fn notes(benchmark: &BenchmarkReport<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(bootstrap) = &benchmark.bootstrap {
        notes.push(format!(
            "Intervals and p-values: bootstrap over proteins, {} resamples, seed {}; differences to the best Fmax are resampled in \
             pairs.",
            bootstrap.resamples, bootstrap.seed
        ));
    }
    notes.push(
        "Lower is better for Smin. Seconds are the wall time of fit and evaluate.".to_owned(),
    );
    let taken_over = benchmark.found.taken_over();
    if !taken_over.is_empty() {
        let names = taken_over.join(", ");
        notes.push(format!("Reused from an earlier benchmark: {names}."));
    }
    let placeholders = benchmark.found.placeholders();
    if !placeholders.is_empty() {
        let names = placeholders.join(", ");
        notes.push(format!(
            "The scores of {names} are placeholders and meaningless."
        ));
    }
    for (name, reason) in benchmark.found.failed() {
        notes.push(format!("{name} has no scores: {}", on_one_line(reason)));
    }
    notes
}

/// The text with line breaks and other control characters replaced by spaces.
pub fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
