//! Turns the tracking arguments of a command into the tracking of its runs.

use std::{fmt, time::Duration};

use protea_core::{
    Experiment, ExperimentError, Tracking, Workspace, WorkspaceError,
    backends::{Backend, Connection, current_binding, run_lifecycle_tracked},
    contracts::error::with_causes,
    tracking::Undelivered,
    workspace::{Job, Status, TrackerBinding},
};

use super::refusals;
use crate::{args::TrackingArgs, exit::Exit, failure::Failure, interrupt, output::Reporter};

/// How long a command waits at its end for backends to take the last events.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// Displays an error with its sources, which the job's run records.
struct WithCauses(ExperimentError);

impl From<WorkspaceError> for WithCauses {
    fn from(error: WorkspaceError) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for WithCauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(&self.0))
    }
}

/// How the runs of a command are tracked, and the job that they belong to.
pub struct Tracked {
    tracking: Tracking,
    job: Option<(Job, Option<TrackerBinding>)>,
}

/// The connection that `--offline` chooses.
pub fn connection(offline: bool) -> Connection {
    if offline {
        Connection::Offline
    } else {
        Connection::Online
    }
}

impl Tracked {
    /// Reads the arguments. Fails before any work is done if a backend is not available.
    pub fn begin(args: &TrackingArgs, workspace: &Workspace) -> Result<Self, Failure> {
        let mut tracking = Tracking::default()
            .with_connection(connection(args.offline))
            .with_on_log_error(args.on_log_error.into());
        if let Some(project) = &args.project {
            tracking = tracking.with_project(project);
        }
        if let Some(group) = &args.group {
            tracking = tracking.with_group(group);
        }
        if let Some(notes) = &args.notes {
            tracking = tracking.with_notes(notes);
        }
        for tag in &args.tags {
            let Some((key, value)) = tag.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("--tag {tag:?} is not KEY=VALUE; write for example --tag dataset=A"),
                ));
            };
            tracking = tracking.with_tag(key, value);
        }
        let texts = [&args.project, &args.group, &args.notes]
            .into_iter()
            .flatten();
        if let Some(text) = texts
            .chain(&args.tags)
            .find(|text| text.contains(char::is_control))
        {
            return Err(Failure::new(
                Exit::Usage,
                format!("{text:?} contains a line break or another control character; remove it"),
            ));
        }
        let mut names = args.track.clone();
        names.sort_unstable();
        names.dedup();
        let job = match &args.job {
            None => None,
            Some(job) => {
                let job = workspace.find_job(job)?;
                let bound = current_binding(&job, connection(args.offline))?;
                if let Some(bound) = &bound {
                    names.retain(|name| *name != bound.backend);
                    tracking = tracking.with_binding(bound)?;
                }
                Some((job, bound))
            }
        };
        for name in names {
            tracking = tracking.with_backend(Backend::from_name(&name, connection(args.offline))?);
        }
        tracking.check_project()?;
        Ok(Self { tracking, job })
    }

    /// The tracking for the experiment.
    pub fn tracking(&self) -> Tracking {
        self.tracking.clone()
    }

    /// Runs `action` with an experiment, within the job's lifecycle if there is a job.
    pub fn run<T>(
        &self,
        experiment: Experiment,
        action: impl FnOnce(&Experiment) -> Result<T, ExperimentError>,
    ) -> Result<T, ExperimentError> {
        match &self.job {
            None => action(&experiment),
            Some((job, bound)) => {
                let mut experiment = experiment.with_job(job.clone());
                if let Some(bound) = bound {
                    experiment = experiment.with_parent(&bound.log);
                }
                let status_of = |error: &ExperimentError| {
                    if error.is_cancelled() {
                        Status::Killed
                    } else {
                        Status::Failed
                    }
                };
                run_lifecycle_tracked(
                    job,
                    &self.tracking,
                    |error: &WithCauses| status_of(&error.0),
                    || action(&experiment).map_err(WithCauses),
                )
                .map_err(|error| error.0)
            }
        }
    }

    /// Waits a moment for backends to take the last events, and warns of what they did not take.
    pub fn deliver(&self, reporter: &Reporter) {
        for undelivered in self.tracking.wait(interrupt::remaining_wait(FLUSH_TIMEOUT)) {
            let Undelivered {
                log,
                backend,
                reason,
                ..
            } = undelivered;
            let run = refusals::run_of(&log);
            let reason = reason.unwrap_or_else(|| format!("{backend} is slow"));
            reporter.warn(&format!(
                "the run {run} has not reached {backend} yet: {reason}; nothing is lost: `protea \
                 sync` sends it"
            ));
        }
        let refused = self.tracking.take_refused();
        if refused.is_empty() {
            return;
        }
        refusals::warn(&refusals::of_runs(&refused), reporter);
        let mut backends: Vec<&str> = refused.iter().map(|run| run.backend).collect();
        backends.dedup();
        reporter.warn(&format!(
            "{} lacks what it refused, which stays in the workspace; `protea sync` tries it again",
            backends.join(" and ")
        ));
    }
}
