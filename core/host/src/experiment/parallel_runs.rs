//! Runs that fit and evaluate, several at once: the trials of a search, the folds of a
//! cross-validation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use protea_contracts::{Level, emit::Event};
use tracing::{Span, info};

use crate::engine::TaskKind;

use super::{
    error::ExperimentError,
    events::{EventSource, ExperimentEvent},
    observer::{Observer, Step},
    run_reuse::ReusableRuns,
    run_spec::{Parent, RunSpec},
    setup::{Experiment, Reuse},
    work::{Work, Worked},
};

/// Does all of the work, as many runs at the same time as the experiment allows. `on_outcome` gets
/// every outcome, with its index in `works`, and gives back an error that it does not keep. A runner's
/// error is an outcome. Any other error or a cancellation, which it must give back, stops everything:
/// no more work starts, and running work finishes.
pub(super) fn in_parallel(
    experiment: &Experiment,
    parent: &Parent,
    done: &ReusableRuns,
    works: &[Work<'_>],
    mut on_outcome: impl FnMut(usize, Result<Worked, ExperimentError>) -> Option<ExperimentError>,
) -> Result<(), ExperimentError> {
    // The tasks of a plan are in the order of the work.
    let most = if experiment.delegation.is_some() {
        1
    } else {
        works.len().max(1)
    };
    let jobs = experiment.jobs.clamp(1, most);
    let experiment = &experiment.for_one_of(jobs);
    let (next, stop) = (&AtomicUsize::new(0), &AtomicBool::new(false));
    let (send, outcomes) = mpsc::channel();
    let mut fatal = None;
    // Spans of runs on other threads get the caller's span as their parent.
    let span = &Span::current();
    thread::scope(|scope| {
        let share = |send: mpsc::Sender<_>| {
            let _entered = span.enter();
            while !stop.load(Ordering::SeqCst) {
                let place = next.fetch_add(1, Ordering::SeqCst);
                let Some(work) = works.get(place) else {
                    break;
                };
                let outcome = experiment.work(parent, done, work);
                if outcome.as_ref().is_err_and(ExperimentError::ends_all) {
                    stop.store(true, Ordering::SeqCst);
                }
                // The receiver lives as long as this scope.
                let _ = send.send((place, outcome));
            }
        };
        for number in 0..jobs {
            let own = send.clone();
            let started = thread::Builder::new().spawn_scoped(scope, move || share(own));
            // If the system has no more threads, fewer runs are done at a time.
            if started.is_err() {
                if number == 0 {
                    share(send.clone());
                }
                break;
            }
        }
        drop(send);
        for (place, outcome) in outcomes {
            if let Some(error) = on_outcome(place, outcome)
                && error.ends_all()
            {
                fatal.get_or_insert(error);
            }
        }
    });
    fatal.map_or(Ok(()), Err)
}

impl Experiment {
    /// The experiment for one of `jobs` parallel runs.
    fn for_one_of(&self, jobs: usize) -> Self {
        let mut one = self.clone();
        if jobs > 1 {
            let all = match self.threads {
                0 => thread::available_parallelism().map_or(1, usize::from),
                threads => threads,
            };
            one.threads = (all / jobs).max(1);
        }
        one.observer = Arc::new(QuietObserver(Arc::clone(&self.observer)));
        one
    }

    pub(super) fn work(
        &self,
        parent: &Parent,
        done: &ReusableRuns,
        work: &Work<'_>,
    ) -> Result<Worked, ExperimentError> {
        if self.observer.is_cancelled() {
            return Err(ExperimentError::Cancelled);
        }
        let mut run_spec = RunSpec::new(work.pipeline, format!("{}/{}", parent.name, work.name));
        run_spec.parent = Some(&parent.run_id);
        run_spec.spec = work.spec.as_value();
        run_spec.datasets = vec![("train", work.train), ("eval", work.eval)];
        let delegation = self.delegation.as_ref();
        if let Some(parent) = delegation.and_then(|delegation| delegation.parent()) {
            run_spec.parent = Some(parent);
        }
        let kind = TaskKind::FitEvaluate;
        // What was planned is taken from the plan, also if the workspace has it too by now.
        let is_planned = delegation.is_some_and(|it| it.knows(self, &run_spec, kind));
        if self.reuse == Reuse::FinishedRuns
            && !is_planned
            && let Some(run) = done.find(self, &self.directory_of_job(&run_spec)?, work)
        {
            if let Some(delegation) = delegation {
                delegation.reuse(self, &run_spec);
            }
            info!(run_id = %run.manifest.run_id, name = run_spec.name, "reusing a finished run");
            return Ok(Worked {
                run,
                taken_over: true,
            });
        }
        if let Some(delegation) = delegation {
            let run = delegation.outcome(self, &run_spec, kind)?;
            return Ok(Worked {
                run,
                taken_over: false,
            });
        }
        let run = self.record(&run_spec, |steps| {
            let model = steps.fit(&work.spec, work.train)?;
            steps.evaluate(&model, work.eval)
        })?;
        Ok(Worked {
            run,
            taken_over: false,
        })
    }
}

/// The observer of one of several parallel runs. Without its source, a step could not be told from
/// those of the other runs: besides events that have one, only warnings and log lines are forwarded.
struct QuietObserver(Arc<dyn Observer>);

impl Observer for QuietObserver {
    fn level(&self) -> Level {
        self.0.level()
    }

    fn experiment_event(&self, source: &EventSource, event: &ExperimentEvent) {
        self.0.experiment_event(source, event);
    }

    fn log_line(&self, level: Level, line: &str) {
        self.0.log_line(level, line);
    }

    fn event(&self, step: Step, event: &Event<'_>) {
        if event.level >= Level::Warning {
            self.0.event(step, event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
