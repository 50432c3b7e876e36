//! Cross-validation: the same settings on every fold, and what the scores have in common.

use std::path::{Path, PathBuf};

use protea_contracts::{Metrics, metrics::flatten};
use protea_tracking::RunId;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    context::{GroupedRun, RunContext, RunOptions},
    error::ExperimentError,
    observer::Progress,
    parallel_runs::in_parallel,
    run_reuse::ReusableRuns,
    setup::Experiment,
    tsv::{Tsv, free_name},
    work::Work,
};
use crate::search::Origin;
use crate::{Dataset, ResolvedSpec, SpecArgument};

/// A fold: what is learned from when it is held out, and itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The other folds.
    pub train: Dataset,
    /// The fold.
    pub eval: Dataset,
}

/// What a cross-validation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CrossValidation {
    /// The settings, with the runner's defaults filled in.
    pub spec: Value,
    /// Every metric over the folds, in the order in which the folds return them.
    pub metrics: Vec<MetricSpread>,
    /// Number of folds reused from earlier runs.
    pub taken_over: usize,
    /// The scores of each fold.
    pub folds: Vec<FoldScores>,
    /// The same as a table, tab-separated, in the directory of the run.
    pub table: PathBuf,
}

/// A metric over the folds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricSpread {
    /// Its name, such as `MFO.fmax`.
    pub name: String,
    /// Mean over the folds that returned it.
    pub mean: f64,
    /// Standard deviation of the sample, its sum of squares divided by one less than the number of
    /// folds. `None` for a single fold.
    pub deviation: Option<f64>,
    /// How many folds returned it. An aspect without annotated proteins in a fold is not scored.
    pub folds: usize,
}

/// The scores of a fold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FoldScores {
    /// Its place, from 0.
    pub number: usize,
    /// Its scores.
    pub metrics: Metrics,
    /// The origin of the scores.
    pub origin: Origin,
    /// Wall time of its steps.
    pub seconds: f64,
    /// Its run.
    pub run_id: RunId,
    /// The run's directory.
    pub directory: PathBuf,
}

impl Experiment {
    /// Cross-validates in a new run: [`RunContext::cross_validate`] in a
    /// [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As [`RunContext::cross_validate`]; a spec that the runner refuses writes nothing.
    pub fn cross_validate<'s>(
        &self,
        options: impl Into<RunOptions>,
        spec: impl Into<SpecArgument<'s>>,
        folds: &[Fold],
    ) -> Result<GroupedRun<CrossValidation>, ExperimentError> {
        let spec = self.resolve(spec)?;
        let mut options = options.into();
        options.pipeline = "cross_validation";
        self.run(options, |run| run.cross_validate_resolved(spec, folds))
    }
}

impl RunContext<'_> {
    /// Fits and evaluates on every fold with the same settings. Each fold is a child run,
    /// `<run>/fold-0`, in the job of its own state point, also with a flat layout. Folds run in
    /// parallel if [`with_jobs`](Experiment::with_jobs) is more than 1. Finished runs are reused as
    /// folds, as for a trial of a [`search`](Self::search).
    ///
    /// The run's metrics get `<metric>.mean` and `<metric>.std`, its directory the table of the
    /// folds, `cross_validation.tsv`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Fold`] when a fold failed, as the mean over the others would be another
    /// one; [`ExperimentError::NoFold`]; [`ExperimentError::Spec`]; [`ExperimentError::Cancelled`]
    /// or [`ExperimentError::Step`] when the user cancels; errors of recording a run.
    pub fn cross_validate<'s>(
        &mut self,
        spec: impl Into<SpecArgument<'s>>,
        folds: &[Fold],
    ) -> Result<CrossValidation, ExperimentError> {
        let spec = self.steps.experiment.resolve(spec)?;
        self.cross_validate_resolved(spec, folds)
    }

    fn cross_validate_resolved(
        &mut self,
        spec: ResolvedSpec,
        folds: &[Fold],
    ) -> Result<CrossValidation, ExperimentError> {
        if folds.is_empty() {
            return Err(ExperimentError::NoFold);
        }
        self.log_params(Map::from_iter([
            ("folds".to_owned(), json!(folds.len())),
            ("spec".to_owned(), spec.as_value().clone()),
        ]))?;
        let scores = self.folds(&spec, folds)?;
        let metrics = spreads(&scores);
        let directory = self.steps.recorder.directory().path();
        let table = write_table(directory, &scores, &metrics)?;
        self.steps.recorder.log_artifact(&table)?;
        let mut logged: Vec<(String, f64)> = Vec::new();
        for metric in &metrics {
            logged.push((format!("{}.mean", metric.name), metric.mean));
            let deviation = metric.deviation;
            logged.extend(deviation.map(|value| (format!("{}.std", metric.name), value)));
        }
        let logged: Vec<(&str, f64)> = logged.iter().map(|(name, v)| (&**name, *v)).collect();
        self.log_metrics(0, &logged)?;
        Ok(CrossValidation {
            spec: spec.into_value(),
            metrics,
            taken_over: scores
                .iter()
                .filter(|fold| fold.origin == Origin::TakenOver)
                .count(),
            folds: scores,
            table,
        })
    }

    fn folds(
        &mut self,
        spec: &ResolvedSpec,
        folds: &[Fold],
    ) -> Result<Vec<FoldScores>, ExperimentError> {
        let experiment = self.steps.experiment;
        let name = |number: usize| format!("fold-{number}");
        let works: Vec<Work<'_>> = folds
            .iter()
            .enumerate()
            .map(|(number, fold)| Work {
                pipeline: "fold",
                name: name(number),
                spec: spec.clone(),
                train: &fold.train,
                eval: &fold.eval,
            })
            .collect();
        let steps = &self.steps;
        let tell = |done: usize, latest: Option<usize>, taken_over: bool| {
            steps.progress(&Progress {
                unit: "fold",
                done,
                total: folds.len(),
                metric: None,
                latest: latest.map(|number| (number, None)),
                taken_over,
                best: None,
            });
        };
        tell(0, None, false);
        let (mut scores, mut children, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut pending = None;
        let known = ReusableRuns::default();
        let ended = in_parallel(
            experiment,
            &self.parent,
            &known,
            &works,
            |number, outcome| {
                let (mut taken_over, mut lost) = (false, None);
                match outcome {
                    Ok(worked) => {
                        taken_over = worked.taken_over;
                        children.push((number, worked.run.directory.clone()));
                        let (directory, manifest) = (worked.run.directory, worked.run.manifest);
                        scores.push(FoldScores {
                            number,
                            origin: if taken_over {
                                Origin::TakenOver
                            } else {
                                Origin::Computed
                            },
                            seconds: manifest.steps.iter().map(|step| step.seconds).sum(),
                            metrics: manifest.metrics,
                            run_id: manifest.run_id,
                            directory,
                        });
                    }
                    // The mean is that of the folds that have a result.
                    Err(error @ ExperimentError::Pending { .. }) => {
                        pending.get_or_insert(error);
                    }
                    Err(error) => {
                        if let ExperimentError::Step { directory, .. } = &error {
                            children.push((number, directory.clone()));
                        }
                        if error.ends_all() {
                            lost = Some(error);
                        } else {
                            failed.push((number, error));
                        }
                    }
                }
                let done = scores.len() + failed.len() + usize::from(lost.is_some());
                tell(done, Some(number), taken_over);
                lost
            },
        );
        children.sort();
        for (number, directory) in children {
            self.child_at(&name(number), directory);
        }
        ended?;
        failed.sort_by_key(|(number, _)| *number);
        match failed.into_iter().next() {
            Some((
                fold,
                ExperimentError::Step {
                    step,
                    directory,
                    source,
                },
            )) => {
                return Err(ExperimentError::Fold {
                    fold,
                    step,
                    directory,
                    source,
                });
            }
            Some((_, error)) => return Err(error),
            None => {}
        }
        if let Some(pending) = pending.filter(|_| scores.is_empty()) {
            return Err(pending);
        }
        scores.sort_by_key(|fold| fold.number);
        Ok(scores)
    }
}

/// Every metric of any fold, in the order in which they are first met.
fn spreads(folds: &[FoldScores]) -> Vec<MetricSpread> {
    let mut values: Vec<(String, Vec<f64>)> = Vec::new();
    for (name, value) in folds.iter().flat_map(|fold| flatten(&fold.metrics)) {
        match values.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => values.push((name, vec![value])),
        }
    }
    values
        .into_iter()
        .map(|(name, values)| {
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            MetricSpread {
                name,
                mean,
                deviation: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
                folds: values.len(),
            }
        })
        .collect()
}

/// One row for each fold, then `mean` and `std`.
fn write_table(
    directory: &Path,
    folds: &[FoldScores],
    metrics: &[MetricSpread],
) -> Result<PathBuf, ExperimentError> {
    let mut table = Tsv::default();
    let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let row = |first: &str, values: Vec<String>, last: [String; 3]| {
        let cells = [vec![first.to_owned()], values, last.to_vec()];
        cells.concat()
    };
    let names = metrics.iter().map(|metric| metric.name.clone()).collect();
    let last = ["origin", "seconds", "run_id"].map(str::to_owned);
    table.row(row("fold", names, last));
    for fold in folds {
        let scores = flatten(&fold.metrics);
        let of = |metric: &MetricSpread| {
            let found = scores.iter().find(|(name, _)| *name == metric.name);
            text(found.map(|(_, value)| *value))
        };
        let own = [
            fold.origin.name().to_owned(),
            format!("{:.3}", fold.seconds),
            fold.run_id.to_string(),
        ];
        let scores = metrics.iter().map(of).collect();
        table.row(row(&fold.number.to_string(), scores, own));
    }
    let means = metrics.iter().map(|metric| text(Some(metric.mean)));
    table.row(row("mean", means.collect(), Default::default()));
    let deviations = metrics.iter().map(|metric| text(metric.deviation));
    table.row(row("std", deviations.collect(), Default::default()));
    let path = free_name(directory, "cross_validation");
    table.write(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(number: usize, metrics: Value) -> FoldScores {
        FoldScores {
            number,
            metrics: metrics.as_object().unwrap().clone(),
            origin: Origin::Computed,
            seconds: 0.0,
            run_id: "".into(),
            directory: PathBuf::new(),
        }
    }

    #[test]
    fn statistics_cover_the_folds_that_returned_the_metric() {
        let spreads = spreads(&[
            fold(0, json!({ "MFO": { "fmax": 0.5 } })),
            fold(
                1,
                json!({ "MFO": { "fmax": 0.25 }, "CCO": { "fmax": 0.125 } }),
            ),
            fold(2, json!({ "MFO": { "fmax": 0.75 } })),
        ]);
        let spread = |name: &str, mean, deviation, folds| MetricSpread {
            name: name.to_owned(),
            mean,
            deviation,
            folds,
        };
        assert_eq!(
            spreads,
            [
                spread("MFO.fmax", 0.5, Some(0.25), 3),
                spread("CCO.fmax", 0.125, None, 1),
            ]
        );
    }
}
