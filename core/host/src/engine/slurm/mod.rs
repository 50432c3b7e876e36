//! The engine of clusters with Slurm.
//!
//! `sbatch` submits the tasks as job arrays, and a gathering job that waits for them. The engine keeps what
//! it needs to know about the jobs between two calls in `DIR/engine/slurm/`:
//!
//! ```text
//! options.json     the options of the first submission, which later ones start from    (SlurmOptions)
//! <n>.json         array n: its job, its tasks, what it asked for, how its jobs ended  (Array)
//! <n>.tasks        the tasks of each index of the array, one line an index
//! <n>.sh           the script of the array
//! gather-<n>.sh    the script that gathers after it
//! submission       claim of the process that submits
//! ```
//!
//! The engine does not submit a task again whose job waits or runs. It writes the note of an array before it
//! calls `sbatch`. If the process is killed in between, the next one finds the job by the name in the note.

mod client;
mod notes;
mod options;
mod request;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use self::{
    client::{Client, JobRow},
    notes::{Array, Notes},
    request::raised,
};
use super::{
    claim::Claimed,
    directory::PlanDirectory,
    documents::Resources,
    error::EngineError,
    interface::{Engine, Submission},
    outcomes::last_lines,
    state::{Scheduled, TaskState, TaskStatus},
    task::TaskId,
};
pub use options::{SlurmOptionError, SlurmOptions};

/// How long a process on another machine that submits may leave its claim unchanged.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest time limit in seconds at which Slurm sends a signal a minute before. With a shorter one,
/// Slurm would send it when the job starts.
const WARNED: u64 = 300;

/// Submits tasks to Slurm and does not wait for them.
#[derive(Debug, Clone)]
pub struct SlurmEngine {
    program: PathBuf,
    options: SlurmOptions,
    client: Client,
}

/// The job of a task.
struct Job {
    name: String,
    row: JobRow,
    request: Resources,
    log: PathBuf,
}

impl SlurmEngine {
    /// Jobs that call `program`, which understands `task DIR --index N,M`, `engine status DIR` and
    /// `gather DIR`, and is at the same path on all nodes. `options` are added to those that the plan
    /// was submitted with before.
    #[must_use]
    pub fn new(program: PathBuf, options: SlurmOptions) -> Self {
        Self {
            program,
            options,
            client: Client,
        }
    }

    /// Whether tasks of the plan were submitted to Slurm.
    #[must_use]
    pub fn has_submitted(plan: &PlanDirectory) -> bool {
        Notes::of(plan).exist()
    }

    /// The last job of each task, according to the scheduler and the notes.
    fn jobs(
        &self,
        plan: &PlanDirectory,
        notes: &Notes,
    ) -> Result<BTreeMap<usize, Job>, EngineError> {
        let mut jobs = BTreeMap::new();
        for mut array in notes.arrays()? {
            if array.job.is_none() {
                array.job = self.client.find(&array.name)?;
                match &array.job {
                    Some(_) => notes.keep(&array)?,
                    // The process ended before it submitted.
                    None => continue,
                }
            }
            let Some(job) = array.job.clone() else {
                continue;
            };
            let rows = if array.has_ended() {
                BTreeMap::new()
            } else {
                self.client.rows(&job, array.tasks.len())?
            };
            let before = array.ends.len();
            for (place, row) in &rows {
                if row.has_ended() {
                    array.ends.insert(*place, row.clone());
                } else {
                    // It was requeued.
                    array.ends.remove(place);
                }
            }
            if array.ends.len() != before {
                notes.keep(&array)?;
            }
            for (place, tasks) in array.tasks.iter().enumerate() {
                let found = rows.get(&place).or_else(|| array.ends.get(&place));
                let row = found.cloned().unwrap_or_else(JobRow::forgotten);
                for task in tasks {
                    jobs.insert(
                        *task,
                        Job {
                            name: format!("{job}_{place}"),
                            row: row.clone(),
                            request: array.request.clone(),
                            log: notes.log(plan, &job, place),
                        },
                    );
                }
            }
        }
        Ok(jobs)
    }

    fn submit_array(
        &self,
        plan: &PlanDirectory,
        notes: &Notes,
        options: &SlurmOptions,
        request: &Resources,
        tasks: Vec<Vec<usize>>,
    ) -> Result<Array, EngineError> {
        let mut array = notes.new_array(plan, request.clone(), tasks)?;
        let script = notes.write_script(plan, &array, &self.program)?;
        let mut arguments = vec![
            format!("--job-name={}", array.name),
            format!("--array={}", range(array.tasks.len(), options.throttle)),
            format!("--output={}", notes.log_pattern(plan)),
            "--open-mode=append".to_owned(),
            "--requeue".to_owned(),
            format!("--chdir={}", plan.path().display()),
        ];
        if let Some(seconds) = request.seconds {
            arguments.push(format!("--time={}", seconds.div_ceil(60).max(1)));
            if seconds >= WARNED && !options.names("signal") {
                arguments.push("--signal=B:USR1@60".to_owned());
            }
        }
        if let Some(memory) = request.memory {
            arguments.push(format!("--mem={}M", memory.div_ceil(1 << 20).max(1)));
        }
        if let Some(cpus) = request.cpus {
            arguments.push(format!("--cpus-per-task={cpus}"));
        }
        arguments.extend(options.passed());
        array.job = Some(self.client.sbatch(&arguments, &script)?);
        notes.keep(&array)?;
        Ok(array)
    }

    fn submit_gather(
        &self,
        plan: &PlanDirectory,
        notes: &Notes,
        options: &SlurmOptions,
        arrays: &[Array],
    ) -> Result<Option<String>, EngineError> {
        let Some(last) = arrays.last() else {
            return Ok(None);
        };
        let jobs: Vec<&str> = arrays
            .iter()
            .filter_map(|array| array.job.as_deref())
            .collect();
        let script = notes.write_gather(plan, last, &self.program)?;
        let mut arguments = vec![
            format!("--job-name={}-gather", last.name),
            format!("--dependency=afterany:{}", jobs.join(":")),
            format!("--output={}", notes.gather_log(plan, last)),
            format!("--chdir={}", plan.path().display()),
        ];
        if let Some(seconds) = options.request.seconds {
            arguments.push(format!("--time={}", seconds.div_ceil(60).max(1)));
        }
        arguments.extend(options.passed());
        Ok(Some(self.client.sbatch(&arguments, &script)?))
    }
}

impl Engine for SlurmEngine {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn submit(&self, plan: &PlanDirectory, tasks: &[usize]) -> Result<Submission, EngineError> {
        let limit = self.client.array_limit()?;
        let notes = Notes::of(plan);
        notes.create()?;
        let _submitting = submitting(&notes)?;
        let options = notes.options()?.with(&self.options);
        notes.keep_options(&options)?;
        let jobs = self.jobs(plan, &notes)?;
        let planned = &plan.plan().resources;
        let base = Resources {
            seconds: options.request.seconds.or(planned.seconds),
            memory: options.request.memory.or(planned.memory),
            cpus: options.request.cpus.or(planned.cpus),
        };
        let mut grouped: BTreeMap<(Option<u64>, Option<u64>), Vec<usize>> = BTreeMap::new();
        let (mut active, mut grown) = (0, 0);
        for &task in tasks {
            let last = jobs.get(&task);
            if last.is_some_and(|job| job.row.is_active()) {
                active += 1;
                continue;
            }
            let request =
                last.map_or_else(|| base.clone(), |job| raised(&base, &job.request, &job.row));
            grown += usize::from(request != base);
            grouped
                .entry((request.seconds, request.memory))
                .or_default()
                .push(task);
        }
        let mut submission = Submission::new(grouped.values().map(Vec::len).sum(), Vec::new());
        let mut arrays = Vec::new();
        for ((seconds, memory), tasks) in grouped {
            let request = Resources {
                seconds,
                memory,
                cpus: base.cpus,
            };
            let packed: Vec<Vec<usize>> = tasks
                .chunks(options.per_index.unwrap_or(1).max(1))
                .map(<[usize]>::to_vec)
                .collect();
            for part in packed.chunks(limit) {
                let array = self.submit_array(plan, &notes, &options, &request, part.to_vec())?;
                submission.jobs.extend(array.job.clone());
                arrays.push(array);
            }
        }
        submission.gather = self.submit_gather(plan, &notes, &options, &arrays)?;
        if active > 0 {
            let note = format!(
                "{active} tasks have a job that waits or runs, and were not submitted again"
            );
            submission.notes.push(note);
        }
        if grown > 0 {
            let note = format!(
                "{grown} tasks ask for more time or memory, because a job before ran out of it"
            );
            submission.notes.push(note);
        }
        Ok(submission)
    }

    fn status(&self, plan: &PlanDirectory) -> Result<Vec<TaskStatus>, EngineError> {
        // The scheduler first: a task that ends in between has its result afterwards.
        let jobs = self.jobs(plan, &Notes::of(plan))?;
        let mut statuses = plan.statuses()?;
        for status in &mut statuses {
            let Some(job) = jobs.get(&status.index) else {
                continue;
            };
            let is_news = match &status.state {
                TaskState::Waiting => true,
                TaskState::Claimed(claim) => !job.row.is_active() || claim.holder.is_gone(),
                TaskState::Again(_) => job.row.is_active(),
                _ => false,
            };
            if is_news {
                status.state = TaskState::Scheduled(Box::new(Scheduled {
                    job: job.name.clone(),
                    state: job.row.state.clone(),
                    reason: job.row.reason.clone(),
                    exit_code: job.row.exit_code.clone(),
                    is_active: job.row.is_active(),
                }));
            }
        }
        Ok(statuses)
    }

    fn cancel(&self, plan: &PlanDirectory) -> Result<(), EngineError> {
        let notes = Notes::of(plan);
        let jobs = self.jobs(plan, &notes)?;
        let queued = jobs.values().filter(|job| job.row.is_queued());
        let arrays: BTreeSet<&str> = queued
            .filter_map(|job| job.name.split('_').next())
            .collect();
        for array in arrays {
            self.client.cancel(array)?;
        }
        Ok(())
    }

    fn logs(&self, plan: &PlanDirectory, task: usize) -> Result<Vec<String>, EngineError> {
        let status = plan.status(&plan.task(task)?)?;
        let mut lines = match self.jobs(plan, &Notes::of(plan))?.get(&task) {
            Some(job) => last_lines(&job.log)?,
            None => plan.log_lines(task)?,
        };
        if let TaskState::Again(attempt) = status.state {
            lines.extend(attempt.log);
        }
        Ok(lines)
    }
}

/// Ensures that one process submits at a time.
fn submitting(notes: &Notes) -> Result<Option<Claimed>, EngineError> {
    let id = TaskId::named("submission");
    Claimed::take(notes.path(), &id, 0, PATIENCE, &|| false).map_err(|error| match error {
        EngineError::Claimed { holder, .. } => EngineError::Submitting { holder },
        error => error,
    })
}

/// The indices of an array, as `--array` takes them.
fn range(number: usize, throttle: Option<usize>) -> String {
    let last = number.saturating_sub(1);
    match throttle {
        Some(most) => format!("0-{last}%{most}"),
        None => format!("0-{last}"),
    }
}
