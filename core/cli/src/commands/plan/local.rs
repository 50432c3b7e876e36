//! Does the tasks of a plan in processes of this machine.

use protea_core::engine::PlanDirectory;

use super::surveying::add_tasks;
use crate::{exit::Exit, failure::Failure, output::Reporter};

/// Does the tasks that have no result, generation by generation.
#[cfg(unix)]
pub(super) fn run(plan: &PlanDirectory, jobs: usize, reporter: &Reporter) -> Result<(), Failure> {
    use std::sync::Once;

    use protea_core::engine::{Engine, LocalEngine, LocalProgress};

    use super::location::place;
    use crate::{commands::run_setup::fail_if_cancelled, interrupt};

    struct Watched<'r> {
        reporter: &'r Reporter,
        directory: String,
        told: Once,
    }

    impl LocalProgress for Watched<'_> {
        fn attempted(&self, done: usize, total: usize) {
            self.reporter.progress(done as u64, total as u64);
        }

        fn is_cancelled(&self) -> bool {
            let is_cancelled = interrupt::requested();
            if is_cancelled {
                // At once, because a cancelled command is ended if it takes long.
                self.told.call_once(|| {
                    self.reporter.always(&format!(
                        "the results so far are kept in {}; repeat the command to do the other tasks",
                        self.directory
                    ));
                });
            }
            is_cancelled
        }
    }

    let program = std::env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("cannot find the path of this program: {error}"),
        )
    })?;
    interrupt::cooperate(reporter);
    let watched = Watched {
        reporter,
        directory: place(plan),
        told: Once::new(),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores / jobs.max(1)).max(1).to_string();
    let mut engine = LocalEngine::new(program, jobs, &watched);
    if jobs > 1 {
        engine = engine.with_arguments(vec!["--threads".to_owned(), threads]);
    }
    loop {
        let tasks = plan.tasks()?;
        let open = tasks.iter().filter(|task| !plan.has_ended(&task.id));
        let open: Vec<usize> = open.map(|task| task.index).collect();
        reporter.start("doing tasks");
        let submitted = engine.submit(plan, &open);
        reporter.abandon();
        submitted?;
        fail_if_cancelled()?;
        if add_tasks(plan, reporter)? == 0 {
            return Ok(());
        }
    }
}

/// Does the tasks that have no result, generation by generation.
#[cfg(not(unix))]
pub(super) fn run(_: &PlanDirectory, _: usize, _: &Reporter) -> Result<(), Failure> {
    let _ = add_tasks;
    Err(Failure::new(
        Exit::Usage,
        "--engine local is not supported on this system",
    ))
}
