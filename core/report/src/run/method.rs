//! Scores a run and the baseline naive again from predictions. A note says what could not be computed.

use protea_cafa::{
    dataset::FrozenDataset,
    ontology::Ontology,
    prediction::{PREDICTIONS, predictions_in},
    reference::Reference,
    scoring::Predictions,
};
use protea_core::{Dataset, contracts::error::with_causes, workspace::RecordedRun};

use crate::{
    Cancelled,
    analysis::{Curve, Method, Opened, ScoreError, TrainingFrequencies, nearest_similarity, score},
    options::ReportOptions,
    progress::Progress,
};

/// The name of naive in the report.
pub const NAIVE: &str = "naive";

/// The scores of a run as far as they can be computed.
#[derive(Default)]
pub struct Scoring {
    /// The name of the run in the curves.
    pub name: String,
    /// The dataset that it was scored on, if it can be opened.
    pub eval: Option<Opened>,
    /// The scores, if the dataset and the predictions can be read.
    pub method: Option<Method>,
    /// The scores of naive, if the training set can be read.
    pub naive: Option<Method>,
    /// By index of a term, the number of training proteins with it, if the training set can be read.
    pub training: Option<Vec<u32>>,
    /// For each protein of the dataset, its similarity to the training set, if it is known.
    pub similarity: Option<Vec<f64>>,
    /// The curves of the run.
    pub curves: Vec<Curve>,
    /// The curves of naive.
    pub naive_curves: Vec<Curve>,
    /// What could not be computed, and why.
    pub notes: Vec<String>,
}

impl Scoring {
    /// Whether the curves were computed from the predictions and so have all digits.
    pub fn is_recomputed(&self) -> bool {
        self.method.is_some()
    }
}

/// How much is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// The curves of the run and of naive.
    Curves,
}

/// Scores a run from its predictions.
///
/// # Errors
///
/// [`Cancelled`].
pub fn scoring(
    run: &RecordedRun,
    options: &ReportOptions,
    wanted: Wanted,
    progress: &mut Progress<'_>,
) -> Result<Scoring, Cancelled> {
    let manifest = &run.manifest;
    let runner = manifest.runner.as_ref().map(|runner| runner.name.as_str());
    let name = match runner.unwrap_or("this run") {
        NAIVE => "this run",
        name => name,
    };
    let mut scoring = Scoring {
        name: name.to_owned(),
        ..Scoring::default()
    };
    let Some(directory) = &manifest.artifacts.predictions else {
        return Ok(scoring);
    };
    if predictions_in(directory).is_none() {
        scoring.notes.push(format!(
            "There is no {PREDICTIONS} in {}, so nothing can be computed from the predictions.",
            directory.display()
        ));
        scoring.curves = Curve::read(&scoring.name, directory).unwrap_or_default();
        return Ok(scoring);
    }
    progress.start("reading the datasets")?;
    let eval = run.dataset("eval").map_err(|error| error.to_string());
    match eval.and_then(|eval| Opened::open(&eval)) {
        Ok(eval) => score_all(&mut scoring, run, eval, options, wanted, progress)?,
        Err(reason) => {
            scoring.notes.push(format!(
                "The dataset that the run was scored on cannot be used: {reason}. So there are no intervals, and no tables of terms and proteins."
            ));
        }
    }
    if scoring.method.is_none() {
        match Curve::read(&scoring.name, directory) {
            Ok(curves) => scoring.curves = curves,
            Err(reason) => scoring
                .notes
                .push(format!("evaluation_all.tsv cannot be read: {reason}.")),
        }
    }
    Ok(scoring)
}

fn score_all(
    scoring: &mut Scoring,
    run: &RecordedRun,
    eval: Opened,
    options: &ReportOptions,
    wanted: Wanted,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    let outcome = match eval.reference() {
        Ok(reference) => {
            score_run(scoring, run, &reference, options, progress)?;
            against_training(scoring, run, &eval, &reference, options, wanted, progress)
        }
        Err(reason) => {
            scoring.notes.push(format!(
                "The annotations of the dataset cannot be used: {reason}."
            ));
            Ok(())
        }
    };
    scoring.eval = Some(eval);
    outcome
}

fn score_run(
    scoring: &mut Scoring,
    run: &RecordedRun,
    reference: &Reference<'_>,
    options: &ReportOptions,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    progress.start("scoring")?;
    let directory = run.manifest.artifacts.predictions.as_deref();
    let directory = directory.unwrap_or(&run.directory);
    let path = predictions_in(directory).unwrap_or_else(|| directory.join(PREDICTIONS));
    let read = Predictions::read(&path, reference.truth(), PREDICTIONS);
    let mut watch = |done, total| progress.tell("resampling", done, total);
    let scored = read.map_err(ScoreError::from).and_then(|predictions| {
        let bootstrap = options.bootstrap.as_ref();
        let name = scoring.name.clone();
        score(&name, reference, &predictions, bootstrap, &mut watch)
    });
    match scored {
        Ok(method) => {
            scoring.curves = curves(&method);
            scoring.notes.extend(disagreements(run, &method));
            scoring.method = Some(method);
            Ok(())
        }
        Err(ScoreError::Cancelled) => Err(Cancelled),
        Err(ScoreError::Failed(reason)) => {
            scoring
                .notes
                .push(format!("The predictions cannot be scored: {reason}."));
            Ok(())
        }
    }
}

/// The training set: the one that was given, or the one of the run or of its model.
fn training_set(
    scoring: &mut Scoring,
    run: &RecordedRun,
    options: &ReportOptions,
) -> Result<FrozenDataset, String> {
    let recorded = run.training_dataset().map_err(|error| error.to_string());
    let Some(given) = &options.train else {
        return recorded.and_then(|train: Dataset| Opened::dataset(&train));
    };
    let given = FrozenDataset::open(given).map_err(|error| with_causes(&error))?;
    let (found, expected) = (
        given.sha256().to_string(),
        recorded.map(|it| it.sha256.to_string()),
    );
    if expected.is_ok_and(|expected| expected != found) {
        scoring.notes.push(format!(
            "The training set that was given is another one than the run recorded: its SHA-256 is {found}."
        ));
    }
    Ok(given)
}

/// Naive, and the similarity to the training set.
fn against_training(
    scoring: &mut Scoring,
    run: &RecordedRun,
    eval: &Opened,
    reference: &Reference<'_>,
    options: &ReportOptions,
    wanted: Wanted,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    let train = match training_set(scoring, run, options) {
        Ok(train) => train,
        Err(reason) => {
            scoring.notes.push(format!(
                "The training set cannot be used: {reason}. So there is no comparison with naive. Give the training set to compare with it."
            ));
            return Ok(());
        }
    };
    progress.start("counting the training set")?;
    let hash = |dataset: &FrozenDataset| {
        let path = dataset.ontology_path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let files = dataset.manifest().files.iter();
        let mut files = files.filter(|file| Some(&file.path) == name.as_ref());
        files.next().map(|file| file.sha256)
    };
    // Two releases of the ontology are the exception; reading it takes longer than counting.
    let counted = if hash(&train).is_some() && hash(&train) == hash(&eval.dataset) {
        TrainingFrequencies::count(&train, &eval.ontology)
    } else {
        Ontology::read(train.ontology_path())
            .map_err(|error| with_causes(&error))
            .and_then(|ontology| TrainingFrequencies::count(&train, &ontology))
    };
    match counted {
        Ok(counted) => {
            scoring.training = Some(counted.proteins_with(&eval.ontology));
            let scores = counted.scores(&eval.ontology);
            let predictions = Predictions::for_every_protein(reference.truth(), NAIVE, &scores);
            let mut watch = |done, total| progress.tell("resampling naive", done, total);
            let bootstrap = options.bootstrap.as_ref();
            match score(NAIVE, reference, &predictions, bootstrap, &mut watch) {
                Ok(naive) => {
                    scoring.naive_curves = curves(&naive);
                    scoring.naive = Some(naive);
                }
                Err(ScoreError::Cancelled) => return Err(Cancelled),
                Err(ScoreError::Failed(reason)) => {
                    scoring.notes.push(format!("naive cannot be scored: {reason}."));
                }
            }
        }
        Err(reason) => scoring.notes.push(format!(
            "The annotations of the training set cannot be read: {reason}. So there is no comparison with naive."
        )),
    }
    if wanted == Wanted::Curves {
        return Ok(());
    }
    progress.start("comparing with the training set")?;
    match nearest_similarity(&train, &eval.dataset, &|| true) {
        Ok(similarity) => scoring.similarity = Some(similarity),
        Err(reason) => scoring.notes.push(format!(
            "The similarity to the training set is not known: {reason}."
        )),
    }
    Ok(())
}

/// The curves of a method.
pub fn curves(method: &Method) -> Vec<Curve> {
    let aspects = method.aspects.iter();
    let curve = |result: &crate::analysis::AspectResult| {
        Curve::from_evaluation(&method.name, &result.aspect, &result.evaluation)
    };
    aspects.map(curve).collect()
}

/// A note on the aspects in which the predictions do not give the scores that the run recorded.
fn disagreements(run: &RecordedRun, method: &Method) -> Option<String> {
    let mut found = Vec::new();
    for result in &method.aspects {
        let recorded = run.manifest.metrics.get(&result.aspect);
        let recorded = recorded.and_then(|metrics| metrics["fmax"].as_f64());
        let computed = result.evaluation.fmax();
        if let Some(recorded) = recorded.filter(|recorded| (recorded - computed).abs() > 1e-6) {
            found.push(format!("{} {recorded:.6} and {computed:.6}", result.aspect));
        }
    }
    (!found.is_empty()).then(|| {
        format!(
            "Fmax of the predictions differs from the Fmax that the run recorded (recorded, computed): {}. The file of predictions may have changed since, or the runner computes its scores in another way.",
            found.join("; ")
        )
    })
}
