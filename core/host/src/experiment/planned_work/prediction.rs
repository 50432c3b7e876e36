//! One attempt at a task of a prediction, which is not recorded as a run.

use std::{path::Path, time::Instant};

use protea_contracts::{PredictRequest, PredictResult};
use protea_tracking::RunId;

use super::{
    super::{error::ExperimentError, setup::Experiment},
    attempt::{AttemptOptions, Attempted, OUTPUT, Place, verdict},
};
use crate::{
    Dataset, DispatchError,
    engine::{
        Attempt, EngineError, PlanDirectory, PredictionPart, Published, Task, TaskOutcome,
        TaskPrediction, TaskResult, Verdict, model_identity, prediction_digests,
    },
    store,
};

/// Attempts a task of a prediction: claims it, does it, publishes the result. `queries` is the dataset
/// of the task. `make_experiment` is called if there is something to do; nothing is recorded in the
/// workspace of the experiment.
///
/// # Errors
///
/// [`EngineError`], which is not about the task itself: it cannot be claimed or published, it is not one
/// of a prediction, or the model has changed. What `make_experiment` returns.
pub fn attempt_prediction<E: From<EngineError>>(
    plan: &PlanDirectory,
    task: &Task,
    queries: &Dataset,
    options: &AttemptOptions,
    make_experiment: impl FnOnce() -> Result<Experiment, E>,
) -> Result<Attempted, E> {
    let Some(part) = &task.prediction else {
        let reason = format!("the task {} is not one of a prediction", task.index);
        let path = plan.path().to_owned();
        return Err(EngineError::Document { path, reason }.into());
    };
    if let Some(outcome) = plan.outcome(&task.id)? {
        return Ok(Attempted::EndedBefore(outcome));
    }
    let began = Instant::now();
    let Some(claim) = plan.claim(task, options.claim_timeout)? else {
        let outcome = plan.outcome(&task.id)?;
        return Ok(Attempted::EndedBefore(
            outcome.unwrap_or(TaskOutcome::Finished),
        ));
    };
    let found = model_identity(&part.model)?;
    if found != part.model_sha256 {
        return Err(changed(part, found).into());
    }
    let place = Place::make(plan, task, options)?;
    let experiment = make_experiment()?;
    let mut result = TaskResult::new(task.id.clone(), TaskOutcome::Finished, RunId::from(""));
    place.path().clone_into(&mut result.recorded_at);
    result.holder = claim.holder().clone();
    match experiment.predict_part(part, queries, place.path()) {
        Ok(prediction) => result.prediction = Some(prediction),
        Err(error) if verdict(&error) == Verdict::Again => {
            let reason = error.with_causes();
            plan.record_attempt(&Attempt::new(
                task.id.clone(),
                Verdict::Again,
                reason.clone(),
                Vec::new(),
                claim.holder().clone(),
            ))?;
            return Ok(Attempted::Again(reason));
        }
        Err(error) => {
            result.outcome = TaskOutcome::Failed;
            result.step = Some("predict".to_owned());
            result.error = Some(error.with_causes());
        }
    }
    result.seconds = began.elapsed().as_secs_f64();
    Ok(match place.publish(plan, &result)? {
        Published::Now => match result.error {
            None => Attempted::Finished,
            Some(error) => Attempted::Failed(error),
        },
        Published::Before => Attempted::EndedBefore(result.outcome),
    })
}

fn changed(part: &PredictionPart, found: protea_contracts::Sha256) -> EngineError {
    EngineError::ModelChanged {
        path: store::local_path(&part.model).unwrap_or_default(),
        found: Box::new(found),
        expected: Box::new(part.model_sha256),
    }
}

impl Experiment {
    /// Predicts into [`OUTPUT`] in a directory.
    fn predict_part(
        &self,
        part: &PredictionPart,
        queries: &Dataset,
        directory: &Path,
    ) -> Result<TaskPrediction, ExperimentError> {
        let output = store::uri_of(&directory.join(OUTPUT))?;
        let mut request = PredictRequest::new(part.model.clone(), queries.uri.clone(), output);
        request.limit = part.limit;
        request.minimum_score = part.minimum_score;
        request.evidence = part.evidence;
        request.shard = part.references;
        let predicted = self.predict(&request)?;
        described(&predicted, directory)
    }
}

/// What was written, with paths relative to the directory.
fn described(
    predicted: &PredictResult,
    directory: &Path,
) -> Result<TaskPrediction, ExperimentError> {
    let relative = |uri: &url::Url| {
        let path = store::local_path(uri)?;
        let below = path.strip_prefix(directory).map(Path::to_owned);
        below.map_err(|_| {
            let message = format!(
                "it answered the file {}, which is elsewhere",
                path.display()
            );
            ExperimentError::Predict {
                source: Box::new(DispatchError::Protocol(message)),
            }
        })
    };
    Ok(TaskPrediction {
        predictions: relative(&predicted.predictions_uri)?,
        evidence: predicted.evidence_uri.as_ref().map(relative).transpose()?,
        files: prediction_digests(directory, OUTPUT)?,
        counts: predicted.counts.clone(),
        extras: predicted.extras.clone(),
    })
}
