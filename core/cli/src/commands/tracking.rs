//! How the runs of a command are tracked.

use std::time::Duration;

use protea_core::{
    Experiment, ExperimentError, Tracking, Workspace,
    backends::{Backend, current_binding, run_lifecycle_tracked},
    tracking::Undelivered,
    workspace::{Job, Status, TrackerBinding},
};

use crate::{args::TrackingArgs, exit::Exit, failure::Failure, output::Reporter};

/// What a backend that answers may take for the last events of a command.
const LAST_MOMENT: Duration = Duration::from_secs(3);

/// How the runs of a command are tracked, and the job that they are kept in.
pub struct Tracked {
    tracking: Tracking,
    job: Option<(Job, Option<TrackerBinding>)>,
}

impl Tracked {
    /// Reads the arguments; a backend that is not there is said before anything is done.
    pub fn begin(args: &TrackingArgs, workspace: &Workspace) -> Result<Self, Failure> {
        let mut tracking = Tracking::default()
            .offline(args.offline)
            .on_log_error(args.on_log_error.into());
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
                    format!("--tag {tag:?} is not KEY=VALUE; give for example --tag dataset=A"),
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
                format!("{text:?} has a line break or another control character; leave it out"),
            ));
        }
        let mut names = args.track.clone();
        names.sort_unstable();
        names.dedup();
        let job = match &args.job {
            None => None,
            Some(job) => {
                let job = workspace.find_job(job)?;
                let bound = current_binding(&job, args.offline)?;
                if let Some(bound) = &bound {
                    names.retain(|name| *name != bound.backend);
                    tracking = tracking.with_binding(bound)?;
                }
                Some((job, bound))
            }
        };
        for name in names {
            tracking = tracking.with_backend(Backend::named(&name, args.offline)?);
        }
        Ok(Self { tracking, job })
    }

    /// What the experiment is given.
    pub fn tracking(&self) -> Tracking {
        self.tracking.clone()
    }

    /// Does one thing with an experiment, within the job's lifecycle where there is one.
    pub fn run<T>(
        &self,
        experiment: Experiment<'_>,
        act: impl FnOnce(&Experiment<'_>) -> Result<T, ExperimentError>,
    ) -> Result<T, ExperimentError> {
        match &self.job {
            None => act(&experiment),
            Some((job, bound)) => {
                let mut experiment = experiment.in_job(job.clone());
                if let Some(bound) = bound {
                    experiment = experiment.below(&bound.log);
                }
                let judge = |error: &ExperimentError| match error.is_cancelled() {
                    true => Status::Killed,
                    false => Status::Failed,
                };
                run_lifecycle_tracked(job, &self.tracking, judge, || act(&experiment))
            }
        }
    }

    /// Gives backends that answer a moment for the last events, and says what is left.
    pub fn deliver(&self, reporter: &Reporter) {
        for left in self.tracking.wait(LAST_MOMENT) {
            let Undelivered {
                log,
                backend,
                reason,
                ..
            } = left;
            let run = log.parent().and_then(|run| run.file_name());
            let run = run.unwrap_or_default().to_string_lossy();
            let reason = reason.unwrap_or_else(|| format!("{backend} is slow to take it"));
            reporter.warn(&format!(
                "the run {run} is not at {backend} yet: {reason}; nothing is lost, `protea sync` \
                 sends it"
            ));
        }
    }
}
