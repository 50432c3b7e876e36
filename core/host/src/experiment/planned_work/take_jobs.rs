//! Takes the jobs of many results into the workspace at once. One by one, each would wait for the disk.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use protea_files::{TemporaryDirectory, sync_directory, sync_file_system};

use super::import::copy_job;
use crate::{
    engine::{EngineError, PlanDirectory, TaskResult, check_files},
    workspace::STATE_POINT,
};

/// The most threads that link files.
const MOST_THREADS: usize = 8;

/// Takes the jobs that the workspace does not have yet: all are prepared in a hidden directory, flushed
/// to the disk together, and renamed. Jobs that are there already are left to `import`.
pub(super) fn take_jobs(plan: &PlanDirectory, workspace: &Path) -> Result<(), EngineError> {
    let jobs = workspace.join("workspace");
    let own = workspace.join(".protea");
    for directory in [&jobs, &own] {
        fs::create_dir_all(directory).map_err(EngineError::write(directory))?;
    }
    let (mut new, mut known) = (Vec::new(), HashSet::new());
    for task in plan.tasks()? {
        if let Some((directory, result)) = plan.result(&task.id)?
            && let Some(job) = job_of(&result)
            && !jobs.join(&job).exists()
            // Of several results of one job, the first; the others are imported one by one.
            && known.insert(job.clone())
        {
            new.push((directory, result, job, task.index));
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let staged = TemporaryDirectory::create_in(&own, OsStr::new("gather-"), 0o777)
        .map_err(EngineError::write(&own))?;
    let next = AtomicUsize::new(0);
    let link = || -> Result<(), EngineError> {
        while let Some((directory, result, job, index)) =
            new.get(next.fetch_add(1, Ordering::SeqCst))
        {
            let of_job = Path::new("workspace").join(job);
            check_files(directory, result, *index, &of_job)?;
            let source = directory.join(of_job);
            copy_job(
                &source,
                &staged.path().join(job),
                &result.recorded_at,
                workspace,
            )?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // If the system has no more threads, this one has a larger share.
        let workers: Vec<_> = (1..threads.min(MOST_THREADS))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, link).ok())
            .collect();
        link()?;
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| {
                let error = io::Error::other("a thread panicked");
                Err(EngineError::write(&own)(error))
            })
        })
    })?;
    sync_file_system(staged.path()).map_err(EngineError::write(staged.path()))?;
    for (_, _, job, _) in &new {
        // Another process may have made it meanwhile; then its run is imported.
        if staged.path().join(job).join(STATE_POINT).is_file() {
            let _ = fs::rename(staged.path().join(job), jobs.join(job));
        }
    }
    sync_directory(&jobs).map_err(EngineError::write(&jobs))
}

/// The name of the job of a result, if it is one.
fn job_of(result: &TaskResult) -> Option<PathBuf> {
    // workspace/<job_id>/artifacts/<pipeline>/<run_id>
    let job = result.run.iter().nth(1)?;
    let is_id = job.len() == 32 && job.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| PathBuf::from(job))
}
