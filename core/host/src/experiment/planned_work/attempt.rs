//! One attempt at a task.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use protea_files::{TemporaryDirectory, is_directory, remove_tree};

use super::super::{
    error::ExperimentError,
    finished_run::FinishedRun,
    run_spec::RunSpec,
    setup::{Checkpoints, Experiment},
};
use crate::{
    Dataset, Workspace,
    engine::{
        Attempt, EngineError, PlanDirectory, Published, Task, TaskKind, TaskOutcome, TaskResult,
        Verdict, list_files,
    },
    workspace::{RUN_LOG, RunManifest},
};

/// How a task is attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptOptions {
    /// How long a claim of another machine may stay unchanged before it is taken away.
    pub claim_timeout: Duration,
    /// A directory on this machine to work in; `None` works in the plan directory.
    pub scratch: Option<PathBuf>,
}

impl Default for AttemptOptions {
    /// A minute, six times as long as a living process takes to show a sign of life.
    fn default() -> Self {
        Self {
            claim_timeout: Duration::from_secs(60),
            scratch: None,
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempted {
    /// The task had ended before, or another process published its result first.
    EndedBefore(TaskOutcome),
    /// It has a result now.
    Finished,
    /// The runner failed, and would fail again. This is on record.
    Failed(String),
    /// It has no result; another attempt may succeed.
    Again(String),
}

/// Attempts a task: claims it, does it in a workspace of its own, publishes the result.
/// `make_experiment` makes the experiment for that workspace; `datasets` are those of the task, to fit
/// on and to evaluate on.
///
/// # Errors
///
/// [`EngineError`], which is not about the task itself: it cannot be claimed or published. What
/// `make_experiment` returns.
pub fn attempt<E: From<EngineError>>(
    plan: &PlanDirectory,
    task: &Task,
    datasets: (&Dataset, &Dataset),
    options: &AttemptOptions,
    make_experiment: impl FnOnce(&Workspace) -> Result<Experiment, E>,
) -> Result<Attempted, E> {
    if let Some(outcome) = plan.outcome(&task.id)? {
        return Ok(Attempted::EndedBefore(outcome));
    }
    let began = Instant::now();
    let Some(claim) = plan.claim(task, options.claim_timeout)? else {
        return Ok(Attempted::EndedBefore(
            plan.outcome(&task.id)?.unwrap_or(TaskOutcome::Finished),
        ));
    };
    let place = Place::make(plan, task, options)?;
    let opened = Workspace::open(place.path());
    let ended = match opened {
        Ok(workspace) => {
            let mut experiment = make_experiment(&workspace)?;
            // Not in the scratch space, which ends with the job.
            experiment.checkpoints = Checkpoints::OfTask(plan.checkpoints(&task.id));
            experiment.do_task(plan, task, datasets)
        }
        Err(error) => Err(error.into()),
    };
    let judged = Judged::new(ended);
    let Some((run, outcome)) = judged.recorded(place.path()) else {
        let reason = judged.reason.unwrap_or_default();
        plan.record_attempt(&Attempt::new(
            task.id.clone(),
            Verdict::Again,
            reason.clone(),
            judged.run.as_deref().map(log_lines).unwrap_or_default(),
            claim.holder().clone(),
        ))?;
        return Ok(Attempted::Again(reason));
    };
    let mut result = TaskResult::new(task.id.clone(), outcome, run.manifest.run_id.clone());
    result.run = run.directory;
    place.path().clone_into(&mut result.recorded_at);
    result.step = judged.step;
    result.error = run.manifest.error;
    result.seconds = began.elapsed().as_secs_f64();
    result.holder = claim.holder().clone();
    let published = place.publish(plan, &result)?;
    plan.remove_checkpoints(&task.id);
    match published {
        Published::Now => Ok(match outcome {
            TaskOutcome::Finished => Attempted::Finished,
            TaskOutcome::Failed => Attempted::Failed(judged.reason.unwrap_or_default()),
        }),
        Published::Before => Ok(Attempted::EndedBefore(outcome)),
    }
}

fn log_lines(run: &Path) -> Vec<String> {
    crate::engine::last_lines(&run.join(RUN_LOG)).unwrap_or_default()
}

impl Experiment {
    /// Does a task in the workspace of this experiment.
    fn do_task(
        &self,
        plan: &PlanDirectory,
        task: &Task,
        (train, eval): (&Dataset, &Dataset),
    ) -> Result<FinishedRun, ExperimentError> {
        let spec = self.resolve(&task.spec)?;
        let mut run_spec = RunSpec::new(&task.pipeline, task.name.clone());
        run_spec.spec = spec.as_value();
        run_spec.datasets = vec![("train", train), ("eval", eval)];
        // A plan without a name is a single run.
        run_spec.parent = plan.plan().name.as_ref().map(|_| &plan.plan().parent);
        self.record(&run_spec, |steps| {
            let model = steps.fit(&spec, train)?;
            steps.evaluate(&model, eval)?;
            if task.kind == TaskKind::FitEvaluateExport {
                steps.export(&model, None)?;
            }
            Ok(())
        })
    }
}

/// How the run of a task ended.
struct Judged {
    verdict: Option<Verdict>,
    run: Option<PathBuf>,
    step: Option<String>,
    reason: Option<String>,
}

impl Judged {
    fn new(ended: Result<FinishedRun, ExperimentError>) -> Self {
        match ended {
            Ok(run) => Self {
                verdict: None,
                run: Some(run.directory),
                step: None,
                reason: None,
            },
            Err(error) => {
                let (run, step) = match &error {
                    ExperimentError::Step {
                        step, directory, ..
                    } => (Some(directory.clone()), Some(step.name().to_owned())),
                    _ => (None, None),
                };
                Self {
                    verdict: Some(verdict(&error)),
                    run,
                    step,
                    reason: Some(error.with_causes()),
                }
            }
        }
    }

    /// The run, with its directory below `root`, if it is the result of the task.
    fn recorded(&self, root: &Path) -> Option<(FinishedRun, TaskOutcome)> {
        let outcome = match self.verdict {
            None => TaskOutcome::Finished,
            Some(Verdict::Never) => TaskOutcome::Failed,
            Some(Verdict::Again) => return None,
        };
        let directory = self.run.as_ref()?;
        let manifest = RunManifest::read(directory).ok()?;
        let directory = directory.strip_prefix(root).ok()?.to_owned();
        Some((
            FinishedRun {
                directory,
                manifest,
            },
            outcome,
        ))
    }
}

/// Whether another attempt can succeed: on another machine, with more memory or time, with a disk that
/// is not full. A runner that fails by itself fails again.
pub(super) fn verdict(error: &ExperimentError) -> Verdict {
    if error.is_lasting() {
        Verdict::Never
    } else {
        Verdict::Again
    }
}

/// The directories of a result.
const PARTS: [&str; 2] = ["workspace", OUTPUT];
/// Where a part of a prediction is written.
pub(super) const OUTPUT: &str = "output";

/// Where an attempt works, until its result is published. Removed when dropped.
pub(super) struct Place {
    /// In the plan directory.
    own: PathBuf,
    /// On this machine.
    scratch: Option<TemporaryDirectory>,
}

impl Place {
    pub(super) fn make(
        plan: &PlanDirectory,
        task: &Task,
        options: &AttemptOptions,
    ) -> Result<Self, EngineError> {
        let own = plan.work_directory(&task.id)?;
        let mut place = Self { own, scratch: None };
        if let Some(scratch) = &options.scratch {
            let prefix = OsString::from("protea-task-");
            let made = TemporaryDirectory::create_in(scratch, &prefix, 0o700);
            place.scratch = Some(made.map_err(EngineError::write(scratch))?);
        }
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        self.scratch
            .as_ref()
            .map_or(&self.own, TemporaryDirectory::path)
    }

    pub(super) fn publish(
        &self,
        plan: &PlanDirectory,
        result: &TaskResult,
    ) -> Result<Published, EngineError> {
        if let Some(scratch) = &self.scratch {
            for part in PARTS {
                let from = scratch.path().join(part);
                if is_directory(&from) {
                    copy(&from, &self.own.join(part))?;
                }
            }
        }
        // What a workspace keeps for itself is not part of a result.
        let _ = remove_tree(&self.own.join(".protea"));
        let mut result = result.clone();
        // A prediction has the hashes of its files in its own part of the result.
        result.files = list_files(&self.own, PARTS[0])?;
        plan.publish(&self.own, &result)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = remove_tree(&self.own);
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), EngineError> {
    use protea_files::{Access, Directory, Limits, Links, Never, open_to_write};

    let source = Directory::open(from, Links::Refuse)?;
    let tree = source.walk(&Limits::default(), &Never)?;
    if let Some(error) = tree.left_out.into_iter().next() {
        return Err(error.into());
    }
    fs::create_dir_all(to).map_err(EngineError::write(to))?;
    for below in &tree.directories {
        let place = to.join(below);
        fs::create_dir_all(&place).map_err(EngineError::write(&place))?;
    }
    for file in &tree.files {
        let place = to.join(&file.path);
        let mut content = source.open_file(&file.path)?;
        let mut copy = open_to_write(&place, Access::Replace)?;
        io::copy(&mut content, &mut copy).map_err(EngineError::write(&place))?;
    }
    Ok(())
}
