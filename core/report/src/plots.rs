//! Figures for papers, from the same data as the report.

use protea_core::{Workspace, workspace::RecordedRun};

use crate::{
    Cancelled, PlotOptions,
    analysis::Curve,
    chart::COLOURS,
    figure::Figure,
    group::{
        benchmark_curves, benchmark_intervals, search_importance, search_parallel, search_progress,
    },
    paper::{self, Picture, Size},
    progress::Progress,
    run::{Wanted, calibration, coverage_and_sweep, precision_recall, scoring, uncertainty},
};

/// What a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlotKind {
    /// Precision and recall of runs.
    PrecisionRecall,
    /// Remaining uncertainty and misinformation of runs.
    Uncertainty,
    /// Precision, recall, F and coverage of a run by threshold.
    Sweep,
    /// How often predictions of a run with a given score are right.
    Calibration,
    /// Fmax of the contenders of a benchmark with intervals.
    Benchmark,
    /// The scores of the trials of a search and the best so far.
    Search,
    /// How much each setting of a search explains of the scores.
    Importance,
    /// The settings and the score of each trial of a search, as parallel coordinates.
    Parallel,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The figure is of one run.
    #[error("this figure shows one run, and {given} are given")]
    OneRun {
        /// How many.
        given: usize,
    },
    /// The run is of another kind.
    #[error("the run {run} is not a {wanted} but a run of the kind {pipeline:?}")]
    OtherKind {
        /// The run.
        run: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        pipeline: String,
    },
    /// The run does not have the data of the figure.
    #[error("the run {run} has no {what}: {reason}")]
    Nothing {
        /// The run.
        run: String,
        /// What is missing.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A figure.
pub struct Plot {
    figure: Figure,
    picture: Picture,
    notes: Vec<String>,
}

impl Plot {
    /// What could not be read or differs between the runs.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The data of the figure with all digits.
    #[must_use]
    pub fn tsv(&self) -> String {
        self.figure.data.tsv()
    }

    /// Characters of labels that the font does not have; they are drawn as boxes.
    #[must_use]
    pub fn missing_characters(&self) -> &[char] {
        &self.picture.missing
    }

    /// As SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        paper::svg(&self.picture)
    }

    /// As PDF with one page of the size of the figure.
    ///
    /// # Errors
    ///
    /// If memory cannot be compressed, which does not happen.
    #[cfg(feature = "pictures")]
    pub fn pdf(&self) -> std::io::Result<Vec<u8>> {
        paper::pdf(&self.picture)
    }

    /// As PNG with this many dots per inch.
    ///
    /// # Errors
    ///
    /// If it would have too many pixels.
    #[cfg(feature = "pictures")]
    pub fn png(&self, dpi: f64) -> std::io::Result<Vec<u8>> {
        paper::png(&self.picture, dpi)
    }

    /// As text, at most so many characters wide. Charts are less fine than in a picture.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        paper::terminal(&self.figure, width)
    }
}

/// Draws a figure of runs.
///
/// # Errors
///
/// [`PlotError`].
pub fn plot(
    workspace: &Workspace,
    runs: &[RecordedRun],
    kind: PlotKind,
    options: &PlotOptions,
    progress: &mut Progress<'_>,
) -> Result<Plot, PlotError> {
    let mut notes = Vec::new();
    let figure = match kind {
        PlotKind::PrecisionRecall | PlotKind::Uncertainty => {
            let curves = all_curves(workspace, runs, options, &mut notes, progress)?;
            let methods = methods(&curves);
            let colours = |method: &str| colour(&methods, method);
            let curves: Vec<&Curve> = curves.iter().collect();
            match kind {
                PlotKind::PrecisionRecall => precision_recall(&curves, &colours),
                _ => uncertainty(&curves, &colours),
            }
        }
        PlotKind::Sweep | PlotKind::Calibration => {
            let run = one(runs)?;
            let quiet = options.quiet();
            let found = scoring(run, &quiet, Wanted::Curves, progress)?;
            let figure = match kind {
                PlotKind::Sweep if !found.curves.is_empty() => {
                    Some(coverage_and_sweep(&found.curves))
                }
                PlotKind::Sweep => None,
                _ => calibration(run, &found),
            };
            notes.extend(found.notes.iter().cloned());
            figure.ok_or_else(|| PlotError::Nothing {
                run: run.manifest.run_id.to_string(),
                what: "curves",
                reason: reason(&found.notes),
            })?
        }
        PlotKind::Benchmark => {
            let run = of_kind(one(runs)?, "benchmark")?;
            benchmark_intervals(run).map_err(|reason| PlotError::Nothing {
                run: run.manifest.run_id.to_string(),
                what: "table of contenders",
                reason,
            })?
        }
        PlotKind::Search | PlotKind::Parallel => {
            let run = of_kind(one(runs)?, "search")?;
            let figure = match kind {
                PlotKind::Search => search_progress(workspace, run),
                _ => search_parallel(workspace, run),
            };
            figure.ok_or_else(|| PlotError::Nothing {
                run: run.manifest.run_id.to_string(),
                what: "trial with a score",
                reason: "none has ended".to_owned(),
            })?
        }
        PlotKind::Importance => {
            let run = of_kind(one(runs)?, "search")?;
            search_importance(workspace, run).ok_or_else(|| PlotError::Nothing {
                run: run.manifest.run_id.to_string(),
                what: "importance of settings",
                reason: "it needs at least four trials with different scores".to_owned(),
            })?
        }
    };
    let size = Size {
        style: options.style,
        width: options.width.unwrap_or(options.style.widths()[1]),
        height: options.height,
    };
    let picture = paper::layout(&figure, &size);
    Ok(Plot {
        figure,
        picture,
        notes,
    })
}

fn one(runs: &[RecordedRun]) -> Result<&RecordedRun, PlotError> {
    match runs {
        [run] => Ok(run),
        runs => Err(PlotError::OneRun { given: runs.len() }),
    }
}

fn of_kind<'r>(run: &'r RecordedRun, wanted: &'static str) -> Result<&'r RecordedRun, PlotError> {
    if run.manifest.pipeline == wanted {
        return Ok(run);
    }
    Err(PlotError::OtherKind {
        run: run.manifest.run_id.to_string(),
        wanted,
        pipeline: run.manifest.pipeline.clone(),
    })
}

fn reason(notes: &[String]) -> String {
    match notes {
        [] => "it has no predictions".to_owned(),
        notes => notes.join(" "),
    }
}

/// The curves of all runs; those of a benchmark are of its contenders.
fn all_curves(
    workspace: &Workspace,
    runs: &[RecordedRun],
    options: &PlotOptions,
    notes: &mut Vec<String>,
    progress: &mut Progress<'_>,
) -> Result<Vec<Curve>, PlotError> {
    let mut all: Vec<Curve> = Vec::new();
    let mut datasets = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let manifest = &run.manifest;
        let id = manifest.run_id.as_str();
        let dataset = manifest.datasets.get("eval");
        let dataset = dataset.or_else(|| manifest.spec.get("eval_dataset"));
        datasets.push(dataset.and_then(|dataset| dataset["sha256"].as_str()));
        if manifest.pipeline == "benchmark" {
            let curves = benchmark_curves(workspace, run, notes, progress)?;
            if curves.is_empty() {
                return Err(nothing(id, notes));
            }
            add(&mut all, curves, None, id);
            continue;
        }
        let quiet = options.quiet();
        let found = scoring(run, &quiet, Wanted::Curves, progress)?;
        notes.extend(found.notes.iter().map(|note| format!("{id}: {note}")));
        if found.curves.is_empty() {
            return Err(nothing(id, &found.notes));
        }
        if at == 0 && !options.leaves_out_naive {
            all.extend(found.naive_curves);
        }
        let runner = manifest.runner.as_ref().map(|runner| runner.name.as_str());
        let name = manifest.name.as_deref().or(runner).unwrap_or(id);
        let name = options.labels.get(at).map_or(name, String::as_str);
        add(&mut all, found.curves, Some(name), id);
    }
    datasets.dedup();
    if datasets.len() > 1 {
        notes.push(
            "The runs were scored on different datasets, so their curves cannot be compared."
                .to_owned(),
        );
    }
    if options.leaves_out_naive {
        return Ok(all);
    }
    // The first is behind the others.
    all.sort_by_key(|curve| curve.method != "naive");
    Ok(all)
}

fn nothing(id: &str, notes: &[String]) -> PlotError {
    PlotError::Nothing {
        run: id.to_owned(),
        what: "curves",
        reason: reason(notes),
    }
}

/// Adds curves under a name that no other run has.
fn add(all: &mut Vec<Curve>, mut curves: Vec<Curve>, name: Option<&str>, id: &str) {
    let end = id.rsplit('-').next().unwrap_or(id);
    for curve in &mut curves {
        if let Some(name) = name {
            name.clone_into(&mut curve.method);
        }
    }
    let is_taken = |curve: &Curve| all.iter().any(|other| other.method == curve.method);
    if curves.iter().any(is_taken) {
        for curve in &mut curves {
            curve.method = format!("{} ({end})", curve.method);
        }
    }
    all.extend(curves);
}

fn methods(curves: &[Curve]) -> Vec<String> {
    let mut methods: Vec<String> = Vec::new();
    for curve in curves {
        if !methods.contains(&curve.method) {
            methods.push(curve.method.clone());
        }
    }
    methods
}

/// naive is grey and dashed; others have colours in their order, dashed when these are used up.
fn colour(methods: &[String], method: &str) -> (usize, bool) {
    if method == "naive" {
        return (COLOURS - 1, true);
    }
    let mut others = methods.iter().filter(|other| *other != "naive");
    let at = others.position(|other| other == method).unwrap_or(0);
    (at % (COLOURS - 1), at >= COLOURS - 1)
}
