//! The report of a run as one HTML file: scores with intervals, curves, the terms and proteins behind
//! them, steps and provenance; for a benchmark all contenders together, for a cross-validation its
//! folds, for a search its trials.
//!
//! The file needs no network: style, script and data are in it, and its Content-Security-Policy
//! allows nothing else. Everything that comes from a run is shown as text. The page says what could not be
//! computed, for example because a dataset no longer exists.
//!
//! | module | content |
//! |---|---|
//! | `read` | reads the files in the directory of a run |
//! | `analysis` | computes scores, curves, naive, groups of proteins, importance |
//! | `chart` | charts as SVG |
//! | `figure`, `page` | tables, figures and the page around them |
//! | `run`, `group` | the sections of each kind of report |
//! | `plots`, `paper` | figures for papers |
//!
//! This crate knows the workspace and scoring. It must not know the command line.

mod analysis;
mod chart;
mod data;
mod figure;
mod group;
mod options;
mod page;
mod paper;
mod plot_options;
mod plots;
mod progress;
mod read;
mod run;
mod text;

use protea_core::{Workspace, workspace::RecordedRun};

pub use group::{SearchScores, search_scores};
pub use options::ReportOptions;
pub use page::STYLE;
pub use paper::PaperStyle;
pub use plot_options::PlotOptions;
pub use plots::{Plot, PlotError, PlotKind, plot};
pub use progress::{Cancelled, Progress};
pub use run::{repeating_command, repeating_words};

use crate::{page::Page, text::duration};

/// A finished report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The page.
    pub html: String,
    /// The data of every table and figure by name, as tab-separated values with all digits.
    pub tables: Vec<(String, String)>,
}

/// Creates the report of a run in any state. Child runs are searched in `workspace`.
///
/// ```no_run
/// use protea_core::Workspace;
/// use protea_report::{Progress, ReportOptions, report};
///
/// let workspace = Workspace::open("protea-workspace")?;
/// let run = workspace.find_run("latest")?;
/// let mut quiet = |_: &'static str, _, _| std::ops::ControlFlow::Continue(());
/// let options = ReportOptions::default();
/// let report = report(&workspace, &run, &options, &mut Progress::new(&mut quiet))?;
/// println!("{} bytes, {} tables", report.html.len(), report.tables.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Cancelled`].
pub fn report(
    workspace: &Workspace,
    run: &RecordedRun,
    options: &ReportOptions,
    progress: &mut Progress<'_>,
) -> Result<Report, Cancelled> {
    let manifest = &run.manifest;
    let title = manifest.name.as_deref().unwrap_or(manifest.run_id.as_str());
    let kind = match manifest.pipeline.as_str() {
        "benchmark" => "Benchmark",
        "cross_validation" => "Cross-validation",
        "search" => "Search",
        "group" => "Group",
        _ => "Run",
    };
    let mut page = Page::new(title, kind, manifest.status.name());
    facts(&mut page, run);
    match kind {
        "Benchmark" => group::benchmark_page(&mut page, workspace, run, progress)?,
        "Cross-validation" => group::folds_page(&mut page, workspace, run),
        "Search" => group::search_page(&mut page, workspace, run),
        "Group" => group_page(&mut page, workspace, run),
        _ => run::run_page(&mut page, run, options, progress)?,
    }
    let (html, tables) = page.finish();
    let tables = tables.into_iter();
    Ok(Report {
        html,
        tables: tables.map(|(name, data)| (name, data.tsv())).collect(),
    })
}

/// The lines below the title.
fn facts(page: &mut Page, run: &RecordedRun) {
    let manifest = &run.manifest;
    page.fact("Run", manifest.run_id.as_str());
    if let Some(runner) = &manifest.runner {
        page.fact("Runner", &format!("{} {}", runner.name, runner.version));
    }
    for (role, label) in [("train", "Trained on"), ("eval", "Scored on")] {
        // A group of runs has its datasets among its settings.
        let recorded = manifest.datasets.get(role);
        let recorded = recorded.or_else(|| manifest.spec.get(format!("{role}_dataset")));
        if let Some(name) = recorded.and_then(|dataset| dataset["name"].as_str()) {
            page.fact(label, name);
        }
    }
    let started = manifest
        .started
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string();
    page.fact("Started", &started);
    if let Some(finished) = manifest.finished {
        let seconds = finished
            .duration_since(manifest.started)
            .as_secs_f64()
            .max(0.0);
        page.fact("Duration", &duration(seconds));
    }
    if let Some(notes) = &manifest.notes {
        page.fact("Notes", notes);
    }
}

/// The report of a run that consists of other runs and is of no known kind.
fn group_page(page: &mut Page, workspace: &Workspace, run: &RecordedRun) {
    page.section("scores", "Scores");
    run::error(page, run);
    if run.manifest.metrics.is_empty() {
        page.text("This run itself has no scores.");
    } else {
        page.table(run::all_metrics(&run.manifest.metrics, &[]));
    }
    page.section("runs-section", "Runs");
    page.table(group::children_table(&group::children(workspace, run, &[])));
    run::provenance(page, run);
    run::log(page, run);
}
