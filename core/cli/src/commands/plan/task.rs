//! `protea task`.

use std::collections::HashMap;

use protea_core::{
    Catalog, Dataset, Experiment, Runner, Workspace,
    engine::{
        IndexError, MirrorUse, PlanDirectory, PredictionPart, Sent, StoredPlan, Task, TaskDataset,
        TaskOutcome, TaskState, check_array_start, index_from_environment,
    },
    experiment::{AttemptOptions, Attempted, attempt, attempt_prediction},
};
use serde_json::{Value, json};

use super::{
    command::{parts, recorded_for_task},
    location::Opened,
    parts::{PartError, dataset, datasets, runners},
};
use crate::{
    args::{ExecutionArgs, TaskArgs},
    commands::{run_setup::isolation, tracking::Tracked},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter},
    progress_observer::ProgressObserver,
};

/// Does one task of a plan, or several.
pub fn task(args: &TaskArgs, reporter: &Reporter) -> Result<Report, Failure> {
    interrupt::cooperate_as_task(reporter);
    let opened = Opened::new(&args.plan, MirrorUse::Task, reporter).map_err(with_task_exit)?;
    let plan = &opened.plan;
    let tasks = chosen(args, plan)?;
    let mut worker = None;
    let mut ended = Vec::new();
    for task in &tasks {
        let ended_before = match &opened.stored {
            // A result that an earlier process could not send.
            Some(stored) => match stored.send_result(plan, &task.id).map_err(with_task_exit)? {
                Sent::Now(outcome) | Sent::Before(outcome) => Some(outcome),
                Sent::Nothing => stored.outcome(&task.id).map_err(with_task_exit)?,
            },
            None => plan.outcome(&task.id).map_err(with_task_exit)?,
        };
        let done = match ended_before {
            Some(outcome) => Attempted::EndedBefore(outcome),
            None => {
                let status = plan.status(task).map_err(with_task_exit)?;
                if matches!(status.state, TaskState::Damaged(_)) {
                    reporter.warn(&format!(
                        "{}; it is moved aside, and the task {} is done again",
                        status.reason(),
                        task.index
                    ));
                }
                let worker = match &mut worker {
                    Some(worker) => worker,
                    none => none.insert(Worker::new(args, &opened, reporter)?),
                };
                worker.attempt(task).map_err(with_task_exit)?
            }
        };
        let is_cancelled = interrupt::requested();
        ended.push((task, done));
        if is_cancelled {
            break;
        }
    }
    conclude(&ended, tasks.len())
}

/// The tasks that this process is to do.
fn chosen(args: &TaskArgs, plan: &PlanDirectory) -> Result<Vec<Task>, Failure> {
    let mut ranges = args.index.clone();
    if ranges.is_empty() {
        let index = index_of_job(args, plan)?;
        ranges.push(index..=index);
    }
    let per_index = args.per_index;
    let last = ranges.iter().map(|range| *range.end()).max();
    let last = last.unwrap_or_default();
    if let ([range], 1) = (ranges.as_slice(), per_index)
        && *range.start() == last
    {
        return Ok(vec![plan.task(last).map_err(with_task_exit)?]);
    }
    let all = plan.tasks().map_err(with_task_exit)?;
    if last >= all.len().div_ceil(per_index) {
        // An error that names the indices of the plan.
        plan.task(last.saturating_mul(per_index))
            .map_err(with_task_exit)?;
    }
    let packed = ranges.into_iter().flatten().flat_map(|index| {
        let first = index.saturating_mul(per_index);
        all.iter().skip(first).take(per_index).cloned()
    });
    Ok(packed.collect())
}

/// The index that a scheduler gave this process.
fn index_of_job(args: &TaskArgs, plan: &PlanDirectory) -> Result<usize, Failure> {
    let usage = |error: IndexError| {
        let remedy = match error {
            IndexError::Start { first, .. } => format!("give --first-index {first}"),
            _ => "give --index".to_owned(),
        };
        Failure::new(Exit::Usage, format!("{error}; {remedy}"))
    };
    let index = index_from_environment(args.first_index).map_err(usage)?;
    if args.first_index.is_none() {
        let tasks = plan.tasks().map_err(with_task_exit)?.len();
        check_array_start(tasks.div_ceil(args.per_index)).map_err(usage)?;
    }
    Ok(index)
}

/// What tasks of the same plan share in one process.
struct Worker<'a> {
    plan: &'a PlanDirectory,
    stored: Option<&'a StoredPlan>,
    reporter: &'a Reporter,
    execution: ExecutionArgs,
    catalog: Catalog,
    options: AttemptOptions,
    threads: usize,
    runners: HashMap<String, Runner>,
    datasets: HashMap<String, Dataset>,
}

impl<'a> Worker<'a> {
    fn new(args: &TaskArgs, opened: &'a Opened, reporter: &'a Reporter) -> Result<Self, Failure> {
        let plan = &opened.plan;
        let mut options = AttemptOptions::default();
        options.claim_timeout = args.claim_timeout;
        options.scratch = args
            .scratch
            .as_ref()
            .map(|scratch| std::path::absolute(scratch).unwrap_or_else(|_| scratch.clone()));
        let mut command = recorded_for_task(plan).map_err(with_task_exit)?;
        let Some(parts) = parts(&mut command) else {
            return Err(Failure::new(
                Exit::Never,
                "the planned command has no tasks",
            ));
        };
        let mut execution = parts.execution.clone();
        // The nodes of a cluster may have no way out; `protea sync` sends the runs later.
        execution.tracking.offline = true;
        let catalog = runners(plan.plan(), &execution).map_err(part)?;
        if plan.plan().prediction.is_some() {
            datasets(plan.plan()).map_err(with_task_exit)?;
        }
        Ok(Self {
            plan,
            stored: opened.stored.as_ref(),
            reporter,
            execution,
            catalog,
            options,
            threads: args.threads,
            runners: HashMap::new(),
            datasets: HashMap::new(),
        })
    }

    /// Attempts a task. For a plan in a store, claims it there and sends what the attempt left.
    fn attempt(&mut self, task: &Task) -> Result<Attempted, Failure> {
        let Some(stored) = self.stored else {
            return self.attempt_here(task);
        };
        let Some(claim) = stored.claim(task, self.options.claim_timeout)? else {
            let outcome = stored.outcome(&task.id)?;
            return Ok(Attempted::EndedBefore(
                outcome.unwrap_or(TaskOutcome::Finished),
            ));
        };
        let attempted = self.attempt_here(task)?;
        stored.send_attempts(self.plan, &task.id)?;
        let sent = stored.send_result(self.plan, &task.id)?;
        drop(claim);
        Ok(match sent {
            Sent::Before(outcome) => Attempted::EndedBefore(outcome),
            _ => attempted,
        })
    }

    fn attempt_here(&mut self, task: &Task) -> Result<Attempted, Failure> {
        let name = &task.runner.name;
        let runner = match self.runners.get(name) {
            Some(runner) => runner.clone(),
            None => {
                let isolation = isolation(&self.execution.isolation)?;
                let runner = Runner::load(&self.catalog.find(name)?, &isolation)?;
                self.runners.insert(name.clone(), runner.clone());
                runner
            }
        };
        let threads = match task.threads {
            0 => self.threads,
            threads => threads,
        };
        if let Some(part) = &task.prediction {
            return self.attempt_prediction(task, part, &runner, threads);
        }
        let (Some(train), Some(eval)) = (&task.train, &task.eval) else {
            let message = format!("the task {} has no datasets", task.index);
            return Err(Failure::new(Exit::Never, message));
        };
        let (train, eval) = (self.dataset(train)?, self.dataset(eval)?);
        let (execution, reporter) = (&self.execution, self.reporter);
        let attempted = attempt(
            self.plan,
            task,
            (&train, &eval),
            &self.options,
            |workspace| {
                let tracked = Tracked::begin(&execution.tracking, workspace)?;
                Ok::<_, Failure>(
                    Experiment::new(&runner, workspace)
                        .with_seed(task.seed)
                        .with_threads(threads)
                        .with_tracking(tracked.tracking())
                        .with_recording(execution.recording())
                        .with_observer(ProgressObserver::new(
                            reporter,
                            execution.log_level.map(crate::args::LogFrom::level),
                        )),
                )
            },
        );
        self.reporter.abandon();
        attempted
    }

    fn attempt_prediction(
        &mut self,
        task: &Task,
        part: &PredictionPart,
        runner: &Runner,
        threads: usize,
    ) -> Result<Attempted, Failure> {
        let queries = self.dataset(&part.queries)?;
        let (reporter, log_level) = (self.reporter, self.execution.log_level);
        let attempted = attempt_prediction(self.plan, task, &queries, &self.options, || {
            // Where the run of the model may be; nothing is recorded in it.
            let workspace = Workspace::read_only(&self.plan.plan().workspace)?;
            let log_level = log_level.map(crate::args::LogFrom::level);
            Ok::<_, Failure>(
                Experiment::new(runner, &workspace)
                    .with_seed(task.seed)
                    .with_threads(threads)
                    .with_observer(ProgressObserver::new(reporter, log_level)),
            )
        });
        self.reporter.abandon();
        attempted
    }

    fn dataset(&mut self, planned: &TaskDataset) -> Result<Dataset, Failure> {
        let key = format!("{} {}", planned.sha256, planned.uri);
        if let Some(dataset) = self.datasets.get(&key) {
            return Ok(dataset.clone());
        }
        let dataset = dataset(planned, self.reporter).map_err(part)?;
        self.datasets.insert(key, dataset.clone());
        Ok(dataset)
    }
}

fn part(error: PartError) -> Failure {
    match error {
        PartError::Missing(mut failure) => {
            failure.exit = Exit::TryAgain;
            failure
        }
        PartError::Other(failure) => with_task_exit(failure),
    }
}

/// The exit code that a scheduler understands.
fn with_task_exit(failure: impl Into<Failure>) -> Failure {
    let mut failure = failure.into();
    failure.exit = match failure.exit {
        Exit::Usage => Exit::Usage,
        Exit::Input | Exit::Runner | Exit::Never => Exit::Never,
        Exit::Output if failure.needs_person() => Exit::Never,
        _ => Exit::TryAgain,
    };
    failure
}

fn conclude(ended: &[(&Task, Attempted)], all: usize) -> Result<Report, Failure> {
    let mut text = String::new();
    let mut objects: Vec<Value> = Vec::new();
    let (mut again, mut never) = (Vec::new(), Vec::new());
    for (task, attempted) in ended {
        let (state, reason) = match attempted {
            Attempted::EndedBefore(TaskOutcome::Finished) => ("finished before", ""),
            Attempted::EndedBefore(TaskOutcome::Failed) => ("failed", "it failed before"),
            Attempted::Failed(reason) => ("failed", reason.as_str()),
            Attempted::Again(reason) => ("again", reason.as_str()),
            _ => ("finished", ""),
        };
        let line = format!("task {} ({}): {state}", task.index, task.name);
        match state {
            "failed" => never.push(format!(
                "task {} ({}) failed: {reason}",
                task.index, task.name
            )),
            "again" => again.push(format!("task {} ({}): {reason}", task.index, task.name)),
            _ => {}
        }
        text.push_str(&line);
        text.push('\n');
        objects.push(json!({
            "index": task.index,
            "id": task.id,
            "name": task.name,
            "state": state,
            "reason": reason,
        }));
    }
    let left = all - ended.len();
    if left > 0 {
        again.push(format!("{left} more tasks were not begun"));
    }
    let (exit, problems) = match (again.is_empty(), never.is_empty()) {
        (true, true) => {
            return Ok(Report {
                text,
                json: json!({ "tasks": objects }),
            });
        }
        (false, _) => (Exit::TryAgain, again),
        (true, false) => (Exit::Never, never),
    };
    Err(Failure::new(exit, problems.join("\n"))
        .with_text(text)
        .with_detail("tasks", objects))
}
