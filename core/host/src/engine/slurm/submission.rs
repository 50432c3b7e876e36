//! Submits arrays of jobs, and the jobs that gather after them.

use std::collections::BTreeSet;

use super::{
    super::{directory::PlanDirectory, documents::Resources, error::EngineError},
    SlurmEngine,
    notes::{Array, Notes},
    options::SlurmOptions,
};

/// The shortest time limit in seconds at which Slurm sends a signal a minute before. With a shorter one,
/// Slurm would send it when the job starts.
const WARNED: u64 = 300;

impl SlurmEngine {
    pub(super) fn submit_array(
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
        notes.keep_options(options)?;
        notes.keep(&array)?;
        Ok(array)
    }

    /// Submits the job that gathers, after jobs that were submitted now or before. None if nothing was
    /// submitted now, and a job that gathers is queued already.
    pub(super) fn submit_gather(
        &self,
        plan: &PlanDirectory,
        notes: &Notes,
        options: &SlurmOptions,
        (is_new, jobs): (bool, &BTreeSet<String>),
    ) -> Result<Option<String>, EngineError> {
        let arrays = notes.arrays()?;
        let Some(last) = arrays.last() else {
            return Ok(None);
        };
        if jobs.is_empty() || (!is_new && !self.gathering_after(&arrays)?.is_empty()) {
            return Ok(None);
        }
        let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
        let script = notes.write_gather(plan, last, &self.program)?;
        let mut arguments = vec![
            format!("--job-name={}", Notes::gather_name(last)),
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

/// An error after these jobs were submitted.
pub(super) fn partly(jobs: &[String], error: EngineError) -> EngineError {
    match jobs {
        [] => error,
        jobs => EngineError::PartlySubmitted {
            jobs: jobs.to_vec(),
            source: Box::new(error),
        },
    }
}

/// The indices of an array, as `--array` takes them.
fn range(number: usize, throttle: Option<usize>) -> String {
    let last = number.saturating_sub(1);
    match throttle {
        Some(most) => format!("0-{last}%{most}"),
        None => format!("0-{last}"),
    }
}
