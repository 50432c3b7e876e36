//! The sections of the report of a run.

mod calibration;
mod curves;
mod log;
mod machine;
mod method;
mod proteins;
mod provenance;
mod repeat;
mod scores;
mod steps;
mod strata;
mod terms;

pub use calibration::figure_of as calibration;
pub use curves::{coverage_and_sweep, precision_recall, uncertainty};
pub use log::{error, log};
pub use method::{Wanted, scoring};
pub use provenance::provenance;
pub use repeat::{command as repeating_command, words as repeating_words};
pub use scores::{all_metrics, flat_metrics};

use protea_core::workspace::RecordedRun;

use crate::{analysis::Curve, options::ReportOptions, page::Page, progress::Progress};

/// The report of one run in any state.
pub fn run_page(
    page: &mut Page,
    run: &RecordedRun,
    options: &ReportOptions,
    progress: &mut Progress<'_>,
) -> Result<(), crate::Cancelled> {
    let scoring = scoring(run, options, Wanted::All, progress)?;
    page.section("scores", "Scores");
    error(page, run);
    scores::section(page, run, &scoring, options);
    if !scoring.curves.is_empty() {
        page.section("curves", "Curves");
        if !scoring.is_recomputed() {
            page.note("The curves are those of evaluation_all.tsv, with three decimals.");
        }
        let curves: Vec<&Curve> = scoring.curves.iter().chain(&scoring.naive_curves).collect();
        let colours = |method: &str| match method == scoring.name {
            true => (0, false),
            false => (7, true),
        };
        page.figure(precision_recall(&curves, &colours));
        page.figure(uncertainty(&curves, &colours));
        page.figure(coverage_and_sweep(&scoring.curves));
    }
    calibration::section(page, run, &scoring);
    if let Some(details) = scoring.method.as_ref().zip(scoring.eval.as_ref()) {
        terms::section(page, details, &scoring);
        proteins::section(page, details, &scoring);
        strata::section(page, details, &scoring);
    }
    steps::section(page, run);
    provenance(page, run);
    log(page, run);
    Ok(())
}
