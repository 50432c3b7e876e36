//! The engine of clusters with Slurm.
//!
//! `sbatch` submits the tasks as job arrays, and a gathering job that waits for them. The engine keeps what
//! it needs to know about the jobs between two calls in `DIR/engine/slurm/`:
//!
//! ```text
//! options.json     the options of the last submission, which later ones start from     (SlurmOptions)
//! <n>.json         array n: its job, its tasks, what it asked for, how its jobs ended  (Array)
//! <n>.tasks        the tasks of each index of the array, one line an index
//! <n>.sh           the script of the array
//! gather-<n>.sh    the script that gathers after it
//! submission       claim of the process that submits
//! ```
//!
//! The engine does not submit a task again whose job waits or runs. It writes the note of an array before it
//! calls `sbatch`. If the process is killed in between, the next one finds the job by the name in the note.
//! It keeps options once `sbatch` has accepted them.

mod client;
mod notes;
mod options;
mod request;
mod submission;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use self::{
    client::{Client, JobRow},
    notes::{Array, Notes},
    request::raised,
    submission::partly,
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

impl Job {
    /// The job number of its array.
    fn array(&self) -> Option<&str> {
        self.name.split('_').next()
    }
}

impl SlurmEngine {
    /// Jobs that call `program`, which understands `task DIR --index N,M`, `engine status DIR`,
    /// `gather DIR` and `engine resume DIR --engine slurm`, and is at the same path on all nodes. `options` are added to those that the plan
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

    /// The jobs that gather the results and wait or run.
    ///
    /// # Errors
    ///
    /// As [`Engine::submit`].
    pub fn gathering(&self, plan: &PlanDirectory) -> Result<Vec<String>, EngineError> {
        self.gathering_after(&Notes::of(plan).arrays()?)
    }

    fn gathering_after(&self, arrays: &[Array]) -> Result<Vec<String>, EngineError> {
        let names: Vec<String> = arrays.iter().map(Notes::gather_name).collect();
        self.client.queued(&names)
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
        let jobs = self.jobs(plan, &notes)?;
        let planned = &plan.plan().resources;
        let base = Resources {
            seconds: options.request.seconds.or(planned.seconds),
            memory: options.request.memory.or(planned.memory),
            cpus: options.request.cpus.or(planned.cpus),
        };
        let mut grouped: BTreeMap<(Option<u64>, Option<u64>), Vec<usize>> = BTreeMap::new();
        let (mut active, mut grown) = (0, 0);
        let mut awaited = BTreeSet::new();
        for &task in tasks {
            let last = jobs.get(&task);
            if let Some(job) = last.filter(|job| job.row.is_active()) {
                active += 1;
                awaited.extend(job.array().map(str::to_owned));
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
                let array = self.submit_array(plan, &notes, &options, &request, part.to_vec());
                let array = array.map_err(|error| partly(&submission.jobs, error))?;
                submission.jobs.extend(array.job.clone());
            }
        }
        awaited.extend(submission.jobs.iter().cloned());
        let gather = self.submit_gather(
            plan,
            &notes,
            &options,
            (!submission.jobs.is_empty(), &awaited),
        );
        submission.gather = gather.map_err(|error| partly(&submission.jobs, error))?;
        if active > 0 {
            let note = format!(
                "{active} tasks have a job that waits or runs, and were not submitted again"
            );
            submission.notes.push(note);
        }
        if !options.dropped.is_empty() {
            let note = format!("there was no option {} to drop", options.dropped.join(", "));
            submission.notes.push(note);
        }
        if submission.jobs.is_empty() && self.options != SlurmOptions::default() {
            let note = "nothing was submitted, so the options of this call are not kept";
            submission.notes.push(note.to_owned());
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
        // First, because they begin when the others have ended, and can submit more.
        for job in self.gathering(plan)? {
            self.client.cancel(&job)?;
        }
        let jobs = self.jobs(plan, &notes)?;
        let queued = jobs.values().filter(|job| job.row.is_queued());
        let arrays: BTreeSet<&str> = queued.filter_map(Job::array).collect();
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
