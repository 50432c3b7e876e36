//! The engine of this machine: a pool of processes.

use std::{
    io::Write,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use protea_files::{Access, open_to_write};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    directory::PlanDirectory,
    error::EngineError,
    interface::{Engine, Submission},
    state::TaskState,
};

/// How long to wait before the processes are checked again.
const LOOK: Duration = Duration::from_millis(3);

/// Gets the progress of a pool, and can end it.
pub trait LocalProgress {
    /// This many of the tasks have been attempted.
    fn attempted(&self, done: usize, total: usize);

    /// Whether the processes are to end.
    fn is_cancelled(&self) -> bool;
}

/// Executes tasks in processes on this machine, several at the same time, and waits for them.
pub struct LocalEngine<'p> {
    program: PathBuf,
    jobs: usize,
    arguments: Vec<String>,
    progress: &'p dyn LocalProgress,
}

impl<'p> LocalEngine<'p> {
    /// Processes of `program`, which understands `task DIR --index N`, at most `jobs` at once.
    #[must_use]
    pub fn new(program: PathBuf, jobs: usize, progress: &'p dyn LocalProgress) -> Self {
        Self {
            program,
            jobs: jobs.max(1),
            arguments: Vec::new(),
            progress,
        }
    }

    /// Adds arguments to each process.
    #[must_use]
    pub fn with_arguments(mut self, arguments: Vec<String>) -> Self {
        self.arguments = arguments;
        self
    }

    fn start(&self, plan: &PlanDirectory, index: usize) -> Result<Child, EngineError> {
        // A process of an earlier pool may still write to it, as after a kill of that pool.
        let mut log = open_to_write(&plan.log(index), Access::Append)?;
        let now = protea_tracking::now();
        // One write, so that what another process writes is not in the middle of it.
        log.write_all(format!("--- task {index}, started at {now}\n").as_bytes())
            .map_err(EngineError::write(&plan.log(index)))?;
        let errors = log
            .try_clone()
            .map_err(EngineError::write(&plan.log(index)))?;
        Command::new(&self.program)
            .arg("task")
            .arg(plan.location())
            .args(["--index", &index.to_string()])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|source| EngineError::Program {
                program: self.program.display().to_string(),
                source,
            })
    }
}

impl Engine for LocalEngine<'_> {
    fn name(&self) -> &'static str {
        "local"
    }

    fn submit(&self, plan: &PlanDirectory, tasks: &[usize]) -> Result<Submission, EngineError> {
        let mut waiting = tasks.iter();
        let mut running: Vec<Child> = Vec::new();
        let (mut done, mut is_ending, mut failed) = (0, false, None);
        self.progress.attempted(0, tasks.len());
        loop {
            while !is_ending && running.len() < self.jobs {
                let Some(&index) = waiting.next() else {
                    break;
                };
                match self.start(plan, index) {
                    Ok(child) => running.push(child),
                    Err(error) => {
                        is_ending = true;
                        failed.get_or_insert(error);
                    }
                }
            }
            if running.is_empty() {
                return failed.map_or(Ok(Submission::new(done, Vec::new())), Err);
            }
            let before = running.len();
            // How it ended is on record in the plan directory.
            running.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            if running.len() < before {
                done += before - running.len();
                self.progress.attempted(done, tasks.len());
                continue;
            }
            if !is_ending && self.progress.is_cancelled() {
                is_ending = true;
                for child in &running {
                    end(child.id());
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// Sends SIGTERM to the processes of this machine that hold a task.
    fn cancel(&self, plan: &PlanDirectory) -> Result<(), EngineError> {
        for status in plan.statuses()? {
            if let TaskState::Claimed(claim) = status.state
                && claim.holder.is_running()
            {
                end(claim.holder.pid);
            }
        }
        Ok(())
    }
}

fn end(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::TERM);
    }
}
